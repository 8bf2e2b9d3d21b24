/* SPDX-License-Identifier: MIT */
/*
 * Counters that programs in the guest can read: of the port, and of sets of queue pairs
 * (Q counters, "rdma statistic" and hw_counters).
 *
 * A packet is MTU bytes of a message or less; octets are its payload and NIC_HEADER_OCTETS.
 * Acknowledgements are not packets of this wire and are not counted.
 */
#ifndef NIC_COUNTERS_H
#define NIC_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/status.h"

#define NIC_MAX_COUNTER_SETS 64u
#define NIC_HEADER_OCTETS    26u /* LRH, BTH, ICRC, VCRC */

struct nic;
struct nic_qp;

struct nic_traffic {
	uint64_t octets, packets;
};

struct nic_port_counters {
	struct nic_traffic xmit, rcv, multicast_xmit, multicast_rcv;
	uint64_t qkey_violations, pkey_violations;
};

/* Why a datagram has been lost. NIC_LOST_TARGET counts at the sender, the others at the receiver. */
enum nic_lost {
	NIC_LOST_TARGET, /* no such port, or no queue pair of that number that receives */
	NIC_LOST_QKEY,
	NIC_LOST_PKEY,
	NIC_LOST_RECEIVE, /* none is posted */
	NIC_LOST_COUNT,
};

enum nic_q_counter {
	NIC_Q_RX_WRITE,
	NIC_Q_RX_READ,
	NIC_Q_RX_ATOMIC,
	NIC_Q_OUT_OF_BUFFER,
	NIC_Q_RNR_NAK,
	NIC_Q_ACK_TIMEOUT,
	NIC_Q_RESP_LOCAL_LENGTH,
	NIC_Q_RESP_CQE_ERROR,
	NIC_Q_RESP_FLUSHED,
	NIC_Q_RESP_REMOTE_ACCESS,
	NIC_Q_REQ_CQE_ERROR,
	NIC_Q_REQ_FLUSHED,
	NIC_Q_REQ_REMOTE_INVALID,
	NIC_Q_REQ_REMOTE_ACCESS,
	NIC_Q_REQ_RETRIES,
	NIC_Q_REQ_RNR_RETRIES,
	NIC_Q_COUNT,
};

struct nic_counter_set {
	uint32_t id;
	uint64_t value[NIC_Q_COUNT];
};

/* Count one in the set of a queue pair; nothing if it has none. */
void nic_count(const struct nic_qp *qp, enum nic_q_counter counter);
/* A request has arrived at a queue pair; opcode of the WQE. */
void nic_count_request(const struct nic_qp *to, uint8_t opcode);
/* len bytes of a message have moved between the ports of two queue pairs; to NULL: lost after sending. */
void nic_count_traffic(const struct nic_qp *from, const struct nic_qp *to, uint8_t opcode,
		       uint32_t len);
/* One datagram that no queue pair at one end stands for: multicast, or of an agent of the fabric. */
void nic_count_received(struct nic_port_counters *port, bool multicast, uint32_t len);
void nic_count_sent(struct nic_port_counters *port, bool multicast, uint32_t len);
/* A work request has completed with an error, at the requester or at the responder. */
void nic_count_error(const struct nic_qp *qp, bool requester, enum nic_status status);

#endif
