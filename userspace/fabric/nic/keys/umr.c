// SPDX-License-Identifier: MIT
/*
 * Memory key updates posted as work requests (UMR): ctrl, UMR control segment,
 * key context, then translation entries inline or by one data segment.
 *
 * Only queue pairs with fast registration enabled may do this: the kernel sets
 * qpc.fre for its own QPs and never for a user's, and an update writes bus
 * addresses. The driver's UMR queue pair may update every key; others only
 * keys of their own PD. The steering fields of a key are set by CREATE_MKEY and
 * are not touched here: no mask bit exists for them.
 *
 * All is checked before anything is changed, except that a bus error while the
 * entries are read leaves those that came before it.
 */
#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/keys/umr.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/status.h"

#define MKEY_SEG	  (sizeof(struct mlx5_wqe_ctrl_seg) + sizeof(struct mlx5_wqe_umr_ctrl_seg))
#define TAIL_SEG	  (MKEY_SEG + DEVX_ST_SZ_BYTES(mkc)) /* data segment or inline entries */
#define MTT_BYTES	  8u
#define MTTS_PER_OCTOWORD 2u
#define CHUNK_MTTS	  512u

#define MASK_ACCESS	  (NIC_UMR_LR | NIC_UMR_LW | NIC_UMR_RR | NIC_UMR_RW | NIC_UMR_A)
#define MASK_IGNORED	  (NIC_UMR_EN_RINVAL | NIC_UMR_QPN | NIC_UMR_SMALL_FENCE)
#define MASK_KNOWN                                                                         \
	(NIC_UMR_LEN | NIC_UMR_PAGE_SIZE | NIC_UMR_START_ADDR | NIC_UMR_PD | NIC_UMR_KEY | \
	 NIC_UMR_FREE | MASK_ACCESS | MASK_IGNORED)

struct umr {
	uint32_t key;
	uint8_t flags;
	uint64_t mask;
	uint64_t offset;	/* first entry to write */
	uint32_t entries;	/* entries to write */
	const uint8_t *context; /* mkc */
	const uint8_t *tail;
	uint32_t tail_len;
};

static bool umr_parse(const uint8_t *wqe, uint32_t len, struct umr *umr)
{
	struct mlx5_wqe_ctrl_seg ctrl;
	struct mlx5_wqe_umr_ctrl_seg seg;
	uint32_t offset_high;

	if (len < TAIL_SEG)
		return false;
	memcpy(&ctrl, wqe, sizeof(ctrl));
	memcpy(&seg, wqe + sizeof(ctrl), sizeof(seg));
	memcpy(&offset_high, seg.rsvd1,
	       sizeof(offset_high)); /* xlt_offset_47_16 in the kernel's struct */
	umr->key = be32toh(ctrl.imm);
	umr->flags = seg.flags;
	umr->mask = be64toh(seg.mkey_mask);
	umr->entries = be16toh(seg.klm_octowords) * MTTS_PER_OCTOWORD;
	umr->offset = 0;
	if (seg.flags & NIC_UMR_OFFSET)
		umr->offset =
			((uint64_t)be32toh(offset_high) << 16 | be16toh(seg.translation_offset)) *
			MTTS_PER_OCTOWORD;
	umr->context = wqe + MKEY_SEG;
	umr->tail = wqe + TAIL_SEG;
	umr->tail_len = (uint32_t)(len - TAIL_SEG);
	return !(umr->mask & ~MASK_KNOWN);
}

/* True if this QP may update this key, and the key is in the state that the request names */
static enum nic_status umr_permit(const struct nic_qp *qp, const struct umr *umr,
				  const struct nic_mkey *mkey)
{
	bool driver = qp->service == MLX5_QPC_ST_REG_UMR;

	if (!mkey->umr_en || mkey->mode != MLX5_MKC_ACCESS_MODE_MTT)
		return NIC_LOCAL_QP_OP;
	if (!driver && (mkey->pd != qp->pd || umr->mask & NIC_UMR_PD))
		return NIC_LOCAL_PROT;
	if (!(umr->mask & NIC_UMR_KEY) && (umr->key & 0xff) != mkey->variant)
		return NIC_LOCAL_PROT;
	if (umr->flags & NIC_UMR_CHECK_FREE && mkey->free)
		return NIC_MW_BIND;
	if (umr->flags & NIC_UMR_CHECK_NOT_FREE && !mkey->free)
		return NIC_MW_BIND;
	return NIC_OK;
}

static uint8_t umr_access(uint8_t old, uint64_t mask, const void *mkc)
{
	const struct {
		uint64_t mask;
		uint8_t bit;
		uint32_t value;
	} bits[] = {
		{ NIC_UMR_LR, NIC_LOCAL_READ, DEVX_GET(mkc, mkc, lr) },
		{ NIC_UMR_LW, NIC_LOCAL_WRITE, DEVX_GET(mkc, mkc, lw) },
		{ NIC_UMR_RR, NIC_REMOTE_READ, DEVX_GET(mkc, mkc, rr) },
		{ NIC_UMR_RW, NIC_REMOTE_WRITE, DEVX_GET(mkc, mkc, rw) },
		{ NIC_UMR_A, NIC_REMOTE_ATOMIC, DEVX_GET(mkc, mkc, a) },
	};
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (mask & bits[i].mask)
			old = (uint8_t)(bits[i].value ? old | bits[i].bit : old & ~bits[i].bit);
	return old;
}

/* The key as it will be; false: it would make no sense. */
static bool umr_apply(struct nic *nic, const struct umr *umr, struct nic_mkey *next)
{
	NIC_LAYOUT(mkc, mkc);

	memcpy(mkc, umr->context, sizeof(mkc));
	if (umr->mask & NIC_UMR_LEN) {
		next->len = DEVX_GET64(mkc, mkc, len);
		next->length64 = DEVX_GET(mkc, mkc, length64);
	}
	if (umr->mask & NIC_UMR_START_ADDR)
		next->start = DEVX_GET64(mkc, mkc, start_addr);
	if (umr->mask & NIC_UMR_PAGE_SIZE)
		next->page_shift = (uint8_t)DEVX_GET(mkc, mkc, log_page_size);
	if (umr->mask & NIC_UMR_PD)
		next->pd = DEVX_GET(mkc, mkc, pd);
	if (umr->mask & NIC_UMR_KEY)
		next->variant = (uint8_t)DEVX_GET(mkc, mkc, mkey_7_0);
	if (umr->mask & NIC_UMR_FREE)
		next->free = DEVX_GET(mkc, mkc, free);
	next->access = umr_access(next->access, umr->mask, mkc);
	return nic_ids_find(&nic->pds, next->pd) && nic_mkey_valid(next);
}

static void store_mtts(struct nic_mkey *mkey, uint64_t first, const uint8_t *entries, uint32_t count)
{
	uint64_t entry;
	uint32_t i;

	for (i = 0; i < count; i++) {
		memcpy(&entry, entries + i * MTT_BYTES, MTT_BYTES);
		mkey->mtt[first + i] = be64toh(entry);
	}
}

static enum nic_status load_mtts(struct nic_qp *qp, const struct umr *umr, struct nic_mkey *mkey)
{
	uint8_t chunk[CHUNK_MTTS * MTT_BYTES];
	struct mlx5_wqe_data_seg seg;
	struct nic_access access;
	enum nic_status status;
	uint32_t done, n;

	if (umr->tail_len < sizeof(seg))
		return NIC_LOCAL_QP_OP;
	memcpy(&seg, umr->tail, sizeof(seg));
	if (be32toh(seg.byte_count) < umr->entries * MTT_BYTES ||
	    be32toh(seg.byte_count) & (uint32_t)MLX5_INLINE_SEG)
		return NIC_LOCAL_LENGTH;
	access = (struct nic_access){ .key = be32toh(seg.lkey),
				      .pd = qp->pd,
				      .need = NIC_LOCAL_READ,
				      .origin = FAB_ORIGIN_XLT,
				      .va = be64toh(seg.addr),
				      .len = umr->entries * MTT_BYTES };
	status = nic_mkey_check(qp->nic, &access);
	for (done = 0; status == NIC_OK && done < umr->entries; done += n) {
		n = umr->entries - done < CHUNK_MTTS ? umr->entries - done : CHUNK_MTTS;
		access.va = be64toh(seg.addr) + done * MTT_BYTES;
		access.len = n * MTT_BYTES;
		status = nic_mkey_access(qp->nic, &access, fab_dma_copy_in, chunk);
		if (status == NIC_OK)
			store_mtts(mkey, umr->offset + done, chunk, n);
	}
	return status;
}

static enum nic_status umr_translate(struct nic_qp *qp, const struct umr *umr, struct nic_mkey *mkey)
{
	if (!umr->entries)
		return NIC_OK;
	if (umr->offset > mkey->mtts || umr->entries > mkey->mtts - umr->offset)
		return NIC_LOCAL_LENGTH;
	if (!(umr->flags & NIC_UMR_INLINE))
		return load_mtts(qp, umr, mkey);
	if (umr->tail_len < umr->entries * MTT_BYTES)
		return NIC_LOCAL_QP_OP;
	store_mtts(mkey, umr->offset, umr->tail, umr->entries);
	return NIC_OK;
}

enum nic_status nic_umr_execute(struct nic_qp *qp, const uint8_t *wqe, uint32_t len)
{
	struct nic_mkey *mkey, next;
	enum nic_status status;
	struct umr umr;

	if (!DEVX_GET(qpc, qp->context, fre) || !umr_parse(wqe, len, &umr))
		return NIC_LOCAL_QP_OP;
	mkey = nic_ids_find(&qp->nic->mkeys, umr.key >> 8);
	if (!mkey)
		return NIC_LOCAL_PROT;
	status = umr_permit(qp, &umr, mkey);
	if (status != NIC_OK)
		return status;
	next = *mkey;
	if (!umr_apply(qp->nic, &umr, &next))
		return NIC_LOCAL_QP_OP;
	status = umr_translate(qp, &umr, mkey);
	if (status != NIC_OK)
		return status;
	*mkey = next;
	return NIC_OK;
}
