// SPDX-License-Identifier: MIT
/*
 * Objects that are a number and nothing else: protection domains, UAR pages,
 * XRC domains, and shared receive queues. The driver creates one SRQ of each kind
 * for its own use at start and never posts to it; queue pairs that would receive
 * from one are refused (qp.c), so it needs no data path.
 */
#include "fabric/nic/commands/cmd.h"

static const char kind_xrc_srq[] = "xrc_srq", kind_rmp[] = "rmp";

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

/* The driver keeps SRQs of both kinds in one table by number, so the numbers are of one kind. */
static uint8_t srq_create(struct nic_cmd *cmd, const char *kind)
{
	uint32_t number;

	if (nic_ids_alloc(&cmd->nic->srqs, (void *)kind, &number))
		return nic_cmd_fail(cmd, NIC_CMD_LIMIT, NIC_SYN_LIMIT);
	DEVX_SET(create_rmp_out, cmd->out, rmpn, number);
	return NIC_CMD_OK;
}

static uint8_t srq_destroy(struct nic_cmd *cmd, const char *kind)
{
	uint32_t number = DEVX_GET(destroy_rmp_in, cmd->in, rmpn);

	if (nic_ids_find(&cmd->nic->srqs, number) != kind)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	nic_ids_remove(&cmd->nic->srqs, number);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_create_xrc_srq(struct nic_cmd *cmd)
{
	return srq_create(cmd, kind_xrc_srq);
}

uint8_t nic_cmd_destroy_xrc_srq(struct nic_cmd *cmd)
{
	return srq_destroy(cmd, kind_xrc_srq);
}

uint8_t nic_cmd_create_rmp(struct nic_cmd *cmd)
{
	return srq_create(cmd, kind_rmp);
}

uint8_t nic_cmd_destroy_rmp(struct nic_cmd *cmd)
{
	return srq_destroy(cmd, kind_rmp);
}
