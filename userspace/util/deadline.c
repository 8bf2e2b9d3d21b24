// SPDX-License-Identifier: MIT
/* Deadlines, see deadline.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "util/deadline.h"

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t deadline_after(uint32_t timeout_ms)
{
	return timeout_ms ? now_ms() + timeout_ms : UINT64_MAX;
}

int deadline_left(uint64_t deadline)
{
	uint64_t now = now_ms();

	if (now >= deadline)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

int deadline_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n = poll(&p, 1, deadline == UINT64_MAX ? -1 : deadline_left(deadline));

	if (n < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return n ? 0 : -ETIMEDOUT;
}
