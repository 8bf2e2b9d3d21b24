// SPDX-License-Identifier: MIT
#include <endian.h>
#include <string.h>

#include "fabric/endpoint/regs.h"
#include "tests/fuzz/queues.h"

void fuzz_queues_keep(struct fuzz_queues *kept, const struct rig_pair *pair)
{
	int side;

	for (side = 0; side < 2; side++) {
		kept->qp[side] = *pair->qp[side].qp;
		kept->cq[side] = *pair->cq[side].cq;
	}
}

void fuzz_queues_start(struct rig_qp *qp, uint16_t sq, uint16_t rq)
{
	const uint32_t record[2] = { htobe32(rq), htobe32(sq) };

	qp->qp->sq_pi = qp->qp->sq_ci = qp->sq_pi = sq;
	qp->qp->rq_pi = qp->qp->rq_ci = qp->rq_pi = rq;
	memcpy(rig_at(qp->rig, qp->dbr), record, sizeof(record));
}

static void restore_cq(struct rig_cq *cq, const struct nic_cq *kept)
{
	uint32_t size = 1u << cq->cq->log_size, i;

	for (i = 0; i < cq->cq->pi && i < size; i++)
		((struct mlx5_cqe64 *)rig_at(cq->rig, cq->ring))[i].op_own = MLX5_CQE_INVALID << 4 |
									     1;
	*cq->cq = *kept;
	cq->ci = 0;
	memset(rig_at(cq->rig, cq->dbr), 0, 8);
}

static void zero_tally(struct fab_tally *tally)
{
	uint32_t i;

	for (i = 0; i < tally->nrows; i++)
		tally->rows[i].tlps = tally->rows[i].bytes = 0;
}

void fuzz_queues_restore(const struct fuzz_queues *kept, struct rig_pair *pair)
{
	struct rig *rig = &pair->rig;
	int side;

	for (side = 0; side < 2; side++) {
		struct rig_qp *qp = &pair->qp[side];
		struct fab_device *dev = &rig->nic[side]->dev;

		nic_requester_stop(qp->qp);
		*qp->qp = kept->qp[side];
		restore_cq(&pair->cq[side], &kept->cq[side]);
		fuzz_queues_start(qp, 0, 0);
		zero_tally(&dev->to_memory);
		memset(dev->sent, 0, sizeof(dev->sent));
	}
	zero_tally(&rig->endpoint->bar[EP_MEMORY_BAR].tally);
}
