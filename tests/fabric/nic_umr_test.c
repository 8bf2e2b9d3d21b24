/* SPDX-License-Identifier: MIT */
/*
 * UMR: permissions, masks, translation entries inline and by data segment at any offset; a
 * refused request does not change the key.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fabric/nic/keys/umr.h"
#include "tests/fabric/nic_client.h"

#define VA     0x7f0000001000ull
#define ACCESS (NIC_UMR_LR | NIC_UMR_LW | NIC_UMR_RR | NIC_UMR_RW)
#define ENABLE                                                                                 \
	(NIC_UMR_FREE | NIC_UMR_KEY | NIC_UMR_PD | ACCESS | NIC_UMR_LEN | NIC_UMR_START_ADDR | \
	 NIC_UMR_PAGE_SIZE)
#define FIXED	  128u /* ctrl, UMR control, context */
#define OCTOWORDS 32u  /* of the pool keys here: 64 entries */

struct fixture {
	struct client *client;
	uint32_t pd, user_pd; /* of the driver, of a user */
	struct nic_qp *qp;    /* the driver's UMR QP */
	uint32_t lkey;	      /* PA key of the driver's PD */
	uint32_t key;	      /* as from a pool: free, in the driver's PD */
	struct nic_mkey *mkey;
	uint64_t table; /* bus address of entries */
};

static uint8_t wqe[1024] __attribute__((aligned(8)));
static uint32_t wqe_len;

static struct fixture fixture(struct client *client)
{
	struct fixture f = { .client = client,
			     .pd = client_pd(client),
			     .user_pd = client_pd(client) };
	struct client_queue eq = client_eq(client, 4, 0, 0), cq = client_cq(client, 6, eq.number);
	struct nic_mkey pa = { .pd = f.pd,
			       .mode = MLX5_MKC_ACCESS_MODE_PA,
			       .length64 = true,
			       .access = NIC_LOCAL_READ | NIC_LOCAL_WRITE };
	struct nic_mkey pool = { .pd = f.pd,
				 .mode = MLX5_MKC_ACCESS_MODE_MTT,
				 .free = true,
				 .umr_en = true,
				 .page_shift = 12,
				 .tph_en = true,
				 .tph_ph = 3,
				 .tph_index = 9 };

	f.qp = nic_qp_get(client->nic,
			  client_qp(client, MLX5_QPC_ST_REG_UMR, f.pd, cq.number).number);
	f.lkey = client_mkey(client, &pa, 0);
	f.key = client_mkey(client, &pool, OCTOWORDS);
	f.mkey = nic_mkey_get(client->nic, f.key);
	f.table = rig_alloc(&client->rig, 4 * NIC_PAGE);
	return f;
}

/* A request without entries. */
static void start(const struct fixture *f, uint8_t flags, uint64_t mask)
{
	struct mlx5_wqe_ctrl_seg *ctrl = (void *)wqe;
	struct mlx5_wqe_umr_ctrl_seg *seg = (void *)(wqe + 16);
	unsigned char *mkc = wqe + 64;

	memset(wqe, 0, sizeof(wqe));
	ctrl->opmod_idx_opcode = htobe32(MLX5_OPCODE_UMR);
	ctrl->imm = htobe32(f->key);
	seg->flags = flags;
	seg->mkey_mask = htobe64(mask);
	DEVX_SET(mkc, mkc, lr, 1);
	DEVX_SET(mkc, mkc, rw, 1);
	DEVX_SET(mkc, mkc, lw, 1);
	DEVX_SET(mkc, mkc, mkey_7_0, f->key & 0xff);
	DEVX_SET(mkc, mkc, pd, f->user_pd);
	DEVX_SET64(mkc, mkc, start_addr, VA);
	DEVX_SET64(mkc, mkc, len, 64 * NIC_PAGE);
	DEVX_SET(mkc, mkc, log_page_size, 12);
	wqe_len = FIXED;
}

/* octowords of entries at octoword offset, from the table or inline */
static void entries(const struct fixture *f, uint32_t octowords, uint64_t offset, bool is_inline)
{
	struct mlx5_wqe_umr_ctrl_seg *seg = (void *)(wqe + 16);
	struct mlx5_wqe_data_seg *data = (void *)(wqe + FIXED);
	uint32_t high = htobe32((uint32_t)(offset >> 16));

	seg->klm_octowords = htobe16((uint16_t)octowords);
	seg->translation_offset = htobe16((uint16_t)offset);
	memcpy(seg->rsvd1, &high, sizeof(high));
	seg->flags |= NIC_UMR_OFFSET | (is_inline ? NIC_UMR_INLINE : 0);
	if (is_inline) {
		memcpy(wqe + FIXED, rig_at(&f->client->rig, f->table), octowords * 16);
		wqe_len = FIXED + octowords * 16;
	} else {
		data->byte_count = htobe32(octowords * 16);
		data->lkey = htobe32(f->lkey);
		data->addr = htobe64(f->table);
		wqe_len = FIXED + 16;
	}
}

static uint64_t entry_value(uint32_t i)
{
	return (RIG_BUS + (uint64_t)i * 2 * NIC_PAGE) | NIC_MTT_READ | NIC_MTT_WRITE;
}

static void fill_table(const struct fixture *f, uint32_t n)
{
	uint8_t *table = rig_at(&f->client->rig, f->table);
	uint64_t entry;
	uint32_t i;

	for (i = 0; i < n; i++) {
		entry = htobe64(entry_value(i));
		memcpy(table + i * sizeof(entry), &entry, sizeof(entry));
	}
}

static enum nic_status run(const struct fixture *f)
{
	uint8_t *exact = malloc(wqe_len ? wqe_len : 1); /* a read beyond its end is found */
	enum nic_status status;

	assert_non_null(exact);
	memcpy(exact, wqe, wqe_len);
	status = nic_umr_execute(f->qp, exact, wqe_len);
	free(exact);
	return status;
}

static void same_key(const struct nic_mkey *key, const struct nic_mkey *want)
{
	assert_int_equal(key->variant, want->variant);
	assert_int_equal(key->free, want->free);
	assert_int_equal(key->umr_en, want->umr_en);
	assert_int_equal(key->mode, want->mode);
	assert_int_equal(key->access, want->access);
	assert_int_equal(key->length64, want->length64);
	assert_int_equal(key->pd, want->pd);
	assert_int_equal(key->start, want->start);
	assert_int_equal(key->len, want->len);
	assert_int_equal(key->page_shift, want->page_shift);
	assert_ptr_equal(key->mtt, want->mtt);
	assert_int_equal(key->mtts, want->mtts);
	assert_int_equal(key->tph_en, want->tph_en);
	assert_int_equal(key->tph_ph, want->tph_ph);
	assert_int_equal(key->tph_index, want->tph_index);
}

/* A request that must fail with status and change nothing. */
static void refused(const struct fixture *f, enum nic_status status)
{
	struct nic_mkey before = *f->mkey;
	uint64_t mtt[OCTOWORDS * 2];

	memcpy(mtt, before.mtt, sizeof(mtt));
	assert_int_equal(run(f), status);
	same_key(f->mkey, &before);
	assert_memory_equal(f->mkey->mtt, mtt, sizeof(mtt));
}

static void enable_and_revoke(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t i;

	fill_table(&f, 64);
	start(&f, NIC_UMR_CHECK_NOT_FREE, ENABLE);
	entries(&f, OCTOWORDS, 0, false);
	assert_int_equal(run(&f), NIC_OK);
	assert_false(f.mkey->free);
	assert_int_equal(f.mkey->pd, f.user_pd);
	assert_int_equal(f.mkey->access, NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_WRITE);
	assert_int_equal(f.mkey->start, VA);
	assert_int_equal(f.mkey->len, 64 * NIC_PAGE);
	for (i = 0; i < 64; i++)
		assert_int_equal(f.mkey->mtt[i], entry_value(i));

	start(&f, NIC_UMR_INLINE, NIC_UMR_FREE | NIC_UMR_PD); /* as mlx5r_umr_revoke_mr() */
	DEVX_SET(mkc, wqe + 64, free, 1);
	DEVX_SET(mkc, wqe + 64, pd, f.pd);
	assert_int_equal(run(&f), NIC_OK);
	assert_true(f.mkey->free);
	assert_int_equal(f.mkey->pd, f.pd);
	assert_int_equal(f.mkey->mtt[5], entry_value(5));
}

static void steering_fields_survive(void **state)
{
	struct fixture f = fixture(*state);

	start(&f, 0, ENABLE);
	DEVX_SET(mkc, wqe + 64, pcie_tph_en, 0);
	DEVX_SET(mkc, wqe + 64, pcie_tph_ph, 1);
	assert_int_equal(run(&f), NIC_OK);
	assert_true(f.mkey->tph_en);
	assert_int_equal(f.mkey->tph_ph, 3);
	assert_int_equal(f.mkey->tph_index, 9);
}

static void mask_selects_fields(void **state)
{
	struct fixture f = fixture(*state);
	const uint64_t bits[] = { NIC_UMR_LEN, NIC_UMR_PAGE_SIZE, NIC_UMR_START_ADDR,
				  NIC_UMR_PD,  NIC_UMR_KEY,	  NIC_UMR_LR,
				  NIC_UMR_LW,  NIC_UMR_RW,	  NIC_UMR_FREE };
	const uint64_t known = ENABLE | NIC_UMR_A | NIC_UMR_EN_RINVAL | NIC_UMR_QPN |
			       NIC_UMR_SMALL_FENCE;
	uint32_t i, b;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct nic_mkey before = *f.mkey, want = before;

		start(&f, 0, bits[i]);
		DEVX_SET(mkc, wqe + 64, log_page_size, 16);
		DEVX_SET(mkc, wqe + 64, mkey_7_0, 0x43);
		DEVX_SET(mkc, wqe + 64, free, 1);
		assert_int_equal(run(&f), NIC_OK);
		want.len = bits[i] == NIC_UMR_LEN ? 64 * NIC_PAGE : before.len;
		want.page_shift = bits[i] == NIC_UMR_PAGE_SIZE ? 16 : before.page_shift;
		want.start = bits[i] == NIC_UMR_START_ADDR ? VA : before.start;
		want.pd = bits[i] == NIC_UMR_PD ? f.user_pd : before.pd;
		want.variant = bits[i] == NIC_UMR_KEY ? 0x43 : before.variant;
		want.access |= (bits[i] == NIC_UMR_LR ? NIC_LOCAL_READ : 0) |
			       (bits[i] == NIC_UMR_LW ? NIC_LOCAL_WRITE : 0) |
			       (bits[i] == NIC_UMR_RW ? NIC_REMOTE_WRITE : 0);
		same_key(f.mkey, &want);
		*f.mkey = before;
	}
	for (b = 0; b < 64; b++) { /* bits without a meaning here are refused */
		start(&f, 0, 1ull << b);
		DEVX_SET(mkc, wqe + 64, free, 1);
		if (1ull << b & known)
			assert_int_equal(run(&f), NIC_OK);
		else
			refused(&f, NIC_LOCAL_QP_OP);
	}
}

static void free_checks(void **state)
{
	struct fixture f = fixture(*state);

	start(&f, NIC_UMR_CHECK_FREE, ENABLE); /* fails on a free key */
	refused(&f, NIC_MW_BIND);
	start(&f, NIC_UMR_CHECK_NOT_FREE, ENABLE);
	assert_int_equal(run(&f), NIC_OK);
	refused(&f, NIC_MW_BIND); /* not free any more */
	start(&f, NIC_UMR_CHECK_FREE, NIC_UMR_LW);
	DEVX_SET(mkc, wqe + 64, lw, 0);
	assert_int_equal(run(&f), NIC_OK);
	assert_false(f.mkey->access & NIC_LOCAL_WRITE);
}

static void keys_are_found_by_number_and_variant(void **state)
{
	struct fixture f = fixture(*state);
	struct mlx5_wqe_ctrl_seg *ctrl = (void *)wqe;

	start(&f, 0, NIC_UMR_LW);
	ctrl->imm = htobe32(f.key ^ 1);
	refused(&f, NIC_LOCAL_PROT);
	ctrl->imm = htobe32(f.key + 0x10000);
	refused(&f, NIC_LOCAL_PROT);
	start(&f, 0, NIC_UMR_KEY); /* the request brings a new variant */
	ctrl->imm = htobe32(f.key ^ 1);
	DEVX_SET(mkc, wqe + 64, mkey_7_0, (f.key ^ 1) & 0xff);
	assert_int_equal(run(&f), NIC_OK);
	assert_ptr_equal(nic_mkey_get(f.client->nic, f.key ^ 1), f.mkey);
	assert_null(nic_mkey_get(f.client->nic, f.key));
}

static void only_privileged_queues_update(void **state)
{
	struct fixture f = fixture(*state);

	start(&f, 0, ENABLE);
	DEVX_SET(qpc, f.qp->context, fre, 0); /* a user's QP */
	refused(&f, NIC_LOCAL_QP_OP);
	DEVX_SET(qpc, f.qp->context, fre, 1);
	f.qp->service = MLX5_QPC_ST_RC; /* another kernel QP: own PD only, and the PD stays */
	refused(&f, NIC_LOCAL_PROT);
	start(&f, 0, ENABLE & ~NIC_UMR_PD);
	f.qp->pd = f.user_pd;
	refused(&f, NIC_LOCAL_PROT);
	f.qp->pd = f.pd;
	assert_int_equal(run(&f), NIC_OK);
	f.mkey->umr_en = false;
	refused(&f, NIC_LOCAL_QP_OP);
	f.mkey->umr_en = true;
	f.mkey->mode = MLX5_MKC_ACCESS_MODE_PA;
	refused(&f, NIC_LOCAL_QP_OP);
	f.mkey->mode = MLX5_MKC_ACCESS_MODE_MTT;
}

static void entries_at_any_offset(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t offset, i, is_inline;

	fill_table(&f, 64);
	for (is_inline = 0; is_inline < 2; is_inline++) {
		for (offset = 0; offset + 4 <= OCTOWORDS; offset += 4) {
			memset(f.mkey->mtt, 0, 64 * 8);
			start(&f, 0, 0);
			entries(&f, 4, offset, is_inline);
			assert_int_equal(run(&f), NIC_OK);
			for (i = 0; i < 64; i++)
				assert_int_equal(f.mkey->mtt[i],
						 i / 8 == offset / 4 ? entry_value(i % 8) : 0);
		}
	}
}

static void entries_outside_the_table_are_refused(void **state)
{
	struct fixture f = fixture(*state);
	const struct {
		uint32_t octowords;
		uint64_t offset;
	} cases[] = {
		{ OCTOWORDS + 4, 0 },	  { 4, OCTOWORDS },
		{ OCTOWORDS, 4 },	  { 0xffff, 0 },
		{ 4, 0xffffffffffffull }, { 0xffff, 0xffffffff0001ull },
		{ 4, 0x800000000000ull },
	};
	uint32_t i;

	fill_table(&f, 64);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&f, 0, ENABLE);
		entries(&f, cases[i].octowords, cases[i].offset, false);
		refused(&f, NIC_LOCAL_LENGTH);
	}
}

static void bad_entry_sources_are_refused(void **state)
{
	struct fixture f = fixture(*state);
	struct mlx5_wqe_data_seg *data = (void *)(wqe + FIXED);
	uint32_t len;

	start(&f, 0, ENABLE);
	entries(&f, 8, 0, false);
	data->byte_count = htobe32(127); /* shorter than the entries */
	refused(&f, NIC_LOCAL_LENGTH);
	data->byte_count = htobe32(128 | (uint32_t)MLX5_INLINE_SEG);
	refused(&f, NIC_LOCAL_LENGTH);
	entries(&f, 8, 0, false);
	data->lkey = htobe32(f.lkey + 0x100);
	refused(&f, NIC_LOCAL_PROT);
	data->lkey = htobe32(f.key); /* free */
	refused(&f, NIC_LOCAL_PROT);
	entries(&f, 8, 0, false);
	data->addr = htobe64(0xdead000000);
	refused(&f, NIC_REMOTE_OP);
	data->addr = htobe64(UINT64_MAX - 64);
	refused(&f, NIC_LOCAL_PROT);
	for (len = 0; len < FIXED + 16; len += 16) { /* every shorter WQE */
		entries(&f, 8, 0, false);
		wqe_len = len;
		refused(&f, NIC_LOCAL_QP_OP);
	}
	start(&f, 0, ENABLE);
	entries(&f, 8, 0, true);
	wqe_len -= 16;
	refused(&f, NIC_LOCAL_QP_OP);
}

/* Entries that lie in two pages which do not follow each other in this process. */
static void entries_cross_pages(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t i;

	f.table += NIC_PAGE - 68; /* not aligned to an entry */
	fill_table(&f, 64);
	start(&f, 0, 0);
	entries(&f, OCTOWORDS, 0, false);
	assert_int_equal(run(&f), NIC_OK);
	for (i = 0; i < 64; i++)
		assert_int_equal(f.mkey->mtt[i], entry_value(i));
}

static void senseless_keys_are_refused(void **state)
{
	struct fixture f = fixture(*state);

	start(&f, 0, ENABLE);
	DEVX_SET(mkc, wqe + 64, log_page_size, 11);
	refused(&f, NIC_LOCAL_QP_OP);
	DEVX_SET(mkc, wqe + 64, log_page_size, 63);
	refused(&f, NIC_LOCAL_QP_OP);
	start(&f, 0, ENABLE);
	DEVX_SET(mkc, wqe + 64, pd, 0xffffff);
	refused(&f, NIC_LOCAL_QP_OP);
	start(&f, 0, ENABLE);
	DEVX_SET64(mkc, wqe + 64, start_addr, UINT64_MAX - 64 * NIC_PAGE + 2);
	refused(&f, NIC_LOCAL_QP_OP);
	start(&f, 0, ENABLE);
	DEVX_SET64(mkc, wqe + 64, start_addr, UINT64_MAX - 64 * NIC_PAGE + 1); /* ends at 2^64 */
	assert_int_equal(run(&f), NIC_OK);
}

/* As for a dma-buf that moves: entries to 0, then a larger page, then other entries. */
static void zap_makes_the_range_absent(void **state)
{
	struct fixture f = fixture(*state);
	struct nic_access access = { .key = f.key,
				     .pd = f.user_pd,
				     .need = NIC_LOCAL_WRITE,
				     .write = true,
				     .va = VA,
				     .len = 64 };

	fill_table(&f, 64);
	start(&f, NIC_UMR_CHECK_NOT_FREE, ENABLE);
	entries(&f, OCTOWORDS, 0, false);
	assert_int_equal(run(&f), NIC_OK);
	assert_int_equal(nic_mkey_check(f.client->nic, &access), NIC_OK);
	memset(rig_at(&f.client->rig, f.table), 0, 64 * 8);
	start(&f, NIC_UMR_CHECK_FREE, 0);
	entries(&f, 4, 0, false);
	assert_int_equal(run(&f), NIC_OK);
	assert_int_equal(nic_mkey_check(f.client->nic, &access), NIC_LOCAL_ACCESS);
	access.va += 8 * NIC_PAGE; /* the rest is unchanged */
	assert_int_equal(nic_mkey_check(f.client->nic, &access), NIC_OK);
	start(&f, NIC_UMR_CHECK_FREE | NIC_UMR_INLINE,
	      NIC_UMR_PAGE_SIZE | NIC_UMR_LEN | NIC_UMR_START_ADDR);
	DEVX_SET(mkc, wqe + 64, log_page_size, 18);
	assert_int_equal(run(&f), NIC_OK);
	assert_int_equal(nic_mkey_check(f.client->nic, &access), NIC_LOCAL_ACCESS);
}

/* Through the send queue: a request that fails is an error completion, and the queue pair stops. */
static void failure_is_an_error_completion(void **state)
{
	struct fixture f = fixture(*state);
	NIC_LAYOUT(qpc, qpc) = { 0 };
	uint32_t qpn = f.qp->number;
	struct nic_cq *cq = nic_ids_find(&f.client->nic->cqs, f.qp->cqn_send);

	DEVX_SET(qpc, qpc, pd, f.pd);
	DEVX_SET(qpc, qpc, mtu, 5);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RST2INIT_QP, qpn, qpc, 0), NIC_CMD_OK);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_INIT2RTR_QP, qpn, qpc, 0), NIC_CMD_OK);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RTR2RTS_QP, qpn, qpc, 0), NIC_CMD_OK);
	start(&f, NIC_UMR_CHECK_FREE, ENABLE);
	((struct mlx5_wqe_ctrl_seg *)wqe)->qpn_ds = htobe32(qpn << 8 | FIXED / 16);
	memcpy(rig_at(&f.client->rig, f.qp->buf.page[0] + f.qp->sq_offset), wqe, FIXED);
	((uint32_t *)rig_at(&f.client->rig, f.qp->dbr))[1] = htobe32(2);
	nic_sq_doorbell(f.client->nic, qpn);
	client_run(f.client);
	assert_int_equal(f.qp->state, NIC_QP_ERR);
	assert_int_equal(cq->pi, 1);
	assert_int_equal(((const struct mlx5_err_cqe *)rig_at(&f.client->rig, cq->buf.page[0]))
				 ->syndrome,
			 0x06);
	assert_true(f.mkey->free);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(enable_and_revoke),
		BOOTED(steering_fields_survive),
		BOOTED(mask_selects_fields),
		BOOTED(free_checks),
		BOOTED(keys_are_found_by_number_and_variant),
		BOOTED(only_privileged_queues_update),
		BOOTED(entries_at_any_offset),
		BOOTED(entries_outside_the_table_are_refused),
		BOOTED(bad_entry_sources_are_refused),
		BOOTED(entries_cross_pages),
		BOOTED(senseless_keys_are_refused),
		BOOTED(zap_makes_the_range_absent),
		BOOTED(failure_is_an_error_completion),
	};

	return cmocka_run_group_tests_name("nic_umr", tests, NULL, NULL);
}
