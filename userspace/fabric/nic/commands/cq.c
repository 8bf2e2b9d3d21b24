// SPDX-License-Identifier: MIT
/* CREATE_CQ, MODIFY_CQ, DESTROY_CQ, QUERY_CQ. */
#include <errno.h>
#include <stdlib.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/cq.h"

#define CQE_64		      0u /* cqc.cqe_sz */
#define CQE_128		      1u
#define STATUS_OVERFLOW	      9u /* cqc.status */
#define STATE_ARMED_SOLICITED 6u /* cqc.st */
#define STATE_ARMED	      9u
#define STATE_FIRED	      10u

/* modify_cq_in: size, page offset and page size, always together (include/linux/mlx5/cq.h: MLX5_MODIFY_CQ_MASK_x) */
#define RESIZE_FIELDS 7u

static uint32_t cqe_size_code(const struct nic_cq *cq)
{
	return cq->cqe_bytes == 128 ? CQE_128 : CQE_64;
}

static const struct nic_feature features[] = {
	NIC_FEATURE(cqc, dbr_umem_valid), NIC_FEATURE(cqc, apu_cq), NIC_FEATURE(cqc, cc),
	NIC_FEATURE(cqc, cqe_comp_en),	  { NULL, { 0, 0 } },
};

static uint8_t check_context(struct nic_cmd *cmd, const unsigned char *context)
{
	uint8_t status;

	if (DEVX_GET(cqc, context, log_cq_size) > NIC_LOG_MAX_CQ_SIZE)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	if (DEVX_GET(cqc, context, cqe_sz) != CQE_64 && DEVX_GET(cqc, context, cqe_sz) != CQE_128)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
					   "entries of neither 64 nor 128 bytes", 0);
	status = nic_cmd_refuse_features(cmd, context, features);
	if (status != NIC_CMD_OK)
		return status;
	if (!nic_ids_find(&cmd->nic->eqs, DEVX_GET(cqc, context, c_eqn_or_apu_element)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_EQ);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_create_cq(struct nic_cmd *cmd)
{
	const unsigned char *context = DEVX_ADDR_OF(create_cq_in, cmd->in, cq_context);
	uint32_t pas = DEVX_BYTE_OFF(create_cq_in, pas);
	uint8_t status = check_context(cmd, context);
	struct nic *nic = cmd->nic;
	struct nic_cq *cq;
	int ret;

	if (status != NIC_CMD_OK)
		return status;
	cq = calloc(1, sizeof(*cq));
	if (!cq)
		return nic_cmd_errno(cmd, -ENOMEM);
	cq->log_size = (uint8_t)DEVX_GET(cqc, context, log_cq_size);
	cq->cqe_bytes = DEVX_GET(cqc, context, cqe_sz) == CQE_128 ? 128 : 64;
	cq->eqn = DEVX_GET(cqc, context, c_eqn_or_apu_element);
	cq->dbr = DEVX_GET64(cqc, context, dbr_addr);
	cq->ignore_overrun = DEVX_GET(cqc, context, oi);
	nic_buf_layout(&cq->buf, DEVX_GET(cqc, context, log_page_size),
		       DEVX_GET(cqc, context, page_offset));
	ret = nic_buf_init(nic, &cq->buf, cmd->in + pas, (cmd->in_len - pas) / 8,
			   (uint64_t)cq->cqe_bytes << cq->log_size);
	if (ret)
		goto err_free;
	ret = nic_ids_alloc(&nic->cqs, cq, &cq->number);
	if (ret)
		goto err_buf;
	DEVX_SET(create_cq_out, cmd->out, cqn, cq->number);
	return NIC_CMD_OK;

err_buf:
	nic_buf_free(nic, &cq->buf);
err_free:
	free(cq);
	return nic_cmd_errno(cmd, ret);
}

/* Resizing is the only change; moderation of events has no capability. */
uint8_t nic_cmd_modify_cq(struct nic_cmd *cmd)
{
	const unsigned char *context = DEVX_ADDR_OF(modify_cq_in, cmd->in, cq_context);
	struct nic_cq *cq = nic_ids_find(&cmd->nic->cqs, DEVX_GET(modify_cq_in, cmd->in, cqn));
	uint32_t select = DEVX_GET(modify_cq_in, cmd->in,
				   modify_field_select_resize_field_select.resize_field_select
					   .resize_field_select);
	uint32_t pas = DEVX_BYTE_OFF(modify_cq_in, pas);
	uint32_t log_size = DEVX_GET(cqc, context, log_cq_size);
	struct nic_buf buf;
	int ret;

	if (cmd->op_mod != MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ || select != RESIZE_FIELDS)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
					   "a change other than of the size", 0);
	if (!cq || cq->error)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (log_size > NIC_LOG_MAX_CQ_SIZE || DEVX_GET(cqc, context, cqe_sz) != cqe_size_code(cq))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	nic_buf_layout(&buf, DEVX_GET(cqc, context, log_page_size),
		       DEVX_GET(cqc, context, page_offset));
	ret = nic_buf_init(cmd->nic, &buf, cmd->in + pas, (cmd->in_len - pas) / 8,
			   (uint64_t)cq->cqe_bytes << log_size);
	if (ret)
		return nic_cmd_errno(cmd, ret);
	ret = nic_cq_resize(cmd->nic, cq, &buf, (uint8_t)log_size);
	if (ret) {
		nic_buf_free(cmd->nic, &buf);
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	}
	return NIC_CMD_OK;
}

uint8_t nic_cmd_destroy_cq(struct nic_cmd *cmd)
{
	struct nic_cq *cq = nic_ids_find(&cmd->nic->cqs, DEVX_GET(destroy_cq_in, cmd->in, cqn));

	if (!cq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (cq->users)
		return nic_cmd_fail(cmd, NIC_CMD_RES_BUSY, NIC_SYN_USERS);
	nic_cq_free(cmd->nic, cq);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_cq(struct nic_cmd *cmd)
{
	const struct nic_cq *cq = nic_ids_find(&cmd->nic->cqs, DEVX_GET(query_cq_in, cmd->in, cqn));
	unsigned char *context = DEVX_ADDR_OF(query_cq_out, cmd->out, cq_context);

	if (!cq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	DEVX_SET(cqc, context, status, cq->error ? STATUS_OVERFLOW : 0);
	DEVX_SET(cqc, context, cqe_sz, cqe_size_code(cq));
	DEVX_SET(cqc, context, oi, cq->ignore_overrun);
	DEVX_SET(cqc, context, st,
		 !cq->armed	     ? STATE_FIRED :
		 cq->armed_solicited ? STATE_ARMED_SOLICITED :
				       STATE_ARMED);
	DEVX_SET(cqc, context, log_cq_size, cq->log_size);
	DEVX_SET(cqc, context, c_eqn_or_apu_element, cq->eqn);
	DEVX_SET(cqc, context, log_page_size, cq->buf.page_shift - 12u);
	DEVX_SET(cqc, context, last_notified_index, cq->reported_pi);
	DEVX_SET(cqc, context, last_solicit_index, cq->solicited_pi);
	DEVX_SET(cqc, context, consumer_counter, cq->ci);
	DEVX_SET(cqc, context, producer_counter, cq->pi);
	DEVX_SET64(cqc, context, dbr_addr, cq->dbr);
	return NIC_CMD_OK;
}
