// SPDX-License-Identifier: MIT
/*
 * Completion queues: entries whose owner bit toggles with each lap, a doorbell
 * record in guest memory with the consumer index and the last arm request, and
 * one completion event for each arming.
 *
 * Arming a queue that holds unread entries: mlx5e and mlx5_ib arm after their last
 * poll and do not look again, so an entry that came in between must raise the event.
 * Programs that arm first and poll later (perftest -e, ibv_rc_pingpong -e) must not
 * get a second event for an entry whose event they have just taken. The context has
 * an index for each of the two (cqc.last_notified_index, last_solicit_index), and
 * both hold when an event is due for entries that no event has reported.
 *
 * Entries are of version 0 (they carry the QP number). An entry of 128 bytes
 * has the 64 that count in its second half.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/dma.h"
#include "fabric/nic/clock.h"
#include "fabric/nic/counters.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/status.h"

#define ARM_SOLICITED	 (1u << 24) /* of the arm word: sn 29:28, command 24, index 23:0 */
#define CQ_ERROR_OVERRUN 1u

static const uint8_t syndromes[] = {
	[NIC_LOCAL_LENGTH] = MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR,
	[NIC_LOCAL_QP_OP] = MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR,
	[NIC_LOCAL_PROT] = MLX5_CQE_SYNDROME_LOCAL_PROT_ERR,
	[NIC_FLUSHED] = MLX5_CQE_SYNDROME_WR_FLUSH_ERR,
	[NIC_MW_BIND] = MLX5_CQE_SYNDROME_MW_BIND_ERR,
	[NIC_BAD_RESPONSE] = MLX5_CQE_SYNDROME_BAD_RESP_ERR,
	[NIC_LOCAL_ACCESS] = MLX5_CQE_SYNDROME_LOCAL_ACCESS_ERR,
	[NIC_REMOTE_INVALID_REQUEST] = MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR,
	[NIC_REMOTE_ACCESS] = MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR,
	[NIC_REMOTE_OP] = MLX5_CQE_SYNDROME_REMOTE_OP_ERR,
	[NIC_RETRY_EXCEEDED] = MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR,
	[NIC_RNR_EXCEEDED] = MLX5_CQE_SYNDROME_RNR_RETRY_EXC_ERR,
};

uint8_t nic_syndrome(enum nic_status status)
{
	return (size_t)status < sizeof(syndromes) ? syndromes[status] : 0;
}

/* The consumer index in the doorbell record is read only when the last known one says "full". */
static bool cq_full(struct nic *nic, struct nic_cq *cq)
{
	uint32_t size = 1u << cq->log_size, ci;

	if (cq->ignore_overrun || ((cq->pi - cq->ci) & NIC_CI_MASK) < size)
		return false;
	if (fab_dma_read(&nic->dev, FAB_ORIGIN_DOORBELL, cq->dbr, &ci, sizeof(ci)))
		return true;
	cq->ci = be32toh(ci) & NIC_CI_MASK;
	return ((cq->pi - cq->ci) & NIC_CI_MASK) >= size;
}

static void cq_overrun(struct nic *nic, struct nic_cq *cq)
{
	NIC_LAYOUT(cq_error, data) = { 0 };

	cq->error = true;
	nic->cq_overruns++;
	fab_log(&nic->dev, "completion queue %u overrun", cq->number);
	DEVX_SET(cq_error, data, cqn, cq->number);
	DEVX_SET(cq_error, data, syndrome, CQ_ERROR_OVERRUN);
	nic_event(nic, NIC_EVENT_CQ_ERROR, data);
}

static void fill_error(struct mlx5_err_cqe *cqe, const struct nic_completion *completion)
{
	cqe->srqn = htobe32(completion->srqn);
	cqe->syndrome = nic_syndrome(completion->status);
	cqe->s_wqe_opcode_qpn = htobe32((uint32_t)completion->wqe_opcode << 24 | completion->qpn);
	cqe->wqe_counter = htobe16(completion->wqe_counter);
	cqe->op_own =
		(uint8_t)((completion->opcode == MLX5_CQE_REQ ? MLX5_CQE_REQ_ERR : MLX5_CQE_RESP_ERR)
			  << 4);
}

static void fill_success(struct mlx5_cqe64 *cqe, const struct nic_completion *completion)
{
	cqe->byte_cnt = htobe32(completion->byte_count);
	cqe->imm_inval_pkey = htobe32(completion->imm);
	cqe->srqn_uidx = htobe32(completion->srqn);
	cqe->slid = htobe16(completion->slid);
	cqe->flags_rqpn = htobe32(completion->flags_rqpn);
	cqe->sop_drop_qpn = htobe32((uint32_t)completion->wqe_opcode << 24 | completion->qpn);
	cqe->wqe_counter = htobe16(completion->wqe_counter);
	cqe->timestamp = htobe64(nic_clock());
	cqe->op_own = (uint8_t)(completion->opcode << 4 | (completion->solicited ? 1 << 1 : 0));
}

static void cq_event(struct nic *nic, struct nic_cq *cq)
{
	struct nic_eq *eq = nic_ids_find(&nic->eqs, cq->eqn);
	NIC_LAYOUT(comp_event, data) = { 0 };

	cq->armed = false;
	if (!eq)
		return;
	DEVX_SET(comp_event, data, cq_number, cq->number);
	if (nic_eq_post(nic, eq, NIC_EVENT_COMP, 0, data))
		cq->reported_pi = cq->pi;
}

union cq_entry {
	struct mlx5_cqe64 good;
	struct mlx5_err_cqe bad;
	uint8_t bytes[sizeof(struct mlx5_cqe64)];
};

/* Write the entry with the owner bit of this lap. */
static int cq_put(struct nic *nic, struct nic_cq *cq, union cq_entry *entry)
{
	const uint32_t used = sizeof(entry->bytes);
	uint32_t off = (cq->pi & ((1u << cq->log_size) - 1)) * cq->cqe_bytes + cq->cqe_bytes - used;
	int ret;

	entry->bytes[used - 1] |= (uint8_t)(cq->pi >> cq->log_size & MLX5_CQE_OWNER_MASK);
	ret = nic_buf_publish(nic, &cq->buf, off, entry->bytes, used, FAB_ORIGIN_CQE);
	if (!ret)
		cq->pi++;
	return ret;
}

static void count_error(struct nic *nic, const struct nic_completion *completion)
{
	const struct nic_qp *qp = nic_qp_get(nic, completion->qpn);

	if (qp)
		nic_count_error(qp, completion->opcode == MLX5_CQE_REQ, completion->status);
}

void nic_cq_complete(struct nic *nic, uint32_t cqn, const struct nic_completion *completion)
{
	struct nic_cq *cq = nic_ids_find(&nic->cqs, cqn);
	bool solicited = completion->solicited || completion->status != NIC_OK;
	union cq_entry entry = { .bytes = { 0 } };

	if (completion->status != NIC_OK)
		count_error(nic, completion);
	if (!cq || cq->error)
		return;
	if (cq_full(nic, cq)) {
		cq_overrun(nic, cq);
		return;
	}
	if (completion->status == NIC_OK)
		fill_success(&entry.good, completion);
	else
		fill_error(&entry.bad, completion);
	if (cq_put(nic, cq, &entry))
		return;
	if (solicited)
		cq->solicited_pi = cq->pi;
	if (cq->armed && (solicited || !cq->armed_solicited))
		cq_event(nic, cq);
}

int nic_cq_resize(struct nic *nic, struct nic_cq *cq, const struct nic_buf *buf, uint8_t log_size)
{
	union cq_entry entry = { .good.op_own = MLX5_CQE_RESIZE_CQ << 4 };
	uint32_t ci, unread;
	int ret;

	ret = fab_dma_read(&nic->dev, FAB_ORIGIN_DOORBELL, cq->dbr, &ci, sizeof(ci));
	if (ret)
		return ret;
	unread = (cq->pi - be32toh(ci)) & NIC_CI_MASK;
	if (unread >= 1u << cq->log_size || unread >= 1u << log_size)
		return -EINVAL;
	ret = cq_put(nic, cq, &entry);
	if (ret)
		return ret;
	/* Unread entries move up by one place, to make up for the last one. */
	cq->reported_pi++;
	cq->solicited_pi++;
	nic_buf_free(nic, &cq->buf);
	cq->buf = *buf;
	cq->log_size = log_size;
	return 0;
}

static bool is_behind(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

void nic_cq_arm(struct nic *nic, uint32_t cqn, uint32_t ci, bool solicited_only)
{
	struct nic_cq *cq = nic_ids_find(&nic->cqs, cqn);
	uint32_t unread, newest;

	if (!cq || cq->error)
		return;
	unread = (cq->pi - ci) & NIC_CI_MASK;
	if (unread > 1u << cq->log_size)
		unread = 0; /* an index that was never produced */
	newest = solicited_only ? cq->solicited_pi : cq->pi;
	cq->armed = true;
	cq->armed_solicited = solicited_only;
	if (is_behind(newest, cq->pi - unread) && is_behind(newest, cq->reported_pi))
		cq_event(nic, cq);
}

void nic_cq_arm_record(struct nic *nic, uint32_t cqn)
{
	struct nic_cq *cq = nic_ids_find(&nic->cqs, cqn);
	uint32_t word;

	if (!cq || fab_dma_read(&nic->dev, FAB_ORIGIN_DOORBELL, cq->dbr + 4, &word, sizeof(word)))
		return;
	word = be32toh(word);
	nic_cq_arm(nic, cqn, word & NIC_CI_MASK, word & ARM_SOLICITED);
}

void nic_cq_free(struct nic *nic, struct nic_cq *cq)
{
	nic_ids_remove(&nic->cqs, cq->number);
	nic_buf_free(nic, &cq->buf);
	free(cq);
}
