/* SPDX-License-Identifier: MIT */
/*
 * When the send queue tries again. All waiting is done by
 * qp->timer; doorbells of a waiting queue change nothing.
 */
#ifndef NIC_RETRY_H
#define NIC_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/status.h"

struct nic_qp;

/* No peer can receive: NIC_AGAIN with the timer armed, or NIC_RETRY_EXCEEDED. */
enum nic_status nic_retry_later(struct nic_qp *qp);
/* The peer has no receive posted and asks, by its timer code, to wait: NIC_AGAIN or NIC_RNR_EXCEEDED. */
enum nic_status nic_retry_rnr(struct nic_qp *qp, uint8_t min_rnr);
/* ERR: poll again for receives to flush. found: the last poll found some, so the interval starts again. */
void nic_retry_flush(struct nic_qp *qp, bool found);

#endif
