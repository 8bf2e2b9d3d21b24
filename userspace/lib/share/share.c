// SPDX-License-Identifier: MIT
/*
 * Send and receive a buffer: the message of share_msg.h with its descriptors
 * as SCM_RIGHTS.
 *
 * The peer is not trusted. Room is kept for as many descriptors as the kernel
 * lets a message carry, so that none slips into this process unseen: what is
 * not wanted is closed.
 */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "lib/share/msg.h"
#include "util/deadline.h"
#include "util/fd.h"

#define SHARE_TIMEOUT_MS 10000 /* the default of timeout_ms */
#define MAX_FDS		 253   /* SCM_MAX_FD of the kernel */
#define WANTED_FDS	 2     /* dma-buf, device */
#define CONTEXT_MAX	 4096  /* of a security module */

#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04
#endif

/* Beside the descriptors: what SO_PASS... of the caller's socket adds. */
union control {
	char buf[CMSG_SPACE(MAX_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) +
		 CMSG_SPACE(sizeof(int)) + CMSG_SPACE(CONTEXT_MAX)];
	struct cmsghdr align;
};

/* A received message, not validated yet. */
struct received {
	struct share_msg *msg; /* SHARE_MSG_MAX bytes */
	size_t size;
	int fd[WANTED_FDS];  /* -1: none */
	unsigned int nr_fds; /* that came */
};

/* Fill in all of @msg but its ranges. */
static int describe(struct tphbuf_buffer *buf, uint32_t flags, const char *label,
		    struct share_msg *msg)
{
	struct tphbuf_identity identity;
	struct tphbuf_tag_state state;
	int ret;

	ret = buffer_identity(buf, &identity);
	if (ret)
		return ctx_fail_errno(buf->ctx, TPHBUF_STAGE_SHARE, ret, "descriptor %d", buf->fd);
	msg->magic = SHARE_MAGIC;
	msg->version = SHARE_VERSION;
	msg->size = (uint32_t)(sizeof(*msg) + buf->nr_ranges * sizeof(msg->ranges[0]));
	msg->nr_ranges = (uint32_t)buf->nr_ranges;
	msg->length = buf->length;
	msg->dev = identity.dev;
	msg->ino = identity.ino;
	msg->source = buf->source;
	msg->bar = buf->bar;
	if (label)
		strncpy(msg->label, label, sizeof(msg->label) - 1);
	if (!buf->dev)
		return 0;
	if (flags & TPHBUF_SEND_DEVICE)
		msg->flags |= SHARE_HAS_DEVICE;
	strncpy(msg->bdf, buf->dev->bdf, sizeof(msg->bdf) - 1);
	ret = buffer_tag_if_any(buf, &state);
	/* No tags here at all: nothing to be told about them. */
	if (ret <= 0)
		return ret;
	msg->supported = state.supported;
	msg->tag_valid = state.tag.valid;
	msg->tag_xst = state.tag.xst;
	msg->tag_st = state.tag.st;
	msg->tag_ph = state.tag.ph;
	return 0;
}

/* True if the call is to be repeated in the time that is left. */
static bool again(int err)
{
	return err == -EINTR || err == -EAGAIN;
}

/* One message with @n descriptors. 0 or -errno. */
static int send_all(int sock, const struct share_msg *msg, const int *fds, unsigned int n,
		    uint32_t timeout_ms)
{
	struct iovec iov = { (void *)(uintptr_t)msg, msg->size };
	union control control = { 0 };
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
	uint64_t deadline = deadline_after(timeout_ms);
	ssize_t sent = -1;
	int ret;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	do {
		ret = deadline_wait(sock, POLLOUT, deadline);
		if (!ret)
			sent = sendmsg(sock, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (!ret && sent < 0)
			ret = -errno;
	} while (again(ret));
	return ret;
}

/* A byte stream would tear a message apart. */
static int check_socket(struct tphbuf_ctx *ctx, int sock)
{
	socklen_t size = sizeof(int);
	int type, ret = 0;

	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size))
		ret = -errno;
	else if (type != SOCK_SEQPACKET)
		ret = -EPROTOTYPE;
	if (!ret)
		return 0;
	ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "descriptor %d", sock);
	return -EINVAL;
}

static int check_send(struct tphbuf_buffer *buf, int sock, const struct tphbuf_send_opts *o)
{
	if (o->flags & ~TPHBUF_SEND_DEVICE)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"unknown flags 0x%x; use the TPHBUF_SEND_ bits",
				o->flags & ~TPHBUF_SEND_DEVICE);
	if (o->label && !share_label_ok(o->label))
		return ctx_fail(buf->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"the label is not printable ASCII or is too long; use at most %d characters",
				TPHBUF_LABEL_MAX - 1);
	if (o->flags & TPHBUF_SEND_DEVICE && !buf->dev)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_SHARE, -EOPNOTSUPP,
				"this buffer came without its device; send it without TPHBUF_SEND_DEVICE");
	return check_socket(buf->ctx, sock);
}

int tphbuf_buffer_send(struct tphbuf_buffer *buf, int sock, const struct tphbuf_send_opts *opts)
{
	struct tphbuf_send_opts o;
	struct share_msg *msg;
	int fds[WANTED_FDS], ret;

	if (!buf)
		return -EINVAL;
	ret = ctx_opts_in(buf->ctx, &o, opts, tphbuf_send_opts);
	if (!ret)
		ret = check_send(buf, sock, &o);
	if (ret)
		return ret;
	msg = calloc(1, SHARE_MSG_MAX);
	if (!msg)
		return ctx_fail_nomem(buf->ctx, TPHBUF_STAGE_SHARE);
	ret = describe(buf, o.flags, o.label, msg);
	if (ret)
		goto out;
	memcpy(msg->ranges, buf->ranges, buf->nr_ranges * sizeof(msg->ranges[0]));
	fds[0] = buf->fd;
	fds[1] = buf->dev ? buf->dev->fd : -1;
	ret = send_all(sock, msg, fds, msg->flags & SHARE_HAS_DEVICE ? 2 : 1,
		       o.timeout_ms ? o.timeout_ms : SHARE_TIMEOUT_MS);
	if (ret)
		ctx_fail_errno(buf->ctx, TPHBUF_STAGE_SHARE, ret, "send on descriptor %d", sock);
out:
	free(msg);
	return ret;
}

/*
 * Close a descriptor that a peer sent. It may be the last one of a socket
 * with SO_LINGER, whose close() waits for the reader.
 */
static void drop_fd(int fd)
{
	const struct linger none = { 0 };

	if (fd < 0)
		return;
	/* The usual case: not a socket. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	fd_close(fd);
}

/* Keep the first descriptors of @hdr, close the rest. */
static void take_fds(struct msghdr *hdr, struct received *r)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		bool wanted = cmsg->cmsg_type == SCM_RIGHTS;
		size_t i, n;

		/* The process of the peer is not part of its message. */
		if (cmsg->cmsg_level != SOL_SOCKET || (!wanted && cmsg->cmsg_type != SCM_PIDFD))
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (wanted && r->nr_fds < WANTED_FDS)
				r->fd[r->nr_fds] = fd;
			else
				drop_fd(fd);
			r->nr_fds += wanted;
		}
	}
}

/* Receive one message, whatever is in it. */
static int receive_all(struct tphbuf_ctx *ctx, int sock, uint32_t timeout_ms, struct received *r)
{
	struct iovec iov = { r->msg, SHARE_MSG_MAX };
	union control control = { 0 };
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	uint64_t deadline = deadline_after(timeout_ms);
	ssize_t n = -1;
	int ret;

	do {
		ret = deadline_wait(sock, POLLIN, deadline);
		if (!ret)
			n = recvmsg(sock, &hdr, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (!ret && n < 0)
			ret = -errno;
	} while (again(ret));
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "receive on descriptor %d",
				      sock);
	take_fds(&hdr, r);
	r->size = (size_t)n;
	/* The control buffer holds all the kernel sends: cut off means EMFILE. */
	if (hdr.msg_flags & MSG_CTRUNC)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, -EMFILE, "receive on descriptor %d",
				      sock);
	if (hdr.msg_flags & MSG_TRUNC)
		return ctx_fail(ctx, TPHBUF_STAGE_SHARE, -EMSGSIZE,
				"the message is longer than any of ours; see what the peer runs");
	if (!n && !r->nr_fds)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, -ECONNRESET,
				      "receive on descriptor %d", sock);
	return 0;
}

static int check_received(struct tphbuf_ctx *ctx, const struct received *r)
{
	unsigned int wanted;
	const char *why;
	int err;

	why = share_msg_check(r->msg, r->size, &err);
	if (!why) {
		wanted = r->msg->flags & SHARE_HAS_DEVICE ? 2 : 1;
		if (r->nr_fds != wanted) {
			err = -EPROTO;
			why = "it brings another number of descriptors than it says";
		}
	}
	if (!why)
		return 0;
	return ctx_fail(ctx, TPHBUF_STAGE_SHARE, err, "the message is refused: %s", why);
}

/* Compare length and identity in the message with the kernel's. */
static int check_buffer(struct tphbuf_buffer *buf, const struct share_msg *msg)
{
	const char *why;

	if (buf->length != msg->length)
		why = "the dma-buf has another length than it says";
	else if (buf->identity.dev != msg->dev || buf->identity.ino != msg->ino)
		why = "the dma-buf is another than it says";
	else
		return 0;
	return ctx_fail(buf->ctx, TPHBUF_STAGE_SHARE, -EPROTO, "the message is refused: %s", why);
}

/* Compare the claimed tag with the kernel's if the device is known. */
static int settle_tag(struct tphbuf_buffer *buf, struct tphbuf_share_info *info)
{
	struct tphbuf_tag_state state;
	int ret;

	info->trust = TPHBUF_TAG_CLAIMED;
	if (!buf->dev)
		return 0;
	ret = buffer_tag_if_any(buf, &state);
	if (ret <= 0)
		return ret;
	info->trust = tphbuf_tag_equal(&state.tag, &info->tag) ? TPHBUF_TAG_CONFIRMED :
								 TPHBUF_TAG_CORRECTED;
	info->tag = state.tag;
	info->supported = state.supported;
	return 0;
}

static void fill_info(struct tphbuf_buffer *buf, const struct share_msg *msg, int sock,
		      struct tphbuf_share_info *info)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	memset(info, 0, sizeof(*info));
	info->length = buf->length;
	info->identity = buf->identity;
	info->tag.valid = msg->tag_valid;
	info->tag.xst = msg->tag_xst;
	info->tag.st = msg->tag_st;
	info->tag.ph = msg->tag_ph;
	info->supported = msg->supported;
	info->source = (enum tphbuf_source)msg->source;
	info->bar = msg->bar;
	/* The field of the message is larger, its text is not. */
	memcpy(info->bdf, msg->bdf, sizeof(info->bdf) - 1);
	memcpy(info->label, msg->label, sizeof(msg->label));
	info->ranges = buf->claimed;
	info->nr_ranges = msg->nr_ranges;
	info->has_device = msg->flags & SHARE_HAS_DEVICE;
	info->pid = -1;
	info->uid = UINT32_MAX;
	if (!getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size)) {
		info->pid = peer.pid;
		info->uid = peer.uid;
	}
}

/* Make a buffer of what came; it has descriptors of its own. */
static int build(struct tphbuf_ctx *ctx, const struct received *r, struct tphbuf_device *dev,
		 struct tphbuf_buffer **bufp)
{
	const struct share_msg *msg = r->msg;
	struct tphbuf_import_opts o = { .size = sizeof(o), .dev = dev };
	struct tphbuf_device *received = NULL;
	struct tphbuf_buffer *buf;
	int ret;

	if (r->fd[1] >= 0 && !dev) {
		ret = tphbuf_device_from_fd(ctx, r->fd[1], msg->bdf, &received);
		if (ret)
			return ret;
		o.dev = received;
	}
	ret = tphbuf_buffer_import(ctx, r->fd[0], &o, &buf);
	tphbuf_device_close(received);
	if (ret)
		return ret;
	ret = check_buffer(buf, msg);
	if (!ret && msg->nr_ranges) {
		buf->claimed = calloc(msg->nr_ranges, sizeof(*buf->claimed));
		if (buf->claimed)
			memcpy(buf->claimed, msg->ranges, msg->nr_ranges * sizeof(*buf->claimed));
		else
			ret = ctx_fail_nomem(ctx, TPHBUF_STAGE_SHARE);
	}
	if (ret) {
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}

static int receive(struct tphbuf_ctx *ctx, int sock, const struct tphbuf_receive_opts *o,
		   struct received *r, struct tphbuf_share_info *info, struct tphbuf_buffer **bufp)
{
	struct tphbuf_buffer *buf = NULL;
	struct tphbuf_share_info i;
	int ret;

	ret = receive_all(ctx, sock, o->timeout_ms ? o->timeout_ms : SHARE_TIMEOUT_MS, r);
	if (!ret)
		ret = check_received(ctx, r);
	if (!ret)
		ret = build(ctx, r, o->dev, &buf);
	if (ret)
		return ret;
	fill_info(buf, r->msg, sock, &i);
	ret = settle_tag(buf, &i);
	if (!ret && info)
		ret = ctx_info_out(ctx, info, &i, tphbuf_share_info);
	if (ret) {
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}

int tphbuf_buffer_receive(struct tphbuf_ctx *ctx, int sock, const struct tphbuf_receive_opts *opts,
			  struct tphbuf_share_info *info, struct tphbuf_buffer **bufp)
{
	struct received r = { .fd = { -1, -1 } };
	struct tphbuf_receive_opts o;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = ctx_opts_in(ctx, &o, opts, tphbuf_receive_opts);
	if (ret)
		return ret;
	if (!bufp)
		return ctx_fail_null(ctx, "buf");
	ret = check_socket(ctx, sock);
	if (ret)
		return ret;
	r.msg = calloc(1, SHARE_MSG_MAX);
	if (!r.msg)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_SHARE);
	ret = receive(ctx, sock, &o, &r, info, bufp);
	drop_fd(r.fd[0]);
	drop_fd(r.fd[1]);
	free(r.msg);
	return ret;
}
