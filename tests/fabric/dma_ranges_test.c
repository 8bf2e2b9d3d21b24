// SPDX-License-Identifier: MIT
/* Requests of several ranges, and pieces that are collected: order, limits, registers, counters, trace. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fabric/toy.h"

#define PAGE	4096u
#define BAR0_AT 0xfe000000u
#define BAR2_AT 0x380000000000ull
#define GUEST	0x10000u /* three pages of a file, the last one first */
#define WIDE	0x40000u /* for a test: all of the file in one range */
#define DARK	0x50000u
#define LEN	(3 * PAGE)

struct state {
	struct fab_fabric *fabric;
	struct toy *from, *to;
	int fd;
	uint8_t data[LEN]; /* what the file holds, in the order of bus addresses */
};

static int setup(void **ctx)
{
	struct state *state = calloc(1, sizeof(*state));

	assert_non_null(state);
	state->fabric = toy_fabric();
	state->from = toy_add(state->fabric, "from", &toy_opts);
	state->to = toy_add(state->fabric, "to", &toy_opts);
	toy_enable(state->from, 0xfd000000, 0x390000000000);
	toy_enable(state->to, BAR0_AT, BAR2_AT);
	state->fd = toy_memory(LEN);
	for (uint32_t i = 0; i < LEN; i++)
		state->data[i] = (uint8_t)(i * 7 + (i >> 8));
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(fab_mem_map(state->from->dev.mem, GUEST + i * PAGE, PAGE, state->fd,
					     (2 - i) * PAGE, FAB_MEM_READ | FAB_MEM_WRITE),
				 0);
		assert_int_equal(pwrite(state->fd, state->data + i * PAGE, PAGE, (2 - i) * PAGE),
				 PAGE);
	}
	*ctx = state;
	return 0;
}

static int teardown(void **ctx)
{
	struct state *state = *ctx;

	close(state->fd);
	fab_fabric_free(state->fabric);
	free(state);
	return 0;
}

static struct fab_dma request(struct state *state, bool write)
{
	return (struct fab_dma){ .dev = &state->from->dev, .write = write };
}

static const struct fab_tally_row *only_row(const struct fab_tally *tally)
{
	assert_int_equal(tally->nrows, 1);
	return &tally->rows[0];
}

static void ranges_follow_each_other_in_the_data(void **ctx)
{
	static const struct fab_span span[] = { { GUEST + 2 * PAGE + 5, 11 }, { GUEST, 2 * PAGE } };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	uint8_t back[LEN];

	assert_int_equal(fab_dma_spans(&req, span, 2, 0, fab_dma_copy_in, back), 0);
	assert_memory_equal(back, state->data + 2 * PAGE + 5, 11);
	assert_memory_equal(back + 11, state->data, 2 * PAGE);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 11 + 2 * PAGE);
	assert_int_equal(only_row(&state->from->dev.to_memory)->tlps, 1 + 2 * PAGE / 512);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_PAYLOAD].tlps, 1 + 2 * PAGE / 512);
	toy_put(state->from, state->from->dev.pcie_cap + PCI_EXP_DEVCTL,
		PCI_EXP_DEVCTL_READRQ_1024B, 2);
	fab_fabric_clear(state->fabric);
	assert_int_equal(fab_dma_spans(&req, span, 2, 0, fab_dma_copy_in, back), 0);
	assert_int_equal(only_row(&state->from->dev.to_memory)->tlps, 1 + 2 * PAGE / 1024);
}

static void expect_off(void *ctx, void *host, uint32_t off, uint32_t len)
{
	uint32_t *next = ctx;

	(void)host;
	assert_int_equal(off, *next);
	*next += len;
}

static void offsets_go_on_from_the_base(void **ctx)
{
	static const struct fab_span span[] = { { GUEST + 1, 2 * PAGE }, { GUEST, 7 } };
	struct fab_dma req = request(*ctx, false);
	uint32_t off = 4096;

	assert_int_equal(fab_dma_spans(&req, span, 2, off, expect_off, &off), 0);
	assert_int_equal(off, 4096 + 2 * PAGE + 7);
}

/* Two ranges in memory, two in one BAR and one in another: each is counted at its own target. */
static void count_targets(struct state *state)
{
	static const struct fab_span span[] = { { GUEST, 8 },
						{ BAR2_AT, 256 },
						{ BAR0_AT, 8 },
						{ BAR2_AT + 512, 256 },
						{ GUEST + 8, 8 } };
	struct fab_dma req = request(state, true);

	fab_fabric_clear(state->fabric);
	assert_int_equal(fab_dma_spans(&req, span, 5, 0, fab_dma_copy_out, state->data), 0);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 16);
	assert_int_equal(only_row(&state->from->dev.to_memory)->tlps, 2);
	assert_int_equal(only_row(&state->to->dev.bar[2].tally)->bytes, 512);
	assert_int_equal(only_row(&state->to->dev.bar[0].tally)->bytes, 8);
	assert_memory_equal((uint8_t *)state->to->dev.bar[2].host + 512, state->data + 8 + 256 + 8,
			    256);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_PAYLOAD].bytes, 16 + 512 + 8);
}

static void targets_are_counted_apart(void **ctx)
{
	static struct fab_device_ops quiet;
	struct state *state = *ctx;

	count_targets(state);
	assert_int_equal(state->to->runs, 3); /* a function that sees addresses sees each run */
	quiet = *state->to->dev.ops;
	quiet.tlps_received = NULL;
	state->to->dev.ops = &quiet;
	count_targets(state);
}

static void the_ranges_before_a_bad_one_are_done(void **ctx)
{
	static const struct fab_span span[] = { { GUEST, 16 }, { 0x5000, 8 }, { GUEST, 16 } };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	uint8_t back[LEN] = { 0 };

	assert_int_equal(fab_dma_spans(&req, span, 3, 0, fab_dma_copy_in, back), -EFAULT);
	assert_memory_equal(back, state->data, 16);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 16);
	assert_int_equal(state->from->dev.errors_unsupported, 1);
	toy_put(state->from, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(fab_dma_spans(&req, span, 3, 0, fab_dma_copy_in, back), -EACCES);
}

static void pieces_are_collected(void **ctx)
{
	static const struct fab_span span[] = { { GUEST + 1, 2 * PAGE }, { BAR2_AT, 64 } };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[8];
	uint32_t count, done, off = 0;

	memcpy(state->to->dev.bar[2].host, "memory of the BAR", 18);
	assert_int_equal(fab_dma_gather(&req, span, 2, piece, 8, &count, &done), 0);
	assert_int_equal(count, 4);
	assert_int_equal(done, 2 * PAGE + 64);
	for (uint32_t i = 0; i < 3; i++) {
		assert_memory_equal(piece[i].host, state->data + 1 + off, piece[i].len);
		off += piece[i].len;
	}
	assert_int_equal(off, 2 * PAGE);
	assert_int_equal(piece[3].len, 64);
	assert_string_equal((char *)piece[3].host, "memory of the BAR");
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 2 * PAGE);
	assert_int_equal(only_row(&state->to->dev.bar[2].tally)->bytes, 64);
}

/* Out of order, over the end of one range into the next, back, and behind a BAR. */
static void pieces_of_one_range_are_counted_exactly(void **ctx)
{
	static const struct fab_span span[] = {
		{ WIDE + 2 * PAGE, PAGE }, { WIDE, PAGE },	   { WIDE + PAGE + 510, 4 },
		{ GUEST + PAGE - 4, 8 },   { GUEST + PAGE, 8 },	   { WIDE + 3 * PAGE - 1, 1 },
		{ BAR2_AT, 64 },	   { WIDE + PAGE - 2, 4 }, { WIDE + 8, 8 },
	};
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[16];
	uint32_t count, done;
	uint8_t *wide;

	assert_int_equal(fab_mem_map(state->from->dev.mem, WIDE, LEN, state->fd, 0, FAB_MEM_READ),
			 0);
	wide = toy_mem_at(state->from->dev.mem, WIDE, FAB_MEM_READ, &(uint64_t){ 0 });
	assert_int_equal(fab_dma_gather(&req, span, 9, piece, 16, &count, &done), 0);
	assert_int_equal(count, 10);
	assert_int_equal(done, 2 * PAGE + 4 + 8 + 8 + 1 + 64 + 4 + 8);
	assert_ptr_equal(piece[0].host, wide + 2 * PAGE);
	assert_ptr_equal(piece[1].host, wide);
	assert_ptr_equal(piece[2].host, wide + PAGE + 510);
	assert_memory_equal(piece[3].host, state->data + PAGE - 4, 4);
	assert_int_equal(piece[3].len, 4);
	assert_memory_equal(piece[4].host, state->data + PAGE, 4);
	assert_int_equal(piece[4].len, 4);
	assert_memory_equal(piece[5].host, state->data + PAGE, 8);
	assert_ptr_equal(piece[6].host, wide + 3 * PAGE - 1);
	assert_ptr_equal(piece[7].host, state->to->dev.bar[2].host);
	assert_ptr_equal(piece[8].host, wide + PAGE - 2);
	assert_ptr_equal(piece[9].host, wide + 8);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, done - 64);
	assert_int_equal(only_row(&state->from->dev.to_memory)->tlps,
			 2 * PAGE / 512 + 2 + 2 + 1 + 1 + 2 + 1);
	assert_int_equal(only_row(&state->to->dev.bar[2].tally)->tlps, 1);
}

/* The end of memory inside a span; memory that may not be read, and memory that was found before it is unmapped. */
static void collecting_checks_each_span(void **ctx)
{
	static const struct fab_span over[] = { { WIDE, 8 }, { WIDE + LEN - 8, 16 }, { WIDE, 8 } };
	static const struct fab_span dark[] = { { WIDE, 8 }, { DARK, 8 } };
	struct state *state = *ctx;
	struct fab_mem *mem = state->from->dev.mem;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[8];
	uint32_t count, done;

	assert_int_equal(fab_mem_map(mem, WIDE, LEN, state->fd, 0, FAB_MEM_READ), 0);
	assert_int_equal(fab_mem_map(mem, DARK, LEN, state->fd, 0, FAB_MEM_WRITE), 0);
	assert_int_equal(fab_dma_gather(&req, over, 3, piece, 8, &count, &done), -EFAULT);
	assert_int_equal(count, 2);
	assert_int_equal(done, 16);
	assert_int_equal(fab_dma_gather(&req, dark, 2, piece, 8, &count, &done), -EFAULT);
	assert_int_equal(count, 1);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 16 + 8);
	assert_int_equal(state->from->dev.errors_unsupported, 2);
	assert_int_equal(fab_mem_unmap(mem, WIDE, LEN), 0);
	assert_int_equal(fab_dma_gather(&req, over, 1, piece, 8, &count, &done), -EFAULT);
	assert_int_equal(count, 0);
}

/* The second range is in the memory that the first one has found, and in a BAR. */
static void a_bar_comes_before_memory_that_was_found(void **ctx)
{
	static const struct fab_span span[] = { { BAR2_AT - 8, 8 }, { BAR2_AT, 8 } };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[8];
	uint32_t count, done;

	assert_int_equal(fab_mem_map(state->from->dev.mem, BAR2_AT - PAGE, 2 * PAGE, state->fd, 0,
				     FAB_MEM_READ),
			 0);
	assert_int_equal(fab_dma_gather(&req, span, 2, piece, 8, &count, &done), 0);
	assert_int_equal(count, 2);
	assert_ptr_equal(piece[1].host, state->to->dev.bar[2].host);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 8);
	assert_int_equal(only_row(&state->to->dev.bar[2].tally)->bytes, 8);
}

/* Inside a range, and between two */
static void no_more_pieces_than_asked_for(void **ctx)
{
	static const struct fab_span span[] = { { GUEST, 2 * PAGE }, { GUEST + 2 * PAGE, 64 } };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[3] = { { NULL, 0 } };
	uint32_t count, done;

	for (uint32_t max = 1; max <= 2; max++) {
		assert_int_equal(fab_dma_gather(&req, span, 2, piece, max, &count, &done), 0);
		assert_int_equal(count, max);
		assert_int_equal(done, max * PAGE);
		assert_null(piece[max].host);
		assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, done);
		fab_tally_clear(&state->from->dev.to_memory);
	}
}

/* Registers are read by calls: collecting ends before them, without an access. */
static void collecting_ends_at_registers(void **ctx)
{
	static const struct fab_span span[] = { { GUEST, 8 }, { BAR0_AT + 0x1ff8, 16 } };
	static const struct fab_span registers = { BAR0_AT + 0x2000, 8 };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[8];
	uint32_t count, done;

	assert_int_equal(fab_dma_gather(&req, span, 2, piece, 8, &count, &done), 0);
	assert_int_equal(count, 2);
	assert_int_equal(done, 16);
	assert_ptr_equal(piece[1].host, (uint8_t *)state->to->dev.bar[0].host + 0xff8);
	assert_int_equal(fab_dma_gather(&req, &registers, 1, piece, 8, &count, &done), 0);
	assert_int_equal(count, 0);
	assert_int_equal(done, 0);
	assert_int_equal(state->to->accesses, 0);
	assert_int_equal(only_row(&state->to->dev.bar[0].tally)->bytes, 8);
}

static void collecting_fails_as_a_request_does(void **ctx)
{
	static const struct fab_span span[] = { { GUEST, 8 }, { UINT64_MAX - 3, 8 } };
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[8];
	uint32_t count = 9, done = 9;

	assert_int_equal(fab_dma_gather(&req, span, 2, piece, 8, &count, &done), -EFAULT);
	assert_int_equal(count, 1);
	assert_int_equal(done, 8);
	assert_int_equal(state->from->dev.errors_unsupported, 1);
	assert_int_equal(only_row(&state->from->dev.to_memory)->bytes, 8);
	toy_put(state->from, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(fab_dma_gather(&req, span, 2, piece, 8, &count, &done), -EACCES);
	assert_int_equal(count, 0);
	assert_int_equal(state->from->dev.errors_no_master, 1);
}

/* Counted together, but the trace has each TLP with its address. */
static void the_trace_has_the_address_of_each_piece(void **ctx)
{
	static const struct fab_span span[] = {
		{ GUEST + 64, 8 }, { GUEST + 4096, 8 }, { GUEST + 4104, 8 }, { GUEST + 4224, 8 }
	};
	struct state *state = *ctx;
	struct fab_dma req = request(state, false);
	struct fab_bytes piece[2];
	uint32_t count, done;
	uint8_t back[16];
	char *text = NULL;
	size_t size;

	state->fabric->trace = open_memstream(&text, &size);
	assert_int_equal(fab_dma_spans(&req, span, 2, 0, fab_dma_copy_in, back), 0);
	assert_int_equal(fab_dma_gather(&req, span + 2, 2, piece, 2, &count, &done), 0);
	fclose(state->fabric->trace);
	state->fabric->trace = NULL;
	assert_non_null(strstr(text, "\"0x10040\""));
	assert_non_null(strstr(text, "\"0x11000\""));
	assert_non_null(strstr(text, "\"0x11008\""));
	assert_non_null(strstr(text, "\"0x11080\""));
	free(text);
}

/* A BAR that moves, one that is unset, and two at the same address: the first function in the order of the fabric. */
static void routes_follow_the_bars(void **ctx)
{
	struct state *state = *ctx;
	unsigned int bar;
	uint64_t off;

	assert_ptr_equal(fab_fabric_route(state->fabric, 0xfd000000, &bar, &off), &state->from->dev);
	assert_ptr_equal(fab_fabric_route(state->fabric, 0x390000000000 + TOY_BAR2_SIZE - 1, &bar,
					  &off),
			 &state->from->dev);
	assert_true(bar == 2 && off == TOY_BAR2_SIZE - 1);
	assert_false(fab_fabric_claims(state->fabric, 0, 0xfd000000));
	assert_true(fab_fabric_claims(state->fabric, 0, 0xfd000001));
	assert_true(fab_fabric_claims(state->fabric, 0xfd000000 + TOY_BAR0_SIZE - 1, 1));
	assert_false(fab_fabric_claims(state->fabric, 0xfd000000 + TOY_BAR0_SIZE, PAGE));
	assert_false(fab_fabric_claims(state->fabric, 1ull << 32, BAR2_AT - (1ull << 32)));
	assert_true(fab_fabric_claims(state->fabric, 1ull << 32, BAR2_AT + 1 - (1ull << 32)));
	assert_true(fab_fabric_claims(state->fabric, BAR2_AT + 5, 1));
	assert_true(fab_fabric_claims(state->fabric, 0, UINT64_MAX));
	assert_true(fab_fabric_claims(state->fabric, 0x390000000000 + TOY_BAR2_SIZE - 1, PAGE));
	assert_false(fab_fabric_claims(state->fabric, 0x390000000000 + TOY_BAR2_SIZE, PAGE));
	assert_null(fab_fabric_route(state->fabric, 0x390000000000 + TOY_BAR2_SIZE, &bar, &off));
	toy_enable(state->to, BAR0_AT, 0x3a0000000000);
	assert_null(fab_fabric_route(state->fabric, BAR2_AT, &bar, &off));
	assert_ptr_equal(fab_fabric_route(state->fabric, 0x3a0000000007, &bar, &off),
			 &state->to->dev);
	assert_true(bar == 2 && off == 7);
	toy_enable(state->from, 0xfd000000, 0x3a0000000000);
	assert_ptr_equal(fab_fabric_route(state->fabric, 0x3a0000000007, &bar, &off),
			 &state->from->dev);
	toy_put(state->from, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	assert_ptr_equal(fab_fabric_route(state->fabric, 0x3a0000000007, &bar, &off),
			 &state->to->dev);
	assert_null(fab_fabric_route(state->fabric, 0xfd000000, &bar, &off));
	fab_device_detach(&state->to->dev);
	assert_null(fab_fabric_route(state->fabric, 0x3a0000000007, &bar, &off));
	assert_null(fab_fabric_route(state->fabric, BAR0_AT, &bar, &off));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(ranges_follow_each_other_in_the_data),
		TEST(offsets_go_on_from_the_base),
		TEST(targets_are_counted_apart),
		TEST(the_ranges_before_a_bad_one_are_done),
		TEST(pieces_are_collected),
		TEST(pieces_of_one_range_are_counted_exactly),
		TEST(collecting_checks_each_span),
		TEST(a_bar_comes_before_memory_that_was_found),
		TEST(no_more_pieces_than_asked_for),
		TEST(collecting_ends_at_registers),
		TEST(collecting_fails_as_a_request_does),
		TEST(the_trace_has_the_address_of_each_piece),
		TEST(routes_follow_the_bars),
	};

	return cmocka_run_group_tests_name("dma ranges", tests, NULL, NULL);
}
