// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/ud_rig.h"

void ud_make(struct rig_qp *qp, uint8_t service)
{
	qp->qp->service = service;
	qp->qp->state = NIC_QP_RTS;
	DEVX_SET(qpc, qp->qp->context, q_key, UD_QKEY);
}

int ud_setup(void **state)
{
	static struct ud_rig f;
	unsigned int i;

	rig_pair_open(&f.pair, false);
	for (i = 0; i < 2; i++)
		ud_make(&f.pair.qp[i], MLX5_QPC_ST_UD);
	f.source = rig_alloc(&f.pair.rig, 8192);
	f.target = rig_alloc(&f.pair.rig, 8192);
	rig_fill(&f.pair.rig, f.source, UD_LEN, 7);
	f.from = (struct nic_sge){ .len = UD_LEN, .addr = RIG_VA + f.source };
	f.from.lkey = rig_key(f.pair.rig.nic[0], f.pair.pd[0], UD_RIGHTS, f.source, 8192);
	f.into = (struct nic_sge){ .len = UD_GRH + UD_LEN, .addr = RIG_VA + f.target };
	f.into.lkey = rig_key(f.pair.rig.nic[1], f.pair.pd[1], UD_RIGHTS, f.target, 8192);
	*state = &f;
	return 0;
}

int ud_teardown(void **state)
{
	rig_pair_close(&((struct ud_rig *)*state)->pair);
	return 0;
}

struct ud_address ud_peer(const struct ud_rig *f)
{
	return (struct ud_address){ .lid = f->pair.rig.nic[1]->opts.lid,
				    .qpn = f->pair.qp[1].qp->number,
				    .qkey = UD_QKEY };
}

void ud_post(struct rig_qp *qp, uint8_t opcode, const struct ud_address *to,
	     const struct nic_sge *sge)
{
	uint32_t mask = (1u << qp->qp->log_sq_size) - 1, i;
	uint8_t wqe[128] = { 0 };
	struct mlx5_wqe_ctrl_seg *ctrl = (void *)wqe;
	struct mlx5_wqe_datagram_seg *address = (void *)(wqe + 16);
	struct mlx5_wqe_data_seg *data = (void *)(wqe + 64);

	ctrl->opmod_idx_opcode = htobe32((uint32_t)qp->sq_pi << 8 | opcode);
	ctrl->qpn_ds = htobe32(qp->qp->number << 8 | 5);
	ctrl->fm_ce_se = MLX5_WQE_CTRL_CQ_UPDATE;
	ctrl->imm = htobe32(0xa1b2c3d4);
	address->av.key.qkey.qkey = htobe32(to->qkey);
	address->av.dqp_dct = htobe32(to->qpn | (to->base ? 0 : 1u << 31));
	address->av.rlid = htobe16(to->lid);
	address->av.grh_gid_fl = htobe32(to->grh ? 1u << 30 : 0);
	address->av.hop_limit = 64;
	if (to->gid)
		memcpy(address->av.rgid, to->gid, sizeof(address->av.rgid));
	else
		memset(address->av.rgid, 0x5e, sizeof(address->av.rgid));
	data->byte_count = htobe32(sge->len);
	data->lkey = htobe32(sge->lkey);
	data->addr = htobe64(sge->addr);
	for (i = 0; i < 2; i++)
		memcpy((uint8_t *)rig_at(qp->rig, qp->sq) + (qp->sq_pi++ & mask) * 64, wqe + i * 64,
		       64);
	rig_ring(qp);
}

uint8_t ud_sent(struct ud_rig *f, struct mlx5_cqe64 *cqe)
{
	assert_true(rig_cq_wait(&f->pair.cq[0], cqe));
	return rig_cqe_opcode(cqe);
}

void ud_make_gsi(struct ud_rig *f)
{
	ud_make(&f->pair.qp[0], MLX5_QPC_ST_QP1);
	DEVX_SET(qpc, f->pair.qp[0].qp->context, q_key, UD_GSI_QKEY);
	f->from.len = SUBNET_MAD_BYTES;
}

void *ud_request(struct ud_rig *f, uint8_t mgmt_class, uint8_t class_version, uint8_t method,
		 uint16_t attribute)
{
	struct umad_packet *mad = rig_at(&f->pair.rig, f->source);

	memset(mad, 0, sizeof(*mad));
	mad->mad_hdr.base_version = UMAD_BASE_VERSION;
	mad->mad_hdr.mgmt_class = mgmt_class;
	mad->mad_hdr.class_version = class_version;
	mad->mad_hdr.method = method;
	mad->mad_hdr.attr_id = htobe16(attribute);
	mad->mad_hdr.tid = htobe64(77);
	return mad;
}

void *ud_ask(struct ud_rig *f, const struct ud_address *to, struct mlx5_cqe64 *answered)
{
	struct nic_sge into = { .len = 2048,
				.addr = RIG_VA + f->source + 4096,
				.lkey = f->from.lkey };
	struct mlx5_cqe64 cqe;
	bool found = false;

	rig_post_recv(&f->pair.qp[0], &into, 1);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, to, &f->from);
	rig_run(&f->pair.rig);
	while (rig_cq_poll(&f->pair.cq[0], &cqe)) {
		if (rig_cqe_opcode(&cqe) == MLX5_CQE_REQ)
			continue;
		found = true;
		*answered = cqe;
	}
	return found ? rig_at(&f->pair.rig, f->source + 4096 + UD_GRH) : NULL;
}
