// SPDX-License-Identifier: MIT
/*
 * Counting for the guest: port counters and Q counters.
 */
#include "fabric/nic/counters.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"

void nic_count(const struct nic_qp *qp, enum nic_q_counter counter)
{
	uint32_t id = DEVX_GET(qpc, qp->context, counter_set_id);
	struct nic_counter_set *set = nic_ids_find(&qp->nic->counter_sets, id);

	if (set)
		set->value[counter]++;
}

void nic_count_request(const struct nic_qp *to, uint8_t opcode)
{
	switch (opcode) {
	case MLX5_OPCODE_RDMA_WRITE:
	case MLX5_OPCODE_RDMA_WRITE_IMM:
		nic_count(to, NIC_Q_RX_WRITE);
		break;
	case MLX5_OPCODE_RDMA_READ:
		nic_count(to, NIC_Q_RX_READ);
		break;
	case MLX5_OPCODE_ATOMIC_CS:
	case MLX5_OPCODE_ATOMIC_FA:
		nic_count(to, NIC_Q_RX_ATOMIC);
		break;
	default:
		break;
	}
}

static void count(struct nic_traffic *traffic, uint64_t packets, uint64_t octets)
{
	traffic->packets += packets;
	traffic->octets += octets + packets * NIC_HEADER_OCTETS;
}

static void count_packets(struct nic *from, struct nic *to, uint64_t packets, uint64_t octets)
{
	count(&from->port.xmit, packets, octets);
	if (to)
		count(&to->port.rcv, packets, octets);
}

void nic_count_traffic(const struct nic_qp *from, const struct nic_qp *to, uint8_t opcode,
		       uint32_t len)
{
	uint32_t log_mtu = 7u + (from->mtu ? from->mtu & 7 : 5); /* IBTA encoding: 1 is 256 bytes */
	uint64_t packets = len ? ((len - 1) >> log_mtu) + 1 : 1;
	bool returns = opcode == MLX5_OPCODE_RDMA_READ || opcode == MLX5_OPCODE_ATOMIC_CS ||
		       opcode == MLX5_OPCODE_ATOMIC_FA;

	if (!returns) {
		count_packets(from->nic, to ? to->nic : NULL, packets, len);
		return;
	}
	count_packets(from->nic, to->nic, 1, 0); /* the request */
	count_packets(to->nic, from->nic, packets, len);
}

void nic_count_received(struct nic_port_counters *port, bool multicast, uint32_t len)
{
	count(multicast ? &port->multicast_rcv : &port->rcv, 1, len);
}

void nic_count_sent(struct nic_port_counters *port, bool multicast, uint32_t len)
{
	count(multicast ? &port->multicast_xmit : &port->xmit, 1, len);
}

void nic_count_error(const struct nic_qp *qp, bool requester, enum nic_status status)
{
	static const struct {
		enum nic_status status;
		bool requester;
		enum nic_q_counter counter;
	} rows[] = {
		{ NIC_FLUSHED, true, NIC_Q_REQ_FLUSHED },
		{ NIC_REMOTE_INVALID_REQUEST, true, NIC_Q_REQ_REMOTE_INVALID },
		{ NIC_REMOTE_ACCESS, true, NIC_Q_REQ_REMOTE_ACCESS },
		{ NIC_RETRY_EXCEEDED, true, NIC_Q_REQ_RETRIES },
		{ NIC_RNR_EXCEEDED, true, NIC_Q_REQ_RNR_RETRIES },
		{ NIC_FLUSHED, false, NIC_Q_RESP_FLUSHED },
		{ NIC_LOCAL_LENGTH, false, NIC_Q_RESP_LOCAL_LENGTH },
	};
	size_t i;

	nic_count(qp, requester ? NIC_Q_REQ_CQE_ERROR : NIC_Q_RESP_CQE_ERROR);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status && rows[i].requester == requester)
			nic_count(qp, rows[i].counter);
}
