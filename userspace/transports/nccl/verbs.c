// SPDX-License-Identifier: MIT
/*
 * The verbs back end. A receiver posts its receives, which hold no memory, and then
 * announces them in a ring at the sender (verbs_cts.c). The sender writes the
 * payload straight into the announced memory, one WRITE_WITH_IMM on each queue pair; the
 * immediate names receive and part, the completions' lengths add up to the size. A flush
 * is an RDMA READ of one byte on a queue pair connected to itself.
 *
 * The TCP connection of the rendezvous stays open: when the peer dies, it ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <tphbuf/mr.h>

#include "verbs.h"

#define CQ_BATCH 16

static uint64_t wr_id(int kind, const struct net_request *req)
{
	return (uint64_t)kind << 32 | (uint64_t)(req - req->comm->slots);
}

static void comm_close(struct net_comm *comm)
{
	struct verbs_comm *vc = comm->state;

	if (!vc)
		return;
	if (vc->self)
		ibv_destroy_qp(vc->self);
	for (unsigned int i = 0; i < vc->made; i++)
		ibv_destroy_qp(vc->qp[i]);
	if (vc->cq)
		ibv_destroy_cq(vc->cq);
	if (vc->ring_mr)
		ibv_dereg_mr(vc->ring_mr);
	free(vc->ring);
	free(vc);
	comm->state = NULL;
}

static void describe(const struct net_comm *comm, struct verbs_blob *blob)
{
	const struct verbs_comm *vc = comm->state;
	const struct verbs_device *v = comm->dev->state;

	memset(blob, 0, sizeof(*blob));
	blob->n_qps = vc->made;
	blob->lid = v->port.lid;
	blob->mtu = (uint8_t)v->port.active_mtu;
	blob->link_layer = v->port.link_layer;
	memcpy(blob->gid, &v->gid, sizeof(blob->gid));
	for (unsigned int i = 0; i < vc->made; i++)
		blob->qpn[i] = vc->qp[i]->qp_num;
	blob->ring_addr = (uintptr_t)vc->ring;
	blob->ring_rkey = vc->ring_mr->rkey;
}

static int make_queues(struct net_comm *comm)
{
	struct verbs_comm *vc = comm->state;
	struct verbs_device *v = comm->dev->state;
	unsigned int want = net_config()->qps;
	int err = 0;

	vc->cq = ibv_create_cq(v->ibv,
			       (int)want * (comm->sends ? 0 : VERBS_RQ_DEPTH) + 4 * NET_SLOTS, NULL,
			       NULL, 0);
	if (!vc->cq)
		return -errno;
	while (vc->made < want && !err) {
		err = verbs_qp_new(comm, &vc->qp[vc->made]);
		if (vc->qp[vc->made])
			vc->made++;
	}
	if (!err && !comm->sends)
		err = verbs_qp_new(comm, &vc->self);
	return err;
}

static enum nccl_result comm_open(struct net_comm *comm, void *blob)
{
	struct verbs_device *v = comm->dev->state;
	struct verbs_comm *vc = calloc(1, sizeof(*vc));
	int err;

	if (!vc)
		return NCCL_SYSTEM_ERROR;
	comm->state = vc;
	vc->ring = aligned_alloc(4096, NET_SLOTS * sizeof(*vc->ring));
	if (vc->ring) {
		memset(vc->ring, 0, NET_SLOTS * sizeof(*vc->ring));
		vc->ring_mr =
			ibv_reg_mr(v->pd, vc->ring, NET_SLOTS * sizeof(*vc->ring), VERBS_ACCESS);
	}
	err = vc->ring_mr ? make_queues(comm) : -errno;
	if (err) {
		net_warn("%s: no queue pair for a connection: %s", comm->dev->name, strerror(-err));
		return NCCL_SYSTEM_ERROR;
	}
	describe(comm, blob);
	return NCCL_SUCCESS;
}

static enum nccl_result comm_connect(struct net_comm *comm, const void *blob)
{
	struct verbs_comm *vc = comm->state;
	struct verbs_blob peer, own;
	int err = 0;

	memcpy(&peer, blob, sizeof(peer));
	if (!verbs_blob_ok(&peer)) {
		net_warn("comm %u: the peer describes queue pairs that cannot be", comm->id);
		return NCCL_REMOTE_ERROR;
	}
	vc->n_qps = peer.n_qps < vc->made ? peer.n_qps : vc->made;
	vc->peer_ring = peer.ring_addr;
	vc->peer_ring_rkey = peer.ring_rkey;
	for (unsigned int i = 0; i < vc->n_qps && !err; i++)
		err = verbs_qp_connect(comm->dev, vc->qp[i], &peer, peer.qpn[i]);
	describe(comm, &own);
	if (!err && vc->self)
		err = verbs_qp_connect(comm->dev, vc->self, &own, vc->self->qp_num);
	if (!err)
		return NCCL_SUCCESS;
	net_warn("%s: a queue pair cannot be connected: %s", comm->dev->name, strerror(-err));
	return NCCL_SYSTEM_ERROR;
}

static int post_write(struct net_comm *comm, struct net_request *req)
{
	struct verbs_comm *vc = comm->state;
	const struct net_cts *cts = &comm->cts[req->seq % NET_SLOTS];
	struct net_part *part = &req->part[0];
	size_t piece = ((part->size + vc->n_qps - 1) / vc->n_qps + 127) & ~(size_t)127, at = 0;
	struct ibv_send_wr wr, *bad;
	struct ibv_sge sge;
	int err = 0;

	for (unsigned int i = 0; i < vc->n_qps && !err; i++) {
		size_t size = part->size - at < piece ? part->size - at : piece;

		memset(&wr, 0, sizeof(wr));
		wr.wr_id = wr_id(WR_SEND, req);
		wr.opcode = IBV_WR_RDMA_WRITE_WITH_IMM;
		wr.imm_data = htobe32((req->seq % NET_SLOTS) | req->index << 16);
		wr.wr.rdma.remote_addr = cts->part[req->index].addr + at;
		wr.wr.rdma.rkey = cts->part[req->index].rkey;
		if (size) {
			sge.addr = part->mr->iova + (size_t)(part->data - part->mr->data) + at;
			sge.length = (uint32_t)size;
			sge.lkey = part->mr->lkey;
			wr.sg_list = &sge;
			wr.num_sge = 1;
		}
		at += size;
		err = ibv_post_send(vc->qp[i], &wr, &bad);
		req->pending += !err;
	}
	return err;
}

/* Receives first, then the announcement: so the sender never finds the queue empty. */
static int post_receive(struct net_comm *comm, struct net_request *req)
{
	struct verbs_comm *vc = comm->state;
	struct ibv_recv_wr recv = { .wr_id = wr_id(WR_RECV, req) }, *bad;
	int err = 0;

	for (uint32_t i = 0; i < req->n * vc->n_qps && !err; i++)
		err = ibv_post_recv(vc->qp[i % vc->n_qps], &recv, &bad);
	if (err)
		return err;
	vc->active[req->seq % NET_SLOTS] = req;
	req->pending = req->n * vc->n_qps + 1; /* the announcement too: its slot is read until then */
	verbs_cts_fill(vc, req);
	return verbs_cts_post(vc);
}

static int post_flush(struct net_comm *comm, struct net_request *req)
{
	struct verbs_comm *vc = comm->state;
	struct net_part *part = &req->part[0];
	struct ibv_sge sge = { (uintptr_t)&vc->ring[req->seq % NET_SLOTS].reserved, 1,
			       vc->ring_mr->lkey };
	struct ibv_send_wr wr = { .wr_id = wr_id(WR_FLUSH, req),
				  .sg_list = &sge,
				  .num_sge = 1,
				  .opcode = IBV_WR_RDMA_READ },
			   *bad;

	wr.wr.rdma.remote_addr = part->mr->iova + (size_t)(part->data - part->mr->data);
	wr.wr.rdma.rkey = part->mr->rkey;
	req->pending = 1;
	return ibv_post_send(vc->self, &wr, &bad);
}

/* The result of posting, and its line in the log */
static enum nccl_result refused(const struct net_comm *comm, int err)
{
	if (!err)
		return NCCL_SUCCESS;
	net_warn("%s: comm %u: a work request was refused: %s", comm->dev->name, comm->id,
		 strerror(err));
	return NCCL_SYSTEM_ERROR;
}

static enum nccl_result post(struct net_comm *comm, struct net_request *req)
{
	int err;

	if (req->kind == NET_SEND)
		err = post_write(comm, req);
	else if (req->kind == NET_RECV)
		err = post_receive(comm, req);
	else
		err = post_flush(comm, req);
	return refused(comm, err);
}

static void one_less(struct net_request *req)
{
	if (!--req->pending)
		req->done = true;
}

static void receive_one_less(struct verbs_comm *vc, uint32_t slot)
{
	one_less(vc->active[slot]);
	if (!vc->active[slot]->done)
		return;
	vc->active[slot] = NULL;
	vc->cts_done++;
}

static enum nccl_result received(struct net_comm *comm, const struct ibv_wc *wc)
{
	struct verbs_comm *vc = comm->state;
	uint32_t imm = be32toh(wc->imm_data), index = imm >> 16;
	struct net_request *req = vc->active[imm % NET_SLOTS];
	struct net_part *part;

	if (!req || index >= req->n || req->part[index].arrivals == vc->n_qps ||
	    wc->byte_len > req->part[index].size - req->part[index].got) {
		net_warn("comm %u: the sender sent what no receive waits for", comm->id);
		return NCCL_REMOTE_ERROR;
	}
	part = &req->part[index];
	part->got += wc->byte_len;
	part->arrivals++;
	receive_one_less(vc, imm % NET_SLOTS);
	return refused(comm, verbs_cts_post(vc));
}

/* @n receives have been announced. */
static enum nccl_result announced(struct net_comm *comm, uint32_t n)
{
	struct verbs_comm *vc = comm->state;

	for (; n; n--)
		receive_one_less(vc, vc->cts_told++ % NET_SLOTS);
	return refused(comm, verbs_cts_post(vc));
}

static enum nccl_result completed(struct net_comm *comm, const struct ibv_wc *wc)
{
	struct net_request *req = &comm->slots[(uint32_t)wc->wr_id % NET_SLOTS];

	if (wc->status != IBV_WC_SUCCESS) {
		static const char *const kinds[] = { "send", "announcement", "flush", "receive" };

		net_warn("%s: comm %u: %s: %s: %s", comm->dev->name, comm->id,
			 kinds[wc->wr_id >> 32 & 3], ibv_wc_status_str(wc->status),
			 tphbuf_explain_wc((int)wc->status));
		return NCCL_REMOTE_ERROR;
	}
	if (wc->wr_id >> 32 == WR_RECV)
		return received(comm, wc);
	if (wc->wr_id >> 32 == WR_CTS)
		return announced(comm, (uint32_t)wc->wr_id);
	if (req->magic != NET_MAGIC_REQ)
		return NCCL_INTERNAL_ERROR;
	one_less(req);
	return NCCL_SUCCESS;
}

static enum nccl_result read_ring(struct net_comm *comm)
{
	struct verbs_comm *vc = comm->state;
	struct verbs_cts *cts;
	struct net_cts own;

	for (;;) {
		cts = &vc->ring[comm->cts_tail % NET_SLOTS];
		if (__atomic_load_n(&cts->mark, __ATOMIC_ACQUIRE) != comm->cts_tail + 1)
			return NCCL_SUCCESS;
		verbs_cts_read(cts, comm->cts_tail, &own);
		if (!net_cts_add(comm, &own)) {
			net_warn("comm %u: the receiver announced what cannot be", comm->id);
			return NCCL_REMOTE_ERROR;
		}
	}
}

/* Checked before the completions, which include all that the peer did before it closed. */
static void look_for_end(struct net_comm *comm)
{
	char c;

	if (recv(comm->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0 ||
	    (errno != EAGAIN && errno != EINTR))
		comm->peer_gone = true;
}

static enum nccl_result progress(struct net_comm *comm)
{
	struct verbs_comm *vc = comm->state;
	struct verbs_device *v = comm->dev->state;
	enum nccl_result result = NCCL_SUCCESS;
	struct ibv_wc wc[CQ_BATCH];
	int n;

	if (vc->calls++ % 64 == 0) {
		errno = EAGAIN;
		look_for_end(comm);
		verbs_events(comm->dev);
	}
	do {
		n = ibv_poll_cq(vc->cq, CQ_BATCH, wc);
		for (int i = 0; i < n && !result; i++)
			result = completed(comm, &wc[i]);
	} while (n == CQ_BATCH && !result);
	if (n < 0 && !result)
		result = NCCL_SYSTEM_ERROR;
	if (!result && comm->sends)
		result = read_ring(comm);
	if (!result && (atomic_load(&v->fatal) || atomic_load(&vc->failed)))
		result = NCCL_SYSTEM_ERROR;
	return result;
}

const struct net_backend net_verbs = {
	.name = "verbs",
	.devices = verbs_devices,
	.device_close = verbs_device_close,
	.comm_open = comm_open,
	.comm_connect = comm_connect,
	.comm_close = comm_close,
	.post = post,
	.progress = progress,
	.reg = verbs_reg,
	.unreg = verbs_unreg,
	.reg_dmabuf = verbs_reg_dmabuf,
};
