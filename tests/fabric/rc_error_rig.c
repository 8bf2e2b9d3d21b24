// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/rc_error_rig.h"

void rig_error_open(struct rig_error *e)
{
	struct rig *rig = &e->pair.rig;

	rig_pair_open(&e->pair, false);
	e->near = rig_alloc(rig, RIG_ERROR_LEN);
	e->far = rig_alloc(rig, RIG_ERROR_LEN);
	rig_fill(rig, e->near, RIG_ERROR_LEN, 1);
	e->near_key = rig_key(rig->nic[0], e->pair.pd[0], NIC_LOCAL_READ | NIC_LOCAL_WRITE, e->near,
			      RIG_ERROR_LEN);
	e->far_key = rig_key(rig->nic[1], e->pair.pd[1],
			     NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE,
			     e->far, RIG_ERROR_LEN);
	e->sge = (struct nic_sge){ .len = RIG_ERROR_LEN,
				   .lkey = e->near_key,
				   .addr = RIG_VA + e->near };
}

struct rig_wr rig_error_write(struct rig_error *e)
{
	return (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
				.sge = &e->sge,
				.nsge = 1,
				.rkey = e->far_key,
				.remote_va = RIG_VA + e->far };
}

/* A new connection between the same NICs still works. */
static void expect_others_work(struct rig_error *e)
{
	const struct rig_qp_opts opts = { .log_sq = 2, .log_rq = 2, .log_stride = 0 };
	struct rig *rig = &e->pair.rig;
	struct nic_sge sge = { .len = 100, .addr = RIG_VA + e->near };
	struct rig_cq cq[2];
	struct rig_qp qp[2];
	struct mlx5_cqe64 cqe;
	uint32_t rkey;
	int i;

	for (i = 0; i < 2; i++) {
		rig_cq_open(rig, &cq[i], rig->nic[i], 2);
		rig_qp_open(rig, &qp[i], rig->nic[i], &cq[i], &cq[i], &opts);
	}
	rig_qp_connect(&qp[0], &qp[1]);
	sge.lkey = rig_key(rig->nic[0], qp[0].pd, NIC_LOCAL_READ, e->near, 100);
	rkey = rig_key(rig->nic[1], qp[1].pd, NIC_REMOTE_WRITE, e->far, 100);
	memset(rig_at(rig, e->far), 0, 100);
	rig_post(&qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
					   .sge = &sge,
					   .nsge = 1,
					   .rkey = rkey,
					   .remote_va = RIG_VA + e->far });
	assert_true(rig_cq_wait(&cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	assert_memory_equal(rig_at(rig, e->far), rig_at(rig, e->near), 100);
}

void rig_error_close(struct rig_error *e)
{
	expect_others_work(e);
	rig_pair_close(&e->pair);
}

void rig_error_expect(struct rig_cq *cq, uint8_t opcode, uint8_t syndrome, uint16_t counter)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(cq, &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), opcode);
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
	assert_int_equal(be16toh(cqe.wqe_counter), counter);
}

void rig_error_silence(struct rig_cq *cq)
{
	struct mlx5_cqe64 cqe;

	rig_run(cq->rig);
	assert_false(rig_cq_poll(cq, &cqe));
}

/* An error of the requester: its QP goes to ERR, the peer's does not. */
void rig_error_local(struct rig_error *e, const struct rig_wr *wr, uint8_t syndrome)
{
	rig_post(&e->pair.qp[0], wr);
	rig_error_expect(&e->pair.cq[0], MLX5_CQE_REQ_ERR, syndrome, 0);
	rig_error_silence(&e->pair.cq[0]);
	rig_error_silence(&e->pair.cq[1]);
	assert_int_equal(e->pair.qp[0].qp->state, NIC_QP_ERR);
	assert_int_equal(e->pair.qp[1].qp->state, NIC_QP_RTS);
	assert_true(rig_zero(&e->pair.rig, e->far, RIG_ERROR_LEN));
	assert_int_equal(e->pair.rig.nic[0]->wqes_bad, 1);
}

/* The responder refuses: both QPs go to ERR. */
void rig_error_remote(struct rig_error *e, const struct rig_wr *wr, uint8_t syndrome)
{
	rig_post(&e->pair.qp[0], wr);
	rig_error_expect(&e->pair.cq[0], MLX5_CQE_REQ_ERR, syndrome, 0);
	rig_error_silence(&e->pair.cq[0]);
	rig_error_silence(&e->pair.cq[1]);
	assert_int_equal(e->pair.qp[0].qp->state, NIC_QP_ERR);
	assert_int_equal(e->pair.qp[1].qp->state, NIC_QP_ERR);
	assert_true(rig_zero(&e->pair.rig, e->far, RIG_ERROR_LEN));
}
