/* SPDX-License-Identifier: MIT */
/*
 * Unreliable datagrams: UD queue pairs, and the management queue pairs QP0 and QP1.
 */
#ifndef NIC_DATAGRAM_H
#define NIC_DATAGRAM_H

#include "fabric/nic/status.h"

struct nic_qp;
struct nic_wqe;

/*
 * Send the datagram of a fetched WQE. NIC_OK: it has left this port, which says nothing about its
 * arrival. Errors are those of the sender: form of the WQE, its memory, or more than one MTU.
 */
enum nic_status nic_datagram_send(struct nic_qp *qp, struct nic_wqe *wqe);

#endif
