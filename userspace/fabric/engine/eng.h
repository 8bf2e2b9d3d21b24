/* SPDX-License-Identifier: MIT */
/* State of the DMA engine, for its own files. */
#ifndef ENG_ENG_H
#define ENG_ENG_H

#include "fabric/core/fabric.h"
#include "fabric/core/reg.h"

struct eng {
	struct fab_device dev; /* first */
	struct fab_regs regs;
	struct fab_regs witness;
	bool refused;  /* a write since the last start */
	uint32_t done; /* bytes of the transfer that runs */
	struct fab_work work;
	/* counters for the report */
	uint64_t transfers_done, transfers_failed, writes_refused;
	uint32_t resets; /* for the witness */
};

static inline struct eng *to_eng(struct fab_device *dev)
{
	return (struct eng *)dev;
}

extern const struct fab_reg_map eng_witness_map;

#endif
