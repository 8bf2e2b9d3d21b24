// SPDX-License-Identifier: MIT
#include <time.h>

#include "fabric/nic/clock.h"

uint64_t nic_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
