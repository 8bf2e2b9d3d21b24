// SPDX-License-Identifier: MIT
/*
 * stress BDF NIC_8BIT NIC_EXT SECONDS [SEED]: threads that export, tag, register, write, reset, switch off,
 * close and open at random, in rounds. Fails at the first answer that the current state does not
 * permit, at the first TLP with a foreign tag, and when an operation never succeeded.
 */
#include "tests/guest/stress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tphbuf/tag.h>
#include <unistd.h>

#include "tests/harness/args.h"

#define THREADS	      6
#define ROUND_SECONDS 4
#define PATIENCE      4 /* times the duration, then SIGALRM ends the program */

struct stress stress;

static const struct {
	const char *name;
	uint32_t weight;
	void (*run)(struct worker *w); /* NULL: counted under another name */
} ops[OP_COUNT] = {
	[OP_EXPORT] = { "export", 120, op_export },
	[OP_RELEASE] = { "release", 20, op_release },
	[OP_SET] = { "set", 140, op_set },
	[OP_GET] = { "get", 100, op_get },
	[OP_PROBE] = { "probe", 40, op_probe },
	[OP_REGISTER_8BIT] = { "register (8-bit NIC)", 140, op_register },
	[OP_REGISTER_EXT] = { "register (Extended NIC)", 0, NULL },
	[OP_REREGISTER] = { "register again", 0, NULL },
	[OP_REREG_REFUSED] = { "ibv_rereg_mr refused", 20, op_rereg },
	[OP_DEREGISTER] = { "deregister", 40, op_deregister },
	[OP_PREFETCH] = { "prefetch", 60, op_prefetch },
	[OP_APPLIED] = { "applied", 40, op_applied },
	[OP_WRITE] = { "write", 140, op_write },
	[OP_WRITE_CHECKED] = { "write, tag checked", 80, op_write_checked },
	[OP_RESET] = { "reset", 4, op_reset },
	[OP_MEMORY] = { "memory off and on", 8, op_memory },
	[OP_REOPEN] = { "close and open", 2, op_reopen },
};

void answer(struct worker *w, enum op op, int ret, const int *allowed)
{
	while (*allowed != 1 && *allowed != ret)
		allowed++;
	require(*allowed == ret, "%s: %d (%s), which is not allowed in this state", ops[op].name,
		ret, strerror(-ret));
	if (ret)
		w->refused[op]++;
	else
		w->done[op]++;
}

static void one_op(struct worker *w)
{
	uint32_t total = 0, at;
	int op;

	for (op = 0; op < OP_COUNT; op++)
		total += ops[op].weight;
	at = random_below(&w->random, total);
	for (op = 0; at >= ops[op].weight; op++)
		at -= ops[op].weight;
	ops[op].run(w);
}

static void *work(void *arg)
{
	while (!atomic_load(&stress.over))
		one_op(arg);
	return NULL;
}

/*
 * After a round the device is open with memory decoding on, whatever the threads did: the tally
 * must be readable.
 */
static void end_round(void)
{
	for (int i = 0; i < REGIONS; i++)
		region_empty(&stress.region[i]);
	for (int i = 0; i < SLOTS; i++)
		buffer_empty(&stress.buffer[i]);
	require(tags_verify_tally(), "the tally could not be read after round %u: %m", stress.round);
}

static void run_round(struct worker *workers, unsigned int seconds)
{
	int ret;

	atomic_store(&stress.tags, 0);
	atomic_store(&stress.over, false);
	for (int i = 0; i < THREADS; i++) {
		ret = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		require(!ret, "pthread_create: %s", strerror(ret));
	}
	sleep(seconds);
	atomic_store(&stress.over, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	end_round();
}

static void report(const struct worker *workers, unsigned int seconds)
{
	unsigned long done, refused, total = 0, inconclusive = 0, checked = 0;
	int missing = 0;

	for (int op = 0; op < OP_COUNT; op++) {
		done = refused = 0;
		for (int i = 0; i < THREADS; i++) {
			done += workers[i].done[op];
			refused += workers[i].refused[op];
		}
		printf("%-26s %8lu done %8lu refused\n", ops[op].name, done, refused);
		total += done + refused;
		missing += !done;
		if (op == OP_WRITE_CHECKED)
			checked = done + refused;
	}
	for (int i = 0; i < THREADS; i++)
		inconclusive += workers[i].inconclusive;
	printf("%lu operations in %u s and %u rounds; tags of %lu of %lu checked writes compared\n",
	       total, seconds, stress.round, checked - inconclusive, checked);
	require(!missing, "%d operations were never done", missing);
	require(checked > inconclusive, "no checked write could be compared");
}

static void prepare(char **argv, struct worker *workers, uint64_t seed)
{
	pthread_rwlockattr_t fair;

	stress.nothing = open("/", O_PATH | O_CLOEXEC);
	require(stress.nothing >= 0, "open: %m");
	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&stress.traffic, &fair);
	for (int i = 0; i < REGIONS; i++)
		pthread_rwlock_init(&stress.region[i].lock, &fair);
	device_first_open(&stress.dev, argv[1]);
	require(tags_verify_tally() || !errno, "the tally cannot be read: %m");
	for (int i = 0; i < NICS; i++)
		port_open(&stress.port[i], argv[2 + i]);
	for (int i = 0; i < THREADS; i++) {
		workers[i].random = seed + (uint64_t)i * 0x10001;
		loops_open(&workers[i]);
	}
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS];
	unsigned int seconds, left;
	uint64_t seed;

	args_count(argc, 4, 5, "BDF NIC_8BIT NIC_EXT SECONDS [SEED]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	seconds = (unsigned int)args_number("SECONDS", argv[4], 1, 86400);
	seed = random_seed(argv[5]);
	printf("+ seed 0x%" PRIx64 "\n", seed);
	alarm(seconds * PATIENCE + 60);
	prepare(argv, workers, seed);
	for (left = seconds; left; stress.round++) {
		unsigned int now = left < ROUND_SECONDS ? left : ROUND_SECONDS;

		run_round(workers, now);
		left -= now;
	}
	for (int i = 0; i < THREADS; i++)
		loops_close(&workers[i]);
	for (int i = 0; i < NICS; i++)
		port_close(&stress.port[i]);
	device_last_close(&stress.dev);
	report(workers, seconds);
	return 0;
}
