// SPDX-License-Identifier: MIT
/* XRC: a message names its shared receive queue, whose domains decide. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"
#include "tests/fabric/rc_rig.h"

#define RIGHTS	 (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)
#define LEN	 300u
#define LOG_SIZE 3

/* An initiator on NIC 0, a target on NIC 1, two SRQs with a completion queue each. */
struct xrc_rig {
	struct rig rig;
	struct rig_cq send, other, recv[2];
	struct rig_qp ini, tgt;
	struct rig_srq srq[2];
	uint32_t xrcd, pd;
	uint64_t near, far;
	uint32_t near_key, far_key;
};

static void open_xrc(struct xrc_rig *x)
{
	struct rig_qp_opts opts = { .log_sq = 6, .service = MLX5_QPC_ST_XRC };
	struct rig *rig = &x->rig;
	int i;

	memset(x, 0, sizeof(*x));
	rig_open(rig);
	x->xrcd = rig_xrcd(rig->nic[1]);
	x->pd = rig_pd(rig->nic[1]);
	rig_cq_open(rig, &x->send, rig->nic[0], 6);
	rig_cq_open(rig, &x->other, rig->nic[1], 6);
	opts.xrcd = rig_xrcd(rig->nic[0]);
	rig_qp_open(rig, &x->ini, rig->nic[0], &x->send, &x->send, &opts);
	opts.xrcd = x->xrcd;
	rig_qp_open(rig, &x->tgt, rig->nic[1], &x->other, &x->other, &opts);
	rig_qp_connect(&x->ini, &x->tgt);
	x->near = rig_alloc(rig, LEN);
	x->far = rig_alloc(rig, LEN);
	x->near_key = rig_key(rig->nic[0], x->ini.pd, RIGHTS, x->near, LEN);
	x->far_key = rig_key(rig->nic[1], x->pd, RIGHTS, x->far, LEN);
	rig_fill(rig, x->near, LEN, 1);
	for (i = 0; i < 2; i++) {
		struct nic_sge sge = { .len = LEN, .lkey = x->far_key, .addr = RIG_VA + x->far };

		rig_cq_open(rig, &x->recv[i], rig->nic[1], 6);
		rig_srq_open(rig, &x->srq[i], rig->nic[1],
			     &(struct rig_srq_opts){ .log_size = LOG_SIZE,
						     .log_stride = 5,
						     .pd = x->pd,
						     .kind = NIC_SRQ_XRC,
						     .cq = &x->recv[i],
						     .xrcd = x->xrcd });
		rig_srq_post(&x->srq[i], &sge, 1);
	}
}

static void xrc_post(struct xrc_rig *x, uint8_t opcode, uint32_t srqn, uint32_t rkey, uint32_t ds)
{
	struct nic_sge sge = { .len = LEN, .lkey = x->near_key, .addr = RIG_VA + x->near };

	rig_post(&x->ini, &(struct rig_wr){ .opcode = opcode,
					    .sge = &sge,
					    .nsge = 1,
					    .srqn = srqn,
					    .rkey = rkey,
					    .remote_va = RIG_VA + x->far,
					    .ds = ds });
}

static void xrc_expect(struct xrc_rig *x, uint8_t syndrome)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(&x->send, &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
}

static void xrc_message_names_its_queue(void **state)
{
	struct mlx5_cqe64 cqe;
	struct xrc_rig x;
	int i;

	(void)state;
	open_xrc(&x);
	for (i = 1; i >= 0; i--) {
		memset(rig_at(&x.rig, x.far), 0, LEN);
		xrc_post(&x, MLX5_OPCODE_SEND, x.srq[i].srq->number, 0, 0);
		xrc_expect(&x, 0);
		assert_true(rig_cq_wait(&x.recv[i], &cqe));
		assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND);
		assert_int_equal(be32toh(cqe.srqn_uidx), x.srq[i].srq->number);
		assert_int_equal(be32toh(cqe.sop_drop_qpn) & 0xffffff, x.tgt.qp->number);
		assert_true(rig_filled(&x.rig, x.far, LEN, 1));
	}
	assert_false(rig_cq_poll(&x.recv[0], &cqe) || rig_cq_poll(&x.recv[1], &cqe) ||
		     rig_cq_poll(&x.other, &cqe));
	rig_close(&x.rig);
}

/* Another domain, another kind of queue, no queue: an invalid request. */
static void xrc_domain_is_checked(void **state)
{
	struct rig_srq rmp;
	struct xrc_rig x;
	int kind;

	(void)state;
	for (kind = 0; kind < 3; kind++) {
		uint32_t srqn;

		open_xrc(&x);
		rig_srq_open(&x.rig, &rmp, x.rig.nic[1],
			     &(struct rig_srq_opts){ .log_size = 2, .log_stride = 5, .pd = x.pd });
		srqn = kind == 0 ? 0 : kind == 1 ? rmp.srq->number : x.srq[0].srq->number;
		if (kind == 2)
			x.srq[0].srq->xrcd = rig_xrcd(x.rig.nic[1]);
		xrc_post(&x, MLX5_OPCODE_SEND, srqn, 0, 0);
		xrc_expect(&x, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
		assert_true(rig_zero(&x.rig, x.far, LEN));
		assert_int_equal(x.tgt.qp->state, NIC_QP_ERR);
		rig_close(&x.rig);
	}
}

/* Remote keys are looked up in the protection domain of the SRQ. */
static void xrc_remote_keys_belong_to_the_queues_domain(void **state)
{
	struct xrc_rig x;
	uint32_t wrong;

	(void)state;
	open_xrc(&x);
	xrc_post(&x, MLX5_OPCODE_RDMA_WRITE, x.srq[0].srq->number, x.far_key, 0);
	xrc_expect(&x, 0);
	assert_true(rig_filled(&x.rig, x.far, LEN, 1));
	memset(rig_at(&x.rig, x.far), 0, LEN);
	wrong = rig_key(x.rig.nic[1], x.tgt.pd, RIGHTS, x.far, LEN);
	xrc_post(&x, MLX5_OPCODE_RDMA_WRITE, x.srq[0].srq->number, wrong, 0);
	xrc_expect(&x, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
	assert_true(rig_zero(&x.rig, x.far, LEN));
	rig_close(&x.rig);
}

static void xrc_request_needs_its_segment(void **state)
{
	struct xrc_rig x;

	(void)state;
	open_xrc(&x);
	xrc_post(&x, MLX5_OPCODE_SEND, x.srq[0].srq->number, 0, 1);
	xrc_expect(&x, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	assert_int_equal(x.tgt.qp->state, NIC_QP_RTS);
	rig_close(&x.rig);
}

/* RC and XRC queue pairs do not communicate. */
static void services_must_match(void **state)
{
	struct xrc_rig x;

	(void)state;
	open_xrc(&x);
	x.ini.qp->ack_timeout = 8;
	x.ini.qp->retry_count = 1;
	x.tgt.qp->service = MLX5_QPC_ST_RC;
	xrc_post(&x, MLX5_OPCODE_SEND, x.srq[0].srq->number, 0, 0);
	xrc_expect(&x, MLX5_CQE_SYNDROME_TRANSPORT_RETRY_EXC_ERR);
	rig_close(&x.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xrc_message_names_its_queue),
		cmocka_unit_test(xrc_domain_is_checked),
		cmocka_unit_test(xrc_remote_keys_belong_to_the_queues_domain),
		cmocka_unit_test(xrc_request_needs_its_segment),
		cmocka_unit_test(services_must_match),
	};

	return cmocka_run_group_tests_name("rc_xrc", tests, NULL, NULL);
}
