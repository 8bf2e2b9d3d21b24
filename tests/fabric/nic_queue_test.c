// SPDX-License-Identifier: MIT
/*
 * Event and completion queues: owner bits over several laps, overrun, masks,
 * arming, error entries.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "fabric/core/mem.h"
#include "fabric/nic/clock.h"
#include "fabric/nic/init_seg.h"
#include "tests/fabric/nic_queue_rig.h"

#define EQ_ARM	  (UAR + 0x40)
#define EQ_UPDATE (UAR + 0x48)

static void eq_doorbell(struct client *client, const struct client_queue *eq, uint32_t ci, bool arm)
{
	client_write32(client, arm ? EQ_ARM : EQ_UPDATE, eq->number << 24 | (ci & 0xffffff));
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

static void count_full(void *ctx, const char *text)
{
	unsigned int *lines = ctx;

	*lines += !!strstr(text, "is full, events are lost");
}

/* They are counted; the log has one line for a queue. */
static void full_eq_loses_events_only(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 2, 0, EVENT(NIC_EVENT_WQ_ACCESS));
	NIC_LAYOUT(qp_events, data);
	unsigned int lines = 0;
	uint32_t i;
	uint8_t type;

	client->rig.fabric->log = count_full;
	client->rig.fabric->log_ctx = &lines;
	for (i = 0; i < 7; i++)
		nic_event_qp(client->nic, NIC_EVENT_WQ_ACCESS, i);
	client->rig.fabric->log = NULL;
	assert_int_equal(client->nic->eq_overruns, 3);
	assert_int_equal(lines, 1);
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

/* Doorbells cannot be read, and the initialization segment is in BAR 0 only. */
static void reads_beside_the_initialization_segment_are_zero(void **state)
{
	struct client *client = *state;
	uint32_t value = 0;

	nic_bar_read(&client->nic->dev, 0, 0, &value, sizeof(value));
	assert_int_not_equal(value, 0); /* revision of the firmware */
	nic_bar_read(&client->nic->dev, 2, 0, &value, sizeof(value));
	assert_int_equal(value, 0);
	value = 1;
	nic_bar_read(&client->nic->dev, 0, UAR, &value, sizeof(value));
	assert_int_equal(value, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(eq_owner_toggles_each_lap),
		BOOTED(full_eq_loses_events_only),
		BOOTED(reads_beside_the_initialization_segment_are_zero),
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
		BOOTED(completions_carry_the_time),
		BOOTED(event_queues_are_bounded),
	};

	return cmocka_run_group_tests_name("nic_queue", tests, NULL, NULL);
}
