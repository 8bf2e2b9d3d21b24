// SPDX-License-Identifier: MIT
/*
 * Page faults: content of the event, effect of the driver's answer, and objects that are
 * destroyed meanwhile.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "fabric/nic/keys/fault.h"
#include "tests/fabric/nic_fault_rig.h"

static const uint8_t opcodes[] = { MLX5_OPCODE_SEND, MLX5_OPCODE_RDMA_WRITE,
				   MLX5_OPCODE_RDMA_WRITE_IMM, MLX5_OPCODE_RDMA_READ };
#define OPCODES (sizeof(opcodes) / sizeof(opcodes[0]))

static void expect_cqe(struct rig_cq *cq, uint8_t opcode, uint8_t syndrome)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(cq, &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), opcode);
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
}

static void expect_silence(struct fault_rig *f)
{
	struct mlx5_cqe64 cqe;

	rig_run(f->rig);
	assert_false(rig_cq_poll(&f->cq[REQUESTER], &cqe));
	assert_false(rig_cq_poll(&f->cq[RESPONDER], &cqe));
}

static void event_carries_the_address(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;
	uint64_t first;

	fault_rig_open(&f, *state, RESPONDER, true);
	first = RIG_VA + (f.bus[RESPONDER] & ~(uint64_t)(NIC_PAGE - 1));
	fault_zap(f.owner, f.key[RESPONDER], 1);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	seen = fault_expect(&f);
	assert_int_equal(seen.mkey, f.key[RESPONDER]);
	assert_int_equal(seen.va, first + NIC_PAGE);
	assert_int_equal(seen.demand, 3 * NIC_PAGE);
	assert_int_equal(seen.pre, 0);
	assert_int_equal(seen.post, 0);
	assert_int_equal(seen.flags, 0x80);
	assert_true(f.qp[REQUESTER].qp->waiting);
	assert_int_equal(f.owner->page_faults, 1);
	assert_int_equal(f.owner->faults_raised, 1);
	expect_silence(&f);
	assert_true(rig_zero(f.rig, f.bus[RESPONDER],
			     FAULT_LEN)); /* no data moves before all pages are present */

	/* an answer without a translation raises the same event with another token; a doorbell has no effect */
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_OK);
	assert_int_not_equal(fault_expect(&f).token, seen.token);
	rig_ring(&f.qp[REQUESTER]);
	expect_silence(&f);
	assert_int_equal(f.owner->faults_raised, 2);
	assert_int_equal(f.qp[REQUESTER].qp->posted, 1);
}

/* The key's first page, and the range to the end of an access that begins inside a page. */
static void event_covers_whole_pages(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;

	fault_rig_open(&f, *state, REQUESTER, true);
	fault_zap(f.owner, f.key[REQUESTER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	seen = fault_expect(&f);
	assert_int_equal(seen.mkey, f.key[REQUESTER]);
	assert_int_equal(seen.va, RIG_VA + f.bus[REQUESTER] - FAULT_SKIP);
	assert_int_equal(seen.demand, 4 * NIC_PAGE);
}

static void rest_of_a_long_range_is_offered_for_prefetch(void **state)
{
	const uint32_t len = NIC_MOVE_MAX + 5 * NIC_PAGE;
	struct fault_seen seen;
	struct fault_rig f;
	struct rig_wr wr;
	uint64_t bus;

	fault_rig_open(&f, *state, RESPONDER, true);
	bus = rig_alloc(f.rig, len);
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
			      .sge = &f.sge[REQUESTER],
			      .nsge = 1,
			      .remote_va = RIG_VA + bus };
	f.sge[REQUESTER] = (struct nic_sge){ .len = len, .addr = RIG_VA + bus };
	f.sge[REQUESTER].lkey =
		rig_key(f.nic[REQUESTER], f.qp[REQUESTER].pd, NIC_LOCAL_READ, bus, len);
	wr.rkey = rig_key(f.owner, f.qp[RESPONDER].pd, NIC_REMOTE_WRITE, bus, len);
	fault_zap(f.owner, wr.rkey, 0);
	rig_post(&f.qp[REQUESTER], &wr);
	seen = fault_expect(&f);
	assert_int_equal(seen.demand, NIC_MOVE_MAX);
	assert_int_equal(seen.post, 5);
}

static void try_resume(struct client *client, enum fault_end end, uint8_t opcode)
{
	struct fault_seen seen;
	struct fault_rig f;

	fault_rig_open(&f, client, end, true);
	fault_zap(f.owner, f.key[end], 0);
	fault_rig_post(&f, opcode);
	seen = fault_expect(&f);
	fault_map(f.owner, f.key[end], f.bus[end]);
	expect_silence(&f);
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_OK);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ, 0);
	if (opcode == MLX5_OPCODE_SEND)
		expect_cqe(&f.cq[RESPONDER], MLX5_CQE_RESP_SEND, 0);
	if (opcode == MLX5_OPCODE_RDMA_WRITE_IMM)
		expect_cqe(&f.cq[RESPONDER], MLX5_CQE_RESP_WR_IMM, 0);
	expect_silence(&f);
	assert_true(fault_rig_arrived(&f, opcode));
	assert_int_equal(f.qp[REQUESTER].qp->posted, 1);
	assert_int_equal(f.owner->faults.used, 0);
	nic_eq_free(f.owner, f.eq.eq); /* the next round creates its own */
}

static void resume_continues(void **state)
{
	struct client *client = *state;
	size_t i;

	for (i = 0; i < OPCODES; i++) {
		try_resume(client, REQUESTER, opcodes[i]);
		try_resume(client, RESPONDER, opcodes[i]);
	}
	assert_int_equal(client->nic->fault_resumes, 2 * OPCODES);
	assert_int_equal(client->nic->fault_errors, 0);
	assert_int_equal(client->nic->page_faults, 2 * OPCODES);
}

/* Both ends are absent: one fault after the other, each at the NIC of its key. */
static void both_ends_fault_in_turn(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;
	struct rig_eq own;

	fault_rig_open(&f, *state, RESPONDER, true);
	rig_eq_open(f.rig, &own, f.nic[REQUESTER], 1ull << NIC_EVENT_PAGE_FAULT);
	fault_zap(f.nic[REQUESTER], f.key[REQUESTER], 2);
	fault_zap(f.owner, f.key[RESPONDER], 1);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	rig_run(f.rig);
	assert_false(fault_poll(&f, &seen));
	assert_int_equal(f.nic[REQUESTER]->faults.used, 1);
	fault_map(f.nic[REQUESTER], f.key[REQUESTER], f.bus[REQUESTER]);
	assert_int_equal(nic_fault_resume(f.nic[REQUESTER], f.qp[REQUESTER].qp->fault->token, false),
			 0);
	seen = fault_expect(&f);
	fault_map(f.owner, f.key[RESPONDER], f.bus[RESPONDER]);
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_OK);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ, 0);
	assert_true(fault_rig_arrived(&f, MLX5_OPCODE_RDMA_WRITE));
}

/* A translation that is removed between two parts of a message. */
static void fault_in_the_middle_of_a_message(void **state)
{
	const uint32_t len = 2 * NIC_MOVE_MAX;
	struct fault_seen seen;
	struct fault_rig f;
	uint64_t near, far;
	struct rig_wr wr;

	fault_rig_open(&f, *state, RESPONDER, true);
	near = rig_alloc(f.rig, len);
	far = rig_alloc(f.rig, len);
	rig_fill(f.rig, near, len, 3);
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
			      .sge = &f.sge[REQUESTER],
			      .nsge = 1,
			      .remote_va = RIG_VA + far };
	f.sge[REQUESTER] = (struct nic_sge){ .len = len, .addr = RIG_VA + near };
	f.sge[REQUESTER].lkey =
		rig_key(f.nic[REQUESTER], f.qp[REQUESTER].pd, NIC_LOCAL_READ, near, len);
	wr.rkey = rig_key(f.owner, f.qp[RESPONDER].pd, NIC_REMOTE_WRITE, far, len);
	rig_post(&f.qp[REQUESTER], &wr);
	fab_loop_step(f.rig->fabric->loop, 0);
	assert_int_equal(f.qp[REQUESTER].qp->progress, NIC_MOVE_MAX);
	fault_zap(f.owner, wr.rkey, 0);
	seen = fault_expect(&f);
	assert_int_equal(seen.va, wr.remote_va + NIC_MOVE_MAX);
	assert_int_equal(f.qp[REQUESTER].qp->progress, NIC_MOVE_MAX);
	fault_map(f.owner, wr.rkey, far);
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_OK);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ, 0);
	assert_true(rig_filled(f.rig, far, len, 3));
}

/* Syndromes are those of a NIC that raises no page faults. */
static void expect_failure(struct fault_rig *f, enum fault_end end, uint8_t opcode)
{
	uint8_t syndrome = MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR;

	if (end == REQUESTER)
		syndrome = MLX5_CQE_SYNDROME_LOCAL_ACCESS_ERR;
	else if (opcode == MLX5_OPCODE_SEND)
		syndrome = MLX5_CQE_SYNDROME_REMOTE_OP_ERR;
	expect_cqe(&f->cq[REQUESTER], MLX5_CQE_REQ_ERR, syndrome);
	assert_int_equal(f->qp[REQUESTER].qp->state, NIC_QP_ERR);
	assert_int_equal(f->qp[RESPONDER].qp->state, end == REQUESTER ? NIC_QP_RTS : NIC_QP_ERR);
	if (end == RESPONDER && opcode == MLX5_OPCODE_SEND)
		expect_cqe(&f->cq[RESPONDER], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	if (end == RESPONDER && opcode == MLX5_OPCODE_RDMA_WRITE_IMM)
		expect_cqe(&f->cq[RESPONDER], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
	expect_silence(f);
	assert_true(rig_zero(f->rig, f->bus[fault_rig_target(opcode)], FAULT_LEN));
	assert_int_equal(f->owner->faults.used, 0);
}

/* Also when the key has a translation by then: the answer decides. */
static void resume_with_error_fails_the_message(void **state)
{
	struct client *client = *state;
	size_t i;

	for (i = 0; i < 4 * OPCODES; i++) {
		enum fault_end end = i & 1 ? RESPONDER : REQUESTER;
		uint8_t opcode = opcodes[i / 4];
		struct fault_seen seen;
		struct fault_rig f;

		fault_rig_open(&f, client, end, true);
		fault_zap(f.owner, f.key[end], 1);
		fault_rig_post(&f, opcode);
		seen = fault_expect(&f);
		if (i & 2)
			fault_map(f.owner, f.key[end], f.bus[end]);
		assert_int_equal(fault_resume(&f, seen.token, true), NIC_CMD_OK);
		expect_failure(&f, end, opcode);
		nic_eq_free(f.owner, f.eq.eq);
	}
	assert_int_equal(client->nic->fault_errors, 4 * OPCODES);
	assert_int_equal(client->nic->fault_resumes, 0);
}

static void unanswered_fault(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;
	uint64_t start;

	fault_rig_open(&f, *state, RESPONDER, true);
	assert_int_equal(f.owner->fault_timeout_us, 10000000);
	f.owner->fault_timeout_us = 50000;
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	start = fab_loop_now_us(f.rig->fabric->loop);
	seen = fault_expect(&f);
	expect_failure(&f, RESPONDER, MLX5_OPCODE_RDMA_WRITE);
	assert_true(fab_loop_now_us(f.rig->fabric->loop) - start >= 50000);
	assert_int_equal(f.owner->fault_timeouts, 1);
	/* too late */
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_BAD_RES);
	assert_int_equal(f.owner->fault_bad_resumes, 1);
	assert_int_equal(f.owner->fault_resumes, 0);
}

static void without_event_queue_it_fails_at_once(void **state)
{
	struct client *client = *state;
	size_t i;

	for (i = 0; i < 2 * OPCODES; i++) {
		enum fault_end end = i & 1 ? RESPONDER : REQUESTER;
		struct fault_rig f;

		fault_rig_open(&f, client, end, false);
		fault_zap(f.owner, f.key[end], 0);
		fault_rig_post(&f, opcodes[i / 2]);
		rig_run(f.rig);
		assert_false(f.qp[REQUESTER].qp->fault);
		expect_failure(&f, end, opcodes[i / 2]);
	}
	assert_int_equal(client->nic->faults_raised, 0);
	assert_true(client->nic->page_faults >= 2 * OPCODES);
}

/* The driver does not know that the QP is destroyed: its answer is valid and has no effect. */
static void queue_pair_destroyed_while_it_waits(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;

	fault_rig_open(&f, *state, RESPONDER, true);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	seen = fault_expect(&f);
	rig_qp_close(&f.qp[REQUESTER]);
	expect_silence(&f);
	assert_int_equal(f.owner->faults.used, 1);
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_OK);
	assert_int_equal(f.owner->faults.used, 0);
	expect_silence(&f);
	assert_true(rig_zero(f.rig, f.bus[RESPONDER], FAULT_LEN));
}

static void abandoned_fault_ends_by_time(void **state)
{
	struct fault_rig f;

	fault_rig_open(&f, *state, REQUESTER, true);
	f.owner->fault_timeout_us = 10000;
	fault_zap(f.owner, f.key[REQUESTER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	fault_expect(&f);
	rig_qp_close(&f.qp[REQUESTER]);
	rig_run_ms(f.rig, 30);
	assert_int_equal(f.owner->faults.used, 0);
	assert_int_equal(f.owner->fault_timeouts, 1);
}

static void state_change_ends_the_wait(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;

	fault_rig_open(&f, *state, REQUESTER, true);
	fault_zap(f.owner, f.key[REQUESTER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	seen = fault_expect(&f);
	nic_qp_set_state(f.qp[REQUESTER].qp, NIC_QP_ERR);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
	assert_int_equal(fault_resume(&f, seen.token, true), NIC_CMD_OK);
	expect_silence(&f);
	nic_qp_set_state(f.qp[REQUESTER].qp, NIC_QP_RST);
	assert_int_equal(f.owner->faults.used, 0);
}

/* The message then has no peer, or no key. */
static void peer_or_key_destroyed_while_it_waits(void **state)
{
	int key;

	for (key = 0; key < 2; key++) {
		struct fault_seen seen;
		struct fault_rig f;

		fault_rig_open(&f, *state, RESPONDER, true);
		fault_zap(f.owner, f.key[RESPONDER], 0);
		fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
		seen = fault_expect(&f);
		if (key)
			nic_mkey_free(f.owner,
				      nic_ids_remove(&f.owner->mkeys, f.key[RESPONDER] >> 8));
		else
			rig_qp_close(&f.qp[RESPONDER]);
		expect_silence(&f);
		assert_int_equal(fault_resume(&f, seen.token, key), NIC_CMD_OK);
		expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ_ERR,
			   key ? MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR :
				 MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR);
		nic_eq_free(f.owner, f.eq.eq);
	}
}

static void two_queue_pairs_fault_on_one_key(void **state)
{
	const struct rig_qp_opts opts = { .log_sq = 6, .log_rq = 4, .log_stride = 2 };
	struct fault_seen first, second;
	struct rig_qp other[2];
	struct fault_rig f;
	int end;

	fault_rig_open(&f, *state, RESPONDER, true);
	for (end = REQUESTER; end <= RESPONDER; end++) {
		rig_qp_open(f.rig, &other[end], f.nic[end], &f.cq[end], &f.cq[end], &opts);
		other[end].qp->pd = f.qp[end].pd;
	}
	rig_qp_connect(&other[REQUESTER], &other[RESPONDER]);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	rig_post(&other[REQUESTER], &(struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
						      .sge = &f.sge[REQUESTER],
						      .nsge = 1,
						      .rkey = f.key[RESPONDER],
						      .remote_va = RIG_VA + f.bus[RESPONDER] });
	rig_run(f.rig);
	assert_true(fault_poll(&f, &first));
	assert_true(fault_poll(&f, &second));
	assert_int_equal(first.mkey, second.mkey);
	assert_int_not_equal(first.token, second.token);

	fault_map(f.owner, f.key[RESPONDER], f.bus[RESPONDER]);
	assert_int_equal(fault_resume(&f, second.token, false), NIC_CMD_OK);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ, 0);
	assert_int_equal(other[REQUESTER].qp->completed, 1);
	expect_silence(&f);
	assert_true(f.qp[REQUESTER].qp->waiting);
	assert_true(fault_rig_arrived(&f, MLX5_OPCODE_RDMA_WRITE));
	/* the other one is unaffected */
	assert_int_equal(fault_resume(&f, first.token, true), NIC_CMD_OK);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
	assert_int_equal(other[REQUESTER].qp->state, NIC_QP_RTS);
}

static void answers_that_name_nothing(void **state)
{
	struct client *client = *state;
	struct fault_seen seen;
	struct fault_rig f;
	uint64_t bad;
	int i;

	fault_rig_open(&f, client, RESPONDER, true);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	seen = fault_expect(&f);
	for (i = 0; i < 48; i++)
		assert_int_equal(fault_resume(&f, seen.token ^ 1ull << i, i & 1), NIC_CMD_BAD_RES);
	assert_int_equal(fault_resume(&f, f.qp[REQUESTER].qp->number, true), NIC_CMD_BAD_RES);
	assert_int_equal(nic_fault_resume(f.nic[REQUESTER], seen.token, true),
			 -ENOENT); /* the other NIC's */
	bad = f.owner->fault_bad_resumes;
	assert_int_equal(bad, 49);
	expect_silence(&f);
	assert_true(f.qp[REQUESTER].qp->waiting);

	fault_map(f.owner, f.key[RESPONDER], f.bus[RESPONDER]);
	assert_int_equal(fault_resume(&f, seen.token, false), NIC_CMD_OK);
	assert_int_equal(fault_resume(&f, seen.token, true), NIC_CMD_BAD_RES); /* twice */
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ, 0);
	assert_int_equal(f.owner->fault_bad_resumes, bad + 1);
	assert_int_equal(f.owner->fault_resumes, 1);
	assert_int_equal(f.owner->fault_errors, 0);
}

/* Reset of the key's NIC, of the waiter's NIC, and of both when they are one. */
static void reset_while_it_waits(void **state)
{
	struct client *client = *state;
	struct fault_rig f;

	fault_rig_open(&f, client, RESPONDER, true);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	fault_expect(&f);
	f.owner->dev.ops->reset(&f.owner->dev);
	assert_int_equal(f.owner->faults.used, 0);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR);

	fault_rig_open(&f, client, RESPONDER, true);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	fault_expect(&f);
	f.nic[REQUESTER]->dev.ops->reset(&f.nic[REQUESTER]->dev);
	rig_run(f.rig);
	assert_int_equal(f.owner->faults.used, 1);
	f.owner->dev.ops->reset(&f.owner->dev);
	assert_int_equal(f.owner->faults.used, 0);

	fault_rig_open(&f, client, REQUESTER, true);
	fault_zap(f.owner, f.key[REQUESTER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	fault_expect(&f);
	f.owner->dev.ops->reset(&f.owner->dev);
	rig_run_ms(f.rig, 5);
	assert_int_equal(f.owner->faults.used, 0);
}

/* Above the limit, or with a full event queue, a message fails at once. */
static void faults_are_bounded(void **state)
{
	struct fault_rig f;
	uint32_t i;

	fault_rig_open(&f, *state, REQUESTER, true);
	fault_zap(f.owner, f.key[REQUESTER], 0);
	for (i = 0; i < NIC_MAX_FAULTS; i++) {
		fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
		fault_expect(&f);
		nic_qp_set_state(f.qp[REQUESTER].qp, NIC_QP_RST);
		f.qp[REQUESTER].sq_pi = 0;
		nic_qp_set_state(f.qp[REQUESTER].qp, NIC_QP_RTS);
	}
	assert_int_equal(f.owner->faults.used, NIC_MAX_FAULTS);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	expect_cqe(&f.cq[REQUESTER], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_ACCESS_ERR);
	assert_int_equal(f.owner->faults_over, 1);
	assert_int_equal(f.owner->faults_raised, NIC_MAX_FAULTS);
}

static void full_event_queue_takes_no_fault(void **state)
{
	struct fault_rig f;

	fault_rig_open(&f, *state, RESPONDER, true);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	f.eq.eq->pi = f.eq.eq->ci + (1u << f.eq.eq->log_size);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	expect_failure(&f, RESPONDER, MLX5_OPCODE_RDMA_WRITE);
	assert_int_equal(f.owner->eq_overruns, 1);
	assert_int_equal(f.owner->faults_raised, 0);
}

static int reported(struct nic *nic, const char *name)
{
	cJSON *object = cJSON_CreateObject(), *row;
	int value;

	nic->dev.ops->report(&nic->dev, object);
	row = cJSON_GetObjectItem(cJSON_GetObjectItem(object, "nic"), name);
	assert_non_null(row);
	value = row->valueint;
	cJSON_Delete(object);
	return value;
}

static void report_counts(void **state)
{
	struct fault_seen seen;
	struct fault_rig f;

	fault_rig_open(&f, *state, RESPONDER, true);
	fault_zap(f.owner, f.key[RESPONDER], 0);
	fault_rig_post(&f, MLX5_OPCODE_RDMA_WRITE);
	seen = fault_expect(&f);
	assert_int_equal(reported(f.owner, "faults_waiting"), 1);
	fault_resume(&f, seen.token, false);
	seen = fault_expect(&f);
	fault_resume(&f, seen.token, true);
	fault_resume(&f, seen.token, true);
	assert_int_equal(reported(f.owner, "page_faults"), 2);
	assert_int_equal(reported(f.owner, "faults_raised"), 2);
	assert_int_equal(reported(f.owner, "fault_resumes"), 1);
	assert_int_equal(reported(f.owner, "fault_errors"), 1);
	assert_int_equal(reported(f.owner, "fault_bad_resumes"), 1);
	assert_int_equal(reported(f.owner, "fault_timeouts"), 0);
	assert_int_equal(reported(f.owner, "faults_over"), 0);
	assert_int_equal(reported(f.owner, "faults_waiting"), 0);
	f.owner->dev.ops->clear(&f.owner->dev);
	assert_int_equal(reported(f.owner, "faults_raised"), 0);
	assert_int_equal(reported(f.owner, "fault_bad_resumes"), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(event_carries_the_address),
		TEST(event_covers_whole_pages),
		TEST(rest_of_a_long_range_is_offered_for_prefetch),
		TEST(resume_continues),
		TEST(both_ends_fault_in_turn),
		TEST(fault_in_the_middle_of_a_message),
		TEST(resume_with_error_fails_the_message),
		TEST(unanswered_fault),
		TEST(without_event_queue_it_fails_at_once),
		TEST(queue_pair_destroyed_while_it_waits),
		TEST(abandoned_fault_ends_by_time),
		TEST(state_change_ends_the_wait),
		TEST(peer_or_key_destroyed_while_it_waits),
		TEST(two_queue_pairs_fault_on_one_key),
		TEST(answers_that_name_nothing),
		TEST(reset_while_it_waits),
		TEST(faults_are_bounded),
		TEST(full_event_queue_takes_no_fault),
		TEST(report_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
