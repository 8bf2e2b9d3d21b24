/* SPDX-License-Identifier: MIT */
/*
 * Completion queues.
 */
#ifndef NIC_CQ_H
#define NIC_CQ_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/queues/buf.h"
#include "fabric/nic/status.h"

#define NIC_CI_MASK 0xffffffu /* consumer indexes of CQ and EQ have 24 bits */

struct nic_cq {
	uint32_t number;
	struct nic_buf buf;
	uint8_t log_size;
	uint8_t cqe_bytes; /* 64 or 128 */
	uint32_t eqn;
	uint64_t dbr;	       /* doorbell record: [0] consumer index, [1] arm */
	uint32_t pi;	       /* next to write, free running */
	uint32_t solicited_pi; /* past the last entry that counts as solicited */
	uint32_t reported_pi;  /* past the last entry that an event has reported */
	uint32_t ci;	       /* consumer index when the doorbell record was last read, 24 bit */
	bool armed, armed_solicited;
	bool ignore_overrun;
	bool error;	/* overrun: nothing is written any more */
	uint32_t users; /* QPs */
};

struct nic_completion {
	uint32_t qpn;
	uint16_t wqe_counter;
	uint32_t srqn;	    /* the receive is of this SRQ; 0: of none */
	uint8_t opcode;	    /* MLX5_CQE_REQ, MLX5_CQE_RESP_* */
	uint8_t wqe_opcode; /* send queue: opcode of the WQE */
	enum nic_status status;
	uint32_t byte_count;
	uint32_t imm; /* as on the wire, big endian value already in host order */
	bool solicited;
	uint16_t slid;
	uint32_t flags_rqpn; /* datagrams: source queue pair, GRH flag */
};
void nic_cq_free(struct nic *nic, struct nic_cq *cq);
/*
 * Go on in another buffer, after a last entry of kind RESIZE in the old one, which is freed. The consumer
 * moves entries that it has not read. -EINVAL: no room for the last entry, or the new buffer is smaller than
 * what is unread; then nothing has changed.
 */
int nic_cq_resize(struct nic *nic, struct nic_cq *cq, const struct nic_buf *buf, uint8_t log_size);
void nic_cq_complete(struct nic *nic, uint32_t cqn, const struct nic_completion *completion);
uint8_t nic_syndrome(enum nic_status status);

/*
 * Request one completion event. It is sent at once when there is an entry at or after ci that no
 * event has
 * reported, else with the next entry.
 */
void nic_cq_arm(struct nic *nic, uint32_t cqn, uint32_t ci, bool solicited_only);
void nic_cq_arm_record(struct nic *nic, uint32_t cqn); /* the same, read from the doorbell record */

#endif
