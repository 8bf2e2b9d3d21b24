/* SPDX-License-Identifier: MIT */
/*
 * Stands for libibverbs and two RDMA devices: reliable connections between processes of one test. Work requests are
 * carried out when they are posted: keys, bounds, states and depths are checked as a NIC does, bytes are copied, and
 * completions wait in the queue. Tests make calls and completions fail, and change what goes over the wire.
 */
#ifndef FAKE_RDMA_H
#define FAKE_RDMA_H

#include <infiniband/verbs.h>
#include <stdbool.h>

#define FAKE_RDMA_DEVICES 2
#define FAKE_RDMA_CREATED 64

struct fake_rdma {
	/* The nth call of this function fails (1: the next); "post_send" and "post_recv" too. */
	const char *fail_call;
	unsigned int fail_nth;
	int fail_errno;
	/* The next completion of a work request of this opcode, or of a receive, has this status. */
	enum ibv_wr_opcode fail_opcode;
	bool fail_receive;
	enum ibv_wc_status fail_status; /* 0: none fails */
	/* Sees each send before it is carried out, and may change work request and bytes. */
	void (*on_send)(struct ibv_send_wr *wr, void *data);
	bool no_devices;
	enum ibv_port_state port_state;
	enum ibv_mtu mtu[FAKE_RDMA_DEVICES];
	uint8_t link_layer;
	uint8_t width, speed;
	/* What was asked for */
	struct ibv_qp_attr rtr, rts;
	unsigned int reads, writes;
	uint64_t read_addr; /* of the last one */
	/* Open at the moment, in this process */
	int contexts, pds, cqs, qps, mrs, unacked;
	/* The queue pairs that this process made, in order */
	struct ibv_qp *created[FAKE_RDMA_CREATED];
	unsigned int n_created;
};

extern struct fake_rdma fake_rdma;

/* No failures, two devices as at the start; the objects stay. */
void fake_rdma_reset(void);
/* An asynchronous event at each open device with that queue pair; NULL: of each open device. */
void fake_rdma_event(enum ibv_event_type type, struct ibv_qp *qp);

#endif
