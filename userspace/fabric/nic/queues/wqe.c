// SPDX-License-Identifier: MIT
/*
 * Work queue entries: control segment, with XRC a segment that names the SRQ, then by
 * opcode a remote address and an atomic segment, then data segments, each a pointer (length, key, address) or
 * inline bytes padded to 16. Segment structs are those of mlx5dv.h.
 */
#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/limits.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/wqe.h"
#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"

#define DS_BYTES    16u
#define BLOCK_BYTES ((uint32_t)MLX5_SEND_WQE_BB)

/* The segments after the control segment of opcodes that carry a message. */
struct wqe_form {
	bool message;
	bool remote;   /* remote address segment */
	bool atomic;   /* atomic segment; the message is NIC_ATOMIC_BYTES long */
	bool answered; /* data comes back */
	bool may_inline;
	bool imm;
};

static const struct wqe_form wqe_forms[] = {
	[MLX5_OPCODE_SEND] = { .message = true, .may_inline = true },
	[MLX5_OPCODE_SEND_IMM] = { .message = true, .may_inline = true, .imm = true },
	[MLX5_OPCODE_RDMA_WRITE] = { .message = true, .remote = true, .may_inline = true },
	[MLX5_OPCODE_RDMA_WRITE_IMM] = { .message = true,
					 .remote = true,
					 .may_inline = true,
					 .imm = true },
	[MLX5_OPCODE_RDMA_READ] = { .message = true, .remote = true, .answered = true },
	[MLX5_OPCODE_ATOMIC_CS] = { .message = true, .remote = true, .atomic = true, .answered = true },
	[MLX5_OPCODE_ATOMIC_FA] = { .message = true, .remote = true, .atomic = true, .answered = true },
};

static struct wqe_form wqe_form(uint8_t opcode)
{
	if (opcode < sizeof(wqe_forms) / sizeof(wqe_forms[0]))
		return wqe_forms[opcode];
	return (struct wqe_form){ 0 };
}

bool nic_wqe_is_message(const struct nic_wqe *wqe)
{
	return wqe_form(wqe->opcode).message;
}

bool nic_wqe_has_imm(const struct nic_wqe *wqe)
{
	return wqe_form(wqe->opcode).imm;
}

bool nic_wqe_is_answered(const struct nic_wqe *wqe)
{
	return wqe_form(wqe->opcode).answered;
}

enum nic_status nic_wqe_fetch(struct nic_qp *qp, struct nic_wqe *wqe)
{
	uint16_t posted = (uint16_t)(qp->sq_pi - qp->sq_ci);
	struct mlx5_wqe_ctrl_seg ctrl;
	uint32_t ds;

	wqe->opcode = MLX5_OPCODE_NOP;
	wqe->blocks = 1;
	wqe->len = 0;
	if (nic_qp_read_sq(qp, qp->sq_ci, wqe->raw, BLOCK_BYTES))
		return NIC_LOCAL_QP_OP;
	memcpy(&ctrl, wqe->raw, sizeof(ctrl));
	wqe->opcode = be32toh(ctrl.opmod_idx_opcode) & 0xff;
	wqe->signalled = ctrl.fm_ce_se & MLX5_WQE_CTRL_CQ_UPDATE;
	wqe->solicited = ctrl.fm_ce_se & MLX5_WQE_CTRL_SOLICITED;
	wqe->imm = be32toh(ctrl.imm);

	ds = be32toh(ctrl.qpn_ds) & 0x3f;
	if (ds == 0 || be32toh(ctrl.qpn_ds) >> 8 != qp->number)
		return NIC_LOCAL_QP_OP;
	wqe->raw_len = ds * DS_BYTES;
	wqe->blocks = (uint8_t)((wqe->raw_len + BLOCK_BYTES - 1) / BLOCK_BYTES);
	if (wqe->blocks > posted) {
		wqe->blocks = (uint8_t)(posted ? posted : 1);
		return NIC_LOCAL_QP_OP;
	}
	if (wqe->raw_len > BLOCK_BYTES &&
	    nic_qp_read_sq(qp, qp->sq_ci + 1, wqe->raw + BLOCK_BYTES, wqe->raw_len - BLOCK_BYTES))
		return NIC_LOCAL_QP_OP;
	return NIC_OK;
}

/* Inline bytes and pointers may follow each other in any order. A segment without bytes needs no entry. */
static enum nic_status parse_data(struct nic_wqe *wqe, uint32_t off, bool may_inline)
{
	const uint32_t head = sizeof(struct mlx5_wqe_inl_data_seg);
	uint64_t total = 0;

	while (off < wqe->raw_len) {
		struct nic_sge sge = { 0 };
		struct mlx5_wqe_data_seg seg;

		memcpy(&seg, wqe->raw + off, sizeof(seg));
		sge.len = be32toh(seg.byte_count) & ~(uint32_t)MLX5_INLINE_SEG;
		if (be32toh(seg.byte_count) & (uint32_t)MLX5_INLINE_SEG) {
			if (!may_inline || sge.len > wqe->raw_len - off - head)
				return NIC_LOCAL_QP_OP;
			sge.host = wqe->raw + off + head;
			off += (head + sge.len + DS_BYTES - 1) / DS_BYTES * DS_BYTES;
		} else {
			sge.lkey = be32toh(seg.lkey);
			sge.addr = be64toh(seg.addr);
			off += sizeof(seg);
		}
		if (sge.len)
			wqe->sge[wqe->nsge++] = sge;
		total += sge.len;
	}
	if (total > NIC_MAX_MESSAGE)
		return NIC_LOCAL_LENGTH;
	wqe->len = (uint32_t)total;
	return NIC_OK;
}

/* Copy the segment at *off and step over it; false: the WQE ends before it does. */
static bool take_segment(const struct nic_wqe *wqe, uint32_t *off, void *segment, uint32_t bytes)
{
	if (*off + bytes > wqe->raw_len)
		return false;
	memcpy(segment, wqe->raw + *off, bytes);
	*off += bytes;
	return true;
}

static bool take_remote(struct nic_wqe *wqe, uint32_t *off)
{
	struct mlx5_wqe_raddr_seg remote;

	if (!take_segment(wqe, off, &remote, sizeof(remote)))
		return false;
	wqe->remote_va = be64toh(remote.raddr);
	wqe->rkey = be32toh(remote.rkey);
	return true;
}

/* XRC segment (providers/mlx5/wqe.h of rdma-core, which mlx5dv.h does not have). */
static bool take_xrc(struct nic_wqe *wqe, uint32_t *off)
{
	uint32_t xrc[4];

	if (!take_segment(wqe, off, xrc, sizeof(xrc)))
		return false;
	wqe->srqn = be32toh(xrc[0]) & 0xffffffu;
	return true;
}

static bool take_atomic(struct nic_wqe *wqe, uint32_t *off)
{
	struct mlx5_wqe_atomic_seg atomic;

	if (!take_segment(wqe, off, &atomic, sizeof(atomic)))
		return false;
	wqe->swap_add = be64toh(atomic.swap_add);
	wqe->compare = be64toh(atomic.compare);
	return true;
}

/* The list may have more room than the answer needs. */
static enum nic_status set_atomic_length(struct nic_wqe *wqe)
{
	if (wqe->len < NIC_ATOMIC_BYTES)
		return NIC_LOCAL_LENGTH;
	wqe->len = NIC_ATOMIC_BYTES;
	return NIC_OK;
}

enum nic_status nic_wqe_parse_datagram(struct nic_wqe *wqe, struct mlx5_wqe_av *av)
{
	uint32_t off = sizeof(struct mlx5_wqe_ctrl_seg);

	wqe->nsge = 0;
	if (!take_segment(wqe, &off, av, sizeof(*av)))
		return NIC_LOCAL_QP_OP;
	return parse_data(wqe, off, true);
}

enum nic_status nic_wqe_parse(struct nic_wqe *wqe, bool xrc)
{
	struct wqe_form form = wqe_form(wqe->opcode);
	uint32_t off = sizeof(struct mlx5_wqe_ctrl_seg);
	enum nic_status status;

	wqe->nsge = 0;
	if (!form.message)
		return NIC_OK;
	wqe->srqn = 0;
	if ((xrc && !take_xrc(wqe, &off)) || (form.remote && !take_remote(wqe, &off)) ||
	    (form.atomic && !take_atomic(wqe, &off)))
		return NIC_LOCAL_QP_OP;
	status = parse_data(wqe, off, form.may_inline);
	return status == NIC_OK && form.atomic ? set_atomic_length(wqe) : status;
}

uint32_t nic_wqe_parse_scatter(const uint8_t *raw, uint32_t raw_len, struct nic_sge *sge,
			       uint32_t *nsge)
{
	uint64_t total = 0;
	uint32_t off, n = 0;

	for (off = 0; off + sizeof(struct mlx5_wqe_data_seg) <= raw_len && n < NIC_MAX_SGE;
	     off += sizeof(struct mlx5_wqe_data_seg)) {
		struct mlx5_wqe_data_seg seg;

		memcpy(&seg, raw + off, sizeof(seg));
		if (be32toh(seg.lkey) == MLX5_INVALID_LKEY)
			break;
		sge[n] = (struct nic_sge){ .len = be32toh(seg.byte_count) &
						  ~(uint32_t)MLX5_INLINE_SEG,
					   .lkey = be32toh(seg.lkey),
					   .addr = be64toh(seg.addr) };
		total += sge[n++].len;
	}
	*nsge = n;
	return total > NIC_MAX_MESSAGE ? NIC_MAX_MESSAGE : (uint32_t)total;
}
