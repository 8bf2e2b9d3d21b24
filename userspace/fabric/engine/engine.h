/* SPDX-License-Identifier: MIT */
/*
 * The DMA engine: fills bus addresses with a value and puts a hint of its
 * driver's choice into each TLP (regs.h). The engine shows how a plain PCIe device without RDMA
 * honours the tag of a dma-buf.
 */
#ifndef ENG_ENGINE_H
#define ENG_ENGINE_H

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/fabric.h"

#define ENG_STEP 0x10000u /* bytes that one piece of work moves at most, up to a multiple of this */

struct eng_opts {
	enum fab_tph_support requester; /* FAB_TPH_RESERVED is refused */
	bool no_prefix;			/* does not claim End-End TLP prefixes */
};

/* Create an engine and hand it to the fabric. -EINVAL: name or options. */
int eng_new(struct fab_fabric *fabric, const char *name, const struct eng_opts *opts);

#endif
