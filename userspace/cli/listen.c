// SPDX-License-Identifier: MIT
/* Unix sockets in the file system, see listen.h. */
#define _GNU_SOURCE /* accept4, renameat2 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/listen.h"
#include "util/deadline.h"
#include "util/fd.h"

#define BACKLOG 16
#define LOCK_MS 3000
/* Names beside the socket while it is set up. */
#define LOCK_SUFFIX   "~lock"
#define HIDDEN_SUFFIX "~new"

static int make_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
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

/* True for a socket on which no process listens. A busy listener is not waited for. */
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
 * Take the lock file @path if it is free. The holder removes the file before
 * it unlocks, so a file without a name locks nothing.
 * Return: descriptor, -EAGAIN or -errno.
 */
static int try_lock(const char *path)
{
	struct stat st;
	int fd, ret = 0;

	/* A file of another kind is neither waited for nor read. */
	fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	fd = fd_above_std(fd);
	if (fd < 0)
		return fd;
	/* CONFIG_FILE_LOCKING=n: several starters are not kept apart. */
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
 * Wait until the lock file @path is free, and take it. It is held for the time
 * of a few system calls; -EBUSY if it is not free for LOCK_MS.
 * Return: descriptor or -errno.
 */
static int lock(const char *path)
{
	uint64_t deadline = deadline_after(LOCK_MS);
	int ret = try_lock(path);

	while (ret == -EAGAIN && deadline_left(deadline)) {
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
 * Bind, listen, then rename: bind() makes the socket visible, but only listen()
 * makes it accept, so @address names it last. A stale socket under either name
 * is replaced. The lock is held.
 */
static int take_name(int fd, const struct sockaddr_un *hidden, const struct sockaddr_un *address,
		     unsigned int mode)
{
	int ret;

	/* Left by a process that was killed here. */
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

int listen_open(const char *path, unsigned int mode, int *fdp)
{
	struct sockaddr_un address;
	int fd, ret = make_address(path, &address);

	if (ret)
		return ret;
	fd = make_socket(0);
	if (fd < 0)
		return fd;
	ret = bind_and_listen(fd, &address, mode);
	if (ret) {
		fd_close(fd);
		return ret;
	}
	*fdp = fd;
	return 0;
}

int listen_accept(int listener, uint32_t timeout_ms, int *fdp)
{
	int fd, ret = deadline_wait(listener, POLLIN, deadline_after(timeout_ms));

	if (ret)
		return ret;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd = fd_above_std(fd);
	if (fd < 0)
		return fd;
	*fdp = fd;
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

/* Connect the blocking socket @fd; a full backlog makes it wait. */
static int connect_until(int fd, const struct sockaddr_un *address, uint64_t deadline)
{
	int left, ret;

	do {
		left = deadline_left(deadline);
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

int listen_connect(const char *path, uint32_t timeout_ms, int *fdp)
{
	struct sockaddr_un address;
	int fd, ret = make_address(path, &address);

	if (ret)
		return ret;
	fd = make_socket(0);
	if (fd < 0)
		return fd;
	ret = connect_until(fd, &address, deadline_after(timeout_ms));
	if (ret) {
		fd_close(fd);
		return ret;
	}
	*fdp = fd;
	return 0;
}
