/* SPDX-License-Identifier: MIT */
/*
 * Fault injection for one call of this thread (Documentation/fault-injection, fail-nth). The caller
 * switches failslab, fail_page_alloc and fail_usercopy on for allocations that may sleep.
 */
#ifndef FAIL_POINT_H
#define FAIL_POINT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/guest/rdma.h"

#define FAIL_POINT_LIMIT 2000 /* above the number of fault points of any operation */

static inline int fail_point_open(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	require(fd >= 0, "/proc/thread-self/fail-nth: %m");
	return fd;
}

/*
 * Between arm and disarm the n-th fault point fails. The user copies of these two calls are
 * fault points as well: a failure there was not reached by the operation, and disarms.
 */
static inline void fail_point_arm(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	while (pwrite(fd, text, (size_t)len, 0) != len)
		require(errno == EFAULT, "fail-nth: %m");
}

/* True if the fault point was reached. */
static inline bool fail_point_disarm(int fd)
{
	char text[16] = "1";

	require(pread(fd, text, sizeof(text) - 1, 0) > 0 || errno == EFAULT, "fail-nth: %m");
	fail_point_arm(fd, 0);
	return !atoi(text);
}

#endif
