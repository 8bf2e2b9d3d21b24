// SPDX-License-Identifier: MIT
/* Reliable connected queue pairs. */
#include <errno.h>
#include <string.h>

#include "verbs.h"

int verbs_qp_new(struct net_comm *comm, struct ibv_qp **qp)
{
	struct verbs_comm *vc = comm->state;
	struct verbs_device *v = comm->dev->state;
	struct ibv_qp_init_attr init = {
		.qp_context = comm,
		.send_cq = vc->cq,
		.recv_cq = vc->cq,
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
		.cap = {
			.max_send_wr = NET_SLOTS,
			.max_recv_wr = comm->sends ? 1 : VERBS_RQ_DEPTH,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ,
	};

	*qp = ibv_create_qp(v->pd, &init);
	if (!*qp)
		return errno ? -errno : -ENOMEM;
	return -ibv_modify_qp(*qp, &attr,
			      IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
}

static void set_route(struct net_device *dev, const struct verbs_blob *peer, struct ibv_ah_attr *ah)
{
	ah->dlid = peer->lid;
	ah->port_num = 1;
	if (peer->link_layer != IBV_LINK_LAYER_ETHERNET)
		return;
	ah->is_global = 1;
	memcpy(&ah->grh.dgid, peer->gid, sizeof(peer->gid));
	ah->grh.hop_limit = 64;
	(void)dev;
}

int verbs_qp_connect(struct net_device *dev, struct ibv_qp *qp, const struct verbs_blob *peer,
		     uint32_t peer_qpn)
{
	struct verbs_device *v = dev->state;
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = peer->mtu < (uint8_t)v->port.active_mtu ? (enum ibv_mtu)peer->mtu :
								      v->port.active_mtu,
		.dest_qp_num = peer_qpn,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
	};
	int err;

	set_route(dev, peer, &attr.ah_attr);
	err = ibv_modify_qp(qp, &attr,
			    IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
				    IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
				    IBV_QP_MIN_RNR_TIMER);
	if (err)
		return -err;
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS,
		.timeout = 17,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.max_rd_atomic = 1,
	};
	return -ibv_modify_qp(qp, &attr,
			      IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
				      IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC);
}
