/* SPDX-License-Identifier: MIT */
/*
 * LID routing between the NICs of a fabric.
 */
#ifndef NIC_WIRE_H
#define NIC_WIRE_H

#include <stdint.h>

struct nic;
struct nic_qp;

/* The NIC whose port has this LID; NULL: none. */
struct nic *nic_wire_port(struct nic *from, uint16_t lid);

/* The QP that (lid, qpn) names if it can receive (RTR or RTS, RC, connected back); else NULL */
struct nic_qp *nic_wire_find(struct nic_qp *from);

#endif
