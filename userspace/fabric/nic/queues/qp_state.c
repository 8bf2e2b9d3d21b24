// SPDX-License-Identifier: MIT
/*
 * Two tables: the transitions of a queue pair, and the fields of the context that a
 * transition brings, some always, some when opt_param_mask names them.
 */
#include "fabric/nic/ifc.h"
#include "fabric/nic/queues/qp_state.h"

#define FROM(state) (1u << (state))
#define FROM_ANY    0xffu

static const struct nic_qp_transition transitions[] = {
	{ MLX5_CMD_OP_RST2INIT_QP, FROM(NIC_QP_RST), NIC_QP_INIT, NIC_QP_BRINGS_INIT },
	{ MLX5_CMD_OP_INIT2INIT_QP, FROM(NIC_QP_INIT), NIC_QP_INIT, NIC_QP_BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_INIT2RTR_QP, FROM(NIC_QP_INIT), NIC_QP_RTR, NIC_QP_BRINGS_RTR },
	{ MLX5_CMD_OP_RTR2RTS_QP, FROM(NIC_QP_RTR), NIC_QP_RTS, NIC_QP_BRINGS_RTS },
	{ MLX5_CMD_OP_RTS2RTS_QP, FROM(NIC_QP_RTS), NIC_QP_RTS, NIC_QP_BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_SQERR2RTS_QP, FROM(NIC_QP_SQER), NIC_QP_RTS, NIC_QP_BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_SQD_RTS_QP, FROM(NIC_QP_SQD), NIC_QP_RTS, NIC_QP_BRINGS_OPTIONAL },
	{ MLX5_CMD_OP_2ERR_QP, FROM_ANY, NIC_QP_ERR, NIC_QP_BRINGS_NOTHING },
	{ MLX5_CMD_OP_2RST_QP, FROM_ANY, NIC_QP_RST, NIC_QP_BRINGS_NOTHING },
};

#define QPC(field)  NIC_FIELD(qpc, field)
#define PATH(field) NIC_FIELD(qpc, primary_address_path.field)
#define GID(n)	    { __devx_bit_off(qpc, primary_address_path.rgid_rip[4 * (n)]), 32 }

static const struct {
	struct nic_field field;
	uint8_t always;	   /* NIC_QP_BRINGS_x */
	uint32_t optional; /* bit of opt_param_mask, 0: none */
} fields[] = {
	{ QPC(rre), NIC_QP_BRINGS_INIT, NIC_QP_OPT_RRE },
	{ QPC(rwe), NIC_QP_BRINGS_INIT, NIC_QP_OPT_RWE },
	{ QPC(rae), NIC_QP_BRINGS_INIT, NIC_QP_OPT_RAE },
	{ QPC(atomic_mode), NIC_QP_BRINGS_INIT, NIC_QP_OPT_RAE },
	{ QPC(pm_state), NIC_QP_BRINGS_INIT, 0 },
	{ QPC(counter_set_id), NIC_QP_BRINGS_INIT, NIC_QP_OPT_COUNTER_SET },
	{ QPC(q_key), NIC_QP_BRINGS_INIT, NIC_QP_OPT_Q_KEY },
	{ PATH(pkey_index), NIC_QP_BRINGS_INIT, NIC_QP_OPT_PKEY_INDEX },
	{ PATH(vhca_port_num), NIC_QP_BRINGS_INIT, 0 },

	{ QPC(mtu), NIC_QP_BRINGS_RTR, 0 },
	{ QPC(log_msg_max), NIC_QP_BRINGS_RTR, 0 },
	{ QPC(remote_qpn), NIC_QP_BRINGS_RTR, 0 },
	{ QPC(next_rcv_psn), NIC_QP_BRINGS_RTR, 0 },
	{ QPC(log_rra_max), NIC_QP_BRINGS_RTR, 0 },
	{ QPC(min_rnr_nak), NIC_QP_BRINGS_RTR, NIC_QP_OPT_RNR_TIMEOUT },
	{ PATH(grh), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(mlid), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(rlid), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(src_addr_index), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(stat_rate), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(hop_limit), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(tclass), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(flow_label), NIC_QP_BRINGS_RTR, 0 },
	{ PATH(sl), NIC_QP_BRINGS_RTR, 0 },
	{ GID(0), NIC_QP_BRINGS_RTR, 0 },
	{ GID(1), NIC_QP_BRINGS_RTR, 0 },
	{ GID(2), NIC_QP_BRINGS_RTR, 0 },
	{ GID(3), NIC_QP_BRINGS_RTR, 0 },

	{ QPC(next_send_psn), NIC_QP_BRINGS_RTS, 0 },
	{ QPC(log_sra_max), NIC_QP_BRINGS_RTS, 0 },
	{ QPC(log_ack_req_freq), NIC_QP_BRINGS_RTS, 0 },
	{ QPC(retry_count), NIC_QP_BRINGS_RTS, NIC_QP_OPT_RETRY_COUNT },
	{ QPC(rnr_retry), NIC_QP_BRINGS_RTS, NIC_QP_OPT_RNR_RETRY },
	{ PATH(ack_timeout), NIC_QP_BRINGS_RTS, NIC_QP_OPT_ACK_TIMEOUT },
};

const struct nic_qp_transition *nic_qp_transition(uint16_t opcode)
{
	size_t i;

	for (i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++)
		if (transitions[i].opcode == opcode)
			return &transitions[i];
	return NULL;
}

bool nic_qp_may_leave(const struct nic_qp *qp, const struct nic_qp_transition *transition)
{
	return transition->from & FROM(qp->state);
}

static void context_merge(uint8_t *to, const uint8_t *from, uint8_t brings, uint32_t optional)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].always & brings || fields[i].optional & optional)
			nic_field_set(to, fields[i].field, nic_field_get(from, fields[i].field));
}

void nic_qp_load(struct nic_qp *qp, const struct nic_qp_transition *transition, const uint8_t *from,
		 uint32_t optional)
{
	const uint8_t *context = qp->context;
	const unsigned char *path = DEVX_ADDR_OF(qpc, context, primary_address_path);

	context_merge(qp->context, from, transition->brings, optional);
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
	if (transition->brings & NIC_QP_BRINGS_RTR)
		qp->rq_psn = DEVX_GET(qpc, context, next_rcv_psn);
	if (transition->brings & NIC_QP_BRINGS_RTS)
		qp->sq_psn = DEVX_GET(qpc, context, next_send_psn);
}
