// SPDX-License-Identifier: MIT
/*
 * Receives. The own queue is consumed in order: its head is advanced when the receive
 * completes. From a shared queue an entry is taken when the message begins and kept in
 * qp->entry, because other queue pairs take the next ones meanwhile.
 */
#include "fabric/nic/counters.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"
#include "fabric/nic/queues/wqe.h"
#include "fabric/nic/rc/receive.h"
#include "fabric/nic/rc/requester.h"
#include "fabric/nic/rc/responder.h"

#define LINK_BYTES ((uint32_t)sizeof(struct mlx5_wqe_srq_next_seg))

/* The queue of the entry that the QP has taken; NULL: none taken, or the queue is gone. */
static struct nic_srq *taken_from(const struct nic_qp *qp)
{
	return qp->entry.taken ? nic_ids_find(&qp->nic->srqs, qp->entry.srqn) : NULL;
}

void nic_receive_complete(struct nic_qp *to, const struct nic_message *msg, enum nic_status status,
			  uint8_t opcode)
{
	const struct nic_srq *srq = taken_from(to);
	struct nic_completion completion = {
		.qpn = to->number,
		.wqe_counter = srq ? to->entry.index : to->rq_ci,
		.srqn = srq ? srq->number : 0,
		.opcode = opcode,
		.status = status,
	};

	if (msg) {
		completion.byte_count = msg->len;
		completion.imm = msg->imm;
		completion.solicited = msg->solicited;
		completion.slid = msg->slid;
		completion.flags_rqpn = msg->flags_rqpn;
	}
	if (srq)
		to->entry.taken = false;
	else
		to->rq_ci++;
	nic_cq_complete(to->nic, srq && srq->kind == NIC_SRQ_XRC ? srq->cqn : to->cqn_recv,
			&completion);
}

enum nic_status nic_receive_fail(struct nic_qp *to, const struct nic_message *msg,
				 enum nic_status status, enum nic_status seen)
{
	nic_receive_complete(to, msg, status, MLX5_CQE_RESP_SEND);
	nic_qp_fail(to, status, 0);
	return seen;
}

/* Receives that are posted; the doorbell record is read only when the known ones are used up. -1: invalid record. */
static int posted_receives(struct nic_qp *qp)
{
	uint16_t posted = (uint16_t)(qp->rq_pi - qp->rq_ci), sq_pi;

	if (!posted) {
		if (nic_qp_read_dbr(qp, &qp->rq_pi, &sq_pi))
			return -1;
		posted = (uint16_t)(qp->rq_pi - qp->rq_ci);
	}
	return posted <= 1u << qp->log_rq_size ? posted : -1;
}

static enum nic_status need_own(struct nic_qp *to)
{
	int posted = posted_receives(to);

	if (posted < 0)
		return NIC_REMOTE_OP;
	return posted ? NIC_OK : NIC_AGAIN;
}

/* A message that goes on in another SRQ than it began in has been rewritten by the guest. */
static enum nic_status need_shared(struct nic_qp *to, struct nic_srq *srq)
{
	if (!to->entry.taken)
		return nic_srq_take(to->nic, srq, &to->entry);
	return to->entry.srqn == srq->number ? NIC_OK : NIC_REMOTE_INVALID_REQUEST;
}

enum nic_status nic_receive_need(struct nic_qp *to, const struct nic_message *msg)
{
	enum nic_status status = NIC_REMOTE_INVALID_REQUEST;

	if (msg->srq)
		status = need_shared(to, msg->srq);
	else if (!to->no_rq)
		status = need_own(to);
	if (status == NIC_AGAIN) {
		to->nic->rnr_events++;
		nic_count(to, NIC_Q_OUT_OF_BUFFER);
	} else if (status == NIC_REMOTE_OP) {
		return nic_nak(to, status, NIC_EVENT_WQ_CATASTROPHIC);
	} else if (status != NIC_OK) {
		return nic_nak(to, status, NIC_EVENT_WQ_INVALID_REQUEST);
	}
	return status;
}

static bool read_own(struct nic_qp *to, struct nic_receive *receive)
{
	uint32_t bytes = 16u << to->log_rq_stride;
	uint8_t raw[NIC_MAX_SGE * 16];

	if (bytes > sizeof(raw))
		bytes = sizeof(raw);
	if (nic_qp_read_rq(to, to->rq_ci, raw, bytes))
		return false;
	receive->pd = to->pd;
	receive->room = nic_wqe_parse_scatter(raw, bytes, receive->sge, &receive->nsge);
	return true;
}

static bool read_shared(struct nic_qp *to, const struct nic_srq *srq, struct nic_receive *receive)
{
	uint32_t bytes = 1u << srq->log_stride;
	uint8_t raw[NIC_MAX_SGE * 16];

	if (bytes > sizeof(raw))
		bytes = sizeof(raw);
	if (nic_srq_read(to->nic, srq, to->entry.index, raw, bytes))
		return false;
	receive->pd = srq->pd;
	receive->room = nic_wqe_parse_scatter(raw + LINK_BYTES, bytes - LINK_BYTES, receive->sge,
					      &receive->nsge);
	return true;
}

bool nic_receive_read(struct nic_qp *to, const struct nic_message *msg, struct nic_receive *receive)
{
	return msg->srq ? read_shared(to, msg->srq, receive) : read_own(to, receive);
}

bool nic_receive_flush(struct nic_qp *qp)
{
	int i, posted;

	if (qp->no_rq)
		return false;
	for (i = 0; i < NIC_FLUSH_BATCH; i++) {
		posted = posted_receives(qp);
		if (posted < 0)
			qp->rq_ci = qp->rq_pi;
		if (posted <= 0)
			return false;
		nic_receive_complete(qp, NULL, NIC_FLUSHED, MLX5_CQE_RESP_SEND);
	}
	return true;
}

void nic_receive_flush_taken(struct nic_qp *qp)
{
	if (taken_from(qp))
		nic_receive_complete(qp, NULL, NIC_FLUSHED, MLX5_CQE_RESP_SEND);
	qp->entry.taken = false;
}
