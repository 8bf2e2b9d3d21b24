/* SPDX-License-Identifier: MIT */
/*
 * The endpoint: a TPH completer with memory in a large prefetchable BAR and a register file that
 * reports the TLPs received there (regs.h).
 */
#ifndef EP_ENDPOINT_H
#define EP_ENDPOINT_H

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/fabric.h"

#define EP_MIN_MEMORY (1ull << 20)
#define EP_MAX_MEMORY (1ull << 36)
#define EP_MAX_FLR_MS 1000u

struct ep_opts {
	uint64_t memory_size; /* power of two, EP_MIN_MEMORY to EP_MAX_MEMORY */
	enum fab_tph_support completer;
	uint32_t flr_ms; /* time for which config space is absent after a function level reset */
	bool no_prefix;	 /* does not claim End-End TLP prefixes */
	bool doe;	 /* has a Data Object Exchange capability */
	bool no_msix;	 /* has no interrupts; the model raises none */
};

/* Create an endpoint and hand it to the fabric. -EINVAL: name or options. */
int ep_new(struct fab_fabric *fabric, const char *name, const struct ep_opts *opts);

#endif
