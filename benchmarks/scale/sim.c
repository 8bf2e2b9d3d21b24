// SPDX-License-Identifier: MIT
#include "sim.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "st_table.h"

#define NONE UINT64_MAX

/* The region of a target. Without users it is in the list of kept regions, the oldest first. */
struct region {
	uint32_t users;
	int entry; /* of the table; -1: without hint */
	int registered;
	uint64_t next, previous;
};

struct ending {
	double time;
	uint64_t target;
};

struct sim {
	const struct sim_opts *opts;
	struct st_table table;
	struct region *regions;
	uint64_t n_regions;
	uint64_t oldest, newest, n_kept;
	uint64_t *unused; /* numbers of regions, when each operation has a tag of its own */
	uint64_t n_unused, next_tag;
	struct ending *heap;
	uint64_t in_flight, heap_size;
	double *cumulative;
	uint64_t random;
	uint64_t without_hint, registrations;
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t random_bits(struct sim *sim)
{
	uint64_t z = sim->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* In (0, 1] */
static double random_unit(struct sim *sim)
{
	return (double)((random_bits(sim) >> 11) + 1) * 0x1p-53;
}

static double random_exponential(struct sim *sim, double mean)
{
	return -mean * log(random_unit(sim));
}

static uint64_t random_target(struct sim *sim)
{
	uint64_t low = 0, high = sim->opts->targets - 1;
	double wanted;

	if (!sim->cumulative)
		return random_bits(sim) % sim->opts->targets;
	wanted = random_unit(sim) * sim->cumulative[high];
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (sim->cumulative[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void kept_remove(struct sim *sim, uint64_t number)
{
	struct region *region = &sim->regions[number];

	if (region->previous == NONE)
		sim->oldest = region->next;
	else
		sim->regions[region->previous].next = region->next;
	if (region->next == NONE)
		sim->newest = region->previous;
	else
		sim->regions[region->next].previous = region->previous;
	sim->n_kept--;
}

static void kept_add(struct sim *sim, uint64_t number)
{
	struct region *region = &sim->regions[number];

	region->next = NONE;
	region->previous = sim->newest;
	if (sim->newest == NONE)
		sim->oldest = number;
	else
		sim->regions[sim->newest].next = number;
	sim->newest = number;
	sim->n_kept++;
}

static void deregister(struct sim *sim, uint64_t number)
{
	struct region *region = &sim->regions[number];

	kept_remove(sim, number);
	if (region->entry >= 0)
		st_table_put(&sim->table, region->entry);
	region->registered = 0;
	if (sim->unused)
		sim->unused[sim->n_unused++] = number;
}

static int heap_push(struct sim *sim, struct ending ending)
{
	uint64_t at = sim->in_flight;

	if (at == sim->heap_size) {
		uint64_t size = sim->heap_size ? 2 * sim->heap_size : 64;
		struct ending *heap = reallocarray(sim->heap, size, sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		sim->heap = heap;
		sim->heap_size = size;
	}
	sim->in_flight++;
	while (at && sim->heap[(at - 1) / 2].time > ending.time) {
		sim->heap[at] = sim->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	sim->heap[at] = ending;
	return 0;
}

static struct ending heap_pop(struct sim *sim)
{
	struct ending first = sim->heap[0], last = sim->heap[--sim->in_flight];
	uint64_t at = 0, child;

	while ((child = 2 * at + 1) < sim->in_flight) {
		if (child + 1 < sim->in_flight && sim->heap[child + 1].time < sim->heap[child].time)
			child++;
		if (sim->heap[child].time >= last.time)
			break;
		sim->heap[at] = sim->heap[child];
		at = child;
	}
	sim->heap[at] = last;
	return first;
}

/* Makes room for one more region when each operation has its own; returns its number, or NONE. */
static uint64_t own_region(struct sim *sim)
{
	uint64_t size = sim->n_regions ? 2 * sim->n_regions : 64;
	struct region *regions;
	uint64_t *unused;

	if (!sim->n_unused) {
		regions = reallocarray(sim->regions, size, sizeof(*regions));
		if (!regions)
			return NONE;
		sim->regions = regions;
		memset(regions + sim->n_regions, 0, (size - sim->n_regions) * sizeof(*regions));
		unused = reallocarray(sim->unused, size, sizeof(*unused));
		if (!unused)
			return NONE;
		sim->unused = unused;
		for (uint64_t number = sim->n_regions; number < size; number++)
			unused[sim->n_unused++] = number;
		sim->n_regions = size;
	}
	return sim->unused[--sim->n_unused];
}

static int operation_starts(struct sim *sim, double now)
{
	uint64_t target = sim->opts->targets ? random_target(sim) : own_region(sim);
	struct region *region;

	if (target == NONE)
		return -ENOMEM;
	region = &sim->regions[target];
	if (!region->registered) {
		region->entry =
			st_table_get(&sim->table, sim->opts->targets ? target : sim->next_tag++);
		region->registered = 1;
		sim->registrations++;
	} else if (!region->users) {
		kept_remove(sim, target);
	}
	region->users++;
	sim->without_hint += region->entry < 0;
	return heap_push(sim, (struct ending){
				      .time = now + random_exponential(sim, sim->opts->in_flight),
				      .target = target,
			      });
}

static void operation_ends(struct sim *sim)
{
	uint64_t target = heap_pop(sim).target;

	if (--sim->regions[target].users)
		return;
	kept_add(sim, target);
	if (sim->n_kept > sim->opts->kept)
		deregister(sim, sim->oldest);
}

/* The time unit is the mean time between arrivals. */
static int run(struct sim *sim, uint64_t operations, double *now)
{
	int ret;

	while (operations--) {
		*now += random_exponential(sim, 1);
		while (sim->in_flight && sim->heap[0].time <= *now)
			operation_ends(sim);
		ret = operation_starts(sim, *now);
		if (ret)
			return ret;
	}
	return 0;
}

static int sim_init(struct sim *sim)
{
	const struct sim_opts *opts = sim->opts;
	double sum = 0;

	st_table_init(&sim->table, opts->entries, opts->limit);
	sim->oldest = sim->newest = NONE;
	sim->random = opts->seed;
	if (!opts->targets)
		return 0;
	sim->n_regions = opts->targets;
	sim->regions = calloc(opts->targets, sizeof(*sim->regions));
	if (!sim->regions)
		return -ENOMEM;
	if (opts->zipf <= 0)
		return 0;
	sim->cumulative = calloc(opts->targets, sizeof(*sim->cumulative));
	if (!sim->cumulative)
		return -ENOMEM;
	for (uint64_t i = 0; i < opts->targets; i++)
		sim->cumulative[i] = sum += pow((double)(i + 1), -opts->zipf);
	return 0;
}

int sim_run(const struct sim_opts *opts, struct sim_result *result)
{
	struct sim sim = { .opts = opts };
	uint64_t writes;
	double now = 0;
	int ret;

	if (!opts->entries || opts->entries > ST_TABLE_MAX || !opts->limit ||
	    opts->limit > opts->entries || !(opts->in_flight > 0) || !(opts->zipf >= 0) ||
	    opts->targets > 1u << 28 || !opts->operations)
		return -EINVAL;
	ret = sim_init(&sim);
	if (!ret)
		ret = run(&sim, opts->warm_up, &now);
	writes = sim.table.writes;
	sim.without_hint = sim.registrations = 0;
	if (!ret)
		ret = run(&sim, opts->operations, &now);
	*result = (struct sim_result){ .operations = opts->operations,
				       .without_hint = sim.without_hint,
				       .registrations = sim.registrations,
				       .table_writes = sim.table.writes - writes };
	free(sim.regions);
	free(sim.unused);
	free(sim.heap);
	free(sim.cumulative);
	return ret;
}
