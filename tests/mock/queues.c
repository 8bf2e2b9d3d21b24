// SPDX-License-Identifier: MIT
/* A port and its queue pairs, see queues.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/fault.h"
#include "tests/mock/queues.h"
#include "tests/mock/region.h"
#include "tests/mock/verbs.h"

#define NR_GIDS	  8
#define FIRST_QPN 0x100

struct fake_port fake_port;

struct queue_pair {
	struct ibv_qp qp;
	struct ibv_ah_attr av;
	uint32_t dest;
};

static struct ibv_wc pending;
static unsigned int nr_pending, nr_qps;

static const union ibv_gid gid = { .raw = { 0xfe, 0x80, [15] = 0x2a } };

void fake_port_setup(void)
{
	fake_port = (struct fake_port){
		.link_layer = IBV_LINK_LAYER_INFINIBAND,
		.state = IBV_PORT_ACTIVE,
		.gid_index = -1,
	};
	nr_pending = 0;
	nr_qps = 0;
}

int __wrap_ibv_query_device(struct ibv_context *of, struct ibv_device_attr *attr)
{
	(void)of;
	memset(attr, 0, sizeof(*attr));
	attr->phys_port_cnt = 1;
	return 0;
}

int __wrap_ibv_query_port(struct ibv_context *of, uint8_t port, struct ibv_port_attr *attr)
{
	(void)of;
	if (port != 1)
		return EINVAL;
	attr->state = fake_port.state;
	attr->link_layer = (uint8_t)fake_port.link_layer;
	attr->lid = fake_port.link_layer == IBV_LINK_LAYER_ETHERNET ? 0 : FAKE_LID;
	attr->gid_tbl_len = NR_GIDS;
	attr->active_mtu = IBV_MTU_1024;
	return 0;
}

int __wrap_ibv_query_gid(struct ibv_context *of, uint8_t port, int index, union ibv_gid *to)
{
	(void)of;
	if (port != 1 || index < 0 || index >= NR_GIDS)
		return -1;
	memset(to, 0, sizeof(*to));
	if (index == fake_port.gid_index)
		*to = gid;
	return 0;
}

struct ibv_mr *__wrap_ibv_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access)
{
	struct ibv_mr *mr = fault_hits() ? NULL : calloc(1, sizeof(*mr));

	(void)access;
	if (!mr)
		return NULL;
	mr->pd = pd;
	mr->addr = addr;
	mr->length = length;
	fake_verbs.live_mrs++;
	return mr;
}

static bool arrives(const struct queue_pair *q)
{
	if (!q->dest || q->dest == q->qp.qp_num || q->av.port_num != 1)
		return false;
	if (q->av.is_global)
		return !memcmp(&q->av.grh.dgid, &gid, sizeof(gid)) &&
		       q->av.grh.sgid_index == fake_port.gid_index && q->av.grh.hop_limit;
	return fake_port.link_layer == IBV_LINK_LAYER_INFINIBAND && q->av.dlid == FAKE_LID;
}

/* The BAR is a part of the device's node. */
static void copy(const struct ibv_send_wr *wr)
{
	uint8_t *data = (uint8_t *)(uintptr_t)wr->sg_list[0].addr;
	uint32_t length = wr->sg_list[0].length;
	off_t at = (off_t)(REGION_OFFSET(2) + wr->wr.rdma.remote_addr - fake_verbs.iova);
	int fd = open(fake_path(DEV_NODE), O_RDWR | O_CLOEXEC);

	data[length / 2] ^= fake_port.corrupts;
	if (fd < 0 ||
	    (wr->opcode == IBV_WR_RDMA_READ ? pread(fd, data, length, at) :
					      pwrite(fd, data, length, at)) != (ssize_t)length)
		pending.status = IBV_WC_REM_OP_ERR;
	if (fd >= 0)
		close(fd);
}

static int post_send(struct ibv_qp *qp, struct ibv_send_wr *wr, struct ibv_send_wr **bad)
{
	const struct queue_pair *q = (const struct queue_pair *)qp;

	*bad = wr;
	if (qp->state != IBV_QPS_RTS || nr_pending)
		return EINVAL;
	pending = (struct ibv_wc){ .status = fake_port.status };
	if (!arrives(q))
		pending.status = IBV_WC_RETRY_EXC_ERR;
	if (pending.status == IBV_WC_SUCCESS)
		copy(wr);
	nr_pending = 1;
	return 0;
}

static int poll_cq(struct ibv_cq *cq, int n, struct ibv_wc *wc)
{
	(void)cq;
	if (!nr_pending || n < 1)
		return 0;
	*wc = pending;
	nr_pending = 0;
	return 1;
}

struct ibv_cq *__wrap_ibv_create_cq(struct ibv_context *of, int cqe, void *arg,
				    struct ibv_comp_channel *channel, int vector)
{
	struct ibv_cq *cq = fault_hits() ? NULL : calloc(1, sizeof(*cq));

	(void)cqe;
	(void)arg;
	(void)channel;
	(void)vector;
	of->ops.poll_cq = poll_cq;
	of->ops.post_send = post_send;
	if (cq)
		cq->context = of;
	return cq;
}

int __wrap_ibv_destroy_cq(struct ibv_cq *cq)
{
	free(cq);
	return 0;
}

struct ibv_qp *__wrap_ibv_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *init)
{
	struct queue_pair *q = fault_hits() ? NULL : calloc(1, sizeof(*q));

	(void)init;
	if (!q)
		return NULL;
	q->qp.context = pd->context;
	q->qp.qp_num = FIRST_QPN + nr_qps++;
	return &q->qp;
}

int __wrap_ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attr, int mask)
{
	struct queue_pair *q = (struct queue_pair *)qp;

	if (fault_hits())
		return ENOMEM;
	if (mask & IBV_QP_AV)
		q->av = attr->ah_attr;
	if (mask & IBV_QP_DEST_QPN)
		q->dest = attr->dest_qp_num;
	qp->state = attr->qp_state;
	return 0;
}

int __wrap_ibv_destroy_qp(struct ibv_qp *qp)
{
	free(qp);
	return 0;
}
