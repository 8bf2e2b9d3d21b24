// SPDX-License-Identifier: MIT
/* More calls that are wrapped, about files and the user, see fake.h. */
#define _GNU_SOURCE /* statx, renameat2 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
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

static struct {
	uid_t uid;
	rlim_t memlock;
} user;

void fake_user(unsigned int uid, uint64_t memlock)
{
	user.uid = uid;
	user.memlock = memlock;
}

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return fake_root()[0] ? user.uid : __real_geteuid();
}

int __real_getrlimit(int resource, struct rlimit *limit);
int __wrap_getrlimit(int resource, struct rlimit *limit)
{
	if (call_fails("getrlimit") || __real_getrlimit(resource, limit))
		return -1;
	if (resource == RLIMIT_MEMLOCK && fake_root()[0])
		limit->rlim_cur = user.memlock;
	return 0;
}
