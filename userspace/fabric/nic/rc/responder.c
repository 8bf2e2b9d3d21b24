// SPDX-License-Identifier: MIT
/*
 * The receiving end of a reliable connection. Order of checks is that of the
 * InfiniBand specification (9.7.4): operation allowed by the QP, then the
 * remote key or the receive queue, and only then data moves. For a message
 * that moves in parts the whole range is checked with the first part and each
 * part once more when it is accessed. An absent translation, at either end, is
 * no error yet: it goes back to the requester, which raises the page fault.
 *
 * Data is in memory before the receive completion, and that is before the
 * completion of the sender.
 */
#include "fabric/nic/counters.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"
#include "fabric/nic/queues/wqe.h"
#include "fabric/nic/rc/atomic.h"
#include "fabric/nic/rc/receive.h"
#include "fabric/nic/rc/requester.h"
#include "fabric/nic/rc/responder.h"
#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"

/* NAK: the connection is broken at this end, and the requester sees status. UC drops the message instead. */
enum nic_status nic_nak(struct nic_qp *to, enum nic_status status, uint8_t event)
{
	if (status == NIC_REMOTE_ACCESS)
		nic_count(to, NIC_Q_RESP_REMOTE_ACCESS);
	if (to->service != MLX5_QPC_ST_UC)
		nic_qp_fail(to, status, event);
	return status;
}

static struct nic_side sender_side(const struct nic_message *msg, uint8_t need)
{
	return (struct nic_side){ .nic = msg->from->nic,
				  .pd = msg->from->pd,
				  .need = need,
				  .sge = msg->sge,
				  .nsge = msg->nsge,
				  .missing = &msg->from->missing };
}

static uint32_t next_part(const struct nic_message *msg)
{
	uint32_t left = msg->len - msg->done;

	return left < NIC_MOVE_MAX ? left : NIC_MOVE_MAX;
}

enum nic_status nic_own_status(enum nic_status status)
{
	return status == NIC_REMOTE_OP ? NIC_LOCAL_QP_OP : status;
}

static enum nic_status respond_send(struct nic_qp *to, struct nic_message *msg)
{
	struct nic_side from = sender_side(msg, NIC_LOCAL_READ);
	struct nic_side into = { .nic = to->nic,
				 .need = NIC_LOCAL_WRITE,
				 .missing = &msg->from->missing };
	const struct nic_side *blame;
	uint32_t part = next_part(msg);
	struct nic_receive receive;
	enum nic_status status;

	status = nic_receive_need(to, msg);
	if (status != NIC_OK)
		return status;
	if (!nic_receive_read(to, msg, &receive))
		return nic_nak(to, NIC_REMOTE_OP, NIC_EVENT_WQ_CATASTROPHIC);
	if (receive.room < msg->len && to->service == MLX5_QPC_ST_UC)
		return NIC_REMOTE_INVALID_REQUEST; /* dropped: the receive stays posted */
	if (receive.room < msg->len)
		return nic_receive_fail(to, msg, NIC_LOCAL_LENGTH, NIC_REMOTE_INVALID_REQUEST);
	into.pd = receive.pd;
	into.sge = receive.sge;
	into.nsge = receive.nsge;
	if (msg->done == 0)
		status = nic_side_check(&into, msg->len);
	if (status == NIC_FAULT)
		return status;
	if (status != NIC_OK)
		return nic_receive_fail(to, msg, NIC_LOCAL_PROT, NIC_REMOTE_OP);

	status = nic_transfer(&from, &into, msg->done, part, &blame);
	if (status == NIC_FAULT)
		return status;
	if (status != NIC_OK && blame == &into)
		return nic_receive_fail(to, msg, NIC_LOCAL_PROT, NIC_REMOTE_OP);
	if (status != NIC_OK)
		return nic_own_status(status);
	msg->done += part;
	if (msg->done == msg->len)
		nic_receive_complete(to, msg, NIC_OK,
				     msg->has_imm ? MLX5_CQE_RESP_SEND_IMM : MLX5_CQE_RESP_SEND);
	return NIC_OK;
}

/* A message of no bytes touches no memory and its key is not looked at. */
enum nic_status nic_check_remote(struct nic_qp *to, const struct nic_message *msg, uint8_t need)
{
	struct nic_sge sge = { .len = msg->len, .lkey = msg->rkey, .addr = msg->remote_va };
	struct nic_side side = { .nic = to->nic,
				 .pd = msg->pd,
				 .need = need,
				 .sge = &sge,
				 .nsge = 1,
				 .missing = &msg->from->missing };
	enum nic_status status = NIC_OK;

	if (!(to->access & need))
		return nic_nak(to, NIC_REMOTE_INVALID_REQUEST, NIC_EVENT_WQ_INVALID_REQUEST);
	if (msg->done == 0)
		status = nic_side_check(&side, msg->len);
	if (status != NIC_OK && status != NIC_FAULT)
		return nic_nak(to, NIC_REMOTE_ACCESS, NIC_EVENT_WQ_ACCESS);
	return status;
}

/* One part between the sender's list and the range that (rkey, va) names. */
static enum nic_status move_remote(struct nic_qp *to, struct nic_message *msg, bool read)
{
	struct nic_sge sge = { .len = msg->len, .lkey = msg->rkey, .addr = msg->remote_va };
	struct nic_side own = sender_side(msg, read ? NIC_LOCAL_WRITE : NIC_LOCAL_READ);
	struct nic_side remote = { .nic = to->nic,
				   .pd = msg->pd,
				   .sge = &sge,
				   .nsge = 1,
				   .need = read ? NIC_REMOTE_READ : NIC_REMOTE_WRITE,
				   .missing = &msg->from->missing };
	const struct nic_side *blame;
	uint32_t part = next_part(msg);
	enum nic_status status;

	if (read)
		status = nic_transfer(&remote, &own, msg->done, part, &blame);
	else
		status = nic_transfer(&own, &remote, msg->done, part, &blame);
	if (status == NIC_OK) {
		msg->done += part;
		return NIC_OK;
	}
	if (status == NIC_FAULT)
		return status;
	if (blame == &own)
		return nic_own_status(status);
	if (status == NIC_REMOTE_OP)
		return nic_nak(to, NIC_REMOTE_OP, NIC_EVENT_WQ_CATASTROPHIC);
	return nic_nak(to, NIC_REMOTE_ACCESS, NIC_EVENT_WQ_ACCESS);
}

static enum nic_status respond_write(struct nic_qp *to, struct nic_message *msg)
{
	enum nic_status status = nic_check_remote(to, msg, NIC_REMOTE_WRITE);

	if (status == NIC_OK && msg->has_imm)
		status = nic_receive_need(to, msg);
	if (status == NIC_OK)
		status = move_remote(to, msg, false);
	if (status == NIC_OK && msg->has_imm && msg->done == msg->len)
		nic_receive_complete(to, msg, NIC_OK, MLX5_CQE_RESP_WR_IMM);
	return status;
}

static enum nic_status respond_read(struct nic_qp *to, struct nic_message *msg)
{
	enum nic_status status = nic_check_remote(to, msg, NIC_REMOTE_READ);

	return status == NIC_OK ? move_remote(to, msg, true) : status;
}

/* Whose receives and whose protection domain: the QP's own, or those of the SRQ that the message names (XRC). */
static enum nic_status address(struct nic_qp *to, struct nic_message *msg)
{
	msg->pd = to->pd;
	msg->srq = NULL;
	if (to->service != MLX5_QPC_ST_XRC) {
		if (to->shared_rq)
			msg->srq = nic_srq_get(to->nic, to->srqn, NIC_SRQ_RMP);
		return NIC_OK;
	}
	msg->srq = nic_srq_get(to->nic, msg->srqn, NIC_SRQ_XRC);
	if (!msg->srq || msg->srq->xrcd != to->xrcd)
		return nic_nak(to, NIC_REMOTE_INVALID_REQUEST, NIC_EVENT_WQ_INVALID_REQUEST);
	msg->pd = msg->srq->pd;
	return NIC_OK;
}

enum nic_status nic_respond(struct nic_qp *to, struct nic_message *msg)
{
	enum nic_status status = address(to, msg);

	if (status != NIC_OK)
		return status;
	if (msg->done == 0) {
		to->nic->messages++;
		nic_count_request(to, msg->opcode);
	}
	switch (msg->opcode) {
	case MLX5_OPCODE_SEND:
	case MLX5_OPCODE_SEND_IMM:
		return respond_send(to, msg);
	case MLX5_OPCODE_RDMA_WRITE:
	case MLX5_OPCODE_RDMA_WRITE_IMM:
		return respond_write(to, msg);
	case MLX5_OPCODE_RDMA_READ:
		return respond_read(to, msg);
	case MLX5_OPCODE_ATOMIC_CS:
	case MLX5_OPCODE_ATOMIC_FA:
		return nic_respond_atomic(to, msg);
	default:
		return nic_nak(to, NIC_REMOTE_INVALID_REQUEST, NIC_EVENT_WQ_INVALID_REQUEST);
	}
}
