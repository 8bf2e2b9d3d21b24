// SPDX-License-Identifier: MIT
#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"
#include "tests/fuzz/command_check.h"
#include "tests/fuzz/fuzz.h"

#define MAX_OBJECTS 128u /* of a kind */

/* Slots that have been given out: an input's numbers begin with the first, and are not used twice. */
static uint32_t slots(const struct nic_ids *ids)
{
	return ids->next < MAX_OBJECTS ? ids->next : MAX_OBJECTS;
}

static const struct nic_ids *space(const struct nic *nic, unsigned int i)
{
	const struct nic_ids *spaces[CHECK_SPACES] = { &nic->pds,	  &nic->uars, &nic->xrcds,
						       &nic->eqs,	  &nic->cqs,  &nic->mkeys,
						       &nic->qps,	  &nic->srqs, &nic->faults,
						       &nic->counter_sets };

	return spaces[i];
}

void command_state(const struct nic *nic, struct command_state *state)
{
	const struct nic_qp *qp;
	unsigned int i;

	memset(state, 0, sizeof(*state)); /* compared as bytes */
	for (i = 0; i < CHECK_SPACES; i++)
		state->used[i] = space(nic, i)->used;
	state->pas = nic->pas_entries;
	state->mtts = nic->mtt_entries;
	state->port_caps = nic->port_caps;
	state->cmd_eqn = nic->cmd_eqn;
	state->enabled = nic->hca_enabled;
	state->initialised = nic->hca_initialised;
	memcpy(state->node_desc, nic->node_desc, sizeof(state->node_desc));
	for (qp = nic->qp_list; qp; qp = qp->next)
		state->qp_states = state->qp_states * 8 + qp->state;
}

static void *object(const struct nic_ids *ids, uint32_t i)
{
	return i < ids->size ? ids->slot[i] : NULL;
}

/* The table's count is that of its objects. */
static void check_space(const struct nic_ids *ids)
{
	uint32_t i, n = 0;

	for (i = 0; i < slots(ids); i++)
		n += object(ids, i) != NULL;
	promise(n == ids->used);
}

static uint32_t check_buf(const struct nic_buf *buf, uint64_t bytes)
{
	promise(buf->page_shift >= 12 && buf->page_shift < 64);
	promise((uint64_t)buf->npages << buf->page_shift >= buf->offset + bytes);
	return buf->npages;
}

static uint32_t check_qp(const struct nic *nic, const struct nic_qp *qp)
{
	const struct nic_srq *srq = qp->shared_rq ? nic_ids_find(&nic->srqs, qp->srqn) : NULL;
	uint64_t rq = qp->no_rq ? 0 : 16ull << qp->log_rq_stride << qp->log_rq_size;

	promise(qp->nic == nic && nic_ids_find(&nic->qps, qp->number) == qp);
	promise(qp->state <= NIC_QP_ERR);
	promise(qp->no_sq || nic_ids_find(&nic->cqs, qp->cqn_send));
	promise((qp->no_rq && !qp->shared_rq) || nic_ids_find(&nic->cqs, qp->cqn_recv));
	promise(!qp->shared_rq || (srq && srq->kind == NIC_SRQ_RMP));
	promise(qp->no_rq || 16u << qp->log_rq_stride <= 512);
	promise(qp->sq_offset >= rq && qp->sq_offset % 64 == 0);
	return check_buf(&qp->buf, qp->no_sq ? rq : qp->sq_offset + (64ull << qp->log_sq_size));
}

/* Queue pairs and SRQs that name the completion queue. */
static uint32_t users_of_cq(const struct nic *nic, uint32_t cqn)
{
	const struct nic_qp *qp;
	uint32_t i, n = 0;

	for (qp = nic->qp_list; qp; qp = qp->next) {
		n += !qp->no_sq && qp->cqn_send == cqn;
		n += (!qp->no_rq || qp->shared_rq) && qp->cqn_recv == cqn;
	}
	for (i = 0; nic->srqs.used && i < slots(&nic->srqs); i++) {
		const struct nic_srq *srq = object(&nic->srqs, i);

		n += srq && srq->kind == NIC_SRQ_XRC && srq->cqn == cqn;
	}
	return n;
}

static uint32_t users_of_srq(const struct nic *nic, const struct nic_srq *srq)
{
	const struct nic_qp *qp;
	uint32_t n = 0;

	for (qp = nic->qp_list; qp; qp = qp->next)
		n += qp->shared_rq && qp->srqn == srq->number;
	return n;
}

static uint32_t check_queues(const struct nic *nic)
{
	const struct nic_qp *qp;
	uint32_t pages = 0, qps = 0, i;

	for (qp = nic->qp_list; qp; qp = qp->next, qps++)
		pages += check_qp(nic, qp);
	promise(qps == nic->qps.used);
	for (i = 0; nic->cqs.used && i < slots(&nic->cqs); i++) {
		const struct nic_cq *cq = object(&nic->cqs, i);

		if (!cq)
			continue;
		promise(cq->log_size <= 20 && (cq->cqe_bytes == 64 || cq->cqe_bytes == 128));
		promise(cq->users == users_of_cq(nic, cq->number));
		pages += check_buf(&cq->buf, (uint64_t)cq->cqe_bytes << cq->log_size);
	}
	for (i = 0; nic->eqs.used && i < slots(&nic->eqs); i++) {
		const struct nic_eq *eq = object(&nic->eqs, i);

		if (!eq)
			continue;
		promise(eq->log_size <= 16 && eq->vector < nic->opts.vectors);
		pages += check_buf(&eq->buf, 64ull << eq->log_size);
	}
	for (i = 0; nic->srqs.used && i < slots(&nic->srqs); i++) {
		const struct nic_srq *srq = object(&nic->srqs, i);

		if (!srq)
			continue;
		promise(srq->log_size <= 15 && srq->log_stride >= 5 && srq->log_stride <= 10);
		promise(srq->limit <= 1u << srq->log_size);
		promise(srq->users == users_of_srq(nic, srq));
		promise(srq->kind == NIC_SRQ_RMP || nic_ids_find(&nic->cqs, srq->cqn));
		pages += check_buf(&srq->buf, 1ull << (srq->log_size + srq->log_stride));
	}
	return pages;
}

static uint32_t check_keys(const struct nic *nic)
{
	uint32_t mtts = 0, i;

	for (i = 0; nic->mkeys.used && i < slots(&nic->mkeys); i++) {
		const struct nic_mkey *mkey = object(&nic->mkeys, i);

		if (!mkey)
			continue;
		promise(mkey->mode == MLX5_MKC_ACCESS_MODE_PA ||
			mkey->mode == MLX5_MKC_ACCESS_MODE_MTT);
		promise(mkey->free || mkey->mode == MLX5_MKC_ACCESS_MODE_PA ||
			(mkey->page_shift >= 12 && mkey->page_shift < 52));
		promise(mkey->free || mkey->mode == MLX5_MKC_ACCESS_MODE_PA || mkey->length64 ||
			!mkey->len || mkey->start + (mkey->len - 1) >= mkey->start);
		mtts += mkey->mtts;
	}
	return mtts;
}

void command_check_objects(const struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < CHECK_SPACES; i++) {
		if (space(nic, i)->used)
			check_space(space(nic, i));
		promise(!space(nic, i)->used || nic->hca_initialised);
	}
	promise(!nic->hca_initialised || nic->hca_enabled);
	promise(check_queues(nic) == nic->pas_entries);
	promise(check_keys(nic) == nic->mtt_entries);
	promise(!nic->cmd_eqn || nic_ids_find(&nic->eqs, nic->cmd_eqn));
}

void command_check_empty(const struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < CHECK_SPACES; i++)
		promise(!space(nic, i)->used);
	promise(!nic->qp_list && !nic->pas_entries && !nic->mtt_entries && !nic->cmd_eqn);
	promise(!nic->hca_enabled && !nic->hca_initialised);
}

/* The state that a change of a queue pair leads to (InfiniBand 10.3.1), or -1. */
static int next_state(uint16_t opcode)
{
	switch (opcode) {
	case MLX5_CMD_OP_RST2INIT_QP:
	case MLX5_CMD_OP_INIT2INIT_QP:
		return NIC_QP_INIT;
	case MLX5_CMD_OP_INIT2RTR_QP:
		return NIC_QP_RTR;
	case MLX5_CMD_OP_RTR2RTS_QP:
	case MLX5_CMD_OP_RTS2RTS_QP:
	case MLX5_CMD_OP_SQERR2RTS_QP:
	case MLX5_CMD_OP_SQD_RTS_QP:
		return NIC_QP_RTS;
	case MLX5_CMD_OP_2ERR_QP:
		return NIC_QP_ERR;
	case MLX5_CMD_OP_2RST_QP:
		return NIC_QP_RST;
	default:
		return -1;
	}
}

/* States of the queue pairs, three bits each: at most one has changed, and only as the command says. */
static void check_states(const struct nic *nic, const struct command_state *before, uint16_t opcode)
{
	static const uint8_t from[] = { [NIC_QP_INIT] = 1u << NIC_QP_RST | 1u << NIC_QP_INIT,
					[NIC_QP_RTR] = 1u << NIC_QP_INIT,
					[NIC_QP_RTS] = 1u << NIC_QP_RTR | 1u << NIC_QP_RTS |
						       1u << NIC_QP_SQD | 1u << NIC_QP_SQER,
					[NIC_QP_RST] = 0xff,
					[NIC_QP_ERR] = 0xff };
	const int to = next_state(opcode);
	struct command_state now;
	uint32_t i, old, new, changed = 0;

	command_state(nic, &now);
	if (to < 0 || now.used[6] > 10)
		return;
	for (i = 0; i < 10; i++) {
		old = before->qp_states >> 3 * i & 7;
		new = now.qp_states >> 3 * i & 7;
		if (old == new)
			continue;
		changed++;
		promise(new == (uint32_t)to);
		promise(from[to] >> old & 1);
	}
	promise(changed <= 1);
}

/* Commands that need no HCA, one that is enabled, and all others. */
static bool may_succeed(const struct command_state *before, uint16_t opcode)
{
	switch (opcode) {
	case MLX5_CMD_OP_NOP:
	case MLX5_CMD_OP_ENABLE_HCA:
		return true;
	case MLX5_CMD_OP_DISABLE_HCA:
	case MLX5_CMD_OP_QUERY_ISSI:
	case MLX5_CMD_OP_SET_ISSI:
	case MLX5_CMD_OP_QUERY_PAGES:
	case MLX5_CMD_OP_MANAGE_PAGES:
	case MLX5_CMD_OP_QUERY_HCA_CAP:
	case MLX5_CMD_OP_SET_HCA_CAP:
	case MLX5_CMD_OP_INIT_HCA:
	case MLX5_CMD_OP_QUERY_ADAPTER:
	case MLX5_CMD_OP_ACCESS_REG:
		return before->enabled;
	default:
		return before->initialised;
	}
}

void command_check(const struct nic *nic, const struct command_state *before, const uint8_t *in,
		   uint8_t status)
{
	const uint16_t opcode = (uint16_t)(in[0] << 8 | in[1]);
	struct command_state now;

	if (status == NIC_CMD_OK) {
		promise(may_succeed(before, opcode));
		check_states(nic, before, opcode);
	} else {
		command_state(nic, &now);
		promise(!memcmp(&now, before, sizeof(now)));
	}
	command_check_objects(nic);
}
