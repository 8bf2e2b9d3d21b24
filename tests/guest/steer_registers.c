// SPDX-License-Identifier: MIT
/* steer_ops: what the user sees and may write of the TPH requester capability, at each level. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"

#define GET   VFIO_DEVICE_FEATURE_GET
#define SET   VFIO_DEVICE_FEATURE_SET
#define CLEAR VFIO_TPH_ST_CLEAR

static const uint32_t cpu0 = 0, cpu1 = 1;

static uint32_t location(struct steer *rig)
{
	return cfg_get(rig, PCI_TPH_CAP, 4) & PCI_TPH_CAP_LOC_MASK;
}

/* Writes of each width to each byte of the capability */
static void write_everything(struct steer *rig, uint32_t value)
{
	uint32_t end = location(rig) == PCI_TPH_LOC_CAP ?
			       FAB_TPH_ST_TABLE + ((2 * table_size(rig) + 3) & ~3u) :
			       FAB_TPH_ST_TABLE;

	for (uint32_t len = 1; len <= 4; len *= 2)
		for (uint32_t off = 0; off + len <= end; off += len)
			cfg_put(rig, off, value, len);
}

/* All operations are refused in this way. */
static void expect_refused(struct steer *rig, int error)
{
	expect_errno("PROBE", steer_probe(rig, 0), error);
	expect_errno("PROBE SET", steer_probe(rig, SET), error);
	expect_errno("PROBE GET", steer_probe(rig, GET), error);
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu0), error);
	expect_errno("GET", steer_get(rig, 0, 1, (uint32_t[1]){ 0 }), error);
}

/* The device is as with Linux 7.3: no write reaches the capability, transfers carry no hint, a reset works. */
static void expect_as_before(struct steer *rig)
{
	witness_put(rig, ENG_WIT_CLEAR, 1);
	write_everything(rig, 0xffffffff);
	write_everything(rig, ENABLE(EXT, NS));
	require(!witness_get(rig, ENG_WIT_TPH_WRITES), "%u writes reached the capability",
		witness_get(rig, ENG_WIT_TPH_WRITES));
	expect_ctrl(rig, "after writes", 0);
	expect_wire(rig, "off", HINT_ENTRY(0), 0, 0);
	expect_errno("reset", vfio_reset(rig->dev.fd), 0);
	require(witness_get(rig, ENG_WIT_RESETS), "the device was not reset");
	expect_ctrl(rig, "after the reset", 0);
	expect_wire(rig, "after the reset", HINT_ENTRY(0), 0, 0);
}

void test_off(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_refused(rig, -ENOTTY);
	expect_as_before(rig);
}

/* pci=notph, at any level but off */
void test_notph(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_refused(rig, -EOPNOTSUPP);
	expect_as_before(rig);
}

/* Whether this level may enable the mode with the table at this place. */
static bool allowed(const char *level, uint32_t loc, uint32_t mode)
{
	if (!strcmp(level, "unsafe"))
		return true;
	return mode == NS || (mode == IV && loc == PCI_TPH_LOC_CAP);
}

void test_matrix(struct steer *rig, const char *level)
{
	uint32_t loc = location(rig), cap = cfg_get(rig, PCI_TPH_CAP, 4);
	bool unsafe = !strcmp(level, "unsafe");
	bool settable = unsafe || loc == PCI_TPH_LOC_CAP;

	for (uint32_t mode = 0; mode < 8; mode++) {
		bool can = mode <= DS && allowed(level, loc, mode);
		char what[32];

		snprintf(what, sizeof(what), "mode %u", mode);
		if (mode <= DS)
			require(!!(cap & 1u << mode) == can, "%s: capability 0x%x", what, cap);
		for (uint32_t type = 1; type <= 3; type++) {
			ctrl_put(rig, ENABLE(type, mode));
			expect_ctrl(rig, what, can && type != 2 ? ENABLE(type, mode) : mode);
			ctrl_put(rig, 0);
			expect_ctrl(rig, what, 0);
		}
	}
	expect_errno("PROBE", steer_probe(rig, 0), 0);
	expect_errno("PROBE SET", steer_probe(rig, SET), settable ? 0 : -EOPNOTSUPP);
	expect_errno("PROBE GET", steer_probe(rig, GET), unsafe ? 0 : -EPERM);
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu0), settable ? 0 : -EOPNOTSUPP);
	expect_errno("GET", steer_get(rig, 0, 1, (uint32_t[1]){ 0 }), unsafe ? 0 : -EPERM);
}

void test_no_capability(struct steer *rig, const char *arg)
{
	(void)arg;
	require(!rig->cap, "the device has the capability");
	expect_refused(rig, -EOPNOTSUPP);
}

/* The control register by bytes and words, in each order */
void test_widths(struct steer *rig, const char *arg)
{
	(void)arg;
	cfg_put(rig, FAB_TPH_CTRL, IV, 1);
	expect_ctrl(rig, "mode byte", IV);
	cfg_put(rig, FAB_TPH_CTRL + 1, EXT, 1);
	expect_ctrl(rig, "enable byte", ENABLE(EXT, IV));
	cfg_put(rig, FAB_TPH_CTRL, NS, 1);
	expect_ctrl(rig, "mode while enabled", ENABLE(EXT, IV));
	cfg_put(rig, FAB_TPH_CTRL + 1, TPH, 1);
	expect_ctrl(rig, "other type", ENABLE(TPH, IV));
	cfg_put(rig, FAB_TPH_CTRL + 1, 0, 1);
	expect_ctrl(rig, "disable byte", IV);
	cfg_put(rig, FAB_TPH_CTRL, ENABLE(TPH, NS), 2);
	expect_ctrl(rig, "word", ENABLE(TPH, NS));
	cfg_put(rig, FAB_TPH_CTRL + 2, 0xffff, 2);
	expect_ctrl(rig, "reserved half", ENABLE(TPH, NS));
	cfg_put(rig, FAB_TPH_CTRL, 0xfffffcf8 | ENABLE(EXT, IV), 4);
	expect_ctrl(rig, "mode and type while enabled", ENABLE(EXT, NS));
	ctrl_put(rig, 0xfffffcff);
	expect_ctrl(rig, "disabled", 7);
	cfg_put(rig, FAB_TPH_CTRL + 1, EXT, 1);
	expect_ctrl(rig, "reserved mode", 7);
	ctrl_put(rig, 0);
}

/*
 * All that can be written changes neither table nor control register of the device, and reaches it in no way: up to the
 * dword at whose beginning a table with an odd number of entries ends.
 */
void test_writes(struct steer *rig, const char *arg)
{
	uint32_t entries = table_size(rig), cap = cfg_get(rig, PCI_TPH_CAP, 4);
	uint32_t end = FAB_TPH_ST_TABLE + ((2 * entries + 3) & ~3u);

	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	witness_put(rig, ENG_WIT_CLEAR, 1);
	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t off = 0; off < end; off++)
			if (off < FAB_TPH_CTRL || off >= FAB_TPH_ST_TABLE)
				cfg_put(rig, off, i ? 0x5a : 0xff, 1);
		expect_ctrl(rig, "after writes", ENABLE(EXT, IV));
		require(table_entry(rig, 0) == TAG_EXT(1), "entry 0 is 0x%x", table_entry(rig, 0));
		for (uint32_t entry = 1; entry < entries; entry++)
			require(!table_entry(rig, entry), "entry %u is 0x%x", entry,
				table_entry(rig, entry));
	}
	require(!witness_get(rig, ENG_WIT_TPH_WRITES), "%u writes reached the capability",
		witness_get(rig, ENG_WIT_TPH_WRITES));
	require(cfg_get(rig, PCI_TPH_CAP, 4) == cap, "the capability register has changed");
	ctrl_put(rig, 0);
}

static void snapshot(struct steer *rig, uint8_t *bytes, uint32_t len)
{
	for (uint32_t off = 0; off < 4096; off += len) {
		ssize_t n = pread(rig->dev.fd, bytes + off, len, (off_t)(rig->dev.config + off));

		require(n == (ssize_t)len, "config space at 0x%x: %m", off);
	}
}

/* Level "confined": no byte of config space depends on the tag. */
void test_secret(struct steer *rig, const char *arg)
{
	static uint8_t before[4096], after[4096];

	(void)arg;
	ctrl_put(rig, ENABLE(EXT, IV));
	for (uint32_t len = 1; len <= 4; len *= 2) {
		uint16_t tag = TAG_EXT(1);

		expect_errno("clear", steer_set(rig, 0, 0, 1, &(uint32_t){ CLEAR }), 0);
		snapshot(rig, before, len);
		expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
		require(table_entry(rig, 0) == tag, "the device has 0x%x", table_entry(rig, 0));
		snapshot(rig, after, len);
		require(!memcmp(before, after, sizeof(before)), "config space shows the tag");
		require(!memmem(after + rig->cap, 4096 - rig->cap, &tag, sizeof(tag)),
			"config space contains the tag");
	}
	ctrl_put(rig, 0);
}

/* Level "unsafe": the table is readable. */
void test_no_secret(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	require(cfg_get(rig, FAB_TPH_ST_TABLE, 2) == TAG_EXT(1), "the table reads 0x%x",
		cfg_get(rig, FAB_TPH_ST_TABLE, 2));
	ctrl_put(rig, 0);
}

/* A kernel without the feature; any device that is bound to vfio-pci */
void test_absent(const char *bdf)
{
	struct steer rig = { .bdf = bdf };

	require(!vfio_open(&rig.dev, bdf), "%s cannot be opened", bdf);
	expect_refused(&rig, -ENOTTY);
	vfio_close(&rig.dev);
}
