// SPDX-License-Identifier: MIT
/* Messages of a peer: its greeting, and its announcements in the ring. */
#include <string.h>

#include "verbs.h"

bool verbs_blob_ok(const struct verbs_blob *blob)
{
	return blob->n_qps >= 1 && blob->n_qps <= VERBS_MAX_QPS && blob->mtu >= IBV_MTU_256 &&
	       blob->mtu <= IBV_MTU_4096;
}

/* The peer may write again meanwhile: each field is read once, and checked by net_cts_add(). */
void verbs_cts_read(const struct verbs_cts *msg, uint32_t seq, struct net_cts *cts)
{
	const volatile struct verbs_cts *ring = msg;

	memset(cts, 0, sizeof(*cts));
	cts->seq = seq;
	cts->n = ring->n;
	for (uint32_t i = 0; i < cts->n && i < NET_MAX_RECVS; i++) {
		cts->part[i].size = ring->part[i].size;
		cts->part[i].tag = ring->part[i].tag;
		cts->part[i].addr = ring->part[i].addr;
		cts->part[i].rkey = ring->part[i].rkey;
	}
}
