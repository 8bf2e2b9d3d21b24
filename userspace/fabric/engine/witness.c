// SPDX-License-Identifier: MIT
/*
 * The witness registers of the DMA engine (witness.h).
 */
#include "fabric/core/cfg/cfg.h"
#include "fabric/engine/eng.h"
#include "fabric/engine/witness.h"

static uint32_t reg(struct fab_device *dev, uint32_t off)
{
	return (uint32_t)fab_regs_get(&to_eng(dev)->witness, off);
}

static struct fab_tally_row selected(struct fab_device *dev)
{
	const struct fab_tally_row none = { .kind = FAB_TLP_MRD };
	uint32_t row = reg(dev, ENG_WIT_ROW);

	return row < dev->to_memory.nrows ? dev->to_memory.rows[row] : none;
}

static uint64_t read_tph_ctrl(struct fab_device *dev)
{
	return fab_cfg_tph_ctrl(dev);
}
static uint64_t read_tph_writes(struct fab_device *dev)
{
	return dev->tph_writes;
}
static uint64_t read_entry_st(struct fab_device *dev)
{
	return fab_cfg_st_entry(dev, reg(dev, ENG_WIT_ENTRY));
}
static uint64_t read_resets(struct fab_device *dev)
{
	return to_eng(dev)->resets;
}
static uint64_t read_rows(struct fab_device *dev)
{
	return dev->to_memory.nrows;
}
static uint64_t read_row_th(struct fab_device *dev)
{
	return selected(dev).tph.th;
}
static uint64_t read_row_width(struct fab_device *dev)
{
	return selected(dev).tph.th ? (selected(dev).tph.extended ? 16 : 8) : 0;
}
static uint64_t read_row_st(struct fab_device *dev)
{
	return selected(dev).tph.st;
}
static uint64_t read_row_ph(struct fab_device *dev)
{
	return selected(dev).tph.ph;
}
static uint64_t read_row_tlps(struct fab_device *dev)
{
	return selected(dev).tlps;
}

static void clear_written(struct fab_device *dev, uint64_t value)
{
	(void)value;
	fab_tally_clear(&dev->to_memory);
	dev->tph_writes = 0;
	to_eng(dev)->resets = 0;
}

#define RO(name, off, hook) { #name, off, 4, .ro = FAB_REG_ALL, .read = (hook) }

static const struct fab_reg witness_regs[] = {
	{ "wit_magic", ENG_WIT_MAGIC, 4, .ro = FAB_REG_ALL, .reset = ENG_WIT_MAGIC_VALUE },
	{ "wit_clear", ENG_WIT_CLEAR, 4, .write_only = true, .written = clear_written },
	RO(wit_tph_ctrl, ENG_WIT_TPH_CTRL, read_tph_ctrl),
	RO(wit_tph_writes, ENG_WIT_TPH_WRITES, read_tph_writes),
	{ "wit_entry", ENG_WIT_ENTRY, 4, .reset = 0 },
	RO(wit_entry_st, ENG_WIT_ENTRY_ST, read_entry_st),
	RO(wit_resets, ENG_WIT_RESETS, read_resets),
	RO(wit_rows, ENG_WIT_ROWS, read_rows),
	{ "wit_row", ENG_WIT_ROW, 4, .reset = 0 },
	RO(wit_row_th, ENG_WIT_ROW_TH, read_row_th),
	RO(wit_row_width, ENG_WIT_ROW_WIDTH, read_row_width),
	RO(wit_row_st, ENG_WIT_ROW_ST, read_row_st),
	RO(wit_row_ph, ENG_WIT_ROW_PH, read_row_ph),
	RO(wit_row_tlps, ENG_WIT_ROW_TLPS, read_row_tlps),
};

const struct fab_reg_map eng_witness_map = {
	.reg = witness_regs,
	.count = sizeof(witness_regs) / sizeof(witness_regs[0]),
	.whole_reads = true,
};
