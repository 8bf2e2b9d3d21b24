/* SPDX-License-Identifier: MIT */
/* Two connected RC queue pairs, on one NIC or on two. */
#ifndef CLI_RC_PAIR_H
#define CLI_RC_PAIR_H

#include <infiniband/verbs.h>

#include "cli/rdma.h"

struct rc_side {
	const struct rdma *rdma;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_port_attr attr;
	union ibv_gid gid;
	uint8_t port;
	int gid_index; /* -1: no global routing */
};

struct rc_pair {
	struct rc_side local, remote;
};

/*
 * Connect @local with @remote; they may be the same. @port 0 takes the first
 * active one; @gid_index -1 takes what the link layer needs.
 * Return: CLI_OK or exit code. rc_pair_close() follows only a success.
 */
int rc_pair_open(struct cli *cli, struct rc_pair *pair, const struct rdma *local,
		 const struct rdma *remote, int port, int gid_index);
void rc_pair_close(struct rc_pair *pair);

/* Report that @step failed with errno value @err on @side. Return: the exit code. */
int rc_fail(struct cli *cli, const struct rc_side *side, const char *step, int err);

#endif
