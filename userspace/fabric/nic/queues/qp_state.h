/* SPDX-License-Identifier: MIT */
/*
 * State machine of a queue pair: which command leaves which states, where it goes, and which
 * fields of the context it brings.
 */
#ifndef NIC_QP_STATE_H
#define NIC_QP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/queues/qp.h"

/* Sets of context fields. BRINGS_OPTIONAL: those that opt_param_mask names, which the others take too. */
enum nic_qp_brings {
	NIC_QP_BRINGS_NOTHING = 0,
	NIC_QP_BRINGS_INIT = 1,
	NIC_QP_BRINGS_RTR = 2,
	NIC_QP_BRINGS_RTS = 4,
	NIC_QP_BRINGS_OPTIONAL = 8
};

struct nic_qp_transition {
	uint16_t opcode;
	uint8_t from;	/* bit n: state n may be left */
	uint8_t to;	/* enum nic_qp_state */
	uint8_t brings; /* enum nic_qp_brings */
};

const struct nic_qp_transition *nic_qp_transition(uint16_t opcode); /* NULL: no transition */
bool nic_qp_may_leave(const struct nic_qp *qp, const struct nic_qp_transition *transition);
/* Take over from a qpc what the transition brings and opt_param_mask names; all other fields keep their value. */
void nic_qp_load(struct nic_qp *qp, const struct nic_qp_transition *transition,
		 const uint8_t *context, uint32_t optional);

#endif
