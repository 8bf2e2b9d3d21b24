// SPDX-License-Identifier: MIT
/* Datagrams: delivery, destination, header; lost datagrams; completions of the sender. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/rc_rig.h"

#define RIGHTS (NIC_LOCAL_READ | NIC_LOCAL_WRITE)
#define GRH    40u
#define QKEY   0x11111111u
#define LEN    300u

struct fixture {
	struct rig_pair pair;
	uint64_t source, target;
	struct nic_sge from, into;
};

static void make_datagram(struct rig_qp *qp, uint8_t service)
{
	qp->qp->service = service;
	qp->qp->state = NIC_QP_RTS;
	DEVX_SET(qpc, qp->qp->context, q_key, QKEY);
}

static int setup(void **state)
{
	static struct fixture f;
	unsigned int i;

	rig_pair_open(&f.pair, false);
	for (i = 0; i < 2; i++)
		make_datagram(&f.pair.qp[i], MLX5_QPC_ST_UD);
	f.source = rig_alloc(&f.pair.rig, 8192);
	f.target = rig_alloc(&f.pair.rig, 8192);
	rig_fill(&f.pair.rig, f.source, LEN, 7);
	f.from = (struct nic_sge){ .len = LEN, .addr = RIG_VA + f.source };
	f.from.lkey = rig_key(f.pair.rig.nic[0], f.pair.pd[0], RIGHTS, f.source, 8192);
	f.into = (struct nic_sge){ .len = GRH + LEN, .addr = RIG_VA + f.target };
	f.into.lkey = rig_key(f.pair.rig.nic[1], f.pair.pd[1], RIGHTS, f.target, 8192);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	rig_pair_close(&((struct fixture *)*state)->pair);
	return 0;
}

struct address {
	uint16_t lid;
	uint32_t qpn, qkey;
	bool grh, base; /* base: the address vector is incomplete */
};

static struct address peer(const struct fixture *f)
{
	return (struct address){ .lid = f->pair.rig.nic[1]->opts.lid,
				 .qpn = f->pair.qp[1].qp->number,
				 .qkey = QKEY };
}

/* Control, address vector and one data segment, in the two blocks at the producer index. */
static void post(struct rig_qp *qp, uint8_t opcode, const struct address *to,
		 const struct nic_sge *sge)
{
	uint32_t mask = (1u << qp->qp->log_sq_size) - 1, i;
	uint8_t wqe[128] = { 0 };
	struct mlx5_wqe_ctrl_seg *ctrl = (void *)wqe;
	struct mlx5_wqe_datagram_seg *address = (void *)(wqe + 16);
	struct mlx5_wqe_data_seg *data = (void *)(wqe + 64);

	ctrl->opmod_idx_opcode = htobe32((uint32_t)qp->sq_pi << 8 | opcode);
	ctrl->qpn_ds = htobe32(qp->qp->number << 8 | 5);
	ctrl->fm_ce_se = MLX5_WQE_CTRL_CQ_UPDATE;
	ctrl->imm = htobe32(0xa1b2c3d4);
	address->av.key.qkey.qkey = htobe32(to->qkey);
	address->av.dqp_dct = htobe32(to->qpn | (to->base ? 0 : 1u << 31));
	address->av.rlid = htobe16(to->lid);
	address->av.grh_gid_fl = htobe32(to->grh ? 1u << 30 : 0);
	address->av.hop_limit = 64;
	memset(address->av.rgid, 0x5e, sizeof(address->av.rgid));
	data->byte_count = htobe32(sge->len);
	data->lkey = htobe32(sge->lkey);
	data->addr = htobe64(sge->addr);
	for (i = 0; i < 2; i++)
		memcpy((uint8_t *)rig_at(qp->rig, qp->sq) + (qp->sq_pi++ & mask) * 64, wqe + i * 64,
		       64);
	rig_ring(qp);
}

static uint8_t sent(struct fixture *f, struct mlx5_cqe64 *cqe)
{
	assert_true(rig_cq_wait(&f->pair.cq[0], cqe));
	return rig_cqe_opcode(cqe);
}

static bool nothing_arrives(struct fixture *f, const struct address *to)
{
	struct mlx5_cqe64 cqe;

	post(&f->pair.qp[0], MLX5_OPCODE_SEND, to, &f->from);
	assert_int_equal(sent(f, &cqe), MLX5_CQE_REQ);
	return !rig_cq_poll(&f->pair.cq[1], &cqe) && rig_zero(&f->pair.rig, f->target, 8192);
}

static void a_datagram_arrives(void **state)
{
	struct fixture *f = *state;
	struct address to = peer(f);
	struct mlx5_cqe64 cqe;

	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	post(&f->pair.qp[0], MLX5_OPCODE_SEND_IMM, &to, &f->from);
	assert_int_equal(sent(f, &cqe), MLX5_CQE_REQ);
	assert_true(rig_cq_wait(&f->pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND_IMM);
	assert_int_equal(be32toh(cqe.byte_cnt), GRH + LEN);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), 0xa1b2c3d4);
	assert_int_equal(be32toh(cqe.flags_rqpn), f->pair.qp[0].qp->number);
	assert_int_equal(be16toh(cqe.slid), f->pair.rig.nic[0]->opts.lid);
	assert_true(rig_filled(&f->pair.rig, f->target + GRH, LEN, 7));
	assert_true(rig_zero(&f->pair.rig, f->target, GRH));
}

static void the_global_header_is_written_when_there_is_one(void **state)
{
	struct fixture *f = *state;
	struct address to = peer(f);
	const uint8_t *grh = rig_at(&f->pair.rig, f->target);
	struct mlx5_cqe64 cqe;

	to.grh = true;
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_true(rig_cq_wait(&f->pair.cq[1], &cqe));
	assert_int_equal(be32toh(cqe.flags_rqpn), f->pair.qp[0].qp->number | 1u << 28);
	assert_int_equal(grh[0] >> 4, 6);
	assert_int_equal(grh[6], 0x1b);
	assert_int_equal(grh[8], 0xfe);
	assert_int_equal(grh[24], 0x5e);
	assert_true(rig_filled(&f->pair.rig, f->target + GRH, LEN, 7));
}

static void lost_datagrams_look_sent(void **state)
{
	struct fixture *f = *state;
	struct address to = peer(f);

	assert_true(nothing_arrives(f, &to)); /* no receive is posted */
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	to.qkey++;
	assert_true(nothing_arrives(f, &to));
	to = peer(f);
	to.lid = 0x77;
	assert_true(nothing_arrives(f, &to));
	to.lid = 0xc001; /* multicast */
	assert_true(nothing_arrives(f, &to));
	to = peer(f);
	to.qpn = 0xfffff0;
	assert_true(nothing_arrives(f, &to));
	to.qpn = 1; /* no management queue pair */
	assert_true(nothing_arrives(f, &to));
	to = peer(f);
	f->pair.qp[1].qp->service = MLX5_QPC_ST_RC;
	assert_true(nothing_arrives(f, &to));
	f->pair.qp[1].qp->service = MLX5_QPC_ST_UD;
	f->pair.qp[1].qp->state = NIC_QP_INIT;
	assert_true(nothing_arrives(f, &to));
	assert_int_equal(f->pair.qp[0].qp->state, NIC_QP_RTS);
}

static void errors_of_the_sender_are_seen(void **state)
{
	struct fixture *f = *state;
	struct address to = peer(f);
	struct nic_sge bad[3] = { f->from, f->from, f->from };
	struct mlx5_cqe64 cqe;
	unsigned int i;

	bad[0].lkey ^= 0x100;
	bad[1].len = 4097;
	bad[2].addr += 8192;
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	for (i = 0; i < 4; i++) {
		to.base = i == 3;
		post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, i < 3 ? &bad[i] : &f->from);
		assert_int_equal(sent(f, &cqe), MLX5_CQE_REQ_ERR);
		f->pair.qp[0].qp->state = NIC_QP_RTS;
	}
	post(&f->pair.qp[0], MLX5_OPCODE_RDMA_WRITE, &to, &f->from);
	assert_int_equal(sent(f, &cqe), MLX5_CQE_REQ_ERR);
	assert_false(rig_cq_poll(&f->pair.cq[1], &cqe));
}

static void a_short_receive_fails_at_the_receiver_only(void **state)
{
	struct fixture *f = *state;
	struct address to = peer(f);
	struct mlx5_cqe64 cqe;

	f->into.len = GRH + LEN - 1;
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_int_equal(sent(f, &cqe), MLX5_CQE_REQ);
	assert_true(rig_cq_wait(&f->pair.cq[1], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_ERR);
	assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	assert_true(rig_zero(&f->pair.rig, f->target, 8192));
	assert_int_equal(f->pair.qp[0].qp->state, NIC_QP_RTS);
}

/* Management: to QP 1, also of the own port; the source is QP 1, and the P_Key is in the completion. */
static void management_datagrams(void **state)
{
	struct fixture *f = *state;
	struct address to = { .lid = 0xffff, .qpn = 1, .qkey = QKEY | 1u << 31 };
	struct nic_sge into = { .len = GRH + LEN,
				.addr = RIG_VA + f->source + 4096,
				.lkey = f->from.lkey };
	struct mlx5_cqe64 cqe;

	f->pair.qp[0].qp->service = MLX5_QPC_ST_QP1;
	rig_post_recv(&f->pair.qp[0], &into, 1);
	post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_true(rig_cq_wait(&f->pair.cq[0], &cqe));
	if (rig_cqe_opcode(&cqe) == MLX5_CQE_REQ)
		assert_true(rig_cq_wait(&f->pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND);
	assert_int_equal(be32toh(cqe.flags_rqpn), 1);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), 0xffff);
	assert_true(rig_filled(&f->pair.rig, f->source + 4096 + GRH, LEN, 7));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_arrives),
		TEST(the_global_header_is_written_when_there_is_one),
		TEST(lost_datagrams_look_sent),
		TEST(errors_of_the_sender_are_seen),
		TEST(a_short_receive_fails_at_the_receiver_only),
		TEST(management_datagrams),
	};

	return cmocka_run_group_tests_name("nic_ud", tests, NULL, NULL);
}
