// SPDX-License-Identifier: MIT
/*
 * The send queue. Work requests execute one after the other, so every fence holds.
 * A WQE stays at the head of the queue while its message moves in parts, while the
 * peer is not ready, and while a page fault is open. It is read again for each try;
 * qp->progress and qp->missing are the only state kept between tries.
 *
 * An error completes the WQE with its syndrome, signalled or not, and moves the QP
 * to ERR. There, posted WQEs and those posted later are flushed.
 */
#include "fabric/nic/counters.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/fault.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/keys/umr.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/wqe.h"
#include "fabric/nic/rc/receive.h"
#include "fabric/nic/rc/requester.h"
#include "fabric/nic/rc/responder.h"
#include "fabric/nic/rc/retry.h"
#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"
#include "fabric/nic/ud/datagram.h"
#include "fabric/nic/wire.h"

static void complete_send(struct nic_qp *qp, const struct nic_wqe *wqe, enum nic_status status)
{
	struct nic_completion completion = {
		.qpn = qp->number,
		.wqe_counter = qp->sq_ci,
		.opcode = MLX5_CQE_REQ,
		.wqe_opcode = wqe->opcode,
		.status = status,
		.byte_count = status == NIC_OK ? wqe->len : 0,
	};

	nic_cq_complete(qp->nic, qp->cqn_send, &completion);
}

void nic_qp_fail(struct nic_qp *qp, enum nic_status status, uint8_t event)
{
	if (qp->state == NIC_QP_ERR)
		return;
	fab_debug(&qp->nic->dev, "qp 0x%x fails: syndrome 0x%02x", qp->number, nic_syndrome(status));
	nic_qp_set_state(qp, NIC_QP_ERR);
	if (event)
		nic_event_qp(qp->nic, event, qp->number);
	nic_requester_kick(qp);
}

/* The next try of the WQE at the head starts with the first byte. */
static void forget_progress(struct nic_qp *qp)
{
	qp->progress = 0;
	qp->rnr_tries = 0;
	qp->retry_tries = 0;
	qp->missing = (struct nic_missing){ 0 };
}

static void leave_wqe(struct nic_qp *qp, uint8_t blocks)
{
	qp->sq_ci += blocks;
	forget_progress(qp);
}

static void finish(struct nic_qp *qp, const struct nic_wqe *wqe, enum nic_status status)
{
	qp->nic->wqes++;
	if (status == NIC_OK) {
		qp->completed++;
		if (wqe->signalled)
			complete_send(qp, wqe, status);
		leave_wqe(qp, wqe->blocks);
		return;
	}
	qp->failed++;
	qp->nic->wqes_bad++;
	complete_send(qp, wqe, status);
	leave_wqe(qp, wqe->blocks);
	nic_qp_fail(qp, status, 0);
}

/*
 * WQEs between sq_ci and the doorbell record. The record is read when the known ones are used up, and once in a turn
 * (*fresh): what is posted after that has a doorbell, which begins the next turn.
 */
static bool more_posted(struct nic_qp *qp, bool *fresh)
{
	uint16_t rq_pi;

	if (qp->no_sq)
		return false;
	if (qp->sq_ci != qp->sq_pi || *fresh)
		return qp->sq_ci != qp->sq_pi;
	*fresh = true;
	if (nic_qp_read_dbr(qp, &rq_pi, &qp->sq_pi)) {
		nic_qp_fail(qp, NIC_LOCAL_QP_OP, NIC_EVENT_WQ_CATASTROPHIC);
		return false;
	}
	if ((uint16_t)(qp->sq_pi - qp->sq_ci) > 1u << qp->log_sq_size) {
		qp->sq_pi = qp->sq_ci;
		nic_qp_fail(qp, NIC_LOCAL_QP_OP, NIC_EVENT_WQ_CATASTROPHIC);
	}
	return qp->sq_ci != qp->sq_pi;
}

static enum nic_status own_memory(struct nic_qp *qp, const struct nic_wqe *wqe)
{
	struct nic_side side = {
		.nic = qp->nic,
		.pd = qp->pd,
		.sge = wqe->sge,
		.nsge = wqe->nsge,
		.need = nic_wqe_is_answered(wqe) ? NIC_LOCAL_WRITE : NIC_LOCAL_READ,
		.missing = &qp->missing,
	};

	return nic_side_check(&side, wqe->len);
}

/* An unreliable connection has no answers: the requester learns nothing of what happens at the peer. */
static bool is_unreliable(const struct nic_qp *qp)
{
	return qp->service == MLX5_QPC_ST_UC;
}

static bool is_peers(enum nic_status status)
{
	return status == NIC_AGAIN || status == NIC_REMOTE_INVALID_REQUEST ||
	       status == NIC_REMOTE_ACCESS || status == NIC_REMOTE_OP;
}

/* NIC_AGAIN: the WQE is not over; either a timer is armed (qp->waiting) or the next call continues it. */
static enum nic_status try_message(struct nic_qp *qp, const struct nic_wqe *wqe)
{
	struct nic_message msg = {
		.from = qp,
		.slid = qp->nic->opts.lid,
		.opcode = wqe->opcode,
		.has_imm = nic_wqe_has_imm(wqe),
		.solicited = wqe->solicited,
		.imm = nic_wqe_has_imm(wqe) ? wqe->imm : 0,
		.remote_va = wqe->remote_va,
		.rkey = wqe->rkey,
		.srqn = wqe->srqn,
		.swap_add = wqe->swap_add,
		.compare = wqe->compare,
		.len = wqe->len,
		.sge = wqe->sge,
		.nsge = wqe->nsge,
		.done = qp->progress,
	};
	enum nic_status status;
	struct nic_qp *to;

	if (msg.done > msg.len) /* the guest has changed a WQE whose message is under way */
		return NIC_LOCAL_QP_OP;
	if (msg.done == 0) {
		status = own_memory(qp, wqe);
		if (status != NIC_OK)
			return status;
	}
	to = nic_wire_find(qp);
	if (!to) {
		qp->progress = 0; /* a peer that connects later has not seen the first part */
		return is_unreliable(qp) ? NIC_OK : nic_retry_later(qp);
	}
	status = nic_respond(to, &msg);
	if (is_unreliable(qp) && is_peers(status))
		return NIC_OK;
	if (status == NIC_AGAIN)
		return nic_retry_rnr(qp, to->min_rnr);
	if (status != NIC_OK)
		return status;
	qp->rnr_tries = 0;
	qp->retry_tries = 0;
	nic_count_traffic(qp, to, wqe->opcode, msg.done - qp->progress);
	qp->progress = msg.done;
	return msg.done < msg.len ? NIC_AGAIN : NIC_OK;
}

/* A page fault that cannot be raised fails the message, as an error answer of the driver does. */
static enum nic_status execute_message(struct nic_qp *qp, const struct nic_wqe *wqe)
{
	enum nic_status status = try_message(qp, wqe);

	if (status != NIC_FAULT)
		return status;
	if (nic_fault_raise(qp))
		return NIC_AGAIN;
	qp->missing.failed = true;
	return try_message(qp, wqe);
}

/* LOCAL_INVAL: the key in the immediate field loses its translation until UMR gives it a new one. */
static enum nic_status execute_local_inval(struct nic_qp *qp, const struct nic_wqe *wqe)
{
	struct nic_mkey *mkey = nic_mkey_get(qp->nic, wqe->imm);

	if (!mkey || !mkey->umr_en || mkey->pd != qp->pd)
		return NIC_LOCAL_PROT;
	mkey->free = true;
	return NIC_OK;
}

static enum nic_status execute_connected(struct nic_qp *qp, const struct nic_wqe *wqe)
{
	if (is_unreliable(qp) && nic_wqe_is_answered(wqe))
		return NIC_LOCAL_QP_OP;
	if (nic_wqe_is_message(wqe))
		return execute_message(qp, wqe);
	if (wqe->opcode == MLX5_OPCODE_LOCAL_INVAL)
		return execute_local_inval(qp, wqe);
	return NIC_LOCAL_QP_OP;
}

static enum nic_status execute(struct nic_qp *qp, struct nic_wqe *wqe)
{
	enum nic_status status;

	if (wqe->opcode == MLX5_OPCODE_NOP)
		return NIC_OK;
	switch (qp->service) {
	case MLX5_QPC_ST_XRC:
		status = nic_wqe_parse(wqe, true);
		return status == NIC_OK ? execute_connected(qp, wqe) : status;
	case MLX5_QPC_ST_RC:
	case MLX5_QPC_ST_UC:
		if (wqe->opcode == MLX5_OPCODE_UMR)
			return nic_umr_execute(qp, wqe->raw, wqe->raw_len);
		status = nic_wqe_parse(wqe, false);
		return status == NIC_OK ? execute_connected(qp, wqe) : status;
	case MLX5_QPC_ST_REG_UMR:
		if (wqe->opcode == MLX5_OPCODE_UMR)
			return nic_umr_execute(qp, wqe->raw, wqe->raw_len);
		return NIC_LOCAL_QP_OP;
	case MLX5_QPC_ST_UD:
	case MLX5_QPC_ST_QP0:
	case MLX5_QPC_ST_QP1:
		return nic_datagram_send(qp, wqe);
	default:
		return NIC_LOCAL_QP_OP;
	}
}

/* False: nothing more to do for now. */
static bool run_one(struct nic_qp *qp, struct nic_wqe *wqe, bool *fresh)
{
	enum nic_status status;

	if (qp->waiting || !more_posted(qp, fresh))
		return false;
	if (qp->progress == 0 && !qp->rnr_tries && !qp->retry_tries && !qp->missing.nic)
		qp->posted++;
	status = nic_wqe_fetch(qp, wqe);
	if (status == NIC_OK)
		status = execute(qp, wqe);
	if (status != NIC_AGAIN)
		finish(qp, wqe, status);
	return !qp->waiting;
}

/*
 * Several short messages in one turn of the loop, because each turn polls all sockets. A long
 * message and a request that is no message (UMR reads a table) end the turn.
 */
static bool run_batch(struct nic_qp *qp)
{
	struct nic_wqe wqe;
	uint64_t bytes = 0;
	bool fresh = false;
	int i;

	for (i = 0; i < NIC_SEND_BATCH && bytes < NIC_BATCH_BYTES; i++) {
		if (!run_one(qp, &wqe, &fresh))
			return false;
		if (qp->state != NIC_QP_RTS || !nic_wqe_is_message(&wqe))
			return true;
		bytes += wqe.len;
	}
	return true;
}

static bool flush_send(struct nic_qp *qp)
{
	struct nic_wqe wqe;
	bool fresh = false;
	int i;

	for (i = 0; i < NIC_FLUSH_BATCH; i++) {
		if (!more_posted(qp, &fresh))
			return false;
		(void)nic_wqe_fetch(qp, &wqe); /* one that cannot be read is flushed as well */
		wqe.len = 0;
		qp->posted++;
		qp->failed++;
		complete_send(qp, &wqe, NIC_FLUSHED);
		leave_wqe(qp, wqe.blocks);
	}
	return true;
}

static bool flush(struct nic_qp *qp)
{
	uint16_t sq_ci = qp->sq_ci, rq_ci = qp->rq_ci;

	if (flush_send(qp) || nic_receive_flush(qp))
		return true;
	if (!qp->no_rq)
		nic_retry_flush(qp, sq_ci != qp->sq_ci || rq_ci != qp->rq_ci);
	return false;
}

static bool work(void *ctx)
{
	struct nic_qp *qp = ctx;

	if (qp->state == NIC_QP_ERR)
		return flush(qp);
	if (qp->state == NIC_QP_RTS)
		return run_batch(qp);
	return false;
}

static void timer_expired(void *ctx)
{
	struct nic_qp *qp = ctx;

	qp->waiting = false;
	fab_work_queue(qp->nic->dev.fabric->loop, &qp->work);
}

void nic_requester_init(struct nic_qp *qp)
{
	qp->work = (struct fab_work){ .fn = work, .ctx = qp };
	qp->timer = (struct fab_timer){ .fn = timer_expired, .ctx = qp };
}

void nic_requester_kick(struct nic_qp *qp)
{
	if (qp->waiting && qp->state == NIC_QP_ERR)
		nic_requester_stop(qp); /* flush instead */
	fab_work_queue(qp->nic->dev.fabric->loop, &qp->work);
}

void nic_requester_stop(struct nic_qp *qp)
{
	struct fab_loop *loop = qp->nic->dev.fabric->loop;

	fab_timer_cancel(loop, &qp->timer);
	fab_work_cancel(loop, &qp->work);
	nic_fault_detach(qp);
	qp->waiting = false;
	forget_progress(qp);
}
