/* SPDX-License-Identifier: MIT */
#ifndef MICRO_CLOCK_H
#define MICRO_CLOCK_H

#include <time.h>

static inline double clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline double now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* CPU time of the calling thread, in user space and in the kernel */
static inline double thread_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

#endif
