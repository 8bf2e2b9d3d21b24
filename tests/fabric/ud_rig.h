/* SPDX-License-Identifier: MIT */
/*
 * Two datagram queue pairs on two NICs, with a message to send and room for it at the receiver.
 */
#ifndef UD_RIG_H
#define UD_RIG_H

#include <infiniband/umad_sa.h>

#include "tests/fabric/rc_rig.h"

#define UD_RIGHTS   (NIC_LOCAL_READ | NIC_LOCAL_WRITE)
#define UD_GRH	    40u
#define UD_QKEY	    0x11111111u
#define UD_LEN	    300u
#define UD_GSI_QKEY 0x80010000u

struct ud_rig {
	struct rig_pair pair;
	uint64_t source, target; /* 8 KiB each, of NIC 0 and NIC 1 */
	struct nic_sge from, into;
};
int ud_setup(void **state); /* for cmocka: *state is the rig */
int ud_teardown(void **state);
/* A queue pair as CREATE_QP and the transitions to RTS leave it. */
void ud_make(struct rig_qp *qp, uint8_t service);

struct ud_address {
	uint16_t lid;
	uint32_t qpn, qkey;
	bool grh, base;	    /* base: the address vector is incomplete */
	const uint8_t *gid; /* of the GRH; NULL: bytes 0x5e */
};
struct ud_address ud_peer(const struct ud_rig *rig); /* queue pair 1 */
/* Control, address vector and one data segment, in the two blocks at the producer index. */
void ud_post(struct rig_qp *qp, uint8_t opcode, const struct ud_address *to,
	     const struct nic_sge *sge);
uint8_t ud_sent(struct ud_rig *rig, struct mlx5_cqe64 *cqe); /* opcode of the sender's completion */

/* Queue pair 0 becomes QP1 of its NIC; its message is one management datagram. */
void ud_make_gsi(struct ud_rig *rig);
/* A request in the memory of the message, zero but for the header. */
void *ud_request(struct ud_rig *rig, uint8_t mgmt_class, uint8_t class_version, uint8_t method,
		 uint16_t attribute);
/* Send it. The answer, which is in memory 40 bytes after a GRH, and its completion; NULL: none */
void *ud_ask(struct ud_rig *rig, const struct ud_address *to, struct mlx5_cqe64 *answered);

#endif
