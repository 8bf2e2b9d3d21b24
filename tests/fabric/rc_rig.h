/* SPDX-License-Identifier: MIT */
/*
 * Two NICs and an endpoint in one fabric with a memfd as guest memory, and a small driver for
 * them: queues, keys and work requests as a guest writes them. Objects are made directly, without
 * firmware commands.
 *
 * Addresses: "bus" is a bus address of guest memory, rig_at() is the test's mapping of that
 * address. Keys name memory by another address (RIG_VA + bus), so that a skipped translation
 * shows.
 */
#ifndef RC_RIG_H
#define RC_RIG_H

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"
#include "fabric/nic/rc/requester.h"
#include "fabric/nic/rc/transfer.h"

#define RIG_BUS	    0x40000000ull
#define RIG_MEMORY  (64ull << 20)
#define RIG_VA	    0x700000000000ull
#define RIG_EP_BUS  0x800000000ull /* BAR2 of the endpoint */
#define RIG_EP_SIZE (1ull << 20)
#define RIG_EP_REGS 0xe0000000ull  /* BAR0 of the endpoint */
#define RIG_NIC_BUS 0x900000000ull /* BAR0 of NIC 0; NIC 1 follows */

struct rig {
	struct fab_fabric *fabric;
	struct nic *nic[2];
	struct fab_device *endpoint;
	uint8_t *memory;
	uint64_t used;
	int fd;
};

void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
/* As after rig_open(): no objects, numbers from the first one, the used memory zeroed. */
void rig_reset(struct rig *rig);
uint64_t rig_alloc(struct rig *rig, uint64_t bytes); /* zeroed, page aligned */
void *rig_at(struct rig *rig, uint64_t bus);
void rig_fill(struct rig *rig, uint64_t bus, uint32_t len, uint32_t seed);
bool rig_filled(struct rig *rig, uint64_t bus, uint32_t len, uint32_t seed);
bool rig_zero(struct rig *rig, uint64_t bus, uint32_t len);

uint32_t rig_pd(struct nic *nic);
/* A key over [bus, bus + len), any alignment, address RIG_VA + bus. */
uint32_t rig_key(struct nic *nic, uint32_t pd, uint8_t access, uint64_t bus, uint64_t len);
struct nic_mkey *rig_mkey(struct nic *nic, uint32_t key);
void rig_tag(struct nic *nic, uint32_t key, uint8_t ph, uint8_t index);
void rig_tph_enable(struct nic *nic, uint32_t request_enable, uint16_t index, uint16_t st);

uint32_t rig_xrcd(struct nic *nic);

struct rig_cq {
	struct rig *rig;
	struct nic *nic;
	struct nic_cq *cq;
	uint64_t ring, dbr;
	uint32_t ci;
};
void rig_cq_open(struct rig *rig, struct rig_cq *cq, struct nic *nic, uint8_t log_size);
bool rig_cq_poll(struct rig_cq *cq, struct mlx5_cqe64 *cqe); /* takes one; false: empty */
bool rig_cq_wait(struct rig_cq *cq, struct mlx5_cqe64 *cqe); /* runs the loop for up to 5 s */

struct rig_eq {
	struct rig *rig;
	struct nic_eq *eq;
	uint64_t ring;
	uint32_t ci;
};
void rig_eq_open(struct rig *rig, struct rig_eq *eq, struct nic *nic, uint64_t event_mask);
bool rig_eq_poll(struct rig_eq *eq, uint8_t *type,
		 uint32_t *number); /* number of the affected QP or CQ */

/* Entries in a linked list, as mlx5_ib keeps them: the one at the tail is never posted. */
struct rig_srq {
	struct rig *rig;
	struct nic_srq *srq;
	uint64_t ring, dbr;
	uint16_t pi, head, tail;
};
struct rig_srq_opts {
	uint8_t log_size, log_stride;
	uint32_t pd;
	enum nic_srq_kind kind;
	struct rig_cq *cq; /* XRC, with the domain: */
	uint32_t xrcd;
};
void rig_srq_open(struct rig *rig, struct rig_srq *srq, struct nic *nic,
		  const struct rig_srq_opts *opts);
uint16_t rig_srq_post(struct rig_srq *srq, const struct nic_sge *sge, uint32_t nsge); /* its index */
void rig_srq_return(struct rig_srq *srq, uint16_t index); /* the entry may be posted again */
void rig_srq_set_next(struct rig_srq *srq, uint16_t index, uint16_t next);

struct rig_qp {
	struct rig *rig;
	struct nic_qp *qp;
	struct rig_cq *send, *recv;
	uint32_t pd;
	uint64_t rq, sq, dbr;
	uint16_t sq_pi, rq_pi;
};
struct rig_qp_opts {
	uint8_t log_sq, log_rq, log_stride;
	bool no_rq;
	uint8_t service;     /* 0: RC */
	struct rig_srq *srq; /* RC: receives come from there */
	uint32_t xrcd;	     /* XRC */
};
void rig_qp_open(struct rig *rig, struct rig_qp *qp, struct nic *nic, struct rig_cq *send,
		 struct rig_cq *recv, const struct rig_qp_opts *opts);
void rig_qp_connect(struct rig_qp *a, struct rig_qp *b); /* both to RTS */
void rig_qp_close(struct rig_qp *qp);

/* A work request; unset fields are zero. */
struct rig_wr {
	uint8_t opcode;
	bool unsignalled, solicited;
	uint32_t imm, rkey;
	uint32_t srqn; /* XRC */
	uint64_t remote_va;
	uint64_t swap_add, compare; /* atomics */
	const struct nic_sge *sge;
	uint32_t nsge;
	const void *inline_data;
	uint32_t inline_len;
	uint32_t ds;  /* not 0: a wrong size in the control segment */
	uint32_t qpn; /* not 0: a wrong QP number in the control segment */
};
void rig_post(struct rig_qp *qp, const struct rig_wr *wr); /* and ring */
void rig_post_quiet(struct rig_qp *qp, const struct rig_wr *wr);
void rig_ring(struct rig_qp *qp);
void rig_post_recv(struct rig_qp *qp, const struct nic_sge *sge, uint32_t nsge);
void rig_run(struct rig *rig); /* runs the loop until it is idle; does not wait for timers */
void rig_run_ms(struct rig *rig, uint32_t ms);

uint8_t rig_cqe_opcode(const struct mlx5_cqe64 *cqe);
uint8_t rig_cqe_syndrome(const struct mlx5_cqe64 *cqe); /* 0: no error */

/* Two connected queue pairs with one CQ each, a PD each, and receive queues of 16 entries of 4 segments. */
struct rig_pair {
	struct rig rig;
	struct rig_cq cq[2];
	struct rig_qp qp[2];
	uint32_t pd[2];
};
void rig_pair_open(struct rig_pair *pair, bool loopback);
void rig_pair_make(struct rig_pair *pair, bool loopback); /* on a rig that is open */
void rig_pair_close(struct rig_pair *pair);

#endif
