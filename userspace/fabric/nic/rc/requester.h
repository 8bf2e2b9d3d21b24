/* SPDX-License-Identifier: MIT */
/*
 * Send queue: executes work requests, completes or fails them.
 */
#ifndef NIC_REQUESTER_H
#define NIC_REQUESTER_H

#include <stdint.h>

#include "fabric/nic/status.h"

struct nic_qp;

/*
 * qp->work executes one WQE (or a part of a long one) a call while the state is RTS, and flushes
 * both queues while it is ERR. The receive queue has no doorbell, so in ERR a slow timer looks for new entries.
 */
void nic_requester_init(struct nic_qp *qp); /* sets up qp->work and qp->timer */
void nic_requester_kick(struct nic_qp *qp); /* doorbell, or the state has become ERR */
void nic_requester_stop(struct nic_qp *qp); /* before the QP goes away or is reset */
void nic_qp_fail(struct nic_qp *qp, enum nic_status status,
		 uint8_t event); /* to ERR + async event (0: none) */

#endif
