// SPDX-License-Identifier: MIT
/*
 * noise [copy]: the machine's own variation, beside a measurement. Prints two lines: "memcpy MIB_PER_S", copies of
 * 1 MiB from one buffer to another, as perftest writes the same memory again, and "spin NS", a loop of 10^7 dependent additions. Neither
 * uses a device: what differs between rounds is the machine.
 * copy: only the rate of the copies, as a plain number, of 1000 copies instead of 256.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/micro/clock.h"
#include "tests/harness/args.h"

#define AREA (1u << 20)
#define ADDS 10000000u

static double copy_rate(uint8_t *to, const uint8_t *from, int copies)
{
	double start = now_us();

	for (int i = 0; i < copies; i++) {
		memcpy(to, from, AREA);
		__asm__ volatile("" : : "r"(to), "r"(from) : "memory");
	}
	return copies / ((now_us() - start) / 1e6);
}

static double spin_ns(void)
{
	double start = now_us();

	for (uint64_t i = 0; i < ADDS; i++)
		__asm__ volatile("" : "+r"(i));
	return (now_us() - start) * 1e3;
}

int main(int argc, char **argv)
{
	const int only_copy = argc == 2;
	uint8_t *from, *to;

	args_count(argc, 0, 1, "[copy]");
	if (only_copy)
		args_word("WHAT", argv[1], "copy");
	from = malloc(AREA);
	to = malloc(AREA);
	if (!from || !to) {
		fputs("noise: out of memory\n", stderr);
		return 1;
	}
	memset(from, 1, AREA); /* pages are present before the clock starts */
	memset(to, 2, AREA);
	printf(only_copy ? "%.1f\n" : "memcpy %.1f\n", copy_rate(to, from, only_copy ? 1000 : 256));
	if (!only_copy)
		printf("spin %.0f\n", spin_ns());
	free(from);
	free(to);
	return 0;
}
