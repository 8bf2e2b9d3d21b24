// SPDX-License-Identifier: MIT
/*
 * Unix stream sockets: queueing output, listening, accepting.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fabric/server/stream.h"

struct srv_chunk {
	struct srv_chunk *next;
	size_t len, done;
	int fd;
	uint8_t data[];
};

void srv_out_init(struct srv_out *out)
{
	*out = (struct srv_out){ .first = NULL };
	out->last = &out->first;
}

static void pop(struct srv_out *out)
{
	struct srv_chunk *chunk = out->first;

	out->first = chunk->next;
	if (!out->first)
		out->last = &out->first;
	out->bytes -= chunk->len - chunk->done;
	free(chunk);
}

void srv_out_clear(struct srv_out *out)
{
	while (out->first)
		pop(out);
}

/* Bytes sent (0: the peer's buffer is full) or -errno. */
static ssize_t send_some(int sock, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? 0 : -errno;
}

int srv_out_flush(struct srv_out *out, int sock)
{
	struct srv_chunk *chunk;
	ssize_t n;

	while ((chunk = out->first)) {
		n = send_some(sock, chunk->data + chunk->done, chunk->len - chunk->done,
			      chunk->done ? -1 : chunk->fd);
		if (n <= 0)
			return (int)n;
		chunk->done += (size_t)n;
		out->bytes -= (size_t)n;
		if (chunk->done == chunk->len)
			pop(out);
	}
	return 0;
}

int srv_out_send(struct srv_out *out, int sock, const void *data, size_t len, int fd)
{
	struct srv_chunk *chunk;
	ssize_t n = 0;

	if (!out->first) {
		n = send_some(sock, data, len, fd);
		if (n < 0)
			return (int)n;
		if ((size_t)n == len)
			return 0;
	}
	chunk = malloc(sizeof(*chunk) + len);
	if (!chunk)
		return -ENOMEM;
	*chunk = (struct srv_chunk){ .len = len, .done = (size_t)n, .fd = fd };
	memcpy(chunk->data, data, len);
	*out->last = chunk;
	out->last = &chunk->next;
	out->bytes += len - (size_t)n;
	return 0;
}

int srv_listen(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, 4))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int srv_accept(int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	return fd < 0 ? -errno : fd;
}
