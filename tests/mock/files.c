// SPDX-License-Identifier: MIT
/* Calls for files, which the fake machine leads into its tree. */
#define _GNU_SOURCE /* memfd_create */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"

/* The fake itself makes the real calls. */
int __real_fcntl(int fd, int cmd, ...);
int __real_fstat(int fd, struct stat *st);
ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);

static struct {
	const char *path;
	int err;
} open_failure;

static struct {
	const char *path;
	int err;
} access_failure;

bool fake_plain_nodes;

void files_reset(void)
{
	memset(&open_failure, 0, sizeof(open_failure));
	memset(&access_failure, 0, sizeof(access_failure));
	fake_plain_nodes = false;
}

void fake_fail_open(const char *path, int err)
{
	open_failure.path = path;
	open_failure.err = err;
}

void fake_fail_access(const char *path, int err)
{
	access_failure.path = path;
	access_failure.err = err;
}

/* Lead /sys and /dev/{vfio,iommu} into the tree. */
static const char *lead(const char *path, char *buf)
{
	if (!fake_root()[0] || (strncmp(path, "/sys/", 5) && strncmp(path, "/dev/vfio", 9) &&
				strcmp(path, "/dev/iommu") && strcmp(path, "/proc/cpuinfo") &&
				strcmp(path, "/proc/cmdline") && strcmp(path, "/dev/udmabuf") &&
				strncmp(path, "/dev/dma_heap/", 14)))
		return path;
	if ((size_t)snprintf(buf, PATH_MAX, "%s%s", fake_root(), path) >= PATH_MAX)
		abort();
	return buf;
}

/* The fdinfo of a dma-buf. Return: -1 if @path is about another file. */
static int open_fdinfo(const char *path)
{
	static const char text[] = "pos:\t0\nflags:\t02\nsize:\t4096\ncount:\t2\nexp_name:\tfake\n";
	int about, fd;

	if (sscanf(path, "/proc/self/fdinfo/%d", &about) != 1 || !is_dmabuf(about))
		return -1;
	fd = memfd_create("fdinfo", MFD_CLOEXEC);
	if (fd < 0 || __real_pwrite(fd, text, sizeof(text) - 1, 0) < 0)
		abort();
	return fd;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	char buf[PATH_MAX];
	mode_t mode = 0;
	va_list ap;
	int fd;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (call_fails("open"))
		return -1;
	if (open_failure.path && !strcmp(open_failure.path, path)) {
		open_failure.path = NULL;
		errno = open_failure.err;
		return -1;
	}
	fd = open_fdinfo(path);
	return fd < 0 ? __real_open(lead(path, buf), flags, mode) : fd;
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
	char buf[PATH_MAX];

	return call_fails("opendir") ? NULL : __real_opendir(lead(path, buf));
}

int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
	char buf[PATH_MAX];

	if (call_fails("stat") || __real_stat(lead(path, buf), st))
		return -1;
	if (!strncmp(path, "/dev/", 5) && S_ISREG(st->st_mode) && !fake_plain_nodes)
		st->st_mode = S_IFCHR | 0600;
	return 0;
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	char buf[PATH_MAX];

	if (call_fails("access"))
		return -1;
	path = lead(path, buf);
	if (!access_failure.path || strcmp(fake_path("%s", access_failure.path), path))
		return __real_access(path, mode);
	errno = access_failure.err;
	return -1;
}

int __wrap_fstat(int fd, struct stat *st)
{
	unsigned int major, minor;

	if (call_fails("fstat") || __real_fstat(fd, st))
		return -1;
	if (node_number(fd, &major, &minor)) {
		st->st_mode = S_IFCHR | 0600;
		st->st_rdev = makedev(major, minor);
	}
	return 0;
}

char *__real_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved)
{
	char buf[PATH_MAX];

	return call_fails("realpath") ? NULL : __real_realpath(lead(path, buf), resolved);
}

ssize_t __real_readlink(const char *path, char *target, size_t size);
ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
	static const char anon[] = "anon_inode:[vfio-device]";
	char buf[PATH_MAX];
	int fd;

	if (call_fails("readlink"))
		return -1;
	if (sscanf(path, "/proc/self/fd/%d", &fd) == 1 && fake_root()[0] && fd_is(fd, DEV_NODE) &&
	    size >= sizeof(anon) - 1) {
		memcpy(target, anon, sizeof(anon) - 1);
		return sizeof(anon) - 1;
	}
	return __real_readlink(lead(path, buf), target, size);
}

void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return call_fails("mmap") ? MAP_FAILED : __real_mmap(addr, length, prot, flags, fd, offset);
}

ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	return call_fails("pread") ? -1 : __real_pread(fd, buf, size, offset);
}

off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence)
{
	return call_fails("lseek") ? -1 : __real_lseek(fd, offset, whence);
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return call_fails("fcntl") ? -1 : __real_fcntl(fd, cmd, arg);
}
