/* SPDX-License-Identifier: MIT */
/*
 * Queue pairs: life, state, access to their work queues. The state machine is in qp_state.c.
 */
#ifndef NIC_QP_H
#define NIC_QP_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/loop.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/srq.h"

struct nic_fault;

/* As the driver's MLX5_QP_STATE_* */
enum nic_qp_state {
	NIC_QP_RST,
	NIC_QP_INIT,
	NIC_QP_RTR,
	NIC_QP_RTS,
	NIC_QP_SQER,
	NIC_QP_SQD,
	NIC_QP_ERR
};

struct nic_qp {
	struct nic *nic;
	uint32_t number;
	uint8_t service; /* qpc.st: MLX5_QPC_ST_RC, UD, QP0, QP1, REG_UMR ... */
	enum nic_qp_state state;
	uint32_t pd;
	uint32_t cqn_send, cqn_recv;
	struct nic_buf buf; /* RQ first, SQ at sq_offset */
	uint32_t sq_offset;
	uint8_t log_sq_size; /* in 64-byte basic blocks; no_sq: has none */
	bool no_sq;
	bool no_rq;		    /* no receive queue of its own */
	bool shared_rq;		    /* RC: receives come from the RMP srqn */
	uint32_t srqn, xrcd;	    /* xrcd: of XRC */
	struct nic_srq_entry entry; /* of the message it receives, from a shared queue */
	uint8_t log_rq_size;	    /* entries */
	uint8_t log_rq_stride;	    /* bytes = 16 << log_rq_stride */
	uint64_t dbr; /* doorbell record: [0] RQ, [1] SQ producer index, big endian, 16 bit */
	uint8_t context[232] __attribute__((aligned(8))); /* last qpc image, for QUERY_QP */
	/* path, from INIT2RTR and RTR2RTS */
	uint16_t remote_lid;
	uint32_t remote_qpn;
	uint8_t access; /* NIC_REMOTE_*: rre rwe rae */
	uint8_t mtu;
	uint8_t min_rnr, rnr_retry, retry_count, ack_timeout;
	uint32_t sq_psn, rq_psn;
	/* queues, free running */
	uint16_t sq_pi; /* last producer index seen */
	uint16_t sq_ci; /* next basic block to execute */
	uint16_t rq_pi; /* last producer index seen */
	uint16_t rq_ci; /* next receive entry to consume */
	/* of the work request at sq_ci; all zero when it has not begun (nic_requester_stop() clears them) */
	uint32_t progress; /* message bytes that have moved */
	uint32_t rnr_tries, retry_tries;
	bool waiting; /* the timer or the fault's end, not a doorbell, continues the send queue */
	struct nic_missing missing;
	struct nic_fault *fault; /* that it waits for; NULL: none */
	struct fab_timer timer;
	struct fab_work work;		    /* the send queue has something to do */
	uint64_t posted, completed, failed; /* counters for the report */
	struct nic_qp *next;		    /* all QPs of the NIC */
};

bool nic_qp_has_recv_cq(const struct nic_qp *qp); /* completions of receives go to cqn_recv */

struct nic_qp *nic_qp_get(struct nic *nic, uint32_t qpn);
int nic_qp_read_dbr(struct nic_qp *qp, uint16_t *rq_pi, uint16_t *sq_pi);
int nic_qp_read_sq(struct nic_qp *qp, uint16_t index, void *to,
		   uint32_t len); /* wraps at the end of the queue */
int nic_qp_read_rq(struct nic_qp *qp, uint16_t index, void *to, uint32_t len); /* one entry */
void nic_qp_set_state(struct nic_qp *qp,
		      enum nic_qp_state state); /* to ERR: flush is queued; to RST: indexes cleared */
void nic_qp_free(struct nic_qp *qp);
void nic_sq_doorbell(struct nic *nic, uint32_t qpn);

#endif
