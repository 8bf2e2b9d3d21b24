/* SPDX-License-Identifier: MIT */
/*
 * Simulation of one NIC that sends operations to many tagged targets. An operation needs a region (MR) for its target.
 * A region that is registered takes an entry of the steering tag table, or has no hint for its whole life if all
 * entries are in use. Regions that no operation uses are kept up to a number (the registry); the one unused for the
 * longest time goes first.
 */
#ifndef SCALE_SIM_H
#define SCALE_SIM_H

#include <stdint.h>

struct sim_opts {
	unsigned int entries; /* of the table, 1 to 64 */
	unsigned int limit;   /* of entries in use at a time, 1 to entries */
	uint64_t targets; /* distinct tags: endpoints x buffers x slices; 0: each operation has a tag of its own */
	uint64_t kept;	  /* regions kept without an operation */
	double in_flight; /* mean number of operations in flight (arrival rate x mean duration) */
	double zipf;	  /* popularity of the target of rank r is r^-zipf; 0: all alike */
	uint64_t operations; /* counted */
	uint64_t warm_up;    /* operations before those */
	uint64_t seed;
};

struct sim_result {
	uint64_t operations;
	uint64_t without_hint; /* operations */
	uint64_t registrations;
	uint64_t table_writes;
};

/*
 * Arrivals are a Poisson process, durations exponential. Returns 0, -EINVAL for options out of range, -ENOMEM.
 */
int sim_run(const struct sim_opts *opts, struct sim_result *result);

#endif
