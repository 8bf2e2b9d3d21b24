/* SPDX-License-Identifier: MIT */
/*
 * Memory key updates posted as work requests.
 */
#ifndef NIC_UMR_H
#define NIC_UMR_H

#include <stdint.h>

#include "fabric/nic/status.h"

struct nic_qp;

/* One UMR WQE, already copied. NIC_LOCAL_QP_OP for an update that the model does not have. */
enum nic_status nic_umr_execute(struct nic_qp *qp, const uint8_t *wqe, uint32_t len);

#endif
