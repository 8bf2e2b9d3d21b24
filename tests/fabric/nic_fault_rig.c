// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/nic_fault_rig.h"

#define ALL  (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)
#define SEED 7

void fault_rig_open(struct fault_rig *f, struct client *client, enum fault_end owner, bool queue)
{
	const struct rig_qp_opts opts = { .log_sq = 6, .log_rq = 4, .log_stride = 2 };
	struct rig *rig = &client->rig;
	int end;

	*f = (struct fault_rig){ .client = client, .rig = rig, .owner = rig->nic[0] };
	for (end = REQUESTER; end <= RESPONDER; end++) {
		struct nic *nic = rig->nic[end == (int)owner ? 0 : 1];

		f->nic[end] = nic;
		rig_cq_open(rig, &f->cq[end], nic, 7);
		rig_qp_open(rig, &f->qp[end], nic, &f->cq[end], &f->cq[end], &opts);
		f->bus[end] = rig_alloc(rig, FAULT_SKIP + FAULT_LEN) + FAULT_SKIP;
		f->key[end] = rig_key(nic, f->qp[end].pd, ALL, f->bus[end], FAULT_LEN);
		f->sge[end] = (struct nic_sge){ .len = FAULT_LEN,
						.lkey = f->key[end],
						.addr = RIG_VA + f->bus[end] };
	}
	rig_qp_connect(&f->qp[REQUESTER], &f->qp[RESPONDER]);
	f->qp[REQUESTER].qp->ack_timeout = 8; /* 1 ms */
	f->qp[REQUESTER].qp->retry_count = 1;
	if (queue)
		rig_eq_open(rig, &f->eq, f->owner, 1ull << NIC_EVENT_PAGE_FAULT);
}

enum fault_end fault_rig_target(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_RDMA_READ ? REQUESTER : RESPONDER;
}

void fault_rig_post(struct fault_rig *f, uint8_t opcode)
{
	enum fault_end target = fault_rig_target(opcode);

	rig_fill(f->rig, f->bus[!target], FAULT_LEN, SEED);
	memset(rig_at(f->rig, f->bus[target]), 0, FAULT_LEN);
	if (opcode == MLX5_OPCODE_SEND || opcode == MLX5_OPCODE_RDMA_WRITE_IMM)
		rig_post_recv(&f->qp[RESPONDER], &f->sge[RESPONDER], 1);
	rig_post(&f->qp[REQUESTER], &(struct rig_wr){ .opcode = opcode,
						      .sge = &f->sge[REQUESTER],
						      .nsge = 1,
						      .rkey = f->key[RESPONDER],
						      .remote_va = RIG_VA + f->bus[RESPONDER] });
}

bool fault_rig_arrived(struct fault_rig *f, uint8_t opcode)
{
	return rig_filled(f->rig, f->bus[fault_rig_target(opcode)], FAULT_LEN, SEED);
}

void fault_zap(struct nic *nic, uint32_t key, uint32_t first)
{
	struct nic_mkey *mkey = rig_mkey(nic, key);

	for (; first < mkey->mtts; first++)
		mkey->mtt[first] = 0;
}

void fault_map(struct nic *nic, uint32_t key, uint64_t bus)
{
	struct nic_mkey *mkey = rig_mkey(nic, key);
	uint32_t i;

	for (i = 0; i < mkey->mtts; i++)
		mkey->mtt[i] = ((bus & ~(uint64_t)(NIC_PAGE - 1)) + i * NIC_PAGE) | NIC_MTT_READ |
			       NIC_MTT_WRITE;
}

static uint64_t be(const uint8_t *data, uint32_t off, uint32_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | data[off++];
	return value;
}

/* Offsets of the event data as struct mlx5_eqe_page_fault has them. */
bool fault_poll(struct fault_rig *f, struct fault_seen *seen)
{
	const uint8_t *eqe = (uint8_t *)rig_at(f->rig, f->eq.ring) + (f->eq.ci & 15) * 64,
		      *data = eqe + 32;

	if ((eqe[63] & 1) != (f->eq.ci >> 4 & 1))
		return false;
	assert_int_equal(eqe[1], 0x0c);
	assert_int_equal(eqe[3], 2);
	*seen = (struct fault_seen){
		.flags = data[0],
		.post = (uint16_t)be(data, 2, 2),
		.pre = (uint16_t)be(data, 4, 2),
		.token = be(data, 6, 2) << 32 | be(data, 8, 4),
		.demand = (uint32_t)be(data, 12, 4),
		.mkey = (uint32_t)be(data, 16, 4),
		.va = be(data, 20, 8),
	};
	f->eq.eq->ci = ++f->eq.ci;
	return true;
}

struct fault_seen fault_expect(struct fault_rig *f)
{
	struct fault_seen seen, other;

	rig_run(f->rig);
	assert_true(fault_poll(f, &seen));
	assert_false(fault_poll(f, &other));
	return seen;
}

uint8_t fault_resume(struct fault_rig *f, uint64_t token, bool error)
{
	uint8_t in[16] = { 0x02, 0x04 }, out[16];
	uint16_t high = htobe16((uint16_t)(token >> 32));
	uint32_t low = htobe32((uint32_t)token);

	in[8] = error ? 0x80 : 0;
	memcpy(in + 10, &high, sizeof(high));
	memcpy(in + 12, &low, sizeof(low));
	return client_exec(f->client, in, sizeof(in), out, sizeof(out));
}
