/* SPDX-License-Identifier: MIT */
/*
 * The receive that a message consumes: the head of the queue pair's own receive queue, or an
 * entry of a shared one.
 */
#ifndef NIC_RECEIVE_H
#define NIC_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/limits.h"
#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"

struct nic_qp;
struct nic_message;

struct nic_receive {
	struct nic_sge sge[NIC_MAX_SGE];
	uint32_t nsge;
	uint32_t room;
	uint32_t pd; /* of the keys */
};

/*
 * Checks for a receive. NIC_AGAIN: none is posted; errors have broken the connection. An entry of
 * an SRQ is taken now.
 */
enum nic_status nic_receive_need(struct nic_qp *to, const struct nic_message *msg);
bool nic_receive_read(struct nic_qp *to, const struct nic_message *msg, struct nic_receive *receive);
/* It completes; opcode: MLX5_CQE_RESP_x. */
void nic_receive_complete(struct nic_qp *to, const struct nic_message *msg, enum nic_status status,
			  uint8_t opcode);
/* The receive itself is at fault: it completes in error, no event. The requester sees seen. */
enum nic_status nic_receive_fail(struct nic_qp *to, const struct nic_message *msg,
				 enum nic_status status, enum nic_status seen);

/*
 * ERR: complete some receives of the own queue with NIC_FLUSHED; true: call again. A shared queue is not
 * touched, except that the entry taken for an unfinished message is flushed when the queue pair goes to ERR.
 */
bool nic_receive_flush(struct nic_qp *qp);
void nic_receive_flush_taken(struct nic_qp *qp);

#endif
