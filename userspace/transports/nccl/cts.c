// SPDX-License-Identifier: MIT
/*
 * The receiver's announcements at the sender. Receives match in the order they were
 * posted; tags choose among the parts of the oldest one only.
 */
#include "net.h"

/* false: the peer announced what cannot be */
bool net_cts_add(struct net_comm *comm, const struct net_cts *cts)
{
	if (comm->cts_tail - comm->cts_head >= NET_SLOTS)
		return false;
	if (!cts->n || cts->n > NET_MAX_RECVS || cts->seq != comm->cts_tail)
		return false;
	for (uint32_t i = 0; i < cts->n; i++) {
		if (cts->part[i].size > NET_MAX_BYTES)
			return false;
	}
	comm->cts[comm->cts_tail % NET_SLOTS] = *cts;
	comm->cts[comm->cts_tail % NET_SLOTS].taken = 0;
	comm->cts_tail++;
	return true;
}

/* NULL: no receive for this tag has been posted yet */
struct net_cts *net_cts_match(struct net_comm *comm, int tag, uint32_t *index)
{
	struct net_cts *cts;

	if (comm->cts_head == comm->cts_tail)
		return NULL;
	cts = &comm->cts[comm->cts_head % NET_SLOTS];
	for (uint32_t i = 0; i < cts->n; i++) {
		if (!(cts->taken & 1u << i) && cts->part[i].tag == tag) {
			*index = i;
			return cts;
		}
	}
	return NULL;
}

void net_cts_take(struct net_comm *comm, struct net_cts *cts, uint32_t index)
{
	cts->taken |= 1u << index;
	if (cts->taken == (1u << cts->n) - 1)
		comm->cts_head++;
}
