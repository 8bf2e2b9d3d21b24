// SPDX-License-Identifier: MIT
/* The sockets of a hand-over: unix, SOCK_SEQPACKET, in the file system. */
#define _GNU_SOURCE	/* accept4, renameat2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/share.h"
#include "util/fd.h"

#define BACKLOG	16
#define HIDDEN	"~"

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
static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd_above_std(fd);
}

static int connect_to(int fd, const struct sockaddr_un *address)
{
	return connect(fd, (const struct sockaddr *)address,
		       sizeof(*address)) ? -errno : 0;
}

/* Remove a socket nobody listens on; leave everything else. */
static void remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd;

	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	fd = make_socket();
	if (fd < 0)
		return;
	if (connect_to(fd, address) == -ECONNREFUSED)
		unlink(address->sun_path);
	fd_close(fd);
}

/*
 * A socket is in the file system from bind() on, but takes nobody before
 * listen(). So it gets its name last, and who sees the name can connect.
 */
static int bind_and_listen(int fd, const char *path, unsigned int mode)
{
	struct sockaddr_un hidden = { .sun_family = AF_UNIX };
	int err;

	if (strlen(path) + strlen(HIDDEN) >= sizeof(hidden.sun_path))
		return -ENAMETOOLONG;
	strcpy(hidden.sun_path, path);
	strcat(hidden.sun_path, HIDDEN);
	remove_stale(&hidden);
	if (bind(fd, (const struct sockaddr *)&hidden, sizeof(hidden)))
		return -errno;
	if (!chmod(hidden.sun_path, mode) && !listen(fd, BACKLOG) &&
	    !renameat2(AT_FDCWD, hidden.sun_path, AT_FDCWD, path,
		       RENAME_NOREPLACE))
		return 0;
	err = errno == EEXIST ? -EADDRINUSE : -errno;
	unlink(hidden.sun_path);
	return err;
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
	remove_stale(&address);
	fd = make_socket();
	ret = fd < 0 ? fd : bind_and_listen(fd, address.sun_path, mode);
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
	fd = make_socket();
	ret = fd < 0 ? fd : connect_to(fd, &address);
	if (ret) {
		fd_close(fd);
		return fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "%s", path);
	}
	*fdp = fd;
	return 0;
}
