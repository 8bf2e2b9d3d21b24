/* SPDX-License-Identifier: MIT */
/*
 * Event and completion queues: owner bits over several laps, overrun, masks,
 * arming, error entries, and queues that exceed their pages.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fabric/core/mem.h"
#include "fabric/nic/clock.h"
#include "tests/fabric/nic_client.h"

#define UAR	    (NIC_UAR_OFFSET + 3 * NIC_PAGE)
#define CQ_ARM	    (UAR + 0x20)
#define EQ_ARM	    (UAR + 0x40)
#define EQ_UPDATE   (UAR + 0x48)
#define SOLICITED   (1u << 24)
#define EVENT(type) (1ull << (type))

static void eq_doorbell(struct client *client, const struct client_queue *eq, uint32_t ci, bool arm)
{
	client_write32(client, arm ? EQ_ARM : EQ_UPDATE, eq->number << 24 | (ci & 0xffffff));
}

static void cq_consume(struct client *client, const struct client_queue *cq, uint32_t ci)
{
	*(uint32_t *)rig_at(&client->rig, cq->dbr) = htobe32(ci & 0xffffff);
}

/* As the driver: the record first, then the register, as one or two writes. */
static void cq_arm(struct client *client, const struct client_queue *cq, uint32_t ci,
		   bool solicited, bool halves)
{
	uint32_t word[2] = { htobe32((ci & 0xffffff) | (solicited ? SOLICITED : 0)),
			     htobe32(cq->number) };

	((uint32_t *)rig_at(&client->rig, cq->dbr))[1] = word[0];
	if (halves) {
		client_bar_write(client, CQ_ARM, &word[0], 4);
		client_bar_write(client, CQ_ARM + 4, &word[1], 4);
	} else {
		client_bar_write(client, CQ_ARM, word, 8);
	}
}

static void complete(struct client *client, const struct client_queue *cq, uint16_t counter,
		     bool solicited)
{
	struct nic_completion completion = { .qpn = 0x123,
					     .wqe_counter = counter,
					     .opcode = MLX5_CQE_RESP_SEND,
					     .byte_count = 77,
					     .solicited = solicited };

	nic_cq_complete(client->nic, cq->number, &completion);
}

static const struct mlx5_cqe64 *cqe_at(struct client *client, const struct client_queue *cq,
				       uint32_t index)
{
	const struct mlx5_cqe64 *ring = rig_at(&client->rig, cq->ring);

	return &ring[index & ((1u << cq->log_size) - 1)];
}

static bool cqe_ready(struct client *client, const struct client_queue *cq, uint32_t index)
{
	uint8_t own = cqe_at(client, cq, index)->op_own;

	return own >> 4 != MLX5_CQE_INVALID && (own & 1) == (index >> cq->log_size & 1);
}

static void eq_owner_toggles_each_lap(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, EVENT(NIC_EVENT_WQ_ACCESS));
	NIC_LAYOUT(qp_events, data);
	uint32_t i;
	uint8_t type;

	for (i = 0; i < 8 * 5 + 3; i++) {
		assert_false(client_eqe(client, &eq, i, &type, data));
		nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, 0x100 + i);
		assert_true(client_eqe(client, &eq, i, &type, data));
		assert_int_equal(type, NIC_EVENT_WQ_ACCESS);
		assert_int_equal(DEVX_GET(qp_events, data, qpn_rqn_sqn), 0x100 + i);
		eq_doorbell(client, &eq, i + 1, i & 1);
	}
}

static void full_eq_loses_events_only(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 2, 0, EVENT(NIC_EVENT_WQ_ACCESS));
	NIC_LAYOUT(qp_events, data);
	uint32_t i;
	uint8_t type;

	for (i = 0; i < 7; i++)
		nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, i);
	assert_int_equal(client->nic->eq_overruns, 3);
	for (i = 0; i < 4; i++) {
		assert_true(client_eqe(client, &eq, i, &type, data));
		assert_int_equal(DEVX_GET(qp_events, data, qpn_rqn_sqn), i);
	}
	assert_false(client_eqe(client, &eq, 4, &type, data));
	eq_doorbell(client, &eq, 4, true);
	nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, 99);
	assert_true(client_eqe(client, &eq, 4, &type, data));
	assert_int_equal(DEVX_GET(qp_events, data, qpn_rqn_sqn), 99);
}

static void events_go_to_subscribers(void **state)
{
	struct client *client = *state;
	struct client_queue none = client_eq(client, 3, 0, 0),
			    one = client_eq(client, 3, 1, EVENT(NIC_EVENT_CQ_ERROR)),
			    both = client_eq(client, 3, 2,
					     EVENT(NIC_EVENT_CQ_ERROR) | EVENT(NIC_EVENT_WQ_ACCESS));
	uint8_t type, data[28] = { 0 };

	nic_event(client->nic, NIC_EVENT_CQ_ERROR, data);
	nic_event(client->nic, NIC_EVENT_WQ_ACCESS, data);
	nic_event(client->nic, 0x40, data); /* beyond the mask that is kept */
	nic_event(client->nic, 0xff, data);
	assert_false(client_eqe(client, &none, 0, &type, data));
	assert_true(client_eqe(client, &one, 0, &type, data) && type == NIC_EVENT_CQ_ERROR);
	assert_false(client_eqe(client, &one, 1, &type, data));
	assert_true(client_eqe(client, &both, 1, &type, data) && type == NIC_EVENT_WQ_ACCESS);
	assert_false(client_eqe(client, &both, 2, &type, data));
}

static void eq_interrupts_once_for_each_arm(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 4, 3, EVENT(NIC_EVENT_WQ_ACCESS));

	nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, 1);
	assert_int_equal(client_interrupts(client, 3), 0); /* not armed */
	eq_doorbell(client, &eq, 0, false);
	assert_int_equal(client_interrupts(client, 3), 0);
	eq_doorbell(client, &eq, 0, true); /* an event is waiting */
	assert_int_equal(client_interrupts(client, 3), 1);
	eq_doorbell(client, &eq, 1, true);
	assert_int_equal(client_interrupts(client, 3), 0);
	nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, 2);
	nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, 3);
	assert_int_equal(client_interrupts(client, 3), 1);
	eq_doorbell(client, &eq, 2, true);
	assert_int_equal(client_interrupts(client, 3), 1);
	client_write32(client, EQ_ARM, 0xffu << 24); /* no such queue */
	client_write32(client, EQ_ARM, 0);
	assert_int_equal(client_interrupts(client, 3), 0);
}

static void cq_owner_toggles_each_lap(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = client_cq(client, 2, eq.number);
	uint32_t i;

	for (i = 0; i < 4 * 6 + 1; i++) {
		const struct mlx5_cqe64 *cqe = cqe_at(client, &cq, i);

		assert_false(cqe_ready(client, &cq, i));
		complete(client, &cq, (uint16_t)i, i & 1);
		assert_true(cqe_ready(client, &cq, i));
		assert_int_equal(be16toh(cqe->wqe_counter), i);
		assert_int_equal(be32toh(cqe->sop_drop_qpn), 0x123);
		assert_int_equal(be32toh(cqe->byte_cnt), 77);
		assert_int_equal(cqe->op_own >> 4, MLX5_CQE_RESP_SEND);
		assert_int_equal(cqe->op_own >> 1 & 1, i & 1);
		cq_consume(client, &cq, i + 1);
	}
	assert_int_equal(client->nic->cq_overruns, 0);
}

static void cq_overrun_is_an_event_and_the_end(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, EVENT(NIC_EVENT_CQ_ERROR)),
			    cq = client_cq(client, 1, eq.number);
	NIC_LAYOUT(cq_error, data);
	uint8_t type;

	complete(client, &cq, 0, false);
	complete(client, &cq, 1, false);
	cq_consume(client, &cq, 1);
	complete(client, &cq, 2, false); /* index 0 is free again */
	assert_int_equal(client->nic->cq_overruns, 0);
	complete(client, &cq, 3, false);
	complete(client, &cq, 4, false);
	assert_int_equal(client->nic->cq_overruns, 1);
	assert_true(client_eqe(client, &eq, 0, &type, data));
	assert_int_equal(type, NIC_EVENT_CQ_ERROR);
	assert_int_equal(DEVX_GET(cq_error, data, cqn), cq.number);
	assert_false(client_eqe(client, &eq, 1, &type, data));
	cq_consume(client, &cq, 3);
	complete(client, &cq, 5, false);
	assert_int_equal(be16toh(cqe_at(client, &cq, 3)->wqe_counter), 1); /* never written again */
	cq_arm(client, &cq, 3, false, false);
	assert_false(client_eqe(client, &eq, 1, &type, data));
}

static void consumer_index_is_24_bits(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = client_cq(client, 2, eq.number);
	struct nic_cq *object = nic_ids_find(&client->nic->cqs, cq.number);
	uint32_t i;

	object->pi = object->ci = 0xfffffe;
	cq_consume(client, &cq, 0xfffffe);
	for (i = 0; i < 8; i++) {
		complete(client, &cq, (uint16_t)i, false);
		cq_consume(client, &cq, 0xffffff + i);
	}
	assert_int_equal(client->nic->cq_overruns, 0);
	assert_int_equal(object->pi, 0xfffffe + 8);
}

static uint32_t comp_events(struct client *client, const struct client_queue *eq,
			    const struct client_queue *cq, uint32_t *index)
{
	NIC_LAYOUT(comp_event, data);
	uint32_t n = 0;
	uint8_t type;

	for (; client_eqe(client, eq, *index, &type, data); (*index)++, n++) {
		assert_int_equal(type, NIC_EVENT_COMP);
		assert_int_equal(DEVX_GET(comp_event, data, cq_number), cq->number);
	}
	return n;
}

static void cq_events_once_for_each_arm(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 4, eq.number);
	uint32_t index = 0, halves;

	complete(client, &cq, 0, false);
	assert_int_equal(comp_events(client, &eq, &cq, &index), 0); /* never armed */
	cq_consume(client, &cq, 1);
	for (halves = 0; halves < 2; halves++) {
		uint32_t ci = 1 + 4 * halves;

		cq_arm(client, &cq, ci, false, halves);
		assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
		complete(client, &cq, 1, false);
		complete(client, &cq, 2, false);
		assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
		cq_consume(client, &cq, ci + 1);
		cq_arm(client, &cq, ci + 1, false, halves); /* one is unread: at once */
		assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
		cq_consume(client, &cq, ci + 2);
		cq_arm(client, &cq, ci + 2, true, halves);
		complete(client, &cq, 3, false);
		assert_int_equal(comp_events(client, &eq, &cq, &index), 0); /* not solicited */
		complete(client, &cq, 4, true);
		assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
		cq_consume(client, &cq, ci + 4);
	}
}

/*
 * As with programs that arm before they poll: the entry whose event has been taken is still unread, and
 * must not raise a second event. An entry that came after the event must.
 */
static void arm_reports_each_entry_once(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 4, eq.number);
	uint32_t index = 0;

	cq_arm(client, &cq, 0, false, false);
	complete(client, &cq, 0, true);
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
	cq_arm(client, &cq, 0, false, false); /* entry 0 is unread, but reported */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
	cq_arm(client, &cq, 0, true, false);
	assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
	cq_consume(client, &cq, 1);
	complete(client, &cq, 1, true); /* the arming still holds */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
	complete(client, &cq, 2, false);
	cq_arm(client, &cq, 1, false, false); /* entry 2 came after the event */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
	complete(client, &cq, 3, true);
	complete(client, &cq, 4, false);
	cq_arm(client, &cq, 3, true, false); /* entry 3 is solicited and not reported */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
	cq_arm(client, &cq, 3, true, false);
	assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
}

static void solicited_arm_reports_earlier_entries(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 4, eq.number);
	struct nic_completion error = { .qpn = 1, .opcode = MLX5_CQE_REQ, .status = NIC_LOCAL_PROT };
	uint32_t index = 0;

	complete(client, &cq, 0, true);
	complete(client, &cq, 1, false);
	cq_arm(client, &cq, 0, true, false);
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
	cq_arm(client, &cq, 1, true, false); /* only the plain one is unread */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
	nic_cq_complete(client->nic, cq.number, &error); /* errors count as solicited */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
	cq_arm(client, &cq, 0x800000, false, false); /* an index outside the queue */
	assert_int_equal(comp_events(client, &eq, &cq, &index), 0);
}

static void errors_have_their_syndrome(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 6, eq.number);
	const struct {
		enum nic_status status;
		uint8_t syndrome;
	} cases[] = {
		{ NIC_LOCAL_LENGTH, 0x01 },   { NIC_LOCAL_QP_OP, 0x02 },
		{ NIC_LOCAL_PROT, 0x04 },     { NIC_FLUSHED, 0x05 },
		{ NIC_MW_BIND, 0x06 },	      { NIC_BAD_RESPONSE, 0x10 },
		{ NIC_LOCAL_ACCESS, 0x11 },   { NIC_REMOTE_INVALID_REQUEST, 0x12 },
		{ NIC_REMOTE_ACCESS, 0x13 },  { NIC_REMOTE_OP, 0x14 },
		{ NIC_RETRY_EXCEEDED, 0x15 }, { NIC_RNR_EXCEEDED, 0x16 },
	};
	uint32_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nic_completion completion = {
			.qpn = 0x45,
			.wqe_counter = 9,
			.wqe_opcode = MLX5_OPCODE_SEND,
			.status = cases[i].status,
			.opcode = i & 1 ? MLX5_CQE_REQ : MLX5_CQE_RESP_SEND,
		};
		const struct mlx5_err_cqe *cqe = (const struct mlx5_err_cqe *)cqe_at(client, &cq, i);

		nic_cq_complete(client->nic, cq.number, &completion);
		assert_true(cqe_ready(client, &cq, i));
		assert_int_equal(cqe->syndrome, cases[i].syndrome);
		assert_int_equal(cqe->op_own >> 4, i & 1 ? MLX5_CQE_REQ_ERR : MLX5_CQE_RESP_ERR);
		assert_int_equal(be32toh(cqe->s_wqe_opcode_qpn), MLX5_OPCODE_SEND << 24 | 0x45);
		assert_int_equal(be16toh(cqe->wqe_counter), 9);
	}
	nic_cq_complete(client->nic, 0, &(struct nic_completion){ .qpn = 1 }); /* no such queue */
}

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

static uint64_t clock_read(struct client *client)
{
	return (uint64_t)client_read32(client, 0x1000) << 32 | client_read32(client, 0x1004);
}

/*
 * Completions carry the time of the counter in the initialisation segment, in the unit that the
 * capability states.
 */
static void completions_carry_the_time(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = client_cq(client, 4, eq.number);
	uint64_t before = clock_read(client), after, first, second;
	uint64_t end = fab_loop_now_us(client->rig.fabric->loop) + 2000;

	complete(client, &cq, 0, false);
	while (fab_loop_now_us(client->rig.fabric->loop) < end)
		;
	complete(client, &cq, 1, false);
	after = clock_read(client);
	first = be64toh(cqe_at(client, &cq, 0)->timestamp);
	second = be64toh(cqe_at(client, &cq, 1)->timestamp);
	assert_true(before <= first && second <= after);
	assert_true(second - first >=
		    1500 * (NIC_CLOCK_KHZ / 1000)); /* 2 ms less the code around them */
	assert_true(second - first < 60000000ull * (NIC_CLOCK_KHZ / 1000));
}

#define RESIZE_PAGES 4u

static uint8_t resize(struct client *client, const struct client_queue *cq, uint8_t log_size,
		      uint64_t ring, uint32_t pages)
{
	uint8_t in[DEVX_ST_SZ_BYTES(modify_cq_in) + RESIZE_PAGES * 8]
		__attribute__((aligned(8))) = { 0 };
	NIC_LAYOUT(modify_cq_out, out);
	uint32_t i;

	DEVX_SET(modify_cq_in, in, opcode, MLX5_CMD_OP_MODIFY_CQ);
	DEVX_SET(modify_cq_in, in, op_mod, MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ);
	DEVX_SET(modify_cq_in, in, cqn, cq->number);
	DEVX_SET(modify_cq_in, in,
		 modify_field_select_resize_field_select.resize_field_select.resize_field_select, 7);
	DEVX_SET(modify_cq_in, in, cq_context.log_cq_size, log_size);
	for (i = 0; i < pages; i++) {
		uint64_t entry = htobe64(ring + i * NIC_PAGE);

		memcpy(in + DEVX_ST_SZ_BYTES(modify_cq_in) + i * 8, &entry, 8);
	}
	return client_exec(client, in, DEVX_ST_SZ_BYTES(modify_cq_in) + pages * 8, out, sizeof(out));
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
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 6, 0, 0), cq = client_cq(client, 2, eq.number),
			    none = { .number = 0xffffff };
	uint64_t ring = rig_alloc(&client->rig, RESIZE_PAGES * NIC_PAGE);
	uint32_t pages = client->nic->pas_entries;

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
	assert_int_equal(client->nic->pas_entries, pages);
	assert_int_equal(be16toh(cqe_at(client, &cq, 3)->wqe_counter), 3);
	cq_consume(client, &cq, 1);
	complete(client, &cq, 4, false);
	assert_int_equal(be16toh(cqe_at(client, &cq, 4)->wqe_counter), 4);
}

static void event_queues_are_bounded(void **state)
{
	struct client *client = *state;
	NIC_LAYOUT(create_eq_in, in) = { 0 };
	NIC_LAYOUT(create_eq_out, out);
	uint32_t i;

	DEVX_SET(create_eq_in, in, opcode, MLX5_CMD_OP_CREATE_EQ);
	DEVX_SET(create_eq_in, in, eq_context_entry.intr, client->nic->opts.vectors);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_BAD_PARAM);
	DEVX_SET(create_eq_in, in, eq_context_entry.intr, 0);
	DEVX_SET(create_eq_in, in, eq_context_entry.log_eq_size, NIC_LOG_MAX_EQ_SIZE + 1);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_BAD_PARAM);
	for (i = 0; i < NIC_MAX_EQS; i++)
		client_eq(client, 0, 0, 0);
	DEVX_SET(create_eq_in, in, eq_context_entry.log_eq_size, 0);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)),
			 NIC_CMD_BAD_PARAM); /* no page */
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

static void a_full_completion_queue_is_reported_when_armed(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, EVENT(NIC_EVENT_COMP)),
			    cq = client_cq(client, 1, eq.number);
	uint32_t index = 0;

	complete(client, &cq, 0, false);
	complete(client, &cq, 1, false);
	cq_arm(client, &cq, 0, false, false);
	assert_int_equal(comp_events(client, &eq, &cq, &index), 1);
}

/* The guest has unmapped the queue: the event is lost, and its place is not taken. */
static void an_event_that_cannot_be_written_is_not_posted(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 2, 0, EVENT(NIC_EVENT_WQ_ACCESS));
	struct nic_eq *object = nic_ids_find(&client->nic->eqs, eq.number);
	NIC_LAYOUT(qp_events, data) = { 0 };

	assert_int_equal(fab_mem_unmap(client->nic->dev.mem, RIG_BUS, RIG_MEMORY), 0);
	assert_false(nic_eq_post(client->nic, object, NIC_EVENT_WQ_ACCESS, 0, data));
	assert_int_equal(object->pi, 0);
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
		BOOTED(eq_owner_toggles_each_lap),
		BOOTED(full_eq_loses_events_only),
		BOOTED(accesses_past_the_pages_of_a_queue_fail),
		BOOTED(an_event_that_cannot_be_written_is_not_posted),
		BOOTED(a_full_completion_queue_is_reported_when_armed),
		BOOTED(events_go_to_subscribers),
		BOOTED(eq_interrupts_once_for_each_arm),
		BOOTED(cq_owner_toggles_each_lap),
		BOOTED(cq_overrun_is_an_event_and_the_end),
		BOOTED(consumer_index_is_24_bits),
		BOOTED(cq_events_once_for_each_arm),
		BOOTED(arm_reports_each_entry_once),
		BOOTED(solicited_arm_reports_earlier_entries),
		BOOTED(errors_have_their_syndrome),
		BOOTED(queue_must_fit_its_pages),
		BOOTED(large_pages_scale_the_offset),
		BOOTED(queue_page_outside_memory_is_survived),
		BOOTED(used_cq_is_busy),
		BOOTED(cq_outlives_its_eq),
		BOOTED(completions_carry_the_time),
		BOOTED(cq_resize_keeps_unread_entries),
		BOOTED(bad_resize_changes_nothing),
		BOOTED(event_queues_are_bounded),
	};

	return cmocka_run_group_tests_name("nic_queue", tests, NULL, NULL);
}
