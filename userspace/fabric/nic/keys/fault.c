// SPDX-License-Identifier: MIT
/*
 * Life of a page fault. The driver's answer, the timeout or the reset of its NIC ends
 * it, and each wakes the send queue that waits, if that still exists.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/fault.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"

#define FAULT_PAGE_SHIFT 12u /* sizes in the event are in pages of 4 KiB */
#define FAULT_PAGE	 (1ull << FAULT_PAGE_SHIFT)
#define DEMAND_MAX	 (NIC_MOVE_MAX >> FAULT_PAGE_SHIFT)
#define NUMBER_BITS	 16u
#define NUMBER_MASK	 ((1u << NUMBER_BITS) - 1)

static void fault_free(struct nic_fault *fault)
{
	struct nic *nic = fault->nic;

	fab_timer_cancel(nic->dev.fabric->loop, &fault->timer);
	nic_ids_remove(&nic->faults, fault->token & NUMBER_MASK);
	free(fault);
}

static void fault_end(struct nic_fault *fault, bool error)
{
	struct nic_qp *qp = fault->waiter;

	if (qp) {
		nic_fault_detach(qp);
		qp->waiting = false;
		qp->missing.failed = error;
		fab_work_queue(qp->nic->dev.fabric->loop, &qp->work);
	}
	fault_free(fault);
}

static void fault_expired(void *ctx)
{
	struct nic_fault *fault = ctx;

	fault->nic->fault_timeouts++;
	fab_log(&fault->nic->dev,
		"page fault 0x%llx: the driver has not answered in time, the message fails",
		(unsigned long long)fault->token);
	fault_end(fault, true);
}

/*
 * Asked for are the pages of the part that moves next, and offered for prefetch
 * those of the rest of the range.
 */
static bool fault_event(struct nic *nic, const struct nic_missing *missing, uint64_t token)
{
	uint64_t va = missing->va & ~(FAULT_PAGE - 1);
	uint64_t pages = (missing->va - va + missing->len + FAULT_PAGE - 1) >> FAULT_PAGE_SHIFT;
	uint64_t demand = pages < DEMAND_MAX ? pages : DEMAND_MAX, rest = pages - demand;
	struct nic_eqe_memory_fault event = {
		.flags = NIC_FAULT_LAST,
		.post_demand_pages = htobe16(rest < UINT16_MAX ? (uint16_t)rest : UINT16_MAX),
		.token_47_32 = htobe16((uint16_t)(token >> 32)),
		.token_31_0 = htobe32((uint32_t)token),
		.demand_pages = htobe32((uint32_t)(demand << FAULT_PAGE_SHIFT)),
		.mkey = htobe32(missing->key),
		.va = htobe64(va),
	};

	return nic_event_sub(nic, NIC_EVENT_PAGE_FAULT, NIC_FAULT_MEMORY, &event);
}

bool nic_fault_raise(struct nic_qp *qp)
{
	struct nic *nic = qp->missing.nic;
	struct nic_fault *fault = calloc(1, sizeof(*fault));
	uint32_t number;

	if (!fault)
		return false;
	if (nic_ids_alloc(&nic->faults, fault, &number)) {
		nic->faults_over++;
		free(fault);
		return false;
	}
	*fault = (struct nic_fault){ .nic = nic,
				     .token = (uint64_t)nic->fault_count++ << NUMBER_BITS | number,
				     .timer = { .fn = fault_expired, .ctx = fault } };
	if (!fault_event(nic, &qp->missing, fault->token)) {
		fault_free(fault);
		return false;
	}
	nic->faults_raised++;
	fault->waiter = qp;
	qp->fault = fault;
	qp->waiting = true;
	fab_timer_arm(nic->dev.fabric->loop, &fault->timer, nic->fault_timeout_us);
	return true;
}

void nic_fault_detach(struct nic_qp *qp)
{
	if (!qp->fault)
		return;
	qp->fault->waiter = NULL;
	qp->fault = NULL;
}

int nic_fault_resume(struct nic *nic, uint64_t token, bool error)
{
	struct nic_fault *fault = nic_ids_find(&nic->faults, token & NUMBER_MASK);

	if (!fault || fault->token != token) {
		nic->fault_bad_resumes++;
		return -ENOENT;
	}
	if (error)
		nic->fault_errors++;
	else
		nic->fault_resumes++;
	fault_end(fault, error);
	return 0;
}

void nic_fault_drop_all(struct nic *nic)
{
	uint32_t i;

	for (i = 0; nic->faults.used && i < nic->faults.size; i++)
		if (nic->faults.slot[i])
			fault_end(nic->faults.slot[i], false);
}
