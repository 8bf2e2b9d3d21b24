// SPDX-License-Identifier: MIT
/* The sockets of a hand-over: unix, SOCK_SEQPACKET, in the file system. */
#define _GNU_SOURCE	/* accept4, renameat2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/share.h"
#include "util/fd.h"

#define BACKLOG	16

int share_wait(int fd, short events, uint32_t timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int timeout = -1, n;

	if (timeout_ms)
		timeout = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
	n = poll(&p, 1, timeout);
	if (n < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return n ? 0 : -ETIMEDOUT;
}

static int make_address(struct tphbuf_ctx *ctx, const char *path,
			struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (!path || !path[0])
		return fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no path of a socket; pass one");
	if (strlen(path) >= sizeof(address->sun_path))
		return fail_errno(ctx, TPHBUF_STAGE_SHARE, -ENAMETOOLONG,
				  "%.40s...", path);
	strcpy(address->sun_path, path);
	return 0;
}

/* Return: descriptor >= 3 or -errno. */
static int make_socket(int flags)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	return fd < 0 ? -errno : fd_above_std(fd);
}

static int connect_to(int fd, const struct sockaddr_un *address)
{
	return connect(fd, (const struct sockaddr *)address,
		       sizeof(*address)) ? -errno : 0;
}

/* Is it a socket that nobody listens on? A busy listener is not waited for. */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = make_socket(SOCK_NONBLOCK);
	if (fd < 0)
		return false;
	stale = connect_to(fd, address) == -ECONNREFUSED;
	fd_close(fd);
	return stale;
}

static int rename_to(const struct sockaddr_un *from,
		     const struct sockaddr_un *to, unsigned int flags)
{
	return renameat2(AT_FDCWD, from->sun_path, AT_FDCWD, to->sun_path,
			 flags) ? -errno : 0;
}

/*
 * Give the socket @hidden the name @address, unless somebody has it. A stale
 * socket there changes places with ours, and is looked at again after that:
 * another starter may have been quicker. Return: 0, and there is no @hidden
 * any more, or -errno.
 */
static int take_name(const struct sockaddr_un *hidden,
		     const struct sockaddr_un *address)
{
	int ret = rename_to(hidden, address, RENAME_NOREPLACE);

	if (ret != -EEXIST)
		return ret;
	if (!is_stale(address) || rename_to(hidden, address, RENAME_EXCHANGE))
		return -EADDRINUSE;
	if (is_stale(hidden)) {
		unlink(hidden->sun_path);
		return 0;
	}
	rename_to(hidden, address, RENAME_EXCHANGE);
	return -EADDRINUSE;
}

/*
 * A socket is in the file system from bind() on, but takes nobody before
 * listen(). So it gets its name last, and who sees the name can connect.
 * Until then it has one that no other starter uses.
 */
static int bind_and_listen(int fd, const struct sockaddr_un *address,
			   unsigned int mode)
{
	struct sockaddr_un hidden = { .sun_family = AF_UNIX };
	int ret;

	ret = snprintf(hidden.sun_path, sizeof(hidden.sun_path), "%s~%x.%x",
		       address->sun_path, (unsigned int)getpid(),
		       (unsigned int)fd);
	if ((size_t)ret >= sizeof(hidden.sun_path))
		return -ENAMETOOLONG;
	if (bind(fd, (const struct sockaddr *)&hidden, sizeof(hidden)))
		return -errno;
	ret = chmod(hidden.sun_path, mode) || listen(fd, BACKLOG) ? -errno :
	      take_name(&hidden, address);
	if (ret)
		unlink(hidden.sun_path);
	return ret;
}

int tphbuf_share_listen(struct tphbuf_ctx *ctx, const char *path,
			unsigned int mode, int *fdp)
{
	struct sockaddr_un address;
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!fdp || mode & ~0777u)
		return fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the socket, or mode 0%o is more than permission bits; pass both",
			    mode);
	ret = make_address(ctx, path, &address);
	if (ret)
		return ret;
	fd = make_socket(0);
	ret = fd < 0 ? fd : bind_and_listen(fd, &address, mode);
	if (ret) {
		fd_close(fd);
		return fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "%s", path);
	}
	*fdp = fd;
	return 0;
}

int tphbuf_share_accept(struct tphbuf_ctx *ctx, int listener,
			uint32_t timeout_ms, int *fdp)
{
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!fdp)
		return fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the socket; pass a pointer");
	ret = share_wait(listener, POLLIN, timeout_ms);
	if (!ret) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ret = fd < 0 ? -errno : fd_above_std(fd);
	}
	if (ret < 0)
		return fail_errno(ctx, TPHBUF_STAGE_SHARE, ret,
				  "accept on descriptor %d", listener);
	*fdp = ret;
	return 0;
}

int tphbuf_share_connect(struct tphbuf_ctx *ctx, const char *path, int *fdp)
{
	struct sockaddr_un address;
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!fdp)
		return fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the socket; pass a pointer");
	ret = make_address(ctx, path, &address);
	if (ret)
		return ret;
	fd = make_socket(0);
	ret = fd < 0 ? fd : connect_to(fd, &address);
	if (ret) {
		fd_close(fd);
		return fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "%s", path);
	}
	*fdp = fd;
	return 0;
}
