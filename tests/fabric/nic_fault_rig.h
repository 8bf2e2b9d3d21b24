/* SPDX-License-Identifier: MIT */
/*
 * A connection between NIC 0, which has the command queue of a client and a
 * page fault event queue, and NIC 1: either can be the requester.
 */
#ifndef NIC_FAULT_RIG_H
#define NIC_FAULT_RIG_H

#include "tests/fabric/nic_client.h"

#define FAULT_LEN \
	(3 * NIC_PAGE + 100) /* of the messages, from FAULT_SKIP in its first page: 4 pages */
#define FAULT_SKIP 0x234u

enum fault_end { REQUESTER, RESPONDER };

struct fault_rig {
	struct client *client;
	struct rig *rig;
	struct nic *nic[2]; /* by enum fault_end */
	struct nic *owner;  /* NIC 0 */
	struct rig_cq cq[2];
	struct rig_qp qp[2];
	struct rig_eq eq; /* of the owner */
	uint64_t bus[2];
	uint32_t key[2];
	struct nic_sge sge[2];
};

/* Content of an event, in host order. */
struct fault_seen {
	uint64_t token, va;
	uint32_t mkey, demand;
	uint16_t post, pre;
	uint8_t flags;
};

/* NIC 0 is this end. Without a queue its page faults are not handled. */
void fault_rig_open(struct fault_rig *f, struct client *client, enum fault_end owner, bool queue);
/* One message: the source is filled, the target zero, for SEND a receive is posted. */
void fault_rig_post(struct fault_rig *f, uint8_t opcode);
enum fault_end fault_rig_target(uint8_t opcode);
bool fault_rig_arrived(struct fault_rig *f, uint8_t opcode);

void fault_zap(struct nic *nic, uint32_t key, uint32_t first); /* all entries from first on */
void fault_map(struct nic *nic, uint32_t key, uint64_t bus);   /* all entries, as rig_key() does */

bool fault_poll(struct fault_rig *f, struct fault_seen *seen); /* takes the next event; false: none */
struct fault_seen fault_expect(struct fault_rig *f); /* runs the loop: one event, and no other */
uint8_t fault_resume(struct fault_rig *f, uint64_t token, bool error); /* the command's status */

#endif
