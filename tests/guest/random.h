/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that a run can repeat: splitmix64. The state is the caller's, one for each thread.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>
#include <time.h>

#include "tests/harness/args.h"

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* 0 .. n - 1 */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

/* True with a probability of percent / 100 */
static inline int random_chance(uint64_t *state, uint32_t percent)
{
	return random_below(state, 100) < percent;
}

/* The seed that the user gave, or one from the clock; the caller prints the seed. */
static inline uint64_t random_seed(const char *text)
{
	struct timespec t;

	if (text && *text)
		return args_number("SEED", text, 0, UINT64_MAX);
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000007u + (uint64_t)t.tv_nsec;
}

#endif
