// SPDX-License-Identifier: MIT
/*
 * Work requests of a guest, as any bytes of the send queue (fuzz_wqe has fields that make sense).
 * Byte 0 says which service the queue pairs have and whether keys may be changed by UMR; then
 * follow requests: a byte of flags, the number of blocks, the blocks. Outside the keys nothing is
 * written, only writes with the key's tag reach the endpoint, and each request completes at most
 * once. With UMR the keys may come to cover all of the guest's memory, the queues too.
 *
 * The rig is opened once; what an input has changed is restored.
 */
#include <endian.h>

#include "fabric/core/mem.h"
#include "fabric/core/pci.h"
#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/fabric/rc_rig.h"
#include "tests/fabric/ud_rig.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/queues.h"

#define WINDOW	     (32u * NIC_PAGE) /* the guest's memory */
#define PAGES	     4u
#define LEN	     (PAGES * NIC_PAGE)
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

enum { KEY_0, KEY_1, KEY_BAR, KEYS };

/* A key and its translations, as made. */
struct kept_key {
	struct nic_mkey *mkey, was;
	uint64_t mtt[PAGES];
};

static struct guest {
	struct rig_pair pair;
	struct fuzz_queues connected;
	uint64_t guard[2], memory[2]; /* a page without key before each buffer */
	uint32_t key[KEYS];
	struct kept_key kept[KEYS];
	uint8_t window[WINDOW];
} guest;

static void keep_keys(void)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		struct kept_key *kept = &guest.kept[i];

		kept->mkey = rig_mkey(guest.pair.rig.nic[i != KEY_0], guest.key[i]);
		kept->was = *kept->mkey;
		promise(kept->was.mtts == PAGES);
		memcpy(kept->mtt, kept->was.mtt, sizeof(kept->mtt));
	}
}

/* DMA of a guest cannot ring doorbells of a NIC or write its registers: the test holds pointers to its objects. */
static void close_bars(struct fab_device *dev)
{
	const uint16_t command = PCI_COMMAND_MASTER;

	fab_device_cfg_write(dev, PCI_COMMAND, &command, sizeof(command));
	promise(!fab_mem_unmap(dev->mem, RIG_BUS, RIG_MEMORY));
	promise(!fab_mem_map(dev->mem, RIG_BUS, WINDOW, guest.pair.rig.fd, 0,
			     FAB_MEM_READ | FAB_MEM_WRITE));
}

static void open_guest(void)
{
	struct rig *rig = &guest.pair.rig;
	unsigned int i;

	rig_open(rig);
	rig_pair_make(&guest.pair, false);
	for (i = 0; i < 2; i++) {
		guest.guard[i] = rig_alloc(rig, NIC_PAGE);
		guest.memory[i] = rig_alloc(rig, LEN);
		guest.key[i] = rig_key(rig->nic[i], guest.pair.pd[i], RIGHTS, guest.memory[i], LEN);
		guest.pair.qp[i].qp->access = RIGHTS;
		close_bars(&rig->nic[i]->dev);
	}
	guest.key[KEY_BAR] = rig_key(rig->nic[1], guest.pair.pd[1], RIGHTS, RIG_EP_BUS, LEN);
	rig_mkey(rig->nic[1], guest.key[KEY_BAR])->umr_en = false;
	rig_tag(rig->nic[1], guest.key[KEY_BAR], PH, 3);
	rig_tph_enable(rig->nic[1], 1, 3, ST);
	keep_keys();
	fuzz_queues_keep(&guest.connected, &guest.pair);
	memcpy(guest.window, rig->memory, WINDOW);
}

/* True if a request has changed translations or bounds: its writes may have gone anywhere. */
static bool restore_keys(bool umr)
{
	bool changed = false;
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		struct kept_key *kept = &guest.kept[i];

		changed |= kept->mkey->start != kept->was.start ||
			   kept->mkey->len != kept->was.len || kept->mkey->length64 ||
			   kept->mkey->page_shift != kept->was.page_shift ||
			   memcmp(kept->mkey->mtt, kept->mtt, sizeof(kept->mtt)) != 0;
		*kept->mkey = kept->was;
		kept->mkey->umr_en = umr && i != KEY_BAR;
		memcpy(kept->mkey->mtt, kept->mtt, sizeof(kept->mtt));
	}
	return changed;
}

/* What the input before has written, requests and payload. */
static void restore_memory(bool all)
{
	struct rig *rig = &guest.pair.rig;
	struct fab_device *endpoint = rig->endpoint;
	const struct fab_tally *tally = &endpoint->bar[EP_MEMORY_BAR].tally;
	uint32_t i;

	for (i = 0; i < tally->nrows; i++)
		if (tally->rows[i].kind == FAB_TLP_MWR && tally->rows[i].tlps)
			memset(endpoint->bar[EP_MEMORY_BAR].host, 0, all ? RIG_EP_SIZE : LEN);
	if (all) {
		memcpy(rig->memory, guest.window, WINDOW);
		return;
	}
	memset(rig_at(rig, guest.pair.qp[0].sq), 0, guest.pair.qp[0].sq_pi * BLOCK);
	for (i = 0; i < 2; i++)
		if (rig->nic[0]->dev.sent[FAB_ORIGIN_PAYLOAD].tlps ||
		    rig->nic[1]->dev.sent[FAB_ORIGIN_PAYLOAD].tlps)
			memset(rig_at(rig, guest.memory[i]), 0, LEN);
}

static void restore(uint8_t how)
{
	static const uint8_t service[] = { MLX5_QPC_ST_RC, MLX5_QPC_ST_UC, MLX5_QPC_ST_UD };
	unsigned int i;

	restore_memory(restore_keys(how & WITH_UMR));
	fuzz_queues_restore(&guest.connected, &guest.pair);
	for (i = 0; i < 2; i++) {
		struct rig_qp *qp = &guest.pair.qp[i];

		if (service[how % 3] == MLX5_QPC_ST_UD)
			ud_make(qp, MLX5_QPC_ST_UD);
		else
			qp->qp->service = service[how % 3];
		DEVX_SET(qpc, qp->qp->context, fre, how & WITH_UMR ? 1 : 0);
	}
}

static void post(uint8_t flags, const uint8_t *bytes, uint32_t len)
{
	const struct nic_sge into = { .len = LEN / 2,
				      .lkey = guest.key[KEY_1],
				      .addr = RIG_VA + guest.memory[1] };
	struct rig_qp *qp = &guest.pair.qp[0];
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
		rig_post_recv(&guest.pair.qp[1], &into, 1);
	if (!(flags & NO_BELL))
		rig_ring(qp);
}

/* Pages beside the buffers. */
static void check_memory(void)
{
	static const uint8_t nothing[NIC_PAGE];
	struct rig *rig = &guest.pair.rig;

	promise(!memcmp(rig_at(rig, guest.guard[0]), nothing, NIC_PAGE));
	promise(!memcmp(rig_at(rig, guest.guard[1]), nothing, NIC_PAGE));
	promise(!memcmp(rig_at(rig, guest.memory[1] + LEN), nothing, NIC_PAGE));
}

static void check_tags(const struct fab_tally *tally)
{
	uint32_t i;

	for (i = 0; i < tally->nrows; i++) {
		const struct fab_tally_row *row = &tally->rows[i];

		if (row->kind == FAB_TLP_MWR && row->tlps)
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
	unsigned int requests = 0;
	uint8_t how;

	if (!size)
		return 0;
	how = data[0];
	data++;
	size--;
	if (!guest.pair.rig.fabric)
		open_guest();
	restore(how);
	while (size > 2 && requests < MAX_REQUESTS) {
		uint8_t flags = data[0];
		size_t len = (1 + data[1] % MAX_BLOCKS) * BLOCK;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		post(flags, data, (uint32_t)len);
		data += len;
		size -= len;
		requests++;
		fuzz_run(guest.pair.rig.fabric->loop, MAX_STEPS);
	}
	if (how & WITH_UMR)
		return 0;
	check_memory();
	check_tags(&guest.pair.rig.endpoint->bar[EP_MEMORY_BAR].tally);
	check_completions(&guest.pair.cq[0], 64);
	check_completions(&guest.pair.cq[1], requests + 1);
	return 0;
}
