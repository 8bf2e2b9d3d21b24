// SPDX-License-Identifier: MIT
/*
 * A guest that writes garbage: work queues, doorbell records and keys of random bytes, the same
 * in every run. No access may leave the ranges of the keys (the sanitizers and the guard pages
 * detect that), the server must not hang, and a connection made afterwards works.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/rc_rig.h"

#define LEN    (4u * NIC_PAGE)
#define ROUNDS 4000

struct noise {
	uint64_t state;
};

static uint32_t next(struct noise *noise, uint32_t below)
{
	noise->state = noise->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(noise->state >> 33) % below;
}

struct garbage_rig {
	struct rig_pair pair;
	struct noise noise;
	uint64_t guard[2], memory[2]; /* guard page before each buffer, and one after the second */
	uint32_t key[2];
};

static void open_rig(struct garbage_rig *g, uint64_t seed)
{
	int i;

	rig_pair_open(&g->pair, false);
	g->noise.state = seed;
	for (i = 0; i < 2; i++) {
		g->guard[i] = rig_alloc(&g->pair.rig, NIC_PAGE);
		g->memory[i] = rig_alloc(&g->pair.rig, LEN);
		g->key[i] = rig_key(g->pair.rig.nic[i], g->pair.pd[i], 0xf, g->memory[i], LEN);
	}
	rig_alloc(&g->pair.rig, NIC_PAGE);
}

static void expect_guards(struct garbage_rig *g)
{
	assert_true(rig_zero(&g->pair.rig, g->guard[0], NIC_PAGE));
	assert_true(rig_zero(&g->pair.rig, g->guard[1], NIC_PAGE));
	assert_true(rig_zero(&g->pair.rig, g->memory[1] + LEN, NIC_PAGE));
}

static void drain(struct rig_cq *cq)
{
	struct mlx5_cqe64 cqe;

	while (rig_cq_poll(cq, &cqe))
		;
}

/* Start again as the driver would after an error. */
static void reconnect(struct garbage_rig *g)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct rig_qp *qp = &g->pair.qp[i];

		nic_qp_set_state(qp->qp, NIC_QP_RST);
		qp->sq_pi = qp->rq_pi = 0;
		memset(rig_at(&g->pair.rig, qp->dbr), 0, 8);
		drain(&g->pair.cq[i]);
	}
	rig_qp_connect(&g->pair.qp[0], &g->pair.qp[1]);
}

/* A nearly valid request: each field is occasionally replaced. */
static void post_noisy(struct garbage_rig *g)
{
	static const uint8_t opcodes[] = { MLX5_OPCODE_SEND,	    MLX5_OPCODE_SEND_IMM,
					   MLX5_OPCODE_RDMA_WRITE,  MLX5_OPCODE_RDMA_WRITE_IMM,
					   MLX5_OPCODE_RDMA_READ,   MLX5_OPCODE_UMR,
					   MLX5_OPCODE_LOCAL_INVAL, MLX5_OPCODE_NOP };
	struct noise *n = &g->noise;
	struct nic_sge sge[4];
	struct rig_wr wr = { .opcode = opcodes[next(n, sizeof(opcodes))],
			     .sge = sge,
			     .nsge = next(n, 5) };
	uint32_t i;

	for (i = 0; i < wr.nsge; i++) {
		sge[i].len = next(n, 16) ? next(n, LEN + 8) : next(n, UINT32_MAX);
		sge[i].lkey = next(n, 8) ? g->key[0] : next(n, UINT32_MAX);
		sge[i].addr =
			RIG_VA + g->memory[0] + (next(n, 4) ? next(n, 64) : next(n, 2 * LEN)) - 8;
	}
	wr.rkey = next(n, 8) ? g->key[1] : next(n, UINT32_MAX);
	wr.remote_va = RIG_VA + g->memory[1] +
		       (next(n, 4) ? next(n, LEN) : (uint64_t)next(n, UINT32_MAX) << 32) - 8;
	wr.imm = next(n, 2) ? g->key[0] : next(n, UINT32_MAX);
	wr.ds = next(n, 8) ? 0 : next(n, 64);
	wr.unsignalled = next(n, 2);
	rig_post(&g->pair.qp[0], &wr);
}

static void nearly_right_requests(void **state)
{
	struct garbage_rig g;
	uint32_t i;

	(void)state;
	open_rig(&g, 1);
	for (i = 0; i < ROUNDS; i++) {
		struct nic_sge into = { .len = next(&g.noise, 2 * LEN),
					.addr = RIG_VA + g.memory[1],
					.lkey = next(&g.noise, 8) ? g.key[1] :
								    next(&g.noise, UINT32_MAX) };

		/* keys that a UMR or LOCAL_INVAL of an earlier round has freed */
		rig_mkey(g.pair.rig.nic[0], g.key[0])->free = false;
		rig_post_recv(&g.pair.qp[1], &into, 1);
		post_noisy(&g);
		rig_run(&g.pair.rig);
		expect_guards(&g);
		reconnect(&g);
	}
	assert_int_not_equal(g.pair.rig.nic[0]->wqes_bad, 0);
	assert_int_not_equal(g.pair.rig.nic[0]->wqes - g.pair.rig.nic[0]->wqes_bad, 0);
	rig_pair_close(&g.pair);
}

/* Whole queues of random bytes, with control segments that are valid often enough to be executed. */
static void queues_of_noise(void **state)
{
	struct garbage_rig g;
	uint32_t i, at;

	(void)state;
	open_rig(&g, 2);
	for (i = 0; i < ROUNDS; i++) {
		struct rig_qp *qp = &g.pair.qp[0];
		uint8_t *sq = rig_at(&g.pair.rig, qp->sq),
			*rq = rig_at(&g.pair.rig, g.pair.qp[1].rq);

		for (at = 0; at < 64 * 64; at += 4) {
			uint32_t word = next(&g.noise, UINT32_MAX);

			memcpy(sq + at, &word, sizeof(word));
			memcpy(rq + at % 1024, &word, sizeof(word));
		}
		for (at = 0; at < 64; at++) {
			uint32_t ctrl[2] = { htobe32(next(&g.noise, 0x30)),
					     htobe32(qp->qp->number << 8 | next(&g.noise, 64)) };

			memcpy(sq + at * 64, ctrl, sizeof(ctrl));
		}
		qp->sq_pi = (uint16_t)next(&g.noise, 80);
		g.pair.qp[1].rq_pi = (uint16_t)next(&g.noise, 20);
		at = htobe32(g.pair.qp[1].rq_pi);
		memcpy(rig_at(&g.pair.rig, g.pair.qp[1].dbr), &at, sizeof(at));
		rig_ring(qp);
		rig_run(&g.pair.rig);
		expect_guards(&g);
		reconnect(&g);
	}
	rig_pair_close(&g.pair);
}

/* A message that overwrites the queues, doorbell records and completions of both ends while they are in use. */
static void message_over_its_own_queues(void **state)
{
	struct rig_pair pair;
	struct rig *rig = &pair.rig;
	struct nic_sge sge = { 0 };
	struct rig_wr wr;
	uint32_t len, i;

	(void)state;
	for (i = 0; i < 64; i++) {
		rig_pair_open(&pair, true);
		len = (uint32_t)rig->used;
		sge = (struct nic_sge){ .len = len, .addr = RIG_VA + RIG_BUS };
		sge.lkey = rig_key(rig->nic[0], pair.pd[0], 0xf, RIG_BUS, RIG_MEMORY);
		wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
				      .sge = &sge,
				      .nsge = 1,
				      .remote_va = RIG_VA + RIG_BUS + i * 4 + 1 };
		wr.rkey = rig_key(rig->nic[0], pair.pd[1], 0xf, RIG_BUS, RIG_MEMORY);
		rig_post_quiet(&pair.qp[0], &wr);
		rig_post(&pair.qp[0], &wr);
		rig_run_ms(rig, 2);
		rig_pair_close(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearly_right_requests),
		cmocka_unit_test(queues_of_noise),
		cmocka_unit_test(message_over_its_own_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
