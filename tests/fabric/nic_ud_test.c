// SPDX-License-Identifier: MIT
/* Datagrams: delivery, destination, header; lost datagrams; completions of the sender. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/ud_rig.h"

static bool nothing_arrives(struct ud_rig *f, const struct ud_address *to)
{
	struct mlx5_cqe64 cqe;

	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, to, &f->from);
	assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ);
	return !rig_cq_poll(&f->pair.cq[1], &cqe) && rig_zero(&f->pair.rig, f->target, 8192);
}

static void a_datagram_arrives(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = ud_peer(f);
	struct mlx5_cqe64 cqe;

	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND_IMM, &to, &f->from);
	assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ);
	assert_true(rig_cq_wait(&f->pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND_IMM);
	assert_int_equal(be32toh(cqe.byte_cnt), UD_GRH + UD_LEN);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), 0xa1b2c3d4);
	assert_int_equal(be32toh(cqe.flags_rqpn), f->pair.qp[0].qp->number);
	assert_int_equal(be16toh(cqe.slid), f->pair.rig.nic[0]->opts.lid);
	assert_true(rig_filled(&f->pair.rig, f->target + UD_GRH, UD_LEN, 7));
	assert_true(rig_zero(&f->pair.rig, f->target, UD_GRH));
}

static void global_header_is_written_if_needed(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = ud_peer(f);
	const uint8_t *grh = rig_at(&f->pair.rig, f->target);
	struct mlx5_cqe64 cqe;

	to.grh = true;
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_true(rig_cq_wait(&f->pair.cq[1], &cqe));
	assert_int_equal(be32toh(cqe.flags_rqpn), f->pair.qp[0].qp->number | 1u << 28);
	assert_int_equal(grh[0] >> 4, 6);
	assert_int_equal(grh[6], 0x1b);
	assert_int_equal(grh[8], 0xfe);
	assert_int_equal(grh[24], 0x5e);
	assert_true(rig_filled(&f->pair.rig, f->target + UD_GRH, UD_LEN, 7));
}

static void lost_datagrams_look_sent(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = ud_peer(f);

	assert_true(nothing_arrives(f, &to)); /* no receive is posted */
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	to.qkey++;
	assert_true(nothing_arrives(f, &to));
	to = ud_peer(f);
	to.lid = 0x77;
	assert_true(nothing_arrives(f, &to));
	to.lid = 0xc001; /* multicast */
	assert_true(nothing_arrives(f, &to));
	to = ud_peer(f);
	to.qpn = 0xfffff0;
	assert_true(nothing_arrives(f, &to));
	to.qpn = 1; /* no management queue pair */
	assert_true(nothing_arrives(f, &to));
	to = ud_peer(f);
	f->pair.qp[1].qp->service = MLX5_QPC_ST_RC;
	assert_true(nothing_arrives(f, &to));
	f->pair.qp[1].qp->service = MLX5_QPC_ST_UD;
	f->pair.qp[1].qp->state = NIC_QP_INIT;
	assert_true(nothing_arrives(f, &to));
	f->pair.qp[1].qp->state = NIC_QP_RTS;
	assert_int_equal(f->pair.rig.nic[1]->datagrams_lost[NIC_LOST_RECEIVE], 1);
	assert_int_equal(f->pair.rig.nic[1]->datagrams_lost[NIC_LOST_QKEY], 1);
	assert_int_equal(f->pair.rig.nic[0]->datagrams_lost[NIC_LOST_TARGET], 6);
	assert_int_equal(f->pair.rig.nic[1]->port.qkey_violations, 1);
	assert_int_equal(f->pair.qp[0].qp->state, NIC_QP_RTS);
}

/* Only index 0 of the table has a P_Key. */
static void queue_pairs_without_pkey_exchange_nothing(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = ud_peer(f);
	unsigned int i;

	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	for (i = 0; i < 2; i++) {
		DEVX_SET(qpc, f->pair.qp[i].qp->context, primary_address_path.pkey_index, 1);
		assert_true(nothing_arrives(f, &to));
		DEVX_SET(qpc, f->pair.qp[i].qp->context, primary_address_path.pkey_index, 0);
		assert_int_equal(f->pair.rig.nic[i]->datagrams_lost[NIC_LOST_PKEY], 1);
		assert_int_equal(f->pair.rig.nic[i]->port.pkey_violations, 1);
	}
}

static void errors_of_the_sender_are_seen(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = ud_peer(f);
	struct nic_sge bad[3] = { f->from, f->from, f->from };
	struct mlx5_cqe64 cqe;
	unsigned int i;

	bad[0].lkey ^= 0x100;
	bad[1].len = 4097;
	bad[2].addr += 8192;
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	for (i = 0; i < 4; i++) {
		to.base = i == 3;
		ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, i < 3 ? &bad[i] : &f->from);
		assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ_ERR);
		f->pair.qp[0].qp->state = NIC_QP_RTS;
	}
	ud_post(&f->pair.qp[0], MLX5_OPCODE_RDMA_WRITE, &to, &f->from);
	assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ_ERR);
	assert_false(rig_cq_poll(&f->pair.cq[1], &cqe));
}

static void a_short_receive_fails_at_the_receiver_only(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = ud_peer(f);
	struct mlx5_cqe64 cqe;

	f->into.len = UD_GRH + UD_LEN - 1;
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ);
	assert_true(rig_cq_wait(&f->pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_ERR);
	assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	assert_true(rig_zero(&f->pair.rig, f->target, 8192));
	assert_int_equal(f->pair.qp[0].qp->state, NIC_QP_RTS);
}

/* Management: to QP 1, also of the own port; the source is QP 1, and the P_Key is in the completion. */
static void management_datagrams(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = { .lid = 0xffff, .qpn = 1, .qkey = UD_QKEY | 1u << 31 };
	struct nic_sge into = { .len = UD_GRH + UD_LEN,
				.addr = RIG_VA + f->source + 4096,
				.lkey = f->from.lkey };
	struct mlx5_cqe64 cqe;

	f->pair.qp[0].qp->service = MLX5_QPC_ST_QP1;
	rig_post_recv(&f->pair.qp[0], &into, 1);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_true(rig_cq_wait(&f->pair.cq[0], &cqe));
	if (rig_cqe_opcode(&cqe) == MLX5_CQE_REQ)
		assert_true(rig_cq_wait(&f->pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND);
	assert_int_equal(be32toh(cqe.flags_rqpn), 1);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), 0xffff);
	assert_true(rig_filled(&f->pair.rig, f->source + 4096 + UD_GRH, UD_LEN, 7));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ud_setup, ud_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_arrives),
		TEST(global_header_is_written_if_needed),
		TEST(lost_datagrams_look_sent),
		TEST(queue_pairs_without_pkey_exchange_nothing),
		TEST(errors_of_the_sender_are_seen),
		TEST(a_short_receive_fails_at_the_receiver_only),
		TEST(management_datagrams),
	};

	return cmocka_run_group_tests_name("nic_ud", tests, NULL, NULL);
}
