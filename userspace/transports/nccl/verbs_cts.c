// SPDX-License-Identifier: MIT
/*
 * Announcements of a receiver, by RDMA WRITE into a ring at the sender. A sender that has enough of them gets further
 * ones in groups, of one WRITE and one doorbell each: with CTS_AHEAD receives announced that wait for their messages,
 * the next ones are announced when there are CTS_GROUP, or when fewer wait, which the caller's tests find out.
 */
#include <string.h>

#include "verbs.h"

#define CTS_AHEAD 16
#define CTS_GROUP 8

void verbs_cts_fill(struct verbs_comm *vc, const struct net_request *req)
{
	struct verbs_cts *cts = &vc->ring[req->seq % NET_SLOTS];

	memset(cts, 0, sizeof(*cts));
	for (uint32_t i = 0; i < req->n; i++) {
		const struct net_part *part = &req->part[i];

		cts->part[i].size = part->size;
		cts->part[i].tag = part->tag;
		if (part->mr) {
			cts->part[i].addr = part->mr->iova + (size_t)(part->data - part->mr->data);
			cts->part[i].rkey = part->mr->rkey;
		}
	}
	cts->n = req->n;
	cts->mark = req->seq + 1;
	vc->cts_end = req->seq + 1;
}

/* The receives that are filled, as far as the ring goes. The slots are written in order, each mark last. */
int verbs_cts_post(struct verbs_comm *vc)
{
	uint32_t first = vc->cts_next % NET_SLOTS, n = vc->cts_end - vc->cts_next;
	struct ibv_sge sge = { .addr = (uintptr_t)&vc->ring[first], .lkey = vc->ring_mr->lkey };
	struct ibv_send_wr wr = { .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE }, *bad;
	int err;

	if (!n || (n < CTS_GROUP && vc->cts_next - vc->cts_done >= CTS_AHEAD))
		return 0;
	if (n > NET_SLOTS - first)
		n = NET_SLOTS - first;
	wr.wr_id = (uint64_t)WR_CTS << 32 | n;
	sge.length = n * (uint32_t)sizeof(*vc->ring);
	wr.wr.rdma.remote_addr = vc->peer_ring + first * sizeof(*vc->ring);
	wr.wr.rdma.rkey = vc->peer_ring_rkey;
	err = ibv_post_send(vc->qp[0], &wr, &bad);
	if (!err)
		vc->cts_next += n;
	return err;
}
