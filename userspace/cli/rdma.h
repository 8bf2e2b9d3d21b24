/* SPDX-License-Identifier: MIT */
/* RDMA devices by name. */
#ifndef CLI_RDMA_H
#define CLI_RDMA_H

#include <infiniband/verbs.h>

#include "cli/cli.h"

struct rdma {
	struct ibv_context *context;
	struct ibv_pd *pd;
	char name[64];
};

/* Open RDMA device @name. Return: CLI_OK or exit code. */
int rdma_open(struct cli *cli, const char *name, struct rdma *rdma);
void rdma_close(struct rdma *rdma);

#endif
