// SPDX-License-Identifier: MIT
/*
 * Queue pairs: life, state, and access to their work queues. The receive queue
 * comes first in the buffer, the send queue after it; a doorbell record in
 * guest memory holds both producer indexes.
 */
#include <endian.h>
#include <stdlib.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/rc/receive.h"
#include "fabric/nic/rc/requester.h"
#include "fabric/nic/ud/multicast.h"

struct nic_qp *nic_qp_get(struct nic *nic, uint32_t qpn)
{
	return nic_ids_find(&nic->qps, qpn);
}

void nic_sq_doorbell(struct nic *nic, uint32_t qpn)
{
	struct nic_qp *qp = nic_qp_get(nic, qpn);

	if (qp)
		nic_requester_kick(qp);
}

int nic_qp_read_dbr(struct nic_qp *qp, uint16_t *rq_pi, uint16_t *sq_pi)
{
	uint32_t record[2];
	int ret;

	ret = fab_dma_read(&qp->nic->dev, FAB_ORIGIN_DOORBELL, qp->dbr, record, sizeof(record));
	if (ret)
		return ret;
	*rq_pi = (uint16_t)be32toh(record[0]);
	*sq_pi = (uint16_t)be32toh(record[1]);
	return 0;
}

int nic_qp_read_sq(struct nic_qp *qp, uint16_t index, void *to, uint32_t len)
{
	uint32_t size = (uint32_t)MLX5_SEND_WQE_BB << qp->log_sq_size;
	uint32_t off = (index * (uint32_t)MLX5_SEND_WQE_BB) & (size - 1), part;
	uint8_t *data = to;
	int ret;

	while (len) {
		part = size - off < len ? size - off : len;
		ret = nic_buf_read(qp->nic, &qp->buf, qp->sq_offset + off, data, part,
				   FAB_ORIGIN_WQE);
		if (ret)
			return ret;
		data += part;
		len -= part;
		off = 0;
	}
	return 0;
}

int nic_qp_read_rq(struct nic_qp *qp, uint16_t index, void *to, uint32_t len)
{
	uint32_t stride = 16u << qp->log_rq_stride, entry = index & ((1u << qp->log_rq_size) - 1);

	return nic_buf_read(qp->nic, &qp->buf, entry * stride, to, len < stride ? len : stride,
			    FAB_ORIGIN_WQE);
}

bool nic_qp_has_recv_cq(const struct nic_qp *qp)
{
	return !qp->no_rq || qp->shared_rq;
}

/* With a shared receive queue the last receive of this queue pair has completed when it is in ERR: an event. */
void nic_qp_set_state(struct nic_qp *qp, enum nic_qp_state state)
{
	enum nic_qp_state old = qp->state;

	qp->state = state;
	if (state == NIC_QP_ERR) {
		nic_receive_flush_taken(qp);
		if (qp->shared_rq && old != NIC_QP_RST && old != NIC_QP_ERR)
			nic_event_qp(qp->nic, NIC_EVENT_SRQ_LAST_WQE, qp->number);
		nic_requester_kick(qp);
	} else if (state == NIC_QP_RST) {
		nic_requester_stop(qp);
		qp->entry.taken = false;
		qp->sq_pi = qp->sq_ci = 0;
		qp->rq_pi = qp->rq_ci = 0;
	}
}

void nic_qp_free(struct nic_qp *qp)
{
	struct nic *nic = qp->nic;
	struct nic_cq *cq_send = nic_ids_find(&nic->cqs, qp->cqn_send);
	struct nic_cq *cq_recv = nic_ids_find(&nic->cqs, qp->cqn_recv);
	struct nic_srq *srq = qp->shared_rq ? nic_srq_get(nic, qp->srqn, NIC_SRQ_RMP) : NULL;
	struct nic_qp **link = &nic->qp_list;

	nic_requester_stop(qp);
	nic_multicast_detach_all(qp);
	while (*link != qp)
		link = &(*link)->next;
	*link = qp->next;
	if (!qp->no_sq && cq_send)
		cq_send->users--;
	if (nic_qp_has_recv_cq(qp) && cq_recv)
		cq_recv->users--;
	if (srq)
		srq->users--;
	nic_ids_remove(&nic->qps, qp->number);
	nic_buf_free(nic, &qp->buf);
	free(qp);
}
