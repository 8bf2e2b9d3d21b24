// SPDX-License-Identifier: MIT
/* libibverbs and the netlink side of it, see verbs.h. */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/rdma_netlink.h>
#include <rdma/rdma_user_ioctl.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/fake.h"
#include "tests/mock/fault.h"
#include "tests/mock/verbs.h"

struct fake_verbs fake_verbs;

const struct fake_mr_tph fake_applied_st = {
	.state = IB_UVERBS_MR_TPH_APPLIED,
	.st_width = 8,
	.st = 0x5a,
	.ph = 2,
};

static int rdma_ioctl(void *arg);

static struct ibv_device device = { .name = "mlx5_0", .dev_name = "uverbs0" };
static struct ibv_context context = { .device = &device, .cmd_fd = 1 };
static struct ibv_pd pd = { .context = &context };

/* By handle; with fake_verbs.keep_tph only */
static struct fake_mr_tph kept[64];
static uint32_t nr_kept;

static struct {
	enum fake_nl_step fail_step;
	int fail_err;
	nl_recvmsg_msg_cb_t on_message;
	void *message_arg;
	nl_recvmsg_err_cb_t on_error;
	void *error_arg;
} nl;

void fake_verbs_setup(void)
{
	memset(&fake_verbs, 0, sizeof(fake_verbs));
	memset(&nl, 0, sizeof(nl));
	nr_kept = 0;
	fake_verbs.dev_index = FAKE_DEV_INDEX;
	fake_verbs.tph.state = IB_UVERBS_MR_TPH_UNTAGGED;
	fake_rdma_ioctl = rdma_ioctl;
}

struct ibv_pd *fake_pd(void)
{
	return &pd;
}

struct ibv_mr *__wrap_ibv_reg_dmabuf_mr(struct ibv_pd *of, uint64_t offset, size_t length,
					uint64_t iova, int fd, int access)
{
	struct ibv_mr *mr;

	fake_verbs.offset = offset;
	fake_verbs.length = length;
	fake_verbs.iova = iova;
	fake_verbs.fd = fd;
	fake_verbs.access = access;
	fake_verbs.by = BY_REG_DMABUF;
	if (fake_verbs.reg_errno || fault_hits()) {
		errno = fake_verbs.reg_errno ? fake_verbs.reg_errno : ENOMEM;
		return NULL;
	}
	mr = calloc(1, sizeof(*mr));
	if (!mr)
		return NULL;
	mr->context = of->context;
	mr->pd = of;
	mr->length = length;
	mr->lkey = FAKE_LKEY;
	mr->rkey = FAKE_LKEY;
	mr->handle = FAKE_HANDLE;
	if (fake_verbs.keep_tph) {
		kept[nr_kept % 64] = fake_verbs.tph;
		mr->handle += nr_kept++ % 64;
	}
	fake_verbs.live_mrs++;
	return mr;
}

struct ibv_mr *fake_reg_data_direct(struct ibv_pd *of, uint64_t offset, size_t length,
				    uint64_t iova, int fd, int access, int mlx5_access)
{
	struct ibv_mr *mr = __wrap_ibv_reg_dmabuf_mr(of, offset, length, iova, fd, access);

	fake_verbs.by = BY_DATA_DIRECT;
	fake_verbs.mlx5_access = mlx5_access;
	return mr;
}

/* IOVA, FD, FD_OFFSET and DMAH are requested, and nothing else. */
struct ibv_mr *fake_reg_mr_ex(struct ibv_pd *of, struct fake_init_attr *attr)
{
	struct ibv_mr *mr;

	if (attr->comp_mask != (1 | 1 << 2 | 1 << 3 | 1 << 4) || attr->addr) {
		errno = EINVAL;
		return NULL;
	}
	mr = __wrap_ibv_reg_dmabuf_mr(of, attr->fd_offset, attr->length, attr->iova, attr->fd,
				      attr->access);
	fake_verbs.by = BY_REG_MR_EX;
	fake_verbs.dmah = attr->dmah;
	return mr;
}

int __wrap_ibv_dereg_mr(struct ibv_mr *mr)
{
	if (fake_verbs.dereg_errno)
		return fake_verbs.dereg_errno;
	fake_verbs.live_mrs--;
	free(mr);
	return 0;
}

struct ibv_device **__wrap_ibv_get_device_list(int *n)
{
	struct ibv_device **list;

	if (fake_verbs.no_devices) {
		errno = ENOSYS;
		return NULL;
	}
	list = calloc(2, sizeof(struct ibv_device *));
	if (!list)
		return NULL;
	list[0] = &device;
	*n = 1;
	return list;
}

void __wrap_ibv_free_device_list(struct ibv_device **list)
{
	free(list);
}

const char *__wrap_ibv_get_device_name(struct ibv_device *dev)
{
	return dev->name;
}

int __wrap_ibv_get_device_index(struct ibv_device *dev)
{
	(void)dev;
	return fake_verbs.dev_index;
}

struct ibv_context *__wrap_ibv_open_device(struct ibv_device *dev)
{
	(void)dev;
	if (fake_verbs.open_errno) {
		errno = fake_verbs.open_errno;
		return NULL;
	}
	fake_verbs.live_contexts++;
	return &context;
}

int __wrap_ibv_close_device(struct ibv_context *of)
{
	(void)of;
	fake_verbs.live_contexts--;
	errno = 0;
	return 0;
}

struct ibv_pd *__wrap_ibv_alloc_pd(struct ibv_context *of)
{
	(void)of;
	if (fake_verbs.pd_errno) {
		errno = fake_verbs.pd_errno;
		return NULL;
	}
	fake_verbs.live_pds++;
	return &pd;
}

int __wrap_ibv_dealloc_pd(struct ibv_pd *of)
{
	(void)of;
	fake_verbs.live_pds--;
	return 0;
}

void fake_netlink_fail(enum fake_nl_step step, int err)
{
	nl.fail_step = step;
	nl.fail_err = err;
}

struct nl_sock *__real_nl_socket_alloc(void);
struct nl_sock *__wrap_nl_socket_alloc(void)
{
	return fault_hits() ? NULL : __real_nl_socket_alloc();
}

struct nl_msg *__real_nlmsg_alloc_simple(int type, int flags);
struct nl_msg *__wrap_nlmsg_alloc_simple(int type, int flags)
{
	return fault_hits() ? NULL : __real_nlmsg_alloc_simple(type, flags);
}

int __wrap_nl_connect(struct nl_sock *sock, int protocol)
{
	(void)sock;
	if (nl.fail_step == NL_STEP_CONNECT)
		return -nl.fail_err;
	if (fault_hits())
		return -NLE_NOMEM;
	return protocol == NETLINK_RDMA ? 0 : -NLE_PROTO_MISMATCH;
}

int __wrap_nl_socket_modify_cb(struct nl_sock *sock, enum nl_cb_type type, enum nl_cb_kind kind,
			       nl_recvmsg_msg_cb_t fn, void *arg)
{
	(void)sock;
	if (type != NL_CB_VALID || kind != NL_CB_CUSTOM || fault_hits())
		return -NLE_INVAL;
	nl.on_message = fn;
	nl.message_arg = arg;
	return 0;
}

int __wrap_nl_socket_modify_err_cb(struct nl_sock *sock, enum nl_cb_kind kind,
				   nl_recvmsg_err_cb_t fn, void *arg)
{
	(void)sock;
	if (kind != NL_CB_CUSTOM || fault_hits())
		return -NLE_INVAL;
	nl.on_error = fn;
	nl.error_arg = arg;
	return 0;
}

/* The request must match nldev's policy. */
int __wrap_nl_send_auto(struct nl_sock *sock, struct nl_msg *msg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct nlattr *index, *type;

	(void)sock;
	index = nlmsg_find_attr(hdr, 0, RDMA_NLDEV_ATTR_DEV_INDEX);
	type = nlmsg_find_attr(hdr, 0, RDMA_NLDEV_ATTR_CHARDEV_TYPE);
	if (hdr->nlmsg_type != RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_GET_CHARDEV) ||
	    hdr->nlmsg_flags & NLM_F_DUMP || !index || nla_get_u32(index) != FAKE_DEV_INDEX ||
	    !type || strcmp(nla_get_string(type), "uverbs"))
		return -NLE_INVAL;
	if (nl.fail_step == NL_STEP_SEND)
		return -nl.fail_err;
	return fault_hits() ? -NLE_FAILURE : (int)hdr->nlmsg_len;
}

int __wrap_nl_recvmsgs_default(struct nl_sock *sock)
{
	struct nlmsgerr error = { .error = -nl.fail_err };
	struct sockaddr_nl addr = { 0 };
	struct nl_msg *msg;

	(void)sock;
	if (nl.fail_step == NL_STEP_RECV)
		return -nl.fail_err;
	if (nl.fail_step == NL_STEP_KERNEL) {
		nl.on_error(&addr, &error, nl.error_arg);
		return -NLE_FAILURE;
	}
	if (fault_hits())
		return -NLE_FAILURE;
	msg = __real_nlmsg_alloc_simple(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_GET_CHARDEV),
					0);
	if (!msg)
		abort();
	nla_put_string(msg, RDMA_NLDEV_ATTR_CHARDEV_NAME, "uverbs0");
	if (!fake_verbs.no_driver_id)
		nla_put_u32(msg, RDMA_NLDEV_ATTR_UVERBS_DRIVER_ID, RDMA_DRIVER_MLX5);
	nl.on_message(msg, nl.message_arg);
	nlmsg_free(msg);
	return 0;
}

/* Write @value of @size bytes to the output @attr, whose room must be exact. */
static int give_output(struct ib_uverbs_attr *attr, uint64_t value, size_t size)
{
	if (attr->len != size)
		return -EINVAL;
	memcpy((void *)(uintptr_t)attr->data, &value, size);
	attr->flags |= UVERBS_ATTR_F_VALID_OUTPUT;
	return 0;
}

static int query_attr(struct ib_uverbs_attr *attr, const struct fake_mr_tph *tph)
{
	uint64_t nr_handles = fake_verbs.keep_tph ? 64 : 1;

	if (attr->attr_id > UVERBS_ATTR_QUERY_MR_RESP_IOVA && tph->old_kernel)
		return attr->flags & UVERBS_ATTR_F_MANDATORY ? -EPROTONOSUPPORT : 0;
	switch (attr->attr_id) {
	case UVERBS_ATTR_QUERY_MR_HANDLE:
		return attr->data - FAKE_HANDLE < nr_handles && !attr->len ? 0 : -ENOENT;
	case UVERBS_ATTR_QUERY_MR_RESP_LKEY:
	case UVERBS_ATTR_QUERY_MR_RESP_RKEY:
		return give_output(attr, FAKE_LKEY, 4);
	case UVERBS_ATTR_QUERY_MR_RESP_LENGTH:
		return give_output(attr, fake_verbs.length, 8);
	case UVERBS_ATTR_QUERY_MR_RESP_TPH_STATE:
		return give_output(attr, tph->state, 4);
	case UVERBS_ATTR_QUERY_MR_RESP_TPH_ST_WIDTH:
		return give_output(attr, tph->st_width, 1);
	case UVERBS_ATTR_QUERY_MR_RESP_TPH_ST:
		return give_output(attr, tph->st, 2);
	case UVERBS_ATTR_QUERY_MR_RESP_TPH_PH:
		return give_output(attr, tph->ph, 1);
	case UVERBS_ATTR_QUERY_MR_RESP_TPH_STALE_FAULTS:
		return give_output(attr, tph->stale_faults, 8);
	default:
		return -EPROTONOSUPPORT;
	}
}

/* UVERBS_METHOD_QUERY_MR with the checks of ib_uverbs_cmd_verbs(). */
static int rdma_ioctl(void *arg)
{
	const struct fake_mr_tph *tph = &fake_verbs.tph;
	struct ib_uverbs_ioctl_hdr *hdr = arg;
	unsigned int i;
	int ret = 0;

	if (fake_verbs.query_errno)
		return -fake_verbs.query_errno;
	if (hdr->length != sizeof(*hdr) + hdr->num_attrs * sizeof(hdr->attrs[0]) ||
	    hdr->driver_id != RDMA_DRIVER_MLX5 || hdr->reserved1 || hdr->reserved2)
		return -EINVAL;
	if (hdr->object_id != UVERBS_OBJECT_MR || hdr->method_id != UVERBS_METHOD_QUERY_MR)
		return -EPROTONOSUPPORT;
	for (i = 0; i < hdr->num_attrs && !ret; i++) {
		if (hdr->attrs[i].attr_id == UVERBS_ATTR_QUERY_MR_HANDLE && fake_verbs.keep_tph)
			tph = &kept[(hdr->attrs[i].data - FAKE_HANDLE) % 64];
		ret = query_attr(&hdr->attrs[i], tph);
	}
	return ret;
}
