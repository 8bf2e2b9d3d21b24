// SPDX-License-Identifier: MIT
/* Contract points about what goes wrong, and about several comms at a time. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "device.h"

static const char *c23_close_in_flight(struct plugin *p)
{
	void *recv = NULL, *data, *mr, *ctx;
	size_t size = 65536;
	struct region to;
	struct pair pair;
	int tag = 1;

	HOLDS(pair_open(&pair, p));
	HOLDS(region_new(&to, p, pair.recv, size));
	data = to.data;
	mr = to.mr;
	for (int i = 0; i < 4; i++) {
		recv = NULL;
		TRY(np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv));
	}
	TRY(np_dereg(p, pair.recv, to.mr));
	TRY(np_close_recv(p, pair.recv));
	TRY(np_close_send(p, pair.send));
	TRY(np_close_listen(p, pair.listen_comm));
	ctx = pair.ctx;
	TRY(np_finalize(p, ctx));
	return NULL;
}

struct doomed {
	const char *(*after)(struct pair *pair, void *recv, struct region *to);
};

/* Rank 0 receives; rank 1 connects, is ready, and is killed. */
static const char *doomed_rank(struct world *w, void *arg)
{
	struct doomed *doomed = arg;
	void *recv = NULL, *data, *mr;
	size_t size = 65536;
	struct region to;
	struct pair pair = { .p = w->p };
	int tag = 1, n;

	TRY(np_init(w->p, &pair.ctx, check_log));
	TRY(np_devices(w->p, &n));
	if (w->rank) {
		world_take(w, 0, pair.handle, sizeof(pair.handle));
		while (!pair.send)
			TRY(np_connect(w->p, pair.ctx, 0, pair.handle, &pair.send));
		world_give(w, 0, "x", 1);
		world_take(w, 0, pair.handle, 1);
		/* Its result is told first, so that the death is not taken for a failure. */
		world_give(w, -1, "", 1);
		raise(SIGKILL);
	}
	TRY(np_listen(w->p, pair.ctx, 0, pair.handle, &pair.listen_comm));
	world_give(w, 1, pair.handle, sizeof(pair.handle));
	while (!pair.recv)
		TRY(np_accept(w->p, pair.listen_comm, &pair.recv));
	HOLDS(region_new(&to, w->p, pair.recv, size));
	data = to.data;
	mr = to.mr;
	while (!recv)
		TRY(np_irecv(w->p, pair.recv, 1, &data, &size, &tag, &mr, &recv));
	world_take(w, 1, pair.handle, 1);
	world_give(w, 1, "x", 1);
	return doomed->after(&pair, recv, &to);
}

static const char *becomes_error(struct pair *pair, void *recv, struct region *to)
{
	int done = 0;

	(void)to;
	/* The deadline of the point is the limit. */
	for (;;) {
		if (np_test(pair->p, recv, &done, NULL)) {
			np_close_recv(pair->p, pair->recv);
			np_finalize(pair->p, pair->ctx);
			return NULL;
		}
		NEED(!done, "a receive from a dead peer is done");
		usleep(100);
	}
}

static const char *stays_error(struct pair *pair, void *recv, struct region *to)
{
	void *data = to->data, *mr = to->mr, *req;
	size_t size = 100;
	int done = 0, tag = 1;
	bool failed = false;

	while (!failed) {
		req = NULL;
		failed = np_test(pair->p, recv, &done, NULL) ||
			 np_irecv(pair->p, pair->recv, 1, &data, &size, &tag, &mr, &req);
		usleep(1000);
	}
	for (int i = 0; i < 5; i++) {
		req = NULL;
		NEED(np_irecv(pair->p, pair->recv, 1, &data, &size, &tag, &mr, &req),
		     "irecv succeeds after the comm has failed");
	}
	return NULL;
}

static const char *c24_peer_killed(struct plugin *p)
{
	struct doomed doomed = { becomes_error };

	return world_run(p, 2, doomed_rank, &doomed);
}

static const char *c25_sticky(struct plugin *p)
{
	struct doomed doomed = { stays_error };

	return world_run(p, 2, doomed_rank, &doomed);
}

#define FLOOD 600

/* Either no request or an error may come, but what got a request must arrive. */
static const char *c27_exhaustion(struct plugin *p)
{
	static void *recv[FLOOD];
	void *send, *data, *mr;
	int n = 0, tag = 1, got[64], done;
	size_t size = 64;
	struct region from, to;
	struct pair pair;
	const char *why;

	HOLDS(pair_prepare(&pair, p, FLOOD * size, &from, &to));
	pattern_fill(from.data, FLOOD * size, 1);
	mr = to.mr;
	for (; n < FLOOD; n++) {
		data = to.data + (size_t)n * size;
		recv[n] = NULL;
		if (np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv[n]) || !recv[n])
			break;
	}
	NEED(n >= np_requests(p), "only %d receives can be posted; NCCL posts %d", n,
	     np_requests(p));
	for (int i = 0; i < n; i++) {
		done = got[0] = 0;
		if ((why = send_until(&pair, from.data + (size_t)i * size, size, tag, from.mr,
				      recv[i], &done, got, &send)) ||
		    (why = wait_request(p, send, NULL)) ||
		    (!done && (why = wait_request(p, recv[i], got))))
			return reason("message %d of %d: %s", i, n, why);
		NEED((size_t)got[0] == size, "receive %d of %d was done with %d bytes", i, n,
		     got[0]);
	}
	NEED(pattern_differs(to.data, (size_t)n * size, 1) == (size_t)n * size, "a message is lost");
	/* And the comm is as good as new. */
	return pair_transfer(&pair, &from, size, &to, size, NULL);
}

struct traffic {
	struct plugin *p;
	void *ctx;
	const char *why;
	unsigned int seed;
};

static const char *carry(struct traffic *t)
{
	struct region from, to;
	struct pair pair;
	const char *why = pair_connect(&pair, t->p, t->ctx);

	if (why || (why = region_new(&from, t->p, pair.send, 50000)) ||
	    (why = region_new(&to, t->p, pair.recv, 50000)))
		return why;
	for (unsigned int i = 0; i < 100; i++) {
		pattern_fill(from.data, 50000, t->seed + i);
		HOLDS(pair_transfer(&pair, &from, 50000, &to, 50000, NULL));
		NEED(pattern_differs(to.data, 50000, t->seed + i) == 50000, "message %u is wrong",
		     i);
	}
	pair_close(&pair);
	return NULL;
}

static void *traffic_thread(void *arg)
{
	struct traffic *t = arg;

	t->why = carry(t);
	return NULL;
}

static const char *c28_two_threads(struct plugin *p)
{
	struct traffic traffic[2];
	pthread_t threads[2];
	void *ctx;
	int n;

	TRY(np_init(p, &ctx, check_log));
	TRY(np_devices(p, &n));
	for (unsigned int i = 0; i < 2; i++) {
		traffic[i] = (struct traffic){ .p = p, .ctx = ctx, .seed = 1000 * i };
		pthread_create(&threads[i], NULL, traffic_thread, &traffic[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	NEED(!traffic[0].why, "thread 0: %s", traffic[0].why);
	NEED(!traffic[1].why, "thread 1: %s", traffic[1].why);
	TRY(np_finalize(p, ctx));
	return NULL;
}

static const char *c26_revoked(struct plugin *p)
{
	void *recv = NULL, *send = NULL, *mr, *data;
	int fd, tag = 1, done = 0;
	struct region from;
	size_t size = 65536;
	struct pair pair;
	char *map;

	if (!device_wanted())
		return "SKIP needs --device";
	HOLDS(device_open());
	HOLDS(device_export(0, 1, size, &fd, &map));
	HOLDS(pair_open(&pair, p));
	HOLDS(region_new(&from, p, pair.send, size));
	TRY(np_reg_dmabuf(p, pair.recv, map, size, 0, fd, &mr));
	close(fd);
	data = map;
	while (!recv)
		TRY(np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv));
	HOLDS(device_memory(0));
	/* The sender or the receiver is told; the deadline of the point is the limit. */
	while (!done) {
		if ((!send && np_isend(p, pair.send, from.data, size, tag, from.mr, &send)) ||
		    (send && np_test(p, send, &done, NULL)) || np_test(p, recv, &done, NULL))
			return NULL;
	}
	return "a message into revoked memory is done without an error";
}

const struct point points_errors[] = {
	{ "C23", "close with receives outstanding", c23_close_in_flight },
	{ "C24", "a killed peer becomes an error", c24_peer_killed },
	{ "C25", "after an error every later call on the comm fails", c25_sticky },
	{ "C26", "revoked memory becomes an error", c26_revoked },
	{ "C27", "more requests than there are: nothing that got one is lost", c27_exhaustion },
	{ "C28", "two connections of one device from two threads", c28_two_threads },
	{ NULL, NULL, NULL },
};
