/* SPDX-License-Identifier: MIT */
/*
 * Page faults, memory scheme (drivers/infiniband/hw/mlx5/odp.c): a message that
 * meets an absent translation stays at the head of its send queue, the NIC that
 * owns the key raises an event with key, address and a token, and the driver
 * answers with PAGE_FAULT_RESUME. Then the message is tried again.
 *
 * A fault belongs to the NIC of the key, its waiter may be a queue pair of
 * another NIC: either goes away without the other. A fault without waiter keeps
 * its token until the driver's answer, which is on its way, or until its time
 * is over.
 */
#ifndef NIC_FAULT_H
#define NIC_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/loop.h"

struct nic;
struct nic_qp;

#define NIC_FAULT_TIMEOUT_US 10000000u

struct nic_fault {
	struct nic *nic;
	uint64_t token;	       /* 47:16 count of faults, 15:0 number in nic->faults */
	struct nic_qp *waiter; /* NULL: gone */
	struct fab_timer timer;
};

/* Raise the fault in qp->missing; the send queue waits for it. false: no event queue takes it, or too many wait. */
bool nic_fault_raise(struct nic_qp *qp);
void nic_fault_detach(struct nic_qp *qp); /* it waits no more; nothing when it does not */
/* The driver's answer. -ENOENT: no fault has this token. */
int nic_fault_resume(struct nic *nic, uint64_t token, bool error);
void nic_fault_drop_all(struct nic *nic); /* reset: waiting messages are tried again, with all keys gone */

#endif
