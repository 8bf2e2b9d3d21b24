/* SPDX-License-Identifier: MIT */
/*
 * Receive side of a reliable connection.
 */
#ifndef NIC_RESPONDER_H
#define NIC_RESPONDER_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"

struct nic_qp;
struct nic_srq;

/* A message between two QPs: gather list of the sender, validated when its first byte moves. */
struct nic_message {
	struct nic_qp *from;
	uint16_t slid;
	uint8_t opcode; /* MLX5_OPCODE_x, one that nic_wqe_is_message() knows */
	bool has_imm, solicited;
	uint32_t imm;
	uint64_t remote_va;
	uint32_t rkey;
	uint32_t srqn;		    /* XRC: SRQ that the message is for */
	uint64_t swap_add, compare; /* atomics */
	uint32_t len;
	const struct nic_sge *sge; /* nsge entries */
	uint32_t nsge;
	uint32_t done; /* bytes moved before; nic_respond() advances it */
	/* set by nic_respond() */
	uint32_t pd;	     /* of remote keys */
	uint32_t flags_rqpn; /* datagrams: of the completion, source queue pair and GRH flag */
	struct nic_srq *srq; /* where receives come from; NULL: the queue pair's own queue */
};

/*
 * Deliver up to NIC_MOVE_MAX bytes of msg to the peer; for RDMA READ data flows back into msg->sge.
 * The status is what the *requester* sees: NIC_AGAIN for receiver not ready (RNR NAK); NIC_FAULT for an absent
 * translation at either end, in msg->from->missing; NIC_OK with
 * msg->done < msg->len asks for another call. Errors of the responder move its QP to ERR and raise its event.
 */
enum nic_status nic_respond(struct nic_qp *to, struct nic_message *msg);
/* For the operations of other files: NAK, which breaks the connection; right and remote key of a message. */
enum nic_status nic_nak(struct nic_qp *to, enum nic_status status, uint8_t event);
enum nic_status nic_check_remote(struct nic_qp *to, const struct nic_message *msg, uint8_t need);
/* The syndrome at the sender of an error of its own memory. */
enum nic_status nic_own_status(enum nic_status status);

#endif
