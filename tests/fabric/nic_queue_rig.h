/* SPDX-License-Identifier: MIT */
/* A completion queue as its driver and the NIC see it. */
#ifndef NIC_QUEUE_RIG_H
#define NIC_QUEUE_RIG_H

#include "tests/fabric/nic_client.h"

#define UAR	    (NIC_UAR_OFFSET + 3 * NIC_PAGE)
#define EVENT(type) (1ull << (type))

void cq_consume(struct client *client, const struct client_queue *cq, uint32_t ci);
/* As the driver: the record first, then the register, as one or two writes. */
void cq_arm(struct client *client, const struct client_queue *cq, uint32_t ci, bool solicited,
	    bool halves);
/* The NIC completes a receive. */
void complete(struct client *client, const struct client_queue *cq, uint16_t counter,
	      bool solicited);
const struct mlx5_cqe64 *cqe_at(struct client *client, const struct client_queue *cq,
				uint32_t index);
bool cqe_ready(struct client *client, const struct client_queue *cq, uint32_t index);
/* Completion events of @cq, from event *@index of @eq on; *@index is then behind them. */
uint32_t comp_events(struct client *client, const struct client_queue *eq,
		     const struct client_queue *cq, uint32_t *index);

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

#endif
