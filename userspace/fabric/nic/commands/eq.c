// SPDX-License-Identifier: MIT
/*
 * CREATE_EQ, DESTROY_EQ, QUERY_EQ. The queue that subscribes to command events
 * ends polling for command completions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/eq.h"

#define EQE_BYTES   DEVX_ST_SZ_BYTES(eqe)
#define STATE_ARMED 9u /* eqc.st */
#define STATE_FIRED 10u

uint8_t nic_cmd_create_eq(struct nic_cmd *cmd)
{
	const unsigned char *context = DEVX_ADDR_OF(create_eq_in, cmd->in, eq_context_entry);
	uint32_t pas = DEVX_BYTE_OFF(create_eq_in, pas),
		 log_size = DEVX_GET(eqc, context, log_eq_size);
	uint32_t vector = DEVX_GET(eqc, context, intr);
	struct nic *nic = cmd->nic;
	struct nic_eq *eq;
	int ret;

	if (log_size > NIC_LOG_MAX_EQ_SIZE)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	if (vector >= nic->opts.vectors)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_VECTOR);
	eq = calloc(1, sizeof(*eq));
	if (!eq)
		return nic_cmd_errno(cmd, -ENOMEM);
	eq->log_size = (uint8_t)log_size;
	eq->vector = (uint8_t)vector;
	eq->event_mask = DEVX_GET64(create_eq_in, cmd->in, event_bitmask[0]);
	nic_buf_layout(&eq->buf, DEVX_GET(eqc, context, log_page_size),
		       DEVX_GET(eqc, context, page_offset));
	ret = nic_buf_init(nic, &eq->buf, cmd->in + pas, (cmd->in_len - pas) / 8,
			   (uint64_t)EQE_BYTES << log_size);
	if (ret)
		goto err_free;
	ret = nic_ids_alloc(&nic->eqs, eq, &eq->number);
	if (ret)
		goto err_buf;
	if (eq->event_mask >> NIC_EVENT_COMMAND & 1)
		nic->cmd_eqn = eq->number;
	DEVX_SET(create_eq_out, cmd->out, eq_number, eq->number);
	return NIC_CMD_OK;

err_buf:
	nic_buf_free(nic, &eq->buf);
err_free:
	free(eq);
	return nic_cmd_errno(cmd, ret);
}

uint8_t nic_cmd_destroy_eq(struct nic_cmd *cmd)
{
	struct nic_eq *eq =
		nic_ids_find(&cmd->nic->eqs, DEVX_GET(destroy_eq_in, cmd->in, eq_number));

	if (!eq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (cmd->nic->cmd_eqn == eq->number)
		cmd->nic->cmd_eqn = 0;
	nic_eq_free(cmd->nic, eq);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_eq(struct nic_cmd *cmd)
{
	const struct nic_eq *eq =
		nic_ids_find(&cmd->nic->eqs, DEVX_GET(query_eq_in, cmd->in, eq_number));
	unsigned char *context = DEVX_ADDR_OF(query_eq_out, cmd->out, eq_context_entry);

	if (!eq)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	DEVX_SET(eqc, context, st, eq->armed ? STATE_ARMED : STATE_FIRED);
	DEVX_SET(eqc, context, log_eq_size, eq->log_size);
	DEVX_SET(eqc, context, intr, eq->vector);
	DEVX_SET(eqc, context, log_page_size, eq->buf.page_shift - 12u);
	DEVX_SET(eqc, context, consumer_counter, eq->ci);
	DEVX_SET(eqc, context, producer_counter, eq->pi);
	if (cmd->out_len >= DEVX_BYTE_OFF(query_eq_out, event_bitmask) + sizeof(eq->event_mask))
		DEVX_SET64(query_eq_out, cmd->out, event_bitmask, eq->event_mask);
	return NIC_CMD_OK;
}
