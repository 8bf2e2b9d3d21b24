// SPDX-License-Identifier: MIT
/*
 * Comms and requests. A send takes a part of the oldest receive that the peer announced;
 * without one, or without a free slot, the caller gets no request and asks again.
 * The first error of a comm is the answer to every later call on it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

struct net_comm *net_comm_new(struct net_ctx *ctx, struct net_device *dev, bool sends)
{
	struct net_comm *comm = calloc(1, sizeof(*comm));

	if (!comm)
		return NULL;
	comm->slots = calloc(NET_SLOTS, sizeof(*comm->slots));
	if (!comm->slots) {
		free(comm);
		return NULL;
	}
	for (int i = NET_SLOTS - 1; i >= 0; i--) {
		comm->slots[i].comm = comm;
		comm->slots[i].next = comm->free;
		comm->free = &comm->slots[i];
	}
	comm->magic = NET_MAGIC_COMM;
	comm->id = net_number();
	comm->ctx = ctx;
	comm->dev = dev;
	comm->sends = sends;
	comm->fd = -1;
	pthread_mutex_init(&comm->lock, NULL);
	net_lock();
	net_ctx_get(ctx);
	net_unlock();
	return comm;
}

/* With the lock of the process held. */
void net_comm_free(struct net_comm *comm)
{
	comm->magic = 0;
	comm->dev->backend->comm_close(comm);
	if (comm->fd >= 0)
		close(comm->fd);
	for (int i = 0; i < NET_SLOTS; i++)
		comm->slots[i].magic = 0;
	free(comm->slots);
	pthread_mutex_destroy(&comm->lock);
	net_ctx_put(comm->ctx);
	free(comm);
}

/* The first error stays. */
enum nccl_result net_fail(struct net_comm *comm, enum nccl_result error)
{
	if (!comm->error)
		comm->error = error;
	return comm->error;
}

static bool is_comm(const struct net_comm *comm, bool sends, const char *call)
{
	if (comm && comm->magic == NET_MAGIC_COMM && comm->sends == sends)
		return true;
	net_warn("%s: not a %s comm of this plugin", call, sends ? "send" : "receive");
	return false;
}

static struct net_request *request_new(struct net_comm *comm, enum net_kind kind)
{
	struct net_request *req = comm->free;

	if (!req) {
		if (!comm->exhausted_said)
			net_info("comm %u: all %d requests are in use; calls wait until one is tested as done",
				 comm->id, NET_SLOTS);
		comm->exhausted_said = true;
		return NULL;
	}
	comm->free = req->next;
	memset(req, 0, offsetof(struct net_request, head));
	req->magic = NET_MAGIC_REQ;
	req->id = net_number();
	req->comm = comm;
	req->kind = kind;
	comm->busy++;
	return req;
}

static void request_free(struct net_request *req)
{
	struct net_comm *comm = req->comm;

	req->magic = 0;
	req->next = comm->free;
	comm->free = req;
	comm->busy--;
}

/* A part of a request: memory must lie inside its region. */
static enum nccl_result part_set(struct net_part *part, void *data, size_t size, int tag,
				 struct net_mr *mr, const char *call)
{
	if (size > NET_MAX_BYTES) {
		net_warn("%s: %zu bytes; a message has %llu at most", call, size,
			 (unsigned long long)NET_MAX_BYTES);
		return NCCL_INVALID_ARGUMENT;
	}
	if (size && (!mr || mr->magic != NET_MAGIC_MR)) {
		net_warn("%s: not a memory handle of this plugin", call);
		return NCCL_INVALID_ARGUMENT;
	}
	if (size && !net_mr_covers(mr, data, size)) {
		net_warn("%s: %zu bytes at %p lie outside region %u, %zu bytes at %p", call, size,
			 data, mr->id, mr->size, (void *)mr->data);
		return NCCL_INVALID_ARGUMENT;
	}
	part->data = data;
	part->size = size;
	part->tag = tag;
	part->mr = size ? mr : NULL;
	return NCCL_SUCCESS;
}

static size_t offset_of(const struct net_part *part)
{
	return part->mr ? (size_t)(part->data - part->mr->data) : 0;
}

/* Post a filled request, or give its slot back. */
static enum nccl_result post(struct net_comm *comm, struct net_request *made,
			     struct net_request **req)
{
	enum nccl_result result = comm->dev->backend->post(comm, made);

	if (result) {
		request_free(made);
		return net_fail(comm, result);
	}
	*req = made;
	return NCCL_SUCCESS;
}

static enum nccl_result send_locked(struct net_comm *comm, void *data, size_t size, int tag,
				    struct net_mr *mr, struct net_request **req)
{
	struct net_request *made;
	enum nccl_result result;
	struct net_cts *cts;
	uint32_t index;

	cts = net_cts_match(comm, tag, &index);
	if (!cts) {
		result = comm->dev->backend->progress(comm);
		if (result)
			return net_fail(comm, result);
		cts = net_cts_match(comm, tag, &index);
	}
	if (!cts) {
		if (comm->peer_gone) {
			net_warn("isend: the receiver has closed the connection");
			return net_fail(comm, NCCL_REMOTE_ERROR);
		}
		return NCCL_SUCCESS;
	}
	if (size > cts->part[index].size) {
		net_warn("isend: %zu bytes for a receive of %llu; the ranks disagree on the size",
			 size, (unsigned long long)cts->part[index].size);
		return net_fail(comm, NCCL_INVALID_USAGE);
	}
	made = request_new(comm, NET_SEND);
	if (!made)
		return NCCL_SUCCESS;
	result = part_set(&made->part[0], data, size, tag, mr, "isend");
	if (result) {
		request_free(made);
		return result;
	}
	made->n = 1;
	made->seq = cts->seq;
	made->index = index;
	/* The back end reads the announcement in post(). */
	result = post(comm, made, req);
	if (!result)
		net_cts_take(comm, cts, index);
	return result;
}

enum nccl_result net_isend(struct net_comm *comm, void *data, size_t size, int tag,
			   struct net_mr *mr, struct net_request **req)
{
	enum nccl_result result;

	*req = NULL;
	if (!is_comm(comm, true, "isend"))
		return NCCL_INVALID_ARGUMENT;
	pthread_mutex_lock(&comm->lock);
	result = comm->error;
	if (!result)
		result = send_locked(comm, data, size, tag, mr, req);
	if (!result && !*req)
		comm->retries++;
	if (net_tracing() && (result || *req)) {
		net_trace("isend", result,
			  "\"comm\":%u,\"mr\":%u,\"at\":%zu,\"size\":%zu,\"tag\":%d,\"req\":%u,\"retries\":%llu",
			  comm->id, *req && size ? mr->id : 0,
			  *req ? offset_of(&(*req)->part[0]) : 0, size, tag, *req ? (*req)->id : 0,
			  (unsigned long long)comm->retries);
		comm->retries = 0;
	}
	pthread_mutex_unlock(&comm->lock);
	return result;
}

static void trace_parts(const char *call, enum nccl_result result, struct net_comm *comm,
			const struct net_request *req, bool optional)
{
	char text[1024];
	size_t used = 0;

	if (!net_tracing())
		return;
	text[0] = 0;
	for (uint32_t i = 0; req && i < req->n; i++) {
		const struct net_part *part = &req->part[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s{\"mr\":%u,\"at\":%zu,\"size\":%zu,\"tag\":%d}",
					 i ? "," : "", part->mr ? part->mr->id : 0, offset_of(part),
					 part->size, part->tag);
	}
	net_trace(call, result,
		  "\"comm\":%u,\"req\":%u,\"optional\":%d,\"retries\":%llu,\"parts\":[%s]",
		  comm->id, req ? req->id : 0, optional, (unsigned long long)comm->retries, text);
	comm->retries = 0;
}

static enum nccl_result recv_locked(struct net_comm *comm, int n, void **data, const size_t *sizes,
				    const int *tags, void **mrs, struct net_request **req)
{
	struct net_request *made = request_new(comm, NET_RECV);
	enum nccl_result result = NCCL_SUCCESS;

	if (!made)
		return NCCL_SUCCESS;
	for (int i = 0; i < n && !result; i++)
		result = part_set(&made->part[i], data[i], sizes[i], tags[i], mrs[i], "irecv");
	if (result) {
		request_free(made);
		return result;
	}
	made->n = (uint32_t)n;
	made->seq = comm->next_seq;
	result = post(comm, made, req);
	if (!result)
		comm->next_seq++;
	return result;
}

enum nccl_result net_irecv(struct net_comm *comm, int n, void **data, const size_t *sizes,
			   const int *tags, void **mrs, struct net_request **req)
{
	bool optional = *req == NCCL_OPTIONAL_RECV_COMPLETION;
	enum nccl_result result;

	*req = NULL;
	if (!is_comm(comm, false, "irecv"))
		return NCCL_INVALID_ARGUMENT;
	if (n < 1 || n > NET_MAX_RECVS) {
		net_warn("irecv: %d grouped receives; 1 to %d are possible", n, NET_MAX_RECVS);
		return NCCL_INVALID_ARGUMENT;
	}
	pthread_mutex_lock(&comm->lock);
	result = comm->error;
	if (!result)
		result = recv_locked(comm, n, data, sizes, tags, mrs, req);
	if (!result && !*req)
		comm->retries++;
	if (result || *req)
		trace_parts("irecv", result, comm, *req, optional);
	pthread_mutex_unlock(&comm->lock);
	return result;
}

/* The last part with bytes is enough: what came before it on the same connection is there too. */
static enum nccl_result flush_locked(struct net_comm *comm, int n, void **data, const int *sizes,
				     void **mrs, struct net_request **req)
{
	struct net_request *made;
	enum nccl_result result;
	int last = n - 1;

	while (last >= 0 && sizes[last] <= 0)
		last--;
	if (last < 0)
		return NCCL_SUCCESS;
	made = request_new(comm, NET_FLUSH);
	if (!made)
		return NCCL_SYSTEM_ERROR;
	result = part_set(&made->part[0], data[last], (size_t)sizes[last], 0, mrs[last], "iflush");
	if (result) {
		request_free(made);
		return result;
	}
	made->n = 1;
	return post(comm, made, req);
}

enum nccl_result net_iflush(struct net_comm *comm, int n, void **data, const int *sizes, void **mrs,
			    struct net_request **req)
{
	enum nccl_result result;

	*req = NULL;
	if (!is_comm(comm, false, "iflush"))
		return NCCL_INVALID_ARGUMENT;
	pthread_mutex_lock(&comm->lock);
	result = comm->error;
	if (!result)
		result = flush_locked(comm, n, data, sizes, mrs, req);
	if (result || *req)
		trace_parts("iflush", result, comm, *req, false);
	pthread_mutex_unlock(&comm->lock);
	return result;
}

static void trace_test(const struct net_request *req, enum nccl_result result)
{
	char text[256];
	size_t used = 0;

	if (!net_tracing())
		return;
	text[0] = 0;
	for (uint32_t i = 0; i < req->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%zu", i ? "," : "",
					 req->kind == NET_RECV ? req->part[i].got :
								 req->part[i].size);
	net_trace("test", result, "\"comm\":%u,\"req\":%u,\"polls\":%llu,\"sizes\":[%s]",
		  req->comm->id, req->id, (unsigned long long)req->polls, text);
}

/* sizes has an entry for each part, written only when the request is done. */
enum nccl_result net_test(struct net_request *req, int *done, int *sizes)
{
	enum nccl_result result;
	struct net_comm *comm;

	*done = 0;
	if (!req || req->magic != NET_MAGIC_REQ) {
		net_warn("test: not a request of this plugin, or one that was done before");
		return NCCL_INVALID_ARGUMENT;
	}
	comm = req->comm;
	pthread_mutex_lock(&comm->lock);
	if (!req->done && !comm->error) {
		result = comm->dev->backend->progress(comm);
		if (!result && !req->done && comm->peer_gone) {
			net_warn("test: the peer has closed the connection while a %s is outstanding",
				 comm->sends ? "send" : "receive");
			result = NCCL_REMOTE_ERROR;
		}
		if (result)
			net_fail(comm, result);
	}
	result = req->done ? NCCL_SUCCESS : comm->error;
	req->polls++;
	if (req->done || result)
		trace_test(req, result);
	if (req->done) {
		for (uint32_t i = 0; sizes && req->kind != NET_FLUSH && i < req->n; i++)
			sizes[i] =
				(int)(req->kind == NET_RECV ? req->part[i].got : req->part[i].size);
		*done = 1;
		request_free(req);
	}
	pthread_mutex_unlock(&comm->lock);
	return result;
}

enum nccl_result net_close(struct net_comm *comm, bool sends)
{
	const char *call = sends ? "closeSend" : "closeRecv";

	if (!is_comm(comm, sends, call))
		return NCCL_INVALID_ARGUMENT;
	net_trace(call, NCCL_SUCCESS, "\"comm\":%u,\"outstanding\":%u", comm->id, comm->busy);
	net_lock();
	net_comm_free(comm);
	net_unlock();
	return NCCL_SUCCESS;
}
