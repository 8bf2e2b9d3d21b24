// SPDX-License-Identifier: MIT
/* Config space: writable bits, resets, capabilities, steering tags. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/fabric/toy.h"

struct state {
	struct fab_fabric *fabric;
	struct toy *toy;
};

static int setup(void **ctx)
{
	static struct state state;

	state.fabric = toy_fabric();
	state.toy = toy_add(state.fabric, "toy", &toy_opts);
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	fab_fabric_free(((struct state *)*ctx)->fabric);
	return 0;
}

static struct toy *toy_of(void **ctx)
{
	return ((struct state *)*ctx)->toy;
}

static void header_is_read_only(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint8_t before[FAB_CFG_SIZE], ones[16];

	memcpy(before, toy->dev.cfg, sizeof(before));
	memset(ones, 0xff, sizeof(ones));
	fab_device_cfg_write(&toy->dev, PCI_VENDOR_ID, ones, 4);
	fab_device_cfg_write(&toy->dev, PCI_STATUS, ones,
			     10); /* with class and header type, without the cache line size */
	fab_device_cfg_write(&toy->dev, PCI_SUBSYSTEM_VENDOR_ID, ones, 4);
	fab_device_cfg_write(&toy->dev, PCI_CAPABILITY_LIST, ones, 1);
	before[PCI_CACHE_LINE_SIZE] = 0xff;
	assert_memory_equal(before, toy->dev.cfg, sizeof(before));
}

static void command_takes_only_implemented_bits(void **ctx)
{
	struct toy *toy = toy_of(ctx);

	toy_put(toy, PCI_COMMAND, 0xffff, 2);
	assert_int_equal(toy_get(toy, PCI_COMMAND, 2),
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
				 PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
}

static void bar_sizing(void **ctx)
{
	struct toy *toy = toy_of(ctx);

	toy_put(toy, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	toy_put(toy, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	toy_put(toy, PCI_BASE_ADDRESS_2, 0xffffffff, 4);
	toy_put(toy, PCI_BASE_ADDRESS_3, 0xffffffff, 4);
	assert_int_equal(toy_get(toy, PCI_BASE_ADDRESS_0, 4), 0xffffc000);
	assert_int_equal(toy_get(toy, PCI_BASE_ADDRESS_1, 4), 0);
	assert_int_equal(toy_get(toy, PCI_BASE_ADDRESS_2, 4), 0xfff0000c);
	assert_int_equal(toy_get(toy, PCI_BASE_ADDRESS_3, 4), 0xffffffff);
}

static void bar_larger_than_4g(void **ctx)
{
	struct toy *toy = toy_of(ctx);

	assert_int_equal(fab_device_add_bar(&toy->dev, 4, 1ull << 33, true, true, 0, 0), 0);
	assert_int_equal(fab_cfg_build(&toy->dev, &toy_opts), 0);
	toy_put(toy, PCI_BASE_ADDRESS_4, 0xffffffff, 4);
	toy_put(toy, PCI_BASE_ADDRESS_5, 0xffffffff, 4);
	assert_int_equal(toy_get(toy, PCI_BASE_ADDRESS_4, 4), 0xc);
	assert_int_equal(toy_get(toy, PCI_BASE_ADDRESS_5, 4), 0xfffffffe);
}

static void bad_bars_are_refused(void **ctx)
{
	static const struct {
		unsigned int bar;
		uint64_t size;
		bool is64;
		uint64_t off, map;
	} bad[] = {
		{ 6, 0x1000, false, 0, 0 },
		{ 0, 0x1000, false, 0, 0 },
		{ 3, 0x1000, false, 0, 0 },
		{ 1, 0x1000, true, 0, 0 },
		{ 5, 0x1000, true, 0, 0 },
		{ 4, 0x3000, false, 0, 0 },
		{ 4, 0x800, false, 0, 0 },
		{ 4, 0, false, 0, 0 },
		{ 4, 1ull << 32, false, 0, 0 },
		{ 4, 0x4000, false, 0x800, 0x1000 },
		{ 4, 0x4000, false, 0x4000, 0x1000 },
		{ 4, 0x4000, false, 0x1000, 0x4000 },
		{ 4, 0x4000, false, ~0ull << 12, 0x2000 },
	};
	struct toy *toy = toy_of(ctx);
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(fab_device_add_bar(&toy->dev, bad[i].bar, bad[i].size, bad[i].is64,
						    false, bad[i].off, bad[i].map),
				 -EINVAL);
}

static void bar_address_needs_decoding_and_d0(void **ctx)
{
	struct toy *toy = toy_of(ctx);

	assert_int_equal(fab_device_bar_addr(&toy->dev, 2), 0);
	toy_enable(toy, 0xfe000000, 0x380000000000);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 0), 0xfe000000);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 2), 0x380000000000);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 1), 0);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 6), 0);
	toy_put(toy, toy->dev.pm_cap + PCI_PM_CTRL, 3, 2);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 2), 0);
	assert_false(fab_device_bus_master(&toy->dev));
	toy_put(toy, toy->dev.pm_cap + PCI_PM_CTRL, 0, 2);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 2), 0x380000000000);
	toy_put(toy, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	assert_int_equal(fab_device_bar_addr(&toy->dev, 2), 0);
	assert_true(fab_device_bus_master(&toy->dev));
}

static void flr_resets_all_but_bars(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint32_t devctl = toy->dev.pcie_cap + PCI_EXP_DEVCTL;
	uint8_t initial[FAB_CFG_SIZE];

	memcpy(initial, toy->dev.cfg, sizeof(initial));
	toy_enable(toy, 0xfe000000, 0x380000000000);
	toy_put(toy, toy->dev.tph_cap + FAB_TPH_CTRL, 0x302, 4);
	toy_put(toy, toy->dev.tph_cap + FAB_TPH_ST_TABLE + 2u, 0x1234, 2);
	toy_put(toy, devctl, 0x2850, 2);
	memcpy(initial + PCI_BASE_ADDRESS_0, toy->dev.cfg + PCI_BASE_ADDRESS_0, 24);
	assert_int_equal(toy->resets, 0);
	toy_put(toy, devctl, 0x2850 | PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(toy->resets, 1);
	assert_memory_equal(initial, toy->dev.cfg, sizeof(initial));
}

static void flr_bit_is_seen_in_any_write_size(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint32_t devctl = toy->dev.pcie_cap + PCI_EXP_DEVCTL;
	static const uint8_t behind[2] = { 0, 0x80 };

	toy_put(toy, devctl, 0x80, 1); /* low byte: without the FLR bit */
	assert_int_equal(toy->resets, 0);
	toy_put(toy, devctl + 1, 0x80, 1);
	assert_int_equal(toy->resets, 1);
	toy_put(toy, devctl, 0x8000, 4);
	assert_int_equal(toy->resets, 2);
	toy_put(toy, devctl + 2, 0x8080, 2); /* DevSta */
	assert_int_equal(toy->resets, 2);
	/* What is behind the byte that is written does not count. */
	fab_device_cfg_write(&toy->dev, devctl, behind, 1);
	assert_int_equal(toy->resets, 2);
	assert_int_equal(toy_get(toy, devctl, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
}

/*
 * Until the reset has completed, reads are all-ones and writes are lost; afterwards the state is
 * that of any reset.
 */
static void absent_after_flr(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint32_t devctl = toy->dev.pcie_cap + PCI_EXP_DEVCTL;
	uint8_t initial[FAB_CFG_SIZE];
	uint64_t end;

	memcpy(initial, toy->dev.cfg, sizeof(initial));
	toy->dev.flr_us = 200000;
	end = fab_loop_now_us(toy->dev.fabric->loop) + toy->dev.flr_us;
	toy_put(toy, devctl, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(toy_get(toy, PCI_VENDOR_ID, 4), 0xffffffff);
	assert_int_equal(toy_get(toy, toy->dev.pcie_cap + PCI_EXP_DEVCAP2, 4), 0xffffffff);
	toy_enable(toy, 0xfe000000, 0x380000000000);
	toy_put(toy, devctl, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(toy->resets, 1);
	while (toy_get(toy, PCI_VENDOR_ID, 4) == 0xffffffff)
		assert_true(fab_loop_now_us(toy->dev.fabric->loop) < end + 5000000);
	assert_true(fab_loop_now_us(toy->dev.fabric->loop) >= end);
	assert_memory_equal(initial, toy->dev.cfg, sizeof(initial));
	toy_put(toy, devctl, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(toy_get(toy, PCI_VENDOR_ID, 4), 0xffffffff);
	fab_device_detach(&toy->dev); /* completes the reset for the next client */
	assert_int_equal(toy_get(toy, PCI_VENDOR_ID, 4), 0x00011234);
}

static void detach_unsets_bars_and_memory(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint8_t *memory = toy->dev.bar[2].host;

	toy_enable(toy, 0xfe000000, 0x380000000000);
	memory[5] = 7;
	assert_int_equal(fab_mem_map(toy->dev.mem, 0, 4096, -1, 0, FAB_MEM_READ), 0);
	fab_device_detach(&toy->dev);
	assert_memory_equal(toy->dev.cfg, toy->dev.cfg_initial, FAB_CFG_SIZE);
	assert_null(fab_mem_range(toy->dev.mem, 0, 0));
	assert_int_equal(fab_mem_map(toy->dev.mem, 0, 4096, -1, 0, FAB_MEM_READ), 0);
	assert_int_equal(memory[5], 0);
}

static void capability_list(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint8_t at = (uint8_t)toy_get(toy, PCI_CAPABILITY_LIST, 1);

	assert_int_equal(toy_get(toy, at, 1), PCI_CAP_ID_PM);
	at = (uint8_t)toy_get(toy, at + 1u, 1);
	assert_int_equal(toy_get(toy, at, 1), PCI_CAP_ID_MSIX);
	assert_int_equal(toy_get(toy, at + 2u, 2), 3);
	at = (uint8_t)toy_get(toy, at + 1u, 1);
	assert_int_equal(toy_get(toy, at, 1), PCI_CAP_ID_EXP);
	assert_int_equal(toy_get(toy, at + 1u, 1), 0);
	assert_int_equal(toy_get(toy, at + 2u, 2), 2);		     /* version 2, endpoint */
	assert_int_equal(toy_get(toy, 0x100, 4) & 0xfffff, 0x10003); /* DSN */
	assert_int_equal(toy_get(toy, 0x104, 4), 0x55667788);
	assert_int_equal(toy_get(toy, 0x108, 4), 0x11223344);
	assert_int_equal(toy_get(toy, toy_get(toy, 0x100, 4) >> 20, 4),
			 0x10000 | PCI_EXT_CAP_ID_TPH);
}

/* The driver's sequence (mlx5_vsc_gw_lock()): read 0, write the counter, read it back; 0 releases. */
static void vendor_semaphore(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts = toy_opts;
	uint32_t at, counter;

	opts.vsc = true;
	assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
	at = (uint32_t)toy_get(toy, toy->dev.pcie_cap + 1u, 1);
	assert_int_equal(toy_get(toy, at, 2), PCI_CAP_ID_VNDR);
	assert_int_equal(toy_get(toy, at + 2, 1), 0x18);
	counter = (uint32_t)toy_get(toy, at + 8, 4);
	assert_int_not_equal(counter, 0);
	assert_int_equal(toy_get(toy, at + 12, 4), 0);
	toy_put(toy, at + 8, 0xffffffff, 4);
	assert_int_equal(toy_get(toy, at + 8, 4), counter);
	toy_put(toy, at + 12, counter, 4);
	assert_int_equal(toy_get(toy, at + 12, 4), counter);
	toy_put(toy, at + 12, 0, 4);
	assert_int_equal(toy_get(toy, at + 12, 4), 0);
	toy_put(toy, at + 4, 0xe000000a,
		4); /* the status is not writable: space 10 is not supported */
	assert_int_equal(toy_get(toy, at + 4, 4), 0xa);
}

static void completer_bits(void **ctx)
{
	static const enum fab_tph_support all[] = { FAB_TPH_NONE, FAB_TPH_8BIT, FAB_TPH_RESERVED,
						    FAB_TPH_EXT };
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts = toy_opts;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		opts.completer = all[i];
		opts.requester = FAB_TPH_NONE;
		assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
		assert_int_equal(toy_get(toy, toy->dev.pcie_cap + PCI_EXP_DEVCAP2, 4) >> 12 & 3,
				 all[i]);
		assert_int_equal(!!(toy_get(toy, toy->dev.pcie_cap + PCI_EXP_DEVCAP2, 4) & 1u << 21),
				 all[i] == FAB_TPH_EXT);
		assert_int_equal(toy->dev.tph_cap, 0);
		assert_int_equal(toy_get(toy, 0x100, 4) >> 20, 0);
	}
}

static void payload_and_read_request_sizes(void **ctx)
{
	static const struct {
		uint16_t devctl;
		uint32_t mps, mrrs;
	} sizes[] = {
		{ 0x0000, 128, 128 },
		{ 0x2020, 256, 512 },
		{ 0x5040, 512, 4096 },
		{ 0x3060, 512, 1024 },
		{ 0x60e0, 512, 4096 },
		{ 0x70a0, 512, 4096 }, /* above the supported one; reserved */
	};
	struct toy *toy = toy_of(ctx);
	unsigned int i;

	assert_int_equal(fab_cfg_mps(&toy->dev), 128);
	assert_int_equal(fab_cfg_mrrs(&toy->dev), 512);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		toy_put(toy, toy->dev.pcie_cap + PCI_EXP_DEVCTL, sizes[i].devctl, 2);
		assert_int_equal(fab_cfg_mps(&toy->dev), sizes[i].mps);
		assert_int_equal(fab_cfg_mrrs(&toy->dev), sizes[i].mrrs);
	}
}

static void tph_capability_variants(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts = toy_opts;
	uint32_t cap = toy->dev.tph_cap;

	assert_int_equal(toy_get(toy, cap + PCI_TPH_CAP, 4), 63u << 16 | 0x200 | 0x100 | 7);
	toy_put(toy, cap + FAB_TPH_CTRL, 0xffffffff, 4);
	assert_int_equal(toy_get(toy, cap + FAB_TPH_CTRL, 4), 0x307);
	toy_put(toy, cap + FAB_TPH_ST_TABLE + 2 * 63, 0xbeef, 2);
	assert_int_equal(toy_get(toy, cap + FAB_TPH_ST_TABLE + 2 * 63, 2), 0xbeef);
	toy_put(toy, cap + FAB_TPH_ST_TABLE + 2 * 64, 0xbeef, 2); /* past the table */
	assert_int_equal(toy_get(toy, cap + FAB_TPH_ST_TABLE + 2 * 64, 2), 0);

	opts.requester = FAB_TPH_8BIT;
	opts.st_entries = 4;
	assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
	assert_int_equal(toy_get(toy, cap + PCI_TPH_CAP, 4), 3u << 16 | 0x200 | 7);
	toy_put(toy, cap + FAB_TPH_CTRL, 0x302, 4);
	assert_int_equal(toy_get(toy, cap + FAB_TPH_CTRL, 4), 0x102);
	toy_put(toy, cap + FAB_TPH_ST_TABLE, 0x1234, 2);
	assert_int_equal(toy_get(toy, cap + FAB_TPH_ST_TABLE, 2), 0x34);

	opts.st_entries = 0;
	assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
	assert_int_equal(toy_get(toy, cap + PCI_TPH_CAP, 4), 7);
}

/* One row: the guest's programming, the request, and the hint of the TLP. */
static const struct {
	enum fab_tph_support requester;
	unsigned int entries;
	uint32_t ctrl;
	uint16_t entry5; /* content of ST table entry 5 */
	uint8_t ph;
	uint16_t index;
	struct fab_tph expect;
	unsigned int errors;
} tph_rows[] = {
	{ FAB_TPH_NONE, 0, 0, 0, 2, 5, { 0 }, 0 },
	{ FAB_TPH_EXT, 64, 0x002, 0x5a, 2, 5, { 0 }, 0 }, /* not enabled */
	{ FAB_TPH_EXT, 64, 0x202, 0x5a, 2, 5, { 0 }, 0 }, /* reserved enable */
	{ FAB_TPH_EXT, 64, 0x102, 0x5a, 2, 5, { true, false, 2, 0x5a }, 0 },
	{ FAB_TPH_EXT, 64, 0x302, 0x5a, 2, 5, { true, true, 2, 0x5a }, 0 },
	{ FAB_TPH_EXT, 64, 0x302, 0x1234, 3, 5, { true, true, 3, 0x1234 }, 0 },
	{ FAB_TPH_EXT, 64, 0x102, 0x1234, 3, 5, { 0 }, 1 }, /* wider than the enabled width */
	{ FAB_TPH_EXT, 64, 0x102, 0x00ff, 0, 5, { true, false, 0, 0xff }, 0 },
	{ FAB_TPH_EXT, 64, 0x302, 0x5a, 1, 0, { true, true, 1, 0 }, 0 }, /* no tag */
	{ FAB_TPH_EXT, 64, 0x302, 0x5a, 1, 63, { true, true, 1, 0 }, 0 },
	{ FAB_TPH_EXT, 64, 0x302, 0x5a, 1, 64, { 0 }, 1 }, /* outside the table */
	{ FAB_TPH_EXT, 6, 0x302, 0x5a, 1, 5, { true, true, 1, 0x5a }, 0 },
	{ FAB_TPH_EXT, 5, 0x302, 0x5a, 1, 5, { 0 }, 1 },
	{ FAB_TPH_EXT, 64, 0x300, 0x5a, 2, 5, { true, true, 2, 0 }, 0 }, /* No ST Mode */
	{ FAB_TPH_EXT, 64, 0x301, 0x5a, 2, 5, { 0 }, 0 },		 /* Interrupt Vector Mode */
	{ FAB_TPH_EXT, 64, 0x307, 0x5a, 2, 5, { 0 }, 0 },		 /* reserved mode */
	{ FAB_TPH_EXT, 0, 0x302, 0, 2, 0x5a, { true, true, 2, 0x5a }, 0 }, /* direct */
	{ FAB_TPH_EXT, 0, 0x302, 0, 2, 0xfedc, { true, true, 2, 0xfedc }, 0 },
	{ FAB_TPH_EXT, 0, 0x102, 0, 2, 0x100, { 0 }, 1 },
	{ FAB_TPH_8BIT, 64, 0x302, 0x125a, 2, 5, { true, false, 2, 0x5a }, 0 }, /* an 8-bit entry keeps the low byte */
};

static void steering_tags(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts = toy_opts;
	struct fab_tph tph;
	unsigned int i;

	for (i = 0; i < sizeof(tph_rows) / sizeof(tph_rows[0]); i++) {
		opts.requester = tph_rows[i].requester;
		opts.st_entries = tph_rows[i].entries;
		assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
		if (toy->dev.tph_cap) {
			toy_put(toy, toy->dev.tph_cap + FAB_TPH_CTRL, tph_rows[i].ctrl, 4);
			toy_put(toy, toy->dev.tph_cap + FAB_TPH_ST_TABLE + 10u, tph_rows[i].entry5,
				2);
		}
		toy->dev.errors_tph = 0;
		tph = fab_cfg_tph(&toy->dev, tph_rows[i].ph, tph_rows[i].index);
		if (tph.th != tph_rows[i].expect.th || tph.extended != tph_rows[i].expect.extended ||
		    tph.ph != tph_rows[i].expect.ph || tph.st != tph_rows[i].expect.st)
			fail_msg("row %u: th %d extended %d ph %u st 0x%x", i, tph.th, tph.extended,
				 tph.ph, tph.st);
		if (toy->dev.errors_tph != tph_rows[i].errors)
			fail_msg("row %u: %lu errors", i, (unsigned long)toy->dev.errors_tph);
	}
}

/* A function without End-End TLP prefixes sends 8-bit tags only. */
static void no_prefix_no_wide_tag(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts = toy_opts;
	struct fab_tph tph;

	opts.no_prefix = true;
	assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
	assert_int_equal(toy_get(toy, toy->dev.pcie_cap + PCI_EXP_DEVCAP2, 4) & 3u << 21, 0);
	toy_put(toy, toy->dev.tph_cap + FAB_TPH_CTRL, 0x302, 4);
	toy_put(toy, toy->dev.tph_cap + FAB_TPH_ST_TABLE + 10u, 0x5a, 2);
	assert_false(fab_cfg_tph(&toy->dev, 2, 5).th);
	assert_int_equal(toy->dev.errors_tph, 1);
	toy_put(toy, toy->dev.tph_cap + FAB_TPH_CTRL, 0x102, 4);
	tph = fab_cfg_tph(&toy->dev, 2, 5);
	assert_true(tph.th && !tph.extended && tph.st == 0x5a);
}

/*
 * The write mailbox keeps what is written, status and header do not change; not beside a TPH
 * requester capability.
 */
static void doe_registers(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts = toy_opts;

	opts.doe = true;
	assert_int_equal(fab_cfg_build(&toy->dev, &opts), -EINVAL);
	opts.requester = FAB_TPH_NONE;
	assert_int_equal(fab_cfg_build(&toy->dev, &opts), 0);
	assert_int_equal(toy_get(toy, 0x100, 4) >> 20, 0x200);
	assert_int_equal(toy_get(toy, 0x200, 4), 0x2002e);
	toy_put(toy, 0x200 + PCI_DOE_STATUS, 0, 4);
	toy_put(toy, 0x200 + PCI_DOE_WRITE, 0x5a5a1234, 4);
	assert_int_equal(toy_get(toy, 0x200 + PCI_DOE_STATUS, 4), PCI_DOE_STATUS_ERROR);
	assert_int_equal(toy_get(toy, 0x200 + PCI_DOE_WRITE, 4), 0x5a5a1234);
}

/* Restart of firmware: no hint until the driver enables and writes the table anew; nothing else changes. */
static void lost_tph(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint32_t cap = toy->dev.tph_cap;
	struct fab_tph tph;

	toy_put(toy, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	toy_put(toy, cap + FAB_TPH_CTRL, 0x302, 4);
	toy_put(toy, cap + FAB_TPH_ST_TABLE + 10u, 0x5a, 2);
	assert_true(fab_cfg_tph(&toy->dev, 2, 5).th);
	fab_cfg_lose_tph(&toy->dev);
	assert_false(fab_cfg_tph(&toy->dev, 2, 5).th);
	assert_int_equal(toy_get(toy, cap + FAB_TPH_CTRL, 4), 0);
	assert_int_equal(toy_get(toy, cap + FAB_TPH_ST_TABLE + 10, 2), 0);
	assert_int_equal(toy_get(toy, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
	toy_put(toy, cap + FAB_TPH_CTRL, 0x302, 4);
	tph = fab_cfg_tph(&toy->dev, 2, 5);
	assert_true(tph.th && !tph.st);
}

static void bad_options_are_refused(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	struct fab_cfg_opts opts;

#define REFUSED(change)                                                     \
	do {                                                                \
		opts = toy_opts;                                            \
		change;                                                     \
		assert_int_equal(fab_cfg_build(&toy->dev, &opts), -EINVAL); \
	} while (0)
	REFUSED(opts.st_entries = 65);
	REFUSED(opts.vectors = FAB_VECTORS + 1);
	REFUSED(opts.requester = FAB_TPH_RESERVED);
	REFUSED(opts.completer = 4);
	REFUSED(opts.id.class_code = 0x1000000);
	REFUSED(opts.msix_bar = 6);
	REFUSED(opts.msix_bar = 4);
	REFUSED(opts.msix_table = 0x2004);
	REFUSED(opts.msix_table = TOY_BAR0_SIZE - 16);
	REFUSED(opts.msix_pba = TOY_BAR0_SIZE);
#undef REFUSED
}

static void irq_goes_to_its_eventfd_only(void **ctx)
{
	struct toy *toy = toy_of(ctx);
	uint64_t count = 0;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), copy = dup(fd);

	assert_true(fd >= 0 && copy >= 0);
	fab_device_set_irq(&toy->dev, 3, copy);
	fab_device_irq(&toy->dev, 2);
	fab_device_irq(&toy->dev, FAB_VECTORS);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	fab_device_irq(&toy->dev, 3);
	fab_device_irq(&toy->dev, 3);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 2);
	fab_device_set_irq(&toy->dev, 3, -1);
	fab_device_irq(&toy->dev, 3);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(header_is_read_only),
		TEST(command_takes_only_implemented_bits),
		TEST(bar_sizing),
		TEST(bar_larger_than_4g),
		TEST(bad_bars_are_refused),
		TEST(bar_address_needs_decoding_and_d0),
		TEST(flr_resets_all_but_bars),
		TEST(flr_bit_is_seen_in_any_write_size),
		TEST(absent_after_flr),
		TEST(detach_unsets_bars_and_memory),
		TEST(capability_list),
		TEST(vendor_semaphore),
		TEST(completer_bits),
		TEST(payload_and_read_request_sizes),
		TEST(tph_capability_variants),
		TEST(steering_tags),
		TEST(no_prefix_no_wide_tag),
		TEST(lost_tph),
		TEST(doe_registers),
		TEST(bad_options_are_refused),
		TEST(irq_goes_to_its_eventfd_only),
	};

	return cmocka_run_group_tests_name("cfg", tests, NULL, NULL);
}
