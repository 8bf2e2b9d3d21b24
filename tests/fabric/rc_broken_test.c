// SPDX-License-Identifier: MIT
/* Broken queue pairs and queues: flushed requests and their order, invalid indexes, missing queues. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/rc_error_rig.h"

#define CMDQ_ADDR_LOW 0x14u /* include/linux/mlx5/device.h: struct mlx5_init_seg */

/* The failing WQE first, then all others in order, unsignalled ones too; then later requests. */
static void flush_completes_everything_in_order(void **state)
{
	struct rig_error e;
	struct rig_wr wr;
	uint16_t i;

	(void)state;
	rig_error_open(&e);
	for (i = 0; i < 5; i++)
		rig_post_recv(&e.pair.qp[1], NULL, 0);
	wr = rig_error_write(&e);
	rig_post_quiet(&e.pair.qp[0], &wr);
	wr.rkey ^= 1;
	wr.unsignalled = true;
	for (i = 0; i < 10; i++)
		rig_post_quiet(&e.pair.qp[0], &wr);
	rig_ring(&e.pair.qp[0]);
	{
		struct mlx5_cqe64 cqe;

		assert_true(rig_cq_wait(&e.pair.cq[0], &cqe));
		assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	}
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR, 1);
	for (i = 2; i < 11; i++)
		rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, i);
	for (i = 0; i < 5; i++)
		rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR,
				 i);
	rig_error_silence(&e.pair.cq[0]);
	rig_post(&e.pair.qp[0], &wr);
	rig_post_recv(&e.pair.qp[1], NULL, 0); /* no doorbell for receives: found by the slow timer */
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, 11);
	rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, 5);
	rig_error_close(&e);
}

static void long_queues_flush_completely(void **state)
{
	const struct rig_qp_opts opts = { .log_sq = 9, .log_rq = 9, .log_stride = 0 };
	struct rig rig;
	struct rig_cq cq;
	struct rig_qp qp;
	struct mlx5_cqe64 cqe;
	int i;

	(void)state;
	rig_open(&rig);
	rig_cq_open(&rig, &cq, rig.nic[0], 10);
	rig_qp_open(&rig, &qp, rig.nic[0], &cq, &cq, &opts);
	for (i = 0; i < 512; i++) {
		rig_post_quiet(&qp, &(struct rig_wr){ .opcode = MLX5_OPCODE_NOP });
		rig_post_recv(&qp, NULL, 0);
	}
	nic_qp_set_state(qp.qp, NIC_QP_ERR);
	rig_ring(&qp);
	rig_run(&rig);
	for (i = 0; i < 1024; i++) {
		assert_true(rig_cq_poll(&cq, &cqe));
		assert_int_equal(rig_cqe_opcode(&cqe),
				 i < 512 ? MLX5_CQE_REQ_ERR : MLX5_CQE_RESP_ERR);
		assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
	}
	assert_false(rig_cq_poll(&cq, &cqe));
	rig_close(&rig);
}

static void nonsense_in_the_doorbell_record_breaks_the_qp_only(void **state)
{
	struct rig_error e;
	uint32_t be = htobe32(65); /* one more than the queue has */

	(void)state;
	rig_error_open(&e);
	memcpy((uint8_t *)rig_at(&e.pair.rig, e.pair.qp[0].dbr) + 4, &be, sizeof(be));
	nic_sq_doorbell(e.pair.rig.nic[0], e.pair.qp[0].qp->number);
	rig_error_silence(&e.pair.cq[0]);
	assert_int_equal(e.pair.qp[0].qp->state, NIC_QP_ERR);
	rig_error_close(&e);
}

static void nonsense_receive_count_is_the_responders_error(void **state)
{
	struct rig_error e;
	uint32_t be = htobe32(17);

	(void)state;
	rig_error_open(&e);
	memcpy(rig_at(&e.pair.rig, e.pair.qp[1].dbr), &be, sizeof(be));
	rig_post(&e.pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND });
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR, 0);
	assert_int_equal(e.pair.qp[1].qp->state, NIC_QP_ERR);
	rig_error_close(&e);
}

static void queue_outside_memory_breaks_the_qp_only(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	e.pair.qp[0].qp->buf.page[0] = 0x10000;
	wr = rig_error_write(&e);
	rig_post(&e.pair.qp[0], &wr);
	rig_run(&e.pair.rig);
	assert_int_equal(e.pair.qp[0].qp->state, NIC_QP_ERR);
	e.pair.qp[0].qp->dbr = 0x20000;
	rig_ring(&e.pair.qp[0]);
	rig_run(&e.pair.rig);
	rig_error_close(&e);
}

static void completion_queue_overrun_stops_the_queue(void **state)
{
	struct rig_error e;
	struct rig_cq small;
	int i;

	(void)state;
	rig_error_open(&e);
	rig_cq_open(&e.pair.rig, &small, e.pair.rig.nic[0], 2);
	e.pair.qp[0].qp->cqn_send = small.cq->number;
	for (i = 0; i < 6; i++)
		rig_post_quiet(&e.pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_NOP });
	rig_ring(&e.pair.qp[0]);
	rig_run(&e.pair.rig);
	assert_true(small.cq->error);
	assert_int_equal(small.cq->pi, 4);
	assert_int_not_equal(e.pair.rig.nic[0]->cq_overruns, 0);
	rig_error_close(&e);
}

static void local_invalidate_frees_the_key(void **state)
{
	struct rig_error e;
	struct mlx5_cqe64 cqe;
	struct rig_wr wr;
	int i;

	(void)state;
	rig_error_open(&e);
	rig_post(&e.pair.qp[0],
		 &(struct rig_wr){ .opcode = MLX5_OPCODE_LOCAL_INVAL, .imm = e.near_key });
	assert_true(rig_cq_wait(&e.pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	wr = rig_error_write(&e);
	rig_post(&e.pair.qp[0], &wr);
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 1);
	rig_error_close(&e);

	for (i = 0; i < 3; i++) {
		struct nic_mkey *mkey;

		rig_error_open(&e);
		mkey = rig_mkey(e.pair.rig.nic[0], e.near_key);
		if (i == 1)
			mkey->pd++;
		if (i == 2)
			mkey->umr_en = false;
		rig_error_local(&e,
				&(struct rig_wr){ .opcode = MLX5_OPCODE_LOCAL_INVAL,
						  .imm = i == 0 ? e.near_key ^ 1 : e.near_key },
				MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
		assert_false(mkey->free);
		rig_error_close(&e);
	}
}

/*
 * The peer's key leads into the sender's own registers, and the message is what a driver writes there to
 * stop the NIC. The sender's objects go, but not while they are in use.
 */
static void message_that_resets_its_sender(void **state)
{
	struct rig_error e;
	struct rig_wr wr;
	uint64_t cmdq_low = RIG_NIC_BUS + CMDQ_ADDR_LOW;
	uint32_t disabled = htobe32(1u << 8); /* nic_interface */

	(void)state;
	rig_error_open(&e);
	memcpy(rig_at(&e.pair.rig, e.near), &disabled, sizeof(disabled));
	wr = rig_error_write(&e);
	e.sge.len = sizeof(disabled);
	wr.remote_va = RIG_VA + cmdq_low;
	wr.rkey = rig_key(e.pair.rig.nic[1], e.pair.pd[1], NIC_REMOTE_WRITE, cmdq_low,
			  sizeof(disabled));
	rig_post(&e.pair.qp[0], &wr);
	rig_run(&e.pair.rig);
	assert_int_equal(e.pair.rig.nic[0]->qps.used, 0);
	assert_int_equal(e.pair.rig.nic[0]->mkeys.used, 0);
	assert_int_equal(e.pair.rig.nic[1]->qps.used, 1);
	rig_error_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flush_completes_everything_in_order),
		cmocka_unit_test(long_queues_flush_completely),
		cmocka_unit_test(nonsense_in_the_doorbell_record_breaks_the_qp_only),
		cmocka_unit_test(nonsense_receive_count_is_the_responders_error),
		cmocka_unit_test(queue_outside_memory_breaks_the_qp_only),
		cmocka_unit_test(completion_queue_overrun_stops_the_queue),
		cmocka_unit_test(local_invalidate_frees_the_key),
		cmocka_unit_test(message_that_resets_its_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
