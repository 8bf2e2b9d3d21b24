/* SPDX-License-Identifier: MIT */
/* One RDMA request on a connected pair. */
#ifndef CLI_RC_TRANSFER_H
#define CLI_RC_TRANSFER_H

#include <infiniband/verbs.h>

#include "cli/rc_pair.h"

/* One work request, and its completion. */
struct rc_request {
	enum ibv_wr_opcode opcode;
	void *addr;
	uint32_t lkey;
	uint32_t length;
	uint64_t remote_addr;
	uint32_t rkey;
};

/* Return: CLI_OK or exit code. */
int rc_transfer(struct cli *cli, struct rc_pair *pair, const struct rc_request *r);

#endif
