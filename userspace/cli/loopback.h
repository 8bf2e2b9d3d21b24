/* SPDX-License-Identifier: MIT */
/*
 * Two connected RC queue pairs on one NIC or on two, and RDMA writes and reads
 * from the one to the other. For tphbuf selftest.
 */
#ifndef LOOP_H
#define LOOP_H

#include <infiniband/verbs.h>

#include "cli/cli.h"

struct rdma {
	struct ibv_context *context;
	struct ibv_pd *pd;
	char name[64];
};

/* rdma.c: open RDMA device @name. Return: CLI_OK or exit code. */
int rdma_open(struct cli *cli, const char *name, struct rdma *rdma);
void rdma_close(struct rdma *rdma);

/*
 * cmd_register.c: register a buffer, show it, hold it if opts say so. A
 * received buffer is required to carry the tag that came with it.
 * Return: CLI_OK or exit code.
 */
int register_source(struct cli *cli, const struct options *opts, const struct source *src,
		    struct ibv_pd *pd);

struct loop_side {
	const struct rdma *rdma;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_port_attr attr;
	union ibv_gid gid;
	uint8_t port;
	int gid_index; /* -1: no global routing */
};

struct loop {
	struct loop_side local, remote;
};

/*
 * Connect @local with @remote; they may be the same. @port 0 takes the first
 * active one; @gid_index -1 takes what the link layer needs.
 * Return: CLI_OK or exit code. loop_close() follows only a success.
 */
int loop_open(struct cli *cli, struct loop *loop, const struct rdma *local,
	      const struct rdma *remote, int port, int gid_index);
void loop_close(struct loop *loop);

/* One work request, and its completion. */
struct loop_request {
	enum ibv_wr_opcode opcode;
	void *addr;
	uint32_t lkey;
	uint32_t length;
	uint64_t remote_addr;
	uint32_t rkey;
};

/* Return: CLI_OK or exit code. */
int loop_do(struct cli *cli, struct loop *loop, const struct loop_request *r);

#endif
