// SPDX-License-Identifier: MIT
/*
 * Work requests of a guest, as any bytes of the send queue (fuzz_wqe has fields that make sense).
 * Byte 0 says which service the queue pairs have and whether keys may be changed by UMR; then
 * follow requests: a byte of flags, the number of blocks, the blocks. Outside the keys nothing is
 * written, only writes with the key's tag reach the endpoint, and each request completes at most
 * once.
 */
#include <endian.h>

#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/fabric/rc_rig.h"
#include "tests/fabric/ud_rig.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/fuzz.h"

#define LEN	     (4u * NIC_PAGE)
#define BLOCK	     64u
#define MAX_BLOCKS   4u
#define MAX_REQUESTS 12u /* at most 48 blocks of 64: the queue never laps */
#define MAX_STEPS    4096
#define RIGHTS	     0xff
#define ST	     0x5a
#define PH	     2

#define RAW	     0x01 /* the control segment stays as it is: index and queue pair may be wrong */
#define NO_BELL	     0x02
#define NO_ROOM	     0x04 /* no receive is posted */
#define WITH_UMR     0x80

struct guest {
	struct rig_pair pair;
	uint64_t guard[2], memory[2]; /* a page without key before each buffer */
	uint32_t key[2], bar_key;
};

static void open_guest(struct guest *guest, uint8_t how)
{
	static const uint8_t service[] = { MLX5_QPC_ST_RC, MLX5_QPC_ST_UC, MLX5_QPC_ST_UD };
	struct rig *rig = &guest->pair.rig;
	unsigned int i;

	if (!rig->fabric)
		rig_open(rig);
	rig_reset(rig);
	rig_pair_make(&guest->pair, false);
	for (i = 0; i < 2; i++) {
		struct rig_qp *qp = &guest->pair.qp[i];

		if (service[how % 3] == MLX5_QPC_ST_UD)
			ud_make(qp, MLX5_QPC_ST_UD);
		else
			qp->qp->service = service[how % 3];
		qp->qp->access = RIGHTS;
		guest->guard[i] = rig_alloc(rig, NIC_PAGE);
		guest->memory[i] = rig_alloc(rig, LEN);
		guest->key[i] =
			rig_key(rig->nic[i], guest->pair.pd[i], RIGHTS, guest->memory[i], LEN);
		rig_mkey(rig->nic[i], guest->key[i])->umr_en = how & WITH_UMR;
	}
	guest->bar_key = rig_key(rig->nic[1], guest->pair.pd[1], RIGHTS, RIG_EP_BUS, LEN);
	rig_mkey(rig->nic[1], guest->bar_key)->umr_en = false;
	rig_tag(rig->nic[1], guest->bar_key, PH, 3);
	rig_tph_enable(rig->nic[1], 1, 3, ST);
}

static void post(struct guest *guest, uint8_t flags, const uint8_t *bytes, uint32_t len)
{
	const struct nic_sge into = { .len = LEN / 2,
				      .lkey = guest->key[1],
				      .addr = RIG_VA + guest->memory[1] };
	struct rig_qp *qp = &guest->pair.qp[0];
	uint8_t *wqe = (uint8_t *)rig_at(qp->rig, qp->sq) + qp->sq_pi * BLOCK;

	memcpy(wqe, bytes, len);
	if (!(flags & RAW)) {
		wqe[1] = (uint8_t)(qp->sq_pi >> 8);
		wqe[2] = (uint8_t)qp->sq_pi;
		wqe[4] = (uint8_t)(qp->qp->number >> 16);
		wqe[5] = (uint8_t)(qp->qp->number >> 8);
		wqe[6] = (uint8_t)qp->qp->number;
	}
	qp->sq_pi = (uint16_t)(qp->sq_pi + (len + BLOCK - 1) / BLOCK);
	if (!(flags & NO_ROOM))
		rig_post_recv(&guest->pair.qp[1], &into, 1);
	if (!(flags & NO_BELL))
		rig_ring(qp);
}

static void check_memory(struct guest *guest)
{
	struct rig *rig = &guest->pair.rig;

	promise(rig_zero(rig, guest->guard[0], NIC_PAGE));
	promise(rig_zero(rig, guest->guard[1], NIC_PAGE));
	promise(rig_zero(rig, guest->memory[1] + LEN, NIC_PAGE));
}

static void check_tags(const struct fab_tally *tally)
{
	uint32_t i;

	for (i = 0; i < tally->nrows; i++) {
		const struct fab_tally_row *row = &tally->rows[i];

		if (row->kind == FAB_TLP_MWR)
			promise(row->tph.th && !row->tph.extended && row->tph.st == ST &&
				row->tph.ph == PH);
	}
}

static void check_completions(struct rig_cq *cq, unsigned int most)
{
	struct mlx5_cqe64 cqe;
	unsigned int count = 0;

	while (rig_cq_poll(cq, &cqe))
		promise(++count <= most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest guest; /* opened once, reset for each input */
	unsigned int requests = 0;
	uint8_t how;

	if (!size)
		return 0;
	how = data[0];
	data++;
	size--;
	open_guest(&guest, how);
	while (size > 2 && requests < MAX_REQUESTS) {
		uint8_t flags = data[0];
		size_t len = (1 + data[1] % MAX_BLOCKS) * BLOCK;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		post(&guest, flags, data, (uint32_t)len);
		data += len;
		size -= len;
		requests++;
		fuzz_run(guest.pair.rig.fabric->loop, MAX_STEPS);
	}
	if (!(how & WITH_UMR)) {
		check_memory(&guest);
		check_tags(&guest.pair.rig.endpoint->bar[EP_MEMORY_BAR].tally);
	}
	check_completions(&guest.pair.cq[0], 64);
	check_completions(&guest.pair.cq[1], requests + 1);
	return 0;
}
