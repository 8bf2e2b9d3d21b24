/* SPDX-License-Identifier: MIT */
/* What all processes of a test see of the fake devices: queue pairs, completion queues, regions. */
#ifndef FAKE_RDMA_SHARED_H
#define FAKE_RDMA_SHARED_H

#include <pthread.h>
#include <sys/types.h>

#include "tests/transports/verbs/fake_rdma.h"

#define SHARED_CQS  128
#define SHARED_QPS  1024
#define SHARED_MRS  4096
#define SHARED_CQES 20480
#define SHARED_RQES 2048

struct shared_cq {
	pid_t pid; /* 0: free */
	unsigned int head, tail, room;
	struct ibv_wc ring[SHARED_CQES];
};

struct shared_qp {
	pid_t pid;
	uint32_t qpn, dest;
	enum ibv_qp_state state;
	unsigned int access;
	unsigned int cq; /* its number */
	unsigned int max_send, sending, max_recv;
	unsigned int recv_head, recv_tail;
	uint64_t recv[SHARED_RQES];
};

struct shared_mr {
	pid_t pid;
	uint32_t key;
	uint64_t addr, length;
	unsigned int access;
};

struct shared {
	pthread_mutex_t lock;
	uint32_t numbers;
	struct shared_cq cq[SHARED_CQS];
	struct shared_qp qp[SHARED_QPS];
	struct shared_mr mr[SHARED_MRS];
};

extern struct shared *shared;

void shared_lock(void);
void shared_unlock(void);
/* A free entry for this process; NULL: none. With the lock held. */
struct shared_cq *shared_cq_new(void);
struct shared_qp *shared_qp_new(void);
struct shared_mr *shared_mr_new(void);
struct shared_qp *shared_qp_find(uint32_t qpn);
/* The region of @pid that has the key and covers the bytes with that access */
const struct shared_mr *shared_mr_find(pid_t pid, uint32_t key, uint64_t addr, uint64_t length,
				       unsigned int access);
void shared_complete(struct shared_qp *qp, const struct ibv_wc *wc);
/* Copy to or from another process. 0 or -errno. */
int shared_copy(pid_t pid, uint64_t remote, void *local, size_t size, bool write);

#endif
