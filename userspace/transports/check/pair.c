// SPDX-License-Identifier: MIT
/* A connection inside one process: both ends are ours, so that one thread decides the order. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"

const char *pair_join(struct pair *pair)
{
	while (!pair->send || !pair->recv) {
		if (!pair->send)
			TRY(np_connect(pair->p, pair->ctx, 0, pair->handle, &pair->send));
		if (!pair->recv)
			TRY(np_accept(pair->p, pair->listen_comm, &pair->recv));
	}
	return NULL;
}

const char *pair_connect(struct pair *pair, struct plugin *p, void *ctx)
{
	memset(pair, 0, sizeof(*pair));
	pair->p = p;
	pair->ctx = ctx;
	TRY(np_listen(p, ctx, 0, pair->handle, &pair->listen_comm));
	return pair_join(pair);
}

const char *pair_open(struct pair *pair, struct plugin *p)
{
	void *ctx;
	int n;

	TRY(np_init(p, &ctx, check_log));
	TRY(np_devices(p, &n));
	NEED(n > 0, "%d devices", n);
	return pair_connect(pair, p, ctx);
}

void pair_close(struct pair *pair)
{
	if (pair->send)
		np_close_send(pair->p, pair->send);
	if (pair->recv)
		np_close_recv(pair->p, pair->recv);
	if (pair->listen_comm)
		np_close_listen(pair->p, pair->listen_comm);
	pair->send = pair->recv = pair->listen_comm = NULL;
}

void pair_end(struct pair *pair)
{
	pair_close(pair);
	np_finalize(pair->p, pair->ctx);
}

const char *region_new(struct region *r, struct plugin *p, void *comm, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(r->data != MAP_FAILED, "no memory for the test");
	r->size = size;
	r->comm = comm;
	TRY(np_reg(p, comm, r->data, size, NCCL_PTR_HOST, &r->mr));
	return NULL;
}

void region_free(struct region *r, struct plugin *p)
{
	np_dereg(p, r->comm, r->mr);
	munmap(r->data, r->size);
}

const char *pair_prepare(struct pair *pair, struct plugin *p, size_t size, struct region *from,
			 struct region *to)
{
	HOLDS(pair_open(pair, p));
	HOLDS(region_new(from, p, pair->send, size));
	return region_new(to, p, pair->recv, size);
}

static unsigned char pattern(size_t i, unsigned int seed)
{
	return (unsigned char)(i * 31 + (i >> 8) * 7 + seed * 101 + 1);
}

void pattern_fill(void *data, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)data)[i] = pattern(i, seed);
}

size_t pattern_differs(const void *data, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++) {
		if (((const unsigned char *)data)[i] != pattern(i, seed))
			return i;
	}
	return size;
}

const char *wait_request(struct plugin *p, void *req, int *sizes)
{
	int done = 0;

	while (!done)
		TRY(np_test(p, req, &done, sizes));
	return NULL;
}

/* Call isend until it takes the message; poll a receive between the tries. */
const char *send_until(struct pair *pair, void *data, size_t size, int tag, void *mr, void *poll,
		       int *poll_done, int *poll_sizes, void **req)
{
	*req = NULL;
	while (!*req) {
		TRY(np_isend(pair->p, pair->send, data, size, tag, mr, req));
		if (!*req && poll && !*poll_done)
			TRY(np_test(pair->p, poll, poll_done, poll_sizes));
	}
	return NULL;
}

const char *pair_transfer(struct pair *pair, struct region *from, size_t size, struct region *to,
			  size_t room, int *got)
{
	void *data = to->data, *mr = to->mr, *recv = NULL, *send = NULL;
	int tag = 7, recv_done = 0, send_done = 0, sizes[64] = { 0 };
	const char *why;

	while (!recv)
		TRY(np_irecv(pair->p, pair->recv, 1, &data, &room, &tag, &mr, &recv));
	why = send_until(pair, from->data, size, tag, from->mr, recv, &recv_done, sizes, &send);
	if (why)
		return why;
	while (!send_done || !recv_done) {
		if (!send_done)
			TRY(np_test(pair->p, send, &send_done, NULL));
		if (!recv_done)
			TRY(np_test(pair->p, recv, &recv_done, sizes));
	}
	if (got)
		*got = sizes[0];
	return NULL;
}

const char *pair_message(struct pair *pair, size_t size, unsigned int seed)
{
	struct region from, to;

	HOLDS(region_new(&from, pair->p, pair->send, size));
	HOLDS(region_new(&to, pair->p, pair->recv, size));
	pattern_fill(from.data, size, seed);
	HOLDS(pair_transfer(pair, &from, size, &to, size, NULL));
	NEED(pattern_differs(to.data, size, seed) == size, "the data is wrong at byte %zu of %zu",
	     pattern_differs(to.data, size, seed), size);
	region_free(&from, pair->p);
	region_free(&to, pair->p);
	return NULL;
}
