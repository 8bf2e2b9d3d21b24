// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fabric/core/mem.h"
#include "fabric/core/pci.h"
#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/fabric/rc_rig.h"

static void cfg_write(struct fab_device *dev, uint32_t off, uint64_t value, uint32_t len)
{
	fab_device_cfg_write(dev, off, &value, len);
}

static void attach(struct rig *rig, struct fab_device *dev)
{
	assert_int_equal(fab_mem_map(dev->mem, RIG_BUS, RIG_MEMORY, rig->fd, 0,
				     FAB_MEM_READ | FAB_MEM_WRITE),
			 0);
	cfg_write(dev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void place(struct fab_device *dev, uint32_t bar, uint64_t bus)
{
	cfg_write(dev, PCI_BASE_ADDRESS_0 + 4 * bar, bus & 0xffffffff, 4);
	cfg_write(dev, PCI_BASE_ADDRESS_0 + 4 * bar + 4, bus >> 32, 4);
}

void rig_open(struct rig *rig)
{
	struct nic_opts opts = { .lid = 1, .requester = FAB_TPH_EXT, .st_entries = 64, .vectors = 8 };
	struct ep_opts ep = { .memory_size = RIG_EP_SIZE, .completer = FAB_TPH_EXT };

	memset(rig, 0, sizeof(*rig));
	rig->fd = memfd_create("guest", MFD_CLOEXEC);
	assert_true(rig->fd >= 0);
	assert_int_equal(ftruncate(rig->fd, RIG_MEMORY), 0);
	rig->memory = mmap(NULL, RIG_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, rig->fd, 0);
	assert_ptr_not_equal(rig->memory, MAP_FAILED);
	assert_int_equal(fab_fabric_new(&rig->fabric), 0);
	assert_int_equal(nic_new(rig->fabric, "nic0", &opts, &rig->nic[0]), 0);
	opts.lid = 2;
	assert_int_equal(nic_new(rig->fabric, "nic1", &opts, &rig->nic[1]), 0);
	assert_int_equal(ep_new(rig->fabric, "ep0", &ep), 0);
	rig->endpoint = fab_fabric_find(rig->fabric, "ep0");
	attach(rig, &rig->nic[0]->dev);
	attach(rig, &rig->nic[1]->dev);
	attach(rig, rig->endpoint);
	place(rig->endpoint, EP_MEMORY_BAR, RIG_EP_BUS);
	place(rig->endpoint, EP_REGS_BAR, RIG_EP_REGS);
	place(&rig->nic[0]->dev, 0, RIG_NIC_BUS);
	place(&rig->nic[1]->dev, 0, RIG_NIC_BUS + NIC_BAR0_SIZE);
}

void rig_close(struct rig *rig)
{
	fab_fabric_free(rig->fabric);
	munmap(rig->memory, RIG_MEMORY);
	close(rig->fd);
}

static void forget_numbers(struct nic *nic)
{
	nic->pds.next = nic->uars.next = nic->xrcds.next = nic->eqs.next = nic->cqs.next = 0;
	nic->mkeys.next = nic->qps.next = nic->srqs.next = nic->faults.next = 0;
	nic->counter_sets.next = 0;
}

void rig_reset(struct rig *rig)
{
	int i;

	for (i = 0; i < 2; i++) {
		rig->nic[i]->dev.ops->reset(&rig->nic[i]->dev);
		forget_numbers(rig->nic[i]);
	}
	memset(rig->memory, 0, rig->used);
	rig->used = 0;
	fab_fabric_clear(rig->fabric);
}

uint64_t rig_alloc(struct rig *rig, uint64_t bytes)
{
	uint64_t bus = RIG_BUS + rig->used;

	rig->used += (bytes + NIC_PAGE - 1) / NIC_PAGE * NIC_PAGE;
	assert_true(rig->used <= RIG_MEMORY);
	return bus;
}

void *rig_at(struct rig *rig, uint64_t bus)
{
	return rig->memory + (bus - RIG_BUS);
}

static uint8_t pattern(uint32_t seed, uint32_t i)
{
	return (uint8_t)((i * 2654435761u >> 16) + i / 251 + seed * 37);
}

void rig_fill(struct rig *rig, uint64_t bus, uint32_t len, uint32_t seed)
{
	uint8_t *p = rig_at(rig, bus);
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern(seed, i);
}

bool rig_filled(struct rig *rig, uint64_t bus, uint32_t len, uint32_t seed)
{
	const uint8_t *p = rig_at(rig, bus);
	uint32_t i;

	for (i = 0; i < len; i++)
		if (p[i] != pattern(seed, i))
			return false;
	return true;
}

bool rig_zero(struct rig *rig, uint64_t bus, uint32_t len)
{
	const uint8_t *p = rig_at(rig, bus);
	uint32_t i;

	for (i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

uint32_t rig_pd(struct nic *nic)
{
	uint32_t number;

	/* Protection domains are numbers only; the table wants an object that is not NULL. */
	assert_int_equal(nic_ids_alloc(&nic->pds, nic, &number), 0);
	return number;
}

uint32_t rig_xrcd(struct nic *nic)
{
	uint32_t number;

	assert_int_equal(nic_ids_alloc(&nic->xrcds, nic, &number), 0);
	return number;
}

uint32_t rig_key(struct nic *nic, uint32_t pd, uint8_t access, uint64_t bus, uint64_t len)
{
	struct nic_mkey *mkey = calloc(1, sizeof(*mkey));
	uint64_t first = bus & ~(uint64_t)(NIC_PAGE - 1);
	uint32_t i, pages = (uint32_t)((bus + len - first + NIC_PAGE - 1) / NIC_PAGE);

	assert_non_null(mkey);
	*mkey = (struct nic_mkey){ .variant = 0x5a,
				   .umr_en = true,
				   .mode = MLX5_MKC_ACCESS_MODE_MTT,
				   .access = access,
				   .pd = pd,
				   .start = RIG_VA + bus,
				   .len = len,
				   .page_shift = 12 };
	assert_int_equal(nic_mkey_alloc_mtt(nic, mkey, pages), 0);
	for (i = 0; i < pages; i++)
		mkey->mtt[i] = (first + (uint64_t)i * NIC_PAGE) | NIC_MTT_READ | NIC_MTT_WRITE;
	assert_int_equal(nic_ids_alloc(&nic->mkeys, mkey, &mkey->number), 0);
	return mkey->number << 8 | mkey->variant;
}

struct nic_mkey *rig_mkey(struct nic *nic, uint32_t key)
{
	return nic_ids_find(&nic->mkeys, key >> 8);
}

void rig_tag(struct nic *nic, uint32_t key, uint8_t ph, uint8_t index)
{
	struct nic_mkey *mkey = rig_mkey(nic, key);

	mkey->tph_en = true;
	mkey->tph_ph = ph;
	mkey->tph_index = index;
}

void rig_tph_enable(struct nic *nic, uint32_t request_enable, uint16_t index, uint16_t st)
{
	uint32_t cap = nic->dev.tph_cap;

	cfg_write(&nic->dev, cap + FAB_TPH_ST_TABLE + 2u * index, st, 2);
	cfg_write(&nic->dev, cap + FAB_TPH_CTRL,
		  FAB_TPH_CTRL_MODE_DS | request_enable << FAB_TPH_CTRL_REQ_EN_SHIFT, 4);
}

static void buf_init(struct nic *nic, struct nic_buf *buf, uint64_t bus, uint64_t bytes)
{
	uint32_t i, n = (uint32_t)((bytes + NIC_PAGE - 1) / NIC_PAGE);
	uint64_t *pas = calloc(n, sizeof(*pas));

	assert_non_null(pas);
	for (i = 0; i < n; i++)
		pas[i] = htobe64(bus + (uint64_t)i * NIC_PAGE);
	buf->page_shift = 12;
	buf->offset = 0;
	assert_int_equal(nic_buf_init(nic, buf, (const uint8_t *)pas, n, bytes), 0);
	free(pas);
}

void rig_cq_open(struct rig *rig, struct rig_cq *cq, struct nic *nic, uint8_t log_size)
{
	uint64_t bytes = 64ull << log_size;
	uint32_t i;

	*cq = (struct rig_cq){
		.rig = rig, .nic = nic, .ring = rig_alloc(rig, bytes), .dbr = rig_alloc(rig, 8)
	};
	for (i = 0; i < 1u << log_size; i++)
		((struct mlx5_cqe64 *)rig_at(rig, cq->ring))[i].op_own = MLX5_CQE_INVALID << 4 | 1;
	cq->cq = calloc(1, sizeof(*cq->cq));
	assert_non_null(cq->cq);
	*cq->cq = (struct nic_cq){
		.log_size = log_size, .cqe_bytes = 64, .eqn = UINT32_MAX, .dbr = cq->dbr
	};
	buf_init(nic, &cq->cq->buf, cq->ring, bytes);
	assert_int_equal(nic_ids_alloc(&nic->cqs, cq->cq, &cq->cq->number), 0);
}

bool rig_cq_poll(struct rig_cq *cq, struct mlx5_cqe64 *cqe)
{
	uint32_t size = 1u << cq->cq->log_size, be;
	const struct mlx5_cqe64 *entry =
		(struct mlx5_cqe64 *)rig_at(cq->rig, cq->ring) + (cq->ci & (size - 1));

	if (entry->op_own >> 4 == MLX5_CQE_INVALID || (entry->op_own & 1) != !!(cq->ci & size))
		return false;
	*cqe = *entry;
	cq->ci++;
	be = htobe32(cq->ci & 0xffffff);
	memcpy(rig_at(cq->rig, cq->dbr), &be, sizeof(be));
	return true;
}

bool rig_cq_wait(struct rig_cq *cq, struct mlx5_cqe64 *cqe)
{
	uint64_t end = fab_loop_now_us(cq->rig->fabric->loop) + 5000000;

	while (fab_loop_now_us(cq->rig->fabric->loop) < end) {
		if (rig_cq_poll(cq, cqe))
			return true;
		fab_loop_step(cq->rig->fabric->loop, 1);
	}
	return false;
}

#define LOG_EQ 4

void rig_eq_open(struct rig *rig, struct rig_eq *eq, struct nic *nic, uint64_t event_mask)
{
	uint64_t bytes = (uint64_t)DEVX_ST_SZ_BYTES(eqe) << LOG_EQ;

	*eq = (struct rig_eq){ .rig = rig, .ring = rig_alloc(rig, bytes) };
	memset(rig_at(rig, eq->ring), 0xff, bytes);
	eq->eq = calloc(1, sizeof(*eq->eq));
	assert_non_null(eq->eq);
	*eq->eq = (struct nic_eq){ .log_size = LOG_EQ, .event_mask = event_mask };
	buf_init(nic, &eq->eq->buf, eq->ring, bytes);
	assert_int_equal(nic_ids_alloc(&nic->eqs, eq->eq, &eq->eq->number), 0);
}

bool rig_eq_poll(struct rig_eq *eq, uint8_t *type, uint32_t *number)
{
	const uint8_t *eqe = (uint8_t *)rig_at(eq->rig, eq->ring) +
			     (eq->ci & ((1u << LOG_EQ) - 1)) * DEVX_ST_SZ_BYTES(eqe);

	if (DEVX_GET(eqe, eqe, owner) != (eq->ci >> LOG_EQ & 1))
		return false;
	*type = (uint8_t)DEVX_GET(eqe, eqe, event_type);
	if (*type == NIC_EVENT_COMP)
		*number = DEVX_GET(comp_event, DEVX_ADDR_OF(eqe, eqe, event_data), cq_number);
	else
		*number = DEVX_GET(qp_events, DEVX_ADDR_OF(eqe, eqe, event_data), qpn_rqn_sqn);
	eq->ci++;
	return true;
}

void rig_qp_open(struct rig *rig, struct rig_qp *qp, struct nic *nic, struct rig_cq *send,
		 struct rig_cq *recv, const struct rig_qp_opts *opts)
{
	bool no_rq = opts->no_rq || opts->srq || opts->service == MLX5_QPC_ST_XRC;
	uint64_t rq_bytes = no_rq ? 0 : 16ull << opts->log_stride << opts->log_rq;
	uint64_t sq_bytes = 64ull << opts->log_sq;

	*qp = (struct rig_qp){ .rig = rig, .send = send, .recv = recv };
	qp->rq = rig_alloc(rig, rq_bytes + sq_bytes);
	qp->sq = qp->rq + rq_bytes;
	qp->dbr = rig_alloc(rig, 8);
	qp->pd = rig_pd(nic);
	qp->qp = calloc(1, sizeof(*qp->qp));
	assert_non_null(qp->qp);
	*qp->qp = (struct nic_qp){
		.nic = nic,
		.service = opts->service,
		.shared_rq = opts->srq,
		.srqn = opts->srq ? opts->srq->srq->number : 0,
		.xrcd = opts->xrcd,
		.pd = qp->pd,
		.cqn_send = send->cq->number,
		.cqn_recv = recv->cq->number,
		.sq_offset = (uint32_t)rq_bytes,
		.log_sq_size = opts->log_sq,
		.no_rq = no_rq,
		.log_rq_size = opts->log_rq,
		.log_rq_stride = opts->log_stride,
		.dbr = qp->dbr,
		.access = NIC_REMOTE_READ | NIC_REMOTE_WRITE,
		.min_rnr = 12,
		.rnr_retry = 7,
		.retry_count = 7,
		.ack_timeout = 14,
		.next = nic->qp_list,
	};
	buf_init(nic, &qp->qp->buf, qp->rq, rq_bytes + sq_bytes);
	assert_int_equal(nic_ids_alloc(&nic->qps, qp->qp, &qp->qp->number), 0);
	nic->qp_list = qp->qp;
	send->cq->users++;
	if (nic_qp_has_recv_cq(qp->qp))
		recv->cq->users++;
	if (opts->srq)
		opts->srq->srq->users++;
	nic_requester_init(qp->qp);
}

void rig_qp_connect(struct rig_qp *a, struct rig_qp *b)
{
	a->qp->remote_lid = b->qp->nic->opts.lid;
	a->qp->remote_qpn = b->qp->number;
	b->qp->remote_lid = a->qp->nic->opts.lid;
	b->qp->remote_qpn = a->qp->number;
	nic_qp_set_state(a->qp, NIC_QP_RTS);
	nic_qp_set_state(b->qp, NIC_QP_RTS);
}

void rig_qp_close(struct rig_qp *qp)
{
	nic_qp_free(qp->qp);
	qp->qp = NULL;
}

static uint32_t put(uint8_t *wqe, uint32_t off, const void *seg, uint32_t len)
{
	memcpy(wqe + off, seg, len);
	return off + len;
}

static uint32_t put_inline(uint8_t *wqe, uint32_t off, const struct rig_wr *wr)
{
	uint32_t head = htobe32((uint32_t)MLX5_INLINE_SEG | wr->inline_len);

	off = put(wqe, off, &head, sizeof(head));
	off = put(wqe, off, wr->inline_data, wr->inline_len);
	return (off + 15) / 16 * 16;
}

static uint32_t put_sges(uint8_t *wqe, uint32_t off, const struct nic_sge *sge, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct mlx5_wqe_data_seg seg = { .byte_count = htobe32(sge[i].len),
						 .lkey = htobe32(sge[i].lkey),
						 .addr = htobe64(sge[i].addr) };

		off = put(wqe, off, &seg, sizeof(seg));
	}
	return off;
}

static uint32_t build(struct rig_qp *qp, const struct rig_wr *wr, uint8_t *wqe)
{
	struct mlx5_wqe_ctrl_seg ctrl = {
		.opmod_idx_opcode = htobe32((uint32_t)qp->sq_pi << 8 | wr->opcode),
		.imm = htobe32(wr->imm),
		.fm_ce_se = (wr->unsignalled ? 0 : MLX5_WQE_CTRL_CQ_UPDATE) |
			    (wr->solicited ? MLX5_WQE_CTRL_SOLICITED : 0),
	};
	struct mlx5_wqe_raddr_seg remote = { .raddr = htobe64(wr->remote_va),
					     .rkey = htobe32(wr->rkey) };
	struct mlx5_wqe_atomic_seg atomic = { .swap_add = htobe64(wr->swap_add),
					      .compare = htobe64(wr->compare) };
	bool is_atomic = wr->opcode == MLX5_OPCODE_ATOMIC_CS || wr->opcode == MLX5_OPCODE_ATOMIC_FA;
	uint32_t qpn = wr->qpn ? wr->qpn : qp->qp->number, off = sizeof(ctrl);
	uint32_t xrc[4] = { htobe32(wr->srqn) };

	if (qp->qp->service == MLX5_QPC_ST_XRC)
		off = put(wqe, off, xrc, sizeof(xrc));
	if (wr->opcode == MLX5_OPCODE_RDMA_WRITE || wr->opcode == MLX5_OPCODE_RDMA_WRITE_IMM ||
	    wr->opcode == MLX5_OPCODE_RDMA_READ || is_atomic)
		off = put(wqe, off, &remote, sizeof(remote));
	if (is_atomic)
		off = put(wqe, off, &atomic, sizeof(atomic));
	if (wr->inline_data)
		off = put_inline(wqe, off, wr);
	off = put_sges(wqe, off, wr->sge, wr->nsge);
	ctrl.qpn_ds = htobe32(qpn << 8 | (wr->ds ? wr->ds : off / 16));
	put(wqe, 0, &ctrl, sizeof(ctrl));
	return off;
}

void rig_post_quiet(struct rig_qp *qp, const struct rig_wr *wr)
{
	uint32_t blocks = 1u << qp->qp->log_sq_size, len, i;
	uint8_t wqe[2048] = { 0 };

	len = build(qp, wr, wqe);
	for (i = 0; i < len; i += 64)
		memcpy((uint8_t *)rig_at(qp->rig, qp->sq) + (qp->sq_pi++ & (blocks - 1)) * 64,
		       wqe + i, 64);
}

void rig_ring(struct rig_qp *qp)
{
	uint32_t be = htobe32(qp->sq_pi);

	memcpy((uint8_t *)rig_at(qp->rig, qp->dbr) + 4, &be, sizeof(be));
	nic_sq_doorbell(qp->qp->nic, qp->qp->number);
}

void rig_post(struct rig_qp *qp, const struct rig_wr *wr)
{
	rig_post_quiet(qp, wr);
	rig_ring(qp);
}

void rig_post_recv(struct rig_qp *qp, const struct nic_sge *sge, uint32_t nsge)
{
	uint32_t stride = 16u << qp->qp->log_rq_stride, entries = 1u << qp->qp->log_rq_size, off, be;
	struct mlx5_wqe_data_seg end = { .lkey = htobe32(MLX5_INVALID_LKEY) };
	uint8_t entry[4096] = { 0 };

	off = put_sges(entry, 0, sge, nsge);
	if (off < stride)
		put(entry, off, &end, sizeof(end));
	memcpy((uint8_t *)rig_at(qp->rig, qp->rq) + (qp->rq_pi++ & (entries - 1)) * stride, entry,
	       stride);
	be = htobe32(qp->rq_pi);
	memcpy(rig_at(qp->rig, qp->dbr), &be, sizeof(be));
}

void rig_srq_open(struct rig *rig, struct rig_srq *srq, struct nic *nic,
		  const struct rig_srq_opts *opts)
{
	uint64_t bytes = 1ull << (opts->log_size + opts->log_stride);
	uint16_t i;

	*srq = (struct rig_srq){ .rig = rig,
				 .ring = rig_alloc(rig, bytes),
				 .dbr = rig_alloc(rig, 8),
				 .tail = (uint16_t)((1u << opts->log_size) - 1) };
	srq->srq = calloc(1, sizeof(*srq->srq));
	assert_non_null(srq->srq);
	*srq->srq = (struct nic_srq){ .kind = opts->kind,
				      .log_size = opts->log_size,
				      .log_stride = opts->log_stride,
				      .pd = opts->pd,
				      .cqn = opts->cq ? opts->cq->cq->number : 0,
				      .xrcd = opts->xrcd,
				      .dbr = srq->dbr };
	if (opts->kind == NIC_SRQ_XRC)
		opts->cq->cq->users++;
	buf_init(nic, &srq->srq->buf, srq->ring, bytes);
	assert_int_equal(nic_ids_alloc(&nic->srqs, srq->srq, &srq->srq->number), 0);
	for (i = 0; i < srq->tail; i++)
		rig_srq_set_next(srq, i, i + 1);
}

static uint8_t *srq_entry(struct rig_srq *srq, uint16_t index)
{
	return (uint8_t *)rig_at(srq->rig, srq->ring) + ((uint32_t)index << srq->srq->log_stride);
}

void rig_srq_set_next(struct rig_srq *srq, uint16_t index, uint16_t next)
{
	((struct mlx5_wqe_srq_next_seg *)srq_entry(srq, index))->next_wqe_index = htobe16(next);
}

uint16_t rig_srq_post(struct rig_srq *srq, const struct nic_sge *sge, uint32_t nsge)
{
	uint32_t stride = 1u << srq->srq->log_stride, off = sizeof(struct mlx5_wqe_srq_next_seg), be;
	struct mlx5_wqe_data_seg end = { .lkey = htobe32(MLX5_INVALID_LKEY) };
	uint16_t index = srq->head;
	uint8_t *entry = srq_entry(srq, index);

	assert_int_not_equal(srq->head, srq->tail);
	srq->head = be16toh(((struct mlx5_wqe_srq_next_seg *)entry)->next_wqe_index);
	off = put_sges(entry, off, sge, nsge);
	if (off < stride)
		put(entry, off, &end, sizeof(end));
	be = htobe32(++srq->pi);
	memcpy(rig_at(srq->rig, srq->dbr), &be, sizeof(be));
	return index;
}

void rig_srq_return(struct rig_srq *srq, uint16_t index)
{
	rig_srq_set_next(srq, srq->tail, index);
	srq->tail = index;
}

void rig_run(struct rig *rig)
{
	while (fab_loop_step(rig->fabric->loop, 0))
		;
}

void rig_run_ms(struct rig *rig, uint32_t ms)
{
	uint64_t end = fab_loop_now_us(rig->fabric->loop) + ms * 1000ull;

	while (fab_loop_now_us(rig->fabric->loop) < end)
		fab_loop_step(rig->fabric->loop, 1);
}

uint8_t rig_cqe_opcode(const struct mlx5_cqe64 *cqe)
{
	return cqe->op_own >> 4;
}

uint8_t rig_cqe_syndrome(const struct mlx5_cqe64 *cqe)
{
	uint8_t opcode = rig_cqe_opcode(cqe);

	if (opcode != MLX5_CQE_REQ_ERR && opcode != MLX5_CQE_RESP_ERR)
		return 0;
	return ((const struct mlx5_err_cqe *)cqe)->syndrome;
}

void rig_pair_open(struct rig_pair *pair, bool loopback)
{
	rig_open(&pair->rig);
	rig_pair_make(pair, loopback);
}

void rig_pair_make(struct rig_pair *pair, bool loopback)
{
	const struct rig_qp_opts opts = { .log_sq = 6, .log_rq = 4, .log_stride = 2 };
	int i;

	for (i = 0; i < 2; i++) {
		struct nic *nic = pair->rig.nic[loopback ? 0 : i];

		rig_cq_open(&pair->rig, &pair->cq[i], nic, 7);
		rig_qp_open(&pair->rig, &pair->qp[i], nic, &pair->cq[i], &pair->cq[i], &opts);
		pair->pd[i] = pair->qp[i].pd;
	}
	rig_qp_connect(&pair->qp[0], &pair->qp[1]);
}

void rig_pair_close(struct rig_pair *pair)
{
	rig_close(&pair->rig);
}
