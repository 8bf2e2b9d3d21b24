// SPDX-License-Identifier: MIT
/*
 * Collectives between ranks as NCCL makes them of sends and receives, every value compared
 * with what it must be. Two threads in each rank: the service thread connects and registers,
 * the progress thread sends, receives and tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "check.h"
#include "device.h"

#define MAX_PEERS 8

const char *const data_names[] = { "point-to-point", "all-reduce", "all-gather",
				   "reduce-scatter", "all-to-all", NULL };

struct job {
	struct world *w;
	const char *name;
	int dev;      /* ranks take the devices in turn */
	size_t count; /* values of each rank, or of each block */
	void *send[MAX_PEERS], *recv[MAX_PEERS];
	uint32_t *in, *out;
	size_t bytes;
	int fds[MAX_PEERS][2]; /* dma-bufs of in and out of each rank, with --device */
	char *maps[MAX_PEERS][2];
	void *in_send_mr[MAX_PEERS], *out_send_mr[MAX_PEERS], *out_recv_mr[MAX_PEERS];
	const char *why;
};

static uint32_t value(int rank, size_t i)
{
	return (uint32_t)(i * 2654435761u + (unsigned int)rank * 40503u + 12345u);
}

/* Register @in (0) or @out (1). */
static enum nccl_result reg(struct job *job, void *comm, int which, void **mr)
{
	void *data = which ? job->out : job->in;
	int rank = job->w->rank;

	if (!device_wanted())
		return np_reg(job->w->p, comm, data, job->bytes, check_memory, mr);
	return np_reg_dmabuf(job->w->p, comm, data, job->bytes, 0, job->fds[rank][which], mr);
}

/* Listen for @from, connect to @to, both polled in turn. */
static const char *join(struct job *job, int to, int from)
{
	struct world *w = job->w;
	char mine[NCCL_HANDLE_SIZE], theirs[NCCL_HANDLE_SIZE];
	void *listen_comm;

	TRY(np_listen(w->p, w->ctx, job->dev, mine, &listen_comm));
	world_give(w, from, mine, sizeof(mine));
	world_take(w, to, theirs, sizeof(theirs));
	while (!job->send[to] || !job->recv[from]) {
		if (!job->send[to])
			TRY(np_connect(w->p, w->ctx, job->dev, theirs, &job->send[to]));
		if (!job->recv[from])
			TRY(np_accept(w->p, listen_comm, &job->recv[from]));
	}
	TRY(np_close_listen(w->p, listen_comm));
	TRY(reg(job, job->send[to], 0, &job->in_send_mr[to]));
	TRY(reg(job, job->send[to], 1, &job->out_send_mr[to]));
	TRY(reg(job, job->recv[from], 1, &job->out_recv_mr[from]));
	return NULL;
}

/* Send to one rank while receiving from another; the size must be exact. */
static const char *exchange(struct job *job, int to, const void *src, void *src_mr,
			    size_t send_size, int from, void *dst, size_t recv_size)
{
	struct plugin *p = job->w->p;
	void *send = NULL, *recv = NULL, *mr = job->out_recv_mr[from];
	int tag = from, got[64] = { 0 }, sent = 0, received = 0;

	while (!sent || !received) {
		if (!recv)
			TRY(np_irecv(p, job->recv[from], 1, &dst, &recv_size, &tag, &mr, &recv));
		if (!send)
			TRY(np_isend(p, job->send[to], (void *)(uintptr_t)src, send_size,
				     job->w->rank, src_mr, &send));
		if (send && !sent)
			TRY(np_test(p, send, &sent, NULL));
		if (recv && !received)
			TRY(np_test(p, recv, &received, got));
	}
	NEED((size_t)got[0] == recv_size, "rank %d sent %zu bytes, the receiver was told %d", from,
	     recv_size, got[0]);
	return NULL;
}

/* Blocks of a ring: block b has values [b * count, (b + 1) * count). */
static const char *ring_reduce_scatter(struct job *job)
{
	int n = job->w->n, rank = job->w->rank, next = (rank + 1) % n, prev = (rank + n - 1) % n;
	size_t count = job->count, size = count * sizeof(uint32_t);
	uint32_t *room = job->out + count * (size_t)n;
	const char *why;

	memcpy(job->out, job->in, size * (size_t)n);
	for (int step = 0; step < n - 1; step++) {
		uint32_t *send = job->out + count * (size_t)((rank - step - 1 + 2 * n) % n);
		uint32_t *sum = job->out + count * (size_t)((rank - step - 2 + 2 * n) % n);

		why = exchange(job, next, send, job->out_send_mr[next], size, prev, room, size);
		if (why)
			return why;
		for (size_t i = 0; i < count; i++)
			sum[i] += room[i];
	}
	return NULL;
}

static const char *ring_all_gather(struct job *job)
{
	int n = job->w->n, rank = job->w->rank, next = (rank + 1) % n, prev = (rank + n - 1) % n;
	size_t count = job->count, size = count * sizeof(uint32_t);
	const char *why;

	for (int step = 0; step < n - 1; step++) {
		uint32_t *send = job->out + count * (size_t)((rank - step + 2 * n) % n);
		uint32_t *recv = job->out + count * (size_t)((rank - step - 1 + 2 * n) % n);

		why = exchange(job, next, send, job->out_send_mr[next], size, prev, recv, size);
		if (why)
			return why;
	}
	return NULL;
}

static const char *compare(struct job *job, size_t first, size_t count,
			   uint32_t (*want)(struct job *, size_t))
{
	for (size_t i = first; i < first + count; i++)
		NEED(job->out[i] == want(job, i), "value %zu is %#x, not %#x", i, job->out[i],
		     want(job, i));
	return NULL;
}

static uint32_t want_sum(struct job *job, size_t i)
{
	uint32_t sum = 0;

	for (int r = 0; r < job->w->n; r++)
		sum += value(r, i);
	return sum;
}

static uint32_t want_gathered(struct job *job, size_t i)
{
	return value((int)(i / job->count), i % job->count);
}

static uint32_t want_transposed(struct job *job, size_t i)
{
	return value((int)(i / job->count), job->count * (size_t)job->w->rank + i % job->count);
}

static uint32_t want_prev(struct job *job, size_t i)
{
	return value((job->w->rank + job->w->n - 1) % job->w->n, i);
}

static const char *all_to_all(struct job *job)
{
	int n = job->w->n, rank = job->w->rank;
	size_t count = job->count, size = count * sizeof(uint32_t);
	const char *why = NULL;

	memcpy(job->out + count * (size_t)rank, job->in + count * (size_t)rank, size);
	for (int step = 1; step < n && !why; step++) {
		int to = (rank + step) % n, from = (rank + n - step) % n;

		why = exchange(job, to, job->in + count * (size_t)to, job->in_send_mr[to], size,
			       from, job->out + count * (size_t)from, size);
	}
	return why ? why : compare(job, 0, count * (size_t)n, want_transposed);
}

static const char *collective(struct job *job)
{
	int n = job->w->n, rank = job->w->rank, next = (rank + 1) % n, prev = (rank + n - 1) % n;
	size_t all = job->count * (size_t)n, size = job->count * sizeof(uint32_t);
	const char *why;

	if (!strcmp(job->name, "point-to-point")) {
		why = exchange(job, next, job->in, job->in_send_mr[next], size, prev, job->out,
			       size);
		return why ? why : compare(job, 0, job->count, want_prev);
	}
	if (!strcmp(job->name, "all-to-all"))
		return all_to_all(job);
	if (!strcmp(job->name, "all-gather")) {
		memcpy(job->out + job->count * (size_t)rank, job->in, size);
		why = ring_all_gather(job);
		return why ? why : compare(job, 0, all, want_gathered);
	}
	why = ring_reduce_scatter(job);
	if (why || !strcmp(job->name, "reduce-scatter"))
		return why ? why : compare(job, job->count * (size_t)rank, job->count, want_sum);
	why = ring_all_gather(job);
	return why ? why : compare(job, 0, all, want_sum);
}

static void *progress_thread(void *arg)
{
	struct job *job = arg;

	prctl(PR_SET_NAME, "NCCL Progress");
	job->why = collective(job);
	return NULL;
}

static const char *rank_of(struct world *w, void *arg)
{
	struct job *job = arg;
	size_t values = job->count * (size_t)(w->n + 1) + 1;
	pthread_t thread;
	const char *why = NULL;
	int n;

	job->w = w;
	TRY(np_init(w->p, &w->ctx, check_log));
	TRY(np_devices(w->p, &n));
	job->dev = w->rank % n;
	prctl(PR_SET_NAME, "NCCL Service");
	job->bytes = values * sizeof(uint32_t);
	if (device_wanted()) {
		job->in = (void *)job->maps[w->rank][0];
		job->out = (void *)job->maps[w->rank][1];
	} else {
		job->in = mmap(NULL, job->bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		job->out = mmap(NULL, job->bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	NEED(job->in != MAP_FAILED && job->out != MAP_FAILED, "no memory for the test");
	for (size_t i = 0; i < values; i++)
		job->in[i] = value(w->rank, i);
	for (int step = 1; step < w->n && !why; step++)
		why = join(job, (w->rank + step) % w->n, (w->rank + w->n - step) % w->n);
	if (why)
		return why;
	pthread_create(&thread, NULL, progress_thread, job);
	pthread_join(thread, NULL);
	if (job->why)
		return job->why;
	world_barrier(w);
	for (int i = 0; i < w->n; i++) {
		if (i == w->rank)
			continue;
		np_dereg(w->p, job->send[i], job->in_send_mr[i]);
		np_dereg(w->p, job->send[i], job->out_send_mr[i]);
		np_dereg(w->p, job->recv[i], job->out_recv_mr[i]);
		TRY(np_close_send(w->p, job->send[i]));
		TRY(np_close_recv(w->p, job->recv[i]));
	}
	TRY(np_finalize(w->p, w->ctx));
	return NULL;
}

const char *data_test(const char *name, struct plugin *p, int ranks, size_t count)
{
	struct job job = { .name = name, .count = count };
	size_t bytes = (count * (size_t)(ranks + 1) + 1) * sizeof(uint32_t);
	const char *why;

	if (device_wanted()) {
		why = device_open();
		bytes = (bytes + 4095) & ~4095ul;
		for (int i = 0; i < 2 * ranks && !why; i++)
			why = device_export(i / 2, bytes * (size_t)i, bytes, &job.fds[i / 2][i % 2],
					    &job.maps[i / 2][i % 2]);
		if (why)
			return why;
	}
	return world_run(p, ranks, rank_of, &job);
}
