// SPDX-License-Identifier: MIT
/* DMA engine: refused register writes, ends of transfers, and the hint of every TLP. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "fabric/engine/engine.h"
#include "fabric/engine/regs.h"
#include "tests/fabric/toy.h"

#define MEMORY_AT     0x40000000ull /* guest memory */
#define MEMORY_SIZE   0x200000u
#define TOY_AT	      0x200000000ull /* BAR2 of the toy */
#define TOY_REGS_AT   0x10000000u
#define ENGINE_AT     0x20000000u
#define HINT(ph, tag) (ENG_HINT_PRESENT | (uint32_t)(ph) << ENG_HINT_PH_SHIFT | (tag))
#define ARRAY(a)      (sizeof(a) / sizeof((a)[0]))

struct state {
	struct fab_fabric *fabric;
	struct toy *toy;
	struct fab_device *eng;
	uint8_t *memory;
	int fd;
};

static void put(struct fab_device *dev, uint32_t off, uint32_t value, uint32_t len)
{
	fab_device_cfg_write(dev, off, &value, len);
}

static void tph_control(struct fab_device *eng, uint32_t enable, uint32_t mode)
{
	put(eng, eng->tph_cap + FAB_TPH_CTRL, enable << FAB_TPH_CTRL_REQ_EN_SHIFT | mode, 4);
}

static struct fab_device *add_engine(struct state *state, const char *name,
				     enum fab_tph_support requester, uint32_t bar)
{
	const struct eng_opts opts = { .requester = requester };
	struct fab_device *eng;

	assert_int_equal(eng_new(state->fabric, name, &opts), 0);
	eng = fab_fabric_find(state->fabric, name);
	assert_non_null(eng);
	put(eng, PCI_BASE_ADDRESS_0, bar, 4);
	put(eng, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(fab_mem_map(eng->mem, MEMORY_AT, MEMORY_SIZE, state->fd, 0,
				     FAB_MEM_READ | FAB_MEM_WRITE),
			 0);
	if (eng->tph_cap)
		tph_control(eng, requester, FAB_TPH_CTRL_MODE_DS);
	return eng;
}

static int setup(void **ctx)
{
	static struct state state;

	state.fabric = toy_fabric();
	state.toy = toy_add(state.fabric, "toy", &toy_opts);
	toy_enable(state.toy, TOY_REGS_AT, TOY_AT);
	state.fd = toy_memory(MEMORY_SIZE);
	state.memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, state.fd, 0);
	assert_ptr_not_equal(state.memory, MAP_FAILED);
	state.eng = add_engine(&state, "eng0", FAB_TPH_EXT, ENGINE_AT);
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	struct state *state = *ctx;

	fab_fabric_free(state->fabric);
	munmap(state->memory, MEMORY_SIZE);
	close(state->fd);
	return 0;
}

static uint32_t get32(struct fab_device *eng, uint64_t off)
{
	uint32_t value = 0xdddddddd;

	eng->ops->bar_read(eng, ENG_REGS_BAR, off, &value, sizeof(value));
	return value;
}

static void set32(struct fab_device *eng, uint64_t off, uint32_t value)
{
	eng->ops->bar_write(eng, ENG_REGS_BAR, off, &value, sizeof(value));
}

static void prepare(struct fab_device *eng, uint64_t addr, uint32_t length, uint32_t value,
		    uint32_t hint)
{
	set32(eng, ENG_ADDR_LO, (uint32_t)addr);
	set32(eng, ENG_ADDR_HI, (uint32_t)(addr >> 32));
	set32(eng, ENG_LENGTH, length);
	set32(eng, ENG_VALUE, value);
	set32(eng, ENG_HINT, hint);
}

/* Runs the loop until the engine is idle; no transfer has more than ENG_LENGTH_MAX / ENG_STEP + 1 steps. */
static uint32_t finish(struct fab_device *eng)
{
	unsigned int steps;

	for (steps = 0; get32(eng, ENG_STATUS) == ENG_BUSY; steps++) {
		assert_true(steps <= ENG_LENGTH_MAX / ENG_STEP);
		assert_true(fab_loop_step(eng->fabric->loop, 0));
	}
	return get32(eng, ENG_STATUS);
}

static uint32_t transfer(struct fab_device *eng, uint64_t addr, uint32_t length, uint32_t value,
			 uint32_t hint)
{
	prepare(eng, addr, length, value, hint);
	set32(eng, ENG_START, 1);
	return finish(eng);
}

static uint64_t counter(struct fab_device *eng, const char *name)
{
	cJSON *object = cJSON_CreateObject(), *value;
	uint64_t number;

	eng->ops->report(eng, object);
	value = cJSON_GetObjectItem(cJSON_GetObjectItem(object, "engine"), name);
	assert_true(cJSON_IsNumber(value));
	number = (uint64_t)value->valuedouble;
	cJSON_Delete(object);
	return number;
}

static void filled(const uint8_t *at, size_t length, uint32_t value)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (at[i] != (uint8_t)(value >> 8 * (i & 3)))
			fail_msg("byte %zu is 0x%02x", i, at[i]);
}

/* All of the registers, as numbers to compare. */
static void snapshot(struct fab_device *eng, uint32_t values[ENG_REGS_END / 4])
{
	uint32_t off;

	for (off = 0; off < ENG_REGS_END; off += 4)
		values[off / 4] = get32(eng, off);
}

static bool writable(uint32_t off)
{
	return (off >= ENG_ADDR_LO && off <= ENG_START) && !(off & 3);
}

/* A refused write changes no register, is counted, and fails the next start only. */
static void refused(struct state *state, uint64_t off, const void *data, uint32_t len)
{
	uint32_t before[ENG_REGS_END / 4], after[ENG_REGS_END / 4];
	uint64_t count = counter(state->eng, "writes_refused");

	snapshot(state->eng, before);
	state->eng->ops->bar_write(state->eng, ENG_REGS_BAR, off, data, len);
	snapshot(state->eng, after);
	if (memcmp(before, after, sizeof(before)) ||
	    counter(state->eng, "writes_refused") != count + 1)
		fail_msg("%u bytes at 0x%x were not refused", len, (unsigned int)off);
}

static void only_whole_registers_are_written(void **ctx)
{
	static const uint32_t widths[] = { 1, 2, 4, 8 };
	struct state *state = *ctx;
	static const uint8_t data[8]; /* no reserved bit of any register is set */
	uint32_t off;
	size_t i;

	prepare(state->eng, MEMORY_AT, 64, 0x12345678, HINT(3, 0xffff));
	for (i = 0; i < ARRAY(widths); i++)
		for (off = 0; off + widths[i] <= ENG_REGS_SIZE; off++)
			if (widths[i] != 4 || !writable(off))
				refused(state, off, data, widths[i]);
}

static void only_whole_registers_are_read(void **ctx)
{
	struct state *state = *ctx;
	uint8_t data[8], zero[8] = { 0 };
	uint32_t off, len;

	prepare(state->eng, MEMORY_AT, 64, 0x12345678, HINT(3, 0xffff));
	for (len = 1; len <= 8; len++) {
		for (off = 0; off + len <= ENG_REGS_SIZE; off++) {
			if (len == 4 && off < ENG_REGS_END && !(off & 3))
				continue;
			memset(data, 0xdd, sizeof(data));
			state->eng->ops->bar_read(state->eng, ENG_REGS_BAR, off, data, len);
			assert_memory_equal(data, zero, len);
		}
	}
	assert_int_equal(get32(state->eng, 0x04), 0);
	assert_int_equal(get32(state->eng, ENG_START), 0);
	assert_int_equal(get32(state->eng, ENG_VALUE), 0x12345678);
}

static void reserved_bits_are_refused(void **ctx)
{
	static const struct {
		uint32_t off, reserved;
	} registers[] = {
		{ ENG_MAGIC, 0xffffffff }, { ENG_ADDR_LO, 0x00000003 },
		{ ENG_ADDR_HI, 0 },	   { ENG_LENGTH, 0xffe00003 },
		{ ENG_VALUE, 0 },	   { ENG_HINT, 0x3ffc0000 },
		{ ENG_START, 0xfffffffe }, { ENG_STATUS, 0xffffffff },
	};
	struct state *state = *ctx;
	uint32_t bit, value;
	size_t i;

	for (i = 0; i < ARRAY(registers); i++) {
		for (bit = 1; bit; bit <<= 1) {
			if (registers[i].reserved & bit) {
				refused(state, registers[i].off, &bit, 4);
			} else if (registers[i].off != ENG_START) {
				set32(state->eng, registers[i].off, bit);
				assert_int_equal(get32(state->eng, registers[i].off), bit);
			}
		}
	}
	value = UINT32_MAX;
	refused(state, ENG_HINT, &value, 4);
	refused(state, ENG_START, &value, 4);
	assert_int_equal(get32(state->eng, ENG_STATUS), ENG_IDLE);
}

/* After a refused hint a transfer must not use the previous one. */
static void a_refused_write_fails_the_next_start_only(void **ctx)
{
	struct state *state = *ctx;

	prepare(state->eng, MEMORY_AT, 64, 1, HINT(1, 0x11));
	set32(state->eng, ENG_HINT, HINT(1, 0x22) | 1u << 18);
	set32(state->eng, ENG_START, 0);
	assert_int_equal(get32(state->eng, ENG_STATUS), ENG_IDLE);
	set32(state->eng, ENG_START, 1);
	assert_int_equal(finish(state->eng), ENG_FAILED);
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].tlps, 0);
	set32(state->eng, ENG_START, 1);
	assert_int_equal(finish(state->eng), ENG_DONE);
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].tagged, 1);
}

static void bad_lengths_fail(void **ctx)
{
	static const uint32_t bad[] = { 0, ENG_LENGTH_MAX + 4, 0x1ffffc };
	struct state *state = *ctx;
	size_t i;

	for (i = 0; i < ARRAY(bad); i++)
		assert_int_equal(transfer(state->eng, MEMORY_AT, bad[i], 1, 0), ENG_FAILED);
	assert_int_equal(transfer(state->eng, MEMORY_AT, 2, 1, 0), ENG_FAILED);
	assert_int_equal(transfer(state->eng, MEMORY_AT, UINT32_MAX, 1, 0), ENG_FAILED);
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].tlps, 0);
	assert_int_equal(counter(state->eng, "transfers_failed"), 5);
	assert_int_equal(transfer(state->eng, MEMORY_AT, 4, 0xa1b2c3d4, 0), ENG_DONE);
	filled(state->memory, 4, 0xa1b2c3d4);
	assert_int_equal(state->memory[4], 0);
}

static void bad_addresses_fail(void **ctx)
{
	static const struct {
		uint64_t addr;
		uint32_t length;
	} bad[] = {
		{ 0, 4 },
		{ 0x30000000, 64 },
		{ MEMORY_AT - 4, 8 },
		{ MEMORY_AT + MEMORY_SIZE, 4 },
		{ ENGINE_AT, 4 },
		{ ENGINE_AT + ENG_START, 4 },
		{ ENGINE_AT - 0x10000, 0x20000 },
	};
	struct state *state = *ctx;
	size_t i;

	for (i = 0; i < ARRAY(bad); i++) {
		assert_int_equal(transfer(state->eng, bad[i].addr, bad[i].length, 1, 0), ENG_FAILED);
		assert_int_equal(state->eng->errors_unsupported, i + 1);
	}
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].tlps, 0);
	/* Wrap around is detected before the first TLP, also between two steps. */
	assert_int_equal(transfer(state->eng, 0xfffffffffffffffc, 8, 1, 0), ENG_FAILED);
	assert_int_equal(transfer(state->eng, 0ull - ENG_STEP, 2 * ENG_STEP, 1, 0), ENG_FAILED);
	assert_int_equal(state->eng->errors_unsupported, ARRAY(bad));
	/* The transfer runs past the end of the target: the part before the end is written. */
	assert_int_equal(transfer(state->eng, MEMORY_AT + MEMORY_SIZE - 8, 16, 7, 0), ENG_FAILED);
	filled(state->memory + MEMORY_SIZE - 8, 8, 7);
}

static void memory_that_may_not_be_written(void **ctx)
{
	struct state *state = *ctx;

	fab_mem_clear(state->eng->mem);
	assert_int_equal(fab_mem_map(state->eng->mem, MEMORY_AT, MEMORY_SIZE, state->fd, 0,
				     FAB_MEM_READ),
			 0);
	assert_int_equal(transfer(state->eng, MEMORY_AT, 64, 1, 0), ENG_FAILED);
	assert_int_equal(state->memory[0], 0);
}

static void bus_master_off(void **ctx)
{
	struct state *state = *ctx;

	put(state->eng, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(transfer(state->eng, MEMORY_AT, 64, 1, 0), ENG_FAILED);
	put(state->eng, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	put(state->eng, state->eng->pm_cap + PCI_PM_CTRL, 3, 2);
	assert_int_equal(transfer(state->eng, MEMORY_AT, 64, 1, 0), ENG_FAILED);
	assert_int_equal(state->eng->errors_no_master, 2);
	put(state->eng, state->eng->pm_cap + PCI_PM_CTRL, 0, 2);
	/* Bus mastering is switched off during a transfer: a driver that gives up relies on the stop. */
	prepare(state->eng, MEMORY_AT, ENG_LENGTH_MAX, 1, 0);
	set32(state->eng, ENG_START, 1);
	fab_loop_step(state->fabric->loop, 0);
	put(state->eng, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(finish(state->eng), ENG_FAILED);
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].bytes, ENG_STEP);
}

static void registers_are_frozen_while_it_runs(void **ctx)
{
	struct state *state = *ctx;
	uint32_t off, value = 0;

	prepare(state->eng, MEMORY_AT, ENG_LENGTH_MAX, 0x01020304, 0);
	set32(state->eng, ENG_START, 1);
	assert_int_equal(get32(state->eng, ENG_STATUS), ENG_BUSY);
	assert_true(fab_loop_step(state->fabric->loop, 0));
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].bytes, ENG_STEP);
	for (off = ENG_ADDR_LO; off <= ENG_START; off += 4)
		refused(state, off, &value, 4);
	value = 1;
	refused(state, ENG_START, &value, 4);
	assert_int_equal(finish(state->eng), ENG_DONE);
	filled(state->memory, ENG_LENGTH_MAX, 0x01020304);
	assert_int_equal(state->memory[ENG_LENGTH_MAX], 0);
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].bytes, ENG_LENGTH_MAX);
	set32(state->eng, ENG_START, 1);
	assert_int_equal(finish(state->eng), ENG_FAILED);
	set32(state->eng, ENG_START, 1);
	assert_int_equal(finish(state->eng), ENG_DONE);
}

static void reset_ends_a_transfer(void **ctx)
{
	struct state *state = *ctx;
	uint32_t off;

	prepare(state->eng, MEMORY_AT, ENG_LENGTH_MAX, 1, HINT(1, 1));
	set32(state->eng, ENG_START, 1);
	fab_loop_step(state->fabric->loop, 0);
	put(state->eng, state->eng->pcie_cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_false(fab_loop_step(state->fabric->loop, 0));
	assert_int_equal(state->eng->sent[FAB_ORIGIN_PAYLOAD].bytes, ENG_STEP);
	assert_int_equal(get32(state->eng, ENG_MAGIC), ENG_MAGIC_VALUE);
	for (off = 4; off < ENG_REGS_END; off += 4)
		assert_int_equal(get32(state->eng, off), 0);
	/* The client disconnects during a transfer. */
	put(state->eng, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	prepare(state->eng, MEMORY_AT, ENG_LENGTH_MAX, 1, 0);
	set32(state->eng, ENG_START, 1);
	fab_device_detach(state->eng);
	assert_false(fab_loop_step(state->fabric->loop, 0));
	assert_int_equal(get32(state->eng, ENG_STATUS), ENG_IDLE);
}

/*
 * Engines that start each other without end: a step of the loop does one step of one engine, and
 * reset stops them.
 */
static void engines_that_start_each_other(void **ctx)
{
	struct state *state = *ctx;
	struct fab_device *other = add_engine(state, "eng1", FAB_TPH_EXT, ENGINE_AT + 0x1000);
	unsigned int i;

	prepare(state->eng, ENGINE_AT + 0x1000 + ENG_START, 4, 1, 0);
	prepare(other, ENGINE_AT + ENG_START, 4, 1, 0);
	set32(state->eng, ENG_START, 1);
	for (i = 0; i < 1000; i++)
		fab_loop_step(state->fabric->loop, 0);
	/*
	 * An engine is busy while it writes: the write of the other finds it idle or is refused,
	 * and never nests.
	 */
	assert_in_range(counter(state->eng, "transfers_done") + counter(other, "transfers_done"), 2,
			1000);
	fab_device_reset(state->eng);
	fab_device_reset(other);
	assert_false(fab_loop_step(state->fabric->loop, 0));
}

/* Registers of another function see accesses as from a CPU. */
static void registers_of_others(void **ctx)
{
	struct state *state = *ctx;
	unsigned int i;

	assert_int_equal(transfer(state->eng, TOY_REGS_AT + 4, 28, 0x11223344, 0), ENG_DONE);
	assert_int_equal(state->toy->accesses, 4);
	for (i = 0; i < state->toy->accesses; i++)
		assert_int_equal(state->toy->access[i].off % state->toy->access[i].len, 0);
	filled(state->toy->registers + 4, 28, 0x11223344);
}

/* The hint of a TLP is the one that the register requests, as far as config space permits. */
static void hints(void **ctx)
{
	enum {
		NONE = FAB_TPH_NONE,
		BIT8 = FAB_TPH_8BIT,
		RESERVED = FAB_TPH_RESERVED,
		EXT = FAB_TPH_EXT
	};
	enum { NS = FAB_TPH_CTRL_MODE_NS, IV = FAB_TPH_CTRL_MODE_IV, DS = FAB_TPH_CTRL_MODE_DS };
	static const struct {
		uint32_t requester, enable, mode, hint;
		struct fab_tph want;
		unsigned int errors;
	} rows[] = {
		{ EXT, EXT, DS, 0, { 0 }, 0 },
		{ EXT, EXT, DS, HINT(2, 0x1234) & ~ENG_HINT_PRESENT, { 0 }, 0 },
		{ EXT, EXT, DS, HINT(0, 0), { true, true, 0, 0 }, 0 },
		{ EXT, EXT, DS, HINT(1, 0x5a), { true, true, 1, 0x5a }, 0 },
		{ EXT, EXT, DS, HINT(2, 0x1234), { true, true, 2, 0x1234 }, 0 },
		{ EXT, EXT, DS, HINT(3, 0xffff), { true, true, 3, 0xffff }, 0 },
		{ EXT, BIT8, DS, HINT(3, 0xff), { true, false, 3, 0xff }, 0 },
		{ EXT, BIT8, DS, HINT(3, 0x100), { 0 }, 1 },
		{ EXT, NONE, DS, HINT(3, 0x10), { 0 }, 0 },
		{ EXT, RESERVED, DS, HINT(3, 0x10), { 0 }, 0 },
		{ EXT, EXT, NS, HINT(3, 0x10), { true, true, 3, 0 }, 0 },
		{ EXT, EXT, IV, HINT(3, 0x10), { 0 }, 0 },
		{ BIT8, BIT8, DS, HINT(1, 0x5a), { true, false, 1, 0x5a }, 0 },
		{ BIT8, EXT, DS, HINT(1, 0x5a), { true, false, 1, 0x5a }, 0 },
		{ BIT8, BIT8, DS, HINT(1, 0x1234), { 0 }, 1 },
		{ NONE, 0, 0, HINT(1, 0x5a), { 0 }, 0 },
	};
	struct state *state = *ctx;
	struct fab_tally *tally = &state->toy->dev.bar[2].tally;
	char name[8];
	size_t i;

	for (i = 0; i < ARRAY(rows); i++) {
		struct fab_device *eng;

		snprintf(name, sizeof(name), "row%zu", i);
		eng = add_engine(state, name, rows[i].requester,
				 ENGINE_AT + 0x10000 + 0x1000 * (uint32_t)i);
		assert_int_equal(!!eng->tph_cap, rows[i].requester != FAB_TPH_NONE);
		if (eng->tph_cap)
			tph_control(eng, rows[i].enable, rows[i].mode);
		fab_tally_clear(tally);
		assert_int_equal(transfer(eng, TOY_AT, 1024, 1, rows[i].hint), ENG_DONE);
		assert_int_equal(eng->errors_tph, rows[i].errors);
		assert_int_equal(tally->nrows, 1);
		assert_int_equal(tally->rows[0].kind, FAB_TLP_MWR);
		assert_int_equal(tally->rows[0].tlps, 8);
		assert_int_equal(tally->rows[0].tph.th, rows[i].want.th);
		assert_int_equal(tally->rows[0].tph.extended, rows[i].want.extended);
		assert_int_equal(tally->rows[0].tph.ph, rows[i].want.ph);
		assert_int_equal(tally->rows[0].tph.st, rows[i].want.st);
	}
}

static void split_by_mps(void **ctx)
{
	static const uint64_t offsets[] = { 0, 4, 124, 128, 0xffc, 0x1000, 0xfffc };
	static const uint32_t lengths[] = { 4, 124, 128, 132, 4096, 70000, ENG_LENGTH_MAX - ENG_STEP };
	struct state *state = *ctx;
	struct fab_tally *tally = &state->toy->dev.bar[2].tally;
	uint32_t mps, value = 0;
	size_t o, l;

	for (mps = 0; mps <= 2; mps++) {
		put(state->eng, state->eng->pcie_cap + PCI_EXP_DEVCTL, mps << 5, 2);
		for (o = 0; o < ARRAY(offsets); o++) {
			for (l = 0; l < ARRAY(lengths); l++) {
				fab_tally_clear(tally);
				assert_int_equal(transfer(state->eng, TOY_AT + offsets[o],
							  lengths[l], ++value, HINT(1, 1)),
						 ENG_DONE);
				filled((uint8_t *)state->toy->dev.bar[2].host + offsets[o],
				       lengths[l], value);
				assert_int_equal(tally->nrows, 1);
				assert_int_equal(tally->rows[0].bytes, lengths[l]);
				assert_int_equal(tally->rows[0].tlps,
						 fab_tlp_count(offsets[o], lengths[l], 128u << mps));
			}
		}
	}
}

static void identity(void **ctx)
{
	struct state *state = *ctx;
	struct fab_device *eng = state->eng, *bit8 = add_engine(state, "bit8", FAB_TPH_8BIT, 0);
	uint32_t cap = fab_cfg_get32(eng, eng->tph_cap + PCI_TPH_CAP);

	assert_int_equal(fab_cfg_get32(eng, PCI_VENDOR_ID), ENG_PCI_DEVICE << 16 | ENG_PCI_VENDOR);
	assert_int_equal(fab_cfg_get32(eng, PCI_CLASS_REVISION) >> 8, ENG_PCI_CLASS);
	assert_int_equal(get32(eng, ENG_MAGIC), ENG_MAGIC_VALUE);
	assert_int_equal(get32(eng, ENG_STATUS), ENG_IDLE);
	assert_int_equal(eng->msix_cap, 0);
	assert_int_equal(cap & PCI_TPH_CAP_LOC_MASK, PCI_TPH_LOC_NONE);
	assert_true(cap & FAB_TPH_CAP_EXT);
	assert_false(fab_cfg_get32(bit8, bit8->tph_cap + PCI_TPH_CAP) & FAB_TPH_CAP_EXT);
	assert_int_equal(fab_cfg_get32(eng, eng->pcie_cap + PCI_EXP_DEVCAP2) >>
					 FAB_EXP_DEVCAP2_TPH_COMP_SHIFT &
				 3,
			 0);
	assert_true(fab_cfg_serial("eng0") != fab_cfg_serial("eng1"));
}

static void counters_in_the_report(void **ctx)
{
	struct state *state = *ctx;
	cJSON *report, *device;

	assert_int_equal(transfer(state->eng, TOY_AT, 1024, 1, HINT(1, 1)), ENG_DONE);
	assert_int_equal(transfer(state->eng, 0, 4, 1, 0), ENG_FAILED);
	set32(state->eng, ENG_MAGIC, 0);
	assert_int_equal(counter(state->eng, "transfers_done"), 1);
	assert_int_equal(counter(state->eng, "transfers_failed"), 1);
	assert_int_equal(counter(state->eng, "writes_refused"), 1);
	report = fab_report(state->fabric);
	device = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "devices"), 1);
	assert_string_equal(cJSON_GetObjectItem(device, "name")->valuestring, "eng0");
	assert_string_equal(cJSON_GetObjectItem(device, "kind")->valuestring, "engine");
	device = cJSON_GetObjectItem(cJSON_GetObjectItem(device, "sent"), "payload");
	assert_int_equal(cJSON_GetObjectItem(device, "tagged")->valueint, 8);
	cJSON_Delete(report);
	fab_fabric_clear(state->fabric);
	assert_int_equal(counter(state->eng, "transfers_done"), 0);
	assert_int_equal(counter(state->eng, "transfers_failed"), 0);
	assert_int_equal(counter(state->eng, "writes_refused"), 0);
}

static void bad_options_are_refused(void **ctx)
{
	struct state *state = *ctx;
	const struct eng_opts reserved = { .requester = FAB_TPH_RESERVED },
			      good = { .requester = FAB_TPH_EXT };

	assert_int_equal(eng_new(state->fabric, "bad", &reserved), -EINVAL);
	assert_int_equal(eng_new(state->fabric, "", &good), -EINVAL);
	assert_int_equal(eng_new(state->fabric, "a23456789012345678901234567890123", &good),
			 -EINVAL);
	assert_null(fab_fabric_find(state->fabric, "bad"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_whole_registers_are_written),
		TEST(only_whole_registers_are_read),
		TEST(reserved_bits_are_refused),
		TEST(a_refused_write_fails_the_next_start_only),
		TEST(bad_lengths_fail),
		TEST(bad_addresses_fail),
		TEST(memory_that_may_not_be_written),
		TEST(bus_master_off),
		TEST(registers_are_frozen_while_it_runs),
		TEST(reset_ends_a_transfer),
		TEST(engines_that_start_each_other),
		TEST(registers_of_others),
		TEST(hints),
		TEST(split_by_mps),
		TEST(identity),
		TEST(counters_in_the_report),
		TEST(bad_options_are_refused),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
