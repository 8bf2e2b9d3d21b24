// SPDX-License-Identifier: MIT
/* Two connected RC queue pairs. */
#include <errno.h>
#include <string.h>

#include "cli/rc_pair.h"

#define DEPTH	  4
#define FIRST_PSN 7
#define TIMEOUT	  14 /* 4.096 us * 2^14: 67 ms */
#define RETRIES	  7
#define HOPS	  64

int rc_fail(struct cli *cli, const struct rc_side *side, const char *step, int err)
{
	return cli_fail_text(cli, CLI_FAILURE, "rdma",
			     "%s port %u: %s: %s; see dmesg and ibv_devinfo -v", side->rdma->name,
			     side->port, step, strerror(err));
}

/* The port @wanted, or the first active one. */
static int find_port(struct cli *cli, struct rc_side *side, int wanted)
{
	int first = wanted ? wanted : 1, last = wanted ? wanted : 255, i;
	struct ibv_device_attr attr;

	if (ibv_query_device(side->rdma->context, &attr))
		return rc_fail(cli, side, "query", errno);
	if (last > attr.phys_port_cnt)
		last = attr.phys_port_cnt;
	for (i = first; i <= last; i++) {
		side->port = (uint8_t)i;
		if (!ibv_query_port(side->rdma->context, side->port, &side->attr) &&
		    side->attr.state == IBV_PORT_ACTIVE)
			return CLI_OK;
	}
	return cli_fail_text(cli, CLI_FAILURE, "rdma",
			     "%s has no active port%s; check the link, see rdma link",
			     side->rdma->name, wanted ? " with that number" : "");
}

static bool gid_is_zero(const union ibv_gid *gid)
{
	return !gid->global.subnet_prefix && !gid->global.interface_id;
}

/* Ethernet always routes by GID: GID @wanted, or the first one. */
static int find_gid(struct cli *cli, struct rc_side *side, int wanted)
{
	int i;

	side->gid_index = wanted;
	if (wanted < 0 && side->attr.link_layer != IBV_LINK_LAYER_ETHERNET)
		return CLI_OK;
	for (i = wanted < 0 ? 0 : wanted; i < side->attr.gid_tbl_len; i++) {
		if (!ibv_query_gid(side->rdma->context, side->port, i, &side->gid) &&
		    !gid_is_zero(&side->gid)) {
			side->gid_index = i;
			return CLI_OK;
		}
		if (wanted >= 0)
			break;
	}
	return cli_fail_text(cli, CLI_FAILURE, "rdma",
			     "%s port %u has no such GID; configure an address on its interface, see rdma link and --gid-index",
			     side->rdma->name, side->port);
}

static int create(struct cli *cli, struct rc_side *side)
{
	struct ibv_qp_init_attr init = {
		.qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = DEPTH,
			 .max_recv_wr = DEPTH,
			 .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};

	side->cq = ibv_create_cq(side->rdma->context, 2 * DEPTH, NULL, NULL, 0);
	if (!side->cq)
		return rc_fail(cli, side, "create a completion queue", errno);
	init.send_cq = side->cq;
	init.recv_cq = side->cq;
	side->qp = ibv_create_qp(side->rdma->pd, &init);
	if (!side->qp)
		return rc_fail(cli, side, "create a queue pair", errno);
	return CLI_OK;
}

static int to_init(struct cli *cli, struct rc_side *side)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = side->port,
		.qp_access_flags = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE,
	};
	int ret =
		ibv_modify_qp(side->qp, &attr,
			      IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);

	return ret ? rc_fail(cli, side, "queue pair to INIT", ret) : CLI_OK;
}

static enum ibv_mtu smaller_mtu(const struct rc_side *a, const struct rc_side *b)
{
	return a->attr.active_mtu < b->attr.active_mtu ? a->attr.active_mtu : b->attr.active_mtu;
}

static int to_rts(struct cli *cli, struct rc_side *side, const struct rc_side *peer)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = smaller_mtu(side, peer),
		.dest_qp_num = peer->qp->qp_num,
		.rq_psn = FIRST_PSN,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = { .dlid = peer->attr.lid, .port_num = side->port },
	};
	int ret;

	if (side->gid_index >= 0) {
		attr.ah_attr.is_global = 1;
		attr.ah_attr.grh.dgid = peer->gid;
		attr.ah_attr.grh.sgid_index = (uint8_t)side->gid_index;
		attr.ah_attr.grh.hop_limit = HOPS;
	}
	ret = ibv_modify_qp(side->qp, &attr,
			    IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
				    IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
				    IBV_QP_MIN_RNR_TIMER);
	if (ret)
		return rc_fail(cli, side, "queue pair to RTR", ret);
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS,
		.sq_psn = FIRST_PSN,
		.timeout = TIMEOUT,
		.retry_cnt = RETRIES,
		.rnr_retry = RETRIES,
		.max_rd_atomic = 1,
	};
	ret = ibv_modify_qp(side->qp, &attr,
			    IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
				    IBV_QP_RNR_RETRY | IBV_QP_MAX_QP_RD_ATOMIC);
	return ret ? rc_fail(cli, side, "queue pair to RTS", ret) : CLI_OK;
}

static int prepare(struct cli *cli, struct rc_side *side, const struct rdma *rdma, int port,
		   int gid_index)
{
	int ret;

	side->rdma = rdma;
	ret = find_port(cli, side, port);
	if (ret == CLI_OK)
		ret = find_gid(cli, side, gid_index);
	if (ret == CLI_OK)
		ret = create(cli, side);
	return ret == CLI_OK ? to_init(cli, side) : ret;
}

static void close_side(struct rc_side *side)
{
	if (side->qp)
		ibv_destroy_qp(side->qp);
	if (side->cq)
		ibv_destroy_cq(side->cq);
	memset(side, 0, sizeof(*side));
}

int rc_pair_open(struct cli *cli, struct rc_pair *pair, const struct rdma *local,
		 const struct rdma *remote, int port, int gid_index)
{
	int ret;

	memset(pair, 0, sizeof(*pair));
	ret = prepare(cli, &pair->local, local, port, gid_index);
	if (ret == CLI_OK)
		ret = prepare(cli, &pair->remote, remote, port, gid_index);
	if (ret == CLI_OK)
		ret = to_rts(cli, &pair->remote, &pair->local);
	if (ret == CLI_OK)
		ret = to_rts(cli, &pair->local, &pair->remote);
	if (ret != CLI_OK)
		rc_pair_close(pair);
	return ret;
}

void rc_pair_close(struct rc_pair *pair)
{
	close_side(&pair->local);
	close_side(&pair->remote);
}
