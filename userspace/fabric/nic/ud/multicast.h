/* SPDX-License-Identifier: MIT */
/*
 * Queue pairs of a NIC that are attached to multicast groups. The port receives the packets of a
 * group while it is a member (fabric/subnet); each attached queue pair gets a copy.
 */
#ifndef NIC_MULTICAST_H
#define NIC_MULTICAST_H

#include <stdint.h>

#include "fabric/nic/limits.h"

struct nic;
struct nic_qp;

struct nic_multicast {
	uint8_t gid[16];
	uint32_t count; /* not 0 */
	struct nic_qp *qp[NIC_MAX_QP_MCG];
	struct nic_multicast *next;
};

/* NULL: no queue pair is attached to the group. */
const struct nic_multicast *nic_multicast_find(const struct nic *nic, const uint8_t gid[16]);
/* 0 also for one that is attached already. -ENOSPC: too many groups, or queue pairs of the group; -ENOMEM. */
int nic_multicast_attach(struct nic_qp *qp, const uint8_t gid[16]);
int nic_multicast_detach(struct nic_qp *qp, const uint8_t gid[16]); /* -ENOENT: is not attached */
void nic_multicast_detach_all(struct nic_qp *qp);

#endif
