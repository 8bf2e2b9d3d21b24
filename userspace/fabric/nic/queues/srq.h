/* SPDX-License-Identifier: MIT */
/*
 * Shared receive queues: an RMP, which RC queue pairs name in their context, or an XRC SRQ, which
 * the message names.
 */
#ifndef NIC_SRQ_H
#define NIC_SRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/queues/buf.h"
#include "fabric/nic/status.h"

struct nic;
struct nic_qp;

enum nic_srq_kind { NIC_SRQ_RMP, NIC_SRQ_XRC };

struct nic_srq {
	uint32_t number;
	enum nic_srq_kind kind;
	struct nic_buf buf;
	uint8_t log_size;   /* entries */
	uint8_t log_stride; /* bytes */
	uint32_t pd;	    /* of its entries' keys; of remote keys too, when kind is XRC */
	uint32_t cqn, xrcd; /* XRC */
	uint64_t dbr;	    /* doorbell record: producer index, big endian, 16 bit */
	uint16_t pi;	    /* last producer index seen */
	uint16_t ci;	    /* entries taken */
	uint16_t head;	    /* next entry to take */
	uint16_t limit;	    /* event when fewer are posted; 0: none wanted */
	bool error;	    /* invalid list or doorbell record: no entry is taken any more */
	uint32_t users;	    /* queue pairs that name it in their context */
};

/* An entry that a queue pair has taken for the message it receives. */
struct nic_srq_entry {
	bool taken;
	uint32_t srqn;
	uint16_t index;
};

struct nic_srq *nic_srq_get(struct nic *nic, uint32_t number,
			    enum nic_srq_kind kind); /* NULL: none */
/* NIC_AGAIN: nothing is posted; NIC_REMOTE_OP: the queue is in error. */
enum nic_status nic_srq_take(struct nic *nic, struct nic_srq *srq, struct nic_srq_entry *entry);
int nic_srq_read(struct nic *nic, const struct nic_srq *srq, uint16_t index, void *to, uint32_t len);
/* Ask for one event when fewer than limit entries are posted; it is sent at once when they are fewer by now. */
void nic_srq_arm(struct nic *nic, struct nic_srq *srq, uint16_t limit);
void nic_srq_free(struct nic *nic, struct nic_srq *srq);

#endif
