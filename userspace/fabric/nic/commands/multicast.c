// SPDX-License-Identifier: MIT
/*
 * ATTACH_TO_MCG, DETACH_FROM_MCG: the inputs have the same layout.
 */
#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/ud/multicast.h"

static const uint8_t *group_gid(const struct nic_cmd *cmd)
{
	return DEVX_ADDR_OF(attach_to_mcg_in, cmd->in, multicast_gid);
}

uint8_t nic_cmd_attach_to_mcg(struct nic_cmd *cmd)
{
	struct nic_qp *qp = nic_qp_get(cmd->nic, DEVX_GET(attach_to_mcg_in, cmd->in, qpn));
	int ret;

	if (!qp)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (qp->service != MLX5_QPC_ST_UD)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE);
	if (group_gid(cmd)[0] != 0xff)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_GID);
	ret = nic_multicast_attach(qp, group_gid(cmd));
	return ret ? nic_cmd_errno(cmd, ret) : NIC_CMD_OK;
}

uint8_t nic_cmd_detach_from_mcg(struct nic_cmd *cmd)
{
	struct nic_qp *qp = nic_qp_get(cmd->nic, DEVX_GET(detach_from_mcg_in, cmd->in, qpn));

	if (!qp || nic_multicast_detach(qp, group_gid(cmd)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	return NIC_CMD_OK;
}
