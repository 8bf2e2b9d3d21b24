// SPDX-License-Identifier: MIT
/* More calls about files that are wrapped, see fake.h. */
#define _GNU_SOURCE /* statx, renameat2 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"

/* A group's device has a file without type. */
int __real_statx(int fd, const char *path, int flags, unsigned int mask, struct statx *st);
int __wrap_statx(int fd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	if (call_fails("statx"))
		return -1;
	if (__real_statx(fd, path, flags, mask, st))
		return -1;
	if (!path[0] && fake_root()[0] && fd_is(fd, DEV_NODE)) {
		st->stx_mode = fake.is_cdev ? S_IFCHR | 0600 : 0600;
		node_number(fd, &st->stx_rdev_major, &st->stx_rdev_minor);
	}
	return 0;
}

/* Lets other processes run before a rename() replaces an existing name. */
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	if (call_fails("renameat2"))
		return -1;
	if (fake.rename_delay_us && !(flags & RENAME_NOREPLACE))
		usleep((unsigned int)rand() % fake.rename_delay_us);
	return __real_renameat2(from_dir, from, to_dir, to, flags);
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
	return call_fails("flock") ? -1 : __real_flock(fd, operation);
}
