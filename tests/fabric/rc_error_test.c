// SPDX-License-Identifier: MIT
/*
 * An error in a work request completes with the syndrome that InfiniBand defines for it, moves no
 * byte outside the permitted range, stops the affected queue pairs and no others.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/rc_error_rig.h"

static void unknown_opcodes_are_local_operation_errors(void **state)
{
	uint32_t opcode;

	(void)state;
	for (opcode = 0; opcode < 256; opcode++) {
		struct rig_error e;
		struct rig_wr wr;

		switch (opcode) {
		case MLX5_OPCODE_NOP:
		case MLX5_OPCODE_SEND:
		case MLX5_OPCODE_SEND_IMM:
		case MLX5_OPCODE_RDMA_WRITE:
		case MLX5_OPCODE_RDMA_WRITE_IMM:
		case MLX5_OPCODE_RDMA_READ:
		case MLX5_OPCODE_ATOMIC_CS:
		case MLX5_OPCODE_ATOMIC_FA:
		case MLX5_OPCODE_LOCAL_INVAL:
		case MLX5_OPCODE_UMR:
			continue;
		}
		rig_error_open(&e);
		wr = rig_error_write(&e);
		wr.opcode = (uint8_t)opcode;
		rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
		rig_pair_close(&e.pair);
	}
}

static void wqe_size_is_bounded(void **state)
{
	/* too small for the remote address; beyond the posted blocks; zero (64 & 0x3f) */
	static const uint32_t ds[] = { 1, 5, 63, 64 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ds) / sizeof(ds[0]); i++) {
		struct rig_error e;
		struct rig_wr wr;

		rig_error_open(&e);
		wr = rig_error_write(&e);
		wr.ds = ds[i];
		rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
		rig_error_close(&e);
	}
}

static void wqe_of_another_qp_is_refused(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	wr.qpn = e.pair.qp[0].qp->number + 1;
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	rig_error_close(&e);
}

static void inline_data_has_rules(void **state)
{
	struct rig_error e;
	struct rig_wr wr;
	uint32_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct mlx5_wqe_data_seg *seg;

		rig_error_open(&e);
		wr = rig_error_write(&e);
		wr.inline_data = "0123456789ab";
		wr.inline_len = 12;
		if (i == 0)
			wr.opcode = MLX5_OPCODE_RDMA_READ; /* a read has no inline data */
		wr.nsge = 0;
		rig_post_quiet(&e.pair.qp[0], &wr);
		seg = (struct mlx5_wqe_data_seg *)((uint8_t *)rig_at(&e.pair.rig, e.pair.qp[0].sq) +
						   32);
		if (i == 1) /* longer than the WQE */
			seg->byte_count = htobe32((uint32_t)MLX5_INLINE_SEG | 13);
		rig_ring(&e.pair.qp[0]);
		rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR,
				 0);
		assert_true(rig_zero(&e.pair.rig, e.far, RIG_ERROR_LEN));
		rig_error_close(&e);
	}
}

static void message_above_the_limit_is_a_local_length_error(void **state)
{
	struct nic_sge sge[2];
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	sge[0] = e.sge;
	sge[1] = e.sge;
	sge[1].len = NIC_MAX_MESSAGE - RIG_ERROR_LEN + 1;
	wr.sge = sge;
	wr.nsge = 2;
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	rig_error_close(&e);
}

/* Its length is accepted; the key ends before. */
static void message_of_the_limit_is_refused_by_its_key_only(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	e.sge.len = NIC_MAX_MESSAGE;
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	rig_error_close(&e);
}

/* Reasons for a key to refuse an access. Each is tried as the local and as the remote key. */
enum key_fault {
	KEY_VARIANT,
	KEY_INDEX,
	KEY_BEFORE,
	KEY_BEHIND,
	KEY_WRAP,
	KEY_PD,
	KEY_ACCESS,
	KEY_FREE,
	KEY_FAULTS
};

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
		*va = UINT64_MAX - RIG_ERROR_LEN / 2;
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
		struct rig_error e;
		struct rig_wr wr;

		rig_error_open(&e);
		spoil(e.pair.rig.nic[0], (enum key_fault)fault, &e.sge.lkey, &e.sge.addr,
		      NIC_REMOTE_READ | NIC_REMOTE_WRITE);
		wr = rig_error_write(&e);
		rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
		rig_error_close(&e);
	}
}

static void bad_landing_keys_are_protection_errors(void **state)
{
	int fault;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		struct rig_error e;
		struct rig_wr wr;

		rig_error_open(&e);
		spoil(e.pair.rig.nic[0], (enum key_fault)fault, &e.sge.lkey, &e.sge.addr,
		      NIC_LOCAL_READ);
		wr = rig_error_write(&e);
		wr.opcode = MLX5_OPCODE_RDMA_READ;
		rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
		assert_true(rig_filled(&e.pair.rig, e.near, RIG_ERROR_LEN, 1));
		rig_error_close(&e);
	}
}

static void bad_remote_keys_are_access_errors(void **state)
{
	int fault, read;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		for (read = 0; read < 2; read++) {
			struct rig_error e;
			struct rig_wr wr;

			rig_error_open(&e);
			wr = rig_error_write(&e);
			if (read)
				wr.opcode = MLX5_OPCODE_RDMA_READ;
			spoil(e.pair.rig.nic[1], (enum key_fault)fault, &wr.rkey, &wr.remote_va,
			      NIC_LOCAL_WRITE | (read ? NIC_REMOTE_WRITE : NIC_REMOTE_READ));
			rig_error_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
			assert_true(rig_filled(&e.pair.rig, e.near, RIG_ERROR_LEN, 1));
			rig_error_close(&e);
		}
	}
}

static void operation_the_peer_has_not_enabled_is_an_invalid_request(void **state)
{
	static const uint8_t opcodes[] = { MLX5_OPCODE_RDMA_WRITE, MLX5_OPCODE_RDMA_WRITE_IMM,
					   MLX5_OPCODE_RDMA_READ };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(opcodes); i++) {
		struct rig_error e;
		struct rig_wr wr;

		rig_error_open(&e);
		wr = rig_error_write(&e);
		wr.opcode = opcodes[i];
		e.pair.qp[1].qp->access = opcodes[i] == MLX5_OPCODE_RDMA_READ ? NIC_REMOTE_WRITE :
										NIC_REMOTE_READ;
		rig_error_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
		rig_error_close(&e);
	}
}

/* Byte 4096 on has no translation: the range is refused before its first byte moves. */
static void missing_translation_moves_nothing(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	rig_mkey(e.pair.rig.nic[1], e.far_key)->mtt[1] = 0;
	rig_error_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
	assert_int_equal(e.pair.rig.nic[1]->page_faults, 1);
	rig_error_close(&e);
}

/*
 * A translation to an unmapped address is an operation error of the responder, or of the
 * requester for its own key.
 */
static void bus_errors_break_the_side_they_belong_to(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	rig_mkey(e.pair.rig.nic[1], e.far_key)->mtt[0] = 0x10000 | NIC_MTT_READ | NIC_MTT_WRITE;
	rig_error_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
	assert_int_not_equal(e.pair.rig.nic[1]->dev.errors_unsupported, 0);
	rig_error_close(&e);

	rig_error_open(&e);
	wr = rig_error_write(&e);
	rig_mkey(e.pair.rig.nic[0], e.near_key)->mtt[0] = 0x10000 | NIC_MTT_READ | NIC_MTT_WRITE;
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	assert_int_not_equal(e.pair.rig.nic[0]->dev.errors_unsupported, 0);
	rig_pair_close(&e.pair);
}

static void receive_too_small_breaks_both_ends(void **state)
{
	struct rig_error e;
	struct rig_wr wr;
	struct nic_sge into;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	into = (struct nic_sge){ .len = RIG_ERROR_LEN - 1,
				 .lkey = e.far_key,
				 .addr = RIG_VA + e.far };
	rig_post_recv(&e.pair.qp[1], &into, 1);
	rig_post(&e.pair.qp[0], &wr);
	rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, 0);
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR, 0);
	assert_int_equal(e.pair.qp[0].qp->state, NIC_QP_ERR);
	assert_int_equal(e.pair.qp[1].qp->state, NIC_QP_ERR);
	assert_true(rig_zero(&e.pair.rig, e.far, RIG_ERROR_LEN));
	rig_error_close(&e);
}

/* A key over bus addresses that no memory has: the key is right, the access fails. */
static struct nic_sge hole(struct rig_error *e, unsigned int side)
{
	const uint64_t bus = RIG_BUS + RIG_MEMORY;

	return (struct nic_sge){ .len = RIG_ERROR_LEN,
				 .addr = RIG_VA + bus,
				 .lkey = rig_key(e->pair.rig.nic[side], e->pair.pd[side],
						 NIC_LOCAL_READ | NIC_LOCAL_WRITE, bus,
						 RIG_ERROR_LEN) };
}

static void unreadable_message_is_the_senders_error(void **state)
{
	struct rig_error e;
	struct rig_wr wr;
	struct nic_sge into;

	(void)state;
	rig_error_open(&e);
	into = (struct nic_sge){ .len = RIG_ERROR_LEN, .lkey = e.far_key, .addr = RIG_VA + e.far };
	rig_post_recv(&e.pair.qp[1], &into, 1);
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	e.sge = hole(&e, 0);
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	rig_error_close(&e);
}

static void unwritable_receive_is_the_receivers_error(void **state)
{
	struct rig_error e;
	struct rig_wr wr;
	struct nic_sge into;

	(void)state;
	rig_error_open(&e);
	into = hole(&e, 1);
	rig_post_recv(&e.pair.qp[1], &into, 1);
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	rig_post(&e.pair.qp[0], &wr);
	rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0);
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR, 0);
	rig_error_close(&e);
}

/* Segments after the one with the invalid key are not part of the receive. */
static void scatter_list_ends_at_the_invalid_key(void **state)
{
	struct mlx5_wqe_data_seg *seg;
	struct rig_error e;
	struct rig_wr wr;
	struct nic_sge into;

	(void)state;
	rig_error_open(&e);
	into = (struct nic_sge){ .len = RIG_ERROR_LEN / 2,
				 .lkey = e.far_key,
				 .addr = RIG_VA + e.far };
	rig_post_recv(&e.pair.qp[1], &into, 1);
	seg = rig_at(&e.pair.rig, e.pair.qp[1].rq);
	seg[2] = seg[0];
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	rig_post(&e.pair.qp[0], &wr);
	rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR, 0);
	rig_error_close(&e);
}

static void bad_receive_key_is_the_receivers_error(void **state)
{
	int fault;

	(void)state;
	for (fault = 0; fault < KEY_FAULTS; fault++) {
		struct rig_error e;
		struct rig_wr wr;
		struct nic_sge into;

		rig_error_open(&e);
		wr = rig_error_write(&e);
		wr.opcode = MLX5_OPCODE_SEND;
		into = (struct nic_sge){ .len = RIG_ERROR_LEN,
					 .lkey = e.far_key,
					 .addr = RIG_VA + e.far };
		spoil(e.pair.rig.nic[1], (enum key_fault)fault, &into.lkey, &into.addr,
		      NIC_LOCAL_READ | NIC_REMOTE_WRITE);
		rig_post_recv(&e.pair.qp[1], &into, 1);
		rig_post(&e.pair.qp[0], &wr);
		rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR,
				 0);
		rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR,
				 0);
		assert_true(rig_zero(&e.pair.rig, e.far, RIG_ERROR_LEN));
		rig_error_close(&e);
	}
}

/*
 * The second of two segments is bad: the bytes of the first do not move either, at the requester
 * and at the responder.
 */
static void all_segments_are_checked_before_the_first_moves(void **state)
{
	struct nic_sge half[2];
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	half[0] = half[1] = e.sge;
	half[0].len = half[1].len = RIG_ERROR_LEN / 2;
	half[1].lkey ^= 1;
	wr = rig_error_write(&e);
	wr.sge = half;
	wr.nsge = 2;
	rig_error_local(&e, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	rig_error_close(&e);

	rig_error_open(&e);
	half[0] = half[1] = (struct nic_sge){ .len = RIG_ERROR_LEN / 2,
					      .lkey = e.far_key,
					      .addr = RIG_VA + e.far };
	half[1].addr += RIG_ERROR_LEN / 2; /* a read-only page */
	rig_mkey(e.pair.rig.nic[1], e.far_key)->mtt[1] &= ~(uint64_t)NIC_MTT_WRITE;
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	rig_post_recv(&e.pair.qp[1], half, 2);
	rig_post(&e.pair.qp[0], &wr);
	rig_error_expect(&e.pair.cq[1], MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR, 0);
	rig_error_expect(&e.pair.cq[0], MLX5_CQE_REQ_ERR, MLX5_CQE_SYNDROME_REMOTE_OP_ERR, 0);
	assert_true(rig_zero(&e.pair.rig, e.far, RIG_ERROR_LEN));
	rig_error_close(&e);
}

static void peer_without_receive_queue_refuses_sends(void **state)
{
	struct rig_error e;
	struct rig_wr wr;

	(void)state;
	rig_error_open(&e);
	wr = rig_error_write(&e);
	wr.opcode = MLX5_OPCODE_SEND;
	e.pair.qp[1].qp->no_rq = true;
	rig_error_remote(&e, &wr, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	rig_error_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_opcodes_are_local_operation_errors),
		cmocka_unit_test(wqe_size_is_bounded),
		cmocka_unit_test(wqe_of_another_qp_is_refused),
		cmocka_unit_test(inline_data_has_rules),
		cmocka_unit_test(message_above_the_limit_is_a_local_length_error),
		cmocka_unit_test(message_of_the_limit_is_refused_by_its_key_only),
		cmocka_unit_test(bad_local_keys_are_protection_errors),
		cmocka_unit_test(bad_landing_keys_are_protection_errors),
		cmocka_unit_test(bad_remote_keys_are_access_errors),
		cmocka_unit_test(operation_the_peer_has_not_enabled_is_an_invalid_request),
		cmocka_unit_test(missing_translation_moves_nothing),
		cmocka_unit_test(bus_errors_break_the_side_they_belong_to),
		cmocka_unit_test(receive_too_small_breaks_both_ends),
		cmocka_unit_test(scatter_list_ends_at_the_invalid_key),
		cmocka_unit_test(unreadable_message_is_the_senders_error),
		cmocka_unit_test(unwritable_receive_is_the_receivers_error),
		cmocka_unit_test(bad_receive_key_is_the_receivers_error),
		cmocka_unit_test(all_segments_are_checked_before_the_first_moves),
		cmocka_unit_test(peer_without_receive_queue_refuses_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
