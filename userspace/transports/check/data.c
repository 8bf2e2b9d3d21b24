// SPDX-License-Identifier: MIT
/*
 * Data tests: a collective in each rank, by two threads as in NCCL. The service thread
 * connects and registers, the progress thread sends, receives and tests.
 */
#include <sys/prctl.h>

#include "collective.h"

const char *const data_names[] = { "point-to-point", "all-reduce", "all-gather",
				   "reduce-scatter", "all-to-all", NULL };

struct progress {
	struct job *job;
	const char *why;
};

static void *progress_thread(void *arg)
{
	struct progress *progress = arg;

	prctl(PR_SET_NAME, "NCCL Progress");
	progress->why = job_run(progress->job);
	return NULL;
}

static const char *rank_of(struct world *w, void *arg)
{
	struct progress progress = { .job = arg };
	pthread_t thread;
	const char *why;

	prctl(PR_SET_NAME, "NCCL Service");
	why = job_open(progress.job, w);
	if (why)
		return why;
	pthread_create(&thread, NULL, progress_thread, &progress);
	pthread_join(thread, NULL);
	if (progress.why)
		return progress.why;
	world_barrier(w);
	return job_close(progress.job);
}

const char *data_test(const char *name, struct plugin *p, int ranks, size_t size)
{
	struct job job;
	const char *why = job_prepare(&job, name, ranks, size);

	return why ? why : world_run(p, ranks, rank_of, &job);
}
