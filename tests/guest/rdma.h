/* SPDX-License-Identifier: MIT */
/*
 * Verbs for test programs in the guest: two RC queue pairs in one process, connected by LID, on one or
 * two NICs. Every call checks its result, names the failure and ends the program: tests do not
 * recover.
 */
#ifndef RDMA_H
#define RDMA_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define require(cond, ...)                 \
	do {                               \
		if (!(cond))               \
			fail(__VA_ARGS__); \
	} while (0)

struct port { /* one NIC, opened */
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	uint16_t lid;
	char name[64];
};

struct side { /* one end of a connection */
	struct port *port;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
};

struct link_opts {
	int remote_access; /* IBV_ACCESS_REMOTE_*; 0: all */
	uint8_t rnr_retry; /* 7: no limit */
	uint8_t retry;
	uint8_t timeout; /* local ack timeout exponent */
	int max_inline;
	int sge;
	int depth;
	bool leave_peer_in_init; /* the second side never becomes ready to receive */
};

struct memory { /* host memory, registered */
	uint8_t *addr;
	size_t len;
	struct ibv_mr *mr;
};

/* A protection domain of the NIC, or NULL and errno */
struct ibv_pd *open_pd(const char *name);
void port_open(struct port *port, const char *name);
void port_close(struct port *port);
void memory_alloc(struct memory *memory, struct port *port, size_t len, int access);
void memory_free(struct memory *memory);

void link_open(struct side *a, struct port *pa, struct side *b, struct port *pb,
	       const struct link_opts *opts);
void link_close(struct side *a, struct side *b);

/* Post one work request; poll one completion (10 s, then the program ends). */
void post(struct side *side, struct ibv_send_wr *wr);
void post_receive(struct side *side, uint64_t addr, uint32_t len, uint32_t lkey);
struct ibv_wc poll_any(struct side *side);
void poll_ok(struct side *side, enum ibv_wc_opcode opcode);
void poll_status(struct side *side, enum ibv_wc_status status);
bool poll_nothing(struct side *side, unsigned int ms); /* true: no completion arrived in that time */

/* Bytes that depend on seed and position, so that a shift or a swap shows. */
void fill(uint8_t *to, size_t len, uint32_t seed);
void compare(const char *what, const uint8_t *got, size_t len, uint32_t seed, size_t pos);
void all_zero(const char *what, const uint8_t *got, size_t len);

#endif
