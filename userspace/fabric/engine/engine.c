// SPDX-License-Identifier: MIT
/*
 * The DMA engine: registers, and one transfer at a time in steps of at most
 * ENG_STEP bytes, so that a long transfer delays no other work of the loop. The registers are
 * locked during a transfer and are its only state besides `done`.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/dma.h"
#include "fabric/engine/eng.h"
#include "fabric/engine/engine.h"
#include "fabric/engine/regs.h"
#include "fabric/engine/witness.h"

static uint32_t reg(const struct eng *eng, uint32_t off)
{
	return (uint32_t)fab_regs_get(&eng->regs, off);
}

static bool finish(struct eng *eng, uint32_t status)
{
	fab_regs_set(&eng->regs, ENG_STATUS, status);
	if (status == ENG_DONE)
		eng->transfers_done++;
	else
		eng->transfers_failed++;
	return false;
}

static void fill_piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct eng *eng = ctx;
	uint32_t value = reg(eng, ENG_VALUE), i;
	uint8_t *to = host;

	for (i = 0; i < len; i++)
		to[i] = (uint8_t)(value >> 8 * ((off + i) & 3));
}

static uint64_t address(struct eng *eng)
{
	return (uint64_t)reg(eng, ENG_ADDR_HI) << 32 | reg(eng, ENG_ADDR_LO);
}

static struct fab_tph hint(struct eng *eng)
{
	uint32_t value = reg(eng, ENG_HINT);
	uint8_t ph = (uint8_t)((value & ENG_HINT_PH) >> ENG_HINT_PH_SHIFT);

	if (!(value & ENG_HINT_PRESENT))
		return (struct fab_tph){ .th = false };
	if (value & ENG_HINT_ENTRY)
		return fab_cfg_tph_entry(&eng->dev, ph, value & ENG_HINT_TAG);
	return fab_cfg_tph_told(&eng->dev, ph, value & ENG_HINT_TAG);
}

static bool step(void *ctx)
{
	struct eng *eng = ctx;
	uint64_t addr = address(eng) + eng->done;
	uint32_t left = reg(eng, ENG_LENGTH) - eng->done,
		 part = ENG_STEP - (uint32_t)(addr % ENG_STEP);
	const struct fab_dma req = {
		.dev = &eng->dev,
		.write = true,
		.origin = FAB_ORIGIN_PAYLOAD,
		.addr = addr,
		.len = left < part ? left : part, /* ends where a TLP ends */
		.tph = hint(eng),
	};

	if (fab_dma(&req, fill_piece, eng))
		return finish(eng, ENG_FAILED);
	eng->done += req.len;
	return req.len < left || finish(eng, ENG_DONE);
}

static void start_written(struct fab_device *dev, uint64_t value)
{
	struct eng *eng = to_eng(dev);
	uint32_t length = reg(eng, ENG_LENGTH);
	bool valid = !eng->refused && length && length <= ENG_LENGTH_MAX &&
		     address(eng) + (length - 1) >= address(eng);

	if (!value)
		return;
	eng->refused = false;
	if (!valid) {
		finish(eng, ENG_FAILED);
		return;
	}
	fab_regs_set(&eng->regs, ENG_STATUS, ENG_BUSY);
	eng->done = 0;
	fab_work_queue(eng->dev.fabric->loop, &eng->work);
}

static const struct fab_reg eng_regs[] = {
	{ "magic", ENG_MAGIC, 4, .ro = FAB_REG_ALL, .reset = ENG_MAGIC_VALUE },
	{ "addr_lo", ENG_ADDR_LO, 4, .reserved = 0x00000003 },
	{ "addr_hi", ENG_ADDR_HI, 4, .reset = 0 },
	{ "length", ENG_LENGTH, 4, .reserved = 0xffe00003 },
	{ "value", ENG_VALUE, 4, .reset = 0 },
	{ "hint", ENG_HINT, 4,
	  .reserved = ~(ENG_HINT_PRESENT | ENG_HINT_ENTRY | ENG_HINT_PH | ENG_HINT_TAG) },
	{ "start", ENG_START, 4, .write_only = true, .reserved = ~1u, .written = start_written },
	{ "status", ENG_STATUS, 4, .ro = FAB_REG_ALL, .reset = ENG_IDLE },
};

static const char *eng_locked(struct fab_device *dev)
{
	return reg(to_eng(dev), ENG_STATUS) == ENG_BUSY ? "busy" : NULL;
}

static void eng_refused(struct fab_device *dev)
{
	to_eng(dev)->writes_refused++;
	to_eng(dev)->refused = true;
}

static const struct fab_reg_map eng_map = {
	.reg = eng_regs,
	.count = sizeof(eng_regs) / sizeof(eng_regs[0]),
	.whole_reads = true,
	.locked = eng_locked,
	.refused = eng_refused,
};

static void eng_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf,
			 uint32_t len)
{
	memset(buf, 0, len);
	if (bar == ENG_REGS_BAR)
		fab_regs_read(&to_eng(dev)->regs, off, buf, len);
	else if (bar == ENG_WITNESS_BAR)
		fab_regs_read(&to_eng(dev)->witness, off, buf, len);
}

static void eng_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
			  uint32_t len)
{
	if (bar == ENG_REGS_BAR)
		fab_regs_write(&to_eng(dev)->regs, off, buf, len);
	else if (bar == ENG_WITNESS_BAR)
		fab_regs_write(&to_eng(dev)->witness, off, buf, len);
}

static void eng_reset(struct fab_device *dev)
{
	struct eng *eng = to_eng(dev);

	fab_work_cancel(dev->fabric->loop, &eng->work);
	fab_regs_reset(&eng->regs);
	fab_regs_reset(&eng->witness);
	eng->refused = false;
	eng->resets++;
}

static void eng_clear(struct fab_device *dev)
{
	struct eng *eng = to_eng(dev);

	eng->transfers_done = eng->transfers_failed = eng->writes_refused = 0;
	eng->resets = 0;
}

static void eng_report(struct fab_device *dev, cJSON *object)
{
	cJSON *counters = cJSON_AddObjectToObject(object, "engine");
	const struct eng *eng = to_eng(dev);

	cJSON_AddNumberToObject(counters, "transfers_done", (double)eng->transfers_done);
	cJSON_AddNumberToObject(counters, "transfers_failed", (double)eng->transfers_failed);
	cJSON_AddNumberToObject(counters, "writes_refused", (double)eng->writes_refused);
}

static void eng_free(struct fab_device *dev)
{
	fab_device_fini(dev);
	free(dev);
}

static const struct fab_device_ops eng_ops = {
	.kind = "engine",
	.reset = eng_reset,
	.bar_read = eng_bar_read,
	.bar_write = eng_bar_write,
	.clear = eng_clear,
	.report = eng_report,
	.free = eng_free,
};

static int add_bars(struct eng *eng, const struct eng_opts *opts)
{
	int ret;

	ret = fab_device_add_bar(&eng->dev, ENG_REGS_BAR, ENG_REGS_SIZE, false, false, 0, 0);
	if (!ret)
		ret = fab_device_add_bar(&eng->dev, ENG_WITNESS_BAR, ENG_WIT_SIZE, false, false, 0,
					 0);
	if (!ret && opts->memory_size)
		ret = fab_device_add_bar(&eng->dev, ENG_MEMORY_BAR, opts->memory_size, true, true,
					 0, opts->memory_size);
	return ret;
}

/* No interrupt is ever raised: the driver polls. */
static int eng_build(struct eng *eng, const struct eng_opts *opts)
{
	const struct fab_cfg_opts cfg = {
		.id = { .vendor = ENG_PCI_VENDOR,
			.device = ENG_PCI_DEVICE,
			.subvendor = ENG_PCI_VENDOR,
			.subdevice = ENG_PCI_DEVICE,
			.class_code = ENG_PCI_CLASS,
			.revision = 1 },
		.serial = fab_cfg_serial(eng->dev.name),
		.completer = opts->completer,
		.no_prefix = opts->no_prefix,
		.requester = opts->requester,
		.st_entries = opts->st_entries,
		.st_msix = opts->st_msix,
		.st_modes = opts->st_modes,
		.no_flr = opts->no_flr,
		.soft_reset = opts->soft_reset,
		.vectors = opts->vectors,
		.msix_bar = ENG_WITNESS_BAR,
		.msix_table = ENG_WIT_MSIX_TABLE,
		.msix_pba = ENG_WIT_MSIX_PBA,
	};
	int ret = add_bars(eng, opts);

	return ret ? ret : fab_cfg_build(&eng->dev, &cfg);
}

int eng_new(struct fab_fabric *fabric, const char *name, const struct eng_opts *opts)
{
	struct eng *eng = calloc(1, sizeof(*eng));
	int ret;

	if (!eng)
		return -ENOMEM;
	eng->work.fn = step;
	eng->work.ctx = eng;
	ret = fab_device_init(&eng->dev, &eng_ops, name);
	if (ret)
		goto err_free;
	fab_regs_init(&eng->regs, &eng_map, &eng->dev);
	fab_regs_init(&eng->witness, &eng_witness_map, &eng->dev);
	ret = eng_build(eng, opts);
	if (ret)
		goto err_fini;
	fab_fabric_add(fabric, &eng->dev);
	eng_reset(&eng->dev);
	eng->resets = 0;
	return 0;

err_fini:
	fab_device_fini(&eng->dev);
err_free:
	free(eng);
	return ret;
}
