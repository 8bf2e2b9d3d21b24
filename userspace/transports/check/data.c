// SPDX-License-Identifier: MIT
/*
 * Data tests: a collective in each rank, by two threads as in NCCL. The service thread
 * connects and registers, the progress thread sends, receives and tests.
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "collective.h"

const char *const data_names[] = { "point-to-point", "all-reduce", "all-gather",
				   "reduce-scatter", "all-to-all", NULL };

struct sizes {
	struct job job;
	const size_t *size;
	int n;
	atomic_int *done; /* in memory of all processes */
	const char *why;
};

static void *progress_thread(void *arg)
{
	struct sizes *s = arg;

	prctl(PR_SET_NAME, "NCCL Progress");
	for (int i = 0; i < s->n && !s->why; i++) {
		s->why = job_run(&s->job, s->size[i]);
		if (s->why)
			break;
		world_barrier(s->job.w);
		if (!s->job.w->rank)
			atomic_fetch_add(s->done, 1);
	}
	return NULL;
}

static const char *rank_of(struct world *w, void *arg)
{
	struct sizes *s = arg;
	pthread_t thread;
	const char *why;

	prctl(PR_SET_NAME, "NCCL Service");
	why = job_open(&s->job, w);
	if (why)
		return why;
	pthread_create(&thread, NULL, progress_thread, s);
	pthread_join(thread, NULL);
	return s->why ? s->why : job_close(&s->job);
}

const char *data_test(const char *name, struct plugin *p, int ranks, const size_t *size, int n,
		      atomic_int *done)
{
	struct sizes s = { .size = size, .n = n, .done = done };
	size_t largest = 0;
	const char *why;

	for (int i = 0; i < n; i++)
		largest = size[i] > largest ? size[i] : largest;
	why = job_prepare(&s.job, name, ranks, largest);
	return why ? why : world_run(p, ranks, rank_of, &s);
}
