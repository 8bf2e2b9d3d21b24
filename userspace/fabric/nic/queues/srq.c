// SPDX-License-Identifier: MIT
/*
 * Shared receive queues. The entries are a linked list: each names the next one, the
 * device takes from the head and the driver appends at the tail, so an entry is used
 * again in any order. How many are posted is in the doorbell record alone.
 *
 * An entry belongs to the queue pair that has taken it until its receive completes; an
 * error of that queue pair flushes this entry and no other.
 */
#include <endian.h>
#include <stdlib.h>

#include "fabric/core/dma.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"

struct nic_srq *nic_srq_get(struct nic *nic, uint32_t number, enum nic_srq_kind kind)
{
	struct nic_srq *srq = nic_ids_find(&nic->srqs, number);

	return srq && srq->kind == kind ? srq : NULL;
}

int nic_srq_read(struct nic *nic, const struct nic_srq *srq, uint16_t index, void *to, uint32_t len)
{
	return nic_buf_read(nic, &srq->buf, (uint32_t)index << srq->log_stride, to, len,
			    FAB_ORIGIN_WQE);
}

static enum nic_status srq_fail(struct nic *nic, struct nic_srq *srq, const char *why)
{
	fab_log(&nic->dev, "shared receive queue 0x%x stops: %s", srq->number, why);
	srq->error = true;
	nic_event_qp(nic, NIC_EVENT_SRQ_CATASTROPHIC, srq->number);
	return NIC_REMOTE_OP;
}

/* Entries posted by now; -1: the doorbell record cannot be read or is invalid. */
static int posted(struct nic *nic, struct nic_srq *srq)
{
	uint32_t record;
	uint16_t count;

	if (fab_dma_read(&nic->dev, FAB_ORIGIN_DOORBELL, srq->dbr, &record, sizeof(record)))
		return -1;
	srq->pi = (uint16_t)be32toh(record);
	count = (uint16_t)(srq->pi - srq->ci);
	return count <= 1u << srq->log_size ? count : -1;
}

/* The record is read again before the event: more may have been posted since. */
static void check_limit(struct nic *nic, struct nic_srq *srq)
{
	int count;

	if ((uint16_t)(srq->pi - srq->ci) >= srq->limit)
		return;
	count = posted(nic, srq);
	if (count < 0 || count >= srq->limit)
		return;
	srq->limit = 0;
	nic_event_qp(nic, NIC_EVENT_SRQ_LIMIT, srq->number);
}

enum nic_status nic_srq_take(struct nic *nic, struct nic_srq *srq, struct nic_srq_entry *entry)
{
	struct mlx5_wqe_srq_next_seg segment;
	uint16_t next;
	int count = (uint16_t)(srq->pi - srq->ci);

	if (srq->error)
		return NIC_REMOTE_OP;
	if (!count)
		count = posted(nic, srq);
	if (count < 0)
		return srq_fail(nic, srq,
				"its doorbell record cannot be read or counts more entries than the queue has");
	if (!count)
		return NIC_AGAIN;
	if (nic_srq_read(nic, srq, srq->head, &segment, sizeof(segment)))
		return srq_fail(nic, srq, "an entry is not in mapped guest memory");
	next = be16toh(segment.next_wqe_index);
	if (next >= 1u << srq->log_size)
		return srq_fail(nic, srq, "the next index of an entry is outside the queue");
	*entry = (struct nic_srq_entry){ .taken = true, .srqn = srq->number, .index = srq->head };
	srq->head = next;
	srq->ci++;
	check_limit(nic, srq);
	return NIC_OK;
}

void nic_srq_arm(struct nic *nic, struct nic_srq *srq, uint16_t limit)
{
	srq->limit = limit;
	check_limit(nic, srq);
}

void nic_srq_free(struct nic *nic, struct nic_srq *srq)
{
	struct nic_cq *cq = srq->kind == NIC_SRQ_XRC ? nic_ids_find(&nic->cqs, srq->cqn) : NULL;
	struct nic_qp *qp;

	for (qp = nic->qp_list; qp; qp = qp->next)
		if (qp->entry.taken && qp->entry.srqn == srq->number)
			qp->entry.taken = false;
	if (cq)
		cq->users--;
	nic_ids_remove(&nic->srqs, srq->number);
	nic_buf_free(nic, &srq->buf);
	free(srq);
}
