// SPDX-License-Identifier: MIT
/*
 * Plays a trace: each recorded process is a rank, its calls are made in the recorded
 * order, and a call that had to wait then waits now while all other requests are polled.
 * Senders fill each message with a pattern of its own, receivers compare it and the size.
 *
 * Memory that was a dma-buf is one again (udmabuf) where the plugin and the machine have
 * them, else host memory; the result says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "dmabuf.h"
#include "trace_file.h"

#define MAX_OBJECTS 262144 /* numbers in one process */
#define MAX_OPEN    2048   /* requests */

struct object {
	void *handle;
	char *data; /* of a region: the address that calls get */
	char *cpu;  /* where the CPU sees it */
	size_t mapped;
	uint32_t *sequence; /* of a comm: messages so far, for each of 64 tags */
};

struct open_request {
	uint32_t number;
	void *request;
	int done, sizes[64];
	const struct trace_line *line;
	uint32_t seeds[TRACE_PARTS];
};

struct player {
	struct world *w;
	const struct trace *trace;
	struct object *objects;
	struct open_request open[MAX_OPEN];
	int dmabufs, as_host;
};

static uint32_t next_seed(struct object *comm, int tag)
{
	if (!comm->sequence)
		comm->sequence = calloc(64, sizeof(uint32_t));
	return comm->sequence ? ++comm->sequence[tag & 63] * 64 + (uint32_t)(tag & 63) : 0;
}

static struct object *object(struct player *pl, uint32_t number)
{
	return &pl->objects[number % MAX_OBJECTS];
}

static const char *arrived(struct player *pl, struct open_request *o)
{
	for (int i = 0; o->line->call == TRACE_IRECV && i < o->line->n; i++) {
		const struct trace_part *part = &o->line->part[i];
		size_t size = (size_t)o->sizes[i];

		NEED(size <= part->size, "request %u: %zu bytes in a receive of %zu", o->number,
		     size, part->size);
		if (size)
			NEED(pattern_differs(object(pl, part->mr)->cpu + part->at, size,
					     o->seeds[i]) == size,
			     "request %u: the data is wrong", o->number);
	}
	return NULL;
}

/* Test everything that is outstanding once. */
static const char *poll_all(struct player *pl)
{
	const char *why;

	for (int i = 0; i < MAX_OPEN; i++) {
		struct open_request *o = &pl->open[i];

		if (!o->number || o->done)
			continue;
		TRY(np_test(pl->w->p, o->request, &o->done,
			    o->line->call == TRACE_IFLUSH ? NULL : o->sizes));
		if (o->done && (why = arrived(pl, o)))
			return why;
	}
	return NULL;
}

static struct open_request *open_request(struct player *pl, uint32_t number)
{
	for (int i = 0; i < MAX_OPEN; i++) {
		if (pl->open[i].number == number)
			return &pl->open[i];
	}
	return NULL;
}

static const char *play_test(struct player *pl, const struct trace_line *line)
{
	struct open_request *o = open_request(pl, line->req);
	const char *why = NULL;

	NEED(o, "the trace tests request %u, which is not open", line->req);
	while (!o->done && !why)
		why = poll_all(pl);
	if (why)
		return why;
	for (int i = 0; o->line->call == TRACE_IRECV && i < line->n; i++)
		NEED(o->sizes[i] == line->sizes[i], "request %u: %d bytes, recorded were %d",
		     line->req, o->sizes[i], line->sizes[i]);
	o->number = 0;
	return NULL;
}

static const char *play_data(struct player *pl, const struct trace_line *line)
{
	struct plugin *p = pl->w->p;
	struct object *comm = object(pl, line->comm);
	struct open_request *o = open_request(pl, 0);
	void *data[TRACE_PARTS], *mrs[TRACE_PARTS];
	int tags[TRACE_PARTS], flush[TRACE_PARTS];
	size_t sizes[TRACE_PARTS];
	const char *why;

	NEED(o, "more than %d requests are open", MAX_OPEN);
	memset(o, 0, sizeof(*o));
	o->line = line;
	for (int i = 0; i < line->n; i++) {
		const struct trace_part *part = &line->part[i];
		struct object *mr = object(pl, part->mr);

		data[i] = mr->data + part->at;
		mrs[i] = mr->handle;
		sizes[i] = part->size;
		flush[i] = (int)part->size;
		tags[i] = part->tag;
		if (line->call != TRACE_IFLUSH)
			o->seeds[i] = next_seed(comm, part->tag);
		if (line->call == TRACE_ISEND && part->size)
			pattern_fill(mr->cpu + part->at, part->size, o->seeds[i]);
	}
	for (;;) {
		o->request = line->optional ? NCCL_OPTIONAL_RECV_COMPLETION : NULL;
		if (line->call == TRACE_ISEND) {
			TRY(np_isend(p, comm->handle, data[0], sizes[0], tags[0], mrs[0],
				     &o->request));
		} else if (line->call == TRACE_IRECV) {
			TRY(np_irecv(p, comm->handle, line->n, data, sizes, tags, mrs, &o->request));
		} else {
			TRY(np_iflush(p, comm->handle, line->n, data, flush, mrs, &o->request));
		}
		if (o->request)
			break;
		if (line->call == TRACE_IFLUSH) {
			o->request = o;
			o->done = 1;
			break;
		}
		if ((why = poll_all(pl)))
			return why;
	}
	o->number = line->req;
	return NULL;
}

static const char *play_reg(struct player *pl, const struct trace_line *line)
{
	struct plugin *p = pl->w->p;
	struct object *mr = object(pl, line->mr);
	void *comm = object(pl, line->comm)->handle;
	struct nccl_props_v12 props;
	int fd = -1;

	TRY(np_properties(p, 0, &props));
	mr->mapped = line->size + line->page;
	if (line->call == TRACE_REG_DMABUF && props.ptr_support & NCCL_PTR_DMABUF)
		fd = dmabuf_new(mr->mapped, &mr->cpu);
	if (fd >= 0) {
		mr->cpu += line->page;
		mr->data = mr->cpu;
		pl->dmabufs++;
		TRY(np_reg_dmabuf(p, comm, mr->data, line->size, line->page, fd, &mr->handle));
		close(fd);
		return NULL;
	}
	pl->as_host += line->call == TRACE_REG_DMABUF;
	mr->cpu = mmap(NULL, mr->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(mr->cpu != MAP_FAILED, "no memory for a region of %zu bytes", line->size);
	mr->cpu += line->page;
	mr->data = mr->cpu;
	TRY(np_reg(p, comm, mr->data, line->size, NCCL_PTR_HOST, &mr->handle));
	return NULL;
}

struct introduction {
	char token[33];
	char handle[NCCL_HANDLE_SIZE];
};

static const char *play_listen(struct player *pl, const struct trace_line *line)
{
	int to = trace_connector(pl->trace, line->token);
	struct introduction intro;

	TRY(np_listen(pl->w->p, object(pl, line->ctx)->handle, 0, intro.handle,
		      &object(pl, line->listen)->handle));
	snprintf(intro.token, sizeof(intro.token), "%s", line->token);
	if (to >= 0)
		world_give(pl->w, to, &intro, sizeof(intro));
	return NULL;
}

/* The handle for a token, at one address as long as connect is called; NULL: not here yet */
static struct introduction *introduction(struct player *pl, const char *token)
{
	static struct introduction known[1024];
	static int n;

	for (;;) {
		for (int i = 0; i < n; i++) {
			if (!strcmp(known[i].token, token))
				return &known[i];
		}
		if (n == 1024 || !world_try(pl->w, trace_listener(pl->trace, token), &known[n],
					    sizeof(known[n])))
			return NULL;
		n++;
	}
}

/* One call of a connect that is not done */
static const char *connect_step(struct player *pl, const struct trace_line *line)
{
	struct object *comm = object(pl, line->comm);
	struct introduction *intro;

	NEED(trace_listener(pl->trace, line->token) >= 0,
	     "the trace lacks the listener of token %s", line->token);
	intro = introduction(pl, line->token);
	if (intro && !comm->handle)
		TRY(np_connect(pl->w->p, object(pl, line->ctx)->handle, 0, intro->handle,
			       &comm->handle));
	return NULL;
}

static const char *play_connect(struct player *pl, const struct trace_line *line)
{
	const char *why = NULL;

	while (!object(pl, line->comm)->handle && !why) {
		why = connect_step(pl, line);
		if (!why)
			why = poll_all(pl);
	}
	return why;
}

/* A trace has a connect where it was done; the calls before, which the peer's accept needs, come from here. */
static const char *connect_ahead(struct player *pl, const struct trace_line *line)
{
	const struct trace_line *end = pl->trace->lines + pl->trace->n;
	const char *why = NULL;

	for (const struct trace_line *l = line; l < end && !why; l++) {
		if (l->rank == pl->w->rank && l->call == TRACE_CONNECT && !l->result)
			why = connect_step(pl, l);
		if (l->rank == pl->w->rank && (l->call == TRACE_FINALIZE || l->call == TRACE_ISEND))
			break;
	}
	return why;
}

static const char *play_accept(struct player *pl, const struct trace_line *line)
{
	struct object *comm = object(pl, line->comm);
	const char *why = NULL;

	while (!comm->handle && !why) {
		TRY(np_accept(pl->w->p, object(pl, line->listen)->handle, &comm->handle));
		why = connect_ahead(pl, line);
		if (!why)
			why = poll_all(pl);
	}
	return why;
}

static const char *play(struct player *pl, const struct trace_line *line)
{
	struct plugin *p = pl->w->p;
	int n;

	switch (line->call) {
	case TRACE_INIT:
		TRY(np_init(p, &object(pl, line->ctx)->handle, check_log));
		return NULL;
	case TRACE_DEVICES:
		TRY(np_devices(p, &n));
		NEED(n > 0, "%d devices", n);
		return NULL;
	case TRACE_LISTEN:
		return play_listen(pl, line);
	case TRACE_CONNECT:
		return play_connect(pl, line);
	case TRACE_ACCEPT:
		return play_accept(pl, line);
	case TRACE_REG:
	case TRACE_REG_DMABUF:
		return play_reg(pl, line);
	case TRACE_ISEND:
	case TRACE_IRECV:
	case TRACE_IFLUSH:
		return play_data(pl, line);
	case TRACE_TEST:
		return play_test(pl, line);
	case TRACE_DEREG:
		TRY(np_dereg(p, object(pl, line->comm)->handle, object(pl, line->mr)->handle));
		return NULL;
	case TRACE_CLOSE_SEND:
		TRY(np_close_send(p, object(pl, line->comm)->handle));
		return NULL;
	case TRACE_CLOSE_RECV:
		TRY(np_close_recv(p, object(pl, line->comm)->handle));
		return NULL;
	case TRACE_CLOSE_LISTEN:
		TRY(np_close_listen(p, object(pl, line->listen)->handle));
		return NULL;
	default:
		TRY(np_finalize(p, object(pl, line->ctx)->handle));
		return NULL;
	}
}

static const char *replay_rank(struct world *w, void *arg)
{
	const struct trace *trace = arg;
	struct player *pl = calloc(1, sizeof(*pl));
	const char *why;

	NEED(pl && (pl->objects = calloc(MAX_OBJECTS, sizeof(*pl->objects))),
	     "no memory for the replay");
	pl->w = w;
	pl->trace = trace;
	for (size_t i = 0; i < trace->n; i++) {
		if (trace->lines[i].rank != w->rank || trace->lines[i].result)
			continue;
		why = play(pl, &trace->lines[i]);
		if (why)
			return reason("line %zu: %s", i + 1, why);
	}
	if (pl->as_host || pl->dmabufs)
		printf("# rank %d: %d dma-bufs, %d dma-bufs replayed as host memory\n", w->rank,
		       pl->dmabufs, pl->as_host);
	fflush(stdout);
	return NULL;
}

const char *replay(struct plugin *p, const char *file)
{
	struct trace trace;
	const char *why = trace_read(file, &trace);

	return why ? why : world_run(p, trace.ranks, replay_rank, &trace);
}
