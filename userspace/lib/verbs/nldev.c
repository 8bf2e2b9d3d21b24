// SPDX-License-Identifier: MIT
/*
 * Memory regions in the kernel's RDMA resource tracking, through libnl-3,
 * which libibverbs itself stands on. Message layout:
 * include/uapi/rdma/rdma_netlink.h; drivers/infiniband/core/nldev.c,
 * fill_res_mr_entry() and rdma_nl_put_driver_*().
 */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <rdma/rdma_netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/verbs/nldev.h"

struct walk {
	nldev_mr_fn fn;
	void *arg;
	int ret; /* of fn, or -errno reported by the kernel */
};

/* Value of a driver attribute: a number, or a string. */
struct driver_value {
	const char *string;
	uint64_t number;
};

static void take_driver_pair(struct nldev_mr *mr, const char *name, const struct driver_value *value)
{
	if (!strcmp(name, "tph") && value->string) {
		mr->has_tph = true;
		mr->tph = !strcmp(value->string, "applied");
	} else if (!strcmp(name, "tph_st")) {
		mr->st = (uint32_t)value->number;
	} else if (!strcmp(name, "tph_st_width")) {
		mr->st_width = (uint32_t)value->number;
	} else if (!strcmp(name, "tph_ph")) {
		mr->ph = (uint32_t)value->number;
	} else if (!strcmp(name, "tph_stale_faults")) {
		mr->stale_faults = value->number;
	} else if (!strcmp(name, "tph_reason") && value->string) {
		strncpy(mr->reason, value->string, sizeof(mr->reason) - 1);
	}
}

static bool take_driver_value(struct nlattr *attr, struct driver_value *value)
{
	int len = nla_len(attr);

	memset(value, 0, sizeof(*value));
	switch (nla_type(attr)) {
	case RDMA_NLDEV_ATTR_DRIVER_STRING:
		value->string = nla_get_string(attr);
		return true;
	case RDMA_NLDEV_ATTR_DRIVER_S32:
	case RDMA_NLDEV_ATTR_DRIVER_U32:
		if (len != sizeof(uint32_t))
			return false;
		value->number = nla_get_u32(attr);
		return true;
	case RDMA_NLDEV_ATTR_DRIVER_S64:
	case RDMA_NLDEV_ATTR_DRIVER_U64:
		if (len != sizeof(uint64_t))
			return false;
		value->number = nla_get_u64(attr);
		return true;
	default:
		return false;
	}
}

static bool is_string(struct nlattr *attr)
{
	int len = nla_len(attr);

	return nla_type(attr) == RDMA_NLDEV_ATTR_DRIVER_STRING && len > 0 &&
	       !((const char *)nla_data(attr))[len - 1];
}

/* A flat list: a name, perhaps a print type or padding, a value; and again. */
static void parse_driver(struct nlattr *table, struct nldev_mr *mr)
{
	const char *name = NULL;
	struct nlattr *attr;
	int rest;

	nla_for_each_nested(attr, table, rest) {
		struct driver_value value;

		if (nla_type(attr) == RDMA_NLDEV_ATTR_DRIVER_PRINT_TYPE ||
		    nla_type(attr) == RDMA_NLDEV_ATTR_PAD)
			continue;
		if (nla_type(attr) == RDMA_NLDEV_ATTR_DRIVER_STRING && !is_string(attr)) {
			name = NULL;
			continue;
		}
		if (!name) {
			if (is_string(attr))
				name = nla_get_string(attr);
			continue;
		}
		if (take_driver_value(attr, &value))
			take_driver_pair(mr, name, &value);
		name = NULL;
	}
}

static bool get_u32(struct nlattr *attr, uint32_t *value)
{
	if (!attr || nla_len(attr) < (int)sizeof(*value))
		return false;
	*value = nla_get_u32(attr);
	return true;
}

static void parse_entry(struct nlattr *entry, struct nldev_mr *mr)
{
	struct nlattr *tb[RDMA_NLDEV_ATTR_MAX];
	struct nlattr *attr;

	memset(mr, 0, sizeof(*mr));
	/* Newer kernels know more attributes; those are skipped. */
	if (nla_parse_nested(tb, RDMA_NLDEV_ATTR_MAX - 1, entry, NULL))
		return;
	mr->has_mrn = get_u32(tb[RDMA_NLDEV_ATTR_RES_MRN], &mr->mrn);
	mr->has_lkey = get_u32(tb[RDMA_NLDEV_ATTR_RES_LKEY], &mr->lkey);
	mr->has_pid = get_u32(tb[RDMA_NLDEV_ATTR_RES_PID], &mr->pid);
	mr->of_kernel = tb[RDMA_NLDEV_ATTR_RES_KERN_NAME];
	attr = tb[RDMA_NLDEV_ATTR_RES_MRLEN];
	if (attr && nla_len(attr) >= (int)sizeof(mr->length)) {
		mr->has_length = true;
		mr->length = nla_get_u64(attr);
	}
	attr = tb[RDMA_NLDEV_ATTR_DRIVER];
	if (attr)
		parse_driver(attr, mr);
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct walk *walk = arg;
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct nlattr *table, *entry;
	int rest;

	table = nlmsg_find_attr(hdr, 0, RDMA_NLDEV_ATTR_RES_MR);
	if (!table)
		return NL_OK;
	nla_for_each_nested(entry, table, rest) {
		struct nldev_mr mr;

		if (nla_type(entry) != RDMA_NLDEV_ATTR_RES_MR_ENTRY)
			continue;
		parse_entry(entry, &mr);
		/* The dump is read to its end; the rest of it is ignored. */
		if (!walk->ret)
			walk->ret = walk->fn(walk->arg, &mr);
	}
	return NL_OK;
}

static int on_error(struct sockaddr_nl *addr, struct nlmsgerr *err, void *arg)
{
	struct walk *walk = arg;

	(void)addr;
	walk->ret = err->error;
	return NL_STOP;
}

/* libnl has error numbers of its own; what it folds together is -EIO. */
static int from_nl(int err)
{
	switch (-err) {
	case NLE_SUCCESS:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
	case NLE_OPNOTSUPP:
		return -EPROTONOSUPPORT;
	case NLE_NODEV:
		return -ENODEV;
	default:
		return -EIO;
	}
}

static int send_request(struct nl_sock *sock, uint32_t dev_index)
{
	struct nl_msg *msg;
	int err;

	msg = nlmsg_alloc_simple(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_RES_MR_GET),
				 NLM_F_REQUEST | NLM_F_DUMP);
	if (!msg)
		return -NLE_NOMEM;
	err = nla_put_u32(msg, RDMA_NLDEV_ATTR_DEV_INDEX, dev_index);
	if (!err)
		err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return err < 0 ? err : 0;
}

int nldev_walk_mr(uint32_t dev_index, nldev_mr_fn fn, void *arg)
{
	struct walk walk = { .fn = fn, .arg = arg };
	struct nl_sock *sock;
	int err;

	sock = nl_socket_alloc();
	if (!sock)
		return -ENOMEM;
	err = nl_connect(sock, NETLINK_RDMA);
	if (!err)
		err = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, &walk);
	if (!err)
		err = nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, on_error, &walk);
	if (!err)
		err = send_request(sock, dev_index);
	if (!err)
		err = nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	/* The kernel's own error says more than what libnl makes of it. */
	return walk.ret ? walk.ret : from_nl(err < 0 ? err : 0);
}
