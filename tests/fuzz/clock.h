/* SPDX-License-Identifier: MIT */
/*
 * Time of the fabric in a fuzz target: it stands still until the target moves it, so that an input always does the same
 * and timers cost no waiting. Targets with it are linked with --wrap=clock_gettime and --wrap=epoll_wait; no
 * descriptor is watched in them.
 */
#ifndef FUZZ_CLOCK_H
#define FUZZ_CLOCK_H

#include <stdint.h>

struct fab_loop;

/* Runs the loop until it has nothing to do at this time, or has taken `steps` steps. */
void fuzz_run(struct fab_loop *loop, unsigned int steps);
/* The same after some time. */
void fuzz_wait(struct fab_loop *loop, uint64_t us, unsigned int steps);

#endif
