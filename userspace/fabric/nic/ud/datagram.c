// SPDX-License-Identifier: MIT
/*
 * Unreliable datagrams.
 *
 * A datagram is delivered at once to the queue pair that LID and number name, on any NIC of the
 * fabric and this one too, if its Q_Key is right and a receive is posted. Otherwise it is lost,
 * as on a wire: the sender's completion is the same. The first 40 bytes of a receive are for the
 * global route header, which is written only if the datagram has one (InfiniBand 11.4.1.2).
 *
 * Left out: multicast, shared receive queues, page faults at either end.
 */
#include <endian.h>
#include <string.h>

#include "fabric/nic/counters.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/wqe.h"
#include "fabric/nic/rc/receive.h"
#include "fabric/nic/rc/responder.h"
#include "fabric/nic/ud/datagram.h"
#include "fabric/nic/wire.h"

#define MTU	       4096u
#define GRH_BYTES      40u
#define AV_EXTENDED    (1u << 31) /* dqp_dct: all 48 bytes of the address vector are there */
#define AV_GRH	       (1u << 30) /* grh_gid_fl */
#define QKEY_OWN       (1u << 31) /* send with the Q_Key of the sending queue pair (10.2.5) */
#define LID_PERMISSIVE 0xffffu
#define RQPN_GRH       (1u << 28) /* of the completion: a GRH is in the receive */
#define PKEY_DEFAULT   0xffffu

static uint32_t own_qkey(const struct nic_qp *qp)
{
	return DEVX_GET(qpc, qp->context, q_key);
}

/* The number that datagrams of a queue pair name as their source: 0 and 1 for management. */
static uint32_t source_number(const struct nic_qp *qp)
{
	switch (qp->service) {
	case MLX5_QPC_ST_QP0:
		return 0;
	case MLX5_QPC_ST_QP1:
		return 1;
	default:
		return qp->number;
	}
}

static struct nic_qp *find_by_number(struct nic *nic, uint32_t number)
{
	uint8_t service = number == 0 ? MLX5_QPC_ST_QP0 : MLX5_QPC_ST_QP1;
	struct nic_qp *qp;

	if (number > 1) {
		qp = nic_qp_get(nic, number);
		return qp && qp->service == MLX5_QPC_ST_UD ? qp : NULL;
	}
	for (qp = nic->qp_list; qp && qp->service != service; qp = qp->next)
		;
	return qp;
}

/* Queue pair that takes the datagram; NULL: none. QP0 has no Q_Key. */
static struct nic_qp *find_receiver(struct nic_qp *from, const struct mlx5_wqe_av *av)
{
	uint32_t number = be32toh(av->dqp_dct) & 0xffffffu, qkey = be32toh(av->key.qkey.qkey);
	uint16_t lid = be16toh(av->rlid);
	struct nic *nic = lid == LID_PERMISSIVE ? from->nic : nic_wire_port(from->nic, lid);
	struct nic_qp *to = nic ? find_by_number(nic, number) : NULL;

	if (!to || (to->state != NIC_QP_RTR && to->state != NIC_QP_RTS && to->state != NIC_QP_SQD))
		return NULL;
	if (qkey & QKEY_OWN)
		qkey = own_qkey(from);
	return number == 0 || own_qkey(to) == qkey ? to : NULL;
}

/* The header as the receiver sees it: version 6, next header IBA (0x1b), both GIDs. */
static void fill_grh(uint8_t *grh, const struct nic_qp *from, const struct mlx5_wqe_av *av,
		     uint32_t len)
{
	const uint32_t flow = 6u << 28 | (uint32_t)av->tclass << 20 |
			      (be32toh(av->grh_gid_fl) & 0xfffffu);
	const uint64_t prefix = htobe64(NIC_GID_PREFIX), guid = htobe64(from->nic->guid);
	const uint32_t word = htobe32(flow);
	const uint16_t payload = htobe16((uint16_t)(len + 24)); /* BTH, DETH, ICRC */

	memcpy(grh, &word, sizeof(word));
	memcpy(grh + 4, &payload, sizeof(payload));
	grh[6] = 0x1b;
	grh[7] = av->hop_limit;
	memcpy(grh + 8, &prefix, sizeof(prefix));
	memcpy(grh + 16, &guid, sizeof(guid));
	memcpy(grh + 24, av->rgid, sizeof(av->rgid));
}

/* A list without its first bytes. */
static uint32_t skip_bytes(const struct nic_sge *from, uint32_t nsge, uint32_t bytes,
			   struct nic_sge *to)
{
	uint32_t i, n = 0, cut;

	for (i = 0; i < nsge; i++) {
		cut = bytes < from[i].len ? bytes : from[i].len;
		bytes -= cut;
		if (cut < from[i].len)
			to[n++] = (struct nic_sge){ .len = from[i].len - cut,
						    .lkey = from[i].lkey,
						    .addr = from[i].addr + cut };
	}
	return n;
}

static enum nic_status fill_receive(struct nic_qp *to, const struct nic_receive *receive,
				    const struct nic_side *data, uint32_t len, const uint8_t *grh)
{
	struct nic_sge payload[NIC_MAX_SGE];
	struct nic_side into = { .nic = to->nic,
				 .pd = receive->pd,
				 .need = NIC_LOCAL_WRITE,
				 .sge = receive->sge,
				 .nsge = receive->nsge };
	const struct nic_side header = { .host = grh }, *blame;
	enum nic_status status = nic_side_check(&into, GRH_BYTES + len);

	if (status == NIC_OK && grh)
		status = nic_transfer(&header, &into, 0, GRH_BYTES, &blame);
	into.nsge = skip_bytes(receive->sge, receive->nsge, GRH_BYTES, payload);
	into.sge = payload;
	return status == NIC_OK ? nic_transfer(data, &into, 0, len, &blame) : status;
}

/* The receiver's errors are its own: the sender never learns of them. */
static void deliver(struct nic_qp *to, struct nic_message *msg, const struct nic_side *data,
		    const struct mlx5_wqe_av *av)
{
	bool has_grh = be32toh(av->grh_gid_fl) & AV_GRH;
	uint32_t len = msg->len - GRH_BYTES;
	struct nic_receive receive;
	uint8_t grh[GRH_BYTES];

	if (to->no_rq || nic_receive_need(to, msg) != NIC_OK || !nic_receive_read(to, msg, &receive))
		return;
	if (receive.room < msg->len) {
		nic_receive_fail(to, msg, NIC_LOCAL_LENGTH, NIC_OK);
		return;
	}
	if (has_grh)
		fill_grh(grh, msg->from, av, len);
	msg->flags_rqpn = source_number(msg->from) | (has_grh ? RQPN_GRH : 0);
	if (fill_receive(to, &receive, data, len, has_grh ? grh : NULL) != NIC_OK)
		nic_receive_fail(to, msg, NIC_LOCAL_PROT, NIC_OK);
	else
		nic_receive_complete(to, msg, NIC_OK,
				     msg->has_imm ? MLX5_CQE_RESP_SEND_IMM : MLX5_CQE_RESP_SEND);
}

enum nic_status nic_datagram_send(struct nic_qp *qp, struct nic_wqe *wqe)
{
	struct nic_side data = { .nic = qp->nic, .pd = qp->pd, .need = NIC_LOCAL_READ };
	struct nic_message msg = { .from = qp,
				   .opcode = wqe->opcode,
				   .has_imm = nic_wqe_has_imm(wqe),
				   .solicited = wqe->solicited };
	struct mlx5_wqe_av av;
	enum nic_status status;
	struct nic_qp *to;

	if (wqe->opcode != MLX5_OPCODE_SEND && wqe->opcode != MLX5_OPCODE_SEND_IMM)
		return NIC_LOCAL_QP_OP;
	status = nic_wqe_parse_datagram(wqe, &av);
	if (status != NIC_OK)
		return status;
	if (!(be32toh(av.dqp_dct) & AV_EXTENDED))
		return NIC_LOCAL_QP_OP;
	if (wqe->len > MTU)
		return NIC_LOCAL_LENGTH;
	data.sge = wqe->sge;
	data.nsge = wqe->nsge;
	data.host = wqe->inline_data;
	status = nic_side_check(&data, wqe->len);
	if (status != NIC_OK)
		return status;
	to = find_receiver(qp, &av);
	nic_count_traffic(qp, to, wqe->opcode, wqe->len);
	if (!to)
		return NIC_OK;
	msg.imm = msg.has_imm ? wqe->imm : PKEY_DEFAULT;
	msg.len = wqe->len + GRH_BYTES;
	deliver(to, &msg, &data, &av);
	return NIC_OK;
}
