/* SPDX-License-Identifier: MIT */
/*
 * The DMA engine: fills bus addresses with a value and puts a hint of its
 * driver's choice into each TLP (regs.h). The engine shows how a plain PCIe device without RDMA
 * honours the tag of a dma-buf, and what a device sends that a user drives through vfio.
 */
#ifndef ENG_ENGINE_H
#define ENG_ENGINE_H

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/fabric.h"

#define ENG_STEP 0x10000u /* bytes that one piece of work moves at most, up to a multiple of this */

struct eng_opts {
	enum fab_tph_support requester; /* FAB_TPH_RESERVED is refused */
	bool no_prefix;			/* does not claim End-End TLP prefixes */
	enum fab_tph_support completer; /* of its memory */
	uint64_t memory_size;		/* BAR2; 0: none */
	unsigned int st_entries;	/* ST table; 0: none, the driver sets the tag */
	bool st_msix;			/* it is in the MSI-X table: needs vectors */
	uint32_t st_modes;		/* FAB_TPH_CAP_ST_*; 0: all modes */
	unsigned int vectors;		/* MSI-X, none of which is ever raised */
	bool no_flr;
	bool soft_reset; /* leaving D3hot resets the function */
};

/* Create an engine and hand it to the fabric. -EINVAL: name or options. */
int eng_new(struct fab_fabric *fabric, const char *name, const struct eng_opts *opts);

#endif
