// SPDX-License-Identifier: MIT
#include <endian.h>

#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wqe_check.h"

const struct wqe_tag wqe_tags[TAGS] = { [TAG_BAR] = { 3, 0x5a, 2 }, [TAG_HOST] = { 5, 0x33, 1 } };

uint8_t *wqe_bar_bytes(struct wqe_guest *guest, int side)
{
	return (uint8_t *)guest->pair.rig.endpoint->bar[EP_MEMORY_BAR].host +
	       (unsigned int)side * MODEL_LEN;
}

static void check_completion(const struct wqe_guest *guest, const struct model_cqe *want,
			     const struct mlx5_cqe64 *got, int side)
{
	promise(rig_cqe_opcode(got) == want->opcode);
	promise(rig_cqe_syndrome(got) == want->syndrome);
	promise(be16toh(got->wqe_counter) == want->counter);
	promise((be32toh(got->sop_drop_qpn) & 0xffffff) == guest->pair.qp[side].qp->number);
	if (!side)
		promise(be32toh(got->sop_drop_qpn) >> 24 == want->wqe_opcode);
	if (want->syndrome)
		return;
	promise(be32toh(got->byte_cnt) == want->byte_count);
	promise(be32toh(got->imm_inval_pkey) == want->imm);
	promise(!(got->op_own & 2) == !want->solicited);
}

void wqe_check_completions(struct wqe_guest *guest, struct model *model)
{
	struct mlx5_cqe64 cqe;
	unsigned int n;
	int side;

	for (side = 0; side < 2; side++) {
		for (n = 0; rig_cq_poll(&guest->pair.cq[side], &cqe); n++) {
			promise(n < model->cqes[side]);
			check_completion(guest, &model->cqe[side][n], &cqe, side);
		}
		promise(n == model->cqes[side]);
		model->cqes[side] = 0;
	}
}

void wqe_check_buffers(struct wqe_guest *guest, const struct model *model)
{
	static const uint8_t nothing[NIC_PAGE];
	struct rig *rig = &guest->pair.rig;
	int side;

	for (side = 0; side < 2; side++) {
		const uint8_t *host = rig_at(rig, guest->buffer[side]);

		promise(!memcmp(host + NIC_PAGE, model->buffer[side], NIC_PAGE));
		promise(!memcmp(host, model->buffer[side] + NIC_PAGE, NIC_PAGE));
		promise(!memcmp(wqe_bar_bytes(guest, side), model->bar[side], MODEL_LEN));
		promise(!memcmp(rig_at(rig, guest->guard[side][0]), nothing, NIC_PAGE));
		promise(!memcmp(rig_at(rig, guest->guard[side][1]), nothing, NIC_PAGE));
	}
}

/* Requests without a tag include queue entries and doorbell records, but at the BAR. */
static void check_tally(const struct fab_tally *tally, const struct model *model,
			enum model_place place)
{
	uint64_t bytes[KINDS][TAGS] = { { 0 } };
	enum model_tag tag;
	uint32_t i;
	int kind;

	for (i = 0; i < tally->nrows; i++) {
		const struct fab_tally_row *row = &tally->rows[i];

		if (!row->bytes)
			continue;
		for (tag = TAG_NONE; row->tph.th && ++tag < TAGS;)
			if (row->tph.st == wqe_tags[tag].st && row->tph.ph == wqe_tags[tag].ph &&
			    !row->tph.extended)
				break;
		promise(tag < TAGS);
		bytes[row->kind == FAB_TLP_MWR ? KIND_WRITE : KIND_READ][tag] += row->bytes;
	}
	for (kind = 0; kind < KINDS; kind++)
		for (tag = place == PLACE_BAR ? TAG_NONE : TAG_BAR; tag < TAGS; tag++)
			promise(bytes[kind][tag] == model->bytes[place][kind][tag]);
}

void wqe_check_tlps(struct wqe_guest *guest, const struct model *model)
{
	struct rig *rig = &guest->pair.rig;
	uint64_t want = 0, got = 0;
	int place, kind, tag, side;

	for (side = 0; side < 2; side++) {
		check_tally(&rig->nic[side]->dev.to_memory, model, (enum model_place)side);
		got += rig->nic[side]->dev.sent[FAB_ORIGIN_PAYLOAD].bytes;
	}
	check_tally(&rig->endpoint->bar[EP_MEMORY_BAR].tally, model, PLACE_BAR);
	for (place = 0; place < PLACES; place++)
		for (kind = 0; kind < KINDS; kind++)
			for (tag = 0; tag < TAGS; tag++)
				want += model->bytes[place][kind][tag];
	promise(got == want);
}
