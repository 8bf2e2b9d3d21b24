/* SPDX-License-Identifier: MIT */
/*
 * A send queue entry as the guest wrote it, and the work request it stands for.
 *
 * A WQE is copied out of guest memory once and only the copy is looked at, so
 * the guest cannot change what has been checked. Sizes: a WQE is 1..63 units
 * of 16 bytes ("ds") and takes whole basic blocks of 64 bytes of the queue.
 */
#ifndef NIC_WQE_H
#define NIC_WQE_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/nic/limits.h"
#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"

struct mlx5_wqe_av;
struct nic_qp;

struct nic_wqe {
	uint8_t opcode; /* MLX5_OPCODE_* */
	uint8_t blocks; /* basic blocks it takes in the queue, at least 1 */
	bool signalled, solicited;
	uint32_t imm; /* host order: immediate, or the key of a key operation */
	uint64_t remote_va;
	uint32_t rkey;
	uint32_t srqn;		    /* XRC */
	uint64_t swap_add, compare; /* atomics */
	uint32_t len;		    /* of the message */
	uint32_t nsge;
	struct nic_sge sge[NIC_MAX_SGE]; /* of inline bytes: in raw */
	uint32_t raw_len;
	uint8_t raw[NIC_MAX_INLINE_WQE];
};

/* Copy the WQE at qp->sq_ci and read its control segment. On failure opcode and blocks are still set. */
enum nic_status nic_wqe_fetch(struct nic_qp *qp, struct nic_wqe *wqe);
/* Read the segments that follow, as service and opcode want them. Opcodes that move no message have none. */
enum nic_status nic_wqe_parse(struct nic_wqe *wqe, bool xrc);

/* The same for a datagram: address vector, then data. */
enum nic_status nic_wqe_parse_datagram(struct nic_wqe *wqe, struct mlx5_wqe_av *av);

/* True if the opcode carries a message to the peer. */
bool nic_wqe_is_message(const struct nic_wqe *wqe);
bool nic_wqe_has_imm(const struct nic_wqe *wqe);
/* True if the answer is written to the WQE's own list (READ, atomics). */
bool nic_wqe_is_answered(const struct nic_wqe *wqe);

/* A receive queue entry: scatter list, ended by an invalid key or by the entry's size. */
uint32_t nic_wqe_parse_scatter(const uint8_t *raw, uint32_t raw_len, struct nic_sge *sge,
			       uint32_t *nsge);

#endif
