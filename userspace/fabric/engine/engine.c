// SPDX-License-Identifier: MIT
/*
 * The DMA engine: registers, and one transfer at a time in steps of at most
 * ENG_STEP bytes, so that its length never keeps others waiting. The registers are
 * frozen while it runs and are the only state of a transfer besides `done`.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/dma.h"
#include "fabric/engine/engine.h"
#include "fabric/engine/regs.h"

struct eng {
	struct fab_device dev; /* first */
	uint32_t value[ENG_REGS_END / 4];
	bool refused;  /* a write since the last start */
	uint32_t done; /* bytes of the transfer that runs */
	struct fab_work work;
	/* counters for the report */
	uint64_t transfers_done, transfers_failed, writes_refused;
};

struct eng_reg {
	const char *name;
	uint32_t off;
	bool readable;
	uint32_t writable;				  /* bits; 0: read-only */
	void (*written)(struct eng *eng, uint32_t value); /* NULL: keep the value */
};

static struct eng *to_eng(struct fab_device *dev)
{
	return (struct eng *)dev;
}

static uint32_t *reg(struct eng *eng, uint32_t off)
{
	return &eng->value[off / 4];
}

static bool finish(struct eng *eng, uint32_t status)
{
	*reg(eng, ENG_STATUS) = status;
	if (status == ENG_DONE)
		eng->transfers_done++;
	else
		eng->transfers_failed++;
	return false;
}

static void fill_piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct eng *eng = ctx;
	uint32_t value = *reg(eng, ENG_VALUE), i;
	uint8_t *to = host;

	for (i = 0; i < len; i++)
		to[i] = (uint8_t)(value >> 8 * ((off + i) & 3));
}

static uint64_t address(struct eng *eng)
{
	return (uint64_t)*reg(eng, ENG_ADDR_HI) << 32 | *reg(eng, ENG_ADDR_LO);
}

static struct fab_tph hint(struct eng *eng)
{
	uint32_t value = *reg(eng, ENG_HINT);

	if (!(value & ENG_HINT_PRESENT))
		return (struct fab_tph){ .th = false };
	return fab_cfg_tph(&eng->dev, (value & ENG_HINT_PH) >> ENG_HINT_PH_SHIFT,
			   value & ENG_HINT_TAG);
}

static bool step(void *ctx)
{
	struct eng *eng = ctx;
	uint64_t addr = address(eng) + eng->done;
	uint32_t left = *reg(eng, ENG_LENGTH) - eng->done,
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

static void start(struct eng *eng, uint32_t value)
{
	uint32_t length = *reg(eng, ENG_LENGTH);
	bool valid = !eng->refused && length && length <= ENG_LENGTH_MAX &&
		     address(eng) + (length - 1) >= address(eng);

	if (!value)
		return;
	eng->refused = false;
	if (!valid) {
		finish(eng, ENG_FAILED);
		return;
	}
	*reg(eng, ENG_STATUS) = ENG_BUSY;
	eng->done = 0;
	fab_work_queue(eng->dev.fabric->loop, &eng->work);
}

static const struct eng_reg registers[] = {
	{ "magic", ENG_MAGIC, true, 0, NULL },
	{ "addr_lo", ENG_ADDR_LO, true, 0xfffffffc, NULL },
	{ "addr_hi", ENG_ADDR_HI, true, 0xffffffff, NULL },
	{ "length", ENG_LENGTH, true, 0x001ffffc, NULL },
	{ "value", ENG_VALUE, true, 0xffffffff, NULL },
	{ "hint", ENG_HINT, true, ENG_HINT_PRESENT | ENG_HINT_PH | ENG_HINT_TAG, NULL },
	{ "start", ENG_START, false, 1, start },
	{ "status", ENG_STATUS, true, 0, NULL },
};

static const struct eng_reg *find_register(unsigned int bar, uint64_t off)
{
	unsigned int i;

	for (i = 0; bar == ENG_REGS_BAR && i < sizeof(registers) / sizeof(registers[0]); i++)
		if (registers[i].off == off)
			return &registers[i];
	return NULL;
}

static void eng_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf,
			 uint32_t len)
{
	const struct eng_reg *at = find_register(bar, off);

	memset(buf, 0, len);
	if (at && at->readable && len == sizeof(uint32_t))
		memcpy(buf, reg(to_eng(dev), at->off), len);
}

/* Why a write is refused, NULL: it is not. */
static const char *refusal(struct eng *eng, const struct eng_reg *at, uint32_t len, uint32_t value)
{
	if (!at)
		return "no register";
	if (len != sizeof(value))
		return "width";
	if (!at->writable)
		return "read-only";
	if (value & ~at->writable)
		return "reserved bits";
	if (*reg(eng, ENG_STATUS) == ENG_BUSY)
		return "busy";
	return NULL;
}

static void eng_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
			  uint32_t len)
{
	const struct eng_reg *at = find_register(bar, off);
	struct eng *eng = to_eng(dev);
	uint32_t value = 0;
	const char *why;

	memcpy(&value, buf, len < sizeof(value) ? len : sizeof(value));
	why = refusal(eng, at, len, value);
	if (why) {
		fab_debug(dev, "write of %u bytes at 0x%llx refused: %s", len,
			  (unsigned long long)off, why);
		eng->writes_refused++;
		eng->refused = true;
		return;
	}
	fab_debug(dev, "%s = 0x%x", at->name, value);
	if (at->written)
		at->written(eng, value);
	else
		*reg(eng, at->off) = value;
}

static void eng_reset(struct fab_device *dev)
{
	struct eng *eng = to_eng(dev);

	fab_work_cancel(dev->fabric->loop, &eng->work);
	memset(eng->value, 0, sizeof(eng->value));
	*reg(eng, ENG_MAGIC) = ENG_MAGIC_VALUE;
	eng->refused = false;
}

static void eng_clear(struct fab_device *dev)
{
	struct eng *eng = to_eng(dev);

	eng->transfers_done = eng->transfers_failed = eng->writes_refused = 0;
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

/* No interrupts: the driver polls. No steering tag table: the driver gives the tag. */
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
		.completer = FAB_TPH_NONE,
		.requester = opts->requester,
	};
	int ret;

	ret = fab_device_add_bar(&eng->dev, ENG_REGS_BAR, ENG_REGS_SIZE, false, false, 0, 0);
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
	ret = eng_build(eng, opts);
	if (ret)
		goto err_fini;
	fab_fabric_add(fabric, &eng->dev);
	eng_reset(&eng->dev);
	return 0;

err_fini:
	fab_device_fini(&eng->dev);
err_free:
	free(eng);
	return ret;
}
