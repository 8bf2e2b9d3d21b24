// SPDX-License-Identifier: MIT
/*
 * The loop back end: data over the TCP connection of the rendezvous. For machines without
 * RDMA, and for the tables and the state machine under sanitizers. It copies by CPU or
 * by the copy hook, so no write carries a steering tag; under TPHBUF_NET_TAG=require it
 * refuses dma-bufs.
 *
 * Receiver to sender: an announcement for each receive. Sender to receiver: a header and the
 * bytes of a part. Both ends have the same byte order, since the greeting's magic matched.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "loop.h"
#include "net.h"

#define STEP	    (1u << 20) /* bytes moved in one call of progress */
#define COPY_FAILED (-2)

struct loop {
	/* What is to be sent, in order: announcements of a receiver, parts of a sender */
	struct net_request *first, **last;
	/* What is being received */
	size_t head_got;
	union {
		struct loop_cts cts;
		struct loop_part part;
	} head;
	struct net_request *rx;		       /* the receive that the bytes belong to */
	struct net_request *active[NET_SLOTS]; /* receives by sequence number */
	/* Staging of memory that the CPU does not reach */
	char *stage;
	size_t stage_fill, stage_sent;
	void *copy_op;
	bool copying;
};

static enum nccl_result comm_open(struct net_comm *comm, void *blob)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	(void)blob;
	if (!loop)
		return NCCL_SYSTEM_ERROR;
	loop->last = &loop->first;
	comm->state = loop;
	return NCCL_SUCCESS;
}

static enum nccl_result comm_connect(struct net_comm *comm, const void *blob)
{
	(void)comm;
	(void)blob;
	return NCCL_SUCCESS;
}

/* 1: not running (any more), 0: runs, -errno */
static int copy_step(struct loop *loop)
{
	const struct tphbuf_net_copy *copy;
	void *state;
	int done;

	if (!loop->copying)
		return 1;
	copy = net_copy(&state);
	done = copy->poll(state, loop->copy_op);
	if (done)
		loop->copying = false;
	return done;
}

static void stage_put(struct loop *loop)
{
	void *state;
	const struct tphbuf_net_copy *copy = net_copy(&state);

	if (loop->stage)
		copy->free(state, loop->stage);
	loop->stage = NULL;
	loop->stage_fill = loop->stage_sent = 0;
}

static void comm_close(struct net_comm *comm)
{
	struct loop *loop = comm->state;
	char rest[4096];

	if (!loop)
		return;
	while (!copy_step(loop))
		;
	stage_put(loop);
	/* Unread announcements would turn the end of the connection into a reset. */
	shutdown(comm->fd, SHUT_WR);
	while (recv(comm->fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
	free(loop);
	comm->state = NULL;
}

static void queue(struct loop *loop, struct net_request *req)
{
	req->next = NULL;
	*loop->last = req;
	loop->last = &req->next;
}

static void unqueue(struct loop *loop)
{
	loop->first = loop->first->next;
	if (!loop->first)
		loop->last = &loop->first;
}

static enum nccl_result broken(struct net_comm *comm, const char *what)
{
	net_warn("comm %u: %s; the connection fails, make a new communicator", comm->id, what);
	return NCCL_REMOTE_ERROR;
}

/* After a failed call on the socket. 0: it would block */
static enum nccl_result socket_result(struct net_comm *comm)
{
	if (errno == EAGAIN || errno == EINTR)
		return NCCL_SUCCESS;
	if (errno == EPIPE || errno == ECONNRESET) {
		comm->peer_gone = true;
		return NCCL_SUCCESS;
	}
	net_warn("comm %u: the connection to the peer failed: %s", comm->id, strerror(errno));
	return NCCL_REMOTE_ERROR;
}

static ssize_t put(struct net_comm *comm, const void *data, size_t size)
{
	return send(comm->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Fill the stage with the next bytes of a send. 1: bytes are there, 0: later, -1: error */
static int stage_out(struct loop *loop, struct net_request *req)
{
	const struct tphbuf_net_copy *copy;
	struct net_part *part = &req->part[0];
	size_t n = part->size - req->body_done;
	void *state;
	int done;

	copy = net_copy(&state);
	if (loop->stage_sent < loop->stage_fill || loop->copying) {
		done = copy_step(loop);
		return done < 0 ? -1 : done;
	}
	if (n > TPHBUF_NET_COPY_CHUNK)
		n = TPHBUF_NET_COPY_CHUNK;
	if (!loop->stage)
		loop->stage = copy->alloc(state, TPHBUF_NET_COPY_CHUNK, 0);
	if (!loop->stage)
		return 0;
	if (copy->start(state, part->data + req->body_done, loop->stage, n, 0, &loop->copy_op))
		return -1;
	loop->copying = true;
	loop->stage_fill = n;
	loop->stage_sent = 0;
	done = copy_step(loop);
	return done < 0 ? -1 : done;
}

static enum nccl_result copy_failed(const struct net_comm *comm, const char *direction)
{
	net_warn("comm %u: the copy %s device memory failed", comm->id, direction);
	return NCCL_SYSTEM_ERROR;
}

/* Bytes of the body of a send; -1 with errno, EAGAIN for later; COPY_FAILED */
static ssize_t send_body(struct net_comm *comm, struct net_request *req)
{
	struct loop *loop = comm->state;
	struct net_part *part = &req->part[0];
	size_t n = part->size - req->body_done;
	ssize_t sent;
	int ready;

	if (part->mr->cpu) {
		if (n > STEP)
			n = STEP;
		return put(comm, part->mr->cpu + (part->data - part->mr->data) + req->body_done, n);
	}
	ready = stage_out(loop, req);
	if (ready < 0)
		return COPY_FAILED;
	if (!ready) {
		errno = EAGAIN;
		return -1;
	}
	sent = put(comm, loop->stage + loop->stage_sent, loop->stage_fill - loop->stage_sent);
	if (sent > 0)
		loop->stage_sent += (size_t)sent;
	return sent;
}

static enum nccl_result send_some(struct net_comm *comm)
{
	struct loop *loop = comm->state;
	struct net_request *req;
	size_t moved = 0;
	ssize_t n;

	while ((req = loop->first) && moved < STEP) {
		if (req->head_done < req->head_size) {
			n = put(comm, req->head + req->head_done, req->head_size - req->head_done);
			if (n < 0)
				return socket_result(comm);
			req->head_done += (size_t)n;
			continue;
		}
		if (req->kind == NET_SEND && req->body_done < req->part[0].size) {
			n = send_body(comm, req);
			if (n == COPY_FAILED)
				return copy_failed(comm, "out of");
			if (n < 0)
				return socket_result(comm);
			req->body_done += (size_t)n;
			moved += (size_t)n;
			continue;
		}
		if (req->kind == NET_SEND) {
			req->done = true;
			stage_put(loop);
		}
		unqueue(loop);
	}
	return NCCL_SUCCESS;
}

static enum nccl_result post(struct net_comm *comm, struct net_request *req)
{
	struct loop *loop = comm->state;

	_Static_assert(sizeof(struct loop_cts) <= sizeof(req->head), "room for an announcement");
	req->head_done = req->body_done = 0;
	switch (req->kind) {
	case NET_SEND:
		req->head_size = loop_part_write((struct loop_part *)req->head, req);
		queue(loop, req);
		return NCCL_SUCCESS;
	case NET_RECV:
		req->head_size = loop_cts_write((struct loop_cts *)req->head, req);
		req->pending = req->n;
		loop->active[req->seq % NET_SLOTS] = req;
		queue(loop, req);
		return send_some(comm);
	default:
		/* What arrived was copied before its receive was done. */
		req->done = true;
		return NCCL_SUCCESS;
	}
}

/* -1 with errno; 0: the peer closed */
static ssize_t get(struct net_comm *comm, void *data, size_t size)
{
	ssize_t n = recv(comm->fd, data, size, MSG_DONTWAIT);

	if (n == 0)
		comm->peer_gone = true;
	return n;
}

/* true: the header is complete */
static bool receive_head(struct net_comm *comm, size_t size, enum nccl_result *result)
{
	struct loop *loop = comm->state;
	ssize_t n = get(comm, (char *)&loop->head + loop->head_got, size - loop->head_got);

	if (n < 0)
		*result = socket_result(comm);
	if (n <= 0)
		return false;
	loop->head_got += (size_t)n;
	return loop->head_got == size;
}

static enum nccl_result receive_announcements(struct net_comm *comm)
{
	struct loop *loop = comm->state;
	enum nccl_result result = NCCL_SUCCESS;
	struct net_cts cts;

	while (receive_head(comm, sizeof(loop->head.cts), &result)) {
		loop->head_got = 0;
		if (!loop_cts_read(&loop->head.cts, &cts) || !net_cts_add(comm, &cts))
			return broken(comm, "the receiver announced what cannot be");
	}
	return result;
}

static void part_arrived(struct loop *loop)
{
	struct net_request *req = loop->rx;

	req->part[req->index].arrived = true;
	if (!--req->pending) {
		loop->active[req->seq % NET_SLOTS] = NULL;
		req->done = true;
	}
	loop->rx = NULL;
	loop->head_got = 0;
}

/* A chunk is taken only when bytes wait: the sender has one then, and both go on. */
static bool bytes_wait(struct net_comm *comm)
{
	char c;
	ssize_t n = recv(comm->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n == 0)
		comm->peer_gone = true;
	return n > 0;
}

/* Bytes into memory that the CPU does not reach: fill the stage, then copy it. */
static enum nccl_result receive_staged(struct net_comm *comm, struct net_part *part, size_t want,
				       bool *later)
{
	struct loop *loop = comm->state;
	const struct tphbuf_net_copy *copy;
	size_t room, left = want - loop->stage_fill;
	void *state;
	ssize_t n;

	copy = net_copy(&state);
	*later = true;
	if (!loop->stage && bytes_wait(comm))
		loop->stage = copy->alloc(state, TPHBUF_NET_COPY_CHUNK, 1);
	if (!loop->stage)
		return NCCL_SUCCESS;
	room = TPHBUF_NET_COPY_CHUNK - loop->stage_fill;
	n = get(comm, loop->stage + loop->stage_fill, left < room ? left : room);
	if (n < 0)
		return socket_result(comm);
	if (!n)
		return NCCL_SUCCESS;
	loop->stage_fill += (size_t)n;
	*later = false;
	if (loop->stage_fill < want && loop->stage_fill < TPHBUF_NET_COPY_CHUNK)
		return NCCL_SUCCESS;
	if (copy->start(state, part->data + part->got, loop->stage, loop->stage_fill, 1,
			&loop->copy_op))
		return copy_failed(comm, "into");
	loop->copying = true;
	return NCCL_SUCCESS;
}

static enum nccl_result receive_body(struct net_comm *comm, bool *later)
{
	struct loop *loop = comm->state;
	struct net_part *part = &loop->rx->part[loop->rx->index];
	size_t size = loop->head.part.size;
	ssize_t n;
	int done;

	*later = false;
	if (loop->copying) {
		done = copy_step(loop);
		if (done < 0)
			return copy_failed(comm, "into");
		*later = !done;
		if (!done)
			return NCCL_SUCCESS;
		part->got += loop->stage_fill;
		stage_put(loop);
	}
	if (part->got == size) {
		part_arrived(loop);
		return NCCL_SUCCESS;
	}
	if (!part->mr->cpu)
		return receive_staged(comm, part, size - part->got, later);
	n = get(comm, part->mr->cpu + (part->data - part->mr->data) + part->got, size - part->got);
	*later = n <= 0;
	if (n < 0)
		return socket_result(comm);
	part->got += (size_t)n;
	return NCCL_SUCCESS;
}

static enum nccl_result receive_parts(struct net_comm *comm)
{
	struct loop *loop = comm->state;
	enum nccl_result result = NCCL_SUCCESS;
	bool later = false;
	size_t steps = 0;

	while (!result && !later && steps++ < 64) {
		if (loop->rx) {
			result = receive_body(comm, &later);
			continue;
		}
		if (!receive_head(comm, sizeof(loop->head.part), &result))
			return result;
		loop->rx = loop_part_find(&loop->head.part, loop->active);
		if (!loop->rx)
			return broken(comm, "the sender sent what no receive waits for");
		loop->rx->index = loop->head.part.index;
	}
	return result;
}

static enum nccl_result progress(struct net_comm *comm)
{
	enum nccl_result result = comm->sends ? receive_announcements(comm) : receive_parts(comm);

	return result ? result : send_some(comm);
}

const struct net_backend net_loop = {
	.name = "loop",
	.devices = loop_devices,
	.device_close = loop_device_close,
	.comm_open = comm_open,
	.comm_connect = comm_connect,
	.comm_close = comm_close,
	.post = post,
	.progress = progress,
	.reg = loop_reg,
	.unreg = loop_unreg,
	.reg_dmabuf = loop_reg_dmabuf,
};
