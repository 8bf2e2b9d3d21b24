/* SPDX-License-Identifier: MIT */
/*
 * Memory keys: inputs of CREATE_MKEY, the edges of every check, translation with pages of any
 * size; a refused access moves no data.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fabric/nic_client.h"

#define VA  0x123456000ull
#define ALL (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)

/* The requests that an access was split into. */
struct pieces {
	uint32_t count, bytes, next_off;
	uint8_t *to;
};

static void piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct pieces *pieces = ctx;

	assert_int_equal(off, pieces->next_off);
	pieces->next_off += len;
	pieces->count++;
	pieces->bytes += len;
	if (pieces->to)
		memcpy(pieces->to + off, host, len);
}

static enum nic_status try_access(struct client *client, uint32_t key, uint32_t pd, uint8_t need,
				  uint64_t va, uint32_t len, struct pieces *pieces)
{
	struct nic_access access = { .key = key,
				     .pd = pd,
				     .need = need,
				     .va = va,
				     .len = len,
				     .write = need & (NIC_LOCAL_WRITE | NIC_REMOTE_WRITE) };
	enum nic_status check = nic_mkey_check(client->nic, &access), status;

	*pieces = (struct pieces){ .to = pieces->to };
	status = nic_mkey_access(client->nic, &access, piece, pieces);
	assert_int_equal(check, status);
	assert_int_equal(pieces->bytes, status == NIC_OK ? len : 0);
	return status;
}

/* A key over scattered pages (every second page of a buffer), start 0x234 into the first, len bytes. */
static uint32_t scattered(struct client *client, uint32_t pd, uint64_t len, uint64_t *bus)
{
	struct nic_mkey like = { .pd = pd,
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .page_shift = 12,
				 .access = ALL,
				 .start = VA + 0x234,
				 .len = len };
	uint32_t pages = (uint32_t)((0x234 + len + NIC_PAGE - 1) / NIC_PAGE), key, i;
	struct nic_mkey *mkey;

	key = client_mkey(client, &like, (pages + 1) / 2);
	mkey = nic_mkey_get(client->nic, key);
	assert_non_null(mkey);
	*bus = rig_alloc(&client->rig, 2ull * pages * NIC_PAGE);
	for (i = 0; i < pages; i++)
		mkey->mtt[i] = (*bus + 2ull * i * NIC_PAGE) | NIC_MTT_READ | NIC_MTT_WRITE;
	return key;
}

static void key_pd_and_access_are_checked(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), other = client_pd(client);
	struct nic_mkey like = { .pd = pd,
				 .mode = MLX5_MKC_ACCESS_MODE_PA,
				 .access = NIC_LOCAL_READ | NIC_REMOTE_WRITE,
				 .length64 = true };
	uint32_t key = client_mkey(client, &like, 0);
	struct pieces pieces = { 0 };

	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces), NIC_OK);
	assert_int_equal(try_access(client, key, pd, NIC_REMOTE_WRITE, RIG_BUS, 8, &pieces), NIC_OK);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key, pd, NIC_REMOTE_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key, other, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key ^ 1, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key + 0x100, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, 0, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, UINT32_MAX, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	nic_mkey_get(client->nic, key)->free = true;
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_MKEY, 0, key >> 8), NIC_CMD_OK);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, RIG_BUS, 8, &pieces),
			 NIC_LOCAL_PROT);
}

static void nothing_needs_only_the_key(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), key;
	struct pieces pieces = { 0 };
	uint64_t bus;

	key = scattered(client, pd, 100, &bus);
	assert_int_equal(try_access(client, key, pd, NIC_REMOTE_WRITE, 0, 0, &pieces), NIC_OK);
	assert_int_equal(try_access(client, key + 0x100, pd, NIC_REMOTE_WRITE, VA, 0, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key + 0x100, pd, 0, VA, 0, &pieces), NIC_OK);
	assert_int_equal(pieces.count, 0);
}

static void bounds_are_exact(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), len = 3 * NIC_PAGE, key;
	uint64_t start = VA + 0x234, bus;
	struct pieces pieces = { 0 };
	const struct {
		uint64_t va;
		uint32_t len;
		enum nic_status status;
	} cases[] = {
		{ start, len, NIC_OK },
		{ start, 1, NIC_OK },
		{ start + len - 1, 1, NIC_OK },
		{ start - 1, 1, NIC_LOCAL_PROT },
		{ start - 1, 2, NIC_LOCAL_PROT },
		{ start, len + 1, NIC_LOCAL_PROT },
		{ start + len, 1, NIC_LOCAL_PROT },
		{ start + len - 1, 2, NIC_LOCAL_PROT },
		{ 0, 1, NIC_LOCAL_PROT },
		{ UINT64_MAX, 1, NIC_LOCAL_PROT },
		{ UINT64_MAX, 2, NIC_LOCAL_PROT },
		{ start, UINT32_MAX, NIC_LOCAL_PROT },
		{ start - 0x234, 1, NIC_LOCAL_PROT }, /* in the first page, before the region */
	};
	uint32_t i;

	key = scattered(client, pd, len, &bus);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, cases[i].va,
					    cases[i].len, &pieces),
				 cases[i].status);
}

static void translation_reaches_the_right_bytes(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), len = 5 * NIC_PAGE, key, off, n;
	uint8_t *got = calloc(1, len);
	struct pieces pieces = { .to = got };
	uint64_t bus;

	assert_non_null(got);
	key = scattered(client, pd, len, &bus);
	rig_fill(&client->rig, bus, 12 * NIC_PAGE, 3);
	for (off = 0; off < len; off += 977) {
		for (n = 1; n <= len - off; n = n * 3 + 1) {
			uint32_t i;

			assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ,
						    VA + 0x234 + off, n, &pieces),
					 NIC_OK);
			for (i = 0; i < n; i++) {
				uint32_t pos = 0x234 + off + i;
				const uint8_t *want =
					rig_at(&client->rig, bus + pos / NIC_PAGE * 2 * NIC_PAGE +
								     pos % NIC_PAGE);

				if (got[i] != *want)
					fail_msg("byte %u of %u at %u", i, n, off);
			}
		}
	}
	free(got);
}

/* 150 pages of which no two follow each other */
static void long_scattered_access_is_whole(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), len = 150 * NIC_PAGE - 0x234, key, i;
	uint8_t *got = calloc(1, len);
	struct pieces pieces = { .to = got };
	uint64_t bus;

	assert_non_null(got);
	key = scattered(client, pd, len, &bus);
	rig_fill(&client->rig, bus, 2 * 150 * NIC_PAGE, 5);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, VA + 0x234, len, &pieces),
			 NIC_OK);
	assert_int_equal(pieces.count, 150);
	assert_memory_equal(got, rig_at(&client->rig, bus + 0x234), NIC_PAGE - 0x234);
	for (i = 1; i < 150; i++)
		assert_memory_equal(got + i * NIC_PAGE - 0x234,
				    rig_at(&client->rig, bus + 2ull * i * NIC_PAGE), NIC_PAGE);
	free(got);
}

/* 1 MiB of 4 KiB pages that follow each other is one request; a gap makes two. */
static void neighbouring_pages_are_one_request(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), i, len = 1u << 20;
	struct nic_mkey like = { .pd = pd,
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .page_shift = 12,
				 .access = ALL,
				 .start = VA,
				 .len = len };
	uint32_t key = client_mkey(client, &like, 128);
	struct nic_mkey *mkey = nic_mkey_get(client->nic, key);
	uint64_t bus = rig_alloc(&client->rig, 2 * len);
	struct pieces pieces = { 0 };

	for (i = 0; i < 256; i++)
		mkey->mtt[i] = (bus + i * NIC_PAGE) | 3;
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, VA, len, &pieces), NIC_OK);
	assert_int_equal(pieces.count, 1);
	for (i = 100; i < 256; i++)
		mkey->mtt[i] += NIC_PAGE;
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, VA, len, &pieces), NIC_OK);
	assert_int_equal(pieces.count, 2);
}

static void large_pages(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), shift;
	uint64_t bus = rig_alloc(&client->rig, 4u << 20);
	struct pieces pieces = { 0 };

	bus = (bus + (2u << 20) - 1) & ~((2ull << 20) - 1);
	for (shift = 13; shift <= 21; shift++) {
		/* starts in the last 100 bytes of its first page, ends 100 bytes into its second */
		struct nic_mkey like = { .pd = pd,
					 .mode = MLX5_MKC_ACCESS_MODE_MTT,
					 .page_shift = (uint8_t)shift,
					 .access = ALL,
					 .start = VA * 0x1000 + (1u << shift) - 100,
					 .len = 200 };
		uint32_t key = client_mkey(client, &like, 1);
		struct nic_mkey *mkey = nic_mkey_get(client->nic, key);
		uint8_t got[200];

		mkey->mtt[0] = bus | 3;
		mkey->mtt[1] = RIG_BUS | 3;
		rig_fill(&client->rig, bus + (1u << shift) - 100, 100, shift);
		rig_fill(&client->rig, RIG_BUS, 100, shift + 100);
		pieces.to = got;
		assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, like.start, 200,
					    &pieces),
				 NIC_OK);
		assert_int_equal(pieces.count, 2);
		assert_memory_equal(got, rig_at(&client->rig, bus + (1u << shift) - 100), 100);
		assert_memory_equal(got + 100, rig_at(&client->rig, RIG_BUS), 100);
	}
}

static void absent_page_stops_the_whole_access(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), key;
	uint64_t start = VA + 0x234, bus;
	struct pieces pieces = { 0 };
	struct nic_mkey *mkey;

	key = scattered(client, pd, 4 * NIC_PAGE, &bus);
	mkey = nic_mkey_get(client->nic, key);
	mkey->mtt[3] = 0;
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, start, 4 * NIC_PAGE, &pieces),
			 NIC_LOCAL_ACCESS);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, start, NIC_PAGE, &pieces),
			 NIC_OK);
	assert_true(client->nic->page_faults > 0);
	mkey->mtt[0] = bus | NIC_MTT_READ; /* present for reads only */
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, start, 8, &pieces),
			 NIC_LOCAL_ACCESS);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, start, 8, &pieces), NIC_OK);
}

static void bus_error_is_reported(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client);
	struct nic_mkey like = {
		.pd = pd, .mode = MLX5_MKC_ACCESS_MODE_PA, .access = ALL, .length64 = true
	};
	struct nic_access access = {
		.pd = pd, .need = NIC_LOCAL_READ, .va = 0xdead00000000, .len = 64
	};
	struct pieces pieces = { 0 };

	access.key = client_mkey(client, &like, 0);
	assert_int_equal(nic_mkey_access(client->nic, &access, piece, &pieces), NIC_REMOTE_OP);
	access.va = UINT64_MAX - 10;
	assert_int_equal(nic_mkey_access(client->nic, &access, piece, &pieces),
			 NIC_LOCAL_PROT); /* would wrap */
	access.va = RIG_NIC_BUS; /* its own registers: a switch does not route back to the sender */
	assert_int_equal(nic_mkey_access(client->nic, &access, piece, &pieces), NIC_REMOTE_OP);
	assert_int_equal(pieces.count, 0);
}

/* A key of unlimited length whose table is short: the table is the bound. */
static void table_bounds_unlimited_keys(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), i;
	struct nic_mkey like = { .pd = pd,
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .page_shift = 12,
				 .access = ALL,
				 .start = 0xfff,
				 .length64 = true };
	uint32_t key = client_mkey(client, &like, 4);
	struct nic_mkey *mkey = nic_mkey_get(client->nic, key);
	struct pieces pieces = { 0 };

	for (i = 0; i < mkey->mtts; i++)
		mkey->mtt[i] = (RIG_BUS + i * NIC_PAGE) | 3;
	assert_int_equal(mkey->mtts, 8);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, 0xfff, 7 * NIC_PAGE + 1,
				    &pieces),
			 NIC_OK);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, 0xfff, 7 * NIC_PAGE + 2,
				    &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, 0x800, 1, &pieces),
			 NIC_LOCAL_PROT);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, UINT64_MAX - 1, 1, &pieces),
			 NIC_LOCAL_PROT);
}

static uint8_t create(struct client *client, void *in, uint32_t len, uint32_t *index)
{
	NIC_LAYOUT(create_mkey_out, out);
	uint8_t status;

	DEVX_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	status = client_exec(client, in, len, out, sizeof(out));
	*index = DEVX_GET(create_mkey_out, out, mkey_index);
	return status;
}

static void unsupported_keys_are_refused(void **state)
{
	struct client *client = *state;
	NIC_LAYOUT(create_mkey_in, good) = { 0 };
	NIC_LAYOUT(create_mkey_in, in);
	uint32_t index, held = client->nic->mtt_entries;

#define REFUSED(field, value, expected)                                             \
	do {                                                                        \
		memcpy(in, good, sizeof(in));                                       \
		DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.field, value);   \
		assert_int_equal(create(client, in, sizeof(in), &index), expected); \
	} while (0)

	DEVX_SET(create_mkey_in, good, memory_key_mkey_entry.pd, client_pd(client));
	DEVX_SET(create_mkey_in, good, memory_key_mkey_entry.access_mode_1_0,
		 MLX5_MKC_ACCESS_MODE_MTT);
	DEVX_SET(create_mkey_in, good, memory_key_mkey_entry.log_page_size, 12);
	REFUSED(access_mode_1_0, MLX5_MKC_ACCESS_MODE_KLMS, NIC_CMD_BAD_PARAM);
	REFUSED(access_mode_1_0, MLX5_MKC_ACCESS_MODE_KSM, NIC_CMD_BAD_PARAM);
	REFUSED(access_mode_4_2, 1, NIC_CMD_BAD_PARAM);
	REFUSED(bsf_en, 1, NIC_CMD_BAD_PARAM);
	REFUSED(ma_translation_mode, 1, NIC_CMD_BAD_PARAM); /* ATS */
	REFUSED(log_page_size, 11, NIC_CMD_BAD_PARAM);
	REFUSED(log_page_size, 63, NIC_CMD_BAD_PARAM);
	REFUSED(pd, 0, NIC_CMD_BAD_RES);
	REFUSED(pd, 0xffffff, NIC_CMD_BAD_RES);
	REFUSED(translations_octword_size, UINT32_MAX, NIC_CMD_LIMIT);
	REFUSED(translations_octword_size, NIC_MAX_MTT / 2 + 1, NIC_CMD_LIMIT);
	memcpy(in, good, sizeof(in));
	DEVX_SET64(create_mkey_in, in, memory_key_mkey_entry.start_addr, UINT64_MAX);
	DEVX_SET64(create_mkey_in, in, memory_key_mkey_entry.len, 2);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_BAD_PARAM);
	assert_int_equal(client->nic->mtt_entries, held);
	assert_int_equal(client->nic->mkeys.used, 0);
	assert_int_equal(create(client, good, sizeof(good), &index), NIC_CMD_OK);
}

/* The last byte of a region may be the last address: start + len is then 2^64. */
static void region_may_end_at_the_last_address(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), key, index;
	uint64_t start = UINT64_MAX - (NIC_PAGE - 1);
	struct nic_mkey like = { .pd = pd,
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .page_shift = 12,
				 .access = ALL,
				 .start = start,
				 .len = NIC_PAGE };
	NIC_LAYOUT(create_mkey_in, in) = { 0 };
	struct pieces pieces = { 0 };

	key = client_mkey(client, &like, 1);
	nic_mkey_get(client->nic, key)->mtt[0] = RIG_BUS | NIC_MTT_READ | NIC_MTT_WRITE;
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_WRITE, start, NIC_PAGE, &pieces),
			 NIC_OK);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, UINT64_MAX, 1, &pieces),
			 NIC_OK);
	assert_int_equal(try_access(client, key, pd, NIC_LOCAL_READ, UINT64_MAX, 2, &pieces),
			 NIC_LOCAL_PROT);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.pd, pd);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.access_mode_1_0,
		 MLX5_MKC_ACCESS_MODE_MTT);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.log_page_size, 12);
	DEVX_SET64(create_mkey_in, in, memory_key_mkey_entry.start_addr, start);
	DEVX_SET64(create_mkey_in, in, memory_key_mkey_entry.len, NIC_PAGE + 1);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_BAD_PARAM);
	DEVX_SET64(create_mkey_in, in, memory_key_mkey_entry.start_addr, 0);
	DEVX_SET64(create_mkey_in, in, memory_key_mkey_entry.len, UINT64_MAX);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_OK);
}

static void translations_are_limited(void **state)
{
	struct client *client = *state;
	struct nic_mkey like = { .pd = client_pd(client),
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .free = true };
	uint32_t key = client_mkey(client, &like, NIC_MAX_MTT / 2);
	NIC_LAYOUT(create_mkey_in, in) = { 0 };
	uint32_t index;

	assert_int_equal(client->nic->mtt_entries, NIC_MAX_MTT);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.pd, like.pd);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.free, 1);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.access_mode_1_0,
		 MLX5_MKC_ACCESS_MODE_MTT);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.translations_octword_size, 1);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_LIMIT);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_MKEY, 0, key >> 8), NIC_CMD_OK);
	assert_int_equal(client->nic->mtt_entries, 0);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_OK);
}

/* Entries in the command: without pg_access all entries other than 0 are present. */
static void inline_translations(void **state)
{
	struct client *client = *state;
	uint8_t in[DEVX_ST_SZ_BYTES(create_mkey_in) + 32] __attribute__((aligned(8))) = { 0 };
	uint64_t entry[4] = { htobe64(RIG_BUS), 0, htobe64(RIG_BUS + NIC_PAGE),
			      htobe64((RIG_BUS + 3 * NIC_PAGE) | 1) };
	uint32_t pd = client_pd(client), index;
	const struct nic_mkey *mkey;

	memcpy(in + DEVX_ST_SZ_BYTES(create_mkey_in), entry, sizeof(entry));
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.pd, pd);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.access_mode_1_0,
		 MLX5_MKC_ACCESS_MODE_MTT);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.log_page_size, 12);
	DEVX_SET(create_mkey_in, in, memory_key_mkey_entry.translations_octword_size, 2);
	DEVX_SET(create_mkey_in, in, translations_octword_actual_size, 3);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_BAD_IN_LEN);
	DEVX_SET(create_mkey_in, in, translations_octword_actual_size, 2);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_OK);
	mkey = nic_ids_find(&client->nic->mkeys, index);
	assert_int_equal(mkey->mtt[0], RIG_BUS | 3);
	assert_int_equal(mkey->mtt[1], 0);
	assert_int_equal(mkey->mtt[3], (RIG_BUS + 3 * NIC_PAGE) | 3);
	DEVX_SET(create_mkey_in, in, pg_access, 1);
	assert_int_equal(create(client, in, sizeof(in), &index), NIC_CMD_OK);
	mkey = nic_ids_find(&client->nic->mkeys, index);
	assert_int_equal(mkey->mtt[0], RIG_BUS);
	assert_int_equal(mkey->mtt[3], (RIG_BUS + 3 * NIC_PAGE) | 1);
}

static void query_returns_what_was_created(void **state)
{
	struct client *client = *state;
	struct nic_mkey like = { .pd = client_pd(client),
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .page_shift = 16,
				 .free = true,
				 .umr_en = true,
				 .access = NIC_LOCAL_WRITE | NIC_REMOTE_READ,
				 .start = VA,
				 .len = 0x123456789,
				 .tph_en = true,
				 .tph_ph = 2,
				 .tph_index = 0x5a };
	NIC_LAYOUT(query_mkey_in, in) = { 0 };
	NIC_LAYOUT(query_mkey_out, out);
	unsigned char *mkc = DEVX_ADDR_OF(query_mkey_out, out, memory_key_mkey_entry);

	DEVX_SET(query_mkey_in, in, opcode, MLX5_CMD_OP_QUERY_MKEY);
	DEVX_SET(query_mkey_in, in, mkey_index, client_mkey(client, &like, 20) >> 8);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mkc, mkc, pcie_tph_en), 1);
	assert_int_equal(DEVX_GET(mkc, mkc, pcie_tph_ph), 2);
	assert_int_equal(DEVX_GET(mkc, mkc, pcie_tph_steering_tag_index), 0x5a);
	assert_int_equal(be32toh(((uint32_t *)mkc)[15]), 0x065a0000);
	assert_int_equal(DEVX_GET(mkc, mkc, free), 1);
	assert_int_equal(DEVX_GET(mkc, mkc, lw), 1);
	assert_int_equal(DEVX_GET(mkc, mkc, rw), 0);
	assert_int_equal(DEVX_GET(mkc, mkc, log_page_size), 16);
	assert_int_equal(DEVX_GET64(mkc, mkc, len), 0x123456789);
	assert_int_equal(DEVX_GET(mkc, mkc, mkey_7_0), 0x42);
}

/* The hint of the key is on its payload only while the function's requester enable is set. */
static void hint_follows_the_requester_enable(void **state)
{
	struct client *client = *state;
	struct nic_mkey like = { .pd = client_pd(client),
				 .mode = MLX5_MKC_ACCESS_MODE_PA,
				 .length64 = true,
				 .access = ALL,
				 .tph_en = true,
				 .tph_ph = 1,
				 .tph_index = 2 };
	uint32_t key = client_mkey(client, &like, 0);
	const struct fab_sent *sent = &client->nic->dev.sent[FAB_ORIGIN_PAYLOAD];
	struct pieces pieces = { 0 };

	assert_int_equal(try_access(client, key, like.pd, NIC_LOCAL_WRITE, RIG_BUS, 1024, &pieces),
			 NIC_OK);
	assert_int_equal(sent->tagged, 0);
	rig_tph_enable(client->nic, FAB_TPH_EXT, 2, 0x1234);
	assert_int_equal(try_access(client, key, like.pd, NIC_LOCAL_WRITE, RIG_BUS, 1024, &pieces),
			 NIC_OK);
	assert_int_equal(sent->tagged, 1024 / fab_cfg_mps(&client->nic->dev));
	assert_int_equal(client->nic->dev.sent[FAB_ORIGIN_COMMAND].tagged, 0);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(key_pd_and_access_are_checked),
		BOOTED(nothing_needs_only_the_key),
		BOOTED(bounds_are_exact),
		BOOTED(translation_reaches_the_right_bytes),
		BOOTED(long_scattered_access_is_whole),
		BOOTED(neighbouring_pages_are_one_request),
		BOOTED(large_pages),
		BOOTED(absent_page_stops_the_whole_access),
		BOOTED(bus_error_is_reported),
		BOOTED(table_bounds_unlimited_keys),
		BOOTED(unsupported_keys_are_refused),
		BOOTED(region_may_end_at_the_last_address),
		BOOTED(translations_are_limited),
		BOOTED(inline_translations),
		BOOTED(query_returns_what_was_created),
		BOOTED(hint_follows_the_requester_enable),
	};

	return cmocka_run_group_tests_name("nic_mkey", tests, NULL, NULL);
}
