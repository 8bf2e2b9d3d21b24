// SPDX-License-Identifier: MIT
/* The RDMA netlink, see nldev.h. */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <rdma/rdma_netlink.h>
#include <stdbool.h>

#include "lib/verbs/nldev.h"

struct answer {
	bool has_id;
	uint32_t id;
	int err; /* -errno reported by the kernel, or 0 */
};

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), 0, RDMA_NLDEV_ATTR_UVERBS_DRIVER_ID);
	struct answer *answer = arg;

	if (attr && nla_len(attr) >= (int)sizeof(answer->id)) {
		answer->has_id = true;
		answer->id = nla_get_u32(attr);
	}
	return NL_OK;
}

static int on_error(struct sockaddr_nl *addr, struct nlmsgerr *err, void *arg)
{
	struct answer *answer = arg;

	(void)addr;
	answer->err = err->error;
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

	msg = nlmsg_alloc_simple(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_GET_CHARDEV),
				 NLM_F_REQUEST);
	if (!msg)
		return -NLE_NOMEM;
	err = nla_put_u32(msg, RDMA_NLDEV_ATTR_DEV_INDEX, dev_index);
	if (!err)
		err = nla_put_string(msg, RDMA_NLDEV_ATTR_CHARDEV_TYPE, "uverbs");
	if (!err)
		err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return err < 0 ? err : 0;
}

int nldev_driver_id(uint32_t dev_index, uint32_t *id)
{
	struct answer answer = { 0 };
	struct nl_sock *sock;
	int err;

	sock = nl_socket_alloc();
	if (!sock)
		return -ENOMEM;
	/* The answer is all that comes; a failure comes as an error message. */
	nl_socket_disable_auto_ack(sock);
	err = nl_connect(sock, NETLINK_RDMA);
	if (!err)
		err = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, &answer);
	if (!err)
		err = nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, on_error, &answer);
	if (!err)
		err = send_request(sock, dev_index);
	if (!err)
		err = nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	/* The kernel's own error says more than what libnl makes of it. */
	if (answer.err)
		return answer.err;
	if (err < 0)
		return from_nl(err);
	if (!answer.has_id)
		return -EPROTONOSUPPORT;
	*id = answer.id;
	return 0;
}
