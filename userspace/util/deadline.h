/* SPDX-License-Identifier: MIT */
/* Deadlines on the monotonic clock, and waiting for a descriptor until one. */
#ifndef UTIL_DEADLINE_H
#define UTIL_DEADLINE_H

#include <stdint.h>

/* @timeout_ms milliseconds from now; 0 means no deadline. */
uint64_t deadline_after(uint32_t timeout_ms);

/* Milliseconds left, at most INT_MAX; 0 once @deadline has passed. */
int deadline_left(uint64_t deadline);

/*
 * Wait until @fd is ready for @events of poll(2), or @deadline has passed.
 * Return: 0, -ETIMEDOUT, -EINTR, -EBADF, other errors of poll().
 */
int deadline_wait(int fd, short events, uint64_t deadline);

#endif
