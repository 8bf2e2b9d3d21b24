// SPDX-License-Identifier: MIT
/*
 * A hostile guest and the fabric's NIC. The input is a list of records, each a kind and its fields: a firmware command
 * of the model whose fields name objects that exist in most cases, a command of any bytes, bytes in guest memory, a
 * write to the NIC's BAR, or the event loop is run. A command that fails has a known status, no output and no
 * effect; after each command the objects fit to each other (command_check.c), and no TLP ever has a tag.
 */
#include <endian.h>

#include "fabric/core/mem.h"
#include "fabric/nic/commands/cmd.h"
#include "tests/fabric/rc_rig.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/command_check.h"
#include "tests/fuzz/fuzz.h"

#define MAX_RECORDS 64
#define MAX_STEPS   256
#define MAX_BYTES   2048u
#define MAX_PAGES   8u
#define WINDOW	    (64u << 10) /* all of the guest's memory */
#define MAX_EDITS   4u

enum { CALL, CALL_2, CALL_3, CALL_4, COMMAND, MEMORY, BAR, RUN, KINDS };

static struct rig rig;	    /* opened once, reset after each input */
static bool memory_written; /* by the input itself */
static uint16_t opcodes[NIC_CMD_OPCODES];
static unsigned int n_opcodes;
/* The longest fixed part, page lists or bytes of an input, and some more. */
static uint8_t in_bytes[8192] __attribute__((aligned(8)));

/* At most `limit` bytes in an allocation of exact size, so that reads past its end show. */
static uint8_t *take_bytes(struct fuzz_input *in, uint32_t *len, uint32_t limit)
{
	uint8_t *copy;

	*len = *len % (limit + 1);
	if (*len > in->size)
		*len = (uint32_t)in->size;
	copy = malloc(*len ? *len : 1);
	promise(copy);
	memcpy(copy, in->data, *len);
	in->data += *len;
	in->size -= *len;
	return copy;
}

static bool is_status(uint8_t status)
{
	static const uint8_t known[] = {
		NIC_CMD_OK,	     NIC_CMD_INTERNAL,	    NIC_CMD_BAD_OP,
		NIC_CMD_BAD_PARAM,   NIC_CMD_BAD_SYS_STATE, NIC_CMD_BAD_RES,
		NIC_CMD_RES_BUSY,    NIC_CMD_LIMIT,	    NIC_CMD_BAD_INDEX,
		NIC_CMD_NO_RES,	     NIC_CMD_BAD_QP_STATE,  NIC_CMD_BAD_IN_LEN,
		NIC_CMD_BAD_OUT_LEN,
	};

	return memchr(known, status, sizeof(known));
}

static void execute(struct nic *nic, const uint8_t *bytes, uint32_t len, uint32_t out_len)
{
	struct command_state before;
	uint32_t syndrome, i;
	uint8_t *out = calloc(1, out_len);

	promise(out);
	command_state(nic, &before);
	nic_cmd_run(nic, bytes, len, out, out_len);
	syndrome = DEVX_GET(alloc_pd_out, out, syndrome);
	promise(is_status(out[0]));
	promise(out[0] == NIC_CMD_OK ? !syndrome : syndrome && syndrome <= NIC_SYN_LAST);
	for (i = NIC_CMD_HEADER; out[0] != NIC_CMD_OK && i < out_len; i++)
		promise(!out[i]);
	command_check(nic, &before, bytes, out[0]);
	free(out);
}

static void any_command(struct nic *nic, struct fuzz_input *in)
{
	uint32_t len = fuzz_take(in, 2);
	uint32_t out_len = NIC_CMD_HEADER + fuzz_take(in, 1) * 8;
	uint8_t *bytes = take_bytes(in, &len, MAX_BYTES);

	if (len >= NIC_CMD_HEADER)
		execute(nic, bytes, len, out_len);
	free(bytes);
}

/* A number of a table that exists, in most cases. */
static uint32_t pick(struct fuzz_input *in, const struct nic_ids *ids)
{
	uint8_t choice = (uint8_t)fuzz_take(in, 1);

	if (choice == 0xff || !ids->next)
		return choice;
	return ids->first + choice % (ids->next + (choice >= 0xf0));
}

static uint64_t pick_bus(struct fuzz_input *in)
{
	return RIG_BUS + fuzz_take(in, 2) * 8 % WINDOW;
}

/* A page list at the end of an input; returns its bytes. */
static uint32_t put_pages(struct fuzz_input *in, uint32_t off)
{
	uint8_t choice = (uint8_t)fuzz_take(in, 1);
	uint32_t n = choice % (MAX_PAGES + 1), i;
	uint64_t page;

	for (i = 0; i < n; i++) {
		page = htobe64(RIG_BUS + ((choice >> 4) + i) * NIC_PAGE % WINDOW);
		memcpy(in_bytes + off + i * 8, &page, 8);
	}
	return n * 8;
}

static uint32_t create_eq(struct fuzz_input *in)
{
	DEVX_SET64(create_eq_in, in_bytes, event_bitmask[0], ~0ull);
	DEVX_SET(create_eq_in, in_bytes, eq_context_entry.log_eq_size, fuzz_take(in, 1) & 15);
	DEVX_SET(create_eq_in, in_bytes, eq_context_entry.intr, fuzz_take(in, 1) % 10);
	return put_pages(in, DEVX_BYTE_OFF(create_eq_in, pas));
}

static uint32_t create_cq(struct fuzz_input *in, const struct nic *nic)
{
	uint8_t size = (uint8_t)fuzz_take(in, 1);

	DEVX_SET(create_cq_in, in_bytes, cq_context.log_cq_size, size & 15);
	DEVX_SET(create_cq_in, in_bytes, cq_context.cqe_sz, size >> 6 & 1);
	DEVX_SET(create_cq_in, in_bytes, cq_context.c_eqn_or_apu_element, pick(in, &nic->eqs));
	DEVX_SET64(create_cq_in, in_bytes, cq_context.dbr_addr, pick_bus(in));
	return put_pages(in, DEVX_BYTE_OFF(create_cq_in, pas));
}

static uint32_t modify_cq(struct fuzz_input *in, const struct nic *nic)
{
	uint8_t size = (uint8_t)fuzz_take(in, 1);

	DEVX_SET(modify_cq_in, in_bytes, op_mod, MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ);
	DEVX_SET(modify_cq_in, in_bytes, cqn, pick(in, &nic->cqs));
	DEVX_SET(modify_cq_in, in_bytes,
		 modify_field_select_resize_field_select.resize_field_select.resize_field_select, 7);
	DEVX_SET(modify_cq_in, in_bytes, cq_context.log_cq_size, size & 15);
	DEVX_SET(modify_cq_in, in_bytes, cq_context.cqe_sz, size >> 6 & 1);
	return put_pages(in, DEVX_BYTE_OFF(modify_cq_in, pas));
}

static uint32_t create_qp(struct fuzz_input *in, const struct nic *nic)
{
	static const uint8_t services[] = { MLX5_QPC_ST_RC,  MLX5_QPC_ST_UC,  MLX5_QPC_ST_XRC,
					    MLX5_QPC_ST_UD,  MLX5_QPC_ST_QP1, MLX5_QPC_ST_REG_UMR,
					    MLX5_QPC_ST_QP0, MLX5_QPC_ST_RC };
	uint8_t how = (uint8_t)fuzz_take(in, 1), sizes = (uint8_t)fuzz_take(in, 1);

	DEVX_SET(create_qp_in, in_bytes, qpc.st, services[how & 7]);
	DEVX_SET(create_qp_in, in_bytes, qpc.rq_type, how >> 3 & 3);
	DEVX_SET(create_qp_in, in_bytes, qpc.no_sq, how >> 5 == 7);
	DEVX_SET(create_qp_in, in_bytes, qpc.fre, how >> 5 == 6);
	DEVX_SET(create_qp_in, in_bytes, qpc.log_sq_size, sizes & 7);
	DEVX_SET(create_qp_in, in_bytes, qpc.log_rq_size, sizes >> 3 & 3);
	DEVX_SET(create_qp_in, in_bytes, qpc.log_rq_stride, sizes >> 5);
	DEVX_SET(create_qp_in, in_bytes, qpc.pd, pick(in, &nic->pds));
	DEVX_SET(create_qp_in, in_bytes, qpc.cqn_snd, pick(in, &nic->cqs));
	DEVX_SET(create_qp_in, in_bytes, qpc.cqn_rcv, pick(in, &nic->cqs));
	DEVX_SET(create_qp_in, in_bytes, qpc.srqn_rmpn_xrqn, pick(in, &nic->srqs));
	DEVX_SET(create_qp_in, in_bytes, qpc.xrcd, pick(in, &nic->xrcds));
	DEVX_SET64(create_qp_in, in_bytes, qpc.dbr_addr, pick_bus(in));
	return put_pages(in, DEVX_BYTE_OFF(create_qp_in, pas));
}

/* Peers are queue pairs of this NIC. */
static void modify_qp(struct fuzz_input *in, const struct nic *nic)
{
	uint8_t how = (uint8_t)fuzz_take(in, 1);

	DEVX_SET(rst2init_qp_in, in_bytes, qpn, pick(in, &nic->qps));
	DEVX_SET(rst2init_qp_in, in_bytes, opt_param_mask, how & 0x80 ? fuzz_take(in, 2) : 0);
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.rre, how & 1);
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.rwe, how >> 1 & 1);
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.rae, how >> 2 & 1);
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.mtu, how >> 3 & 7);
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.pd, pick(in, &nic->pds));
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.remote_qpn, pick(in, &nic->qps));
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.primary_address_path.rlid, 1 + (how >> 6 & 1));
	DEVX_SET(rst2init_qp_in, in_bytes, qpc.rnr_retry, how >> 5);
}

static uint32_t create_mkey(struct fuzz_input *in, const struct nic *nic)
{
	unsigned char *mkc = DEVX_ADDR_OF(create_mkey_in, in_bytes, memory_key_mkey_entry);
	uint8_t how = (uint8_t)fuzz_take(in, 1);

	DEVX_SET(mkc, mkc, access_mode_1_0, how & 3);
	DEVX_SET(mkc, mkc, free, how >> 2 & 1);
	DEVX_SET(mkc, mkc, umr_en, how >> 3 & 1);
	DEVX_SET(mkc, mkc, length64, how >> 4 == 15);
	DEVX_SET(mkc, mkc, lr, 1);
	DEVX_SET(mkc, mkc, lw, 1);
	DEVX_SET(mkc, mkc, rr, 1);
	DEVX_SET(mkc, mkc, rw, 1);
	DEVX_SET(mkc, mkc, a, 1);
	DEVX_SET(mkc, mkc, pcie_tph_en, how >> 5 & 1);
	DEVX_SET(mkc, mkc, pd, pick(in, &nic->pds));
	DEVX_SET64(mkc, mkc, start_addr, fuzz_take64(in, 8));
	DEVX_SET64(mkc, mkc, len, fuzz_take(in, 2));
	DEVX_SET(mkc, mkc, log_page_size, 12 + (how >> 6));
	DEVX_SET(mkc, mkc, translations_octword_size, fuzz_take(in, 1) % 8);
	DEVX_SET(create_mkey_in, in_bytes, translations_octword_actual_size, fuzz_take(in, 1) % 8);
	return put_pages(in, DEVX_BYTE_OFF(create_mkey_in, klm_pas_mtt));
}

static uint32_t create_rmp(struct fuzz_input *in, const struct nic *nic)
{
	unsigned char *wq = DEVX_ADDR_OF(create_rmp_in, in_bytes, ctx.wq);

	DEVX_SET(create_rmp_in, in_bytes, ctx.state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(wq, wq, wq_type, MLX5_WQ_TYPE_LINKED_LIST);
	DEVX_SET(wq, wq, log_wq_sz, fuzz_take(in, 1) & 15);
	DEVX_SET(wq, wq, log_wq_stride, 4 + fuzz_take(in, 1) % 8);
	DEVX_SET(wq, wq, lwm, fuzz_take(in, 1));
	DEVX_SET(wq, wq, pd, pick(in, &nic->pds));
	DEVX_SET64(wq, wq, dbr_addr, pick_bus(in));
	return put_pages(in, DEVX_BYTE_OFF(create_rmp_in, ctx.wq.pas));
}

static void modify_rmp(struct fuzz_input *in, const struct nic *nic)
{
	DEVX_SET(modify_rmp_in, in_bytes, rmp_state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(modify_rmp_in, in_bytes, ctx.state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(modify_rmp_in, in_bytes, bitmask.lwm, 1);
	DEVX_SET(modify_rmp_in, in_bytes, rmpn, pick(in, &nic->srqs));
	DEVX_SET(modify_rmp_in, in_bytes, ctx.wq.lwm, fuzz_take(in, 1));
}

static uint32_t create_xrc_srq(struct fuzz_input *in, const struct nic *nic)
{
	unsigned char *context = DEVX_ADDR_OF(create_xrc_srq_in, in_bytes, xrc_srq_context_entry);

	DEVX_SET(xrc_srqc, context, log_xrc_srq_size, fuzz_take(in, 1) & 15);
	DEVX_SET(xrc_srqc, context, log_rq_stride, fuzz_take(in, 1) & 7);
	DEVX_SET(xrc_srqc, context, lwm, fuzz_take(in, 1));
	DEVX_SET(xrc_srqc, context, pd, pick(in, &nic->pds));
	DEVX_SET(xrc_srqc, context, cqn, pick(in, &nic->cqs));
	DEVX_SET(xrc_srqc, context, xrcd, pick(in, &nic->xrcds));
	return put_pages(in, DEVX_BYTE_OFF(create_xrc_srq_in, pas));
}

static void multicast(struct fuzz_input *in, const struct nic *nic)
{
	DEVX_SET(attach_to_mcg_in, in_bytes, qpn, pick(in, &nic->qps));
	*(uint8_t *)DEVX_ADDR_OF(attach_to_mcg_in, in_bytes, multicast_gid) = 0xff;
	*((uint8_t *)DEVX_ADDR_OF(attach_to_mcg_in, in_bytes, multicast_gid) + 15) =
		(uint8_t)fuzz_take(in, 1) & 3;
}

/* Which objects a command names by the 24 bits after its head. */
static const struct nic_ids *named(const struct nic *nic, uint16_t opcode)
{
	switch (opcode) {
	case MLX5_CMD_OP_DEALLOC_PD:
		return &nic->pds;
	case MLX5_CMD_OP_DEALLOC_UAR:
		return &nic->uars;
	case MLX5_CMD_OP_DEALLOC_XRCD:
		return &nic->xrcds;
	case MLX5_CMD_OP_DESTROY_EQ:
	case MLX5_CMD_OP_QUERY_EQ:
		return &nic->eqs;
	case MLX5_CMD_OP_DESTROY_CQ:
	case MLX5_CMD_OP_QUERY_CQ:
		return &nic->cqs;
	case MLX5_CMD_OP_DESTROY_MKEY:
	case MLX5_CMD_OP_QUERY_MKEY:
		return &nic->mkeys;
	case MLX5_CMD_OP_DESTROY_QP:
	case MLX5_CMD_OP_QUERY_QP:
	case MLX5_CMD_OP_2ERR_QP:
	case MLX5_CMD_OP_2RST_QP:
		return &nic->qps;
	case MLX5_CMD_OP_DESTROY_RMP:
	case MLX5_CMD_OP_QUERY_RMP:
	case MLX5_CMD_OP_DESTROY_XRC_SRQ:
	case MLX5_CMD_OP_QUERY_XRC_SRQ:
	case MLX5_CMD_OP_ARM_XRC_SRQ:
		return &nic->srqs;
	case MLX5_CMD_OP_DEALLOC_Q_COUNTER:
		return &nic->counter_sets;
	default:
		return NULL;
	}
}

/* Fields of a command that makes sense in most cases; returns the bytes behind the fixed part. */
static uint32_t set_fields(struct fuzz_input *in, const struct nic *nic, uint16_t opcode)
{
	const struct nic_ids *ids = named(nic, opcode);

	if (ids)
		DEVX_SET(dealloc_pd_in, in_bytes, pd, pick(in, ids));
	switch (opcode) {
	case MLX5_CMD_OP_CREATE_EQ:
		return create_eq(in);
	case MLX5_CMD_OP_CREATE_CQ:
		return create_cq(in, nic);
	case MLX5_CMD_OP_MODIFY_CQ:
		return modify_cq(in, nic);
	case MLX5_CMD_OP_CREATE_QP:
		return create_qp(in, nic);
	case MLX5_CMD_OP_CREATE_MKEY:
		return create_mkey(in, nic);
	case MLX5_CMD_OP_CREATE_RMP:
		return create_rmp(in, nic);
	case MLX5_CMD_OP_CREATE_XRC_SRQ:
		return create_xrc_srq(in, nic);
	case MLX5_CMD_OP_MODIFY_RMP:
		modify_rmp(in, nic);
		return 0;
	case MLX5_CMD_OP_ATTACH_TO_MCG:
	case MLX5_CMD_OP_DETACH_FROM_MCG:
		multicast(in, nic);
		return 0;
	case MLX5_CMD_OP_RST2INIT_QP:
	case MLX5_CMD_OP_INIT2INIT_QP:
	case MLX5_CMD_OP_INIT2RTR_QP:
	case MLX5_CMD_OP_RTR2RTS_QP:
	case MLX5_CMD_OP_RTS2RTS_QP:
		modify_qp(in, nic);
		return 0;
	default:
		return 0;
	}
}

/* A command in an allocation of exact size. A few of its bytes are changed. */
static uint8_t *build(const struct nic *nic, struct fuzz_input *in, uint16_t opcode,
		      uint32_t *in_len, uint32_t *out_len)
{
	const struct nic_cmd_desc *desc = nic_cmd_lookup(opcode);
	uint8_t how = (uint8_t)fuzz_take(in, 1);
	uint32_t len = desc->min_in, edits, at;
	uint8_t *exact;

	memset(in_bytes, 0, len + MAX_PAGES * 8);
	DEVX_SET(alloc_pd_in, in_bytes, opcode, opcode);
	len += set_fields(in, nic, opcode);
	for (edits = how & 7; edits && edits <= MAX_EDITS; edits--) {
		at = fuzz_take(in, 2) % len;
		in_bytes[at] = (uint8_t)fuzz_take(in, 1);
	}
	if (how >= 0xf0)
		len -= fuzz_take(in, 1) % (len - NIC_CMD_HEADER);
	*out_len = desc->min_out;
	if ((how & 0xf8) == 0xe8)
		*out_len = NIC_CMD_HEADER + fuzz_take(in, 1);
	exact = malloc(len);
	promise(exact);
	memcpy(exact, in_bytes, len);
	*in_len = len;
	return exact;
}

static void call(struct nic *nic, struct fuzz_input *in, uint16_t opcode)
{
	uint32_t len, out_len;
	uint8_t *bytes = build(nic, in, opcode, &len, &out_len);

	execute(nic, bytes, len, out_len);
	free(bytes);
}

/* Addresses in units of 8 bytes. */
static void memory(struct fuzz_input *in)
{
	uint32_t at = fuzz_take(in, 2) * 8 % WINDOW, len = fuzz_take(in, 2);
	uint8_t *bytes = take_bytes(in, &len, MAX_BYTES);

	memcpy(rig.memory + at, bytes, len < WINDOW - at ? len : WINDOW - at);
	memory_written = true;
	free(bytes);
}

static void bar_write(struct nic *nic, struct fuzz_input *in)
{
	uint32_t at = fuzz_take(in, 3) * 4, len = 4 + fuzz_take(in, 1) % 2 * 4;
	uint8_t *bytes = take_bytes(in, &len, len);

	if (len == 4 || len == 8)
		nic->dev.ops->bar_write(&nic->dev, 0, at % (NIC_BAR0_SIZE - 4), bytes, len);
	free(bytes);
}

static void check_tags(const struct fab_device *dev)
{
	uint32_t i;

	for (i = 0; i < dev->to_memory.nrows; i++)
		promise(!dev->to_memory.rows[i].tph.th);
}

/* Most inputs leave the memory as it is. */
static void reset_memory(struct fab_tally *tally)
{
	uint32_t i;

	for (i = 0; i < tally->nrows; i++) {
		memory_written |= tally->rows[i].kind == FAB_TLP_MWR && tally->rows[i].tlps;
		tally->rows[i].tlps = tally->rows[i].bytes = 0;
	}
	if (memory_written)
		memset(rig.memory, 0, WINDOW);
	memory_written = false;
}

static void open_guest(void)
{
	uint16_t opcode;

	rig_open(&rig);
	promise(!fab_mem_unmap(rig.nic[0]->dev.mem, RIG_BUS, RIG_MEMORY));
	promise(!fab_mem_map(rig.nic[0]->dev.mem, RIG_BUS, WINDOW, rig.fd, 0,
			     FAB_MEM_READ | FAB_MEM_WRITE));
	for (opcode = 0; opcode < NIC_CMD_OPCODES; opcode++)
		if (nic_cmd_lookup(opcode))
			opcodes[n_opcodes++] = opcode;
}

/* Reset frees everything that the input has made. */
static void reset(struct nic *nic)
{
	unsigned int i;

	nic->dev.ops->reset(&nic->dev);
	command_check_empty(nic);
	nic->pds.next = nic->uars.next = nic->xrcds.next = nic->eqs.next = nic->cqs.next = 0;
	nic->mkeys.next = nic->qps.next = nic->srqs.next = nic->faults.next = 0;
	nic->counter_sets.next = 0;
	for (i = 0; i < FAB_LOG_KINDS && nic->dev.log[i].fmt; i++)
		nic->dev.log[i] = (struct fab_log_count){ 0 };
	reset_memory(&nic->dev.to_memory);
}

/* What an input may find: the HCA up, then queues, then a key and two queue pairs. Fields as set_fields() takes them. */
static const struct {
	uint16_t opcode;
	uint8_t fields[20], size;
} bring_up[] = {
	{ MLX5_CMD_OP_ENABLE_HCA, { 0 }, 1 },
	{ MLX5_CMD_OP_INIT_HCA, { 0 }, 1 },
	{ MLX5_CMD_OP_ALLOC_PD, { 0 }, 1 },
	{ MLX5_CMD_OP_CREATE_EQ, { 0, 5, 0, 0x01 }, 4 },
	{ MLX5_CMD_OP_CREATE_CQ, { 0, 5, 0, 0x1f, 0xf8, 0x11 }, 6 },
	{ MLX5_CMD_OP_CREATE_CQ, { 0, 5, 0, 0x1f, 0xf9, 0x21 }, 6 },
	{ MLX5_CMD_OP_CREATE_MKEY, { 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 4, 1, 0x31 }, 16 },
	{ MLX5_CMD_OP_CREATE_QP, { 0, 0, 0x53, 0, 0, 1, 0, 0, 0x1f, 0xfa, 0x41 }, 11 },
	{ MLX5_CMD_OP_CREATE_QP, { 0, 0, 0x53, 0, 1, 0, 0, 0, 0x1f, 0xfb, 0x53 }, 11 },
};
static const unsigned int levels[] = { 0, 2, 2, 6, 6, 9, 9, 9 };

/* They are built for the first input that needs them. What they did is checked with the commands that follow. */
static void start(struct nic *nic, uint8_t level)
{
	static struct {
		uint8_t *bytes;
		uint32_t len, out_len;
	} built[sizeof(bring_up) / sizeof(bring_up[0])];
	static uint8_t out[512] __attribute__((aligned(8)));
	unsigned int i;

	for (i = 0; i < levels[level % 8]; i++) {
		struct fuzz_input fields = { bring_up[i].fields, bring_up[i].size };

		if (!built[i].bytes)
			built[i].bytes = build(nic, &fields, bring_up[i].opcode, &built[i].len,
					       &built[i].out_len);
		promise(built[i].out_len <= sizeof(out));
		memset(out, 0, built[i].out_len);
		nic_cmd_run(nic, built[i].bytes, built[i].len, out, built[i].out_len);
		promise(out[0] == NIC_CMD_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int records = 0;
	struct nic *nic;

	if (!rig.fabric)
		open_guest();
	nic = rig.nic[0];
	start(nic, (uint8_t)fuzz_take(&in, 1));
	while (in.size && records++ < MAX_RECORDS) {
		switch (fuzz_take(&in, 1) % KINDS) {
		case COMMAND:
			any_command(nic, &in);
			break;
		case MEMORY:
			memory(&in);
			break;
		case BAR:
			bar_write(nic, &in);
			break;
		case RUN:
			fuzz_wait(rig.fabric->loop, fuzz_take(&in, 1) * 10000, MAX_STEPS);
			command_check_objects(nic);
			break;
		default:
			call(nic, &in, opcodes[fuzz_take(&in, 1) % n_opcodes]);
		}
	}
	fuzz_run(rig.fabric->loop, MAX_STEPS);
	command_check_objects(nic);
	check_tags(&nic->dev);
	reset(nic);
	return 0;
}
