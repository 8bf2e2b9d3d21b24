// SPDX-License-Identifier: MIT
/* The functions of libibverbs that the verbs back end calls: fake_rdma.h. */
#define _GNU_SOURCE /* pipe2 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/transports/verbs/shared.h"

#undef ibv_reg_mr
#undef ibv_query_port

#define FAKE_LID 0x10

struct context {
	struct ibv_context ibv;
	int events; /* the other end of async_fd */
	struct context *next;
};

struct cq {
	struct ibv_cq ibv;
	struct shared_cq *shared;
};

struct qp {
	struct ibv_qp ibv;
	struct shared_qp *shared;
};

struct mr {
	struct ibv_mr ibv;
	struct shared_mr *shared;
};

static struct ibv_device devices[FAKE_RDMA_DEVICES] = {
	{ .name = "fake0", .dev_name = "fake_uverbs0" },
	{ .name = "fake1", .dev_name = "fake_uverbs1" },
};

static struct context *contexts;

#define AT_START                                                                          \
	.port_state = IBV_PORT_ACTIVE, .mtu = { IBV_MTU_4096, IBV_MTU_1024 }, .width = 2, \
	.speed = 32, .link_layer = IBV_LINK_LAYER_INFINIBAND
struct fake_rdma fake_rdma = { AT_START };

void fake_rdma_reset(void)
{
	struct fake_rdma start = { AT_START };

	start.contexts = fake_rdma.contexts;
	start.pds = fake_rdma.pds;
	start.cqs = fake_rdma.cqs;
	start.qps = fake_rdma.qps;
	start.mrs = fake_rdma.mrs;
	start.unacked = fake_rdma.unacked;
	fake_rdma = start;
}

static bool fails(const char *call)
{
	if (!fake_rdma.fail_call || strcmp(call, fake_rdma.fail_call) || --fake_rdma.fail_nth)
		return false;
	fake_rdma.fail_call = NULL;
	errno = fake_rdma.fail_errno;
	return true;
}

struct ibv_device **ibv_get_device_list(int *n)
{
	struct ibv_device **list = calloc(FAKE_RDMA_DEVICES + 1, sizeof(struct ibv_device *));

	if (fake_rdma.no_devices || !list || fails("ibv_get_device_list")) {
		free(list);
		return NULL;
	}
	*n = FAKE_RDMA_DEVICES;
	for (int i = 0; i < FAKE_RDMA_DEVICES; i++)
		list[i] = &devices[i];
	return list;
}

void ibv_free_device_list(struct ibv_device **list)
{
	free(list);
}

__be64 ibv_get_device_guid(struct ibv_device *device)
{
	return htobe64(0x0200000000000000 + (uint64_t)(device - devices));
}

static int post_send(struct ibv_qp *of, struct ibv_send_wr *wr, struct ibv_send_wr **bad);
static int post_recv(struct ibv_qp *of, struct ibv_recv_wr *wr, struct ibv_recv_wr **bad);
static int poll_cq(struct ibv_cq *of, int n, struct ibv_wc *wc);

struct ibv_context *ibv_open_device(struct ibv_device *device)
{
	struct context *made;
	int ends[2];

	if (fails("ibv_open_device"))
		return NULL;
	made = calloc(1, sizeof(*made));
	if (!made || pipe2(ends, O_CLOEXEC)) {
		free(made);
		return NULL;
	}
	/* Ranks are siblings; each lets the others reach its memory. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	made->ibv.device = device;
	made->ibv.async_fd = ends[0];
	made->ibv.cmd_fd = -1;
	made->ibv.num_comp_vectors = 1;
	made->ibv.ops.poll_cq = poll_cq;
	made->ibv.ops.post_send = post_send;
	made->ibv.ops.post_recv = post_recv;
	made->events = ends[1];
	made->next = contexts;
	contexts = made;
	fake_rdma.contexts++;
	return &made->ibv;
}

int ibv_close_device(struct ibv_context *of)
{
	struct context *context = (struct context *)of, **p = &contexts;

	while (*p != context)
		p = &(*p)->next;
	*p = context->next;
	close(of->async_fd);
	close(context->events);
	free(context);
	fake_rdma.contexts--;
	return 0;
}

/* @attr is a struct ibv_port_attr: see the macro ibv_query_port(). */
int ibv_query_port(struct ibv_context *of, uint8_t port, struct _compat_ibv_port_attr *attr)
{
	struct ibv_port_attr *a = (struct ibv_port_attr *)attr;

	if (port != 1 || fails("ibv_query_port"))
		return EINVAL;
	a->state = fake_rdma.port_state;
	a->link_layer = fake_rdma.link_layer;
	a->lid = (uint16_t)(FAKE_LID + (of->device - devices));
	a->active_mtu = fake_rdma.mtu[of->device - devices];
	a->active_width = fake_rdma.width;
	a->active_speed = fake_rdma.speed;
	return 0;
}

int ibv_query_gid(struct ibv_context *of, uint8_t port, int index, union ibv_gid *gid)
{
	if (port != 1 || index || fails("ibv_query_gid"))
		return -1;
	memset(gid, 0, sizeof(*gid));
	gid->raw[0] = 0xfe;
	gid->raw[15] = (uint8_t)(1 + (of->device - devices));
	return 0;
}

struct ibv_pd *ibv_alloc_pd(struct ibv_context *of)
{
	struct ibv_pd *pd = fails("ibv_alloc_pd") ? NULL : calloc(1, sizeof(*pd));

	if (!pd)
		return NULL;
	pd->context = of;
	fake_rdma.pds++;
	return pd;
}

int ibv_dealloc_pd(struct ibv_pd *pd)
{
	free(pd);
	fake_rdma.pds--;
	return 0;
}

struct ibv_mr *ibv_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access)
{
	struct mr *mr = fails("ibv_reg_mr") ? NULL : calloc(1, sizeof(*mr));

	if (!mr)
		return NULL;
	shared_lock();
	mr->shared = shared_mr_new();
	if (!mr->shared)
		abort();
	mr->shared->addr = (uintptr_t)addr;
	mr->shared->length = length;
	mr->shared->access = (unsigned int)access;
	mr->ibv = (struct ibv_mr){ .context = pd->context,
				   .pd = pd,
				   .addr = addr,
				   .length = length,
				   .lkey = mr->shared->key,
				   .rkey = mr->shared->key };
	shared_unlock();
	fake_rdma.mrs++;
	return &mr->ibv;
}

struct ibv_mr *ibv_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
				 int fd, int access)
{
	(void)pd;
	(void)offset;
	(void)length;
	(void)iova;
	(void)fd;
	(void)access;
	errno = EOPNOTSUPP;
	return NULL;
}

int ibv_dereg_mr(struct ibv_mr *of)
{
	struct mr *mr = (struct mr *)of;

	shared_lock();
	mr->shared->pid = 0;
	shared_unlock();
	free(mr);
	fake_rdma.mrs--;
	return 0;
}

struct ibv_cq *ibv_create_cq(struct ibv_context *of, int cqe, void *arg,
			     struct ibv_comp_channel *channel, int vector)
{
	struct cq *cq = fails("ibv_create_cq") ? NULL : calloc(1, sizeof(*cq));

	(void)arg;
	(void)channel;
	(void)vector;
	if (!cq)
		return NULL;
	cq->ibv.context = of;
	cq->ibv.cqe = cqe;
	shared_lock();
	cq->shared = shared_cq_new();
	if (!cq->shared || cqe > SHARED_CQES)
		abort();
	cq->shared->room = (unsigned int)cqe;
	shared_unlock();
	fake_rdma.cqs++;
	return &cq->ibv;
}

int ibv_destroy_cq(struct ibv_cq *of)
{
	struct cq *cq = (struct cq *)of;

	shared_lock();
	cq->shared->pid = 0;
	shared_unlock();
	free(cq);
	fake_rdma.cqs--;
	return 0;
}

struct ibv_qp *ibv_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *init)
{
	struct qp *qp = fails("ibv_create_qp") ? NULL : calloc(1, sizeof(*qp));
	struct cq *cq = (struct cq *)init->send_cq;

	if (!qp)
		return NULL;
	shared_lock();
	qp->shared = shared_qp_new();
	if (!qp->shared || init->cap.max_recv_wr > SHARED_RQES || init->recv_cq != init->send_cq)
		abort();
	qp->shared->cq = (unsigned int)(cq->shared - shared->cq);
	qp->shared->max_send = init->cap.max_send_wr;
	qp->shared->max_recv = init->cap.max_recv_wr;
	qp->ibv = (struct ibv_qp){ .context = pd->context,
				   .qp_context = init->qp_context,
				   .pd = pd,
				   .send_cq = init->send_cq,
				   .recv_cq = init->recv_cq,
				   .qp_num = qp->shared->qpn,
				   .qp_type = init->qp_type };
	shared_unlock();
	fake_rdma.qps++;
	if (fake_rdma.n_created < FAKE_RDMA_CREATED)
		fake_rdma.created[fake_rdma.n_created++] = &qp->ibv;
	return &qp->ibv;
}

int ibv_modify_qp(struct ibv_qp *of, struct ibv_qp_attr *attr, int mask)
{
	struct shared_qp *qp = ((struct qp *)of)->shared;
	enum ibv_qp_state from = qp->state;

	if (fails("ibv_modify_qp"))
		return errno;
	if (!(mask & IBV_QP_STATE) ||
	    (attr->qp_state == IBV_QPS_RTR && (from != IBV_QPS_INIT || !attr->dest_qp_num)) ||
	    (attr->qp_state == IBV_QPS_RTS && from != IBV_QPS_RTR))
		return EINVAL;
	shared_lock();
	qp->state = attr->qp_state;
	if (mask & IBV_QP_ACCESS_FLAGS)
		qp->access = attr->qp_access_flags;
	if (mask & IBV_QP_DEST_QPN)
		qp->dest = attr->dest_qp_num;
	shared_unlock();
	if (attr->qp_state == IBV_QPS_RTR)
		fake_rdma.rtr = *attr;
	if (attr->qp_state == IBV_QPS_RTS)
		fake_rdma.rts = *attr;
	return 0;
}

int ibv_destroy_qp(struct ibv_qp *of)
{
	struct qp *qp = (struct qp *)of;

	shared_lock();
	qp->shared->pid = 0;
	shared_unlock();
	free(qp);
	fake_rdma.qps--;
	return 0;
}

static int post_recv(struct ibv_qp *of, struct ibv_recv_wr *wr, struct ibv_recv_wr **bad)
{
	struct shared_qp *qp = ((struct qp *)of)->shared;
	int err = 0;

	shared_lock();
	for (; wr && !err; wr = wr->next) {
		*bad = wr;
		if (fails("post_recv"))
			err = errno;
		else if (qp->recv_tail - qp->recv_head == qp->max_recv)
			err = ENOMEM;
		else
			qp->recv[qp->recv_tail++ % SHARED_RQES] = wr->wr_id;
	}
	shared_unlock();
	return err;
}

/* The bytes of a write arrive, and its immediate. */
static enum ibv_wc_status deliver(struct shared_qp *from, const struct ibv_send_wr *wr, void *data,
				  size_t size)
{
	struct shared_qp *to = shared_qp_find(from->dest);
	struct ibv_wc wc = { .opcode = IBV_WC_RECV_RDMA_WITH_IMM,
			     .byte_len = (uint32_t)size,
			     .imm_data = wr->imm_data,
			     .wc_flags = IBV_WC_WITH_IMM };

	if (!to || (to->state != IBV_QPS_RTR && to->state != IBV_QPS_RTS))
		return IBV_WC_RETRY_EXC_ERR;
	fake_rdma.writes++;
	if (size && (!(to->access & IBV_ACCESS_REMOTE_WRITE) ||
		     !shared_mr_find(to->pid, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr, size,
				     IBV_ACCESS_REMOTE_WRITE)))
		return IBV_WC_REM_ACCESS_ERR;
	if (size && shared_copy(to->pid, wr->wr.rdma.remote_addr, data, size, true))
		return IBV_WC_RETRY_EXC_ERR;
	if (wr->opcode != IBV_WR_RDMA_WRITE_WITH_IMM)
		return IBV_WC_SUCCESS;
	if (to->recv_head == to->recv_tail)
		return IBV_WC_RNR_RETRY_EXC_ERR;
	wc.wr_id = to->recv[to->recv_head++ % SHARED_RQES];
	if (fake_rdma.fail_status && fake_rdma.fail_receive) {
		wc.status = fake_rdma.fail_status;
		fake_rdma.fail_status = IBV_WC_SUCCESS;
	}
	shared_complete(to, &wc);
	return IBV_WC_SUCCESS;
}

static enum ibv_wc_status fetch(struct shared_qp *from, const struct ibv_send_wr *wr, void *data,
				size_t size)
{
	struct shared_qp *to = shared_qp_find(from->dest);

	if (!to || to->state != IBV_QPS_RTS)
		return IBV_WC_RETRY_EXC_ERR;
	fake_rdma.reads++;
	fake_rdma.read_addr = wr->wr.rdma.remote_addr;
	if (!(to->access & IBV_ACCESS_REMOTE_READ) ||
	    !shared_mr_find(to->pid, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr, size,
			    IBV_ACCESS_REMOTE_READ))
		return IBV_WC_REM_ACCESS_ERR;
	return shared_copy(to->pid, wr->wr.rdma.remote_addr, data, size, false) ?
		       IBV_WC_RETRY_EXC_ERR :
		       IBV_WC_SUCCESS;
}

static enum ibv_wc_status carry_out(struct shared_qp *qp, struct ibv_send_wr wr)
{
	size_t size = wr.num_sge ? wr.sg_list->length : 0;
	void *data = wr.num_sge ? (void *)(uintptr_t)wr.sg_list->addr : NULL, *copy = NULL;
	enum ibv_wc_status status;

	if (fake_rdma.fail_status && !fake_rdma.fail_receive && wr.opcode == fake_rdma.fail_opcode) {
		status = fake_rdma.fail_status;
		fake_rdma.fail_status = IBV_WC_SUCCESS;
		return status;
	}
	if (size && !shared_mr_find(qp->pid, wr.sg_list->lkey, wr.sg_list->addr, size,
				    wr.opcode == IBV_WR_RDMA_READ ? IBV_ACCESS_LOCAL_WRITE : 0))
		return IBV_WC_LOC_PROT_ERR;
	if (fake_rdma.on_send) {
		copy = size ? malloc(size) : NULL;
		if (copy)
			data = memcpy(copy, data, size);
		fake_rdma.on_send(&wr, data);
	}
	status = wr.opcode == IBV_WR_RDMA_READ ? fetch(qp, &wr, data, size) :
						 deliver(qp, &wr, data, size);
	free(copy);
	return status;
}

/* Each request has a completion: the back end asks for all. */
static int post_send(struct ibv_qp *of, struct ibv_send_wr *wr, struct ibv_send_wr **bad)
{
	struct shared_qp *qp = ((struct qp *)of)->shared;
	struct ibv_wc wc;
	int err = 0;

	shared_lock();
	for (; wr && !err; wr = wr->next) {
		*bad = wr;
		if (fails("post_send")) {
			err = errno;
			break;
		}
		if (qp->state != IBV_QPS_RTS && qp->state != IBV_QPS_ERR)
			err = EINVAL;
		else if (qp->sending == qp->max_send)
			err = ENOMEM;
		if (err)
			break;
		wc = (struct ibv_wc){ .wr_id = wr->wr_id, .status = IBV_WC_WR_FLUSH_ERR };
		if (qp->state == IBV_QPS_RTS)
			wc.status = carry_out(qp, *wr);
		if (wc.status)
			qp->state = IBV_QPS_ERR;
		wc.opcode = wr->opcode == IBV_WR_RDMA_READ ? IBV_WC_RDMA_READ : IBV_WC_RDMA_WRITE;
		qp->sending++;
		shared_complete(qp, &wc);
	}
	shared_unlock();
	return err;
}

static int poll_cq(struct ibv_cq *of, int n, struct ibv_wc *wc)
{
	struct shared_cq *cq = ((struct cq *)of)->shared;
	struct shared_qp *qp;
	int got = 0;

	if (fails("poll_cq"))
		return -1;
	shared_lock();
	while (got < n && cq->head != cq->tail) {
		wc[got] = cq->ring[cq->head++ % SHARED_CQES];
		qp = shared_qp_find(wc[got].qp_num);
		if (qp && wc[got].opcode != IBV_WC_RECV_RDMA_WITH_IMM)
			qp->sending--;
		got++;
	}
	shared_unlock();
	return got;
}

void fake_rdma_event(enum ibv_event_type type, struct ibv_qp *qp)
{
	struct ibv_async_event event = { .event_type = type, .element.qp = qp };

	for (struct context *c = contexts; c; c = c->next) {
		if ((!qp || qp->context == &c->ibv) &&
		    write(c->events, &event, sizeof(event)) != sizeof(event))
			abort();
	}
}

int ibv_get_async_event(struct ibv_context *of, struct ibv_async_event *event)
{
	if (read(of->async_fd, event, sizeof(*event)) != sizeof(*event))
		return -1;
	fake_rdma.unacked++;
	return 0;
}

void ibv_ack_async_event(struct ibv_async_event *event)
{
	(void)event;
	fake_rdma.unacked--;
}
