// SPDX-License-Identifier: MIT
/*
 * Transitions of a queue pair. One table says which states an operation may
 * leave and where it goes; another which fields of the context it brings: some
 * always, some when opt_param_mask names them. All others keep their value.
 */
#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/qp.h"

#define FROM(state) (1u << (state))
#define FROM_ANY    0xffu
#define MTU_MAX	    5u /* IBTA encoding of 4096 */

struct transition {
	uint16_t opcode;
	uint8_t from;	/* FROM() bits */
	uint8_t to;	/* enum nic_qp_state */
	uint8_t brings; /* set of fields[], 0: the command has no context */
};

enum { BRINGS_INIT = 1, BRINGS_RTR = 2, BRINGS_RTS = 4, BRINGS_OPTIONAL = 8 };

static const struct transition transitions[] = {
	{ MLX5_CMD_OP_RST2INIT_QP, FROM(NIC_QP_RST), NIC_QP_INIT, BRINGS_INIT },
	{ MLX5_CMD_OP_INIT2INIT_QP, FROM(NIC_QP_INIT), NIC_QP_INIT, BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_INIT2RTR_QP, FROM(NIC_QP_INIT), NIC_QP_RTR, BRINGS_RTR },
	{ MLX5_CMD_OP_RTR2RTS_QP, FROM(NIC_QP_RTR), NIC_QP_RTS, BRINGS_RTS },
	{ MLX5_CMD_OP_RTS2RTS_QP, FROM(NIC_QP_RTS), NIC_QP_RTS, BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_SQERR2RTS_QP, FROM(NIC_QP_SQER), NIC_QP_RTS, BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_SQD_RTS_QP, FROM(NIC_QP_SQD), NIC_QP_RTS, BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_2ERR_QP, FROM_ANY, NIC_QP_ERR, 0 },
	{ MLX5_CMD_OP_2RST_QP, FROM_ANY, NIC_QP_RST, 0 },
};

#define QPC(field)  NIC_FIELD(qpc, field)
#define PATH(field) NIC_FIELD(qpc, primary_address_path.field)
#define GID(n)	    { __devx_bit_off(qpc, primary_address_path.rgid_rip[4 * (n)]), 32 }

static const struct {
	struct nic_field field;
	uint8_t always;	   /* BRINGS_x */
	uint32_t optional; /* bit of opt_param_mask, 0: none */
} fields[] = {
	{ QPC(rre), BRINGS_INIT, NIC_QP_OPT_RRE },
	{ QPC(rwe), BRINGS_INIT, NIC_QP_OPT_RWE },
	{ QPC(rae), BRINGS_INIT, NIC_QP_OPT_RAE },
	{ QPC(pm_state), BRINGS_INIT, 0 },
	{ QPC(counter_set_id), BRINGS_INIT, 0 },
	{ QPC(q_key), BRINGS_INIT, NIC_QP_OPT_Q_KEY },
	{ PATH(pkey_index), BRINGS_INIT, NIC_QP_OPT_PKEY_INDEX },
	{ PATH(vhca_port_num), BRINGS_INIT, 0 },

	{ QPC(mtu), BRINGS_RTR, 0 },
	{ QPC(log_msg_max), BRINGS_RTR, 0 },
	{ QPC(remote_qpn), BRINGS_RTR, 0 },
	{ QPC(next_rcv_psn), BRINGS_RTR, 0 },
	{ QPC(log_rra_max), BRINGS_RTR, 0 },
	{ QPC(min_rnr_nak), BRINGS_RTR, NIC_QP_OPT_RNR_TIMEOUT },
	{ PATH(grh), BRINGS_RTR, 0 },
	{ PATH(mlid), BRINGS_RTR, 0 },
	{ PATH(rlid), BRINGS_RTR, 0 },
	{ PATH(src_addr_index), BRINGS_RTR, 0 },
	{ PATH(stat_rate), BRINGS_RTR, 0 },
	{ PATH(hop_limit), BRINGS_RTR, 0 },
	{ PATH(tclass), BRINGS_RTR, 0 },
	{ PATH(flow_label), BRINGS_RTR, 0 },
	{ PATH(sl), BRINGS_RTR, 0 },
	{ GID(0), BRINGS_RTR, 0 },
	{ GID(1), BRINGS_RTR, 0 },
	{ GID(2), BRINGS_RTR, 0 },
	{ GID(3), BRINGS_RTR, 0 },

	{ QPC(next_send_psn), BRINGS_RTS, 0 },
	{ QPC(log_sra_max), BRINGS_RTS, 0 },
	{ QPC(log_ack_req_freq), BRINGS_RTS, 0 },
	{ QPC(retry_count), BRINGS_RTS, NIC_QP_OPT_RETRY_COUNT },
	{ QPC(rnr_retry), BRINGS_RTS, NIC_QP_OPT_RNR_RETRY },
	{ PATH(ack_timeout), BRINGS_RTS, NIC_QP_OPT_ACK_TIMEOUT },
};

static const struct transition *transition_find(uint16_t opcode)
{
	size_t i;

	for (i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++)
		if (transitions[i].opcode == opcode)
			return &transitions[i];
	return NULL;
}

static void context_merge(uint8_t *to, const uint8_t *from, uint8_t brings, uint32_t optional)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].always & brings || fields[i].optional & optional)
			nic_field_set(to, fields[i].field, nic_field_get(from, fields[i].field));
}

static void qp_load(struct nic_qp *qp, uint8_t brings)
{
	const uint8_t *context = qp->context;
	const unsigned char *path = DEVX_ADDR_OF(qpc, context, primary_address_path);

	qp->access = (uint8_t)((DEVX_GET(qpc, context, rre) ? NIC_REMOTE_READ : 0) |
			       (DEVX_GET(qpc, context, rwe) ? NIC_REMOTE_WRITE : 0) |
			       (DEVX_GET(qpc, context, rae) ? NIC_REMOTE_ATOMIC : 0));
	qp->remote_lid = (uint16_t)DEVX_GET(ads, path, rlid);
	qp->remote_qpn = DEVX_GET(qpc, context, remote_qpn);
	qp->mtu = (uint8_t)DEVX_GET(qpc, context, mtu);
	qp->min_rnr = (uint8_t)DEVX_GET(qpc, context, min_rnr_nak);
	qp->rnr_retry = (uint8_t)DEVX_GET(qpc, context, rnr_retry);
	qp->retry_count = (uint8_t)DEVX_GET(qpc, context, retry_count);
	qp->ack_timeout = (uint8_t)DEVX_GET(ads, path, ack_timeout);
	if (brings & BRINGS_RTR)
		qp->rq_psn = DEVX_GET(qpc, context, next_rcv_psn);
	if (brings & BRINGS_RTS)
		qp->sq_psn = DEVX_GET(qpc, context, next_send_psn);
}

static uint8_t context_apply(struct nic_cmd *cmd, struct nic_qp *qp, uint8_t brings)
{
	/* All operations with a context have it where RST2INIT has it. */
	const unsigned char *from = DEVX_ADDR_OF(rst2init_qp_in, cmd->in, qpc);
	uint32_t mtu = DEVX_GET(qpc, from, mtu), pd = DEVX_GET(qpc, from, pd);
	bool takes_pd = brings & BRINGS_INIT && qp->service == MLX5_QPC_ST_REG_UMR;

	if (brings & BRINGS_RTR && (mtu == 0 || mtu > MTU_MAX))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	if (takes_pd && !nic_ids_find(&cmd->nic->pds, pd))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_PD);
	if (takes_pd) {
		qp->pd = pd;
		DEVX_SET(qpc, qp->context, pd, pd);
	}
	context_merge(qp->context, from, brings, DEVX_GET(rst2init_qp_in, cmd->in, opt_param_mask));
	qp_load(qp, brings);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_modify_qp(struct nic_cmd *cmd)
{
	const struct transition *transition = transition_find(cmd->opcode);
	struct nic_qp *qp = nic_qp_get(cmd->nic, DEVX_GET(qp_2rst_in, cmd->in, qpn));
	uint8_t status = NIC_CMD_OK;

	if (!transition)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_OP, NIC_SYN_OPCODE);
	if (!qp)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	if (!(transition->from & FROM(qp->state)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_QP_STATE, NIC_SYN_STATE);
	if (transition->brings)
		status = context_apply(cmd, qp, transition->brings);
	if (status == NIC_CMD_OK)
		nic_qp_set_state(qp, transition->to);
	return status;
}
