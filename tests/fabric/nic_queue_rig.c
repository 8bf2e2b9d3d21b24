// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/fabric/nic_queue_rig.h"

#define CQ_ARM	  (UAR + 0x20)
#define SOLICITED (1u << 24)

void cq_consume(struct client *client, const struct client_queue *cq, uint32_t ci)
{
	*(uint32_t *)rig_at(&client->rig, cq->dbr) = htobe32(ci & 0xffffff);
}

void cq_arm(struct client *client, const struct client_queue *cq, uint32_t ci, bool solicited,
	    bool halves)
{
	uint32_t word[2] = { htobe32((ci & 0xffffff) | (solicited ? SOLICITED : 0)),
			     htobe32(cq->number) };

	((uint32_t *)rig_at(&client->rig, cq->dbr))[1] = word[0];
	if (halves) {
		client_bar_write(client, CQ_ARM, &word[0], 4);
		client_bar_write(client, CQ_ARM + 4, &word[1], 4);
	} else {
		client_bar_write(client, CQ_ARM, word, 8);
	}
}

void complete(struct client *client, const struct client_queue *cq, uint16_t counter, bool solicited)
{
	struct nic_completion completion = { .qpn = 0x123,
					     .wqe_counter = counter,
					     .opcode = MLX5_CQE_RESP_SEND,
					     .byte_count = 77,
					     .solicited = solicited };

	nic_cq_complete(client->nic, cq->number, &completion);
}

const struct mlx5_cqe64 *cqe_at(struct client *client, const struct client_queue *cq, uint32_t index)
{
	const struct mlx5_cqe64 *ring = rig_at(&client->rig, cq->ring);

	return &ring[index & ((1u << cq->log_size) - 1)];
}

bool cqe_ready(struct client *client, const struct client_queue *cq, uint32_t index)
{
	uint8_t own = cqe_at(client, cq, index)->op_own;

	return own >> 4 != MLX5_CQE_INVALID && (own & 1) == (index >> cq->log_size & 1);
}

uint32_t comp_events(struct client *client, const struct client_queue *eq,
		     const struct client_queue *cq, uint32_t *index)
{
	NIC_LAYOUT(comp_event, data);
	uint32_t n = 0;
	uint8_t type;

	for (; client_eqe(client, eq, *index, &type, data); (*index)++, n++) {
		assert_int_equal(type, NIC_EVENT_COMP);
		assert_int_equal(DEVX_GET(comp_event, data, cq_number), cq->number);
	}
	return n;
}
