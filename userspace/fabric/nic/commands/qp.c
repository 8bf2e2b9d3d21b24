// SPDX-License-Identifier: MIT
/*
 * CREATE_QP, DESTROY_QP, QUERY_QP. What the driver wrote is kept as it is in
 * qp->context; the fields of struct nic_qp are read from there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/rc/requester.h"

#define SQ_ALIGN ((uint32_t)MLX5_SEND_WQE_BB)

/* Connections (RC, UC, XRC); UD and the management queue pairs send only; REG_UMR is the driver's own. */
static bool service_known(uint8_t service)
{
	return service == MLX5_QPC_ST_RC || service == MLX5_QPC_ST_UC ||
	       service == MLX5_QPC_ST_XRC || service == MLX5_QPC_ST_UD ||
	       service == MLX5_QPC_ST_QP0 || service == MLX5_QPC_ST_QP1 ||
	       service == MLX5_QPC_ST_REG_UMR;
}

static void context_load(struct nic_qp *qp)
{
	const uint8_t *context = qp->context;
	uint32_t rq_bytes = 0;

	qp->service = (uint8_t)DEVX_GET(qpc, context, st);
	qp->pd = DEVX_GET(qpc, context, pd);
	qp->no_sq = DEVX_GET(qpc, context, no_sq);
	qp->no_rq = DEVX_GET(qpc, context, rq_type) != NIC_RQ_OWN;
	qp->shared_rq = qp->service == MLX5_QPC_ST_RC &&
			DEVX_GET(qpc, context, rq_type) == NIC_RQ_SHARED;
	qp->srqn = DEVX_GET(qpc, context, srqn_rmpn_xrqn);
	qp->xrcd = DEVX_GET(qpc, context, xrcd);
	qp->log_sq_size = (uint8_t)DEVX_GET(qpc, context, log_sq_size);
	qp->log_rq_size = (uint8_t)DEVX_GET(qpc, context, log_rq_size);
	qp->log_rq_stride = (uint8_t)DEVX_GET(qpc, context, log_rq_stride);
	qp->cqn_send = DEVX_GET(qpc, context, cqn_snd);
	qp->cqn_recv = DEVX_GET(qpc, context, cqn_rcv);
	qp->dbr = DEVX_GET64(qpc, context, dbr_addr);
	if (!qp->no_rq)
		rq_bytes = 16u << qp->log_rq_stride << qp->log_rq_size;
	qp->sq_offset = (rq_bytes + SQ_ALIGN - 1) / SQ_ALIGN * SQ_ALIGN;
}

/* Services of the interface that the model does not have (qpc.st). */
static const char *service_name(uint8_t service)
{
	switch (service) {
	case MLX5_QPC_ST_DCI:
		return "service DC initiator";
	case MLX5_QPC_ST_RAW_DATAGRAM:
		return "service raw datagram";
	default:
		return "unknown service";
	}
}

static const struct nic_feature features[] = {
	NIC_FEATURE(qpc, wq_signature),	    NIC_FEATURE(qpc, dbr_umem_valid),
	NIC_FEATURE(qpc, cd_master),	    NIC_FEATURE(qpc, cd_slave_send),
	NIC_FEATURE(qpc, cd_slave_receive), NIC_FEATURE(qpc, cs_req),
	NIC_FEATURE(qpc, cs_res),	    { NULL, { 0, 0 } },
};

/* Where receives come from: RC has a queue of its own or an RMP, XRC the SRQs of its domain, others their own. */
static uint8_t source_check(struct nic_cmd *cmd, const struct nic_qp *qp)
{
	uint32_t type = DEVX_GET(qpc, qp->context, rq_type);

	if (qp->service == MLX5_QPC_ST_XRC) {
		if (type == NIC_RQ_OWN)
			return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
						   "XRC with a receive queue of its own", 0x20);
		if (!nic_ids_find(&cmd->nic->xrcds, qp->xrcd))
			return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_XRCD);
		return NIC_CMD_OK;
	}
	if (type == NIC_RQ_SHARED && !qp->shared_rq)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
					   "shared receive queue for a service other than RC and XRC",
					   0x10u | qp->service);
	if (qp->shared_rq && !nic_srq_get(cmd->nic, qp->srqn, NIC_SRQ_RMP))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_SRQ);
	return NIC_CMD_OK;
}

static uint8_t context_check(struct nic_cmd *cmd, const struct nic_qp *qp)
{
	const uint8_t *context = qp->context;
	struct nic *nic = cmd->nic;
	uint8_t status;

	if (!service_known(qp->service))
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
					   service_name(qp->service), qp->service & 0xf);
	status = nic_cmd_refuse_features(cmd, context, features);
	if (status != NIC_CMD_OK)
		return status;
	if (!qp->no_rq && 16u << qp->log_rq_stride > NIC_MAX_RECEIVE_WQE)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	/* The driver gives its UMR queue pair a PD only with RST2INIT. */
	if (!nic_ids_find(&nic->pds, qp->pd) && !(qp->service == MLX5_QPC_ST_REG_UMR && !qp->pd))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_PD);
	if ((!qp->no_sq && !nic_ids_find(&nic->cqs, qp->cqn_send)) ||
	    (nic_qp_has_recv_cq(qp) && !nic_ids_find(&nic->cqs, qp->cqn_recv)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_CQ);
	return source_check(cmd, qp);
}

static int buf_create(struct nic_cmd *cmd, struct nic_qp *qp)
{
	uint32_t pas = DEVX_BYTE_OFF(create_qp_in, pas);
	uint64_t bytes =
		qp->sq_offset + (qp->no_sq ? 0 : (uint64_t)MLX5_SEND_WQE_BB << qp->log_sq_size);

	nic_buf_layout(&qp->buf, DEVX_GET(qpc, qp->context, log_page_size),
		       DEVX_GET(qpc, qp->context, page_offset));
	return nic_buf_init(cmd->nic, &qp->buf, cmd->in + pas, (cmd->in_len - pas) / 8, bytes);
}

/* The QP becomes known to the NIC and its CQs. */
static void publish(struct nic *nic, struct nic_qp *qp)
{
	struct nic_cq *cq;

	qp->nic = nic;
	qp->next = nic->qp_list;
	nic->qp_list = qp;
	if (!qp->no_sq) {
		cq = nic_ids_find(&nic->cqs, qp->cqn_send);
		cq->users++;
	}
	if (nic_qp_has_recv_cq(qp)) {
		cq = nic_ids_find(&nic->cqs, qp->cqn_recv);
		cq->users++;
	}
	if (qp->shared_rq)
		nic_srq_get(nic, qp->srqn, NIC_SRQ_RMP)->users++;
	nic_requester_init(qp);
}

uint8_t nic_cmd_create_qp(struct nic_cmd *cmd)
{
	struct nic_qp *qp = calloc(1, sizeof(*qp));
	uint8_t status;
	int ret;

	_Static_assert(sizeof(qp->context) == DEVX_ST_SZ_BYTES(qpc), "qpc");
	if (!qp)
		return nic_cmd_errno(cmd, -ENOMEM);
	memcpy(qp->context, DEVX_ADDR_OF(create_qp_in, cmd->in, qpc), sizeof(qp->context));
	context_load(qp);
	status = context_check(cmd, qp);
	if (status != NIC_CMD_OK)
		goto err_free;
	ret = buf_create(cmd, qp);
	if (ret) {
		status = nic_cmd_errno(cmd, ret);
		goto err_free;
	}
	ret = nic_ids_alloc(&cmd->nic->qps, qp, &qp->number);
	if (ret) {
		status = nic_cmd_errno(cmd, ret);
		goto err_buf;
	}
	publish(cmd->nic, qp);
	DEVX_SET(create_qp_out, cmd->out, qpn, qp->number);
	return NIC_CMD_OK;

err_buf:
	nic_buf_free(cmd->nic, &qp->buf);
err_free:
	free(qp);
	return status;
}

uint8_t nic_cmd_destroy_qp(struct nic_cmd *cmd)
{
	struct nic_qp *qp = nic_qp_get(cmd->nic, DEVX_GET(destroy_qp_in, cmd->in, qpn));

	if (!qp)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	nic_qp_free(qp);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_qp(struct nic_cmd *cmd)
{
	const struct nic_qp *qp = nic_qp_get(cmd->nic, DEVX_GET(query_qp_in, cmd->in, qpn));
	unsigned char *context = DEVX_ADDR_OF(query_qp_out, cmd->out, qpc);

	if (!qp)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	memcpy(context, qp->context, sizeof(qp->context));
	DEVX_SET(qpc, context, state, qp->state);
	DEVX_SET(qpc, context, next_send_psn, qp->sq_psn);
	DEVX_SET(qpc, context, last_acked_psn, qp->sq_psn);
	DEVX_SET(qpc, context, next_rcv_psn, qp->rq_psn);
	DEVX_SET(qpc, context, hw_sq_wqebb_counter, qp->sq_ci);
	DEVX_SET(qpc, context, sw_sq_wqebb_counter, qp->sq_pi);
	DEVX_SET(qpc, context, hw_rq_counter, qp->rq_ci);
	DEVX_SET(qpc, context, sw_rq_counter, qp->rq_pi);
	return NIC_CMD_OK;
}
