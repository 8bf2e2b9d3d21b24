// SPDX-License-Identifier: MIT
/*
 * Messages out of a unix stream (input.h).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fabric/server/input.h"

static void close_files(struct srv_files *files)
{
	while (files->count)
		close(files->fd[--files->count]);
	files->surplus = false;
}

void srv_msg_close_files(struct srv_msg *msg)
{
	unsigned int i;

	for (i = 0; i < msg->nfds; i++)
		if (msg->fds[i] >= 0)
			close(msg->fds[i]);
	msg->nfds = 0;
}

static void take_files(struct srv_files *files, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	size_t i, n;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (files->count < SRV_MAX_FDS) {
				files->fd[files->count++] = fd;
			} else {
				files->surplus = true;
				close(fd);
			}
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		files->surplus = true;
}

/* Bytes read, 0 if there are none yet; -errno: the connection has ended. */
static int receive(struct srv_in *in, int sock, uint8_t *to, uint32_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SRV_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = to, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	take_files(&in->files, &msg);
	return n ? (int)n : -ECONNRESET;
}

static void give_files(struct srv_in *in, struct srv_msg *msg)
{
	unsigned int i;

	in->bad_files |= in->files.surplus;
	for (i = 0; i < in->files.count; i++) {
		if (msg->nfds < SRV_MAX_FDS) {
			msg->fds[msg->nfds++] = in->files.fd[i];
		} else {
			in->bad_files = true;
			close(in->files.fd[i]);
		}
	}
	in->files.count = 0;
	in->files.surplus = false;
}

bool srv_in_waiting(const struct srv_in *in)
{
	return in->ahead_at < in->ahead_len;
}

/* Bytes from what was read ahead. The message that empties it is the last one that starts there. */
static uint32_t take_ahead(struct srv_in *in, struct srv_msg *msg, uint8_t *to, uint32_t len)
{
	uint32_t left = in->ahead_len - in->ahead_at;

	if (len > left)
		len = left;
	memcpy(to, in->ahead + in->ahead_at, len);
	in->ahead_at += len;
	if (len && !srv_in_waiting(in))
		give_files(in, msg);
	return len;
}

/* Reads until the message has want bytes, of which the one at to is the next. 1: it has; 0, -errno as receive(). */
static int fill(struct srv_in *in, int sock, struct srv_msg *msg, uint8_t *to, uint32_t want)
{
	uint32_t n;
	int ret;

	while (in->have < want) {
		n = take_ahead(in, msg, to, want - in->have);
		if (!n) {
			ret = receive(in, sock, to, want - in->have);
			if (ret <= 0)
				return ret;
			n = (uint32_t)ret;
			give_files(in, msg);
		}
		in->have += n;
		to += n;
	}
	return 1;
}

/* At a message boundary. 1: there are bytes; 0, -errno as receive(). */
static int read_ahead(struct srv_in *in, int sock)
{
	int ret;

	if (in->drained) {
		in->drained = false; /* for the next turn: epoll reports what has come since */
		return 0;
	}
	ret = receive(in, sock, in->ahead, sizeof(in->ahead));
	if (ret <= 0)
		return ret;
	in->ahead_at = 0;
	in->ahead_len = (uint32_t)ret;
	in->drained = in->ahead_len < sizeof(in->ahead) && !in->files.count && !in->files.surplus;
	return 1;
}

int srv_in_receive(struct srv_in *in, int sock, struct srv_msg *msg)
{
	struct srv_header *header = &msg->header;
	int ret;

	if (!in->have && !srv_in_waiting(in)) {
		ret = read_ahead(in, sock);
		if (ret <= 0)
			return ret;
	}
	ret = fill(in, sock, msg, (uint8_t *)header + in->have, sizeof(*header));
	if (ret <= 0)
		return ret;
	if (header->size < sizeof(*header) || header->size > sizeof(*header) + sizeof(in->body))
		return 1;
	msg->len = header->size - (uint32_t)sizeof(*header);
	return fill(in, sock, msg, in->body + (in->have - sizeof(*header)), header->size);
}

void srv_in_start(struct srv_in *in, struct srv_msg *msg)
{
	srv_msg_close_files(msg);
	*msg = (struct srv_msg){ .body = in->body, .reply_fd = -1 };
	in->have = 0;
	in->bad_files = false;
}

void srv_in_clear(struct srv_in *in, struct srv_msg *msg)
{
	srv_msg_close_files(msg);
	close_files(&in->files);
	in->ahead_at = in->ahead_len = 0;
}
