// SPDX-License-Identifier: MIT
/* Each RC operation moves exactly the requested bytes, between two NICs and inside one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "fabric/endpoint/regs.h"
#include "tests/fabric/rc_rig.h"

#define GUARD 64u /* bytes around a target that must stay zero */

static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 255, 4095, 4096, 4097, 65536, (1 << 20) + 3 };
static const uint32_t offsets[] = { 0, 1, 4093 };

#define ALL_RIGHTS (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)

static void expect_send(struct rig_cq *cq, const struct rig_qp *qp, uint8_t opcode, uint32_t len)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(cq, &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	assert_int_equal(be32toh(cqe.sop_drop_qpn), (uint32_t)opcode << 24 | qp->qp->number);
	assert_int_equal(be32toh(cqe.byte_cnt), len);
}

static void expect_recv(struct rig_cq *cq, const struct rig_qp *qp, uint8_t opcode, uint32_t len,
			uint32_t imm)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(cq, &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), opcode);
	assert_int_equal(be32toh(cqe.sop_drop_qpn) & 0xffffff, qp->qp->number);
	assert_int_equal(be32toh(cqe.byte_cnt), len);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), imm);
}

static bool is_send(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_SEND || opcode == MLX5_OPCODE_SEND_IMM;
}

static uint8_t recv_opcode(uint8_t opcode)
{
	switch (opcode) {
	case MLX5_OPCODE_SEND:
		return MLX5_CQE_RESP_SEND;
	case MLX5_OPCODE_SEND_IMM:
		return MLX5_CQE_RESP_SEND_IMM;
	case MLX5_OPCODE_RDMA_WRITE_IMM:
		return MLX5_CQE_RESP_WR_IMM;
	default:
		return 0;
	}
}

/* One message of len bytes from a buffer at offset from to one at offset to. */
static void move_once(struct rig_pair *pair, uint8_t opcode, uint32_t len, uint32_t from,
		      uint32_t to)
{
	struct rig *rig = &pair->rig;
	uint64_t used = rig->used;
	uint64_t source = rig_alloc(rig, from + len) + from;
	uint64_t target = rig_alloc(rig, to + len + 2 * GUARD) + to + GUARD;
	bool read = opcode == MLX5_OPCODE_RDMA_READ;
	uint64_t near = read ? target : source, far = read ? source : target;
	struct nic_sge sge = { .len = len, .addr = RIG_VA + near };
	struct rig_wr wr = {
		.opcode = opcode, .imm = 0xa1b2c3d4, .remote_va = RIG_VA + far, .sge = &sge, .nsge = 1
	};
	uint32_t far_key;

	sge.lkey = rig_key(pair->qp[0].qp->nic, pair->pd[0], ALL_RIGHTS, near, len);
	far_key = rig_key(pair->qp[1].qp->nic, pair->pd[1], ALL_RIGHTS, far, len);
	wr.rkey = far_key;
	memset(rig_at(rig, target - GUARD), 0, len + 2 * GUARD);
	rig_fill(rig, source, len, len + from);
	if (recv_opcode(opcode)) {
		struct nic_sge into = { .len = len, .lkey = far_key, .addr = RIG_VA + far };

		rig_post_recv(&pair->qp[1], &into, is_send(opcode) ? 1 : 0);
	}
	rig_post(&pair->qp[0], &wr);
	if (recv_opcode(opcode))
		expect_recv(&pair->cq[1], &pair->qp[1], recv_opcode(opcode), len,
			    opcode == MLX5_OPCODE_SEND ? 0 : wr.imm);
	expect_send(&pair->cq[0], &pair->qp[0], opcode, len);
	assert_true(rig_filled(rig, target, len, len + from));
	assert_true(rig_zero(rig, target - GUARD, GUARD));
	assert_true(rig_zero(rig, target + len, GUARD));
	nic_mkey_free(pair->qp[0].qp->nic,
		      nic_ids_remove(&pair->qp[0].qp->nic->mkeys, sge.lkey >> 8));
	nic_mkey_free(pair->qp[1].qp->nic,
		      nic_ids_remove(&pair->qp[1].qp->nic->mkeys, far_key >> 8));
	rig->used = used;
}

static void move_all(uint8_t opcode, bool loopback)
{
	struct rig_pair pair;
	size_t i, j, k;

	rig_pair_open(&pair, loopback);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (j = 0; j < sizeof(offsets) / sizeof(offsets[0]); j++)
			for (k = 0; k < sizeof(offsets) / sizeof(offsets[0]); k++)
				move_once(&pair, opcode, sizes[i], offsets[j], offsets[k]);
	rig_pair_close(&pair);
}

static void each_operation_moves_its_bytes(void **state)
{
	static const uint8_t opcodes[] = { MLX5_OPCODE_SEND, MLX5_OPCODE_SEND_IMM,
					   MLX5_OPCODE_RDMA_WRITE, MLX5_OPCODE_RDMA_WRITE_IMM,
					   MLX5_OPCODE_RDMA_READ };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(opcodes); i++) {
		move_all(opcodes[i], false);
		move_all(opcodes[i], true);
	}
}

static void long_message_moves_in_parts(void **state)
{
	const uint32_t len = 2 * NIC_MOVE_MAX + 4099;
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	struct nic_sge sge = { .len = len };
	uint64_t source, target;
	struct rig_wr wr;
	uint32_t steps = 0;
	struct mlx5_cqe64 cqe;

	(void)state;
	rig_pair_open(&pair, false);
	source = rig_alloc(rig, len);
	target = rig_alloc(rig, len);
	rig_fill(rig, source, len, 9);
	sge.addr = RIG_VA + source;
	sge.lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, source, len);
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
			      .sge = &sge,
			      .nsge = 1,
			      .remote_va = RIG_VA + target,
			      .rkey = rig_key(rig->nic[1], pair.pd[1], NIC_REMOTE_WRITE, target,
					      len) };
	rig_post(&pair.qp[0], &wr);
	while (!rig_cq_poll(&pair.cq[0], &cqe)) {
		assert_true(steps++ < 10);
		fab_loop_step(rig->fabric->loop, 0);
		if (steps == 1) {
			assert_true(rig_filled(rig, target, NIC_MOVE_MAX, 9));
			assert_true(rig_zero(rig, target + NIC_MOVE_MAX, len - NIC_MOVE_MAX));
		}
	}
	assert_int_equal(steps, 3);
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	assert_true(rig_filled(rig, target, len, 9));
	rig_pair_close(&pair);
}

/* Pages in reverse order into pages in reverse order, whose borders are elsewhere in the message. */
static void scattered_pages_into_scattered_pages(void **state)
{
	const uint32_t pages = 70, len = (pages - 1) * NIC_PAGE;
	struct nic_sge sge = { .len = len };
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	uint64_t source, target;
	struct nic_mkey *from, *to;
	struct rig_wr wr;

	(void)state;
	rig_pair_open(&pair, false);
	source = rig_alloc(rig, (uint64_t)pages * NIC_PAGE);
	target = rig_alloc(rig, (uint64_t)pages * NIC_PAGE);
	rig_fill(rig, source, pages * NIC_PAGE, 8);
	sge.addr = RIG_VA + source + 100;
	sge.lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, source + 100, len);
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
			      .sge = &sge,
			      .nsge = 1,
			      .remote_va = RIG_VA + target + 1000,
			      .rkey = rig_key(rig->nic[1], pair.pd[1], NIC_REMOTE_WRITE,
					      target + 1000, len) };
	from = rig_mkey(rig->nic[0], sge.lkey);
	to = rig_mkey(rig->nic[1], wr.rkey);
	for (uint32_t i = 0; i < pages; i++) {
		uint32_t at = (pages - 1 - i) * NIC_PAGE;

		from->mtt[i] = (source + at) | NIC_MTT_READ;
		to->mtt[i] = (target + at) | NIC_MTT_WRITE;
	}
	rig_post(&pair.qp[0], &wr);
	expect_send(&pair.cq[0], &pair.qp[0], MLX5_OPCODE_RDMA_WRITE, len);
	for (uint32_t i = 0; i < len; i++) {
		uint32_t a = i + 100, b = i + 1000;

		a = (pages - 1 - a / NIC_PAGE) * NIC_PAGE + a % NIC_PAGE;
		b = (pages - 1 - b / NIC_PAGE) * NIC_PAGE + b % NIC_PAGE;
		if (*(uint8_t *)rig_at(rig, source + a) != *(uint8_t *)rig_at(rig, target + b))
			fail_msg("byte %u", i);
	}
	rig_pair_close(&pair);
}

/* Three segments into three of other sizes, both over the block boundary of the queue. */
static void segments_are_gathered_and_scattered(void **state)
{
	static const uint32_t from_len[] = { 7, 5000, 1093 }, into_len[] = { 4096, 1, 3000 };
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	struct nic_sge from[3], into[3];
	uint64_t source, target;
	uint32_t lkey, rkey, i, total = 6100, at = 0, taken = 0;
	uint8_t expected[6100];
	struct rig_wr wr;

	(void)state;
	rig_pair_open(&pair, false);
	source = rig_alloc(rig, 65536);
	target = rig_alloc(rig, 65536);
	rig_fill(rig, source, 65536, 3);
	lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, source, 65536);
	rkey = rig_key(rig->nic[1], pair.pd[1], NIC_LOCAL_WRITE, target, 65536);
	for (i = 0; i < 3; i++) {
		from[i] = (struct nic_sge){ .len = from_len[i],
					    .lkey = lkey,
					    .addr = RIG_VA + source + i * 11111 };
		into[i] = (struct nic_sge){ .len = into_len[i],
					    .lkey = rkey,
					    .addr = RIG_VA + target + i * 22222 };
		memcpy(expected + at, rig_at(rig, source + i * 11111), from_len[i]);
		at += from_len[i];
	}
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_SEND, .sge = from, .nsge = 3 };
	rig_post_recv(&pair.qp[1], into, 3);
	rig_post(&pair.qp[0], &wr);
	expect_recv(&pair.cq[1], &pair.qp[1], MLX5_CQE_RESP_SEND, total, 0);
	expect_send(&pair.cq[0], &pair.qp[0], MLX5_OPCODE_SEND, total);
	for (i = 0; i < 3; i++) {
		uint32_t n = into_len[i] < total - taken ? into_len[i] : total - taken;

		assert_memory_equal(rig_at(rig, target + i * 22222), expected + taken, n);
		assert_true(rig_zero(rig, target + i * 22222 + n, 16));
		taken += n;
	}
	assert_int_equal(taken, total);
	rig_pair_close(&pair);
}

/* Inline data of every size up to the largest WQE, at every position in a queue of 64 blocks. */
static void inline_data_wraps_at_the_end_of_the_queue(void **state)
{
	const uint32_t most = 63 * 16 - 32 - 4;
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	uint64_t source, target;
	uint32_t rkey, len;

	(void)state;
	rig_pair_open(&pair, false);
	source = rig_alloc(rig, 4096);
	target = rig_alloc(rig, 4096);
	rkey = rig_key(rig->nic[1], pair.pd[1], NIC_REMOTE_WRITE, target + 3, most);
	for (len = 0; len <= most; len++) {
		struct rig_wr wr = { .opcode = MLX5_OPCODE_RDMA_WRITE,
				     .rkey = rkey,
				     .remote_va = RIG_VA + target + 3,
				     .inline_data = rig_at(rig, source),
				     .inline_len = len };

		memset(rig_at(rig, target), 0, 4096);
		rig_fill(rig, source, len, len);
		rig_post(&pair.qp[0], &wr);
		expect_send(&pair.cq[0], &pair.qp[0], MLX5_OPCODE_RDMA_WRITE, len);
		assert_true(rig_zero(rig, target, 3));
		assert_true(rig_filled(rig, target + 3, len, len));
		assert_true(rig_zero(rig, target + 3 + len, 4096 - 3 - len));
	}
	rig_pair_close(&pair);
}

/* As UCX posts a header: inline bytes, then a pointer; the same the other way round, and sent as a message. */
static void inline_bytes_and_pointers_mix(void **state)
{
	static const char head[] = "0123456789";
	const uint32_t len = 5000, total = len + 10;
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	uint64_t source, target;
	uint32_t i;

	(void)state;
	rig_pair_open(&pair, false);
	source = rig_alloc(rig, 8192);
	target = rig_alloc(rig, 8192);
	rig_fill(rig, source, len, 3);
	for (i = 0; i < 4; i++) {
		struct nic_sge sge = { .len = len,
				       .lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ,
						       source, len),
				       .addr = RIG_VA + source };
		struct nic_sge into = { .len = 8192,
					.lkey = rig_key(rig->nic[1], pair.pd[1], NIC_LOCAL_WRITE,
							target, 8192),
					.addr = RIG_VA + target };
		bool sends = i & 1, swapped = i & 2;
		struct rig_wr wr = { .opcode = sends ? MLX5_OPCODE_SEND : MLX5_OPCODE_RDMA_WRITE,
				     .rkey = rig_key(rig->nic[1], pair.pd[1], NIC_REMOTE_WRITE,
						     target, 8192),
				     .remote_va = RIG_VA + target,
				     .inline_data = head,
				     .inline_len = 10,
				     .sge = &sge,
				     .nsge = 1 };
		struct mlx5_wqe_data_seg *seg =
			(struct mlx5_wqe_data_seg *)((uint8_t *)rig_at(rig, pair.qp[0].sq) +
						     i * MLX5_SEND_WQE_BB + (sends ? 16 : 32));

		memset(rig_at(rig, target), 0, 8192);
		if (sends)
			rig_post_recv(&pair.qp[1], &into, 1);
		rig_post_quiet(&pair.qp[0], &wr);
		if (swapped) {
			struct mlx5_wqe_data_seg first = seg[0];

			seg[0] = seg[1];
			seg[1] = first;
		}
		rig_ring(&pair.qp[0]);
		expect_send(&pair.cq[0], &pair.qp[0], wr.opcode, total);
		assert_memory_equal(rig_at(rig, target + (swapped ? len : 0)), head, 10);
		assert_true(rig_filled(rig, target + (swapped ? 0 : 10), len, 3));
		assert_true(rig_zero(rig, target + total, 16));
	}
	rig_pair_close(&pair);
}

static void empty_messages_need_no_key(void **state)
{
	static const uint8_t opcodes[] = { MLX5_OPCODE_RDMA_WRITE, MLX5_OPCODE_RDMA_READ,
					   MLX5_OPCODE_SEND };
	struct rig_pair pair;
	size_t i;

	(void)state;
	rig_pair_open(&pair, false);
	rig_post_recv(&pair.qp[1], NULL, 0);
	for (i = 0; i < sizeof(opcodes); i++) {
		struct rig_wr wr = { .opcode = opcodes[i], .rkey = 0xdeadbeef, .remote_va = 1 };

		rig_post(&pair.qp[0], &wr);
		expect_send(&pair.cq[0], &pair.qp[0], opcodes[i], 0);
	}
	expect_recv(&pair.cq[1], &pair.qp[1], MLX5_CQE_RESP_SEND, 0, 0);
	rig_pair_close(&pair);
}

static void only_signalled_requests_complete(void **state)
{
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	int i;

	(void)state;
	rig_pair_open(&pair, false);
	for (i = 0; i < 50; i++)
		rig_post_quiet(&pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_NOP,
							      .unsignalled = i % 10 != 9 });
	rig_ring(&pair.qp[0]);
	rig_run(&pair.rig);
	for (i = 0; i < 5; i++) {
		assert_true(rig_cq_poll(&pair.cq[0], &cqe));
		assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
		assert_int_equal(be16toh(cqe.wqe_counter), i * 10 + 9);
	}
	assert_false(rig_cq_poll(&pair.cq[0], &cqe));
	assert_int_equal(pair.qp[0].qp->completed, 50);
	rig_pair_close(&pair);
}

/* The 16-bit indexes of both queues wrap several times. */
static void indexes_wrap(void **state)
{
	const uint32_t rounds = 70000;
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	struct nic_sge from, into;
	uint64_t source, target;
	uint32_t i;

	(void)state;
	rig_pair_open(&pair, true);
	source = rig_alloc(rig, 8);
	target = rig_alloc(rig, 8);
	from = (struct nic_sge){ .len = 8,
				 .addr = RIG_VA + source,
				 .lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, source,
						 8) };
	into = (struct nic_sge){ .len = 8,
				 .addr = RIG_VA + target,
				 .lkey = rig_key(rig->nic[0], pair.pd[1], NIC_LOCAL_WRITE, target,
						 8) };
	for (i = 0; i < rounds; i++) {
		struct rig_wr wr = { .opcode = MLX5_OPCODE_SEND, .sge = &from, .nsge = 1 };
		struct mlx5_cqe64 cqe;

		memcpy(rig_at(rig, source), &i, sizeof(i));
		rig_post_recv(&pair.qp[1], &into, 1);
		rig_post(&pair.qp[0], &wr);
		rig_run(rig);
		assert_true(rig_cq_poll(&pair.cq[1], &cqe));
		assert_int_equal(be16toh(cqe.wqe_counter), i & 0xffff);
		assert_true(rig_cq_poll(&pair.cq[0], &cqe));
		assert_int_equal(be16toh(cqe.wqe_counter), i & 0xffff);
		assert_memory_equal(rig_at(rig, target), &i, sizeof(i));
	}
	rig_pair_close(&pair);
}

static void solicited_bit_reaches_the_receiver(void **state)
{
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	int i;

	(void)state;
	rig_pair_open(&pair, false);
	for (i = 0; i < 2; i++) {
		rig_post_recv(&pair.qp[1], NULL, 0);
		rig_post(&pair.qp[0],
			 &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND, .solicited = i });
		rig_run(&pair.rig);
		assert_true(rig_cq_poll(&pair.cq[1], &cqe));
		assert_int_equal(cqe.op_own >> 1 & 1, i);
		assert_int_equal(be16toh(cqe.slid), 1);
	}
	rig_pair_close(&pair);
}

/* Source and target overlap: the target gets the old content of the source. */
static void overlapping_copy_is_whole(void **state)
{
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	struct nic_sge sge = { .len = 4000 };
	uint64_t memory;
	uint32_t rkey;

	(void)state;
	rig_pair_open(&pair, true);
	memory = rig_alloc(rig, 8192);
	rig_fill(rig, memory, 4000, 5);
	sge.addr = RIG_VA + memory;
	sge.lkey = rig_key(rig->nic[0], pair.pd[0], NIC_LOCAL_READ, memory, 4000);
	rkey = rig_key(rig->nic[0], pair.pd[1], NIC_REMOTE_WRITE, memory, 8192);
	rig_post(&pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
						.sge = &sge,
						.nsge = 1,
						.rkey = rkey,
						.remote_va = RIG_VA + memory + 17 });
	expect_send(&pair.cq[0], &pair.qp[0], MLX5_OPCODE_RDMA_WRITE, 4000);
	assert_true(rig_filled(rig, memory + 17, 4000, 5));
	rig_pair_close(&pair);
}

/* A source of memory, registers of a peer, and memory again: a page each, the message starts and ends inside one. */
static void registers_are_a_source(void **state)
{
	enum { SKIP = 100, LEN = 3 * NIC_PAGE - 2 * SKIP };
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	uint64_t near, far;
	struct nic_mkey *mkey;
	struct nic_sge sge;
	struct rig_wr wr;
	uint8_t expect[3 * NIC_PAGE] = { 0 };
	uint32_t magic = htole32(EP_MAGIC_VALUE);

	(void)state;
	rig_pair_open(&pair, false);
	near = rig_alloc(&pair.rig, 3 * NIC_PAGE);
	far = rig_alloc(&pair.rig, LEN);
	rig_fill(&pair.rig, near, 3 * NIC_PAGE, 9);
	sge = (struct nic_sge){ .len = LEN, .addr = RIG_VA + near + SKIP };
	sge.lkey = rig_key(pair.rig.nic[0], pair.pd[0], NIC_LOCAL_READ, near, 3 * NIC_PAGE);
	mkey = rig_mkey(pair.rig.nic[0], sge.lkey);
	mkey->mtt[1] = RIG_EP_REGS | NIC_MTT_READ;
	wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
			      .sge = &sge,
			      .nsge = 1,
			      .remote_va = RIG_VA + far,
			      .rkey = rig_key(pair.rig.nic[1], pair.pd[1], NIC_REMOTE_WRITE, far,
					      LEN) };
	rig_post(&pair.qp[0], &wr);
	assert_true(rig_cq_wait(&pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);

	memcpy(expect, rig_at(&pair.rig, near), NIC_PAGE);
	memcpy(expect + NIC_PAGE, &magic, sizeof(magic));
	expect[NIC_PAGE + EP_VERSION] = EP_VERSION_VALUE;
	expect[NIC_PAGE + EP_MEMORY_SIZE + 2] = RIG_EP_SIZE >> 16;
	memcpy(expect + 2 * NIC_PAGE, rig_at(&pair.rig, near + 2 * NIC_PAGE), NIC_PAGE);
	assert_memory_equal(rig_at(&pair.rig, far), expect + SKIP, LEN);
	assert_int_equal(fab_tally_column(&pair.rig.endpoint->bar[EP_REGS_BAR].tally, 0,
					  FAB_ROW_BYTES),
			 NIC_PAGE);
	rig_pair_close(&pair);
}

/*
 * Without an address vector no packet leaves the port, and the completion reports it
 * (nic_ud_test.c has the rest).
 */
static void datagrams_without_address_fail(void **state)
{
	static const uint8_t services[] = { MLX5_QPC_ST_UD, MLX5_QPC_ST_QP0, MLX5_QPC_ST_QP1 };
	struct nic_sge sge = { .len = 256, .lkey = 0x1234, .addr = 5 };
	struct mlx5_cqe64 cqe;
	struct rig_pair pair;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(services); i++) {
		rig_pair_open(&pair, false);
		pair.qp[0].qp->service = services[i];
		rig_post(&pair.qp[0],
			 &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND, .sge = &sge, .nsge = 1 });
		assert_true(rig_cq_wait(&pair.cq[0], &cqe));
		assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ_ERR);
		assert_int_equal(pair.rig.nic[1]->messages, 0);
		rig_pair_close(&pair);
	}
}

/* From half of a UAR page to its end, each pair of words rings a send queue; below are other doorbells. */
static void send_doorbells_of_a_page(void **state)
{
	static const uint32_t rings[] = { 0x800, 0x808, 0xff8 };
	const struct rig_wr wr = { .opcode = MLX5_OPCODE_NOP };
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	uint32_t words[2], be, i;
	struct rig_qp *qp = &pair.qp[0];

	(void)state;
	rig_pair_open(&pair, false);
	words[0] = 0;
	words[1] = htobe32(qp->qp->number << 8);
	for (i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct fab_device *dev = &pair.rig.nic[0]->dev;

		rig_post_quiet(qp, &wr);
		be = htobe32(qp->sq_pi);
		memcpy((uint8_t *)rig_at(qp->rig, qp->dbr) + 4, &be, sizeof(be));
		dev->ops->bar_write(dev, 0, NIC_UAR_OFFSET + 0x7f8, words, sizeof(words));
		rig_run(&pair.rig);
		assert_false(rig_cq_poll(&pair.cq[0], &cqe));
		dev->ops->bar_write(dev, 0, NIC_UAR_OFFSET + rings[i], words, sizeof(words));
		rig_run(&pair.rig);
		assert_true(rig_cq_poll(&pair.cq[0], &cqe));
	}
	rig_pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operation_moves_its_bytes),
		cmocka_unit_test(long_message_moves_in_parts),
		cmocka_unit_test(scattered_pages_into_scattered_pages),
		cmocka_unit_test(segments_are_gathered_and_scattered),
		cmocka_unit_test(inline_data_wraps_at_the_end_of_the_queue),
		cmocka_unit_test(inline_bytes_and_pointers_mix),
		cmocka_unit_test(empty_messages_need_no_key),
		cmocka_unit_test(only_signalled_requests_complete),
		cmocka_unit_test(indexes_wrap),
		cmocka_unit_test(solicited_bit_reaches_the_receiver),
		cmocka_unit_test(overlapping_copy_is_whole),
		cmocka_unit_test(registers_are_a_source),
		cmocka_unit_test(datagrams_without_address_fail),
		cmocka_unit_test(send_doorbells_of_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
