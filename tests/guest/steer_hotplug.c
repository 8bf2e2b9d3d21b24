// SPDX-License-Identifier: MIT
/*
 * CPU 1 goes offline and comes back all the time, while two threads SET tags and the device writes. Every
 * answer is one that the state of the CPU permits, a SET that is refused changes nothing, and each entry
 * sends the tag of its CPU or none. The entries of odd number are only ever set to CPU 1, the others to
 * CPU 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/random.h"
#include "tests/guest/steer_ops.h"

#define ENTRIES 4
#define LENGTH	4096

/* Modulo 4. In the other states nothing is certain. */
enum { ONLINE = 0, OFFLINE = 2 };

struct hotplug {
	struct steer *rig;
	atomic_uint state;
	atomic_bool over;
	uint64_t random;
	unsigned long cycles, set, refused, bound, lost, transfers, tags[ENTRIES];
};

/* The CPU has been in @state since @before was read. */
static bool surely(struct hotplug *h, unsigned int before, unsigned int state)
{
	return before % 4 == state && atomic_load(&h->state) == before;
}

static void plug(struct hotplug *h, const char *on)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY | O_CLOEXEC);

	atomic_fetch_add(&h->state, 1);
	require(fd >= 0 && write(fd, on, 1) == 1, "CPU 1 to %s: %m", on);
	close(fd);
	atomic_fetch_add(&h->state, 1);
	usleep(30000);
}

static void *plug_thread(void *arg)
{
	struct hotplug *h = arg;

	while (!atomic_load(&h->over)) {
		plug(h, "0");
		plug(h, "1");
		h->cycles++;
	}
	return NULL;
}

static uint32_t tag_in(uint32_t entry, uint32_t cpu)
{
	return cpu == VFIO_TPH_ST_CLEAR ? 0 : TAG_EXT(entry & 1);
}

/* Entries 0 and 1: this thread may run on both CPUs, so SET of CPU 1 depends on its state alone. */
static void *set_thread(void *arg)
{
	uint32_t now[2] = { VFIO_TPH_ST_CLEAR, VFIO_TPH_ST_CLEAR };
	struct hotplug *h = arg;

	while (!atomic_load(&h->over)) {
		unsigned int before = atomic_load(&h->state);
		uint32_t cpus[2];
		int ret;

		for (uint32_t i = 0; i < 2; i++)
			cpus[i] = random_chance(&h->random, 70) ? i : VFIO_TPH_ST_CLEAR;
		ret = steer_set(h->rig, 0, 0, 2, cpus);
		if (cpus[1] != 1 || surely(h, before, ONLINE))
			expect_errno("SET", ret, 0);
		else if (surely(h, before, OFFLINE))
			expect_errno("SET of a CPU that is offline", ret, -EPERM);
		else
			require(!ret || ret == -EPERM, "SET: %s", strerror(-ret));
		if (!ret)
			memcpy(now, cpus, sizeof(now));
		h->set += !ret;
		h->refused += !!ret;
		for (uint32_t i = 0; i < 2; i++)
			require(table_entry(h->rig, i) == tag_in(i, now[i]),
				"after %s entry %u is 0x%x", ret ? "EPERM" : "SET", i,
				table_entry(h->rig, i));
	}
	return NULL;
}

/* Entries 2 and 3: a thread bound to CPU 1, which the kernel lets run elsewhere when that goes offline */
static void *bound_thread(void *arg)
{
	struct hotplug *h = arg;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	while (!atomic_load(&h->over)) {
		unsigned int before = atomic_load(&h->state);
		const uint32_t cpu = before & 4 ? 1 : 0;
		int ret;

		if (sched_setaffinity(0, sizeof(one), &one)) {
			require(errno == EINVAL && !surely(h, before, ONLINE),
				"binding to CPU 1: %m");
			h->lost++;
			usleep(1000);
			continue;
		}
		ret = steer_set(h->rig, 0, (uint16_t)(2 + cpu), 1, &cpu);
		if (surely(h, before, ONLINE))
			expect_errno("SET of a bound thread", ret, cpu ? 0 : -EPERM);
		else
			require(!ret || ret == -EPERM, "SET of a bound thread: %s", strerror(-ret));
		h->bound++;
	}
	return NULL;
}

/* No hint: TPH is off for a moment while entries are written. */
static void check_entry(struct hotplug *h, uint32_t entry)
{
	uint32_t rows = witness_get(h->rig, ENG_WIT_ROWS);

	for (uint32_t row = 0; row < rows; row++) {
		uint32_t width, st;

		witness_put(h->rig, ENG_WIT_ROW, row);
		width = witness_get(h->rig, ENG_WIT_ROW_WIDTH);
		st = witness_get(h->rig, ENG_WIT_ROW_ST);
		require(!width || (width == 16 && (!st || st == TAG_EXT(entry & 1))),
			"a TLP by entry %u carried %u-bit tag 0x%x", entry, width, st);
		h->tags[entry] += width && st;
	}
}

static void traffic(struct hotplug *h, time_t end)
{
	while (time(NULL) < end) {
		uint32_t entry = (uint32_t)h->transfers++ % ENTRIES;

		witness_put(h->rig, ENG_WIT_CLEAR, 1);
		steer_start(h->rig, HINT_ENTRY(entry), LENGTH);
		steer_finish(h->rig, LENGTH);
		check_entry(h, entry);
	}
}

void test_hotplug(struct steer *rig, const char *seconds)
{
	void *(*const work[])(void *) = { plug_thread, set_thread, bound_thread };
	struct hotplug h = { .rig = rig, .random = random_seed(getenv("SEED")) };
	pthread_t threads[3];

	printf("seed %llu\n", (unsigned long long)h.random);
	ctrl_put(rig, ENABLE(EXT, IV));
	for (size_t i = 0; i < 3; i++)
		require(!pthread_create(&threads[i], NULL, work[i], &h), "no thread");
	traffic(&h, time(NULL) + (time_t)args_number("ARGUMENT", seconds, 1, 86400));
	atomic_store(&h.over, true);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("%lu times offline; SET %lu, refused %lu; bound %lu, without their CPU %lu; transfers %lu, "
	       "with tag by entry %lu %lu %lu %lu\n",
	       h.cycles, h.set, h.refused, h.bound, h.lost, h.transfers, h.tags[0], h.tags[1],
	       h.tags[2], h.tags[3]);
	require(h.cycles && h.set && h.refused && h.bound && h.tags[0] && h.tags[1],
		"something never happened");
	expect_ctrl(rig, "after all", ENABLE(EXT, IV));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		const uint32_t cpu = i & 1;

		expect_errno("SET", steer_set(rig, 0, (uint16_t)i, 1, &cpu), 0);
		expect_wire(rig, "after all", HINT_ENTRY(i), 16, TAG_EXT(cpu));
	}
	ctrl_put(rig, 0);
}
