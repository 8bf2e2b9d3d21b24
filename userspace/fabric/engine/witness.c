// SPDX-License-Identifier: MIT
/*
 * The witness registers of the DMA engine (witness.h).
 */
#include "fabric/core/cfg/cfg.h"
#include "fabric/engine/eng.h"
#include "fabric/engine/regs.h"
#include "fabric/engine/witness.h"

static uint32_t reg(struct fab_device *dev, uint32_t off)
{
	return (uint32_t)fab_regs_get(&to_eng(dev)->witness, off);
}

static uint64_t read_tph_ctrl(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return fab_cfg_tph_ctrl(dev);
}

static uint64_t read_tph_writes(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return dev->tph_writes;
}

static uint64_t read_entry_st(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return fab_cfg_st_entry(dev, reg(dev, ENG_WIT_ENTRY));
}

static uint64_t read_resets(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return to_eng(dev)->resets;
}

/* Of the selected side */
static const struct fab_tally *rows(struct fab_device *dev)
{
	static const struct fab_tally none;

	switch (reg(dev, ENG_WIT_SIDE)) {
	case ENG_WIT_SENT:
		return &dev->to_memory;
	case ENG_WIT_ARRIVED:
		return &dev->bar[ENG_MEMORY_BAR].tally;
	default:
		return &none;
	}
}

static uint64_t read_rows(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return rows(dev)->nrows;
}

/* Of the selected row */
static uint64_t read_row(struct fab_device *dev, unsigned int column)
{
	return fab_tally_column(rows(dev), reg(dev, ENG_WIT_ROW), column);
}

static void clear_written(struct fab_device *dev, uint64_t value)
{
	(void)value;
	fab_tally_clear(&dev->to_memory);
	fab_tally_clear(&dev->bar[ENG_MEMORY_BAR].tally);
	dev->tph_writes = 0;
	to_eng(dev)->resets = 0;
}

#define RO(name, off, hook, value) \
	{ #name, off, 4, .ro = FAB_REG_ALL, .arg = (value), .read = (hook) }

static const struct fab_reg witness_regs[] = {
	{ "wit_magic", ENG_WIT_MAGIC, 4, .ro = FAB_REG_ALL, .reset = ENG_WIT_MAGIC_VALUE },
	{ "wit_clear", ENG_WIT_CLEAR, 4, .write_only = true, .written = clear_written },
	RO(wit_tph_ctrl, ENG_WIT_TPH_CTRL, read_tph_ctrl, 0),
	RO(wit_tph_writes, ENG_WIT_TPH_WRITES, read_tph_writes, 0),
	{ "wit_entry", ENG_WIT_ENTRY, 4, .reset = 0 },
	RO(wit_entry_st, ENG_WIT_ENTRY_ST, read_entry_st, 0),
	RO(wit_resets, ENG_WIT_RESETS, read_resets, 0),
	{ "wit_side", ENG_WIT_SIDE, 4, .reset = ENG_WIT_SENT },
	RO(wit_rows, ENG_WIT_ROWS, read_rows, 0),
	{ "wit_row", ENG_WIT_ROW, 4, .reset = 0 },
	RO(wit_row_th, ENG_WIT_ROW_TH, read_row, FAB_ROW_TH),
	RO(wit_row_width, ENG_WIT_ROW_WIDTH, read_row, FAB_ROW_WIDTH),
	RO(wit_row_st, ENG_WIT_ROW_ST, read_row, FAB_ROW_ST),
	RO(wit_row_ph, ENG_WIT_ROW_PH, read_row, FAB_ROW_PH),
	RO(wit_row_tlps, ENG_WIT_ROW_TLPS, read_row, FAB_ROW_TLPS),
	RO(wit_row_write, ENG_WIT_ROW_WRITE, read_row, FAB_ROW_IS_WRITE),
};

const struct fab_reg_map eng_witness_map = {
	.reg = witness_regs,
	.count = sizeof(witness_regs) / sizeof(witness_regs[0]),
	.whole_reads = true,
};
