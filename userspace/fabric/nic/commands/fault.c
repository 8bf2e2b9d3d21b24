// SPDX-License-Identifier: MIT
/*
 * PAGE_FAULT_RESUME in the layout of the memory scheme, the only one the
 * capabilities offer: the token says which fault, no queue pair is named.
 */
#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/keys/fault.h"

uint8_t nic_cmd_page_fault_resume(struct nic_cmd *cmd)
{
	const unsigned char *info =
		DEVX_ADDR_OF(page_fault_resume_in, cmd->in, page_fault_info.mem_page_fault_info);
	uint64_t token = (uint64_t)DEVX_GET(mem_page_fault_info, info, fault_token_47_32) << 32 |
			 DEVX_GET(mem_page_fault_info, info, fault_token_31_0);

	if (nic_fault_resume(cmd->nic, token, DEVX_GET(mem_page_fault_info, info, error)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	return NIC_CMD_OK;
}
