// SPDX-License-Identifier: MIT
/* Payload carries the hint of the key of the access; no other TLP carries one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "fabric/endpoint/regs.h"
#include "tests/fabric/rc_rig.h"

#define LEN   65537u
#define INDEX 5
#define ST    0x1234
#define PH    2

struct tag_rig {
	struct rig_pair pair;
	uint64_t near;
	struct nic_sge sge;
	struct rig_wr wr; /* RDMA write of LEN bytes into the endpoint, offset 3 */
};

static void open_rig(struct tag_rig *t)
{
	struct rig *rig = &t->pair.rig;
	uint8_t rights = NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE;

	rig_pair_open(&t->pair, false);
	t->near = rig_alloc(rig, LEN);
	rig_fill(rig, t->near, LEN, 4);
	t->sge = (struct nic_sge){ .len = LEN, .addr = RIG_VA + t->near };
	t->sge.lkey = rig_key(rig->nic[0], t->pair.pd[0], rights, t->near, LEN);
	t->wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
				 .sge = &t->sge,
				 .nsge = 1,
				 .remote_va = RIG_VA + RIG_EP_BUS + 3 };
	t->wr.rkey = rig_key(rig->nic[1], t->pair.pd[1], rights, RIG_EP_BUS + 3, LEN);
	rig_tph_enable(rig->nic[0], FAB_TPH_EXT, INDEX, ST + 1);
	rig_tph_enable(rig->nic[1], FAB_TPH_EXT, INDEX, ST);
}

static void run(struct tag_rig *t)
{
	struct mlx5_cqe64 cqe;

	rig_post(&t->pair.qp[0], &t->wr);
	assert_true(rig_cq_wait(&t->pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
}

static const struct fab_tally *endpoint_tally(struct tag_rig *t)
{
	return &t->pair.rig.endpoint->bar[EP_MEMORY_BAR].tally;
}

/* All TLPs to the endpoint are of one type with one hint and cover LEN bytes. */
static void expect_row(struct tag_rig *t, enum fab_tlp_kind kind, struct fab_tph tph)
{
	const struct fab_tally *tally = endpoint_tally(t);
	struct nic *nic = t->pair.rig.nic[1];
	uint32_t split = kind == FAB_TLP_MWR ? fab_cfg_mps(&nic->dev) : fab_cfg_mrrs(&nic->dev);

	assert_int_equal(tally->nrows, 1);
	assert_int_equal(tally->other_tlps, 0);
	assert_int_equal(tally->rows[0].kind, kind);
	assert_int_equal(tally->rows[0].tph.th, tph.th);
	assert_int_equal(tally->rows[0].tph.extended, tph.extended);
	assert_int_equal(tally->rows[0].tph.st, tph.st);
	assert_int_equal(tally->rows[0].tph.ph, tph.ph);
	assert_int_equal(tally->rows[0].bytes, LEN);
	assert_int_equal(tally->rows[0].tlps, fab_tlp_count(RIG_EP_BUS + 3, LEN, split));
}

/* The control structures of both NICs never carry a hint; neither does the payload of the named NIC. */
static void expect_untagged_control(struct tag_rig *t, int payload_untagged)
{
	int i, origin;

	for (i = 0; i < 2; i++)
		for (origin = FAB_ORIGIN_PAYLOAD + 1; origin < FAB_ORIGIN_COUNT; origin++)
			assert_int_equal(t->pair.rig.nic[i]->dev.sent[origin].tagged, 0);
	assert_int_not_equal(t->pair.rig.nic[0]->dev.sent[FAB_ORIGIN_WQE].tlps, 0);
	assert_int_not_equal(t->pair.rig.nic[0]->dev.sent[FAB_ORIGIN_CQE].tlps, 0);
	assert_int_equal(t->pair.rig.nic[payload_untagged]->dev.sent[FAB_ORIGIN_PAYLOAD].tagged, 0);
	assert_int_not_equal(t->pair.rig.nic[payload_untagged]->dev.sent[FAB_ORIGIN_PAYLOAD].tlps,
			     0);
}

static void untagged_write_has_no_hint(void **state)
{
	struct tag_rig t;

	(void)state;
	open_rig(&t);
	run(&t);
	expect_row(&t, FAB_TLP_MWR, (struct fab_tph){ 0 });
	expect_untagged_control(&t, 0);
	expect_untagged_control(&t, 1);
	assert_memory_equal((uint8_t *)t.pair.rig.endpoint->bar[EP_MEMORY_BAR].host + 3,
			    rig_at(&t.pair.rig, t.near), LEN);
	rig_pair_close(&t.pair);
}

static void write_carries_exactly_the_tag_of_the_remote_key(void **state)
{
	struct tag_rig t;

	(void)state;
	open_rig(&t);
	rig_tag(t.pair.rig.nic[1], t.wr.rkey, PH, INDEX);
	run(&t);
	expect_row(&t, FAB_TLP_MWR,
		   (struct fab_tph){ .th = true, .extended = true, .st = ST, .ph = PH });
	expect_untagged_control(&t, 0);
	assert_memory_equal((uint8_t *)t.pair.rig.endpoint->bar[EP_MEMORY_BAR].host + 3,
			    rig_at(&t.pair.rig, t.near), LEN);
	rig_pair_close(&t.pair);
}

static void eight_bit_requester_sends_eight_bit_tags(void **state)
{
	struct tag_rig t;

	(void)state;
	open_rig(&t);
	rig_tph_enable(t.pair.rig.nic[1], FAB_TPH_8BIT, INDEX, 0x5a);
	rig_tag(t.pair.rig.nic[1], t.wr.rkey, PH, INDEX);
	run(&t);
	expect_row(&t, FAB_TLP_MWR, (struct fab_tph){ .th = true, .st = 0x5a, .ph = PH });
	rig_pair_close(&t.pair);
}

static void read_carries_the_tag_of_the_remote_key(void **state)
{
	struct tag_rig t;

	(void)state;
	open_rig(&t);
	t.wr.opcode = MLX5_OPCODE_RDMA_READ;
	rig_tag(t.pair.rig.nic[1], t.wr.rkey, PH, INDEX);
	run(&t);
	expect_row(&t, FAB_TLP_MRD,
		   (struct fab_tph){ .th = true, .extended = true, .st = ST, .ph = PH });
	expect_untagged_control(&t, 0);
	assert_true(rig_zero(&t.pair.rig, t.near, LEN));
	rig_pair_close(&t.pair);
}

static void received_message_carries_the_tag_of_the_receive_key(void **state)
{
	struct tag_rig t;
	struct nic_sge into;

	(void)state;
	open_rig(&t);
	into = (struct nic_sge){ .len = LEN, .lkey = t.wr.rkey, .addr = t.wr.remote_va };
	rig_tag(t.pair.rig.nic[1], t.wr.rkey, PH, INDEX);
	rig_post_recv(&t.pair.qp[1], &into, 1);
	t.wr.opcode = MLX5_OPCODE_SEND;
	run(&t);
	expect_row(&t, FAB_TLP_MWR,
		   (struct fab_tph){ .th = true, .extended = true, .st = ST, .ph = PH });
	expect_untagged_control(&t, 0);
	rig_pair_close(&t.pair);
}

/* The tagged row of the requests to guest memory: there is one. */
static const struct fab_tally_row *tagged_row(const struct fab_device *dev)
{
	const struct fab_tally_row *found = NULL;
	uint32_t row;

	for (row = 0; row < dev->to_memory.nrows; row++) {
		if (!dev->to_memory.rows[row].tph.th)
			continue;
		assert_null(found);
		found = &dev->to_memory.rows[row];
	}
	assert_non_null(found);
	return found;
}

/* The sender's own key: its reads for a write, and the response data of a read. */
static void local_key_tags_local_accesses_only(void **state)
{
	int read;

	(void)state;
	for (read = 0; read < 2; read++) {
		struct tag_rig t;
		const struct fab_tally_row *row;
		const struct fab_sent *sent;

		open_rig(&t);
		t.wr.opcode = read ? MLX5_OPCODE_RDMA_READ : MLX5_OPCODE_RDMA_WRITE;
		rig_tag(t.pair.rig.nic[0], t.sge.lkey, PH, INDEX);
		run(&t);
		expect_row(&t, read ? FAB_TLP_MRD : FAB_TLP_MWR, (struct fab_tph){ 0 });
		expect_untagged_control(&t, 1);
		sent = &t.pair.rig.nic[0]->dev.sent[FAB_ORIGIN_PAYLOAD];
		assert_int_equal(sent->tagged, sent->tlps);
		row = tagged_row(&t.pair.rig.nic[0]->dev);
		assert_int_equal(row->kind, read ? FAB_TLP_MWR : FAB_TLP_MRD);
		assert_int_equal(row->tph.st, ST + 1);
		assert_int_equal(row->bytes, LEN);
		rig_pair_close(&t.pair);
	}
}

/* More pages than are translated or collected at once, of which no two follow each other. */
static void each_page_of_a_scattered_buffer_is_counted(void **state)
{
	const uint32_t pages = 200, skip = 5, len = pages * NIC_PAGE - 100;
	const uint8_t rights = NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE;

	(void)state;
	for (int read = 0; read < 2; read++) {
		struct tag_rig t;
		struct rig *rig = &t.pair.rig;
		const struct fab_tally_row *row;
		struct fab_device *dev;
		struct nic_mkey *mkey;
		uint64_t near;
		uint8_t *far;
		uint32_t i, off = 0, n, tlps = 0;

		open_rig(&t);
		dev = &rig->nic[0]->dev;
		near = rig_alloc(rig, (uint64_t)pages * NIC_PAGE);
		far = (uint8_t *)rig->endpoint->bar[EP_MEMORY_BAR].host + 3;
		rig_fill(rig, near, pages * NIC_PAGE, 6);
		for (i = 0; i < len; i++)
			far[i] = (uint8_t)(i * 11 + (i >> 12));
		t.wr.opcode = read ? MLX5_OPCODE_RDMA_READ : MLX5_OPCODE_RDMA_WRITE;
		t.wr.rkey = rig_key(rig->nic[1], t.pair.pd[1], rights, RIG_EP_BUS + 3, len);
		t.sge = (struct nic_sge){ .len = len, .addr = RIG_VA + near + skip };
		t.sge.lkey = rig_key(rig->nic[0], t.pair.pd[0], rights, near + skip, len);
		mkey = rig_mkey(rig->nic[0], t.sge.lkey);
		for (i = 0; i < pages; i++)
			mkey->mtt[i] = (near + (pages - 1 - i) * NIC_PAGE) | NIC_MTT_READ |
				       NIC_MTT_WRITE;
		rig_tag(rig->nic[0], t.sge.lkey, PH, INDEX);
		run(&t);
		for (i = 0; i < pages; i++, off += n) {
			uint64_t at = near + (pages - 1 - i) * NIC_PAGE + (i ? 0 : skip);

			n = NIC_PAGE - (i ? 0 : skip);
			n = n < len - off ? n : len - off;
			assert_memory_equal(rig_at(rig, at), far + off, n);
			tlps += fab_tlp_count(at, n, read ? fab_cfg_mps(dev) : fab_cfg_mrrs(dev));
		}
		assert_int_equal(off, len);
		row = tagged_row(dev);
		assert_int_equal(row->kind, read ? FAB_TLP_MWR : FAB_TLP_MRD);
		assert_int_equal(row->bytes, len);
		assert_int_equal(row->tlps, tlps);
		assert_int_equal(dev->sent[FAB_ORIGIN_PAYLOAD].tagged, tlps);
		rig_pair_close(&t.pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untagged_write_has_no_hint),
		cmocka_unit_test(write_carries_exactly_the_tag_of_the_remote_key),
		cmocka_unit_test(eight_bit_requester_sends_eight_bit_tags),
		cmocka_unit_test(read_carries_the_tag_of_the_remote_key),
		cmocka_unit_test(received_message_carries_the_tag_of_the_receive_key),
		cmocka_unit_test(local_key_tags_local_accesses_only),
		cmocka_unit_test(each_page_of_a_scattered_buffer_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
