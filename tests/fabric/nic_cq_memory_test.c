// SPDX-License-Identifier: MIT
/* Completion queues and their memory: pages, life, resize. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fabric/nic_queue_rig.h"

/* CREATE_CQ with one thing changed. */
static uint8_t create_cq(struct client *client, uint32_t eqn, uint8_t log_size, uint8_t log_page,
			 uint8_t page_offset, uint8_t cqe_sz, uint32_t pages, uint64_t page,
			 uint32_t *cqn)
{
	uint32_t len = DEVX_ST_SZ_BYTES(create_cq_in) + pages * 8, i;
	uint8_t *in = calloc(1, len + 8);
	NIC_LAYOUT(create_cq_out, out);
	uint8_t status;

	assert_non_null(in);
	DEVX_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	DEVX_SET(create_cq_in, in, cq_context.log_cq_size, log_size);
	DEVX_SET(create_cq_in, in, cq_context.c_eqn_or_apu_element, eqn);
	DEVX_SET(create_cq_in, in, cq_context.log_page_size, log_page);
	DEVX_SET(create_cq_in, in, cq_context.page_offset, page_offset);
	DEVX_SET(create_cq_in, in, cq_context.cqe_sz, cqe_sz);
	for (i = 0; i < pages; i++) {
		uint64_t entry = htobe64(page + i * ((uint64_t)NIC_PAGE << log_page));

		memcpy(in + DEVX_BYTE_OFF(create_cq_in, pas) + i * 8, &entry, 8);
	}
	status = client_exec(client, in, len, out, sizeof(out));
	*cqn = DEVX_GET(create_cq_out, out, cqn);
	free(in);
	return status;
}

static void queue_must_fit_its_pages(void **state)
{
	struct client *client = *state;
	uint32_t eqn = client_eq(client, 3, 0, 0).number, cqn, held = client->nic->pas_entries;
	uint64_t page = rig_alloc(&client->rig, 16 * NIC_PAGE);

	assert_int_equal(create_cq(client, eqn, 8, 0, 0, 0, 3, page, &cqn),
			 NIC_CMD_BAD_PARAM); /* 16 KiB in 12 */
	assert_int_equal(create_cq(client, eqn, 8, 0, 1, 0, 4, page, &cqn),
			 NIC_CMD_BAD_PARAM); /* ends 64 bytes later */
	assert_int_equal(create_cq(client, eqn, 6, 0, 0, 0, 0, page, &cqn), NIC_CMD_BAD_PARAM);
	assert_int_equal(create_cq(client, eqn, 21, 0, 0, 0, 4, page, &cqn), NIC_CMD_BAD_PARAM);
	assert_int_equal(create_cq(client, eqn, 20, 0, 0, 0, 4, page, &cqn), NIC_CMD_BAD_PARAM);
	assert_int_equal(create_cq(client, eqn, 6, 0, 0, 2, 1, page, &cqn), NIC_CMD_BAD_PARAM);
	assert_int_equal(create_cq(client, eqn + 1, 6, 0, 0, 0, 1, page, &cqn), NIC_CMD_BAD_RES);
	assert_int_equal(create_cq(client, eqn, 6, 31, 63, 0, 0, page, &cqn), NIC_CMD_BAD_PARAM);
	assert_int_equal(client->nic->pas_entries, held);
	assert_int_equal(create_cq(client, eqn, 6, 0, 0, 0, 8, page, &cqn), NIC_CMD_OK);
	assert_int_equal(client->nic->pas_entries,
			 held + 1); /* pages beyond the queue are not kept */
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_CQ, 0, cqn), NIC_CMD_OK);
	assert_int_equal(client->nic->pas_entries, held);
}

/* 128-byte entries in one 32 KiB page, from the second 64th of it on: 512 bytes. */
static void large_pages_scale_the_offset(void **state)
{
	struct client *client = *state;
	uint32_t eqn = client_eq(client, 3, 0, 0).number, cqn;
	uint64_t page = rig_alloc(&client->rig, 8 * NIC_PAGE);
	const struct mlx5_cqe64 *cqe = rig_at(&client->rig, page + 512 + 64);
	struct client_queue cq = { .log_size = 2 };

	assert_int_equal(create_cq(client, eqn, 2, 3, 1, 1, 1, page, &cqn), NIC_CMD_OK);
	cq.number = cqn;
	complete(client, &cq, 0x77, false);
	assert_int_equal(be16toh(cqe->wqe_counter), 0x77);
	complete(client, &cq, 0x78, false);
	assert_int_equal(be16toh(cqe[2].wqe_counter), 0x78);
	assert_true(rig_zero(&client->rig, page, 512 + 64));
}

static void queue_page_outside_memory_is_survived(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = { .log_size = 2 };

	assert_int_equal(create_cq(client, eq.number, 2, 0, 0, 0, 1, 0xfffffffffffff000, &cq.number),
			 NIC_CMD_OK);
	complete(client, &cq, 1, false);
	assert_true(client->nic->dev.errors_unsupported > 0);
}

static void used_cq_is_busy(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), qpn;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = client_cq(client, 4, eq.number);

	qpn = client_qp(client, MLX5_QPC_ST_RC, pd, cq.number).number;
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_CQ, 0, cq.number),
			 NIC_CMD_RES_BUSY);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_QP, 0, qpn), NIC_CMD_OK);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_CQ, 0, cq.number), NIC_CMD_OK);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_CQ, 0, cq.number),
			 NIC_CMD_BAD_RES);
}

/* The event queue is destroyed first: completions continue, without events. */
static void cq_outlives_its_eq(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = client_cq(client, 4, eq.number);

	cq_arm(client, &cq, 0, false, false);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_EQ, 0, eq.number), NIC_CMD_OK);
	complete(client, &cq, 0, false);
	assert_true(cqe_ready(client, &cq, 0));
}

#define RESIZE_PAGES 4u

/* Of a MODIFY_CQ: what of the queue is to change */
struct change {
	uint16_t op_mod;
	uint8_t fields;
};

static uint8_t modify(struct client *client, const struct client_queue *cq, struct change change,
		      uint8_t log_size, uint64_t ring, uint32_t pages)
{
	uint8_t in[DEVX_ST_SZ_BYTES(modify_cq_in) + RESIZE_PAGES * 8]
		__attribute__((aligned(8))) = { 0 };
	NIC_LAYOUT(modify_cq_out, out);
	uint32_t i;

	DEVX_SET(modify_cq_in, in, opcode, MLX5_CMD_OP_MODIFY_CQ);
	DEVX_SET(modify_cq_in, in, op_mod, change.op_mod);
	DEVX_SET(modify_cq_in, in, cqn, cq->number);
	DEVX_SET(modify_cq_in, in,
		 modify_field_select_resize_field_select.resize_field_select.resize_field_select,
		 change.fields);
	DEVX_SET(modify_cq_in, in, cq_context.log_cq_size, log_size);
	for (i = 0; i < pages; i++) {
		uint64_t entry = htobe64(ring + i * NIC_PAGE);

		memcpy(in + DEVX_ST_SZ_BYTES(modify_cq_in) + i * 8, &entry, 8);
	}
	return client_exec(client, in, DEVX_ST_SZ_BYTES(modify_cq_in) + pages * 8, out, sizeof(out));
}

static const struct change of_size = { MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ, 7 };

static uint8_t resize(struct client *client, const struct client_queue *cq, uint8_t log_size,
		      uint64_t ring, uint32_t pages)
{
	return modify(client, cq, of_size, log_size, ring, pages);
}

/*
 * As mlx5_cq_resize_copy_cqes() of libmlx5: unread entries move up by one place, to make up for
 * the resize entry.
 */
static void copy_unread(struct client *client, const struct client_queue *from,
			const struct client_queue *to, uint32_t ci)
{
	for (; cqe_at(client, from, ci)->op_own >> 4 != MLX5_CQE_RESIZE_CQ; ci++) {
		struct mlx5_cqe64 *cqe = (struct mlx5_cqe64 *)cqe_at(client, to, ci + 1);

		assert_true(cqe_ready(client, from, ci));
		*cqe = *cqe_at(client, from, ci);
		cqe->op_own = (uint8_t)((cqe->op_own & ~1u) | ((ci + 1) >> to->log_size & 1));
	}
	assert_true(cqe_ready(client, from, ci));
}

static struct client_queue empty_ring(struct client *client, const struct client_queue *cq,
				      uint8_t log_size)
{
	struct client_queue ring = *cq;
	uint32_t i;

	ring.log_size = log_size;
	ring.ring = rig_alloc(&client->rig, 64ull << log_size);
	for (i = 0; i < 1u << log_size; i++)
		*((uint8_t *)rig_at(&client->rig, ring.ring) + i * 64 + 63) = MLX5_CQE_INVALID << 4;
	return ring;
}

/* Larger, smaller, across laps; entries are neither lost nor reported twice. */
static void cq_resize_keeps_unread_entries(void **state)
{
	static const uint8_t sizes[] = { 5, 2, 3, 7, 1, 4 };
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 2, eq.number);
	uint32_t ci = 0, produced = 0, consumed = 0, index = 0, round, pages;

	for (round = 0; round < 6; round++) {
		struct client_queue to;
		uint32_t unread = round & 1, i;

		for (i = 0; i < 5; i++, ci++, consumed++) { /* across a lap */
			complete(client, &cq, (uint16_t)produced++, false);
			assert_true(cqe_ready(client, &cq, ci));
			assert_int_equal(be16toh(cqe_at(client, &cq, ci)->wqe_counter), consumed);
			cq_consume(client, &cq, ci + 1);
		}
		cq_arm(client, &cq, ci, false, false);
		assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
		if (unread)
			complete(client, &cq, (uint16_t)produced++, false);
		assert_int_equal(comp_events(client, &eq, &cq, &index), unread);
		to = empty_ring(client, &cq, sizes[round]);
		pages = client->nic->pas_entries;
		assert_int_equal(resize(client, &cq, sizes[round], to.ring, sizes[round] > 6 ? 2 : 1),
				 NIC_CMD_OK);
		assert_true(client->nic->pas_entries <= pages + 1);
		copy_unread(client, &cq, &to, ci++);
		cq = to;
		cq_arm(client, &cq, ci, false, false); /* all unread entries have been reported */
		assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
		for (; unread; unread--, ci++, consumed++) {
			assert_true(cqe_ready(client, &cq, ci));
			assert_int_equal(be16toh(cqe_at(client, &cq, ci)->wqe_counter), consumed);
		}
		cq_consume(client, &cq, ci);
		complete(client, &cq, (uint16_t)produced++, false);
		assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
		assert_true(cqe_ready(client, &cq, ci));
		ci++;
		consumed++;
		cq_consume(client, &cq, ci);
	}
	assert_int_equal(client->nic->cq_overruns, 0);
}

static void bad_resize_changes_nothing(void **state)
{
	static const struct change others[] = {
		{ MLX5_MODIFY_CQ_IN_OP_MOD_MODIFY_CQ, 7 },
		{ MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ, 3 },
	};
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 2, eq.number),
			    none = { .number = 0xffffff };
	uint64_t ring = rig_alloc(&client->rig, RESIZE_PAGES * NIC_PAGE);
	uint32_t pages = client->nic->pas_entries;
	size_t i;

	complete(client, &cq, 0, false);
	complete(client, &cq, 1, false);
	assert_int_equal(resize(client, &none, 4, ring, 1), NIC_CMD_BAD_RES);
	assert_int_equal(resize(client, &cq, NIC_LOG_MAX_CQ_SIZE + 1, ring, 1), NIC_CMD_BAD_PARAM);
	assert_int_equal(resize(client, &cq, 7, ring, 1), NIC_CMD_BAD_PARAM); /* a page is missing */
	assert_int_equal(resize(client, &cq, 1, ring, 1), NIC_CMD_BAD_PARAM); /* two are unread */
	complete(client, &cq, 2, false);
	complete(client, &cq, 3, false);
	assert_int_equal(resize(client, &cq, 5, ring, 1),
			 NIC_CMD_BAD_PARAM); /* no room for the resize entry */
	assert_int_equal(client_simple(client, MLX5_CMD_OP_MODIFY_CQ, 0, cq.number),
			 NIC_CMD_BAD_PARAM); /* moderation is not offered */
	cq_consume(client, &cq, 1);
	for (i = 0; i < 2; i++)
		assert_int_equal(modify(client, &cq, others[i], 5, ring, 1), NIC_CMD_BAD_PARAM);
	assert_int_equal(client->nic->pas_entries, pages);
	assert_int_equal(be16toh(cqe_at(client, &cq, 3)->wqe_counter), 3);
	complete(client, &cq, 4, false);
	assert_int_equal(be16toh(cqe_at(client, &cq, 4)->wqe_counter), 4);
}

static void accesses_past_the_pages_of_a_queue_fail(void **state)
{
	struct client *client = *state;
	uint64_t page = htobe64(rig_alloc(&client->rig, NIC_PAGE));
	struct nic_buf buf = { .page_shift = 12 };
	uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	assert_int_equal(nic_buf_init(client->nic, &buf, (const uint8_t *)&page, 1, NIC_PAGE), 0);
	assert_int_equal(nic_buf_read(client->nic, &buf, NIC_PAGE - 8, data, 8, FAB_ORIGIN_WQE), 0);
	assert_int_equal(nic_buf_read(client->nic, &buf, NIC_PAGE - 4, data, 8, FAB_ORIGIN_WQE),
			 -EFAULT);
	assert_int_equal(nic_buf_read(client->nic, &buf, NIC_PAGE, data, 1, FAB_ORIGIN_WQE),
			 -EFAULT);
	assert_int_equal(nic_buf_write(client->nic, &buf, NIC_PAGE, data, 8, FAB_ORIGIN_CQE),
			 -EFAULT);
	assert_int_equal(nic_buf_publish(client->nic, &buf, 2 * NIC_PAGE, data, 8, FAB_ORIGIN_CQE),
			 -EFAULT);
	nic_buf_free(client->nic, &buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(accesses_past_the_pages_of_a_queue_fail),
		BOOTED(queue_must_fit_its_pages),
		BOOTED(large_pages_scale_the_offset),
		BOOTED(queue_page_outside_memory_is_survived),
		BOOTED(used_cq_is_busy),
		BOOTED(cq_outlives_its_eq),
		BOOTED(cq_resize_keeps_unread_entries),
		BOOTED(bad_resize_changes_nothing),
	};

	return cmocka_run_group_tests_name("nic_cq_memory", tests, NULL, NULL);
}
