/* SPDX-License-Identifier: MIT */
/*
 * A function for the tests of core/: BAR0 is 16 KiB whose second page is
 * memory and the rest registers, BAR2 is 1 MiB of prefetchable 64-bit memory.
 * The function records its accesses and resets.
 */
#ifndef TOY_H
#define TOY_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/dma.h"
#include "fabric/core/fabric.h"
#include "fabric/core/mem.h"
#include "fabric/core/pci.h"

#define TOY_BAR0_SIZE 0x4000u
#define TOY_BAR2_SIZE 0x100000u
#define TOY_ACCESSES  64

struct toy_access {
	bool write;
	unsigned int bar;
	uint64_t off;
	uint32_t len;
};

struct toy {
	struct fab_device dev; /* first */
	uint8_t registers[TOY_BAR0_SIZE];
	struct toy_access access[TOY_ACCESSES];
	unsigned int accesses, resets, cfg_writes, runs;
};

extern const struct fab_cfg_opts toy_opts; /* Extended TPH both ways, 64 entries, 4 vectors */

struct fab_fabric *toy_fabric(void);
struct toy *toy_add(struct fab_fabric *fabric, const char *name, const struct fab_cfg_opts *opts);
/* Program BAR0 and BAR2, enable memory decoding and bus mastering. */
void toy_enable(struct toy *toy, uint32_t bar0, uint64_t bar2);
void toy_put(struct toy *toy, uint32_t off, uint32_t value, uint32_t len); /* config write */
uint32_t toy_get(struct toy *toy, uint32_t off, uint32_t len);
int toy_memory(uint64_t size); /* a memfd */
/* Host address of iova, or NULL (*run is 0); *run is the number of contiguous bytes from there. */
void *toy_mem_at(struct fab_mem *mem, uint64_t iova, unsigned int need, uint64_t *run);

#endif
