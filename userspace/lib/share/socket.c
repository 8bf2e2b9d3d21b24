// SPDX-License-Identifier: MIT
/* The sockets of a hand-over: unix, SOCK_SEQPACKET, in the file system. */
#define _GNU_SOURCE /* accept4, renameat2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/share/share.h"
#include "util/fd.h"

#define BACKLOG 16
#define LOCK_MS 3000
/* While a starter takes the name, beside it. */
#define LOCK_SUFFIX   "~lock"
#define HIDDEN_SUFFIX "~new"

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t share_deadline(uint32_t timeout_ms)
{
	return timeout_ms ? now_ms() + timeout_ms : UINT64_MAX;
}

/* Milliseconds from now on, 0 when they are over. */
static int time_left(uint64_t deadline)
{
	uint64_t now = now_ms();

	if (now >= deadline)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

int share_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n = poll(&p, 1, deadline == UINT64_MAX ? -1 : time_left(deadline));

	if (n < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return n ? 0 : -ETIMEDOUT;
}

static int make_address(struct tphbuf_ctx *ctx, const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (!path || !path[0])
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"no path of a socket; pass one");
	if (strlen(path) >= sizeof(address->sun_path))
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, -ENAMETOOLONG, "%.40s...", path);
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
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
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

static int rename_to(const struct sockaddr_un *from, const struct sockaddr_un *to,
		     unsigned int flags)
{
	return renameat2(AT_FDCWD, from->sun_path, AT_FDCWD, to->sun_path, flags) ? -errno : 0;
}

/*
 * Take the lock file @path if nobody has it. Its holder removes it before it
 * lets go, so a file that has no name any more locks nothing.
 * Return: descriptor, -EAGAIN or -errno.
 */
static int try_lock(const char *path)
{
	struct stat st;
	int fd, ret = 0;

	/* Whatever somebody has put there, it is neither waited for nor read. */
	fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	fd = fd_above_std(fd);
	if (fd < 0)
		return fd;
	/* CONFIG_FILE_LOCKING=n: starters are on their own there. */
	if (flock(fd, LOCK_EX | LOCK_NB) && errno != ENOSYS)
		ret = errno == EINTR ? -EAGAIN : -errno;
	else if (fstat(fd, &st))
		ret = -errno;
	else if (!st.st_nlink)
		ret = -EAGAIN;
	if (!ret)
		return fd;
	fd_close(fd);
	return ret;
}

/*
 * One starter at a time looks at what has the name, and takes it. Nobody does
 * that for long; who sees the lock held for long gives up with -EBUSY.
 * Return: descriptor or -errno.
 */
static int lock(const char *path)
{
	uint64_t deadline = share_deadline(LOCK_MS);
	int ret = try_lock(path);

	while (ret == -EAGAIN && time_left(deadline)) {
		poll(NULL, 0, 1);
		ret = try_lock(path);
	}
	return ret == -EAGAIN ? -EBUSY : ret;
}

static void unlock(const char *path, int fd)
{
	unlink(path);
	fd_close(fd);
}

/*
 * A socket is in the file system from bind() on, but takes nobody before
 * listen(). So it gets its name last, and who sees the name can connect. A
 * stale socket under either name is replaced. With the lock held.
 */
static int take_name(int fd, const struct sockaddr_un *hidden, const struct sockaddr_un *address,
		     unsigned int mode)
{
	int ret;

	/* What a starter left that died here. */
	if (is_stale(hidden))
		unlink(hidden->sun_path);
	if (bind(fd, (const struct sockaddr *)hidden, sizeof(*hidden)))
		return -errno;
	ret = chmod(hidden->sun_path, mode) || listen(fd, BACKLOG) ?
		      -errno :
		      rename_to(hidden, address, RENAME_NOREPLACE);
	if (ret == -EEXIST)
		ret = is_stale(address) ? rename_to(hidden, address, 0) : -EADDRINUSE;
	if (ret)
		unlink(hidden->sun_path);
	return ret;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, unsigned int mode)
{
	char lock_path[sizeof(address->sun_path) + sizeof(LOCK_SUFFIX)];
	struct sockaddr_un hidden = { .sun_family = AF_UNIX };
	int held, ret;

	ret = snprintf(hidden.sun_path, sizeof(hidden.sun_path), "%s" HIDDEN_SUFFIX,
		       address->sun_path);
	if ((size_t)ret >= sizeof(hidden.sun_path))
		return -ENAMETOOLONG;
	snprintf(lock_path, sizeof(lock_path), "%s" LOCK_SUFFIX, address->sun_path);
	held = lock(lock_path);
	if (held < 0)
		return held;
	ret = take_name(fd, &hidden, address, mode);
	unlock(lock_path, held);
	return ret;
}

int tphbuf_share_listen(struct tphbuf_ctx *ctx, const char *path, unsigned int mode, int *fdp)
{
	struct sockaddr_un address;
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!fdp || mode & ~0777u)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"no place for the socket, or mode 0%o is more than permission bits; pass both",
				mode);
	ret = make_address(ctx, path, &address);
	if (ret)
		return ret;
	fd = make_socket(0);
	ret = fd < 0 ? fd : bind_and_listen(fd, &address, mode);
	if (ret) {
		fd_close(fd);
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "%s", path);
	}
	*fdp = fd;
	return 0;
}

int tphbuf_share_accept(struct tphbuf_ctx *ctx, int listener, uint32_t timeout_ms, int *fdp)
{
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!fdp)
		return ctx_fail_null(ctx, "fd");
	ret = share_wait(listener, POLLIN, share_deadline(timeout_ms));
	if (!ret) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ret = fd < 0 ? -errno : fd_above_std(fd);
	}
	if (ret < 0)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "accept on descriptor %d",
				      listener);
	*fdp = ret;
	return 0;
}

static int set_send_timeout(int fd, int timeout_ms)
{
	const struct timeval t = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000,
	};

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) ? -errno : 0;
}

int share_connect_to(int fd, const struct sockaddr_un *address, uint32_t timeout_ms)
{
	uint64_t deadline = share_deadline(timeout_ms);
	int left, ret;

	do {
		left = time_left(deadline);
		if (!left)
			return -ETIMEDOUT;
		ret = set_send_timeout(fd, left);
		if (!ret)
			ret = connect_to(fd, address);
	} while (ret == -EINTR);
	if (ret)
		return ret == -EAGAIN ? -ETIMEDOUT : ret;
	return set_send_timeout(fd, 0);
}

int tphbuf_share_connect(struct tphbuf_ctx *ctx, const char *path, int *fdp)
{
	struct sockaddr_un address;
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!fdp)
		return ctx_fail_null(ctx, "fd");
	ret = make_address(ctx, path, &address);
	if (ret)
		return ret;
	fd = make_socket(0);
	ret = fd < 0 ? fd : share_connect_to(fd, &address, SHARE_TIMEOUT_MS);
	if (ret) {
		fd_close(fd);
		return ctx_fail_errno(ctx, TPHBUF_STAGE_SHARE, ret, "%s", path);
	}
	*fdp = fd;
	return 0;
}
