// SPDX-License-Identifier: MIT
/*
 * Shared receive queues: assignment of entries, their protection domain and completion queue, the
 * events; an error of one queue pair or an invalid list of the guest affects no other object.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/fault.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"
#include "tests/fabric/rc_rig.h"

#define RIGHTS	 (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)
#define LEN	 300u
#define LOG_SIZE 3
#define ENTRIES	 (1u << LOG_SIZE)
#define BIG	 (9u << 20) /* moves in three parts */
#define EVENTS                                                                 \
	(1ull << NIC_EVENT_SRQ_CATASTROPHIC | 1ull << NIC_EVENT_SRQ_LAST_WQE | \
	 1ull << NIC_EVENT_SRQ_LIMIT)

/* Two connections from NIC 0 to NIC 1, whose ends there receive from one queue. */
struct srq_rig {
	struct rig rig;
	struct rig_cq send[2], recv;
	struct rig_qp from[2], to[2];
	struct rig_srq srq;
	struct rig_eq eq; /* of NIC 1 */
	uint32_t pd;	  /* of the queue; the queue pairs have their own */
	uint64_t near, far;
	uint32_t near_key[2], far_key;
};

static void open_rig(struct srq_rig *s, uint32_t bytes)
{
	struct rig_qp_opts opts = { .log_sq = 6, .log_rq = 4, .log_stride = 2 };
	struct rig *rig = &s->rig;
	int i;

	memset(s, 0, sizeof(*s));
	rig_open(rig);
	s->pd = rig_pd(rig->nic[1]);
	rig_eq_open(rig, &s->eq, rig->nic[1], EVENTS);
	rig_cq_open(rig, &s->recv, rig->nic[1], 7);
	rig_srq_open(rig, &s->srq, rig->nic[1],
		     &(struct rig_srq_opts){ .log_size = LOG_SIZE, .log_stride = 6, .pd = s->pd });
	s->near = rig_alloc(rig, bytes);
	s->far = rig_alloc(rig, (uint64_t)bytes * 2);
	s->far_key = rig_key(rig->nic[1], s->pd, RIGHTS, s->far, (uint64_t)bytes * 2);
	for (i = 0; i < 2; i++) {
		rig_cq_open(rig, &s->send[i], rig->nic[0], 7);
		opts.srq = NULL;
		rig_qp_open(rig, &s->from[i], rig->nic[0], &s->send[i], &s->send[i], &opts);
		opts.srq = &s->srq;
		rig_qp_open(rig, &s->to[i], rig->nic[1], &s->recv, &s->recv, &opts);
		rig_qp_connect(&s->from[i], &s->to[i]);
		s->near_key[i] = rig_key(rig->nic[0], s->from[i].pd, RIGHTS, s->near, bytes);
	}
}

static void close_rig(struct srq_rig *s)
{
	rig_close(&s->rig);
}

static uint16_t post(struct srq_rig *s, uint64_t bus, uint32_t len)
{
	struct nic_sge sge = { .len = len, .lkey = s->far_key, .addr = RIG_VA + bus };

	return rig_srq_post(&s->srq, &sge, 1);
}

static void send(struct srq_rig *s, int i, uint32_t len)
{
	struct nic_sge sge = { .len = len, .lkey = s->near_key[i], .addr = RIG_VA + s->near };

	rig_post(&s->from[i],
		 &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND, .sge = &sge, .nsge = 1 });
}

static void expect_sent(struct srq_rig *s, int i, uint8_t syndrome)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(&s->send[i], &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
}

/* A completion for this entry, of this queue pair. */
static void expect_received(struct srq_rig *s, int i, uint16_t index, uint8_t syndrome)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(&s->recv, &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
	assert_int_equal(be32toh(cqe.srqn_uidx), s->srq.srq->number);
	assert_int_equal(be16toh(cqe.wqe_counter), index);
	assert_int_equal(be32toh(cqe.sop_drop_qpn) & 0xffffff, s->to[i].qp->number);
}

static void silence(struct srq_rig *s)
{
	struct mlx5_cqe64 cqe;

	rig_run_ms(&s->rig, 5);
	assert_false(rig_cq_poll(&s->recv, &cqe));
}

static void expect_event(struct srq_rig *s, uint8_t type, uint32_t number)
{
	uint32_t got_number;
	uint8_t got;

	rig_run(&s->rig);
	assert_true(rig_eq_poll(&s->eq, &got, &got_number));
	assert_int_equal(got, type);
	assert_int_equal(got_number, number);
}

static void no_event(struct srq_rig *s)
{
	uint32_t number;
	uint8_t type;

	rig_run(&s->rig);
	assert_false(rig_eq_poll(&s->eq, &type, &number));
}

/* Many laps, with entries returned out of order, and the next message from either connection. */
static void entries_are_used_in_list_order(void **state)
{
	struct srq_rig s;
	uint32_t round, i;

	(void)state;
	open_rig(&s, LEN * ENTRIES);
	for (round = 0; round < 40; round++) {
		uint32_t count = 1 + round % (ENTRIES - 1);
		uint16_t index[ENTRIES];

		for (i = 0; i < count; i++)
			index[i] = post(&s, s.far + i * LEN, LEN);
		for (i = 0; i < count; i++) {
			int which = (round + i * 3) % 5 & 1;

			rig_fill(&s.rig, s.near, LEN, round + i);
			send(&s, which, LEN);
			expect_sent(&s, which, 0);
			expect_received(&s, which, index[i], 0);
			assert_true(rig_filled(&s.rig, s.far + i * LEN, LEN, round + i));
		}
		for (i = count; i-- > 0;)
			rig_srq_return(&s.srq, index[i]);
	}
	assert_int_equal(s.rig.nic[1]->rnr_events, 0);
	close_rig(&s);
}

static void empty_queue_is_receiver_not_ready(void **state)
{
	struct srq_rig s;
	uint16_t index;

	(void)state;
	open_rig(&s, LEN);
	send(&s, 0, LEN);
	rig_run_ms(&s.rig, 2);
	assert_true(s.rig.nic[1]->rnr_events > 0);
	index = post(&s, s.far, LEN);
	expect_sent(&s, 0, 0);
	expect_received(&s, 0, index, 0);
	s.from[1].qp->rnr_retry = 1;
	send(&s, 1, LEN);
	expect_sent(&s, 1, MLX5_CQE_SYNDROME_RNR_RETRY_EXC_ERR);
	assert_int_equal(s.to[1].qp->state, NIC_QP_RTS);
	close_rig(&s);
}

static void limit_is_an_event_once(void **state)
{
	struct srq_rig s;
	uint32_t i;

	(void)state;
	open_rig(&s, LEN);
	for (i = 0; i < 5; i++)
		post(&s, s.far, LEN);
	nic_srq_arm(s.rig.nic[1], s.srq.srq, 3);
	for (i = 0; i < 2; i++) {
		send(&s, 0, LEN);
		expect_sent(&s, 0, 0);
	}
	no_event(&s); /* three are left */
	post(&s, s.far, LEN);
	send(&s, 1, LEN);
	expect_sent(&s, 1, 0);
	no_event(&s); /* three again: the fourth was posted after the last read of the record */
	send(&s, 1, LEN);
	expect_event(&s, NIC_EVENT_SRQ_LIMIT, s.srq.srq->number);
	send(&s, 1, LEN);
	no_event(&s); /* once for each arming */
	assert_int_equal(s.srq.srq->limit, 0);
	nic_srq_arm(s.rig.nic[1], s.srq.srq, 1);
	no_event(&s); /* one is left */
	nic_srq_arm(s.rig.nic[1], s.srq.srq, 2);
	expect_event(&s, NIC_EVENT_SRQ_LIMIT, s.srq.srq->number); /* fewer already */
	close_rig(&s);
}

/* One queue pair goes to ERR: no entry is flushed, and the other queue pair continues. */
static void error_of_one_queue_pair_flushes_nothing(void **state)
{
	struct srq_rig s;
	uint16_t index;

	(void)state;
	open_rig(&s, LEN);
	index = post(&s, s.far, LEN);
	nic_qp_set_state(s.to[0].qp, NIC_QP_ERR);
	expect_event(&s, NIC_EVENT_SRQ_LAST_WQE, s.to[0].qp->number);
	silence(&s);
	nic_qp_set_state(s.to[0].qp, NIC_QP_ERR); /* in ERR already */
	no_event(&s);
	send(&s, 1, LEN);
	expect_sent(&s, 1, 0);
	expect_received(&s, 1, index, 0);
	nic_qp_set_state(s.to[0].qp, NIC_QP_RST);
	nic_qp_set_state(s.to[0].qp, NIC_QP_ERR);
	no_event(&s); /* it had no receives */
	close_rig(&s);
}

static void too_long_message_fails_its_entry_only(void **state)
{
	struct srq_rig s;
	uint16_t index[2];

	(void)state;
	open_rig(&s, LEN);
	index[0] = post(&s, s.far, LEN - 1);
	index[1] = post(&s, s.far, LEN);
	send(&s, 0, LEN);
	expect_sent(&s, 0, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	expect_received(&s, 0, index[0], MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	expect_event(&s, NIC_EVENT_SRQ_LAST_WQE, s.to[0].qp->number);
	send(&s, 1, LEN);
	expect_sent(&s, 1, 0);
	expect_received(&s, 1, index[1], 0);
	close_rig(&s);
}

/* Keys of entries are looked up in the protection domain of the queue, not of the queue pair. */
static void entries_belong_to_the_queues_domain(void **state)
{
	struct nic_sge sge;
	struct srq_rig s;
	uint16_t index;

	(void)state;
	open_rig(&s, LEN);
	sge = (struct nic_sge){ .len = LEN, .addr = RIG_VA + s.far };
	sge.lkey = rig_key(s.rig.nic[1], s.to[0].pd, RIGHTS, s.far, LEN);
	index = rig_srq_post(&s.srq, &sge, 1);
	rig_fill(&s.rig, s.near, LEN, 1);
	send(&s, 0, LEN);
	expect_sent(&s, 0, MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
	expect_received(&s, 0, index, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	assert_true(rig_zero(&s.rig, s.far, LEN));
	close_rig(&s);
}

static void write_with_immediate_takes_an_entry(void **state)
{
	struct mlx5_cqe64 cqe;
	struct nic_sge sge;
	struct srq_rig s;
	uint16_t index;

	(void)state;
	open_rig(&s, LEN);
	sge = (struct nic_sge){ .len = LEN, .lkey = s.near_key[0], .addr = RIG_VA + s.near };
	index = post(&s, s.far, 0);
	rig_fill(&s.rig, s.near, LEN, 1);
	rig_post(&s.from[0],
		 &(struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE_IMM,
				   .sge = &sge,
				   .nsge = 1,
				   .imm = 7,
				   .remote_va = RIG_VA + s.far,
				   .rkey = rig_key(s.rig.nic[1], s.to[0].pd, RIGHTS, s.far, LEN) });
	expect_sent(&s, 0, 0);
	assert_true(rig_cq_wait(&s.recv, &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_WR_IMM);
	assert_int_equal(be32toh(cqe.srqn_uidx), s.srq.srq->number);
	assert_int_equal(be16toh(cqe.wqe_counter), index);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), 7);
	assert_true(rig_filled(&s.rig, s.far, LEN, 1));
	close_rig(&s);
}

/* Two messages of several parts at the same time: each keeps the entry it has taken. */
static void long_messages_keep_their_entries(void **state)
{
	struct mlx5_cqe64 cqe;
	struct srq_rig s;
	uint64_t target;
	uint32_t i;

	(void)state;
	open_rig(&s, BIG);
	rig_fill(&s.rig, s.near, BIG, 3);
	post(&s, s.far, BIG);
	post(&s, s.far + BIG, BIG);
	send(&s, 0, BIG);
	send(&s, 1, BIG);
	expect_sent(&s, 0, 0);
	expect_sent(&s, 1, 0);
	for (i = 0, target = s.far; i < 2; i++, target += BIG) {
		assert_true(rig_cq_wait(&s.recv, &cqe));
		assert_int_equal(rig_cqe_syndrome(&cqe), 0);
		assert_true(rig_filled(&s.rig, target, BIG, 3));
	}
	close_rig(&s);
}

/*
 * The entry's memory is absent: its message waits with the entry, and the other connection takes
 * the next one.
 */
static void page_fault_keeps_the_entry(void **state)
{
	struct nic_mkey *mkey;
	struct nic_fault *fault = NULL;
	uint16_t index[2];
	struct nic_sge sge;
	struct srq_rig s;
	struct nic *nic;
	uint64_t page;
	uint32_t i;

	(void)state;
	open_rig(&s, LEN);
	nic = s.rig.nic[1];
	s.eq.eq->event_mask |= 1ull << NIC_EVENT_PAGE_FAULT;
	sge = (struct nic_sge){ .len = LEN, .addr = RIG_VA + s.far };
	sge.lkey = rig_key(nic, s.pd, RIGHTS, s.far, LEN);
	mkey = rig_mkey(nic, sge.lkey);
	page = mkey->mtt[0];
	mkey->mtt[0] = 0;
	index[0] = rig_srq_post(&s.srq, &sge, 1);
	index[1] = post(&s, s.far + LEN, LEN);
	rig_fill(&s.rig, s.near, LEN, 1);
	send(&s, 0, LEN);
	rig_run(&s.rig);
	for (i = 0; i < nic->faults.size && !fault; i++)
		fault = nic->faults.slot[i];
	assert_non_null(fault);
	send(&s, 1, LEN);
	expect_sent(&s, 1, 0);
	expect_received(&s, 1, index[1], 0);
	mkey->mtt[0] = page;
	assert_int_equal(nic_fault_resume(nic, fault->token, false), 0);
	expect_sent(&s, 0, 0);
	expect_received(&s, 0, index[0], 0);
	assert_true(rig_filled(&s.rig, s.far, LEN, 1));
	close_rig(&s);
}

/* The receiver fails in the middle of a message: the entry is completed as flushed, before the event. */
static void unfinished_entry_is_flushed(void **state)
{
	struct srq_rig s;
	uint16_t index[2];

	(void)state;
	open_rig(&s, BIG);
	index[0] = post(&s, s.far, BIG);
	index[1] = post(&s, s.far, LEN);
	send(&s, 0, BIG);
	while (!s.to[0].qp->entry.taken)
		assert_true(fab_loop_step(s.rig.fabric->loop, 0));
	nic_qp_set_state(s.to[0].qp, NIC_QP_ERR);
	expect_received(&s, 0, index[0], MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
	expect_event(&s, NIC_EVENT_SRQ_LAST_WQE, s.to[0].qp->number);
	send(&s, 1, LEN);
	expect_sent(&s, 1, 0);
	expect_received(&s, 1, index[1], 0);
	silence(&s);
	close_rig(&s);
}

/*
 * The guest's list or doorbell record is invalid: an event is raised and the queue stops; memory
 * is unchanged.
 */
static void senseless_list_stops_the_queue(void **state)
{
	struct srq_rig s;
	uint32_t be;
	int kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		open_rig(&s, LEN);
		post(&s, s.far, LEN);
		switch (kind) {
		case 0:
			rig_srq_set_next(&s.srq, 0, ENTRIES);
			break;
		case 1:
			be = htobe32(ENTRIES + 1);
			memcpy(rig_at(&s.rig, s.srq.dbr), &be, sizeof(be));
			break;
		case 2:
			s.srq.srq->dbr = 0xdead00000000;
			break;
		case 3:
			s.srq.srq->buf.page[0] = 0xdead00000000;
			break;
		}
		rig_fill(&s.rig, s.near, LEN, 1);
		send(&s, 0, LEN);
		expect_sent(&s, 0, MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
		expect_event(&s, NIC_EVENT_SRQ_CATASTROPHIC, s.srq.srq->number);
		expect_event(&s, NIC_EVENT_SRQ_LAST_WQE, s.to[0].qp->number);
		assert_true(rig_zero(&s.rig, s.far, LEN));
		send(&s, 1, LEN);
		expect_sent(&s, 1, MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
		close_rig(&s);
	}
}

/* A circular list costs no more than a linear one. */
static void circular_list_ends_with_the_record(void **state)
{
	struct srq_rig s;
	uint32_t i;

	(void)state;
	open_rig(&s, LEN);
	for (i = 0; i < 4; i++)
		post(&s, s.far, LEN);
	rig_srq_set_next(&s.srq, 0, 0);
	for (i = 0; i < 4; i++) {
		send(&s, 0, LEN);
		expect_sent(&s, 0, 0);
		expect_received(&s, 0, 0, 0);
	}
	send(&s, 0, LEN);
	rig_run_ms(&s.rig, 2);
	assert_true(s.rig.nic[1]->rnr_events > 0);
	close_rig(&s);
}

static void queue_can_go_while_an_entry_is_taken(void **state)
{
	struct srq_rig s;

	(void)state;
	open_rig(&s, BIG);
	post(&s, s.far, BIG);
	send(&s, 0, BIG);
	while (!s.to[0].qp->entry.taken)
		assert_true(fab_loop_step(s.rig.fabric->loop, 0));
	nic_srq_free(s.rig.nic[1], s.srq.srq);
	assert_false(s.to[0].qp->entry.taken); /* its number may name another queue later */
	expect_sent(&s, 0, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	close_rig(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_used_in_list_order),
		cmocka_unit_test(empty_queue_is_receiver_not_ready),
		cmocka_unit_test(limit_is_an_event_once),
		cmocka_unit_test(error_of_one_queue_pair_flushes_nothing),
		cmocka_unit_test(too_long_message_fails_its_entry_only),
		cmocka_unit_test(entries_belong_to_the_queues_domain),
		cmocka_unit_test(write_with_immediate_takes_an_entry),
		cmocka_unit_test(long_messages_keep_their_entries),
		cmocka_unit_test(page_fault_keeps_the_entry),
		cmocka_unit_test(unfinished_entry_is_flushed),
		cmocka_unit_test(senseless_list_stops_the_queue),
		cmocka_unit_test(circular_list_ends_with_the_record),
		cmocka_unit_test(queue_can_go_while_an_entry_is_taken),
	};

	return cmocka_run_group_tests_name("rc_srq", tests, NULL, NULL);
}
