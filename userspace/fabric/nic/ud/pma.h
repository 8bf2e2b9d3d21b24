/* SPDX-License-Identifier: MIT */
/*
 * Performance management agent of a port: answers requests to QP1 for the port's counters, as
 * firmware does. They never reach the driver, which would answer them without a header
 * (drivers/infiniband/hw/mlx5/mad.c: process_pma_cmd() fills the data only).
 */
#ifndef NIC_PMA_H
#define NIC_PMA_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/subnet/subnet.h"

struct nic;

/* The datagram is a request of the agent's class. */
bool nic_pma_is_request(const uint8_t *mad, uint32_t len);
void nic_pma_answer(struct nic *nic, const uint8_t request[SUBNET_MAD_BYTES],
		    uint8_t answer[SUBNET_MAD_BYTES]);

#endif
