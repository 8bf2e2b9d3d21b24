// SPDX-License-Identifier: MIT
#include <sys/epoll.h>
#include <time.h>

#include "fabric/core/loop.h"
#include "tests/fuzz/clock.h"

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);

static uint64_t now_us = 1000000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = (time_t)(now_us / 1000000);
	now->tv_nsec = (long)(now_us % 1000000) * 1000;
	return 0;
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	(void)fd;
	(void)events;
	(void)max;
	(void)timeout;
	return 0;
}

void fuzz_run(struct fab_loop *loop, unsigned int steps)
{
	while (steps-- && fab_loop_step(loop, 0))
		;
}

void fuzz_wait(struct fab_loop *loop, uint64_t us, unsigned int steps)
{
	now_us += us;
	fuzz_run(loop, steps);
}
