// SPDX-License-Identifier: MIT
/* Memory that the processes of a test inherit from the first one; entries of processes that are gone are taken again. */
#define _GNU_SOURCE /* process_vm_writev */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/transports/verbs/shared.h"

struct shared *shared;

__attribute__((constructor)) static void make(void)
{
	pthread_mutexattr_t attr;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->lock, &attr);
}

/* A process may be killed with the lock. */
void shared_lock(void)
{
	if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->lock);
}

void shared_unlock(void)
{
	pthread_mutex_unlock(&shared->lock);
}

static bool is_free(pid_t pid)
{
	return !pid || (kill(pid, 0) && errno == ESRCH);
}

struct shared_cq *shared_cq_new(void)
{
	for (unsigned int i = 0; i < SHARED_CQS; i++) {
		struct shared_cq *cq = &shared->cq[i];

		if (!is_free(cq->pid))
			continue;
		cq->head = cq->tail = 0;
		cq->pid = getpid();
		return cq;
	}
	return NULL;
}

struct shared_qp *shared_qp_new(void)
{
	for (unsigned int i = 0; i < SHARED_QPS; i++) {
		struct shared_qp *qp = &shared->qp[i];

		if (!is_free(qp->pid))
			continue;
		memset(qp, 0, offsetof(struct shared_qp, recv));
		qp->pid = getpid();
		/* Numbers are not used again, as far as possible. */
		qp->qpn = ++shared->numbers << 10 | i;
		return qp;
	}
	return NULL;
}

struct shared_mr *shared_mr_new(void)
{
	for (unsigned int i = 0; i < SHARED_MRS; i++) {
		struct shared_mr *mr = &shared->mr[i];

		if (!is_free(mr->pid))
			continue;
		mr->pid = getpid();
		mr->key = ++shared->numbers << 12 | i;
		return mr;
	}
	return NULL;
}

struct shared_qp *shared_qp_find(uint32_t qpn)
{
	struct shared_qp *qp = &shared->qp[qpn % SHARED_QPS];

	return qp->pid && qp->qpn == qpn ? qp : NULL;
}

const struct shared_mr *shared_mr_find(pid_t pid, uint32_t key, uint64_t addr, uint64_t length,
				       unsigned int access)
{
	const struct shared_mr *mr = &shared->mr[key % SHARED_MRS];

	if (mr->pid != pid || mr->key != key || (mr->access & access) != access ||
	    addr < mr->addr || length > mr->length || addr - mr->addr > mr->length - length)
		return NULL;
	return mr;
}

/* A queue that overflows is a fault of the program under test. */
void shared_complete(struct shared_qp *qp, const struct ibv_wc *wc)
{
	struct shared_cq *cq = &shared->cq[qp->cq];

	if (cq->tail - cq->head == cq->room)
		abort();
	cq->ring[cq->tail % SHARED_CQES] = *wc;
	cq->ring[cq->tail++ % SHARED_CQES].qp_num = qp->qpn;
}

int shared_copy(pid_t pid, uint64_t remote, void *local, size_t size, bool write)
{
	struct iovec here = { local, size }, there = { (void *)(uintptr_t)remote, size };
	ssize_t n;

	if (pid == getpid()) {
		memcpy(write ? (void *)(uintptr_t)remote : local,
		       write ? local : (void *)(uintptr_t)remote, size);
		return 0;
	}
	n = write ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
		    process_vm_readv(pid, &here, 1, &there, 1, 0);
	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EFAULT;
}
