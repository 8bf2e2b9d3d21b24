// SPDX-License-Identifier: MIT
/*
 * Work requests of two connected queue pairs (RC, UC). The input is a list of operations whose fields are chosen from
 * tables of good and bad values, so that most requests get as far as memory. A model (wqe_model.c) says what each has
 * to do; completions, bytes of all buffers, and TLPs by tag must be exactly that.
 *
 * The rig is opened once. An input changes indexes, states, buffers and tallies only, which are restored.
 */
#include <endian.h>

#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/fabric/rc_rig.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/queues.h"
#include "tests/fuzz/wqe_check.h"
#include "tests/fuzz/wqe_model.h"

#define MAX_OPS	   48u
#define MAX_STEPS  4096u
#define BLOCK	   64u
#define SQ_BLOCKS  64u
#define WAIT_US	   2000000u /* longer than any timer */
#define ALL_RIGHTS 0x1f
#define VARIANT	   0x5a

enum { WR_RING, WR_RING_2, WR_RING_3, WR_QUIET, RECEIVE, RECEIVE_2, WAIT, RECONNECT, OPS };

static struct wqe_guest guest;
static struct model model;

/* Keys of a side. A range from `first` on; pages of host memory are in the other order than addresses. */
static const struct {
	uint32_t first, len;
	uint8_t rights;
	bool foreign, free, bar, physical, may_invalidate;
	enum model_tag tag; /* of side 1 */
} keys[MODEL_KEYS] = {
	{ .len = MODEL_LEN, .rights = ALL_RIGHTS, .may_invalidate = true },
	{ .first = 0xf23, .len = 0x321, .rights = ALL_RIGHTS },
	{ .len = MODEL_LEN, .rights = NIC_LOCAL_READ | NIC_REMOTE_READ },
	{ .len = MODEL_LEN, .rights = NIC_LOCAL_WRITE | NIC_REMOTE_WRITE },
	{ .len = MODEL_LEN, .rights = NIC_REMOTE_ATOMIC, .may_invalidate = true },
	{ .len = MODEL_LEN, .rights = ALL_RIGHTS, .foreign = true, .may_invalidate = true },
	{ .len = MODEL_LEN, .rights = ALL_RIGHTS, .free = true, .may_invalidate = true },
	{ .len = MODEL_LEN, .rights = ALL_RIGHTS, .bar = true, .tag = TAG_BAR },
	{ .len = MODEL_LEN, .rights = ALL_RIGHTS, .tag = TAG_HOST },
	{ .len = NIC_PAGE, .rights = ALL_RIGHTS, .physical = true },
};

/* A key without translation, over the second page on the bus, which is the first one by address. */
static void make_physical(struct nic_mkey *mkey, struct model_key *key)
{
	mkey->mode = MLX5_MKC_ACCESS_MODE_PA;
	mkey->start = mkey->start - RIG_VA + NIC_PAGE;
	key->start = mkey->start;
}

static void open_key(int side, unsigned int i, uint32_t foreign_pd)
{
	struct rig *rig = &guest.pair.rig;
	uint64_t bus = keys[i].bar ? RIG_EP_BUS + (unsigned int)side * MODEL_LEN :
				     guest.buffer[side];
	uint32_t pd = keys[i].foreign ? foreign_pd : guest.pair.pd[side];
	enum model_tag tag = side ? keys[i].tag : TAG_NONE;
	uint32_t key = rig_key(rig->nic[side], pd, keys[i].rights, bus + keys[i].first, keys[i].len);
	struct nic_mkey *mkey = rig_mkey(rig->nic[side], key);
	uint8_t *bytes = keys[i].bar ? model.bar[side] : model.buffer[side];

	guest.mkey[side][i] = mkey;
	mkey->umr_en = keys[i].may_invalidate;
	if (!keys[i].bar && !keys[i].physical) {
		uint64_t page = mkey->mtt[0];

		promise(mkey->mtts == 2);
		mkey->mtt[0] = mkey->mtt[1];
		mkey->mtt[1] = page;
	}
	if (tag)
		rig_tag(rig->nic[side], key, wqe_tags[tag].ph, (uint8_t)wqe_tags[tag].index);
	model.key[side][i] = (struct model_key){
		.key = key,
		.own_pd = !keys[i].foreign,
		.may_invalidate = keys[i].may_invalidate,
		.rights = keys[i].rights,
		.start = RIG_VA + bus + keys[i].first,
		.len = keys[i].len,
		.bytes = bytes + keys[i].first,
		.place = keys[i].bar ? PLACE_BAR :
			 side	     ? PLACE_HOST1 :
				       PLACE_HOST0,
		.tag = tag,
	};
	if (keys[i].physical)
		make_physical(mkey, &model.key[side][i]);
}

static void open_guest(void)
{
	struct rig *rig = &guest.pair.rig;
	unsigned int i;
	int side;

	rig_open(rig);
	rig_pair_make(&guest.pair, false);
	for (side = 0; side < 2; side++) {
		uint32_t foreign_pd = rig_pd(rig->nic[side]);

		guest.guard[side][0] = rig_alloc(rig, NIC_PAGE);
		guest.buffer[side] = rig_alloc(rig, MODEL_LEN);
		guest.guard[side][1] = rig_alloc(rig, NIC_PAGE);
		for (i = 0; i < MODEL_KEYS; i++)
			open_key(side, i, foreign_pd);
	}
	fuzz_queues_keep(&guest.connected, &guest.pair);
	rig_tph_enable(rig->nic[1], 1, wqe_tags[TAG_BAR].index, wqe_tags[TAG_BAR].st);
	rig_tph_enable(rig->nic[1], 1, wqe_tags[TAG_HOST].index, wqe_tags[TAG_HOST].st);
}

static void fill(uint8_t *bytes, uint32_t seed)
{
	uint64_t word = seed, i;

	for (i = 0; i < MODEL_LEN / 8; i++) {
		word = word * 6364136223846793005u + 1442695040888963407u;
		memcpy(bytes + i * 8, &word, 8);
	}
}

/* What the input has written, by the model: at its end the memory was as the model's. */
static bool written(enum model_place place)
{
	const uint64_t *bytes = model.bytes[place][KIND_WRITE];
	uint64_t sum = 0;
	int tag;

	for (tag = 0; tag < TAGS; tag++)
		sum += bytes[tag];
	return sum;
}

static void reset_buffers(int side, bool host, bool bar)
{
	static uint8_t pattern[4][MODEL_LEN];
	uint8_t *at = rig_at(&guest.pair.rig, guest.buffer[side]);
	int i;

	if (!pattern[0][0])
		for (i = 0; i < 4; i++)
			fill(pattern[i], 77u + (uint32_t)i);
	if (host) {
		memcpy(model.buffer[side], pattern[side], MODEL_LEN);
		memcpy(at + NIC_PAGE, pattern[side], NIC_PAGE);
		memcpy(at, pattern[side] + NIC_PAGE, NIC_PAGE);
	}
	if (bar) {
		memcpy(model.bar[side], pattern[2 + side], MODEL_LEN);
		memcpy(wqe_bar_bytes(&guest, side), pattern[2 + side], MODEL_LEN);
	}
}

static void reset(uint8_t how)
{
	static const uint8_t access[8] = { ALL_RIGHTS,
					   ALL_RIGHTS,
					   ALL_RIGHTS,
					   NIC_REMOTE_READ,
					   NIC_REMOTE_WRITE,
					   NIC_REMOTE_ATOMIC,
					   NIC_REMOTE_READ | NIC_REMOTE_WRITE,
					   0 };
	/* At the start of the queues, near their end, near the end of the indexes */
	static const uint16_t blocks[4] = { 0, 62, 63, 0xfffe }, receives[4] = { 0, 15, 0xffff, 1 };
	const bool first = !guest.pair.rig.fabric;
	unsigned int i;
	int side;

	if (first)
		open_guest();
	for (side = 0; side < 2; side++)
		reset_buffers(side, first || written((enum model_place)side),
			      first || written(PLACE_BAR));
	fuzz_queues_restore(&guest.connected, &guest.pair);
	model_reset(&model);
	model.unreliable = how & 1;
	model.access = access[how >> 1 & 7];
	for (side = 0; side < 2; side++) {
		for (i = 0; i < MODEL_KEYS; i++)
			guest.mkey[side][i]->free = model.key[side][i].free = keys[i].free;
		guest.pair.qp[side].qp->service = model.unreliable ? MLX5_QPC_ST_UC : MLX5_QPC_ST_RC;
	}
	guest.pair.qp[1].qp->access = model.access;
	fuzz_queues_start(&guest.pair.qp[0], blocks[how >> 4 & 3], 0);
	fuzz_queues_start(&guest.pair.qp[1], 0, receives[how >> 6]);
	guest.blocks = blocks[how >> 4 & 3];
	model.taken = model.ready = receives[how >> 6];
}

static uint32_t pick_key(struct fuzz_input *in, int side)
{
	uint8_t choice = (uint8_t)fuzz_take(in, 1) % 24;
	uint32_t good = model.key[side][0].key;

	if (choice < MODEL_KEYS)
		return model.key[side][choice].key;
	switch (choice) {
	case MODEL_KEYS:
		return good ^ 1; /* another variant */
	case MODEL_KEYS + 1:
		return good + (MODEL_KEYS << 8);
	case MODEL_KEYS + 2:
		return 0;
	case MODEL_KEYS + 3:
		return MLX5_INVALID_LKEY;
	case MODEL_KEYS + 4:
		return good + (0x10000u << 8); /* a number past the table */
	case MODEL_KEYS + 5:
	case MODEL_KEYS + 6:
		return model.key[side][7].key; /* of the BAR */
	default:
		return good;
	}
}

static uint64_t pick_address(struct fuzz_input *in, uint8_t choice, const struct model_key *key)
{
	const uint64_t end = key->start + key->len;

	switch (choice) {
	case 0:
	case 1:
		return key->start;
	case 2:
		return key->start + 1;
	case 3:
		return key->start + 4;
	case 4:
		return key->start + fuzz_take(in, 2) % key->len;
	case 5:
		return end - 8;
	case 6:
		return end - 1;
	case 7:
		return end;
	case 8:
		return key->start - 1;
	case 9:
		return key->start - 8;
	case 10:
		return key->start +
		       (0xffc - (key->start & 0xfff)); /* 4 bytes before the end of the page */
	case 11:
		return ~0ull - 7;
	case 12:
		return key->start + ((uint64_t)(fuzz_take(in, 1) + 1) << 32);
	default:
		return ((key->start + 7) & ~7ull) + fuzz_take(in, 1) * 8 % (key->len - 16);
	}
}

static uint32_t pick_length(struct fuzz_input *in, uint8_t choice, uint64_t left)
{
	static const uint32_t some[] = { 0, 1, 7, 8, 8, 9, 64, 256, 0x1000, 0x7fffffff, 1u << 30 };

	if (choice < sizeof(some) / sizeof(some[0]))
		return some[choice];
	if (choice < 13 || left > MODEL_LEN)
		return fuzz_take(in, 2) % (MODEL_LEN + 64);
	return (uint32_t)left + (choice == 13);
}

/* Key, address and length of a list's entry or of the remote range. */
static struct model_segment pick_range(struct fuzz_input *in, int side)
{
	struct model_segment range = { .lkey = pick_key(in, side) };
	const struct model_key *key = model_key(&model, side, range.lkey);
	uint8_t choice = (uint8_t)fuzz_take(in, 1);

	if (!key)
		key = &model.key[side][0];
	range.addr = pick_address(in, choice & 15, key);
	range.len = pick_length(in, choice >> 4, key->start + key->len - range.addr);
	return range;
}

static void pick_inline(struct fuzz_input *in, struct model_wr *wr, struct model_segment *segment)
{
	uint8_t *data = wr->inline_data[segment - wr->segment];
	uint8_t choice = (uint8_t)fuzz_take(in, 1);
	unsigned int i;

	segment->is_inline = true;
	segment->len = choice & 63;
	segment->data = data;
	for (i = 0; i < sizeof(wr->inline_data[0]); i++)
		data[i] = (uint8_t)(choice + i);
	if (choice >= 0xf8) /* more than there is room for */
		segment->len = 0x400u << (choice & 7);
}

static const uint8_t opcodes[] = {
	MLX5_OPCODE_SEND,
	MLX5_OPCODE_SEND_IMM,
	MLX5_OPCODE_RDMA_WRITE,
	MLX5_OPCODE_RDMA_WRITE_IMM,
	MLX5_OPCODE_RDMA_READ,
	MLX5_OPCODE_ATOMIC_CS,
	MLX5_OPCODE_ATOMIC_FA,
	MLX5_OPCODE_NOP,
	0x1b, /* LOCAL_INVAL */
	0x25, /* UMR */
};

static bool has_remote(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_RDMA_WRITE || opcode == MLX5_OPCODE_RDMA_WRITE_IMM ||
	       opcode == MLX5_OPCODE_RDMA_READ || opcode == MLX5_OPCODE_ATOMIC_CS ||
	       opcode == MLX5_OPCODE_ATOMIC_FA;
}

static bool has_atomic(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_ATOMIC_CS || opcode == MLX5_OPCODE_ATOMIC_FA;
}

static void pick_wr(struct fuzz_input *in, struct model_wr *wr)
{
	uint8_t choice = (uint8_t)fuzz_take(in, 1), flags = (uint8_t)fuzz_take(in, 1);
	struct model_segment remote;
	unsigned int i;

	wr->opcode = opcodes[choice % sizeof(opcodes)];
	if (choice >= 0xf0)
		wr->opcode = (uint8_t)fuzz_take(in, 1);
	wr->signalled = !(flags & 1);
	wr->solicited = flags & 2;
	wr->segments = flags >> 2 & 3;
	if (flags >= 0xf0)
		wr->head = flags & 3;
	wr->imm = wr->opcode == 0x1b ? pick_key(in, 0) : fuzz_take(in, 1) * 0x01020304u;
	if (has_remote(wr->opcode)) {
		remote = pick_range(in, 1);
		wr->rkey = remote.lkey;
		wr->va = remote.addr;
	}
	if (has_atomic(wr->opcode)) {
		const struct model_key *key = model_key(&model, 1, wr->rkey);

		wr->swap_add = fuzz_take(in, 1) * 0x0101010101010101u;
		wr->compare = fuzz_take(in, 1);
		/* What is there, as far as the model knows, in half of the cases. */
		if (wr->compare & 1 && key && wr->va >= key->start &&
		    wr->va - key->start <= key->len - 8) {
			memcpy(&wr->compare, key->bytes + (wr->va - key->start), 8);
			wr->compare = le64toh(wr->compare);
		}
	}
	for (i = 0; i < wr->segments; i++) {
		if (flags & 0x40)
			pick_inline(in, wr, &wr->segment[i]);
		else
			wr->segment[i] = pick_range(in, 0);
		flags = (uint8_t)(flags << 1); /* bits 6, 5, 4: segments 0, 1, 2 */
	}
}

/* One segment of 16 bytes. */
static uint32_t put(uint8_t *wqe, uint32_t off, uint64_t first, uint64_t second)
{
	first = htobe64(first);
	second = htobe64(second);
	memcpy(wqe + off, &first, 8);
	memcpy(wqe + off + 8, &second, 8);
	return off + 16;
}

static uint32_t put_segment(uint8_t *wqe, uint32_t off, const struct model_segment *segment)
{
	uint32_t head;

	if (!segment->is_inline)
		return put(wqe, off, (uint64_t)segment->len << 32 | segment->lkey, segment->addr);
	head = htobe32((uint32_t)MLX5_INLINE_SEG | segment->len);
	memcpy(wqe + off, &head, sizeof(head));
	memcpy(wqe + off + 4, segment->data, segment->len < 64 ? segment->len : 12);
	return off + (4 + (segment->len < 64 ? segment->len : 12) + 15) / 16 * 16;
}

/* Bytes of the request; the heads that are not good are of requests of one block. */
static uint32_t build(struct model_wr *wr, uint8_t *wqe)
{
	uint32_t qpn = guest.pair.qp[0].qp->number, off = 16, i, ds, start[MODEL_SEGMENTS];

	if (has_remote(wr->opcode))
		off = put(wqe, off, wr->va, (uint64_t)wr->rkey << 32);
	if (has_atomic(wr->opcode))
		off = put(wqe, off, wr->swap_add, wr->compare);
	for (i = 0; i < wr->segments; i++) {
		start[i] = off;
		off = put_segment(wqe, off, &wr->segment[i]);
	}
	for (i = 0; i < wr->segments; i++)
		wr->segment[i].room = off - start[i] - 4;
	if (off > BLOCK || (wr->head == HEAD_BEYOND && model.first != model.posted))
		wr->head = HEAD_GOOD;
	ds = wr->head == HEAD_EMPTY ? 0 : wr->head == HEAD_BEYOND ? 5 : off / 16;
	if (wr->head == HEAD_WRONG_QP)
		qpn ^= 1;
	put(wqe, 0, (uint64_t)((uint32_t)guest.blocks << 8 | wr->opcode) << 32 | qpn << 8 | ds,
	    (uint64_t)((wr->signalled ? MLX5_WQE_CTRL_CQ_UPDATE : 0) |
		       (wr->solicited ? MLX5_WQE_CTRL_SOLICITED : 0))
			    << 32 |
		    wr->imm);
	return off;
}

/* Free blocks of the send queue. */
static uint32_t room(void)
{
	uint16_t oldest = model.first == model.posted ? guest.blocks :
							model.wr[model.first % MODEL_WRS].at;

	return SQ_BLOCKS - (uint16_t)(guest.blocks - oldest);
}

static void ring(void)
{
	rig_ring(&guest.pair.qp[0]);
	model_ring(&model);
}

static void post(struct fuzz_input *in, bool quiet)
{
	struct model_wr *wr = model_new_wr(&model);
	struct rig_qp *qp = &guest.pair.qp[0];
	uint8_t wqe[8 * BLOCK] = { 0 };
	uint32_t len, i;

	if (!wr)
		return;
	pick_wr(in, wr);
	wr->at = guest.blocks;
	len = build(wr, wqe);
	if ((len + BLOCK - 1) / BLOCK > room())
		return;
	for (i = 0; i < len; i += BLOCK)
		memcpy((uint8_t *)rig_at(qp->rig, qp->sq) +
			       (guest.blocks++ & (SQ_BLOCKS - 1)) * BLOCK,
		       wqe + i, BLOCK);
	qp->sq_pi = guest.blocks;
	model_post(&model);
	if (!quiet || wr->head == HEAD_BEYOND)
		ring();
}

static void post_receive(struct fuzz_input *in)
{
	struct model_receive *receive = model_new_receive(&model);
	struct nic_sge sge[MODEL_SEGMENTS];
	uint32_t i;

	if (!receive)
		return;
	receive->segments = fuzz_take(in, 1) % (MODEL_SEGMENTS + 1);
	for (i = 0; i < receive->segments; i++) {
		receive->segment[i] = pick_range(in, 1);
		sge[i] = (struct nic_sge){ .len = receive->segment[i].len,
					   .lkey = receive->segment[i].lkey,
					   .addr = receive->segment[i].addr };
	}
	rig_post_recv(&guest.pair.qp[1], sge, receive->segments);
	model_post_receive(&model);
}

/* As a driver: to RESET, indexes and records from the start, and up to RTS. */
static void reconnect(void)
{
	int side;

	for (side = 0; side < 2; side++) {
		struct rig_qp *qp = &guest.pair.qp[side];

		nic_qp_set_state(qp->qp, NIC_QP_RST);
		fuzz_queues_start(qp, 0, 0);
	}
	rig_qp_connect(&guest.pair.qp[0], &guest.pair.qp[1]);
	guest.blocks = 0;
	model_reconnect(&model);
}

static void operate(struct fuzz_input *in)
{
	struct fab_loop *loop = guest.pair.rig.fabric->loop;

	switch (fuzz_take(in, 1) % OPS) {
	case WR_QUIET:
		post(in, true);
		break;
	case RECEIVE:
	case RECEIVE_2:
		post_receive(in);
		break;
	case WAIT:
		fuzz_wait(loop, WAIT_US, MAX_STEPS);
		model_wait(&model);
		break;
	case RECONNECT:
		reconnect();
		break;
	default:
		post(in, false);
	}
	fuzz_run(loop, MAX_STEPS);
	wqe_check_completions(&guest, &model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int ops = 0;

	reset((uint8_t)fuzz_take(&in, 1));
	while (in.size && ops++ < MAX_OPS)
		operate(&in);
	wqe_check_buffers(&guest, &model);
	wqe_check_tlps(&guest, &model);
	return 0;
}
