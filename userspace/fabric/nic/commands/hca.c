// SPDX-License-Identifier: MIT
/*
 * Bring-up and teardown of the HCA. The model keeps its state in its own memory and
 * asks for no pages.
 */
#include <string.h>

#include "fabric/nic/commands/cmd.h"

/* IEEE vendor id that goes with the PCI vendor id; programs look at both together. */
#define IEEE_VENDOR    0x0002c9u
#define BOARD_ID       "TPHBUF_FABRIC"
#define ISSI_SUPPORTED (1u << 0 | 1u << 1)

uint8_t nic_cmd_nop(struct nic_cmd *cmd)
{
	(void)cmd;
	return NIC_CMD_OK;
}

uint8_t nic_cmd_enable_hca(struct nic_cmd *cmd)
{
	if (cmd->nic->hca_enabled)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_SYS_STATE, NIC_SYN_STATE);
	cmd->nic->hca_enabled = true;
	return NIC_CMD_OK;
}

uint8_t nic_cmd_disable_hca(struct nic_cmd *cmd)
{
	nic_reset_objects(cmd->nic);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_init_hca(struct nic_cmd *cmd)
{
	if (cmd->nic->hca_initialised)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_SYS_STATE, NIC_SYN_STATE);
	cmd->nic->hca_initialised = true;
	return NIC_CMD_OK;
}

/* Remaining objects of the driver are destroyed as well; the HCA stays enabled. */
uint8_t nic_cmd_teardown_hca(struct nic_cmd *cmd)
{
	nic_reset_objects(cmd->nic);
	cmd->nic->hca_enabled = true;
	if (cmd->nic->opts.loses_tph)
		fab_cfg_lose_tph(&cmd->nic->dev);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_issi(struct nic_cmd *cmd)
{
	DEVX_SET(query_issi_out, cmd->out, supported_issi_dw0, ISSI_SUPPORTED);
	return NIC_CMD_OK;
}

/* Only ISSI 1: SRQs are XRC SRQs and RMPs. */
uint8_t nic_cmd_set_issi(struct nic_cmd *cmd)
{
	if (DEVX_GET(set_issi_in, cmd->in, current_issi) != 1)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
					   "interface (ISSI) other than 1", 0);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_pages(struct nic_cmd *cmd)
{
	(void)cmd; /* num_pages 0 */
	return NIC_CMD_OK;
}

/*
 * mlx5_core sends nothing when no pages are asked for; rdma-core's VFIO provider gives 0 pages and
 * takes 0 back. Pages that were not asked for are refused: the driver would wait for their return.
 */
uint8_t nic_cmd_manage_pages(struct nic_cmd *cmd)
{
	if (cmd->op_mod == MLX5_MANAGE_PAGES_IN_OP_MOD_ALLOCATION_SUCCESS &&
	    DEVX_GET(manage_pages_in, cmd->in, input_num_entries))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	return NIC_CMD_OK; /* output_num_entries 0: none are held */
}

uint8_t nic_cmd_query_adapter(struct nic_cmd *cmd)
{
	unsigned char *adapter = DEVX_ADDR_OF(query_adapter_out, cmd->out, query_adapter_struct);

	DEVX_SET(query_adapter_param_block, adapter, ieee_vendor_id, IEEE_VENDOR);
	memcpy(DEVX_ADDR_OF(query_adapter_param_block, adapter, vsd_contd_psid), BOARD_ID,
	       sizeof(BOARD_ID) - 1);
	return NIC_CMD_OK;
}
