// SPDX-License-Identifier: MIT
/* Retries: receivers that are not ready, peers that do not answer, queue pairs that are destroyed meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/fabric/rc_rig.h"

static const struct rig_wr send_wr = { .opcode = MLX5_OPCODE_SEND };

static uint64_t now_us(struct rig_pair *pair)
{
	return fab_loop_now_us(pair->rig.fabric->loop);
}

static void expect_syndrome(struct rig_pair *pair, uint8_t syndrome)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(&pair->cq[0], &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
	assert_int_equal(pair->qp[0].qp->state, syndrome ? NIC_QP_ERR : NIC_QP_RTS);
}

static void late_receive_is_found(void **state)
{
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	uint64_t start, steps = 0;

	(void)state;
	rig_pair_open(&pair, false);
	start = now_us(&pair);
	rig_post(&pair.qp[0], &send_wr);
	while (pair.rig.nic[1]->rnr_events < 30 && now_us(&pair) - start < 5000000)
		steps += fab_loop_step(pair.rig.fabric->loop, 100);
	/*
	 * rnr_retry 7: no limit; retries by the timer of 0.64 ms, slower after some, without
	 * other steps of the loop
	 */
	assert_int_equal(pair.rig.nic[1]->rnr_events, 30);
	assert_true(now_us(&pair) - start >= 16 * 640 + 13 * 1000);
	assert_true(steps <= 2 * 30);
	assert_false(rig_cq_poll(&pair.cq[0], &cqe));
	rig_post_recv(&pair.qp[1], NULL, 0);
	assert_true(rig_cq_wait(&pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND);
	expect_syndrome(&pair, 0);
	assert_int_equal(pair.qp[0].qp->posted, 1);
	rig_pair_close(&pair);
}

/* Doorbells do not shorten the timer. */
static void doorbell_does_not_shorten_the_wait(void **state)
{
	struct rig_pair pair;
	int i;

	(void)state;
	rig_pair_open(&pair, false);
	pair.qp[1].qp->min_rnr = 0; /* 655 ms */
	rig_post(&pair.qp[0], &send_wr);
	for (i = 0; i < 100; i++) {
		rig_ring(&pair.qp[0]);
		rig_run(&pair.rig);
	}
	assert_int_equal(pair.rig.nic[1]->rnr_events, 1);
	rig_pair_close(&pair);
}

static void rnr_retries_are_counted(void **state)
{
	uint8_t retries;

	(void)state;
	for (retries = 0; retries < 7; retries += 3) {
		struct rig_pair pair;

		rig_pair_open(&pair, false);
		pair.qp[0].qp->rnr_retry = retries;
		rig_post(&pair.qp[0], &send_wr);
		expect_syndrome(&pair, MLX5_CQE_SYNDROME_RNR_RETRY_EXC_ERR);
		assert_int_equal(pair.rig.nic[1]->rnr_events, retries + 1);
		assert_int_equal(pair.qp[1].qp->state, NIC_QP_RTS);
		rig_pair_close(&pair);
	}
}

/* Each message has a retry count of its own. */
static void rnr_count_starts_again_with_the_next_message(void **state)
{
	struct rig_pair pair;
	uint64_t end;
	uint32_t i;

	(void)state;
	rig_pair_open(&pair, false);
	pair.qp[0].qp->rnr_retry = 2;
	end = now_us(&pair) + 5000000;
	for (i = 0; i < 3; i++) {
		rig_post(&pair.qp[0], &send_wr);
		while (pair.rig.nic[1]->rnr_events < 2 * (i + 1) && now_us(&pair) < end)
			fab_loop_step(pair.rig.fabric->loop, 100);
		assert_int_equal(pair.rig.nic[1]->rnr_events, 2 * (i + 1));
		rig_post_recv(&pair.qp[1], NULL, 0);
		expect_syndrome(&pair, 0);
	}
	rig_pair_close(&pair);
}

static void write_with_immediate_waits_before_it_writes(void **state)
{
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	struct nic_sge sge = { .len = 64 };
	struct mlx5_cqe64 cqe;
	uint64_t near, far;
	struct rig_wr wr;

	(void)state;
	rig_pair_open(&pair, false);
	near = rig_alloc(rig, 64);
	far = rig_alloc(rig, 64);
	rig_fill(rig, near, 64, 1);
	sge.addr = RIG_VA + near;
	sge.lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, near, 64);
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE_IMM,
			      .sge = &sge,
			      .nsge = 1,
			      .remote_va = RIG_VA + far,
			      .rkey = rig_key(rig->nic[1], pair.pd[1], NIC_REMOTE_WRITE, far, 64) };
	rig_post(&pair.qp[0], &wr);
	rig_run_ms(rig, 5);
	assert_true(rig_zero(rig, far, 64));
	rig_post_recv(&pair.qp[1], NULL, 0);
	assert_true(rig_cq_wait(&pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_WR_IMM);
	assert_true(rig_filled(rig, far, 64, 1));
	rig_pair_close(&pair);
}

/* Reasons for the other end not to answer. */
enum silence { NO_LID, NO_QP, NOT_READY, BROKEN, OTHER_QPN, OTHER_LID, OTHER_SERVICE, SILENCES };

static void silence_peer(struct rig_pair *pair, enum silence how)
{
	struct nic_qp *peer = pair->qp[1].qp;

	switch (how) {
	case NO_LID:
		pair->qp[0].qp->remote_lid = 99;
		break;
	case NO_QP:
		pair->qp[0].qp->remote_qpn += 1000;
		break;
	case NOT_READY:
		peer->state = NIC_QP_INIT;
		break;
	case BROKEN:
		nic_qp_set_state(peer, NIC_QP_ERR);
		break;
	case OTHER_QPN:
		peer->remote_qpn++;
		break;
	case OTHER_LID:
		peer->remote_lid = 2;
		break;
	case OTHER_SERVICE:
		peer->service = MLX5_QPC_ST_UD;
		break;
	case SILENCES:
		break;
	}
}

static void peer_that_does_not_answer_exceeds_retries(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < SILENCES; how++) {
		struct rig_pair pair;
		uint64_t start;

		rig_pair_open(&pair, false);
		pair.qp[0].qp->ack_timeout = 11; /* 8.4 ms */
		pair.qp[0].qp->retry_count = 3;
		silence_peer(&pair, (enum silence)how);
		start = now_us(&pair);
		rig_post(&pair.qp[0], &send_wr);
		expect_syndrome(&pair, MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR);
		assert_in_range(now_us(&pair) - start, 4 * 8388, 4 * 8388 + 3000000);
		assert_int_equal(pair.rig.nic[0]->retry_events, 5);
		rig_pair_close(&pair);
	}
}

static void peer_that_answers_late_gets_the_message(void **state)
{
	struct rig_pair pair;

	(void)state;
	rig_pair_open(&pair, false);
	pair.qp[0].qp->ack_timeout = 11;
	pair.qp[1].qp->state = NIC_QP_INIT;
	rig_post_recv(&pair.qp[1], NULL, 0);
	rig_post(&pair.qp[0], &send_wr);
	rig_run_ms(&pair.rig, 10);
	assert_int_equal(pair.qp[0].qp->completed, 0);
	nic_qp_set_state(pair.qp[1].qp, NIC_QP_RTR);
	expect_syndrome(&pair, 0);
	rig_pair_close(&pair);
}

static void timeout_zero_waits_without_limit(void **state)
{
	struct rig_pair pair;

	(void)state;
	rig_pair_open(&pair, false);
	pair.qp[0].qp->ack_timeout = 0;
	pair.qp[0].qp->retry_count = 0;
	pair.qp[1].qp->state = NIC_QP_INIT;
	rig_post(&pair.qp[0], &send_wr);
	rig_run_ms(&pair.rig, 1200);
	assert_in_range(pair.rig.nic[0]->retry_events, 2, 4);
	assert_int_equal(pair.qp[0].qp->state, NIC_QP_RTS);
	pair.qp[1].qp->state = NIC_QP_RTR;
	rig_post_recv(&pair.qp[1], NULL, 0);
	expect_syndrome(&pair, 0);
	rig_pair_close(&pair);
}

/* A state change ends the wait at once: the WQE is flushed. */
static void waiting_send_is_flushed(void **state)
{
	struct rig_pair pair;

	(void)state;
	rig_pair_open(&pair, false);
	pair.qp[1].qp->min_rnr = 0;
	rig_post(&pair.qp[0], &send_wr);
	rig_run(&pair.rig);
	assert_true(pair.qp[0].qp->waiting);
	nic_qp_set_state(pair.qp[0].qp, NIC_QP_ERR);
	rig_run(&pair.rig);
	expect_syndrome(&pair, MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
	rig_pair_close(&pair);
}

static void queue_pair_destroyed_while_it_waits(void **state)
{
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;

	(void)state;
	rig_pair_open(&pair, false);
	rig_post(&pair.qp[0], &send_wr);
	rig_run(&pair.rig);
	assert_true(pair.qp[0].qp->waiting);
	rig_qp_close(&pair.qp[0]);
	rig_post_recv(&pair.qp[1], NULL, 0);
	rig_run_ms(&pair.rig, 20);
	assert_false(rig_cq_poll(&pair.cq[0], &cqe));
	assert_false(rig_cq_poll(&pair.cq[1], &cqe));
	rig_pair_close(&pair);
}

static void peer_destroyed_while_the_sender_waits(void **state)
{
	struct rig_pair pair;

	(void)state;
	rig_pair_open(&pair, true);
	pair.qp[0].qp->ack_timeout = 11;
	pair.qp[0].qp->retry_count = 1;
	rig_post(&pair.qp[0], &send_wr);
	rig_run(&pair.rig);
	assert_true(pair.qp[0].qp->waiting);
	rig_qp_close(&pair.qp[1]);
	expect_syndrome(&pair, MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR);
	rig_pair_close(&pair);
}

/* In the middle of a long message: sender, receiver and both keys disappear one after the other. */
static void objects_destroyed_in_the_middle_of_a_message(void **state)
{
	const uint32_t len = 3 * NIC_MOVE_MAX;
	int which;

	(void)state;
	for (which = 0; which < 4; which++) {
		struct rig_pair pair;
		struct rig *rig = &pair.rig;
		struct nic_sge sge = { .len = len };
		uint64_t near, far;
		struct rig_wr wr;

		rig_pair_open(&pair, false);
		near = rig_alloc(rig, len);
		far = rig_alloc(rig, len);
		sge.addr = RIG_VA + near;
		sge.lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, near, len);
		wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
				      .sge = &sge,
				      .nsge = 1,
				      .remote_va = RIG_VA + far };
		wr.rkey = rig_key(rig->nic[1], pair.pd[1], NIC_REMOTE_WRITE, far, len);
		pair.qp[0].qp->ack_timeout = 1;
		pair.qp[0].qp->retry_count = 0;
		rig_post(&pair.qp[0], &wr);
		fab_loop_step(rig->fabric->loop, 0);
		assert_int_equal(pair.qp[0].qp->progress, NIC_MOVE_MAX);
		if (which == 0)
			nic_mkey_free(rig->nic[0],
				      nic_ids_remove(&rig->nic[0]->mkeys, sge.lkey >> 8));
		if (which == 1)
			nic_mkey_free(rig->nic[1],
				      nic_ids_remove(&rig->nic[1]->mkeys, wr.rkey >> 8));
		if (which == 2)
			rig_qp_close(&pair.qp[1]);
		if (which == 3)
			rig_qp_close(&pair.qp[0]);
		if (which == 3)
			rig_run(rig);
		else
			expect_syndrome(&pair,
					((const uint8_t[]){
						MLX5_CQE_SYNDROME_LOCAL_PROT_ERR,
						MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR,
						MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR })[which]);
		rig_pair_close(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_receive_is_found),
		cmocka_unit_test(doorbell_does_not_shorten_the_wait),
		cmocka_unit_test(rnr_retries_are_counted),
		cmocka_unit_test(rnr_count_starts_again_with_the_next_message),
		cmocka_unit_test(write_with_immediate_waits_before_it_writes),
		cmocka_unit_test(peer_that_does_not_answer_exceeds_retries),
		cmocka_unit_test(peer_that_answers_late_gets_the_message),
		cmocka_unit_test(timeout_zero_waits_without_limit),
		cmocka_unit_test(waiting_send_is_flushed),
		cmocka_unit_test(queue_pair_destroyed_while_it_waits),
		cmocka_unit_test(peer_destroyed_while_the_sender_waits),
		cmocka_unit_test(objects_destroyed_in_the_middle_of_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
