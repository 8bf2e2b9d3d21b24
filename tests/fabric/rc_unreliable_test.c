// SPDX-License-Identifier: MIT
/* Unreliable connections: messages arrive in order or not at all, and the sender gets no report. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/qp.h"
#include "tests/fabric/rc_error_rig.h"

static void open_rig(struct rig_error *e)
{
	int i;

	rig_error_open(e);
	for (i = 0; i < 2; i++) {
		e->pair.qp[i].qp->service = MLX5_QPC_ST_UC;
		e->pair.qp[i].qp->ack_timeout = e->pair.qp[i].qp->rnr_retry = 0;
	}
}

static void close_rig(struct rig_error *e)
{
	assert_int_equal(e->pair.rig.nic[0]->retry_events, 0);
	rig_pair_close(&e->pair);
}

static struct rig_wr send_of(const struct rig_error *e)
{
	return (struct rig_wr){ .opcode = MLX5_OPCODE_SEND, .sge = &e->sge, .nsge = 1 };
}

/* The request completes without error; so does a receive if arrives is set. */
static void complete(struct rig_error *e, const struct rig_wr *wr, bool arrives)
{
	struct mlx5_cqe64 cqe;

	rig_post(&e->pair.qp[0], wr);
	assert_true(rig_cq_wait(&e->pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	rig_run(&e->pair.rig);
	assert_int_equal(rig_cq_poll(&e->pair.cq[1], &cqe), arrives);
	assert_true(!arrives || rig_cqe_syndrome(&cqe) == 0);
	assert_int_equal(e->pair.qp[0].qp->state, NIC_QP_RTS);
	assert_int_equal(e->pair.qp[1].qp->state, NIC_QP_RTS);
}

static void post_receive(struct rig_error *e, uint32_t len)
{
	struct nic_sge sge = { .len = len, .lkey = e->far_key, .addr = RIG_VA + e->far };

	rig_post_recv(&e->pair.qp[1], &sge, 1);
}

static bool arrived(struct rig_error *e)
{
	return !memcmp(rig_at(&e->pair.rig, e->far), rig_at(&e->pair.rig, e->near), RIG_ERROR_LEN);
}

static void messages_arrive(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = rig_error_write(&e);
	complete(&e, &wr, false);
	assert_true(arrived(&e));
	memset(rig_at(&e.pair.rig, e.far), 0, RIG_ERROR_LEN);
	post_receive(&e, RIG_ERROR_LEN);
	wr = send_of(&e);
	complete(&e, &wr, true);
	assert_true(arrived(&e));
	post_receive(&e, 0);
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_RDMA_WRITE_IMM;
	complete(&e, &wr, true);
	close_rig(&e);
}

/*
 * No receive, no peer, a wrong key, too long for the receive: the message is lost, and both queue
 * pairs keep their state.
 */
static void lost_messages_break_nothing(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = send_of(&e);
	complete(&e, &wr, false);
	e.pair.qp[0].qp->remote_qpn++;
	complete(&e, &wr, false);
	e.pair.qp[0].qp->remote_qpn--;
	wr = rig_error_write(&e);
	wr.rkey ^= 1;
	complete(&e, &wr, false);
	assert_true(rig_zero(&e.pair.rig, e.far, RIG_ERROR_LEN));
	post_receive(&e, RIG_ERROR_LEN - 1);
	wr = send_of(&e);
	complete(&e, &wr, false);
	assert_true(rig_zero(&e.pair.rig, e.far, RIG_ERROR_LEN));
	e.sge.len--; /* the receive is still posted */
	complete(&e, &wr, true);
	close_rig(&e);
}

static void requests_with_an_answer_are_refused(void **state)
{
	static const uint8_t opcodes[] = { MLX5_OPCODE_RDMA_READ, MLX5_OPCODE_ATOMIC_CS,
					   MLX5_OPCODE_ATOMIC_FA };
	struct rig_error e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(opcodes); i++) {
		struct rig_wr wr;

		open_rig(&e);
		wr = rig_error_write(&e);
		wr.opcode = opcodes[i];
		rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
		close_rig(&e);
	}
}

/* Errors of local memory are still detected, at both ends. */
static void own_errors_are_reported(void **state)
{
	struct mlx5_cqe64 cqe;
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	e.sge.lkey ^= 1;
	wr = rig_error_write(&e);
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	close_rig(&e);

	open_rig(&e);
	e.far_key ^= 1;
	post_receive(&e, RIG_ERROR_LEN);
	wr = send_of(&e);
	rig_post(&e.pair.qp[0], &wr);
	assert_true(rig_cq_wait(&e.pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	assert_true(rig_cq_wait(&e.pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	assert_int_equal(e.pair.qp[1].qp->state, NIC_QP_ERR);
	close_rig(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive),
		cmocka_unit_test(lost_messages_break_nothing),
		cmocka_unit_test(requests_with_an_answer_are_refused),
		cmocka_unit_test(own_errors_are_reported),
	};

	return cmocka_run_group_tests_name("rc_unreliable", tests, NULL, NULL);
}
