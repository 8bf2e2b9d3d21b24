// SPDX-License-Identifier: MIT
/*
 * Faults during an all-reduce that is repeated without a pause: each rank must get an error within
 * a limit, whichever rank the fault concerns, and must be able to close all it has.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "collective.h"
#include "device.h"

/* From the fault to the last rank's error: a third of the time of the test */
#define LIMIT_MS (check_deadline_s * 1000 / 3)
#define SIZE	 (256u << 10)

/* In memory of all ranks; times in ms, 0: not yet */
struct times {
	atomic_llong fault, error[MAX_PEERS];
	atomic_bool failed; /* the fault could not be injected: why */
	char why[256];
};

struct fault {
	const char *name;
	bool of_device;
	bool repeat; /* until the rank that injects it has an error */
	const char *(*inject)(void);
};

struct fault_job {
	struct job job;
	const struct fault *fault;
	struct times *times;
	atomic_uint rounds; /* of this rank */
};

static const char *off(void)
{
	return device_memory(0);
}

/* The memory is mapped again by the NIC, whose regions have the tag of before. */
static const char *other_tag(void)
{
	const char *why = device_retag();

	if (!why)
		why = device_memory(0);
	return why ? why : device_memory(1);
}

static const char *kill_self(void)
{
	raise(SIGKILL);
	return NULL;
}

static const struct fault faults[] = {
	{ "kill", false, false, kill_self },
	{ "revoke", true, false, off },
	{ "reset", true, true, device_reset },
	{ "re-tag", true, false, other_tag },
};

const char *const fault_names[] = { "kill", "revoke", "reset", "re-tag", NULL };

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static bool injects(const struct fault_job *f)
{
	const struct world *w = f->job.w;

	return w->rank == (f->fault->of_device ? 0 : w->n - 1);
}

static void *inject(void *arg)
{
	struct fault_job *f = arg;
	int rank = f->job.w->rank;
	const char *why;

	if (!injects(f))
		return NULL;
	while (atomic_load(&f->rounds) < 3 && !atomic_load(&f->times->error[rank]))
		usleep(500);
	/* Told before, so that a killed rank is not taken for a failure */
	if (!f->fault->of_device)
		world_give(f->job.w, -1, "", 1);
	atomic_store(&f->times->fault, now_ms());
	do
		why = f->fault->inject();
	while (!why && f->fault->repeat && !atomic_load(&f->times->error[rank]));
	if (why) {
		snprintf(f->times->why, sizeof(f->times->why), "%s", why);
		atomic_store(&f->times->failed, true);
	}
	return NULL;
}

/*
 * A CPU that touches memory which is off gets SIGBUS. It goes on with a page of zeros, so that the
 * rank comes to its next call of the plugin: that one has to fail.
 */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	void *page = (void *)((uintptr_t)info->si_addr & ~4095ul);

	(void)signal;
	(void)context;
	if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		_exit(3);
}

/* NULL: an error came in time, or there was no fault */
static const char *until_error(struct fault_job *f)
{
	atomic_llong *fault = &f->times->fault, *error = &f->times->error[f->job.w->rank];
	const char *why = NULL;

	while (!why) {
		why = job_run(&f->job, SIZE);
		atomic_fetch_add(&f->rounds, 1);
		if (atomic_load(&f->times->failed))
			return NULL;
		NEED(why || !atomic_load(fault) || now_ms() - atomic_load(fault) < LIMIT_MS,
		     "%s: no error within %d ms", f->fault->name, LIMIT_MS);
	}
	atomic_store(error, now_ms());
	if (check_verbose)
		fprintf(stderr, "# rank %d: %s\n", f->job.w->rank, why);
	NEED(atomic_load(fault), "an error before the fault: %s", why);
	NEED(atomic_load(error) - atomic_load(fault) < LIMIT_MS, "%s: the error came after %lld ms",
	     f->fault->name, atomic_load(error) - atomic_load(fault));
	return NULL;
}

static const char *rank_of(struct world *w, void *arg)
{
	const struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
	struct fault_job *f = arg;
	const char *why = job_open(&f->job, w), *closed;
	pthread_t thread;

	if (why)
		return why;
	sigaction(SIGBUS, &action, NULL);
	world_barrier(w);
	pthread_create(&thread, NULL, inject, f);
	why = until_error(f);
	closed = job_close(&f->job);
	pthread_join(thread, NULL);
	NEED(!atomic_load(&f->times->failed), "%s: %s", f->fault->name, f->times->why);
	return why ? why : closed;
}

/* Of the memory of a killed rank nothing is heard. */
static void print_times(const struct times *times, const char *name, int ranks)
{
	printf("# %s: errors after", name);
	for (int i = 0; i < ranks; i++) {
		if (atomic_load(&times->error[i]))
			printf(" %lld", atomic_load(&times->error[i]) - atomic_load(&times->fault));
		else
			printf(" -");
	}
	printf(" ms, by rank\n");
	fflush(stdout);
}

const char *fault_test(const char *name, struct plugin *p, int ranks)
{
	struct fault_job f = { .fault = faults };
	const char *why;

	while (strcmp(f.fault->name, name))
		f.fault++;
	if (f.fault->of_device && !device_wanted())
		return "SKIP needs --device";
	f.times = mmap(NULL, sizeof(*f.times), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	NEED(f.times != MAP_FAILED, "no memory for the test");
	why = job_prepare(&f.job, "all-reduce", ranks, SIZE);
	f.job.blind = true;
	if (!why)
		why = world_run(p, ranks, rank_of, &f);
	print_times(f.times, name, ranks);
	return why;
}
