/* SPDX-License-Identifier: MIT */
/*
 * Responder side of the 8-byte atomics.
 */
#ifndef NIC_ATOMIC_H
#define NIC_ATOMIC_H

#include "fabric/nic/status.h"

struct nic_qp;
struct nic_message;

/* As nic_respond(), for ATOMIC_FA and ATOMIC_CS; the requester has checked that the answer can land. */
enum nic_status nic_respond_atomic(struct nic_qp *to, struct nic_message *msg);

#endif
