/* SPDX-License-Identifier: MIT */
/*
 * The fabric's DMA engine as a vfio device: config space and VFIO_DEVICE_FEATURE_TPH_ST by raw calls,
 * transfers into host memory, and the engine's witness registers, which tell what vfio may hide. A
 * failure that no test expects ends the program.
 */
#ifndef STEER_RIG_H
#define STEER_RIG_H

#include "fabric/core/pci.h"
#include "fabric/engine/regs.h"
#include "fabric/engine/witness.h"
#include "tests/guest/rdma.h"
#include "tests/guest/vfio.h"

#define ENABLE(type, mode) ((uint32_t)(type) << FAB_TPH_CTRL_REQ_EN_SHIFT | (mode))
#define TPH		   1u /* types of requests */
#define EXT		   3u
#define NS		   FAB_TPH_CTRL_MODE_NS
#define IV		   FAB_TPH_CTRL_MODE_IV
#define DS		   FAB_TPH_CTRL_MODE_DS

/* Tags of the rig's firmware, rig/acpi/tph.asl */
#define TAG(cpu)	(0x20u + (cpu))
#define TAG_EXT(cpu)	(0x120u + (cpu))
#define TAG_PM(cpu)	(0x40u + (cpu))
#define TAG_PM_EXT(cpu) (0x240u + (cpu))

#define STEER_MAX	2048 /* entries of a call */

struct steer {
	const char *bdf;
	struct vfio_dev dev;
	uint64_t witness; /* file offset of the BAR */
	uint32_t cap;	  /* offset of the TPH requester capability, 0: none */
	uint8_t *memory;  /* at STEER_IOVA for the device */
};

#define STEER_IOVA 0x1000000u
#define STEER_LEN  0x10000u

void steer_open(struct steer *rig, const char *bdf);
void steer_close(struct steer *rig);

/* Registers of the capability, as the user sees them. len: 1, 2 or 4 */
uint32_t cfg_get(struct steer *rig, uint32_t off, uint32_t len);
void cfg_put(struct steer *rig, uint32_t off, uint32_t value, uint32_t len);
uint32_t ctrl_get(struct steer *rig);
void ctrl_put(struct steer *rig, uint32_t value);

uint32_t witness_get(struct steer *rig, uint32_t off);
void witness_put(struct steer *rig, uint32_t off, uint32_t value);
uint32_t table_entry(struct steer *rig, uint32_t entry); /* of the hardware, in the capability */
uint32_t table_size(struct steer *rig);

/* The feature: 0 or -errno. steer_raw() with an argsz of its own. */
int steer_raw(struct steer *rig, uint32_t op, uint32_t argsz,
	      const struct vfio_device_feature_tph_st *head, uint32_t *data, uint32_t n);
int steer_set(struct steer *rig, uint32_t flags, uint16_t index, uint16_t count,
	      const uint32_t *cpus);
int steer_get(struct steer *rig, uint16_t index, uint16_t count, uint32_t *tags);
int steer_probe(struct steer *rig, uint32_t op);

void expect_errno(const char *what, int got, int want);
void expect_ctrl(struct steer *rig, const char *what, uint32_t want); /* user's view and hardware */

/* A transfer into host memory with this ENG_HINT_*, up to STEER_LEN bytes; its end, and its data */
void steer_start(struct steer *rig, uint32_t hint, uint32_t len);
void steer_finish(struct steer *rig, uint32_t len);

/* All TLPs of this ENG_WIT_SIDE since the last ENG_WIT_CLEAR are writes with this hint; width 0: none. */
void expect_row(struct steer *rig, const char *what, uint32_t side, uint32_t width, uint32_t st,
		uint32_t ph);

/* A transfer with this ENG_HINT_*; every TLP must carry (width, st, ph), or no hint for width 0. */
void expect_wire(struct steer *rig, const char *what, uint32_t hint, uint32_t width, uint32_t st);

#define HINT_ENTRY(entry) (ENG_HINT_PRESENT | ENG_HINT_ENTRY | 1u << ENG_HINT_PH_SHIFT | (entry))
#define HINT_TOLD(st)	  (ENG_HINT_PRESENT | 1u << ENG_HINT_PH_SHIFT | (st))

#endif
