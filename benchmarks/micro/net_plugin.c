// SPDX-License-Identifier: MIT
/*
 * net_plugin WHAT PLUGIN [ARG]: speed of a network plugin of NCCL. Prints "NAME VALUE" lines.
 *
 *   bw         1 MiB messages from one process to another, ARG (1 to 256) of them outstanding, MiB/s; all of one
 *              buffer in a huge page, as those of ib_write_bw --use_hugepages
 *   all-reduce a ring of two ranks, 16 MiB and 128 KiB in place, and the sums alone, us
 *   post       one isend of 8 bytes that finds its receive announced, ns (instructions, where
 *              the clock counts them)
 *   register   10,000 regions of a BAR of BDF (ARG), each a page: from the 100th on and up to the last, 100
 *              of each, and what is registered already, among few and among 10,000; us of one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <tphbuf/tphbuf.h>

#include "benchmarks/micro/clock.h"
#include "tests/harness/args.h"
#include "userspace/transports/check/check.h"
#include "userspace/transports/check/collective.h"

#define RECEIVES  256 /* posted ahead, as ib_write_bw -r 256 */
#define MESSAGES  10000
#define MESSAGE	  (1u << 20)
#define HUGE_PAGE (2u << 20)
/* Not a power of two: QEMU's TLB would keep one page of the two operands of a sum at a time, and a sum take ten times
 * as long. */
#define BLOCK	((8u << 20) + (64u << 10))
#define ROUNDS	10
#define POSTS	1000
#define REGIONS 10000
#define PAGE	4096u

static void holds(const char *why)
{
	if (!why)
		return;
	fprintf(stderr, "net_plugin: %s\n", why);
	exit(1);
}

/* A connection from rank 1 to rank 0, each on a device of its own */
static const char *connect_ranks(struct world *w, struct pair *pair)
{
	int n;

	memset(pair, 0, sizeof(*pair));
	pair->p = w->p;
	TRY(np_init(w->p, &pair->ctx, NULL));
	TRY(np_devices(w->p, &n));
	if (w->rank) {
		world_take(w, 0, pair->handle, sizeof(pair->handle));
		while (!pair->send)
			TRY(np_connect(w->p, pair->ctx, 1 % n, pair->handle, &pair->send));
		return NULL;
	}
	TRY(np_listen(w->p, pair->ctx, 0, pair->handle, &pair->listen_comm));
	world_give(w, 1, pair->handle, sizeof(pair->handle));
	while (!pair->recv)
		TRY(np_accept(w->p, pair->listen_comm, &pair->recv));
	return NULL;
}

/* Up to @window requests at a time, tested in order */
static const char *stream(struct world *w, struct pair *pair, struct region *r, int window)
{
	void *requests[RECEIVES], **slot, *data = r->data, *mr = r->mr;
	int posted = 0, ended = 0, tag = 1, done;
	size_t size = MESSAGE;

	while (ended < MESSAGES) {
		slot = &requests[posted % window];
		if (posted < MESSAGES && posted - ended < window) {
			*slot = NULL;
			if (w->rank)
				TRY(np_isend(w->p, pair->send, data, size, tag, mr, slot));
			else
				TRY(np_irecv(w->p, pair->recv, 1, &data, &size, &tag, &mr, slot));
			posted += *slot != NULL;
		}
		if (ended == posted)
			continue;
		TRY(np_test(w->p, requests[ended % window], &done, NULL));
		ended += done;
	}
	return NULL;
}

/* How many of its small pages follow each other decides about the fabric's work: one huge page is always the same. */
static const char *huge_region(struct region *r, struct plugin *p, void *comm)
{
	r->size = HUGE_PAGE;
	r->comm = comm;
	r->data = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	NEED(r->data != MAP_FAILED, "no huge page; raise /proc/sys/vm/nr_hugepages");
	memset(r->data, 1, r->size);
	TRY(np_reg(p, comm, r->data, r->size, NCCL_PTR_HOST, &r->mr));
	return NULL;
}

static const char *bandwidth_rank(struct world *w, void *arg)
{
	const int *sends = arg;
	struct region r;
	struct pair pair;
	double start;

	HOLDS(connect_ranks(w, &pair));
	HOLDS(huge_region(&r, w->p, w->rank ? pair.send : pair.recv));
	world_barrier(w);
	start = now_us();
	HOLDS(stream(w, &pair, &r, w->rank ? *sends : RECEIVES));
	if (w->rank)
		printf("bw %.1f\n", MESSAGES * 1e6 / (now_us() - start));
	fflush(stdout);
	world_barrier(w);
	return NULL;
}

static const char *all_reduce_rank(struct world *w, void *arg)
{
	struct job *job = arg;
	double start, sums;

	HOLDS(job_open(job, w));
	HOLDS(job_run(job, BLOCK)); /* memory is there, page faults are over */
	world_barrier(w);
	start = now_us();
	for (int i = 0; i < ROUNDS; i++)
		HOLDS(job_run(job, BLOCK));
	start = now_us() - start;
	world_barrier(w);
	sums = now_us();
	for (int i = 0; i < ROUNDS; i++)
		HOLDS(reduce_add(job->out, job->out + BLOCK, BLOCK / 4, 4));
	if (!w->rank)
		printf("all_reduce %.1f\nsum %.1f\n", start / ROUNDS, (now_us() - sums) / ROUNDS);
	fflush(stdout);
	world_barrier(w);
	return job_close(job);
}

/* Requests are posted in groups that the receiver has announced. */
static void post(struct plugin *p)
{
	void *recv[NCCL_MAX_REQUESTS], *send[NCCL_MAX_REQUESTS], *data, *mr;
	struct region from, to;
	struct pair pair;
	double total = 0, start;
	size_t size = 8;
	int tag = 1, n = 0;

	holds(pair_prepare(&pair, p, 4096, &from, &to));
	data = to.data;
	mr = to.mr;
	while (n < POSTS) {
		for (int i = 0; i < NCCL_MAX_REQUESTS; i++) {
			recv[i] = NULL;
			while (!recv[i])
				np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv[i]);
		}
		/* The first send takes all announcements in. */
		holds(send_until(&pair, from.data, size, tag, from.mr, NULL, NULL, NULL, &send[0]));
		start = now_us();
		for (int i = 1; i < NCCL_MAX_REQUESTS; i++) {
			send[i] = NULL;
			while (!send[i])
				np_isend(p, pair.send, from.data, size, tag, from.mr, &send[i]);
		}
		total += now_us() - start;
		n += NCCL_MAX_REQUESTS - 1;
		for (int i = 0; i < NCCL_MAX_REQUESTS; i++) {
			holds(wait_request(p, send[i], NULL));
			holds(wait_request(p, recv[i], (int[64]){ 0 }));
		}
	}
	printf("post %.1f\n", total * 1000 / n);
}

struct regions {
	struct plugin *p;
	void *comm;
	int fd;
	void *mr[REGIONS], *again[1000];
};

/* us of one of @n registrations from region @first on, in turn among @among regions */
static double time_regions(struct regions *r, void **mr, int first, int n, int among)
{
	double start = now_us();

	for (int i = 0; i < n; i++) {
		size_t at = (size_t)(first + i % among) * PAGE;

		if (np_reg_dmabuf(r->p, r->comm, (char *)0x700000000000 + at, PAGE, at, r->fd,
				  &mr[i]))
			holds(reason("region %d of %d was refused", first + i, REGIONS));
	}
	return (now_us() - start) / n;
}

static double time_hits(struct regions *r, int first)
{
	double us = time_regions(r, r->again, first, 1000, 100);

	for (int i = 0; i < 1000; i++)
		np_dereg(r->p, r->comm, r->again[i]);
	return us;
}

static void registrations(struct plugin *p, const char *bdf)
{
	static const struct tphbuf_range range = { 0, (uint64_t)REGIONS * PAGE };
	static struct regions r;
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	struct pair pair;
	double first, last, hit;

	if (tphbuf_ctx_new(NULL, &ctx) || tphbuf_device_open(ctx, bdf, NULL, &dev) ||
	    tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf))
		holds(reason("%s: %s", bdf, tphbuf_ctx_error(ctx)));
	holds(pair_open(&pair, p));
	r.p = p;
	r.comm = pair.recv;
	r.fd = tphbuf_buffer_fd(buf);
	time_regions(&r, r.mr, 0, 100, 100);
	first = time_regions(&r, r.mr + 100, 100, 100, 100);
	time_regions(&r, r.mr + 200, 200, 800, 800);
	hit = time_hits(&r, 0);
	time_regions(&r, r.mr + 1000, 1000, REGIONS - 1100, REGIONS - 1100);
	last = time_regions(&r, r.mr + REGIONS - 100, REGIONS - 100, 100, 100);
	printf("register.first %.2f\nregister.last %.2f\nhit.few %.3f\nhit.many %.3f\n", first,
	       last, hit, time_hits(&r, REGIONS - 100));
	for (int i = 0; i < REGIONS; i++)
		np_dereg(p, r.comm, r.mr[i]);
	pair_end(&pair);
}

int main(int argc, char **argv)
{
	enum { BW, REGISTER, ALL_REDUCE, POST } what;
	struct plugin p;
	struct job job;
	int sends = 0;

	args_count(argc, 2, 3, "bw|register PLUGIN ARG | all-reduce|post PLUGIN");
	what = args_word("WHAT", argv[1], "bw|register|all-reduce|post");
	args_count(argc, what <= REGISTER ? 3 : 2, what <= REGISTER ? 3 : 2,
		   "bw|register PLUGIN ARG | all-reduce|post PLUGIN");
	if (what == BW)
		sends = (int)args_number("ARG", argv[3], 1, RECEIVES);
	holds(plugin_load(&p, argv[2], release_named("2.28")));
	switch (what) {
	case BW:
		holds(world_run(&p, 2, bandwidth_rank, &sends));
		break;
	case REGISTER:
		registrations(&p, argv[3]);
		break;
	case ALL_REDUCE:
		holds(job_prepare(&job, "all-reduce", 2, BLOCK));
		job.blind = job.in_place = true;
		holds(world_run(&p, 2, all_reduce_rank, &job));
		break;
	case POST:
		post(&p);
		break;
	}
	return 0;
}
