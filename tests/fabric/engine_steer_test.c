// SPDX-License-Identifier: MIT
/* DMA engine as a device with tags of its own: ST table, modes, resets, and the witness registers. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fabric/engine/engine.h"
#include "fabric/engine/regs.h"
#include "fabric/engine/witness.h"
#include "tests/fabric/toy.h"

#define MEMORY_AT   0x40000000ull
#define MEMORY_SIZE 0x10000u
#define MEMORY_BUS  0x80000000u /* of the engine's own */
#define ENTRIES	    5u
#define EXT	    FAB_TPH_EXT
#define NS	    FAB_TPH_CTRL_MODE_NS
#define IV	    FAB_TPH_CTRL_MODE_IV
#define DS	    FAB_TPH_CTRL_MODE_DS

#define ENTRY(n)    (ENG_HINT_PRESENT | ENG_HINT_ENTRY | 2u << ENG_HINT_PH_SHIFT | (n))
#define TOLD(st)    (ENG_HINT_PRESENT | 2u << ENG_HINT_PH_SHIFT | (st))

struct state {
	struct fab_fabric *fabric;
	struct fab_device *eng;
	int fd;
};

static void put(struct fab_device *dev, uint32_t off, uint32_t value, uint32_t len)
{
	fab_device_cfg_write(dev, off, &value, len);
}

static void enable(struct fab_device *eng, uint32_t type, uint32_t mode)
{
	put(eng, eng->tph_cap + FAB_TPH_CTRL, type << FAB_TPH_CTRL_REQ_EN_SHIFT | mode, 4);
}

static void entry(struct fab_device *eng, uint32_t index, uint32_t st)
{
	put(eng, eng->tph_cap + FAB_TPH_ST_TABLE + 2 * index, st, 2);
}

static void start(struct state *state, const struct eng_opts *opts)
{
	assert_int_equal(eng_new(state->fabric, "eng", opts), 0);
	state->eng = fab_fabric_find(state->fabric, "eng");
	put(state->eng, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(fab_mem_map(state->eng->mem, MEMORY_AT, MEMORY_SIZE, state->fd, 0,
				     FAB_MEM_READ | FAB_MEM_WRITE),
			 0);
}

static int setup(void **ctx)
{
	static struct state state;

	state.fabric = toy_fabric();
	state.fd = toy_memory(MEMORY_SIZE);
	state.eng = NULL;
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	struct state *state = *ctx;

	fab_fabric_free(state->fabric);
	close(state->fd);
	return 0;
}

static uint32_t witness(struct fab_device *eng, uint32_t off)
{
	uint32_t value = 0xdddddddd;

	eng->ops->bar_read(eng, ENG_WITNESS_BAR, off, &value, sizeof(value));
	return value;
}

static void witness_put(struct fab_device *eng, uint32_t off, uint32_t value)
{
	eng->ops->bar_write(eng, ENG_WITNESS_BAR, off, &value, sizeof(value));
}

static void set32(struct fab_device *eng, uint32_t off, uint32_t value)
{
	eng->ops->bar_write(eng, ENG_REGS_BAR, off, &value, sizeof(value));
}

static void transfer_to(struct fab_device *eng, uint32_t addr, uint32_t hint)
{
	uint32_t status = ENG_BUSY;

	set32(eng, ENG_ADDR_LO, addr);
	set32(eng, ENG_LENGTH, 256);
	set32(eng, ENG_HINT, hint);
	set32(eng, ENG_START, 1);
	while (status == ENG_BUSY) {
		fab_loop_step(eng->fabric->loop, 0);
		eng->ops->bar_read(eng, ENG_REGS_BAR, ENG_STATUS, &status, sizeof(status));
	}
	assert_int_equal(status, ENG_DONE);
}

static void transfer(struct fab_device *eng, uint32_t hint)
{
	transfer_to(eng, (uint32_t)MEMORY_AT, hint);
}

/* Every TLP of a transfer as the witness tells; width 0: without hint. */
static void expect_wire(struct fab_device *eng, uint32_t hint, uint32_t width, uint32_t st)
{
	witness_put(eng, ENG_WIT_CLEAR, 1);
	assert_int_equal(witness(eng, ENG_WIT_ROWS), 0);
	transfer(eng, hint);
	assert_int_equal(witness(eng, ENG_WIT_ROWS), 1);
	assert_int_equal(witness(eng, ENG_WIT_ROW_TH), !!width);
	assert_int_equal(witness(eng, ENG_WIT_ROW_WIDTH), width);
	assert_int_equal(witness(eng, ENG_WIT_ROW_ST), st);
	assert_int_equal(witness(eng, ENG_WIT_ROW_PH), width ? 2 : 0);
	assert_int_equal(witness(eng, ENG_WIT_ROW_TLPS), 2);
}

static void tag_of_an_entry(void **ctx)
{
	const struct eng_opts opts = { .requester = EXT, .st_entries = ENTRIES };
	struct state *state = *ctx;
	uint32_t i;

	start(state, &opts);
	for (i = 0; i < ENTRIES; i++)
		entry(state->eng, i, 0x1100 + i);
	expect_wire(state->eng, ENTRY(0), 0, 0);
	enable(state->eng, EXT, DS);
	for (i = 0; i < ENTRIES; i++)
		expect_wire(state->eng, ENTRY(i), 16, 0x1100 + i);
	expect_wire(state->eng, ENTRY(ENTRIES), 0, 0);
	assert_int_equal(state->eng->errors_tph, 1);
	enable(state->eng, EXT, IV);
	expect_wire(state->eng, ENTRY(0), 16, 0x1100);
	enable(state->eng, EXT, NS);
	expect_wire(state->eng, ENTRY(3), 16, 0);
	/* 8-bit requests cannot carry the entry */
	enable(state->eng, FAB_TPH_8BIT, DS);
	expect_wire(state->eng, ENTRY(0), 0, 0);
	entry(state->eng, 0, 0x42);
	expect_wire(state->eng, ENTRY(0), 8, 0x42);
}

/* The table plays no part for a device that sends what it is told; only Device Specific Mode permits that. */
static void tag_that_the_driver_tells(void **ctx)
{
	const struct eng_opts opts = { .requester = EXT, .st_entries = ENTRIES };
	struct state *state = *ctx;

	start(state, &opts);
	entry(state->eng, 1, 0x1111);
	enable(state->eng, EXT, DS);
	expect_wire(state->eng, TOLD(1), 16, 1);
	expect_wire(state->eng, TOLD(0xffff), 16, 0xffff);
	enable(state->eng, EXT, IV);
	expect_wire(state->eng, TOLD(1), 0, 0);
	enable(state->eng, EXT, NS);
	expect_wire(state->eng, TOLD(1), 16, 0);
}

static void table_elsewhere(void **ctx)
{
	const struct eng_opts opts = {
		.requester = EXT, .st_entries = 8, .st_msix = true, .vectors = 8
	};
	struct state *state = *ctx;
	uint32_t cap;

	start(state, &opts);
	cap = fab_cfg_get32(state->eng, state->eng->tph_cap + PCI_TPH_CAP);
	assert_int_equal(cap & PCI_TPH_CAP_LOC_MASK, PCI_TPH_LOC_MSIX);
	assert_int_equal((cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT, 7);
	entry(state->eng, 0, 0x1111); /* no such register */
	assert_int_equal(fab_cfg_get16(state->eng, state->eng->tph_cap + FAB_TPH_ST_TABLE), 0);
	enable(state->eng, EXT, IV);
	expect_wire(state->eng, ENTRY(0), 0, 0);
	assert_int_equal(state->eng->errors_tph, 1);
}

static void modes(void **ctx)
{
	static const uint32_t masks[] = { FAB_TPH_CAP_ST_NS, FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV,
					  FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_DS };
	struct state *state = *ctx;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		const struct eng_opts opts = { .requester = EXT, .st_modes = masks[i] };

		fab_fabric_free(state->fabric);
		state->fabric = toy_fabric();
		start(state, &opts);
		assert_int_equal(fab_cfg_get32(state->eng, state->eng->tph_cap + PCI_TPH_CAP) & 7,
				 masks[i]);
	}
}

static void witness_tells_the_state_of_the_function(void **ctx)
{
	const struct eng_opts opts = { .requester = EXT, .st_entries = ENTRIES };
	struct state *state = *ctx;
	uint32_t off;

	start(state, &opts);
	assert_int_equal(witness(state->eng, ENG_WIT_MAGIC), ENG_WIT_MAGIC_VALUE);
	assert_int_equal(witness(state->eng, ENG_WIT_TPH_WRITES), 0);
	entry(state->eng, 2, 0xc35a);
	enable(state->eng, EXT, IV);
	put(state->eng, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(witness(state->eng, ENG_WIT_TPH_WRITES), 2);
	assert_int_equal(witness(state->eng, ENG_WIT_TPH_CTRL), EXT << 8 | IV);
	witness_put(state->eng, ENG_WIT_ENTRY, 2);
	assert_int_equal(witness(state->eng, ENG_WIT_ENTRY_ST), 0xc35a);
	for (off = ENTRIES; off; off <<= 1) {
		witness_put(state->eng, ENG_WIT_ENTRY, off);
		assert_int_equal(witness(state->eng, ENG_WIT_ENTRY_ST), 0);
	}
	/* read-only, or not a register */
	for (off = 0; off < ENG_WIT_SIZE; off += 4)
		if (off != ENG_WIT_CLEAR)
			witness_put(state->eng, off, 0xffffffff);
	assert_int_equal(witness(state->eng, ENG_WIT_TPH_CTRL), EXT << 8 | IV);
	assert_int_equal(witness(state->eng, ENG_WIT_ROW_TLPS), 0);
	witness_put(state->eng, ENG_WIT_CLEAR, 1);
	assert_int_equal(witness(state->eng, ENG_WIT_TPH_WRITES), 0);
}

/* One row of a side: TLPs with this 16-bit tag, or without hint if it is 0 */
static void expect_side(struct fab_device *eng, uint32_t side, uint32_t tlps, uint32_t st)
{
	witness_put(eng, ENG_WIT_SIDE, side);
	assert_int_equal(witness(eng, ENG_WIT_ROWS), !!tlps);
	assert_int_equal(witness(eng, ENG_WIT_ROW_TLPS), tlps);
	assert_int_equal(witness(eng, ENG_WIT_ROW_WRITE), !!tlps);
	assert_int_equal(witness(eng, ENG_WIT_ROW_WIDTH), st ? 16 : 0);
	assert_int_equal(witness(eng, ENG_WIT_ROW_ST), st);
}

/* What a peer writes into the memory of an engine, and what that engine sends, are told apart. */
static void peers_write_into_its_memory(void **ctx)
{
	const struct eng_opts opts = { .requester = EXT, .completer = EXT, .memory_size = 1 << 20 };
	const struct eng_opts peer_opts = { .requester = EXT };
	struct state *state = *ctx;
	struct fab_device *peer;

	start(state, &opts);
	assert_int_equal(eng_new(state->fabric, "peer", &peer_opts), 0);
	peer = fab_fabric_find(state->fabric, "peer");
	put(peer, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	put(state->eng, PCI_BASE_ADDRESS_0 + 4 * ENG_MEMORY_BAR, MEMORY_BUS, 4);
	enable(peer, EXT, DS);
	enable(state->eng, EXT, DS);
	transfer_to(peer, MEMORY_BUS, TOLD(0x1234));
	expect_side(state->eng, ENG_WIT_ARRIVED, 2, 0x1234);
	expect_side(state->eng, ENG_WIT_SENT, 0, 0);
	transfer(state->eng, TOLD(0x77));
	expect_side(state->eng, ENG_WIT_ARRIVED, 2, 0x1234);
	expect_side(state->eng, ENG_WIT_SENT, 2, 0x77);
	expect_side(peer, ENG_WIT_SENT, 0, 0);
	expect_side(state->eng, 2, 0, 0);
	expect_side(state->eng, UINT32_MAX, 0, 0);
	witness_put(state->eng, ENG_WIT_CLEAR, 1);
	expect_side(state->eng, ENG_WIT_ARRIVED, 0, 0);
	expect_side(state->eng, ENG_WIT_SENT, 0, 0);
}

static void initiate_flr(struct fab_device *eng)
{
	put(eng, eng->pcie_cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
}

static void d3hot_and_back(struct fab_device *eng)
{
	put(eng, eng->pm_cap + PCI_PM_CTRL, 3, 2);
	put(eng, eng->pm_cap + PCI_PM_CTRL, 0, 2);
}

/* Which resets a function has, and that each clears control register and table */
static void kinds_of_reset(void **ctx)
{
	static const struct {
		bool no_flr, soft_reset;
		void (*reset)(struct fab_device *eng);
		bool effect;
	} rows[] = {
		{ false, false, initiate_flr, true },  { true, false, initiate_flr, false },
		{ true, true, initiate_flr, false },   { false, false, d3hot_and_back, false },
		{ false, true, d3hot_and_back, true }, { true, true, d3hot_and_back, true },
	};
	struct state *state = *ctx;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct eng_opts opts = { .requester = EXT,
					       .st_entries = ENTRIES,
					       .no_flr = rows[i].no_flr,
					       .soft_reset = rows[i].soft_reset };

		fab_fabric_free(state->fabric);
		state->fabric = toy_fabric();
		start(state, &opts);
		entry(state->eng, 0, 0x11);
		enable(state->eng, EXT, IV);
		rows[i].reset(state->eng);
		assert_int_equal(witness(state->eng, ENG_WIT_RESETS), rows[i].effect);
		assert_int_equal(witness(state->eng, ENG_WIT_ENTRY_ST), rows[i].effect ? 0 : 0x11);
		assert_int_equal(witness(state->eng, ENG_WIT_TPH_CTRL),
				 rows[i].effect ? 0 : EXT << 8 | IV);
	}
}

static void completer_with_memory(void **ctx)
{
	const struct eng_opts opts = { .requester = EXT, .completer = EXT, .memory_size = 1 << 20 };
	struct state *state = *ctx;

	start(state, &opts);
	assert_int_equal(state->eng->bar[ENG_MEMORY_BAR].size, 1 << 20);
	assert_int_equal(fab_cfg_get32(state->eng, state->eng->pcie_cap + PCI_EXP_DEVCAP2) >>
					 FAB_EXP_DEVCAP2_TPH_COMP_SHIFT &
				 3,
			 EXT);
}

static void bad_options_are_refused(void **ctx)
{
	static const struct eng_opts bad[] = {
		{ .requester = EXT, .st_entries = 65 },
		{ .requester = EXT, .st_entries = 8, .st_msix = true },
		{ .requester = EXT, .st_msix = true, .vectors = 8 },
		{ .requester = EXT, .st_modes = 8 },
		{ .requester = EXT, .vectors = 65 },
		{ .requester = EXT, .memory_size = 3 << 20 },
	};
	struct state *state = *ctx;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(eng_new(state->fabric, "bad", &bad[i]), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(tag_of_an_entry),
		TEST(tag_that_the_driver_tells),
		TEST(table_elsewhere),
		TEST(modes),
		TEST(witness_tells_the_state_of_the_function),
		TEST(peers_write_into_its_memory),
		TEST(kinds_of_reset),
		TEST(completer_with_memory),
		TEST(bad_options_are_refused),
	};

	return cmocka_run_group_tests_name("engine_steer", tests, NULL, NULL);
}
