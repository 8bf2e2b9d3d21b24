// SPDX-License-Identifier: MIT
/*
 * The endpoint. Its memory is filled by the fabric (core/dma.c) and by the
 * guest through its mapping; its tally is that of BAR2. What is left to do
 * here is to show the tally in registers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"

#define VECTORS 2

struct ep {
	struct fab_device dev; /* first */
	uint32_t row;	       /* EP_ROW */
	uint64_t copy_ns;      /* EP_COPY_NS */
};

struct ep_reg {
	const char *name;
	uint32_t off;
	uint8_t width;				    /* bytes */
	uint64_t (*get)(const struct ep *ep);	    /* NULL: reads as zero */
	void (*set)(struct ep *ep, uint32_t value); /* NULL: read-only; 32 bit */
};

static struct ep *to_ep(struct fab_device *dev)
{
	return (struct ep *)dev;
}

static const struct fab_tally *tally(const struct ep *ep)
{
	return &ep->dev.bar[EP_MEMORY_BAR].tally;
}

/* Sum over the rows of one kind */
enum sum { SUM_TLPS, SUM_BYTES, SUM_TAGGED };

static uint64_t sum_rows(const struct ep *ep, enum fab_tlp_kind kind, enum sum what)
{
	const struct fab_tally_row *row = tally(ep)->rows, *end = row + tally(ep)->nrows;
	uint64_t sum = 0;

	for (; row != end; row++) {
		if (row->kind != kind || (what == SUM_TAGGED && !row->tph.th))
			continue;
		sum += what == SUM_BYTES ? row->bytes : row->tlps;
	}
	return sum;
}

static struct fab_tally_row selected(const struct ep *ep)
{
	const struct fab_tally_row none = { .kind = FAB_TLP_MRD };

	return ep->row < tally(ep)->nrows ? tally(ep)->rows[ep->row] : none;
}

static uint64_t get_magic(const struct ep *ep)
{
	(void)ep;
	return EP_MAGIC_VALUE;
}
static uint64_t get_version(const struct ep *ep)
{
	(void)ep;
	return EP_VERSION_VALUE;
}
static uint64_t get_memory_size(const struct ep *ep)
{
	return ep->dev.bar[EP_MEMORY_BAR].size;
}
static uint64_t get_rows(const struct ep *ep)
{
	return tally(ep)->nrows;
}
static uint64_t get_mwr_tlps(const struct ep *ep)
{
	return sum_rows(ep, FAB_TLP_MWR, SUM_TLPS);
}
static uint64_t get_mwr_bytes(const struct ep *ep)
{
	return sum_rows(ep, FAB_TLP_MWR, SUM_BYTES);
}
static uint64_t get_mwr_tagged(const struct ep *ep)
{
	return sum_rows(ep, FAB_TLP_MWR, SUM_TAGGED);
}
static uint64_t get_mrd_tlps(const struct ep *ep)
{
	return sum_rows(ep, FAB_TLP_MRD, SUM_TLPS);
}
static uint64_t get_mrd_bytes(const struct ep *ep)
{
	return sum_rows(ep, FAB_TLP_MRD, SUM_BYTES);
}
static uint64_t get_mrd_tagged(const struct ep *ep)
{
	return sum_rows(ep, FAB_TLP_MRD, SUM_TAGGED);
}
static uint64_t get_other_tlps(const struct ep *ep)
{
	return tally(ep)->other_tlps;
}
static uint64_t get_copy_ns(const struct ep *ep)
{
	return ep->copy_ns;
}
static uint64_t get_row(const struct ep *ep)
{
	return ep->row;
}
static uint64_t get_row_kind(const struct ep *ep)
{
	return selected(ep).kind == FAB_TLP_MWR ? EP_KIND_MWR : EP_KIND_MRD;
}
static uint64_t get_row_th(const struct ep *ep)
{
	return selected(ep).tph.th;
}
static uint64_t get_row_width(const struct ep *ep)
{
	return selected(ep).tph.th ? selected(ep).tph.extended ? 16 : 8 : 0;
}
static uint64_t get_row_st(const struct ep *ep)
{
	return selected(ep).tph.st;
}
static uint64_t get_row_ph(const struct ep *ep)
{
	return selected(ep).tph.ph;
}
static uint64_t get_row_tlps(const struct ep *ep)
{
	return selected(ep).tlps;
}
static uint64_t get_row_bytes(const struct ep *ep)
{
	return selected(ep).bytes;
}

static void set_row(struct ep *ep, uint32_t value)
{
	ep->row = value;
}

static void set_clear(struct ep *ep, uint32_t value)
{
	(void)value;
	fab_tally_clear(&ep->dev.bar[EP_MEMORY_BAR].tally);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* From ordinary memory to where transfers go, so that both meet the same pages. */
static void set_copy(struct ep *ep, uint32_t count)
{
	const struct fab_bar *bar = &ep->dev.bar[EP_MEMORY_BAR];
	const size_t size = 1 << 20;
	char *from = calloc(1, size), *to;
	uint64_t start;

	ep->copy_ns = 0;
	if (from && bar->map_size >= size && count <= EP_COPY_MAX) {
		to = (char *)bar->host + bar->map_size - size;
		memset(to, 0, size); /* page faults are not part of it */
		start = now_ns();
		while (count--) {
			memcpy(to, from, size);
			__asm__ volatile(""
					 :
					 : "r"(to), "r"(from)
					 : "memory"); /* every copy is made */
		}
		ep->copy_ns = now_ns() - start;
	}
	free(from);
}

static const struct ep_reg registers[] = {
	{ "magic", EP_MAGIC, 4, get_magic, NULL },
	{ "version", EP_VERSION, 4, get_version, NULL },
	{ "memory_size", EP_MEMORY_SIZE, 8, get_memory_size, NULL },
	{ "clear", EP_CLEAR, 4, NULL, set_clear },
	{ "rows", EP_ROWS, 4, get_rows, NULL },
	{ "mwr_tlps", EP_MWR_TLPS, 8, get_mwr_tlps, NULL },
	{ "mwr_bytes", EP_MWR_BYTES, 8, get_mwr_bytes, NULL },
	{ "mwr_tagged", EP_MWR_TAGGED, 8, get_mwr_tagged, NULL },
	{ "mrd_tlps", EP_MRD_TLPS, 8, get_mrd_tlps, NULL },
	{ "mrd_bytes", EP_MRD_BYTES, 8, get_mrd_bytes, NULL },
	{ "mrd_tagged", EP_MRD_TAGGED, 8, get_mrd_tagged, NULL },
	{ "other_tlps", EP_OTHER_TLPS, 8, get_other_tlps, NULL },
	{ "copy", EP_COPY, 4, NULL, set_copy },
	{ "copy_ns", EP_COPY_NS, 8, get_copy_ns, NULL },
	{ "row", EP_ROW, 4, get_row, set_row },
	{ "row_kind", EP_ROW_KIND, 4, get_row_kind, NULL },
	{ "row_th", EP_ROW_TH, 4, get_row_th, NULL },
	{ "row_width", EP_ROW_WIDTH, 4, get_row_width, NULL },
	{ "row_st", EP_ROW_ST, 4, get_row_st, NULL },
	{ "row_ph", EP_ROW_PH, 4, get_row_ph, NULL },
	{ "row_tlps", EP_ROW_TLPS, 8, get_row_tlps, NULL },
	{ "row_bytes", EP_ROW_BYTES, 8, get_row_bytes, NULL },
};
#define NREGISTERS (sizeof(registers) / sizeof(registers[0]))

static void ep_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf,
			uint32_t len)
{
	const struct ep_reg *reg;
	uint8_t *out = buf;
	uint64_t value, at;

	memset(buf, 0, len);
	if (bar != EP_REGS_BAR)
		return;
	for (reg = registers; reg < registers + NREGISTERS; reg++) {
		if (!reg->get || reg->off >= off + len || reg->off + reg->width <= off)
			continue;
		value = reg->get(to_ep(dev));
		for (at = 0; at < reg->width; at++)
			if (reg->off + at >= off && reg->off + at < off + len)
				out[reg->off + at - off] = (uint8_t)(value >> (8 * at));
	}
}

static void ep_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
			 uint32_t len)
{
	const struct ep_reg *reg;
	uint32_t value;

	if (bar != EP_REGS_BAR || len != sizeof(value))
		return;
	memcpy(&value, buf, sizeof(value));
	for (reg = registers; reg < registers + NREGISTERS; reg++) {
		if (reg->set && reg->off == off) {
			fab_debug(dev, "%s = 0x%x", reg->name, value);
			reg->set(to_ep(dev), value);
		}
	}
}

static void ep_reset(struct fab_device *dev)
{
	to_ep(dev)->row = 0;
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
		.vectors = VECTORS,
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
