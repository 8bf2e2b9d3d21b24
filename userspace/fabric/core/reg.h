/* SPDX-License-Identifier: MIT */
/*
 * Register files of device models, as tables.
 *
 * A model lists its registers once: name, offset, read-only, write-one-to-clear and reserved
 * bits, the value after reset, and hooks for a register that is not plain storage. The engine
 * implements reads of any width, refusal of writes that match no register, the trace line by
 * register name, and the reset.
 */
#ifndef FAB_REG_H
#define FAB_REG_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_REG_ALL  UINT64_MAX
#define FAB_REGS_MAX 32 /* registers of one map */

struct fab_device;

struct fab_reg {
	const char *name;
	uint32_t off;
	uint8_t width;	   /* bytes: 4 or 8 */
	bool write_only;   /* reads as zero */
	uint64_t ro;	   /* bits that a write does not change; all bits: a write is refused */
	uint64_t w1c;	   /* bits that writing 1 clears */
	uint64_t reserved; /* bits that must be written as 0: otherwise the write is refused */
	uint64_t reset;	   /* value after reset */
	unsigned int arg;  /* for read, which may serve several registers */
	/* Value to read in place of the stored one. NULL: the stored one. */
	uint64_t (*read)(struct fab_device *dev, unsigned int arg);
	/* Called with the new value after it has been stored. NULL: storage only. */
	void (*written)(struct fab_device *dev, uint64_t value);
};

struct fab_reg_map {
	const struct fab_reg *reg; /* sorted by offset, without overlap */
	uint32_t count;
	bool big_endian;
	bool whole_reads; /* a read of anything but one whole register gives zero; else any bytes are read */
	bool join_writes; /* one write may cover several registers; else it must be exactly one */
	/* The reason to refuse all writes in the current state; NULL: none. May be NULL. */
	const char *(*locked)(struct fab_device *dev);
	/* A write has been refused. May be NULL. */
	void (*refused)(struct fab_device *dev);
};

/* State of one register file. */
struct fab_regs {
	const struct fab_reg_map *map;
	struct fab_device *dev;
	uint64_t value[FAB_REGS_MAX];
};

void fab_regs_init(struct fab_regs *regs, const struct fab_reg_map *map, struct fab_device *dev);
void fab_regs_reset(struct fab_regs *regs); /* every register to its reset value; no hook is called */

/* An access by the guest or by a peer's DMA at byte off of the map. */
void fab_regs_read(struct fab_regs *regs, uint64_t off, void *buf, uint32_t len);
void fab_regs_write(struct fab_regs *regs, uint64_t off, const void *buf, uint32_t len);

/* The stored value of the register at off, for the model itself: no hook, no read-only bits. */
uint64_t fab_regs_get(const struct fab_regs *regs, uint32_t off);
void fab_regs_set(struct fab_regs *regs, uint32_t off, uint64_t value);

#endif
