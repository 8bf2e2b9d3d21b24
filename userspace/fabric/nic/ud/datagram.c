// SPDX-License-Identifier: MIT
/*
 * Unreliable datagrams.
 *
 * A datagram is delivered at once: to the queue pair that LID and number name, on any NIC of the
 * fabric and this one too; to each attached queue pair of the ports in its multicast group; or to
 * an agent of the fabric, whose answer comes back to the sender: the subnet administrator, and at
 * each port the one for its counters. A receiver takes it if Q_Key
 * and P_Key are its own and a receive is posted. Otherwise it is lost, as on a wire, and counted:
 * the sender's completion is the same. The first 40 bytes of a receive are for the global route
 * header, which is written only if the datagram has one (InfiniBand 11.4.1.2).
 *
 * Left out: shared receive queues, page faults at either end.
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
#include "fabric/nic/ud/multicast.h"
#include "fabric/nic/ud/pma.h"
#include "fabric/nic/wire.h"

#define MTU	      4096u
#define GRH_BYTES     40u
#define GRH_SGID      8u
#define GRH_DGID      24u
#define AV_EXTENDED   (1u << 31) /* dqp_dct: all 48 bytes of the address vector are there */
#define AV_GRH	      (1u << 30) /* grh_gid_fl */
#define QKEY_OWN      (1u << 31) /* send with the Q_Key of the sending queue pair (10.2.5) */
#define QKEY_GSI      0x80010000u
#define QPN_GSI	      1u
#define QPN_MULTICAST 0xffffffu
#define RQPN_GRH      (1u << 28) /* of the completion: a GRH is in the receive */

/* One datagram between sender and receivers. */
struct packet {
	struct nic_message msg; /* len with the room for the GRH */
	const struct nic_side *data;
	uint32_t qkey;
	bool has_grh;
	uint8_t grh[GRH_BYTES];
};

static uint32_t own_qkey(const struct nic_qp *qp)
{
	return DEVX_GET(qpc, qp->context, q_key);
}

/* Only index 0 of a port's table has a P_Key. */
static bool has_pkey(const struct nic_qp *qp)
{
	return DEVX_GET(qpc, qp->context, primary_address_path.pkey_index) == 0;
}

/* The number that datagrams of a queue pair name as their source: 0 and 1 for management. */
static uint32_t source_number(const struct nic_qp *qp)
{
	switch (qp->service) {
	case MLX5_QPC_ST_QP0:
		return 0;
	case MLX5_QPC_ST_QP1:
		return QPN_GSI;
	default:
		return qp->number;
	}
}

static struct nic_qp *find_by_number(struct nic *nic, uint32_t number)
{
	uint8_t service = number == 0 ? MLX5_QPC_ST_QP0 : MLX5_QPC_ST_QP1;
	struct nic_qp *qp;

	if (number > QPN_GSI) {
		qp = nic_qp_get(nic, number);
		return qp && qp->service == MLX5_QPC_ST_UD ? qp : NULL;
	}
	for (qp = nic->qp_list; qp && qp->service != service; qp = qp->next)
		;
	return qp;
}

static bool can_receive(const struct nic_qp *qp)
{
	return qp->state == NIC_QP_RTR || qp->state == NIC_QP_RTS || qp->state == NIC_QP_SQD;
}

static void lost(struct nic *nic, enum nic_lost reason)
{
	nic->datagrams_lost[reason]++;
	if (reason == NIC_LOST_QKEY)
		nic->port.qkey_violations++;
	if (reason == NIC_LOST_PKEY)
		nic->port.pkey_violations++;
}

/* The header as the receiver sees it: version 6, next header IBA (0x1b), both GIDs. */
static void fill_grh(uint8_t *grh, const struct nic *from, const struct mlx5_wqe_av *av,
		     uint32_t len)
{
	const uint32_t flow = 6u << 28 | (uint32_t)av->tclass << 20 |
			      (be32toh(av->grh_gid_fl) & 0xfffffu);
	const uint32_t word = htobe32(flow);
	const uint16_t payload = htobe16((uint16_t)(len + 24)); /* BTH, DETH, ICRC */

	memcpy(grh, &word, sizeof(word));
	memcpy(grh + 4, &payload, sizeof(payload));
	grh[6] = 0x1b;
	grh[7] = av->hop_limit;
	subnet_port_gid(&from->wire, grh + GRH_SGID);
	memcpy(grh + GRH_DGID, av->rgid, sizeof(av->rgid));
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
				    const struct packet *packet)
{
	const uint32_t len = packet->msg.len - GRH_BYTES;
	struct nic_sge payload[NIC_MAX_SGE];
	struct nic_side into = { .nic = to->nic,
				 .pd = receive->pd,
				 .need = NIC_LOCAL_WRITE,
				 .sge = receive->sge,
				 .nsge = receive->nsge };
	const struct nic_side header = { .host = packet->grh }, *blame;
	enum nic_status status = nic_side_check(&into, packet->msg.len);

	if (status == NIC_OK && packet->has_grh)
		status = nic_transfer(&header, &into, 0, GRH_BYTES, &blame);
	into.nsge = skip_bytes(receive->sge, receive->nsge, GRH_BYTES, payload);
	into.sge = payload;
	return status == NIC_OK ? nic_transfer(packet->data, &into, 0, len, &blame) : status;
}

/* QP0 has no Q_Key. */
static bool accepts(struct nic_qp *to, const struct packet *packet)
{
	if (!has_pkey(to)) {
		lost(to->nic, NIC_LOST_PKEY);
		return false;
	}
	if (to->service != MLX5_QPC_ST_QP0 && own_qkey(to) != packet->qkey) {
		lost(to->nic, NIC_LOST_QKEY);
		return false;
	}
	if (to->no_rq || nic_receive_need(to, &packet->msg) != NIC_OK) {
		lost(to->nic, NIC_LOST_RECEIVE);
		return false;
	}
	return true;
}

/* The receiver's errors are its own: the sender never learns of them. */
static void deliver(struct nic_qp *to, const struct packet *packet)
{
	const struct nic_message *msg = &packet->msg;
	struct nic_receive receive;

	if (!accepts(to, packet) || !nic_receive_read(to, msg, &receive))
		return;
	if (receive.room < msg->len)
		nic_receive_fail(to, msg, NIC_LOCAL_LENGTH, NIC_OK);
	else if (fill_receive(to, &receive, packet) != NIC_OK)
		nic_receive_fail(to, msg, NIC_LOCAL_PROT, NIC_OK);
	else
		nic_receive_complete(to, msg, NIC_OK,
				     msg->has_imm ? MLX5_CQE_RESP_SEND_IMM : MLX5_CQE_RESP_SEND);
}

/* One port's copies, also those of the sender's port. */
static void receive_multicast(struct nic *nic, const struct packet *packet)
{
	const struct nic_multicast *group = nic_multicast_find(nic, packet->grh + GRH_DGID);
	uint32_t i;

	nic_count_received(&nic->port, true, packet->msg.len - GRH_BYTES);
	for (i = 0; group && i < group->count; i++)
		if (can_receive(group->qp[i]))
			deliver(group->qp[i], packet);
}

/* Multicast packets have a GRH and a queue pair number of their own (InfiniBand 9.4.1.1.1, 10.5). */
static void send_multicast(const struct packet *packet, uint16_t lid, uint32_t number)
{
	struct nic *from = packet->msg.from->nic, *nic;
	struct fab_device *dev;

	nic_count_sent(&from->port, true, packet->msg.len - GRH_BYTES);
	if (!packet->has_grh || number != QPN_MULTICAST) {
		lost(from, NIC_LOST_TARGET);
		return;
	}
	for (dev = from->dev.fabric->devices; dev; dev = dev->next) {
		nic = (struct nic *)dev;
		if (dev->ops == from->dev.ops && subnet_forwards(&nic->wire, lid))
			receive_multicast(nic, packet);
	}
}

/* From QP1 of a LID. An answer has a GRH if the request had one, with the addresses exchanged. */
static void answer(struct nic_qp *to, const struct packet *request, uint16_t lid, const uint8_t *mad)
{
	const struct nic_side data = { .host = mad };
	struct packet packet = {
		.msg = { .from = to,
			 .slid = lid,
			 .opcode = MLX5_OPCODE_SEND,
			 .imm = SUBNET_PKEY,
			 .flags_rqpn = QPN_GSI | (request->has_grh ? RQPN_GRH : 0),
			 .len = SUBNET_MAD_BYTES + GRH_BYTES },
		.data = &data,
		.qkey = QKEY_GSI,
		.has_grh = request->has_grh,
	};

	memcpy(packet.grh, request->grh, GRH_SGID);
	memcpy(packet.grh + GRH_SGID, request->grh + GRH_DGID, 16);
	memcpy(packet.grh + GRH_DGID, request->grh + GRH_SGID, 16);
	nic_count_received(&to->nic->port, false, SUBNET_MAD_BYTES);
	deliver(to, &packet);
}

static void take_bytes(void *ctx, void *host, uint32_t off, uint32_t len)
{
	memcpy((uint8_t *)ctx + off, host, len);
}

/* Payload of up to a MAD; false: longer, or an access has failed. */
static bool read_mad(const struct packet *packet, uint8_t mad[SUBNET_MAD_BYTES])
{
	const struct nic_side *side = packet->data;
	const uint32_t len = packet->msg.len - GRH_BYTES;
	uint32_t i, off = 0;

	if (len > SUBNET_MAD_BYTES)
		return false;
	if (side->host) {
		memcpy(mad, side->host, len);
		return true;
	}
	for (i = 0; i < side->nsge; i++) {
		const struct nic_access access = { .key = side->sge[i].lkey,
						   .pd = side->pd,
						   .need = side->need,
						   .va = side->sge[i].addr,
						   .len = side->sge[i].len };

		if (nic_mkey_access(side->nic, &access, take_bytes, mad + off) != NIC_OK)
			return false;
		off += access.len;
	}
	return true;
}

/* Requests for the counters of a port; the other agents are the driver's. */
static bool answered_by_port(struct nic *nic, const struct packet *packet)
{
	const uint32_t len = packet->msg.len - GRH_BYTES;
	uint8_t request[SUBNET_MAD_BYTES], response[SUBNET_MAD_BYTES];

	if (packet->qkey != QKEY_GSI || !read_mad(packet, request) ||
	    !nic_pma_is_request(request, len))
		return false;
	nic_count_traffic(packet->msg.from, NULL, packet->msg.opcode, len);
	nic_count_received(&nic->port, false, len);
	nic_pma_answer(nic, request, response);
	nic_count_sent(&nic->port, false, len);
	answer(packet->msg.from, packet, nic->opts.lid, response);
	return true;
}

static void send_unicast(const struct packet *packet, uint16_t lid, uint32_t number)
{
	struct nic_qp *from = packet->msg.from;
	struct nic *nic = lid == SUBNET_PERMISSIVE_LID ? from->nic : nic_wire_port(from->nic, lid);
	struct nic_qp *to = nic ? find_by_number(nic, number) : NULL;

	if (nic && number == QPN_GSI && answered_by_port(nic, packet))
		return;
	if (to && !can_receive(to))
		to = NULL;
	nic_count_traffic(from, to, packet->msg.opcode, packet->msg.len - GRH_BYTES);
	if (to)
		deliver(to, packet);
	else
		lost(from->nic, NIC_LOST_TARGET);
}

/* The only agent at the administrator's LID is that of the general services (QP1). */
static void send_to_sa(const struct packet *packet, uint32_t number)
{
	struct nic_qp *from = packet->msg.from;
	uint8_t request[SUBNET_MAD_BYTES], response[SUBNET_MAD_BYTES];
	bool more = false;

	nic_count_traffic(from, NULL, packet->msg.opcode, packet->msg.len - GRH_BYTES);
	if (number != QPN_GSI || packet->qkey != QKEY_GSI || !read_mad(packet, request))
		lost(from->nic, NIC_LOST_TARGET);
	else
		more = subnet_sa_request(&from->nic->wire, request, packet->msg.len - GRH_BYTES,
					 response);
	while (more) {
		answer(from, packet, SUBNET_SM_LID, response);
		more = subnet_sa_next(&from->nic->wire, response);
	}
}

static void route(const struct packet *packet, const struct mlx5_wqe_av *av)
{
	uint32_t number = be32toh(av->dqp_dct) & 0xffffffu;
	uint16_t lid = be16toh(av->rlid);

	if (!has_pkey(packet->msg.from))
		lost(packet->msg.from->nic, NIC_LOST_PKEY);
	else if (lid >= SUBNET_MULTICAST_LID && lid != SUBNET_PERMISSIVE_LID)
		send_multicast(packet, lid, number);
	else if (lid == SUBNET_SM_LID)
		send_to_sa(packet, number);
	else
		send_unicast(packet, lid, number);
}

static void send_packet(struct nic_qp *qp, const struct nic_wqe *wqe, const struct nic_side *data,
			const struct mlx5_wqe_av *av)
{
	bool has_grh = be32toh(av->grh_gid_fl) & AV_GRH;
	uint32_t qkey = be32toh(av->key.qkey.qkey);
	struct packet packet = {
		.msg = { .from = qp,
			 .slid = qp->nic->opts.lid,
			 .opcode = wqe->opcode,
			 .has_imm = nic_wqe_has_imm(wqe),
			 .imm = nic_wqe_has_imm(wqe) ? wqe->imm : SUBNET_PKEY,
			 .solicited = wqe->solicited,
			 .flags_rqpn = source_number(qp) | (has_grh ? RQPN_GRH : 0),
			 .len = wqe->len + GRH_BYTES },
		.data = data,
		.qkey = qkey & QKEY_OWN ? own_qkey(qp) : qkey,
		.has_grh = has_grh,
	};

	if (has_grh)
		fill_grh(packet.grh, qp->nic, av, wqe->len);
	route(&packet, av);
}

enum nic_status nic_datagram_send(struct nic_qp *qp, struct nic_wqe *wqe)
{
	struct nic_side data = { .nic = qp->nic, .pd = qp->pd, .need = NIC_LOCAL_READ };
	struct mlx5_wqe_av av;
	enum nic_status status;

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
	status = nic_side_check(&data, wqe->len);
	if (status == NIC_OK)
		send_packet(qp, wqe, &data, &av);
	return status;
}
