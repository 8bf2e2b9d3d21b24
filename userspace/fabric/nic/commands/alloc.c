// SPDX-License-Identifier: MIT
/*
 * Objects that are a number and nothing else: protection domains, UAR pages, XRC domains.
 */
#include "fabric/nic/commands/cmd.h"

/* CREATE and DESTROY name their object by the same 24 bits after the head; ALLOC_PD stands for all. */
static uint8_t number_alloc(struct nic_cmd *cmd, struct nic_ids *table)
{
	uint32_t number;

	if (nic_ids_alloc(table, cmd->nic, &number))
		return nic_cmd_fail(cmd, NIC_CMD_LIMIT, NIC_SYN_LIMIT);
	DEVX_SET(alloc_pd_out, cmd->out, pd, number);
	return NIC_CMD_OK;
}

static uint8_t number_free(struct nic_cmd *cmd, struct nic_ids *table)
{
	if (!nic_ids_remove(table, DEVX_GET(dealloc_pd_in, cmd->in, pd)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_alloc_pd(struct nic_cmd *cmd)
{
	return number_alloc(cmd, &cmd->nic->pds);
}

uint8_t nic_cmd_dealloc_pd(struct nic_cmd *cmd)
{
	return number_free(cmd, &cmd->nic->pds);
}

uint8_t nic_cmd_alloc_uar(struct nic_cmd *cmd)
{
	return number_alloc(cmd, &cmd->nic->uars);
}

uint8_t nic_cmd_dealloc_uar(struct nic_cmd *cmd)
{
	return number_free(cmd, &cmd->nic->uars);
}

uint8_t nic_cmd_alloc_xrcd(struct nic_cmd *cmd)
{
	return number_alloc(cmd, &cmd->nic->xrcds);
}

uint8_t nic_cmd_dealloc_xrcd(struct nic_cmd *cmd)
{
	return number_free(cmd, &cmd->nic->xrcds);
}
