/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a work request ends in the syndrome that InfiniBand names
 * for it, moves no byte that it must not move, breaks the right queue pairs
 * and leaves everything else working.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "rc_rig.h"

#define LEN		8192u
#define CMDQ_ADDR_LOW	0x14u	/* include/linux/mlx5/device.h: struct mlx5_init_seg */

struct error_rig {
	struct rig_pair pair;
	uint64_t near, far;		/* buffers of LEN bytes */
	uint32_t near_key, far_key;
	struct nic_sge sge;
};

static void open_rig(struct error_rig *e)
{
	struct rig *rig = &e->pair.rig;

	rig_pair_open(&e->pair, false);
	e->near = rig_alloc(rig, LEN);
	e->far = rig_alloc(rig, LEN);
	rig_fill(rig, e->near, LEN, 1);
	e->near_key = rig_key(rig->nic[0], e->pair.pd[0], NIC_LOCAL_READ | NIC_LOCAL_WRITE, e->near, LEN);
	e->far_key = rig_key(rig->nic[1], e->pair.pd[1],
			     NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE, e->far, LEN);
	e->sge = (struct nic_sge){ .len = LEN, .lkey = e->near_key, .addr = RIG_VA + e->near };
}

static struct rig_wr write_wr(struct error_rig *e)
{
	return (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE, .sge = &e->sge, .nsge = 1, .rkey = e->far_key,
				.remote_va = RIG_VA + e->far };
}

/* A new connection between the same NICs still works. */
static void expect_others_work(struct error_rig *e)
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
	rig_post(&qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE, .sge = &sge, .nsge = 1, .rkey = rkey,
					   .remote_va = RIG_VA + e->far });
	assert_true(rig_cq_wait(&cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	assert_memory_equal(rig_at(rig, e->far), rig_at(rig, e->near), 100);
}

static void close_rig(struct error_rig *e)
{
	expect_others_work(e);
	rig_pair_close(&e->pair);
}

static void expect_error(struct rig_cq *cq, uint8_t opcode, uint8_t syndrome, uint16_t counter)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(cq, &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), opcode);
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
	assert_int_equal(be16toh(cqe.wqe_counter), counter);
}

static void expect_silence(struct rig_cq *cq)
{
	struct mlx5_cqe64 cqe;

	rig_run(cq->rig);
	assert_false(rig_cq_poll(cq, &cqe));
}

/* The requester's own fault: its QP breaks, the peer does not notice. */
static void expect_local(struct error_rig *e, const struct rig_wr *wr, uint8_t syndrome)
{
	rig_post(&e->pair.qp[0], wr);
	expect_error(&e->pair.cq[0], MLX5_CQE_REQ_ERR, syndrome, 0);
	expect_silence(&e->pair.cq[0]);
	expect_silence(&e->pair.cq[1]);
	assert_int_equal(e->pair.qp[0].qp->state, NIC_QP_ERR);
	assert_int_equal(e->pair.qp[1].qp->state, NIC_QP_RTS);
	assert_true(rig_zero(&e->pair.rig, e->far, LEN));
	assert_int_equal(e->pair.rig.nic[0]->wqes_bad, 1);
}

/* The responder refuses: both QPs break. */
static void expect_remote(struct error_rig *e, const struct rig_wr *wr, uint8_t syndrome)
{
	rig_post(&e->pair.qp[0], wr);
	expect_error(&e->pair.cq[0], MLX5_CQE_REQ_ERR, syndrome, 0);
	expect_silence(&e->pair.cq[0]);
	expect_silence(&e->pair.cq[1]);
	assert_int_equal(e->pair.qp[0].qp->state, NIC_QP_ERR);
	assert_int_equal(e->pair.qp[1].qp->state, NIC_QP_ERR);
	assert_true(rig_zero(&e->pair.rig, e->far, LEN));
}

static void unknown_opcodes_are_local_operation_errors(void **state)
{
	uint32_t opcode;

	(void)state;
	for (opcode = 0; opcode < 256; opcode++) {
		struct error_rig e;
		struct rig_wr wr;

		switch (opcode) {
		case MLX5_OPCODE_NOP:
		case MLX5_OPCODE_SEND:
		case MLX5_OPCODE_SEND_IMM:
		case MLX5_OPCODE_RDMA_WRITE:
		case MLX5_OPCODE_RDMA_WRITE_IMM:
		case MLX5_OPCODE_RDMA_READ:
		case MLX5_OPCODE_LOCAL_INVAL:
		case MLX5_OPCODE_UMR:
			continue;
		}
		open_rig(&e);
		wr = write_wr(&e);
		wr.opcode = (uint8_t)opcode;
		expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
		rig_pair_close(&e.pair);
	}
}

static void wqe_size_is_bounded(void **state)
{
	/* too small for the remote address; beyond what has been posted; nothing at all (64 & 0x3f) */
	static const uint32_t ds[] = { 1, 5, 63, 64 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ds) / sizeof(ds[0]); i++) {
		struct error_rig e;
		struct rig_wr wr;

		open_rig(&e);
		wr = write_wr(&e);
		wr.ds = ds[i];
		expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
		close_rig(&e);
	}
}

static void wqe_of_another_qp_is_refused(void **state)
{
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = write_wr(&e);
	wr.qpn = e.pair.qp[0].qp->number + 1;
	expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	close_rig(&e);
}

static void inline_data_has_rules(void **state)
{
	struct error_rig e;
	struct rig_wr wr;
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct mlx5_wqe_data_seg *seg;

		open_rig(&e);
		wr = write_wr(&e);
		wr.inline_data = "0123456789ab";
		wr.inline_len = 12;
		if (i == 0)
			wr.opcode = MLX5_OPCODE_RDMA_READ;	/* a read has nothing to bring along */
		if (i == 0 || i == 2)
			wr.nsge = 0;				/* 1: inline, then a pointer */
		rig_post_quiet(&e.pair.qp[0], &wr);
		seg = (struct mlx5_wqe_data_seg *)((uint8_t *)rig_at(&e.pair.rig, e.pair.qp[0].sq) + 32);
		if (i == 2)					/* longer than the WQE */
			seg->byte_count = htobe32((uint32_t)MLX5_INLINE_SEG | 13);
		if (i == 3) {					/* a pointer, then inline */
			struct mlx5_wqe_data_seg first = seg[0];

			seg[0] = seg[1];
			seg[1] = first;
		}
		rig_ring(&e.pair.qp[0]);
		expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR, 0);
		assert_true(rig_zero(&e.pair.rig, e.far, LEN));
		close_rig(&e);
	}
}

static void message_above_the_limit_is_a_local_length_error(void **state)
{
	struct nic_sge sge[2];
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = write_wr(&e);
	sge[0] = e.sge;
	sge[1] = e.sge;
	sge[1].len = NIC_MAX_MESSAGE - LEN + 1;
	wr.sge = sge;
	wr.nsge = 2;
	expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	close_rig(&e);
}

/* Ways in which a key does not allow an access. Each is tried as the local and as the remote key. */
enum key_fault { KEY_VARIANT, KEY_INDEX, KEY_BEFORE, KEY_BEHIND, KEY_WRAP, KEY_PD, KEY_ACCESS, KEY_FREE, KEY_FAULTS };

static void spoil(struct nic *nic, enum key_fault fault, uint32_t *key, uint64_t *va, uint8_t keep)
{
	struct nic_mkey *mkey = rig_mkey(nic, *key);

	switch (fault) {
	case KEY_VARIANT:
		*key ^= 1;
		break;
	case KEY_INDEX:
		*key += 100 << 8;
		break;
	case KEY_BEFORE:
		(*va)--;
		break;
	case KEY_BEHIND:
		(*va)++;
		break;
	case KEY_WRAP:
		*va = UINT64_MAX - LEN / 2;
		break;
	case KEY_PD:
		mkey->pd++;
		break;
	case KEY_ACCESS:
		mkey->access = keep;
		break;
	case KEY_FREE:
		mkey->free = true;
		break;
	case KEY_FAULTS:
		break;
	}
}

static void bad_local_keys_are_protection_errors(void **state)
{
	int fault;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		struct error_rig e;
		struct rig_wr wr;

		open_rig(&e);
		spoil(e.pair.rig.nic[0], fault, &e.sge.lkey, &e.sge.addr, NIC_REMOTE_READ | NIC_REMOTE_WRITE);
		wr = write_wr(&e);
		expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
		close_rig(&e);
	}
}

static void bad_landing_keys_are_protection_errors(void **state)
{
	int fault;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		struct error_rig e;
		struct rig_wr wr;

		open_rig(&e);
		spoil(e.pair.rig.nic[0], fault, &e.sge.lkey, &e.sge.addr, NIC_LOCAL_READ);
		wr = write_wr(&e);
		wr.opcode = MLX5_OPCODE_RDMA_READ;
		expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
		assert_true(rig_filled(&e.pair.rig, e.near, LEN, 1));
		close_rig(&e);
	}
}

static void bad_remote_keys_are_access_errors(void **state)
{
	int fault, read;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		for (read = 0; read < 2; read++) {
			struct error_rig e;
			struct rig_wr wr;

			open_rig(&e);
			wr = write_wr(&e);
			if (read)
				wr.opcode = MLX5_OPCODE_RDMA_READ;
			spoil(e.pair.rig.nic[1], fault, &wr.rkey, &wr.remote_va,
			      NIC_LOCAL_WRITE | (read ? NIC_REMOTE_WRITE : NIC_REMOTE_READ));
			expect_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
			assert_true(rig_filled(&e.pair.rig, e.near, LEN, 1));
			close_rig(&e);
		}
	}
}

static void operation_the_peer_has_not_enabled_is_an_invalid_request(void **state)
{
	static const uint8_t opcodes[] = { MLX5_OPCODE_RDMA_WRITE, MLX5_OPCODE_RDMA_WRITE_IMM, MLX5_OPCODE_RDMA_READ };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(opcodes); i++) {
		struct error_rig e;
		struct rig_wr wr;

		open_rig(&e);
		wr = write_wr(&e);
		wr.opcode = opcodes[i];
		e.pair.qp[1].qp->access = opcodes[i] == MLX5_OPCODE_RDMA_READ ? NIC_REMOTE_WRITE : NIC_REMOTE_READ;
		expect_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
		close_rig(&e);
	}
}

/* Byte 4096 on has no translation: the range is refused before its first byte moves. */
static void missing_translation_moves_nothing(void **state)
{
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = write_wr(&e);
	rig_mkey(e.pair.rig.nic[1], e.far_key)->mtt[1] = 0;
	expect_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
	assert_int_equal(e.pair.rig.nic[1]->page_faults, 1);
	close_rig(&e);
}

/* A translation to an address that nobody answers is the responder's operation error, or the requester's own. */
static void bus_errors_break_the_side_they_belong_to(void **state)
{
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = write_wr(&e);
	rig_mkey(e.pair.rig.nic[1], e.far_key)->mtt[0] = 0x10000 | NIC_MTT_READ | NIC_MTT_WRITE;
	expect_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
	assert_int_not_equal(e.pair.rig.nic[1]->dev.errors_unsupported, 0);
	close_rig(&e);

	open_rig(&e);
	wr = write_wr(&e);
	rig_mkey(e.pair.rig.nic[0], e.near_key)->mtt[0] = 0x10000 | NIC_MTT_READ | NIC_MTT_WRITE;
	expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	assert_int_not_equal(e.pair.rig.nic[0]->dev.errors_unsupported, 0);
	rig_pair_close(&e.pair);
}

static void receive_too_small_breaks_both_ends(void **state)
{
	struct error_rig e;
	struct rig_wr wr;
	struct nic_sge into;

	(void)state;
	open_rig(&e);
	wr = write_wr(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	into = (struct nic_sge){ .len = LEN - 1, .lkey = e.far_key, .addr = RIG_VA + e.far };
	rig_post_recv(&e.pair.qp[1], &into, 1);
	rig_post(&e.pair.qp[0], &wr);
	expect_error(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, 0);
	expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR, 0);
	assert_int_equal(e.pair.qp[0].qp->state, NIC_QP_ERR);
	assert_int_equal(e.pair.qp[1].qp->state, NIC_QP_ERR);
	assert_true(rig_zero(&e.pair.rig, e.far, LEN));
	close_rig(&e);
}

/* What follows the segment with the invalid key is not part of the receive. */
static void scatter_list_ends_at_the_invalid_key(void **state)
{
	struct mlx5_wqe_data_seg *seg;
	struct error_rig e;
	struct rig_wr wr;
	struct nic_sge into;

	(void)state;
	open_rig(&e);
	into = (struct nic_sge){ .len = LEN / 2, .lkey = e.far_key, .addr = RIG_VA + e.far };
	rig_post_recv(&e.pair.qp[1], &into, 1);
	seg = rig_at(&e.pair.rig, e.pair.qp[1].rq);
	seg[2] = seg[0];
	wr = write_wr(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	rig_post(&e.pair.qp[0], &wr);
	expect_error(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, 0);
	close_rig(&e);
}

static void bad_receive_key_is_the_receivers_error(void **state)
{
	int fault;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		struct error_rig e;
		struct rig_wr wr;
		struct nic_sge into;

		open_rig(&e);
		wr = write_wr(&e);
		wr.opcode = MLX5_OPCODE_SEND;
		into = (struct nic_sge){ .len = LEN, .lkey = e.far_key, .addr = RIG_VA + e.far };
		spoil(e.pair.rig.nic[1], fault, &into.lkey, &into.addr, NIC_LOCAL_READ | NIC_REMOTE_WRITE);
		rig_post_recv(&e.pair.qp[1], &into, 1);
		rig_post(&e.pair.qp[0], &wr);
		expect_error(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0);
		expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR, 0);
		assert_true(rig_zero(&e.pair.rig, e.far, LEN));
		close_rig(&e);
	}
}

/* The second of two segments is bad: not even the bytes of the first move, whoever it belongs to. */
static void all_segments_are_checked_before_the_first_moves(void **state)
{
	struct nic_sge half[2];
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	half[0] = half[1] = e.sge;
	half[0].len = half[1].len = LEN / 2;
	half[1].lkey ^= 1;
	wr = write_wr(&e);
	wr.sge = half;
	wr.nsge = 2;
	expect_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	close_rig(&e);

	open_rig(&e);
	half[0] = half[1] = (struct nic_sge){ .len = LEN / 2, .lkey = e.far_key, .addr = RIG_VA + e.far };
	half[1].addr += LEN / 2;	/* a page that may be read only */
	rig_mkey(e.pair.rig.nic[1], e.far_key)->mtt[1] &= ~(uint64_t)NIC_MTT_WRITE;
	wr = write_wr(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	rig_post_recv(&e.pair.qp[1], half, 2);
	rig_post(&e.pair.qp[0], &wr);
	expect_error(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0);
	expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR, 0);
	assert_true(rig_zero(&e.pair.rig, e.far, LEN));
	close_rig(&e);
}

static void peer_without_receive_queue_refuses_sends(void **state)
{
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	wr = write_wr(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	e.pair.qp[1].qp->no_rq = true;
	expect_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	close_rig(&e);
}

/* The failing WQE first, then all others in order, unsignalled ones too; then what is posted later. */
static void flush_completes_everything_in_order(void **state)
{
	struct error_rig e;
	struct rig_wr wr;
	uint16_t i;

	(void)state;
	open_rig(&e);
	for (i = 0; i < 5; i++)
		rig_post_recv(&e.pair.qp[1], NULL, 0);
	wr = write_wr(&e);
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
	expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR, 1);
	for (i = 2; i < 11; i++)
		expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, i);
	for (i = 0; i < 5; i++)
		expect_error(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, i);
	expect_silence(&e.pair.cq[0]);
	rig_post(&e.pair.qp[0], &wr);
	rig_post_recv(&e.pair.qp[1], NULL, 0);	/* no doorbell for receives: found by the slow timer */
	expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, 11);
	expect_error(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR, 5);
	close_rig(&e);
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
		assert_int_equal(rig_cqe_opcode(&cqe), i < 512 ? MLX5_CQE_REQ_ERR : MLX5_CQE_RESP_ERR);
		assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
	}
	assert_false(rig_cq_poll(&cq, &cqe));
	rig_close(&rig);
}

static void nonsense_in_the_doorbell_record_breaks_the_qp_only(void **state)
{
	struct error_rig e;
	uint32_t be = htobe32(65);	/* one more than the queue has */

	(void)state;
	open_rig(&e);
	memcpy((uint8_t *)rig_at(&e.pair.rig, e.pair.qp[0].dbr) + 4, &be, sizeof(be));
	nic_sq_doorbell(e.pair.rig.nic[0], e.pair.qp[0].qp->number);
	expect_silence(&e.pair.cq[0]);
	assert_int_equal(e.pair.qp[0].qp->state, NIC_QP_ERR);
	close_rig(&e);
}

static void nonsense_receive_count_is_the_responders_error(void **state)
{
	struct error_rig e;
	uint32_t be = htobe32(17);

	(void)state;
	open_rig(&e);
	memcpy(rig_at(&e.pair.rig, e.pair.qp[1].dbr), &be, sizeof(be));
	rig_post(&e.pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND });
	expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR, 0);
	assert_int_equal(e.pair.qp[1].qp->state, NIC_QP_ERR);
	close_rig(&e);
}

static void queue_outside_memory_breaks_the_qp_only(void **state)
{
	struct error_rig e;
	struct rig_wr wr;

	(void)state;
	open_rig(&e);
	e.pair.qp[0].qp->buf.page[0] = 0x10000;
	wr = write_wr(&e);
	rig_post(&e.pair.qp[0], &wr);
	rig_run(&e.pair.rig);
	assert_int_equal(e.pair.qp[0].qp->state, NIC_QP_ERR);
	e.pair.qp[0].qp->dbr = 0x20000;
	rig_ring(&e.pair.qp[0]);
	rig_run(&e.pair.rig);
	close_rig(&e);
}

static void completion_queue_overrun_stops_the_queue(void **state)
{
	struct error_rig e;
	struct rig_cq small;
	int i;

	(void)state;
	open_rig(&e);
	rig_cq_open(&e.pair.rig, &small, e.pair.rig.nic[0], 2);
	e.pair.qp[0].qp->cqn_send = small.cq->number;
	for (i = 0; i < 6; i++)
		rig_post_quiet(&e.pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_NOP });
	rig_ring(&e.pair.qp[0]);
	rig_run(&e.pair.rig);
	assert_true(small.cq->error);
	assert_int_equal(small.cq->pi, 4);
	assert_int_not_equal(e.pair.rig.nic[0]->cq_overruns, 0);
	close_rig(&e);
}

static void local_invalidate_frees_the_key(void **state)
{
	struct error_rig e;
	struct mlx5_cqe64 cqe;
	struct rig_wr wr;
	int i;

	(void)state;
	open_rig(&e);
	rig_post(&e.pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_LOCAL_INVAL, .imm = e.near_key });
	assert_true(rig_cq_wait(&e.pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	wr = write_wr(&e);
	rig_post(&e.pair.qp[0], &wr);
	expect_error(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 1);
	close_rig(&e);

	for (i = 0; i < 3; i++) {
		struct nic_mkey *mkey;

		open_rig(&e);
		mkey = rig_mkey(e.pair.rig.nic[0], e.near_key);
		if (i == 1)
			mkey->pd++;
		if (i == 2)
			mkey->umr_en = false;
		expect_local(&e, &(struct rig_wr){ .opcode = MLX5_OPCODE_LOCAL_INVAL,
						   .imm = i == 0 ? e.near_key ^ 1 : e.near_key },
			     MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
		assert_false(mkey->free);
		close_rig(&e);
	}
}

/*
 * The peer's key leads into the sender's own registers, and the message is what a driver writes there to
 * stop the NIC. The sender's objects go, but not while they are in use.
 */
static void message_that_stops_its_own_sender_is_survived(void **state)
{
	struct error_rig e;
	struct rig_wr wr;
	uint64_t cmdq_low = RIG_NIC_BUS + CMDQ_ADDR_LOW;
	uint32_t disabled = htobe32(1u << 8);	/* nic_interface */

	(void)state;
	open_rig(&e);
	memcpy(rig_at(&e.pair.rig, e.near), &disabled, sizeof(disabled));
	wr = write_wr(&e);
	e.sge.len = sizeof(disabled);
	wr.remote_va = RIG_VA + cmdq_low;
	wr.rkey = rig_key(e.pair.rig.nic[1], e.pair.pd[1], NIC_REMOTE_WRITE, cmdq_low, sizeof(disabled));
	rig_post(&e.pair.qp[0], &wr);
	rig_run(&e.pair.rig);
	assert_int_equal(e.pair.rig.nic[0]->qps.used, 0);
	assert_int_equal(e.pair.rig.nic[0]->mkeys.used, 0);
	assert_int_equal(e.pair.rig.nic[1]->qps.used, 1);
	close_rig(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_opcodes_are_local_operation_errors),
		cmocka_unit_test(wqe_size_is_bounded),
		cmocka_unit_test(wqe_of_another_qp_is_refused),
		cmocka_unit_test(inline_data_has_rules),
		cmocka_unit_test(message_above_the_limit_is_a_local_length_error),
		cmocka_unit_test(bad_local_keys_are_protection_errors),
		cmocka_unit_test(bad_landing_keys_are_protection_errors),
		cmocka_unit_test(bad_remote_keys_are_access_errors),
		cmocka_unit_test(operation_the_peer_has_not_enabled_is_an_invalid_request),
		cmocka_unit_test(missing_translation_moves_nothing),
		cmocka_unit_test(bus_errors_break_the_side_they_belong_to),
		cmocka_unit_test(receive_too_small_breaks_both_ends),
		cmocka_unit_test(scatter_list_ends_at_the_invalid_key),
		cmocka_unit_test(bad_receive_key_is_the_receivers_error),
		cmocka_unit_test(all_segments_are_checked_before_the_first_moves),
		cmocka_unit_test(peer_without_receive_queue_refuses_sends),
		cmocka_unit_test(flush_completes_everything_in_order),
		cmocka_unit_test(long_queues_flush_completely),
		cmocka_unit_test(nonsense_in_the_doorbell_record_breaks_the_qp_only),
		cmocka_unit_test(nonsense_receive_count_is_the_responders_error),
		cmocka_unit_test(queue_outside_memory_breaks_the_qp_only),
		cmocka_unit_test(completion_queue_overrun_stops_the_queue),
		cmocka_unit_test(local_invalidate_frees_the_key),
		cmocka_unit_test(message_that_stops_its_own_sender_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
