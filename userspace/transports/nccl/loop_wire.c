// SPDX-License-Identifier: MIT
/* The messages of the loop back end. What is read comes from a peer that may be hostile. */
#include <string.h>

#include "loop.h"

size_t loop_cts_write(struct loop_cts *msg, const struct net_request *req)
{
	memset(msg, 0, sizeof(*msg));
	msg->kind = LOOP_CTS;
	msg->seq = req->seq;
	msg->n = req->n;
	for (uint32_t i = 0; i < req->n; i++) {
		msg->part[i].size = req->part[i].size;
		msg->part[i].tag = req->part[i].tag;
	}
	return sizeof(*msg);
}

size_t loop_part_write(struct loop_part *msg, const struct net_request *req)
{
	memset(msg, 0, sizeof(*msg));
	msg->kind = LOOP_PART;
	msg->seq = req->seq;
	msg->index = req->index;
	msg->size = req->part[0].size;
	return sizeof(*msg);
}

bool loop_cts_read(const struct loop_cts *msg, struct net_cts *cts)
{
	if (msg->kind != LOOP_CTS || msg->reserved || !msg->n || msg->n > NET_MAX_RECVS)
		return false;
	memset(cts, 0, sizeof(*cts));
	cts->seq = msg->seq;
	cts->n = msg->n;
	for (uint32_t i = 0; i < msg->n; i++) {
		cts->part[i].size = msg->part[i].size;
		cts->part[i].tag = msg->part[i].tag;
	}
	return true;
}

struct net_request *loop_part_find(const struct loop_part *msg, struct net_request *const *active)
{
	struct net_request *req = active[msg->seq % NET_SLOTS];

	if (msg->kind != LOOP_PART || msg->reserved || !req || req->seq != msg->seq)
		return NULL;
	if (msg->index >= req->n || req->part[msg->index].arrived ||
	    msg->size > req->part[msg->index].size)
		return NULL;
	return req;
}
