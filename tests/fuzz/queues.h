/* SPDX-License-Identifier: MIT */
/*
 * Two connected queue pairs that are made once and are as new for each input: making them takes longer than most inputs.
 */
#ifndef FUZZ_QUEUES_H
#define FUZZ_QUEUES_H

#include "tests/fabric/rc_rig.h"

struct fuzz_queues {
	struct nic_qp qp[2];
	struct nic_cq cq[2];
};

void fuzz_queues_keep(struct fuzz_queues *kept, const struct rig_pair *pair);
/* As kept; queues empty, indexes 0, tallies and counts of TLPs 0. Rows of a tally stay. */
void fuzz_queues_restore(const struct fuzz_queues *kept, struct rig_pair *pair);
/* Both queues empty, after as many blocks and receives as the indexes say. */
void fuzz_queues_start(struct rig_qp *qp, uint16_t sq, uint16_t rq);

#endif
