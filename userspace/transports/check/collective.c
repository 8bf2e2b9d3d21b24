// SPDX-License-Identifier: MIT
/* Collectives between ranks, every element of the result compared: collective.h. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collective.h"
#include "device.h"

static uint32_t value(const struct job *job, int rank, size_t i)
{
	uint32_t v = (uint32_t)(i * 2654435761u + (unsigned int)rank * 40503u + 12345u);

	return job->width == 4 ? v : v >> 13 & 0xff;
}

static uint32_t element(const struct job *job, const unsigned char *data, size_t i)
{
	return job->width == 4 ? ((const uint32_t *)(const void *)data)[i] : data[i];
}

static void fill(struct job *job)
{
	uint32_t *words = (uint32_t *)(void *)job->in;

	for (size_t i = 0; i < job->count * job->blocks[0]; i++) {
		if (job->width == 4)
			words[i] = value(job, job->w->rank, i);
		else
			job->in[i] = (unsigned char)value(job, job->w->rank, i);
	}
}

/* How many blocks of a size @in and @out have */
static void blocks_of(const char *name, int ranks, size_t *in, size_t *out)
{
	*in = *out = (size_t)ranks;
	if (!strcmp(name, "point-to-point"))
		*in = *out = 1;
	else if (!strcmp(name, "all-gather"))
		*in = 1;
	else if (strcmp(name, "all-to-all"))
		*out += 1; /* what arrived, before the sum */
}

const char *job_prepare(struct job *job, const char *name, int ranks, size_t size)
{
	const char *why;

	memset(job, 0, sizeof(*job));
	job->name = name;
	job->ranks = ranks;
	blocks_of(name, ranks, &job->blocks[0], &job->blocks[1]);
	for (int i = 0; i < 2; i++)
		job->bytes[i] = size * job->blocks[i];
	if (!device_wanted())
		return NULL;
	why = device_open();
	for (int i = 0; i < 2 * ranks && !why; i++)
		why = device_export(i / 2, ranks, job->bytes[i % 2], &job->fds[i / 2][i % 2],
				    &job->maps[i / 2][i % 2]);
	return why;
}

/* Register @in (0) or @out (1). */
static enum nccl_result reg(struct job *job, void *comm, int which, void **mr)
{
	void *data = which ? job->out : job->in;
	int rank = job->w->rank;

	if (!device_wanted() || check_memory == NCCL_PTR_CUDA)
		return np_reg(job->w->p, comm, data, job->bytes[which], check_memory, mr);
	return np_reg_dmabuf(job->w->p, comm, data, job->bytes[which], 0, job->fds[rank][which], mr);
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

const char *job_open(struct job *job, struct world *w)
{
	const char *why = NULL;
	int n;

	job->w = w;
	TRY(np_init(w->p, &w->ctx, check_log));
	TRY(np_devices(w->p, &n));
	job->dev = w->rank % n;
	if (device_wanted()) {
		job->in = (void *)job->maps[w->rank][0];
		job->out = (void *)job->maps[w->rank][1];
	} else {
		job->in = mmap(NULL, job->bytes[0], PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		job->out = mmap(NULL, job->bytes[1], PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	NEED(job->in != MAP_FAILED && job->out != MAP_FAILED, "no memory for the test");
	for (int step = 1; step < w->n && !why; step++)
		why = join(job, (w->rank + step) % w->n, (w->rank + w->n - step) % w->n);
	return why;
}

/* Close what is open; after an error not all of it is. */
const char *job_close(struct job *job)
{
	struct world *w = job->w;

	for (int i = 0; i < w->n; i++) {
		if (job->in_send_mr[i])
			np_dereg(w->p, job->send[i], job->in_send_mr[i]);
		if (job->out_send_mr[i])
			np_dereg(w->p, job->send[i], job->out_send_mr[i]);
		if (job->out_recv_mr[i])
			np_dereg(w->p, job->recv[i], job->out_recv_mr[i]);
		if (job->send[i])
			TRY(np_close_send(w->p, job->send[i]));
		if (job->recv[i])
			TRY(np_close_recv(w->p, job->recv[i]));
	}
	TRY(np_finalize(w->p, w->ctx));
	return NULL;
}

/* What NCCL does before it lets a device read what arrived */
static const char *flush(struct job *job, int from, void *dst, size_t size)
{
	void *mr = job->out_recv_mr[from], *request = NULL;
	int bytes = (int)size;

	TRY(np_iflush(job->w->p, job->recv[from], 1, &dst, &bytes, &mr, &request));
	return request ? wait_request(job->w->p, request, NULL) : NULL;
}

/* Send to one rank while receiving from another; the size must be exact. */
static const char *exchange(struct job *job, int to, const void *src, void *src_mr, int from,
			    void *dst)
{
	struct plugin *p = job->w->p;
	void *send = NULL, *recv = NULL, *mr = job->out_recv_mr[from];
	int tag = from, got[64] = { 0 }, sent = 0, received = 0;
	size_t size = job->count * job->width;

	while (!sent || !received) {
		if (!recv)
			TRY(np_irecv(p, job->recv[from], 1, &dst, &size, &tag, &mr, &recv));
		if (!send)
			TRY(np_isend(p, job->send[to], (void *)(uintptr_t)src, size, job->w->rank,
				     src_mr, &send));
		if (send && !sent)
			TRY(np_test(p, send, &sent, NULL));
		if (recv && !received)
			TRY(np_test(p, recv, &received, got));
	}
	NEED((size_t)got[0] == size, "rank %d sent %zu bytes, the receiver was told %d", from, size,
	     got[0]);
	return device_wanted() ? flush(job, from, dst, size) : NULL;
}

/* Block @n of @out, counted modulo the number of ranks */
static unsigned char *block(struct job *job, int n)
{
	return job->out + job->count * job->width * (size_t)((n + 2 * job->ranks) % job->ranks);
}

static const char *ring_reduce_scatter(struct job *job)
{
	int n = job->ranks, rank = job->w->rank, next = (rank + 1) % n, prev = (rank + n - 1) % n;
	unsigned char *room = job->out + job->count * job->width * (size_t)n;
	const char *why = NULL;

	if (!job->in_place)
		memcpy(job->out, job->in, job->count * job->width * (size_t)n);
	for (int step = 0; step < n - 1 && !why; step++) {
		why = exchange(job, next, block(job, rank - step - 1), job->out_send_mr[next], prev,
			       room);
		if (!why)
			why = reduce_add(block(job, rank - step - 2), room, job->count, job->width);
	}
	return why;
}

static const char *ring_all_gather(struct job *job)
{
	int n = job->ranks, rank = job->w->rank, next = (rank + 1) % n, prev = (rank + n - 1) % n;
	const char *why = NULL;

	for (int step = 0; step < n - 1 && !why; step++)
		why = exchange(job, next, block(job, rank - step), job->out_send_mr[next], prev,
			       block(job, rank - step - 1));
	return why;
}

static const char *compare(struct job *job, size_t first, size_t count,
			   uint32_t (*want)(struct job *, size_t))
{
	for (size_t i = first; i < first + count && !job->blind; i++)
		NEED(element(job, job->out, i) == want(job, i), "element %zu is %#x, not %#x", i,
		     element(job, job->out, i), want(job, i));
	return NULL;
}

static uint32_t want_sum(struct job *job, size_t i)
{
	uint32_t sum = 0;

	for (int r = 0; r < job->ranks; r++)
		sum += value(job, r, i);
	return job->width == 4 ? sum : sum & 0xff;
}

static uint32_t want_gathered(struct job *job, size_t i)
{
	return value(job, (int)(i / job->count), i % job->count);
}

static uint32_t want_transposed(struct job *job, size_t i)
{
	return value(job, (int)(i / job->count), job->count * (size_t)job->w->rank + i % job->count);
}

static uint32_t want_prev(struct job *job, size_t i)
{
	return value(job, (job->w->rank + job->ranks - 1) % job->ranks, i);
}

static const char *all_to_all(struct job *job)
{
	int n = job->ranks, rank = job->w->rank;
	size_t size = job->count * job->width;
	const char *why = NULL;

	memcpy(block(job, rank), job->in + size * (size_t)rank, size);
	for (int step = 1; step < n && !why; step++) {
		int to = (rank + step) % n, from = (rank + n - step) % n;

		why = exchange(job, to, job->in + size * (size_t)to, job->in_send_mr[to], from,
			       block(job, from));
	}
	return why ? why : compare(job, 0, job->count * (size_t)n, want_transposed);
}

static const char *run(struct job *job)
{
	int n = job->ranks, rank = job->w->rank, next = (rank + 1) % n, prev = (rank + n - 1) % n;
	size_t all = job->count * (size_t)n;
	const char *why;

	if (!strcmp(job->name, "point-to-point")) {
		why = exchange(job, next, job->in, job->in_send_mr[next], prev, job->out);
		return why ? why : compare(job, 0, job->count, want_prev);
	}
	if (!strcmp(job->name, "all-to-all"))
		return all_to_all(job);
	if (!strcmp(job->name, "all-gather")) {
		memcpy(block(job, rank), job->in, job->count * job->width);
		why = ring_all_gather(job);
		return why ? why : compare(job, 0, all, want_gathered);
	}
	why = ring_reduce_scatter(job);
	if (why || !strcmp(job->name, "reduce-scatter"))
		return why ? why : compare(job, job->count * (size_t)rank, job->count, want_sum);
	why = ring_all_gather(job);
	return why ? why : compare(job, 0, all, want_sum);
}

const char *job_run(struct job *job, size_t size)
{
	bool first = !job->count;

	job->width = size % 4 ? 1 : 4;
	job->count = size / job->width;
	if (first || !job->blind)
		fill(job);
	return run(job);
}
