// SPDX-License-Identifier: MIT
/*
 * Counters that a guest reads: those of the port and of counter sets, compared with traffic and
 * errors of known size.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/counters.h"
#include "tests/fabric/rc_rig.h"

#define RIGHTS (NIC_LOCAL_READ | NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE)
#define LEN    10000u

static uint8_t in[DEVX_ST_SZ_BYTES(query_q_counter_in)] __attribute__((aligned(8)));
static uint8_t out[DEVX_ST_SZ_BYTES(query_vport_counter_out)] __attribute__((aligned(8)));

static int setup(void **state)
{
	static struct rig_pair pair;

	rig_pair_open(&pair, false);
	pair.qp[0].qp->mtu = pair.qp[1].qp->mtu = 3; /* 1024 bytes */
	*state = &pair;
	return 0;
}

static int teardown(void **state)
{
	rig_pair_close(*state);
	return 0;
}

static uint8_t run(struct nic *nic, uint16_t opcode, uint8_t set, bool clear)
{
	memset(in, 0, sizeof(in));
	memset(out, 0, sizeof(out));
	DEVX_SET(query_q_counter_in, in, opcode, opcode);
	if (opcode == MLX5_CMD_OP_DEALLOC_Q_COUNTER)
		DEVX_SET(dealloc_q_counter_in, in, counter_set_id, set);
	else if (opcode == MLX5_CMD_OP_QUERY_Q_COUNTER)
		DEVX_SET(query_q_counter_in, in, counter_set_id, set);
	if (clear)
		DEVX_SET(query_q_counter_in, in, clear, 1); /* at the same offset for the port */
	nic->hca_enabled = nic->hca_initialised = true;
	nic_cmd_run(nic, in, sizeof(in), out, sizeof(out));
	return out[0];
}

static uint8_t new_set(struct nic *nic)
{
	assert_int_equal(run(nic, MLX5_CMD_OP_ALLOC_Q_COUNTER, 0, false), NIC_CMD_OK);
	return (uint8_t)DEVX_GET(alloc_q_counter_out, out, counter_set_id);
}

static void use_set(struct rig_qp *qp, uint8_t set)
{
	DEVX_SET(qpc, qp->qp->context, counter_set_id, set);
}

/* One request of the first queue pair to the second; false: it failed. */
static bool transfer(struct rig_pair *pair, uint8_t opcode, uint32_t len, uint8_t remote_rights)
{
	uint64_t near = rig_alloc(&pair->rig, len), far = rig_alloc(&pair->rig, len);
	struct nic_sge sge = { .len = len, .addr = RIG_VA + near };
	struct rig_wr wr = { .opcode = opcode, .remote_va = RIG_VA + far, .sge = &sge, .nsge = 1 };
	struct mlx5_cqe64 cqe;

	sge.lkey = rig_key(pair->qp[0].qp->nic, pair->pd[0], RIGHTS, near, len);
	wr.rkey = rig_key(pair->qp[1].qp->nic, pair->pd[1], remote_rights, far, len);
	rig_post(&pair->qp[0], &wr);
	assert_true(rig_cq_wait(&pair->cq[0], &cqe));
	return rig_cqe_opcode(&cqe) == MLX5_CQE_REQ;
}

static void port_counts_both_directions(void **state)
{
	struct rig_pair *pair = *state;
	struct nic *a = pair->qp[0].qp->nic, *b = pair->qp[1].qp->nic;
	uint32_t mtu = 1024, packets = (LEN + mtu - 1) / mtu;

	assert_true(transfer(pair, MLX5_OPCODE_RDMA_WRITE, LEN, RIGHTS));
	assert_int_equal(run(a, MLX5_CMD_OP_QUERY_VPORT_COUNTER, 0, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, transmitted_ib_unicast.packets),
			 packets);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, transmitted_ib_unicast.octets),
			 LEN + packets * NIC_HEADER_OCTETS);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, received_ib_unicast.packets), 0);
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_VPORT_COUNTER, 0, true), NIC_CMD_OK);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, received_ib_unicast.packets),
			 packets);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, received_ib_unicast.octets),
			 LEN + packets * NIC_HEADER_OCTETS);
	assert_true(transfer(pair, MLX5_OPCODE_RDMA_READ, LEN, RIGHTS));
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_VPORT_COUNTER, 0, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, received_ib_unicast.packets), 1);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, received_ib_unicast.octets),
			 NIC_HEADER_OCTETS);
	assert_int_equal(DEVX_GET64(query_vport_counter_out, out, transmitted_ib_unicast.packets),
			 packets);
}

static void sets_count_requests_of_their_queue_pairs(void **state)
{
	struct rig_pair *pair = *state;
	struct nic *b = pair->qp[1].qp->nic;
	uint8_t set = new_set(b), other = new_set(b);

	use_set(&pair->qp[1], set);
	assert_true(transfer(pair, MLX5_OPCODE_RDMA_WRITE, LEN, RIGHTS));
	assert_true(transfer(pair, MLX5_OPCODE_RDMA_WRITE, LEN, RIGHTS));
	assert_true(transfer(pair, MLX5_OPCODE_RDMA_READ, LEN, RIGHTS));
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_Q_COUNTER, set, true), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, rx_write_requests), 2);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, rx_read_requests), 1);
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_Q_COUNTER, set, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, rx_write_requests), 0);
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_Q_COUNTER, other, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, rx_write_requests), 0);
}

static void errors_are_counted_at_both_ends(void **state)
{
	struct rig_pair *pair = *state;
	struct nic *a = pair->qp[0].qp->nic, *b = pair->qp[1].qp->nic;
	uint8_t set = new_set(a), peer = new_set(b);

	use_set(&pair->qp[0], set);
	use_set(&pair->qp[1], peer);
	assert_false(transfer(pair, MLX5_OPCODE_RDMA_WRITE, LEN, NIC_LOCAL_WRITE));
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_Q_COUNTER, peer, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, resp_remote_access_errors), 1);
	assert_int_equal(run(a, MLX5_CMD_OP_QUERY_Q_COUNTER, set, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, req_remote_access_errors), 1);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, req_cqe_error), 1);
	assert_false(transfer(pair, MLX5_OPCODE_RDMA_WRITE, LEN, RIGHTS)); /* flushed */
	assert_int_equal(run(a, MLX5_CMD_OP_QUERY_Q_COUNTER, set, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, req_cqe_flush_error), 1);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, req_cqe_error), 2);
}

/* Completions in error, by end and reason. */
static void each_error_has_its_counter(void **state)
{
#define OUT(field) NIC_FIELD(query_q_counter_out, field)
	static const struct {
		bool requester;
		enum nic_status status;
		struct nic_field counter;
	} rows[] = {
		{ true, NIC_FLUSHED, OUT(req_cqe_flush_error) },
		{ true, NIC_REMOTE_INVALID_REQUEST, OUT(req_remote_invalid_request) },
		{ true, NIC_REMOTE_ACCESS, OUT(req_remote_access_errors) },
		{ true, NIC_RETRY_EXCEEDED, OUT(req_transport_retries_exceeded) },
		{ true, NIC_RNR_EXCEEDED, OUT(req_rnr_retries_exceeded) },
		{ false, NIC_FLUSHED, OUT(resp_cqe_flush_error) },
		{ false, NIC_LOCAL_LENGTH, OUT(resp_local_length_error) },
	};
	struct rig_pair *pair = *state;
	struct nic *a = pair->qp[0].qp->nic;
	uint8_t set = new_set(a);
	size_t i, j;

	use_set(&pair->qp[0], set);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nic_count_error(pair->qp[0].qp, rows[i].requester, rows[i].status);
		assert_int_equal(run(a, MLX5_CMD_OP_QUERY_Q_COUNTER, set, true), NIC_CMD_OK);
		for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			assert_int_equal(nic_field_get(out, rows[j].counter), i == j);
		assert_int_equal(DEVX_GET(query_q_counter_out, out, req_cqe_error),
				 rows[i].requester);
		assert_int_equal(DEVX_GET(query_q_counter_out, out, resp_cqe_error),
				 !rows[i].requester);
	}
}

static void receiver_not_ready_is_counted(void **state)
{
	struct rig_pair *pair = *state;
	struct nic *a = pair->qp[0].qp->nic, *b = pair->qp[1].qp->nic;
	uint8_t set_a = new_set(a), set_b = new_set(b);

	use_set(&pair->qp[0], set_a);
	use_set(&pair->qp[1], set_b);
	pair->qp[0].qp->rnr_retry = 1;
	pair->qp[1].qp->min_rnr = 1;
	assert_false(transfer(pair, MLX5_OPCODE_SEND, LEN, RIGHTS));
	assert_int_equal(run(a, MLX5_CMD_OP_QUERY_Q_COUNTER, set_a, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, rnr_nak_retry_err), 2);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, req_rnr_retries_exceeded), 1);
	assert_int_equal(run(b, MLX5_CMD_OP_QUERY_Q_COUNTER, set_b, false), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_q_counter_out, out, out_of_buffer), 2);
}

static void sets_that_do_not_exist(void **state)
{
	struct rig_pair *pair = *state;
	struct nic *a = pair->qp[0].qp->nic;
	uint8_t set = new_set(a);
	unsigned int i;

	use_set(&pair->qp[0], set);
	assert_int_equal(run(a, MLX5_CMD_OP_QUERY_Q_COUNTER, 0, false), NIC_CMD_BAD_RES);
	assert_int_equal(run(a, MLX5_CMD_OP_QUERY_Q_COUNTER, 0xff, false), NIC_CMD_BAD_RES);
	assert_int_equal(run(a, MLX5_CMD_OP_DEALLOC_Q_COUNTER, 0xff, false), NIC_CMD_BAD_RES);
	assert_int_equal(run(a, MLX5_CMD_OP_DEALLOC_Q_COUNTER, set, false), NIC_CMD_OK);
	assert_int_equal(run(a, MLX5_CMD_OP_DEALLOC_Q_COUNTER, set, false), NIC_CMD_BAD_RES);
	assert_true(transfer(pair, MLX5_OPCODE_RDMA_WRITE, LEN, RIGHTS)); /* with a stale set */
	for (i = 0; i < NIC_MAX_COUNTER_SETS; i++)
		new_set(a);
	assert_int_equal(run(a, MLX5_CMD_OP_ALLOC_Q_COUNTER, 0, false), NIC_CMD_LIMIT);
	nic_reset_objects(a);
	assert_int_equal(a->counter_sets.used, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(port_counts_both_directions),
		TEST(sets_count_requests_of_their_queue_pairs),
		TEST(errors_are_counted_at_both_ends),
		TEST(each_error_has_its_counter),
		TEST(receiver_not_ready_is_counted),
		TEST(sets_that_do_not_exist),
	};

	return cmocka_run_group_tests_name("nic_counter", tests, NULL, NULL);
}
