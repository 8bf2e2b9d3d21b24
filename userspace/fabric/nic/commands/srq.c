// SPDX-License-Identifier: MIT
/*
 * Shared receive queues as mlx5_ib uses them with ISSI 1 (drivers/infiniband/hw/mlx5/srq_cmd.c): RMPs and
 * XRC SRQs, linked lists of entries. What can be modified is the limit.
 */
#include <errno.h>
#include <stdlib.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/ids.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/srq.h"

/* The doorbell record is where the context of a plain SRQ (srqc) has it; xrc_srqc splits the field. */
_Static_assert(DEVX_BYTE_OFF(srqc, dbr_addr) == DEVX_BYTE_OFF(xrc_srqc, db_record_addr_h), "dbr");

#define MIN_LOG_STRIDE 5u  /* link and one segment */
#define MAX_LOG_STRIDE 10u /* link and NIC_MAX_SGE - 1 segments */

/* The fields that both contexts have. */
struct srq_layout {
	enum nic_srq_kind kind;
	uint32_t log_size, log_stride, log_page_size, page_offset, pd, limit, pas;
	uint64_t dbr;
};

static uint8_t layout_check(struct nic_cmd *cmd, const struct srq_layout *layout)
{
	if (layout->log_size > NIC_LOG_MAX_SRQ_SIZE || layout->log_stride < MIN_LOG_STRIDE ||
	    layout->log_stride > MAX_LOG_STRIDE || layout->limit > 1u << layout->log_size)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	if (!nic_ids_find(&cmd->nic->pds, layout->pd))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_PD);
	return NIC_CMD_OK;
}

static uint8_t create(struct nic_cmd *cmd, const struct srq_layout *layout, struct nic_srq **out)
{
	uint8_t status = layout_check(cmd, layout);
	struct nic *nic = cmd->nic;
	struct nic_srq *srq;
	int ret;

	if (status != NIC_CMD_OK)
		return status;
	srq = calloc(1, sizeof(*srq));
	if (!srq)
		return nic_cmd_errno(cmd, -ENOMEM);
	*srq = (struct nic_srq){ .kind = layout->kind,
				 .log_size = (uint8_t)layout->log_size,
				 .log_stride = (uint8_t)layout->log_stride,
				 .pd = layout->pd,
				 .dbr = layout->dbr,
				 .limit = (uint16_t)layout->limit };
	nic_buf_layout(&srq->buf, layout->log_page_size, layout->page_offset);
	ret = nic_buf_init(nic, &srq->buf, cmd->in + layout->pas, (cmd->in_len - layout->pas) / 8,
			   1ull << (layout->log_size + layout->log_stride));
	if (ret)
		goto err_free;
	/* The driver keeps SRQs of both kinds in one table by number, so the numbers are of one kind. */
	ret = nic_ids_alloc(&nic->srqs, srq, &srq->number);
	if (ret)
		goto err_buf;
	DEVX_SET(create_rmp_out, cmd->out, rmpn, srq->number);
	*out = srq;
	return NIC_CMD_OK;

err_buf:
	nic_buf_free(nic, &srq->buf);
err_free:
	free(srq);
	return nic_cmd_errno(cmd, ret);
}

static uint8_t arm(struct nic_cmd *cmd, struct nic_srq *srq, uint32_t limit)
{
	if (!srq || srq->error)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (limit > 1u << srq->log_size)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	nic_srq_arm(cmd->nic, srq, (uint16_t)limit);
	return NIC_CMD_OK;
}

static uint8_t destroy(struct nic_cmd *cmd, struct nic_srq *srq)
{
	if (!srq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (srq->users)
		return nic_cmd_fail(cmd, NIC_CMD_RES_BUSY, NIC_SYN_USERS);
	nic_srq_free(cmd->nic, srq);
	return NIC_CMD_OK;
}

static const struct nic_feature rmp_features[] = {
	NIC_FEATURE(rmpc, basic_cyclic_rcv_wqe), NIC_FEATURE(rmpc, wq.wq_signature),
	NIC_FEATURE(rmpc, wq.cd_slave),		 NIC_FEATURE(rmpc, wq.dbr_umem_valid),
	NIC_FEATURE(rmpc, wq.wq_umem_valid),	 { NULL, { 0, 0 } },
};

static const struct nic_feature xrc_srq_features[] = {
	NIC_FEATURE(xrc_srqc, wq_signature),
	NIC_FEATURE(xrc_srqc, cont_srq),
	NIC_FEATURE(xrc_srqc, basic_cyclic_rcv_wqe),
	NIC_FEATURE(xrc_srqc, dbr_umem_valid),
	{ NULL, { 0, 0 } },
};

uint8_t nic_cmd_create_rmp(struct nic_cmd *cmd)
{
	const unsigned char *context = DEVX_ADDR_OF(create_rmp_in, cmd->in, ctx);
	const unsigned char *wq = DEVX_ADDR_OF(rmpc, context, wq);
	const struct srq_layout layout = { .kind = NIC_SRQ_RMP,
					   .log_size = DEVX_GET(wq, wq, log_wq_sz),
					   .log_stride = DEVX_GET(wq, wq, log_wq_stride),
					   .log_page_size = DEVX_GET(wq, wq, log_wq_pg_sz),
					   .page_offset = DEVX_GET(wq, wq, page_offset),
					   .pd = DEVX_GET(wq, wq, pd),
					   .limit = DEVX_GET(wq, wq, lwm),
					   .dbr = DEVX_GET64(wq, wq, dbr_addr),
					   .pas = DEVX_BYTE_OFF(create_rmp_in, ctx.wq.pas) };
	struct nic_srq *srq;
	uint8_t status;

	if (DEVX_GET(rmpc, context, state) != MLX5_RMPC_STATE_RDY)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
					   "first state other than ready", 0);
	if (DEVX_GET(wq, wq, wq_type) != MLX5_WQ_TYPE_LINKED_LIST)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
					   "queue other than a linked list", 1);
	status = nic_cmd_refuse_features(cmd, context, rmp_features);
	return status == NIC_CMD_OK ? create(cmd, &layout, &srq) : status;
}

uint8_t nic_cmd_modify_rmp(struct nic_cmd *cmd)
{
	struct nic_srq *srq =
		nic_srq_get(cmd->nic, DEVX_GET(modify_rmp_in, cmd->in, rmpn), NIC_SRQ_RMP);

	if (DEVX_GET(modify_rmp_in, cmd->in, rmp_state) != MLX5_RMPC_STATE_RDY ||
	    DEVX_GET(modify_rmp_in, cmd->in, ctx.state) != MLX5_RMPC_STATE_RDY ||
	    !DEVX_GET(modify_rmp_in, cmd->in, bitmask.lwm))
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
					   "a change other than of the limit", 0);
	return arm(cmd, srq, DEVX_GET(modify_rmp_in, cmd->in, ctx.wq.lwm));
}

uint8_t nic_cmd_query_rmp(struct nic_cmd *cmd)
{
	const struct nic_srq *srq =
		nic_srq_get(cmd->nic, DEVX_GET(query_rmp_in, cmd->in, rmpn), NIC_SRQ_RMP);
	unsigned char *context = DEVX_ADDR_OF(query_rmp_out, cmd->out, rmp_context);
	unsigned char *wq = DEVX_ADDR_OF(rmpc, context, wq);

	if (!srq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	DEVX_SET(rmpc, context, state, srq->error ? MLX5_RMPC_STATE_ERR : MLX5_RMPC_STATE_RDY);
	DEVX_SET(wq, wq, wq_type, MLX5_WQ_TYPE_LINKED_LIST);
	DEVX_SET(wq, wq, log_wq_sz, srq->log_size);
	DEVX_SET(wq, wq, log_wq_stride, srq->log_stride);
	DEVX_SET(wq, wq, log_wq_pg_sz, srq->buf.page_shift - 12u);
	DEVX_SET(wq, wq, pd, srq->pd);
	DEVX_SET(wq, wq, lwm, srq->limit);
	DEVX_SET(wq, wq, hw_counter, srq->ci);
	DEVX_SET(wq, wq, sw_counter, srq->pi);
	DEVX_SET64(wq, wq, dbr_addr, srq->dbr);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_destroy_rmp(struct nic_cmd *cmd)
{
	return destroy(cmd,
		       nic_srq_get(cmd->nic, DEVX_GET(destroy_rmp_in, cmd->in, rmpn), NIC_SRQ_RMP));
}

uint8_t nic_cmd_create_xrc_srq(struct nic_cmd *cmd)
{
	const unsigned char *context =
		DEVX_ADDR_OF(create_xrc_srq_in, cmd->in, xrc_srq_context_entry);
	const struct srq_layout layout = {
		.kind = NIC_SRQ_XRC,
		.log_size = DEVX_GET(xrc_srqc, context, log_xrc_srq_size),
		.log_stride = DEVX_GET(xrc_srqc, context, log_rq_stride) + 4u,
		.log_page_size = DEVX_GET(xrc_srqc, context, log_page_size),
		.page_offset = DEVX_GET(xrc_srqc, context, page_offset),
		.pd = DEVX_GET(xrc_srqc, context, pd),
		.limit = DEVX_GET(xrc_srqc, context, lwm),
		.dbr = DEVX_GET64(srqc, context, dbr_addr),
		.pas = DEVX_BYTE_OFF(create_xrc_srq_in, pas),
	};
	uint32_t cqn = DEVX_GET(xrc_srqc, context, cqn), xrcd = DEVX_GET(xrc_srqc, context, xrcd);
	struct nic_cq *cq = nic_ids_find(&cmd->nic->cqs, cqn);
	struct nic_srq *srq;
	uint8_t status;

	status = nic_cmd_refuse_features(cmd, context, xrc_srq_features);
	if (status != NIC_CMD_OK)
		return status;
	if (!cq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_CQ);
	if (!nic_ids_find(&cmd->nic->xrcds, xrcd))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_XRCD);
	status = create(cmd, &layout, &srq);
	if (status != NIC_CMD_OK)
		return status;
	srq->cqn = cqn;
	srq->xrcd = xrcd;
	cq->users++;
	return NIC_CMD_OK;
}

uint8_t nic_cmd_arm_xrc_srq(struct nic_cmd *cmd)
{
	struct nic_srq *srq =
		nic_srq_get(cmd->nic, DEVX_GET(arm_xrc_srq_in, cmd->in, xrc_srqn), NIC_SRQ_XRC);

	if (cmd->op_mod != MLX5_ARM_XRC_SRQ_IN_OP_MOD_XRC_SRQ)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_OP_MOD);
	return arm(cmd, srq, DEVX_GET(arm_xrc_srq_in, cmd->in, lwm));
}

uint8_t nic_cmd_query_xrc_srq(struct nic_cmd *cmd)
{
	const struct nic_srq *srq =
		nic_srq_get(cmd->nic, DEVX_GET(query_xrc_srq_in, cmd->in, xrc_srqn), NIC_SRQ_XRC);
	unsigned char *context = DEVX_ADDR_OF(query_xrc_srq_out, cmd->out, xrc_srq_context_entry);

	if (!srq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	DEVX_SET(xrc_srqc, context, state,
		 srq->error ? MLX5_XRC_SRQC_STATE_ERROR : MLX5_XRC_SRQC_STATE_GOOD);
	DEVX_SET(xrc_srqc, context, log_xrc_srq_size, srq->log_size);
	DEVX_SET(xrc_srqc, context, log_rq_stride, srq->log_stride - 4u);
	DEVX_SET(xrc_srqc, context, log_page_size, srq->buf.page_shift - 12u);
	DEVX_SET(xrc_srqc, context, xrcd, srq->xrcd);
	DEVX_SET(xrc_srqc, context, cqn, srq->cqn);
	DEVX_SET(xrc_srqc, context, pd, srq->pd);
	DEVX_SET(xrc_srqc, context, lwm, srq->limit);
	DEVX_SET(xrc_srqc, context, wqe_cnt, (uint16_t)(srq->pi - srq->ci));
	DEVX_SET64(srqc, context, dbr_addr, srq->dbr);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_destroy_xrc_srq(struct nic_cmd *cmd)
{
	return destroy(cmd, nic_srq_get(cmd->nic, DEVX_GET(destroy_xrc_srq_in, cmd->in, xrc_srqn),
					NIC_SRQ_XRC));
}
