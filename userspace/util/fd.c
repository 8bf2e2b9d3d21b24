// SPDX-License-Identifier: MIT
/* File descriptors, see fd.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/fd.h"

void fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

int fd_open(const char *path, int flags)
{
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int fd_above_std(int fd)
{
	int ret;

	if (fd > STDERR_FILENO)
		return fd;
	ret = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (ret < 0)
		ret = -errno;
	fd_close(fd);
	return ret;
}

ssize_t fd_pread(int fd, void *buf, size_t size, off_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buf + done, size - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t fd_read_file(const char *path, void *buf, size_t size)
{
	int fd = fd_open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = fd_pread(fd, buf, size, 0);
	fd_close(fd);
	return n;
}
