// SPDX-License-Identifier: MIT
/*
 * Fetch-and-add and compare-and-swap: results, byte order of the answer, refusals without a
 * change of memory, the TLPs in a BAR; each executes exactly once, whatever delays it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "fabric/endpoint/regs.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/queues/qp.h"
#include "tests/fabric/nic_fault_rig.h"
#include "tests/fabric/rc_rig.h"

#define RIGHTS (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)
#define BIG    0x1122334455667788ull

struct atomic_rig {
	struct rig_pair pair;
	uint64_t near, far; /* a page each */
	struct nic_sge sge;
	uint32_t far_key;
};

static void open_rig(struct atomic_rig *a, bool loopback)
{
	struct rig *rig = &a->pair.rig;
	int i;

	rig_pair_open(&a->pair, loopback);
	for (i = 0; i < 2; i++) {
		a->pair.qp[i].qp->access |= NIC_REMOTE_ATOMIC;
		a->pair.rig.nic[i]->atomic_host_order = true;
	}
	a->near = rig_alloc(rig, NIC_PAGE);
	a->far = rig_alloc(rig, NIC_PAGE);
	a->sge = (struct nic_sge){ .len = 8, .addr = RIG_VA + a->near };
	a->sge.lkey = rig_key(a->pair.qp[0].qp->nic, a->pair.pd[0], RIGHTS, a->near, NIC_PAGE);
	a->far_key = rig_key(a->pair.qp[1].qp->nic, a->pair.pd[1], RIGHTS | NIC_REMOTE_ATOMIC,
			     a->far, NIC_PAGE);
}

static uint64_t *at(struct atomic_rig *a, uint64_t bus)
{
	return rig_at(&a->pair.rig, bus);
}

static struct rig_wr fetch_add(struct atomic_rig *a, uint64_t add)
{
	return (struct rig_wr){ .opcode = MLX5_OPCODE_ATOMIC_FA,
				.sge = &a->sge,
				.nsge = 1,
				.rkey = a->far_key,
				.remote_va = RIG_VA + a->far,
				.swap_add = add };
}

static struct rig_wr compare_swap(struct atomic_rig *a, uint64_t compare, uint64_t swap)
{
	struct rig_wr wr = fetch_add(a, swap);

	wr.opcode = MLX5_OPCODE_ATOMIC_CS;
	wr.compare = compare;
	return wr;
}

static void expect(struct rig_cq *cq, uint8_t syndrome)
{
	struct mlx5_cqe64 cqe;

	assert_true(rig_cq_wait(cq, &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), syndrome);
}

static void succeed(struct atomic_rig *a, const struct rig_wr *wr)
{
	struct mlx5_cqe64 cqe;

	rig_post(&a->pair.qp[0], wr);
	assert_true(rig_cq_wait(&a->pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	assert_int_equal(be32toh(cqe.sop_drop_qpn) >> 24, wr->opcode);
	assert_int_equal(be32toh(cqe.byte_cnt), 8);
}

/* The request fails with this syndrome and the target keeps its value. */
static void refused(struct atomic_rig *a, const struct rig_wr *wr, uint8_t syndrome)
{
	at(a, a->far)[0] = BIG;
	at(a, a->far)[1] = BIG;
	rig_post(&a->pair.qp[0], wr);
	expect(&a->pair.cq[0], syndrome);
	assert_int_equal(a->pair.qp[0].qp->state, NIC_QP_ERR);
	assert_true(at(a, a->far)[0] == BIG && at(a, a->far)[1] == BIG);
}

static void fetch_add_returns_the_old_value(void **state)
{
	const struct {
		uint64_t before, add;
	} cases[] = {
		{ 0, 1 }, { BIG, 0 }, { BIG, BIG }, { UINT64_MAX, 1 }, { 1, UINT64_MAX },
	};
	struct atomic_rig a;
	size_t i, loopback;

	(void)state;
	for (loopback = 0; loopback < 2; loopback++) {
		open_rig(&a, loopback);
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct rig_wr wr = fetch_add(&a, cases[i].add);

			*at(&a, a.far) = htole64(cases[i].before);
			succeed(&a, &wr);
			assert_true(*at(&a, a.far) == htole64(cases[i].before + cases[i].add));
			assert_true(*at(&a, a.near) == htole64(cases[i].before));
			assert_true(at(&a, a.near)[1] == 0 && at(&a, a.far)[1] == 0);
		}
		rig_pair_close(&a.pair);
	}
}

static void compare_swap_swaps_on_equal_only(void **state)
{
	struct atomic_rig a;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	*at(&a, a.far) = htole64(BIG);
	wr = compare_swap(&a, BIG - 1, 5);
	succeed(&a, &wr);
	assert_true(*at(&a, a.far) == htole64(BIG) && *at(&a, a.near) == htole64(BIG));
	wr = compare_swap(&a, BIG, 5);
	succeed(&a, &wr);
	assert_true(*at(&a, a.far) == htole64(5) && *at(&a, a.near) == htole64(BIG));
	rig_pair_close(&a.pair);
}

/* Until the driver has set host order (SET_HCA_CAP) the answer is big endian, as on the wire. */
static void answer_is_in_the_order_that_was_set(void **state)
{
	struct atomic_rig a;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	a.pair.rig.nic[0]->atomic_host_order = false;
	*at(&a, a.far) = htole64(BIG);
	wr = fetch_add(&a, 1);
	succeed(&a, &wr);
	assert_true(*at(&a, a.near) == htobe64(BIG) && *at(&a, a.far) == htole64(BIG + 1));
	rig_pair_close(&a.pair);
}

static void answer_is_scattered(void **state)
{
	struct atomic_rig a;
	struct nic_sge sge[3];
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	sge[0] = (struct nic_sge){ .len = 3, .lkey = a.sge.lkey, .addr = a.sge.addr };
	sge[1] = (struct nic_sge){ .len = 5, .lkey = a.sge.lkey, .addr = a.sge.addr + 16 };
	sge[2] = (struct nic_sge){ .len = 8,
				   .lkey = a.sge.lkey,
				   .addr = a.sge.addr + 64 }; /* longer than the answer */
	wr = fetch_add(&a, 1);
	wr.sge = sge;
	wr.nsge = 3;
	*at(&a, a.far) = htole64(BIG);
	succeed(&a, &wr);
	assert_memory_equal(rig_at(&a.pair.rig, a.near), "\x88\x77\x66", 3);
	assert_memory_equal(rig_at(&a.pair.rig, a.near + 16), "\x55\x44\x33\x22\x11", 5);
	assert_true(rig_zero(&a.pair.rig, a.near + 64, 8));
	rig_pair_close(&a.pair);
}

/* InfiniBand 9.4.5: the responder refuses an address that is not a multiple of 8. */
static void unaligned_address_is_an_invalid_request(void **state)
{
	struct atomic_rig a;
	struct rig_wr wr;
	uint32_t off;

	(void)state;
	for (off = 1; off < 8; off++) {
		open_rig(&a, off & 1);
		wr = off & 2 ? fetch_add(&a, 1) : compare_swap(&a, BIG, 1);
		wr.remote_va += off;
		refused(&a, &wr, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
		assert_int_equal(a.pair.qp[1].qp->state, NIC_QP_ERR);
		rig_pair_close(&a.pair);
	}
}

static void rights_are_checked(void **state)
{
	struct atomic_rig a;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	a.pair.qp[1].qp->access &=
		(uint8_t)~NIC_REMOTE_ATOMIC; /* read and write are not sufficient */
	wr = fetch_add(&a, 1);
	refused(&a, &wr, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	rig_pair_close(&a.pair);

	open_rig(&a, false);
	rig_mkey(a.pair.rig.nic[1], a.far_key)->access &= (uint8_t)~NIC_REMOTE_ATOMIC;
	refused(&a, &wr, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
	rig_pair_close(&a.pair);

	open_rig(&a, false);
	wr = fetch_add(&a, 1);
	wr.remote_va += NIC_PAGE; /* past the region */
	refused(&a, &wr, MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
	assert_int_equal(a.pair.qp[1].qp->state, NIC_QP_ERR);
	rig_pair_close(&a.pair);
}

/* Errors of the requester are detected before the responder executes. */
static void requester_is_checked_first(void **state)
{
	uint8_t data[8] = { 0 };
	struct atomic_rig a;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	a.sge.len = 7;
	wr = fetch_add(&a, 1);
	refused(&a, &wr, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	rig_pair_close(&a.pair);

	open_rig(&a, false);
	rig_mkey(a.pair.rig.nic[0], a.sge.lkey)->access &= (uint8_t)~NIC_LOCAL_WRITE;
	refused(&a, &wr, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR);
	rig_pair_close(&a.pair);

	open_rig(&a, false);
	wr = fetch_add(&a, 1);
	wr.inline_data = data;
	wr.inline_len = sizeof(data);
	wr.nsge = 0;
	refused(&a, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	rig_pair_close(&a.pair);

	open_rig(&a, false);
	wr = fetch_add(&a, 1);
	wr.ds = 2; /* ends after the remote address segment */
	refused(&a, &wr, MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR);
	assert_int_equal(a.pair.qp[1].qp->state, NIC_QP_RTS);
	rig_pair_close(&a.pair);
}

static void bus_error_is_a_remote_operation_error(void **state)
{
	struct atomic_rig a;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	rig_mkey(a.pair.rig.nic[1], a.far_key)->mtt[0] = 0xdead00000000 | NIC_MTT_READ |
							 NIC_MTT_WRITE;
	wr = fetch_add(&a, 1);
	refused(&a, &wr, MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
	rig_pair_close(&a.pair);
}

static const struct fab_tally_row *row(const struct fab_tally *tally, enum fab_tlp_kind kind)
{
	uint32_t i;

	for (i = 0; i < tally->nrows; i++)
		if (tally->rows[i].kind == kind)
			return &tally->rows[i];
	return NULL;
}

/*
 * A read and a write of 8 bytes with the tag of the key; a compare-and-swap that does not swap
 * writes nothing.
 */
static void bar_sees_a_read_and_a_write(void **state)
{
	struct atomic_rig a;
	struct nic *responder;
	const struct fab_tally *tally;
	uint64_t *word;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	responder = a.pair.rig.nic[1];
	word = a.pair.rig.endpoint->bar[EP_MEMORY_BAR].host;
	tally = &a.pair.rig.endpoint->bar[EP_MEMORY_BAR].tally;
	rig_tph_enable(responder, FAB_TPH_EXT, 5, 0x1234);
	a.far_key = rig_key(responder, a.pair.pd[1], NIC_REMOTE_ATOMIC, RIG_EP_BUS, NIC_PAGE);
	rig_tag(responder, a.far_key, 2, 5);
	word[1] = htole64(BIG);
	wr = fetch_add(&a, 3);
	wr.remote_va = RIG_VA + RIG_EP_BUS + 8;
	succeed(&a, &wr);
	assert_true(word[1] == htole64(BIG + 3) && *at(&a, a.near) == htole64(BIG));
	assert_int_equal(tally->nrows, 2);
	assert_int_equal(row(tally, FAB_TLP_MRD)->tlps, 1);
	assert_int_equal(row(tally, FAB_TLP_MRD)->bytes, 8);
	assert_int_equal(row(tally, FAB_TLP_MWR)->tlps, 1);
	assert_int_equal(row(tally, FAB_TLP_MWR)->bytes, 8);
	assert_int_equal(row(tally, FAB_TLP_MRD)->tph.st, 0x1234);
	assert_int_equal(row(tally, FAB_TLP_MWR)->tph.st, 0x1234);
	assert_int_equal(row(tally, FAB_TLP_MWR)->tph.ph, 2);
	wr = compare_swap(&a, 0, 9);
	wr.remote_va = RIG_VA + RIG_EP_BUS + 8;
	succeed(&a, &wr);
	assert_int_equal(row(tally, FAB_TLP_MRD)->tlps, 2);
	assert_int_equal(row(tally, FAB_TLP_MWR)->tlps, 1);
	rig_pair_close(&a.pair);
}

/* The peer cannot receive yet: the request is retried and executed once. */
static void a_request_that_waits_executes_once(void **state)
{
	struct atomic_rig a;
	struct rig_wr wr;

	(void)state;
	open_rig(&a, false);
	a.pair.qp[0].qp->ack_timeout = 8; /* 1 ms */
	nic_qp_set_state(a.pair.qp[1].qp, NIC_QP_INIT);
	wr = fetch_add(&a, 1);
	rig_post(&a.pair.qp[0], &wr);
	rig_run_ms(&a.pair.rig, 3);
	assert_true(a.pair.rig.nic[0]->retry_events > 0);
	nic_qp_set_state(a.pair.qp[1].qp, NIC_QP_RTS);
	expect(&a.pair.cq[0], 0);
	assert_true(*at(&a, a.far) == htole64(1) && *at(&a, a.near) == 0);
	rig_pair_close(&a.pair);
}

static void many_requests_all_count(void **state)
{
	struct atomic_rig a;
	uint64_t i;

	(void)state;
	open_rig(&a, true);
	for (i = 0; i < 500; i++) {
		struct rig_wr wr = fetch_add(&a, 1);

		succeed(&a, &wr);
		assert_true(*at(&a, a.near) == htole64(i));
	}
	rig_pair_close(&a.pair);
}

/* Either buffer is absent first; the driver answers; the value has been added once. */
static void page_fault_executes_once(void **state)
{
	struct client *client = *state;
	int end, error;

	for (end = REQUESTER; end <= RESPONDER; end++) {
		for (error = 0; error < 2; error++) {
			struct fault_rig f;
			struct fault_seen seen;
			uint64_t *word, *answer;

			fault_rig_open(&f, client, (enum fault_end)end, true);
			f.nic[REQUESTER]->atomic_host_order = true;
			f.qp[RESPONDER].qp->access |= NIC_REMOTE_ATOMIC;
			rig_mkey(f.nic[RESPONDER], f.key[RESPONDER])->access |= NIC_REMOTE_ATOMIC;
			word = rig_at(f.rig, f.bus[RESPONDER] + 4);
			answer = rig_at(f.rig, f.bus[REQUESTER] + 4); /* aligned for this test */
			*word = htole64(BIG);
			fault_zap(f.nic[end], f.key[end], 0);
			f.sge[REQUESTER].len = 8;
			f.sge[REQUESTER].addr += 4;
			rig_post(&f.qp[REQUESTER],
				 &(struct rig_wr){ .opcode = MLX5_OPCODE_ATOMIC_FA,
						   .sge = &f.sge[REQUESTER],
						   .nsge = 1,
						   .rkey = f.key[RESPONDER],
						   .remote_va = RIG_VA + f.bus[RESPONDER] + 4,
						   .swap_add = 1 });
			seen = fault_expect(&f);
			assert_true(*word == htole64(BIG));
			if (!error)
				fault_map(f.nic[end], f.key[end], f.bus[end]);
			assert_int_equal(fault_resume(&f, seen.token, error), NIC_CMD_OK);
			expect(&f.cq[REQUESTER], !error ? 0 :
						 end == REQUESTER ?
							  MLX5_CQE_SYNDROME_LOCAL_ACCESS_ERR :
							  MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR);
			assert_true(*word == htole64(BIG + (error ? 0 : 1)));
			assert_true(error || *answer == htole64(BIG));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetch_add_returns_the_old_value),
		cmocka_unit_test(compare_swap_swaps_on_equal_only),
		cmocka_unit_test(answer_is_in_the_order_that_was_set),
		cmocka_unit_test(answer_is_scattered),
		cmocka_unit_test(unaligned_address_is_an_invalid_request),
		cmocka_unit_test(rights_are_checked),
		cmocka_unit_test(requester_is_checked_first),
		cmocka_unit_test(bus_error_is_a_remote_operation_error),
		cmocka_unit_test(bar_sees_a_read_and_a_write),
		cmocka_unit_test(a_request_that_waits_executes_once),
		cmocka_unit_test(many_requests_all_count),
		cmocka_unit_test_setup_teardown(page_fault_executes_once, client_setup,
						client_teardown),
	};

	return cmocka_run_group_tests_name("rc_atomic", tests, NULL, NULL);
}
