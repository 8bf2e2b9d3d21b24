/* SPDX-License-Identifier: MIT */
/* The verbs back end: its device, its connection, and what goes over the wire. */
#ifndef TRANSPORTS_NCCL_VERBS_H
#define TRANSPORTS_NCCL_VERBS_H

#include <infiniband/verbs.h>
#include <stdatomic.h>

#include "net.h"

#define VERBS_MAX_QPS  8
#define VERBS_RQ_DEPTH (NET_SLOTS * NET_MAX_RECVS) /* receives of a QP: the parts of all requests */
#define VERBS_ACCESS   (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)

/* What a receiver writes into the sender's ring. @mark is written last: the other fields are complete when it is set. */
struct verbs_cts {
	struct {
		uint64_t addr;
		uint64_t size;
		uint32_t rkey;
		int32_t tag;
	} part[NET_MAX_RECVS];
	uint32_t n;
	uint32_t reserved[14];
	uint32_t mark; /* sequence number plus one */
};

/* Of the greeting */
struct verbs_blob {
	uint32_t n_qps;
	uint16_t lid;
	uint8_t mtu;
	uint8_t link_layer;
	uint8_t gid[16];
	uint32_t qpn[VERBS_MAX_QPS];
	uint32_t ring_rkey;
	uint32_t reserved;
	uint64_t ring_addr;
};

struct verbs_device {
	struct ibv_context *ibv;
	struct ibv_pd *pd;
	struct ibv_port_attr port;
	union ibv_gid gid;
	pthread_mutex_t lock; /* of events and @ctx */
	struct tphbuf_ctx *ctx;
	struct tphbuf_mr_opts *mr_opts;
	atomic_bool fatal;
};

/* Upper half of a work request's number */
enum { WR_SEND, WR_CTS, WR_FLUSH, WR_RECV };

struct verbs_comm {
	struct ibv_cq *cq;
	struct ibv_qp *qp[VERBS_MAX_QPS];
	unsigned int n_qps; /* in use: the smaller number of both ends */
	unsigned int made;
	struct ibv_qp *self; /* connected to itself, for flushes */
	struct verbs_cts *ring;
	struct ibv_mr *ring_mr;
	uint64_t peer_ring;
	uint32_t peer_ring_rkey;
	/* Numbers of receives, each at most the next: done, announced, with a posted announcement, filled in the ring */
	uint32_t cts_done, cts_told, cts_next, cts_end;
	struct net_request *active[NET_SLOTS];
	unsigned int calls;
	atomic_bool failed; /* an asynchronous event said so */
};

/* verbs_device.c */
int verbs_devices(struct net_device **devs, int *n);
void verbs_device_close(struct net_device *dev);
void verbs_events(struct net_device *dev);

/* verbs_mem.c */
int verbs_registry_new(struct verbs_device *v, struct net_device *dev);
enum nccl_result verbs_reg(struct net_device *dev, struct net_mr *mr);
void verbs_unreg(struct net_mr *mr);
enum nccl_result verbs_reg_dmabuf(struct net_device *dev, struct net_mr *mr, uint64_t offset,
				  int fd);

/* verbs_cts.c */
void verbs_cts_fill(struct verbs_comm *vc, const struct net_request *req);
int verbs_cts_post(struct verbs_comm *vc);

/* verbs_wire.c */
bool verbs_blob_ok(const struct verbs_blob *blob);
void verbs_cts_read(const struct verbs_cts *msg, uint32_t seq, struct net_cts *cts);

/* verbs_qp.c */
int verbs_qp_new(struct net_comm *comm, struct ibv_qp **qp);
int verbs_qp_connect(struct net_device *dev, struct ibv_qp *qp, const struct verbs_blob *peer,
		     uint32_t peer_qpn);

#endif
