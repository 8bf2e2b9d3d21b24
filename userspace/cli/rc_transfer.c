// SPDX-License-Identifier: MIT
/* One RDMA request, and its completion. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tphbuf/mr.h>

#include "cli/rc_transfer.h"

#define POLL_SECONDS  20
#define POLL_PAUSE_US 100

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int wait_done(struct cli *cli, struct rc_pair *pair, const char *what)
{
	time_t end = seconds() + POLL_SECONDS;
	struct ibv_wc wc;
	int n;

	for (;;) {
		n = ibv_poll_cq(pair->local.cq, 1, &wc);
		if (n)
			break;
		if (seconds() > end)
			return cli_fail_text(cli, CLI_FAILURE, "rdma",
					     "%s: no completion within %d s; see dmesg", what,
					     POLL_SECONDS);
		usleep(POLL_PAUSE_US);
	}
	if (n < 0)
		return cli_fail_text(cli, CLI_FAILURE, "rdma",
				     "%s: the completion queue failed; see dmesg", what);
	if (wc.status != IBV_WC_SUCCESS)
		return cli_fail_text(cli, CLI_FAILURE, "rdma", "%s through %s ended with \"%s\": %s",
				     what, pair->remote.rdma->name, ibv_wc_status_str(wc.status),
				     tphbuf_explain_wc((int)wc.status));
	return CLI_OK;
}

int rc_transfer(struct cli *cli, struct rc_pair *pair, const struct rc_request *r)
{
	const char *what = r->opcode == IBV_WR_RDMA_READ ? "RDMA read" : "RDMA write";
	struct ibv_sge sge = {
		.addr = (uintptr_t)r->addr,
		.length = r->length,
		.lkey = r->lkey,
	};
	struct ibv_send_wr wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = r->opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { .remote_addr = r->remote_addr, .rkey = r->rkey },
	}, *bad;
	int ret = ibv_post_send(pair->local.qp, &wr, &bad);

	if (ret)
		return rc_fail(cli, &pair->local, what, ret);
	return wait_done(cli, pair, what);
}
