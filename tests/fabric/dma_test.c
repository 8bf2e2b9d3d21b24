// SPDX-License-Identifier: MIT
/* DMA: routing, data, counters; tallies, trace and report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "tests/fabric/toy.h"

#define PAGE	4096u
#define BAR0_AT 0xfe000000u
#define BAR2_AT 0x380000000000ull

struct state {
	struct fab_fabric *fabric;
	struct toy *from, *to;
};

static int setup(void **ctx)
{
	static struct state state;

	state.fabric = toy_fabric();
	state.from = toy_add(state.fabric, "from", &toy_opts);
	state.to = toy_add(state.fabric, "to", &toy_opts);
	toy_enable(state.from, 0xfd000000, 0x390000000000);
	toy_enable(state.to, BAR0_AT, BAR2_AT);
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	fab_fabric_free(((struct state *)*ctx)->fabric);
	return 0;
}

static uint64_t sum(const struct fab_tally *tally, bool bytes)
{
	uint64_t total = 0;
	uint32_t i;

	for (i = 0; i < tally->nrows; i++)
		total += bytes ? tally->rows[i].bytes : tally->rows[i].tlps;
	return total;
}

static void fill(uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void tlp_count(void **ctx)
{
	static const struct {
		uint64_t addr;
		uint32_t len, max, expect;
	} rows[] = {
		{ 0, 0, 128, 0 },     { 0, 1, 128, 1 },		 { 0, 128, 128, 1 },
		{ 0, 129, 128, 2 },   { 127, 1, 128, 1 },	 { 127, 2, 128, 2 },
		{ 127, 130, 128, 3 }, { 0, 1 << 20, 256, 4096 }, { 1, 1 << 20, 256, 4097 },
		{ 4095, 2, 4096, 2 }, { UINT64_MAX, 1, 128, 1 }, { 0, UINT32_MAX, 128, 1u << 25 },
	};
	uint32_t addr, len, i, count;

	(void)ctx;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(fab_tlp_count(rows[i].addr, rows[i].len, rows[i].max),
				 rows[i].expect);
	for (addr = 0; addr < 300; addr += 7) {
		for (len = 1; len < 700; len += 3) {
			for (count = 1, i = addr + 1; i < addr + len; i++)
				count += i % 256 == 0;
			assert_int_equal(fab_tlp_count(addr, len, 256), count);
		}
	}
}

static void write_to_peer_memory(void **ctx)
{
	static const struct {
		uint32_t off, len, mps_field, tlps;
	} rows[] = {
		{ 0, 1, 0, 1 },
		{ 0, 128, 0, 1 },
		{ 1, 128, 0, 2 },
		{ 4095, 2, 1, 2 },
		{ 3, 8191, 2, 17 },
		{ 0, TOY_BAR2_SIZE, 0, 8192 },
		{ 0, TOY_BAR2_SIZE, 1, 4096 },
		{ 0, TOY_BAR2_SIZE, 2, 2048 },
		{ TOY_BAR2_SIZE - 1, 1, 2, 1 },
		{ 777, 65537, 1, 257 },
	};
	struct state *state = *ctx;
	uint8_t *data = malloc(TOY_BAR2_SIZE), *memory = state->to->dev.bar[2].host;
	struct fab_tally *tally = &state->to->dev.bar[2].tally;
	unsigned int i;

	fill(data, TOY_BAR2_SIZE);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(memory, 0xee, TOY_BAR2_SIZE);
		fab_tally_clear(tally);
		toy_put(state->from, state->from->dev.pcie_cap + PCI_EXP_DEVCTL,
			0x2000 | rows[i].mps_field << 5, 2);
		assert_int_equal(fab_dma_write(&state->from->dev, FAB_ORIGIN_PAYLOAD,
					       BAR2_AT + rows[i].off, data, rows[i].len),
				 0);
		assert_memory_equal(memory + rows[i].off, data, rows[i].len);
		assert_true(!rows[i].off || memory[rows[i].off - 1] == 0xee);
		assert_true(rows[i].off + rows[i].len == TOY_BAR2_SIZE ||
			    memory[rows[i].off + rows[i].len] == 0xee);
		assert_int_equal(tally->nrows, 1);
		assert_int_equal(tally->rows[0].kind, FAB_TLP_MWR);
		assert_int_equal(tally->rows[0].tlps, rows[i].tlps);
		assert_int_equal(tally->rows[0].bytes, rows[i].len);
	}
	assert_int_equal(state->to->runs, i);
	free(data);
}

static void read_uses_read_request_size(void **ctx)
{
	struct state *state = *ctx;
	uint8_t data[4000], back[4000];

	fill(data, sizeof(data));
	memcpy((uint8_t *)state->to->dev.bar[2].host + 5, data, sizeof(data));
	assert_int_equal(fab_dma_read(&state->from->dev, FAB_ORIGIN_XLT, BAR2_AT + 5, back,
				      sizeof(back)),
			 0);
	assert_memory_equal(back, data, sizeof(data));
	assert_int_equal(state->to->dev.bar[2].tally.rows[0].kind, FAB_TLP_MRD);
	assert_int_equal(state->to->dev.bar[2].tally.rows[0].tlps, 8);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_XLT].tlps, 8);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_XLT].bytes, 4000);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_PAYLOAD].tlps, 0);
}

static void copy_in(void *ctx, void *host, uint32_t off, uint32_t len)
{
	memcpy(host, (uint8_t *)ctx + off, len);
}

static void hints_are_counted_apart(void **ctx)
{
	static const struct fab_tph hints[] = {
		{ 0 },
		{ true, false, 2, 0x5a },
		{ true, false, 1, 0x5a },
		{ true, true, 2, 0x5a },
		{ true, true, 2, 0x1234 },
	};
	struct state *state = *ctx;
	struct fab_dma req = { .dev = &state->from->dev, .write = true, .addr = BAR2_AT };
	struct fab_tally *tally = &state->to->dev.bar[2].tally;
	uint8_t data[1280] = { 0 };
	unsigned int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 5; i++) {
			req.tph = hints[i];
			req.len = 128 * (i + 1);
			assert_int_equal(fab_dma(&req, copy_in, data), 0);
		}
	}
	assert_int_equal(tally->nrows, 5);
	for (i = 0; i < 5; i++) {
		assert_memory_equal(&tally->rows[i].tph, &hints[i], sizeof(hints[i]));
		assert_int_equal(tally->rows[i].tlps, 3 * (i + 1));
		assert_int_equal(tally->rows[i].bytes, 3 * 128 * (i + 1));
	}
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_PAYLOAD].tlps, 45);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_PAYLOAD].tagged, 42);
	assert_int_equal(sum(&state->from->dev.to_memory, false), 0);
}

struct pieces {
	uint8_t *data;
	unsigned int n;
	uint32_t off[8], len[8];
};

static void note_piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct pieces *pieces = ctx;

	assert_true(pieces->n < 8);
	pieces->off[pieces->n] = off;
	pieces->len[pieces->n++] = len;
	memcpy(host, pieces->data + off, len);
}

/* One request over guest memory of two files, split at their boundary. */
static void guest_memory_in_pieces(void **ctx)
{
	struct state *state = *ctx;
	struct fab_mem *mem = state->from->dev.mem;
	int fd = toy_memory(4 * PAGE);
	uint8_t data[2 * PAGE], back[2 * PAGE];
	struct pieces pieces = { .data = data };
	struct fab_dma req = {
		.dev = &state->from->dev, .write = true, .addr = 0x1000 + 100, .len = 6000
	};

	fill(data, sizeof(data));
	assert_int_equal(fab_mem_map(mem, 0x1000, PAGE, fd, 3 * PAGE, FAB_MEM_READ | FAB_MEM_WRITE),
			 0);
	assert_int_equal(fab_mem_map(mem, 0x2000, PAGE, fd, 0, FAB_MEM_READ | FAB_MEM_WRITE), 0);
	assert_int_equal(fab_dma(&req, note_piece, &pieces), 0);
	assert_int_equal(pieces.n, 2);
	assert_int_equal(pieces.off[0], 0);
	assert_int_equal(pieces.len[0], PAGE - 100);
	assert_int_equal(pieces.off[1], PAGE - 100);
	assert_int_equal(pieces.len[1], 6000 - (PAGE - 100));
	assert_int_equal(pread(fd, back, PAGE - 100, 3 * PAGE + 100), PAGE - 100);
	assert_int_equal(pread(fd, back + PAGE - 100, 6000 - (PAGE - 100), 0), 6000 - (PAGE - 100));
	assert_memory_equal(back, data, 6000);
	assert_int_equal(sum(&state->from->dev.to_memory, true), 6000);
	assert_int_equal(sum(&state->from->dev.to_memory, false),
			 fab_tlp_count(0x1000 + 100, 6000, 128));
	close(fd);
}

static void unsupported_requests(void **ctx)
{
	struct state *state = *ctx;
	struct fab_device *from = &state->from->dev;
	int fd = toy_memory(PAGE);
	uint8_t data[3 * PAGE] = { 1 };
	uint64_t before = 0;

	assert_int_equal(fab_mem_map(from->mem, 0x1000, PAGE, fd, 0, FAB_MEM_READ), 0);
	assert_int_equal(fab_mem_map(from->mem, 0x8000, PAGE, -1, 0, FAB_MEM_READ | FAB_MEM_WRITE),
			 0);
#define UNSUPPORTED(call)                                           \
	do {                                                        \
		before++;                                           \
		assert_int_equal(call, -EFAULT);                    \
		assert_int_equal(from->errors_unsupported, before); \
	} while (0)
	UNSUPPORTED(fab_dma_write(from, FAB_ORIGIN_CQE, 0x5000, data, 8)); /* unmapped */
	UNSUPPORTED(fab_dma_write(from, FAB_ORIGIN_CQE, 0x1000, data, 8)); /* read-only */
	UNSUPPORTED(fab_dma_read(from, FAB_ORIGIN_WQE, 0x8000, data, 8)); /* mapped without a file */
	UNSUPPORTED(fab_dma_read(from, FAB_ORIGIN_WQE, 0x1000, data, PAGE + 1));  /* over the end */
	UNSUPPORTED(fab_dma_read(from, FAB_ORIGIN_WQE, UINT64_MAX - 3, data, 8)); /* wraps */
	UNSUPPORTED(fab_dma_write(from, FAB_ORIGIN_CQE, 0x390000000000, data, 8)); /* its own BAR */
	UNSUPPORTED(fab_dma_write(from, FAB_ORIGIN_CQE, BAR2_AT + TOY_BAR2_SIZE - 4, data,
				  8)); /* over the end of a BAR */
	toy_put(state->to, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	UNSUPPORTED(fab_dma_write(from, FAB_ORIGIN_CQE, BAR2_AT, data, 8)); /* decoding off */
	toy_put(state->to, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 2);
	toy_put(state->to, state->to->dev.pm_cap + PCI_PM_CTRL, 3, 2);
	UNSUPPORTED(fab_dma_write(from, FAB_ORIGIN_CQE, BAR2_AT, data, 8)); /* D3hot */
#undef UNSUPPORTED
	assert_int_equal(sum(&state->to->dev.bar[2].tally, true),
			 4); /* the part before the end of the BAR */
	close(fd);
}

static void bus_master_off(void **ctx)
{
	struct state *state = *ctx;
	uint8_t data[8] = { 0 };

	toy_put(state->from, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(fab_dma_write(&state->from->dev, FAB_ORIGIN_EQE, BAR2_AT, data, 8),
			 -EACCES);
	assert_int_equal(state->from->dev.errors_no_master, 1);
	assert_int_equal(state->to->dev.bar[2].tally.nrows, 0);
}

static void empty_request_touches_nothing(void **ctx)
{
	struct state *state = *ctx;

	assert_int_equal(fab_dma_write(&state->from->dev, FAB_ORIGIN_EQE, 0x5000, NULL, 0), 0);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_EQE].tlps, 0);
}

/*
 * Registers before and after the memory page of BAR0: accesses are naturally aligned and cover
 * the request exactly.
 */
static void peer_registers(void **ctx)
{
	struct state *state = *ctx;
	struct toy *to = state->to;
	uint8_t data[PAGE + 32], back[PAGE + 32];
	uint64_t next = 0xfeb;
	unsigned int i;

	fill(data, sizeof(data));
	assert_int_equal(fab_dma_write(&state->from->dev, FAB_ORIGIN_PAYLOAD, BAR0_AT + 0xfeb, data,
				       0x15 + PAGE + 3),
			 0);
	for (i = 0; i < to->accesses; i++) {
		assert_true(to->access[i].write && to->access[i].bar == 0);
		assert_int_equal(to->access[i].off & (to->access[i].len - 1), 0);
		next = next == 0x1000 ? 0x2000 : next;
		assert_int_equal(to->access[i].off, next);
		next += to->access[i].len;
	}
	assert_int_equal(next, 0x2003);
	assert_memory_equal(to->registers + 0xfeb, data, 0x15);
	assert_memory_equal(to->dev.bar[0].host, data + 0x15, PAGE);
	assert_memory_equal(to->registers + 0x2000, data + 0x15 + PAGE, 3);
	assert_int_equal(sum(&to->dev.bar[0].tally, true), 0x15 + PAGE + 3);
	assert_int_equal(fab_dma_read(&state->from->dev, FAB_ORIGIN_PAYLOAD, BAR0_AT + 0xfeb, back,
				      0x15 + PAGE + 3),
			 0);
	assert_memory_equal(back, data, 0x15 + PAGE + 3);
}

static void bar_wins_over_guest_memory(void **ctx)
{
	struct state *state = *ctx;
	int fd = toy_memory(PAGE);
	uint8_t data[8] = "payload", back[8];

	assert_int_equal(fab_mem_map(state->from->dev.mem, BAR2_AT, PAGE, fd, 0,
				     FAB_MEM_READ | FAB_MEM_WRITE),
			 0);
	assert_int_equal(fab_dma_write(&state->from->dev, FAB_ORIGIN_PAYLOAD, BAR2_AT, data, 8), 0);
	assert_memory_equal(state->to->dev.bar[2].host, data, 8);
	assert_int_equal(pread(fd, back, 8, 0), 8);
	assert_int_equal(back[0], 0);
	close(fd);
}

static void routing(void **ctx)
{
	struct state *state = *ctx;
	unsigned int bar = 9;
	uint64_t off = 9;

	assert_ptr_equal(fab_fabric_route(state->fabric, BAR2_AT + 3, &bar, &off), &state->to->dev);
	assert_int_equal(bar, 2);
	assert_int_equal(off, 3);
	assert_ptr_equal(fab_fabric_route(state->fabric, 0xfd000000 + TOY_BAR0_SIZE - 1, &bar, &off),
			 &state->from->dev);
	assert_int_equal(bar, 0);
	assert_int_equal(off, TOY_BAR0_SIZE - 1);
	assert_null(fab_fabric_route(state->fabric, 0xfd000000 + TOY_BAR0_SIZE, &bar, &off));
	assert_null(fab_fabric_route(state->fabric, BAR2_AT - 1, &bar, &off));
	assert_null(fab_fabric_route(state->fabric, 0, &bar, &off));
	assert_ptr_equal(fab_fabric_find(state->fabric, "to"), &state->to->dev);
	assert_null(fab_fabric_find(state->fabric, "nobody"));
}

static void tally_limit(void **ctx)
{
	struct fab_tally tally = { .nrows = 0 };
	struct fab_tlp_run run = {
		.kind = FAB_TLP_MWR, .len = 10, .count = 2, .tph = { .th = true, .extended = true }
	};
	unsigned int round, st;

	(void)ctx;
	for (round = 0; round < 2; round++) {
		for (st = 0; st < FAB_TALLY_MAX + 100; st++) {
			run.tph.st = (uint16_t)st;
			fab_tally_add(&tally, &run);
		}
	}
	assert_int_equal(tally.nrows, FAB_TALLY_MAX);
	assert_int_equal(tally.other_tlps, 2 * 100 * 2);
	assert_int_equal(tally.other_bytes, 2 * 100 * 10);
	for (st = 0; st < FAB_TALLY_MAX; st++) {
		assert_int_equal(tally.rows[st].tph.st, st);
		assert_int_equal(tally.rows[st].tlps, 4);
		assert_int_equal(tally.rows[st].bytes, 20);
	}
	fab_tally_clear(&tally);
	assert_int_equal(tally.nrows + tally.other_tlps, 0);
	fab_tally_add(&tally, &run);
	assert_int_equal(tally.nrows, 1);
	fab_tally_clear(&tally);
}

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	assert_true(cJSON_IsNumber(item));
	return item->valuedouble;
}

static void trace_has_one_line_for_each_tlp(void **ctx)
{
	struct state *state = *ctx;
	struct fab_dma req = { .dev = &state->from->dev,
			       .write = true,
			       .addr = BAR2_AT + 100,
			       .len = 400,
			       .tph = { .th = true, .extended = true, .ph = 2, .st = 0x1234 } };
	uint8_t data[400] = { 0 };
	char *text = NULL, *line, *save = NULL;
	size_t size;
	uint64_t next = BAR2_AT + 100;
	unsigned int lines = 0;
	cJSON *json;

	state->fabric->trace = open_memstream(&text, &size);
	assert_int_equal(fab_dma(&req, copy_in, data), 0);
	fclose(state->fabric->trace);
	state->fabric->trace = NULL;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++) {
		json = cJSON_Parse(line);
		assert_non_null(json);
		assert_string_equal(cJSON_GetObjectItem(json, "requester")->valuestring, "from");
		assert_string_equal(cJSON_GetObjectItem(json, "target")->valuestring, "to");
		assert_string_equal(cJSON_GetObjectItem(json, "kind")->valuestring, "MWr");
		assert_string_equal(cJSON_GetObjectItem(json, "origin")->valuestring, "payload");
		assert_int_equal(strtoull(cJSON_GetObjectItem(json, "addr")->valuestring, NULL, 0),
				 next);
		assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "th")));
		assert_int_equal(number(json, "bar"), 2);
		assert_int_equal(number(json, "width"), 16);
		assert_string_equal(cJSON_GetObjectItem(json, "st")->valuestring, "0x1234");
		assert_int_equal(number(json, "ph"), 2);
		assert_in_range((uint64_t)number(json, "len"), 1, 128);
		next += (uint64_t)number(json, "len");
		cJSON_Delete(json);
	}
	assert_int_equal(next, BAR2_AT + 500);
	assert_int_equal(lines, state->to->dev.bar[2].tally.rows[0].tlps);
	free(text);
}

static void report_and_clear(void **ctx)
{
	struct state *state = *ctx;
	struct fab_dma req = { .dev = &state->from->dev,
			       .write = true,
			       .addr = BAR2_AT,
			       .len = 256,
			       .tph = { .th = true, .ph = 1, .st = 7 } };
	uint8_t data[256] = { 0 };
	cJSON *report, *device, *row;

	assert_int_equal(fab_dma(&req, copy_in, data), 0);
	report = fab_report(state->fabric);
	device = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "devices"), 1);
	assert_string_equal(cJSON_GetObjectItem(device, "name")->valuestring, "to");
	row = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(device,
											    "bars"),
									1),
						     "received"),
				 0);
	assert_int_equal(number(row, "tlps"), 2);
	assert_int_equal(number(row, "bytes"), 256);
	assert_int_equal(number(row, "width"), 8);
	assert_string_equal(cJSON_GetObjectItem(row, "st")->valuestring, "0x7");
	assert_int_equal(number(row, "ph"), 1);
	cJSON_Delete(report);
	fab_fabric_clear(state->fabric);
	assert_int_equal(state->to->dev.bar[2].tally.nrows, 0);
	assert_int_equal(state->from->dev.sent[FAB_ORIGIN_PAYLOAD].tlps, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tlp_count),
		TEST(write_to_peer_memory),
		TEST(read_uses_read_request_size),
		TEST(hints_are_counted_apart),
		TEST(guest_memory_in_pieces),
		TEST(unsupported_requests),
		TEST(bus_master_off),
		TEST(empty_request_touches_nothing),
		TEST(peer_registers),
		TEST(bar_wins_over_guest_memory),
		TEST(routing),
		cmocka_unit_test(tally_limit),
		TEST(trace_has_one_line_for_each_tlp),
		TEST(report_and_clear),
	};

	return cmocka_run_group_tests_name("dma", tests, NULL, NULL);
}
