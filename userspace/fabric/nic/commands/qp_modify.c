// SPDX-License-Identifier: MIT
/*
 * MODIFY_QP in all its forms: checks of the arguments; the state machine is in queues/qp_state.c.
 */
#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/qp_state.h"

#define MTU_MAX 5u /* IBTA encoding of 4096 */
#define ATOMIC_MODE_8B \
	3u /* qpc.atomic_mode: above are larger operands (include/linux/mlx5/driver.h) */

/* Values that no capability offers. */
static uint8_t context_check(struct nic_cmd *cmd, const unsigned char *context, uint8_t brings)
{
	uint32_t mtu = DEVX_GET(qpc, context, mtu);

	if (brings & NIC_QP_BRINGS_RTR && (mtu == 0 || mtu > MTU_MAX))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	if (DEVX_GET(qpc, context, log_rra_max) > NIC_LOG_MAX_RA ||
	    DEVX_GET(qpc, context, log_sra_max) > NIC_LOG_MAX_RA)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	if (DEVX_GET(qpc, context, rae) && DEVX_GET(qpc, context, atomic_mode) > ATOMIC_MODE_8B)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
					   "atomics larger than 8 bytes", 0);
	return NIC_CMD_OK;
}

static uint8_t context_apply(struct nic_cmd *cmd, struct nic_qp *qp,
			     const struct nic_qp_transition *transition)
{
	/* All operations with a context have it where RST2INIT has it. */
	const unsigned char *from = DEVX_ADDR_OF(rst2init_qp_in, cmd->in, qpc);
	bool takes_pd = transition->brings & NIC_QP_BRINGS_INIT &&
			qp->service == MLX5_QPC_ST_REG_UMR;
	uint8_t status = context_check(cmd, from, transition->brings);
	uint32_t pd = DEVX_GET(qpc, from, pd);

	if (status != NIC_CMD_OK)
		return status;
	if (takes_pd && !nic_ids_find(&cmd->nic->pds, pd))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_PD);
	if (takes_pd) {
		qp->pd = pd;
		DEVX_SET(qpc, qp->context, pd, pd);
	}
	nic_qp_load(qp, transition, from, DEVX_GET(rst2init_qp_in, cmd->in, opt_param_mask));
	return NIC_CMD_OK;
}

uint8_t nic_cmd_modify_qp(struct nic_cmd *cmd)
{
	const struct nic_qp_transition *transition = nic_qp_transition(cmd->opcode);
	struct nic_qp *qp = nic_qp_get(cmd->nic, DEVX_GET(qp_2rst_in, cmd->in, qpn));
	uint8_t status = NIC_CMD_OK;

	if (!transition)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_OP, NIC_SYN_OPCODE);
	if (!qp)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (!nic_qp_may_leave(qp, transition))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_QP_STATE, NIC_SYN_STATE);
	if (transition->brings)
		status = context_apply(cmd, qp, transition);
	if (status == NIC_CMD_OK)
		nic_qp_set_state(qp, transition->to);
	return status;
}
