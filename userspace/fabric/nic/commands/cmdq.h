/* SPDX-License-Identifier: MIT */
/*
 * The firmware command queue in guest memory.
 */
#ifndef NIC_CMDQ_H
#define NIC_CMDQ_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/loop.h"

struct nic;

/* initial_seg.nic_interface */
enum nic_interface {
	NIC_INTERFACE_FULL = 0,
	NIC_INTERFACE_DISABLED = 1, /* after each reset, until the driver sets up the command queue */
	NIC_INTERFACE_SW_RESET = 7, /* written by the driver: restart of firmware */
};

struct nic_cmdif {
	uint64_t addr;	   /* of the command queue */
	uint32_t doorbell; /* slots rung and not done */
	struct fab_work work;
	bool ready;    /* address has been written */
	bool drop;     /* objects go before the next command runs */
	uint8_t state; /* enum nic_interface */
};

void nic_cmd_init(struct nic *nic);  /* sets up cmdif.work */
void nic_cmd_reset(struct nic *nic); /* disables the interface: no queue, no rung doorbells */
void nic_cmd_doorbell(struct nic *nic, uint32_t slots);
/* nic_reset_objects() from the event loop: a DMA of this NIC may write the register that asks for it. */
void nic_cmd_drop_objects(struct nic *nic);

#endif
