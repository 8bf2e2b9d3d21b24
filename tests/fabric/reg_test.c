// SPDX-License-Identifier: MIT
/*
 * The register engine: writes that match no register, reserved and read-only bits,
 * write-one-to-clear, reset, byte order, hooks and the trace line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fabric/core/fabric.h"
#include "fabric/core/reg.h"

enum { ID = 0x0, CONTROL = 0x4, STATUS = 0x8, WIDE = 0x10, KICK = 0x18, LIVE = 0x20, END = 0x24 };

struct state {
	struct fab_fabric *fabric;
	struct fab_device dev;
	struct fab_regs regs;
	unsigned int refused;
	uint64_t kicked;
	bool locked;
	char log[256];
};

static struct state *of(struct fab_device *dev)
{
	return (struct state *)((char *)dev - offsetof(struct state, dev));
}

static uint64_t live_read(struct fab_device *dev, unsigned int arg)
{
	return of(dev)->kicked + arg;
}

static void kick_written(struct fab_device *dev, uint64_t value)
{
	of(dev)->kicked = value;
}

static const char *locked(struct fab_device *dev)
{
	return of(dev)->locked ? "busy" : NULL;
}

static void count_refused(struct fab_device *dev)
{
	of(dev)->refused++;
}

static const struct fab_reg table[] = {
	{ "id", ID, 4, .ro = FAB_REG_ALL, .reset = 0x11223344 },
	{ "control", CONTROL, 4, .ro = 0xff, .reserved = 0xf0000000, .reset = 0x5a },
	{ "status", STATUS, 4, .w1c = 0x0f, .ro = 0xf0, .reset = 0xff },
	{ "wide", WIDE, 8, .reset = 0x0102030405060708 },
	{ "kick", KICK, 4, .write_only = true, .written = kick_written },
	{ "live", LIVE, 4, .ro = FAB_REG_ALL, .arg = 1, .read = live_read },
};

#define MAP(...)                                     \
	{ .reg = table,                              \
	  .count = sizeof(table) / sizeof(table[0]), \
	  .locked = locked,                          \
	  .refused = count_refused,                  \
	  ##__VA_ARGS__ }
static const struct fab_reg_map little = MAP(), big = MAP(.big_endian = true, .join_writes = true),
				whole = MAP(.whole_reads = true);

static void keep_log(void *ctx, const char *text)
{
	struct state *state = ctx;

	snprintf(state->log, sizeof(state->log), "%s", text);
}

static int setup(void **ctx)
{
	static struct state state;

	memset(&state, 0, sizeof(state));
	assert_int_equal(fab_fabric_new(&state.fabric), 0);
	state.fabric->log = keep_log;
	state.fabric->log_ctx = &state;
	state.fabric->verbose = 1;
	state.dev.fabric = state.fabric;
	strcpy(state.dev.name, "dev");
	fab_regs_init(&state.regs, &little, &state.dev);
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	fab_fabric_free(((struct state *)*ctx)->fabric);
	return 0;
}

static uint64_t get(struct state *state, uint64_t off, uint32_t len)
{
	uint64_t value = 0;

	fab_regs_read(&state->regs, off, &value, len);
	return value;
}

static void set(struct state *state, uint64_t off, uint64_t value, uint32_t len)
{
	fab_regs_write(&state->regs, off, &value, len);
}

static void only_one_whole_register_is_written(void **ctx)
{
	struct state *state = *ctx;
	uint64_t off, len, before[END / 4], expected = 0;

	for (off = 0; off < END; off += 4)
		before[off / 4] = get(state, off, 4);
	for (len = 1; len <= 8; len++) {
		for (off = 0; off < END + 16; off++) {
			if ((len == 4 && (off == CONTROL || off == STATUS || off == KICK)) ||
			    (len == 8 && off == WIDE))
				continue;
			set(state, off, 0, (uint32_t)len);
			expected++;
		}
	}
	assert_int_equal(state->refused, expected);
	for (off = 0; off < END; off += 4)
		assert_int_equal(get(state, off, 4), before[off / 4]);
}

static void reserved_and_read_only_bits(void **ctx)
{
	struct state *state = *ctx;

	set(state, CONTROL, 0x10000100, 4);
	assert_int_equal(state->refused, 1);
	assert_int_equal(get(state, CONTROL, 4), 0x5a);
	set(state, CONTROL, 0x012345ff, 4);
	assert_int_equal(get(state, CONTROL, 4), 0x0123455a);
	set(state, ID, 0, 4);
	assert_int_equal(state->refused, 2);
	assert_int_equal(get(state, ID, 4), 0x11223344);
}

static void writing_one_clears(void **ctx)
{
	struct state *state = *ctx;

	set(state, STATUS, 0x00000005, 4);
	assert_int_equal(get(state, STATUS, 4), 0xfa);
	set(state, STATUS, 0xabcd0000, 4);
	assert_int_equal(get(state, STATUS, 4), 0xabcd00fa);
	set(state, STATUS, 0xffffffff, 4);
	assert_int_equal(get(state, STATUS, 4), 0xfffffff0);
}

static void locked_registers_keep_their_value(void **ctx)
{
	struct state *state = *ctx;

	state->locked = true;
	set(state, WIDE, 0, 8);
	set(state, KICK, 7, 4);
	assert_int_equal(state->refused, 2);
	assert_int_equal(state->kicked, 0);
	assert_true(get(state, WIDE, 8) == 0x0102030405060708);
}

static void reads_of_any_width(void **ctx)
{
	struct state *state = *ctx;

	assert_int_equal(get(state, ID + 1, 2), 0x2233);
	assert_int_equal(get(state, ID + 3, 2), 0x5a11);
	assert_int_equal(get(state, WIDE + 4, 4), 0x01020304);
	assert_int_equal(get(state, 0xc, 4), 0);
	assert_int_equal(get(state, END, 8), 0);
	assert_int_equal(get(state, UINT64_MAX - 8, 8), 0);
	state->regs.map = &whole;
	assert_int_equal(get(state, ID + 1, 2), 0);
	assert_int_equal(get(state, WIDE, 4), 0);
	assert_int_equal(get(state, ID, 4), 0x11223344);
}

static void big_endian_and_joined_writes(void **ctx)
{
	struct state *state = *ctx;
	uint8_t bytes[8] = { 1, 2, 3, 4, 0xff, 0, 0, 0x0f };

	state->regs.map = &big;
	fab_regs_write(&state->regs, CONTROL, bytes, 8);
	assert_int_equal(fab_regs_get(&state->regs, CONTROL), 0x0102035a);
	assert_int_equal(fab_regs_get(&state->regs, STATUS), 0xff0000f0);
	fab_regs_read(&state->regs, CONTROL, bytes, 4);
	assert_memory_equal(bytes, "\x01\x02\x03\x5a", 4);
	fab_regs_write(&state->regs, CONTROL + 2, bytes, 8);
	fab_regs_write(&state->regs, WIDE + 4, bytes, 8);
	assert_int_equal(state->refused, 2);
	assert_int_equal(state->kicked, 0);
}

static void hooks_and_trace(void **ctx)
{
	struct state *state = *ctx;

	set(state, KICK, 41, 4);
	assert_int_equal(state->kicked, 41);
	assert_int_equal(get(state, KICK, 4), 0);
	assert_int_equal(get(state, LIVE, 4), 42);
	assert_string_equal(state->log, "dev: kick = 0x29");
	set(state, ID, 1, 4);
	assert_string_equal(state->log, "dev: write of 4 bytes at 0x0 refused: read-only");
}

static void reset_values(void **ctx)
{
	struct state *state = *ctx;

	fab_regs_set(&state->regs, ID, 0);
	set(state, WIDE, 1, 8);
	set(state, KICK, 9, 4);
	fab_regs_reset(&state->regs);
	assert_int_equal(get(state, ID, 4), 0x11223344);
	assert_true(get(state, WIDE, 8) == 0x0102030405060708);
	assert_int_equal(state->kicked, 9);
	fab_regs_set(&state->regs, 0xc, 1); /* not a register */
	assert_int_equal(fab_regs_get(&state->regs, 0xc), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_one_whole_register_is_written),
		TEST(reserved_and_read_only_bits),
		TEST(writing_one_clears),
		TEST(locked_registers_keep_their_value),
		TEST(reads_of_any_width),
		TEST(big_endian_and_joined_writes),
		TEST(hooks_and_trace),
		TEST(reset_values),
	};

	return cmocka_run_group_tests_name("reg", tests, NULL, NULL);
}
