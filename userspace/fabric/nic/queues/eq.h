/* SPDX-License-Identifier: MIT */
/*
 * Event queues.
 */
#ifndef NIC_EQ_H
#define NIC_EQ_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/queues/buf.h"

struct nic_eq {
	uint32_t number;
	struct nic_buf buf;
	uint8_t log_size;
	uint8_t vector;
	uint64_t event_mask; /* bit = event type */
	uint32_t pi;	     /* next to write, free running */
	uint32_t ci;	     /* from the EQ doorbell */
	bool armed;
	bool overrun; /* events have been lost */
};

/* Events. data: the 28 bytes of the EQE's event data. Unsubscribed types are dropped. */
void nic_event(struct nic *nic, uint8_t type, const void *data);
bool nic_event_sub(struct nic *nic, uint8_t type, uint8_t sub_type,
		   const void *data); /* true: a queue took it */
void nic_event_qp(struct nic *nic, uint8_t type, uint32_t qpn);
bool nic_eq_post(struct nic *nic, struct nic_eq *eq, uint8_t type, uint8_t sub_type,
		 const void *data);
void nic_eq_free(struct nic *nic, struct nic_eq *eq);
void nic_eq_doorbell(struct nic *nic, uint32_t eqn, uint32_t ci, bool arm);

#endif
