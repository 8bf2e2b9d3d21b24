// SPDX-License-Identifier: MIT
#include "tests/guest/nldev.h"

#include <errno.h>
#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/guest/rdma.h"

#define TYPE(command) RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_##command)

#define HEADER	      sizeof(struct nlattr)

/* The kernel fills a message up to the length that the caller has read with, 32 KiB at most. */
#define LONGEST	 (256u << 10)
#define SHORTEST 4096u

struct request {
	struct nlmsghdr head;
	uint8_t attrs[64];
};

typedef void attr_fn(void *ctx, const struct nlattr *attr);

static size_t aligned(size_t len)
{
	return (len + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);
}

static const void *value(const struct nlattr *attr)
{
	return (const char *)attr + HEADER;
}

static void walk(const void *start, size_t len, attr_fn *fn, void *ctx)
{
	const char *at = start;

	while (len >= HEADER) {
		const struct nlattr *attr = (const void *)at;
		size_t step = aligned(attr->nla_len);

		require(attr->nla_len >= HEADER && attr->nla_len <= len, "netlink attribute");
		fn(ctx, attr);
		if (step >= len)
			return;
		at += step;
		len -= step;
	}
}

static void walk_nested(const struct nlattr *attr, attr_fn *fn, void *ctx)
{
	walk(value(attr), attr->nla_len - HEADER, fn, ctx);
}

static int type_of(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static uint32_t u32(const struct nlattr *attr)
{
	uint32_t number;

	memcpy(&number, value(attr), sizeof(number));
	return number;
}

static uint64_t u64(const struct nlattr *attr)
{
	uint64_t number;

	memcpy(&number, value(attr), sizeof(number));
	return number;
}

static void add(struct request *req, uint16_t type, const void *data, uint16_t len)
{
	struct nlattr attr = { .nla_len = (uint16_t)(sizeof(attr) + len), .nla_type = type };
	uint8_t *at = (uint8_t *)req + req->head.nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	memcpy(at + sizeof(attr), data, len);
	req->head.nlmsg_len += (uint32_t)aligned(sizeof(attr) + len);
}

static struct request request(uint16_t type, uint16_t flags)
{
	return (struct request){ .head = { .nlmsg_len = NLMSG_HDRLEN,
					   .nlmsg_type = type,
					   .nlmsg_flags = NLM_F_REQUEST | flags } };
}

/* One answer of at most len bytes; true: it was the last. */
static bool receive(int fd, size_t len, attr_fn *fn, void *ctx)
{
	static _Alignas(struct nlmsghdr) char buf[LONGEST];
	ssize_t n = recv(fd, buf, len, 0);
	struct nlmsghdr *msg = (void *)buf;
	size_t left;

	require(n > 0, "netlink: %m");
	for (left = (size_t)n; NLMSG_OK(msg, left); msg = NLMSG_NEXT(msg, left)) {
		if (msg->nlmsg_type == NLMSG_DONE)
			return true;
		if (msg->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(msg);

			require(!error->error, "netlink: %s", strerror(-error->error));
			return true;
		}
		walk(NLMSG_DATA(msg), msg->nlmsg_len - NLMSG_HDRLEN, fn, ctx);
	}
	return false;
}

static int send_request(const struct request *req)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA);

	require(fd >= 0, "netlink: %m");
	require(send(fd, req, req->head.nlmsg_len, 0) == (ssize_t)req->head.nlmsg_len,
		"netlink: %m");
	return fd;
}

static void ask(struct request *req, attr_fn *fn, void *ctx)
{
	int fd = send_request(req);

	while (!receive(fd, LONGEST, fn, ctx))
		;
	close(fd);
}

struct device {
	const char *name;
	uint32_t last, index;
	bool found;
};

/* The index of a device comes before its name. */
static void match_device(void *ctx, const struct nlattr *attr)
{
	struct device *device = ctx;

	if (type_of(attr) == RDMA_NLDEV_ATTR_DEV_INDEX)
		device->last = u32(attr);
	if (type_of(attr) == RDMA_NLDEV_ATTR_DEV_NAME && !strcmp(value(attr), device->name)) {
		device->index = device->last;
		device->found = true;
	}
}

static void add_device(struct request *req, const char *name)
{
	struct request list = request(TYPE(GET), NLM_F_DUMP);
	struct device device = { .name = name };

	ask(&list, match_device, &device);
	require(device.found, "no RDMA device %s", name);
	add(req, RDMA_NLDEV_ATTR_DEV_INDEX, &device.index, sizeof(device.index));
}

struct search {
	uint64_t length, this_length;
	struct nldev_mr one, mr;
};

static void mr_attribute(void *ctx, const struct nlattr *attr)
{
	struct search *search = ctx;
	struct nldev_mr *one = &search->one;

	switch (type_of(attr)) {
	case RDMA_NLDEV_ATTR_RES_MRLEN:
		search->this_length = u64(attr);
		break;
	case RDMA_NLDEV_ATTR_RES_MR_TPH_STATE:
		one->has_state = true;
		one->state = u32(attr);
		break;
	case RDMA_NLDEV_ATTR_RES_MR_TPH_STALE_FAULTS:
		one->has_stale_faults = true;
		one->stale_faults = u64(attr);
		break;
	case RDMA_NLDEV_ATTR_RES_MR_TPH_ST_WIDTH:
		one->has_values = true;
		memcpy(&one->st_width, value(attr), sizeof(one->st_width));
		break;
	case RDMA_NLDEV_ATTR_RES_MR_TPH_ST:
		one->has_values = true;
		memcpy(&one->st, value(attr), sizeof(one->st));
		break;
	case RDMA_NLDEV_ATTR_RES_MR_TPH_PH:
		one->has_values = true;
		memcpy(&one->ph, value(attr), sizeof(one->ph));
		break;
	}
}

static void mr_entry(void *ctx, const struct nlattr *attr)
{
	struct search *search = ctx;

	if (type_of(attr) != RDMA_NLDEV_ATTR_RES_MR_ENTRY)
		return;
	search->one = (struct nldev_mr){ .found = search->mr.found + 1 };
	search->this_length = 0;
	walk_nested(attr, mr_attribute, search);
	if (search->this_length == search->length)
		search->mr = search->one;
}

static void mr_table(void *ctx, const struct nlattr *attr)
{
	if (type_of(attr) == RDMA_NLDEV_ATTR_RES_MR)
		walk_nested(attr, mr_entry, ctx);
}

struct nldev_mr nldev_mr(const char *device, uint64_t length)
{
	struct request req = request(TYPE(RES_MR_GET), NLM_F_DUMP);
	struct search search = { .length = length };

	add_device(&req, device);
	ask(&req, mr_table, &search);
	return search.mr;
}

const struct nldev_kind nldev_mrs = { TYPE(RES_MR_GET), RDMA_NLDEV_ATTR_RES_MR,
				      RDMA_NLDEV_ATTR_RES_MR_ENTRY, RDMA_NLDEV_ATTR_RES_MRLEN };
const struct nldev_kind nldev_qps = { TYPE(RES_QP_GET), RDMA_NLDEV_ATTR_RES_QP,
				      RDMA_NLDEV_ATTR_RES_QP_ENTRY, RDMA_NLDEV_ATTR_RES_LQPN };

struct objects {
	const struct nldev_kind *kind;
	nldev_object_fn *fn;
	void *ctx;
};

static void object_attribute(void *ctx, const struct nlattr *attr)
{
	const struct objects *objects = ctx;

	if (type_of(attr) != objects->kind->key)
		return;
	objects->fn(objects->ctx,
		    attr->nla_len == HEADER + sizeof(uint64_t) ? u64(attr) : u32(attr));
}

static void object_entry(void *ctx, const struct nlattr *attr)
{
	const struct objects *objects = ctx;

	if (type_of(attr) == objects->kind->entry)
		walk_nested(attr, object_attribute, ctx);
}

static void object_table(void *ctx, const struct nlattr *attr)
{
	const struct objects *objects = ctx;

	if (type_of(attr) == objects->kind->table)
		walk_nested(attr, object_entry, ctx);
}

void nldev_dump_start(struct nldev_dump *dump, const char *device, const struct nldev_kind *kind,
		      uint32_t port)
{
	struct request req = request(kind->command, NLM_F_DUMP);

	add_device(&req, device);
	if (port)
		add(&req, RDMA_NLDEV_ATTR_PORT_INDEX, &port, sizeof(port));
	*dump = (struct nldev_dump){ .kind = kind, .fd = send_request(&req) };
}

bool nldev_dump_next(struct nldev_dump *dump, nldev_object_fn *fn, void *ctx)
{
	struct objects objects = { .kind = dump->kind, .fn = fn, .ctx = ctx };

	if (!receive(dump->fd, SHORTEST, object_table, &objects))
		return true;
	close(dump->fd);
	return false;
}

static void count_pool(void *ctx, const struct nlattr *attr)
{
	unsigned int *pools = ctx;

	*pools += type_of(attr) == RDMA_NLDEV_ATTR_FRMR_POOL_ENTRY;
}

static void pool_table(void *ctx, const struct nlattr *attr)
{
	if (type_of(attr) == RDMA_NLDEV_ATTR_FRMR_POOLS)
		walk_nested(attr, count_pool, ctx);
}

unsigned int nldev_pools(const char *device)
{
	struct request req = request(TYPE(FRMR_POOLS_GET), NLM_F_DUMP);
	uint8_t with_hints = 1;
	unsigned int pools = 0;

	add_device(&req, device);
	add(&req, RDMA_NLDEV_ATTR_DRIVER_DETAILS, &with_hints, sizeof(with_hints));
	ask(&req, pool_table, &pools);
	return pools;
}

static void no_answer(void *ctx, const struct nlattr *attr)
{
	(void)ctx;
	fail("netlink: unexpected attribute %d", type_of(attr));
}

void nldev_set_aging(const char *device, uint32_t seconds)
{
	struct request req = request(TYPE(FRMR_POOLS_SET), NLM_F_ACK);

	add_device(&req, device);
	add(&req, RDMA_NLDEV_ATTR_FRMR_POOLS_AGING_PERIOD, &seconds, sizeof(seconds));
	ask(&req, no_answer, NULL);
}
