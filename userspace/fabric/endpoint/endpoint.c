// SPDX-License-Identifier: MIT
/*
 * The endpoint. The fabric (core/dma.c) and the guest's mapping write its memory; the tally is
 * that of BAR2. This file presents the tally in registers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/reg.h"
#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"

#define VECTORS 2

struct ep {
	struct fab_device dev; /* first */
	struct fab_regs regs;
};

static struct ep *to_ep(struct fab_device *dev)
{
	return (struct ep *)dev;
}

static const struct fab_tally *tally(const struct ep *ep)
{
	return &ep->dev.bar[EP_MEMORY_BAR].tally;
}

/* Sums over the rows of one kind */
enum sum { SUM_TLPS, SUM_BYTES, SUM_TAGGED };

#define SUM(kind, what) ((unsigned int)(kind) << 8 | (what))

static uint64_t read_sum(struct fab_device *dev, unsigned int arg)
{
	const struct fab_tally *t = tally(to_ep(dev));
	const unsigned int what = arg & 0xff;
	uint64_t sum = 0;

	for (const struct fab_tally_row *row = t->rows; row != t->rows + t->nrows; row++) {
		if (row->kind != arg >> 8 || (what == SUM_TAGGED && !row->tph.th))
			continue;
		sum += what == SUM_BYTES ? row->bytes : row->tlps;
	}
	return sum;
}

/* Of the selected row */
static uint64_t read_row(struct fab_device *dev, unsigned int column)
{
	return fab_tally_column(tally(to_ep(dev)), fab_regs_get(&to_ep(dev)->regs, EP_ROW), column);
}

static uint64_t read_memory_size(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return dev->bar[EP_MEMORY_BAR].size;
}

static uint64_t read_rows(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return tally(to_ep(dev))->nrows;
}

static uint64_t read_other_tlps(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return tally(to_ep(dev))->other_tlps;
}

static void clear_written(struct fab_device *dev, uint64_t value)
{
	(void)value;
	fab_tally_clear(&dev->bar[EP_MEMORY_BAR].tally);
}

#define RO(name, off, width, hook, value) \
	{ #name, off, width, .ro = FAB_REG_ALL, .arg = (value), .read = (hook) }

static const struct fab_reg ep_regs[] = {
	{ "magic", EP_MAGIC, 4, .ro = FAB_REG_ALL, .reset = EP_MAGIC_VALUE },
	{ "version", EP_VERSION, 4, .ro = FAB_REG_ALL, .reset = EP_VERSION_VALUE },
	RO(memory_size, EP_MEMORY_SIZE, 8, read_memory_size, 0),
	{ "clear", EP_CLEAR, 4, .write_only = true, .written = clear_written },
	RO(rows, EP_ROWS, 4, read_rows, 0),
	RO(mwr_tlps, EP_MWR_TLPS, 8, read_sum, SUM(FAB_TLP_MWR, SUM_TLPS)),
	RO(mwr_bytes, EP_MWR_BYTES, 8, read_sum, SUM(FAB_TLP_MWR, SUM_BYTES)),
	RO(mwr_tagged, EP_MWR_TAGGED, 8, read_sum, SUM(FAB_TLP_MWR, SUM_TAGGED)),
	RO(mrd_tlps, EP_MRD_TLPS, 8, read_sum, SUM(FAB_TLP_MRD, SUM_TLPS)),
	RO(mrd_bytes, EP_MRD_BYTES, 8, read_sum, SUM(FAB_TLP_MRD, SUM_BYTES)),
	RO(mrd_tagged, EP_MRD_TAGGED, 8, read_sum, SUM(FAB_TLP_MRD, SUM_TAGGED)),
	RO(other_tlps, EP_OTHER_TLPS, 8, read_other_tlps, 0),
	{ "row", EP_ROW, 4, .reset = 0 },
	RO(row_kind, EP_ROW_KIND, 4, read_row, FAB_ROW_IS_WRITE),
	RO(row_th, EP_ROW_TH, 4, read_row, FAB_ROW_TH),
	RO(row_width, EP_ROW_WIDTH, 4, read_row, FAB_ROW_WIDTH),
	RO(row_st, EP_ROW_ST, 4, read_row, FAB_ROW_ST),
	RO(row_ph, EP_ROW_PH, 4, read_row, FAB_ROW_PH),
	RO(row_tlps, EP_ROW_TLPS, 8, read_row, FAB_ROW_TLPS),
	RO(row_bytes, EP_ROW_BYTES, 8, read_row, FAB_ROW_BYTES),
};

static const struct fab_reg_map ep_map = {
	.reg = ep_regs,
	.count = sizeof(ep_regs) / sizeof(ep_regs[0]),
};

static void ep_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf,
			uint32_t len)
{
	memset(buf, 0, len);
	if (bar == EP_REGS_BAR)
		fab_regs_read(&to_ep(dev)->regs, off, buf, len);
}

static void ep_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
			 uint32_t len)
{
	if (bar == EP_REGS_BAR)
		fab_regs_write(&to_ep(dev)->regs, off, buf, len);
}

static void ep_reset(struct fab_device *dev)
{
	fab_regs_reset(&to_ep(dev)->regs);
}

static void ep_free(struct fab_device *dev)
{
	fab_device_fini(dev);
	free(dev);
}

static const struct fab_device_ops ep_ops = {
	.kind = "endpoint",
	.reset = ep_reset,
	.bar_read = ep_bar_read,
	.bar_write = ep_bar_write,
	.free = ep_free,
};

static int ep_build(struct ep *ep, const struct ep_opts *opts)
{
	const struct fab_cfg_opts cfg = {
		.id = { .vendor = EP_PCI_VENDOR,
			.device = EP_PCI_DEVICE,
			.subvendor = EP_PCI_VENDOR,
			.subdevice = EP_PCI_DEVICE,
			.class_code = EP_PCI_CLASS,
			.revision = EP_VERSION_VALUE },
		.serial = fab_cfg_serial(ep->dev.name),
		.completer = opts->completer,
		.no_prefix = opts->no_prefix,
		.doe = opts->doe,
		.vectors = opts->no_msix ? 0 : VECTORS,
		.msix_bar = EP_REGS_BAR,
		.msix_table = EP_MSIX_TABLE,
		.msix_pba = EP_MSIX_PBA,
	};
	int ret;

	ret = fab_device_add_bar(&ep->dev, EP_REGS_BAR, EP_REGS_SIZE, false, false, 0, 0);
	if (ret)
		return ret;
	ret = fab_device_add_bar(&ep->dev, EP_MEMORY_BAR, opts->memory_size, true, true, 0,
				 opts->memory_size);
	if (ret)
		return ret;
	return fab_cfg_build(&ep->dev, &cfg);
}

int ep_new(struct fab_fabric *fabric, const char *name, const struct ep_opts *opts)
{
	struct ep *ep;
	int ret;

	if (opts->memory_size < EP_MIN_MEMORY || opts->memory_size > EP_MAX_MEMORY ||
	    opts->flr_ms > EP_MAX_FLR_MS)
		return -EINVAL;
	ep = calloc(1, sizeof(*ep));
	if (!ep)
		return -ENOMEM;
	ret = fab_device_init(&ep->dev, &ep_ops, name);
	if (ret)
		goto err_free;
	ep->dev.flr_us = opts->flr_ms * 1000;
	fab_regs_init(&ep->regs, &ep_map, &ep->dev);
	ret = ep_build(ep, opts);
	if (ret)
		goto err_fini;
	fab_fabric_add(fabric, &ep->dev);
	return 0;

err_fini:
	fab_device_fini(&ep->dev);
err_free:
	free(ep);
	return ret;
}
