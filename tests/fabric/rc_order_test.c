// SPDX-License-Identifier: MIT
/*
 * Ordering guarantees: data is in memory before the receive completion, which is written before
 * the sender's completion, and events come last. Checked in the trace, which has one line for
 * each TLP in the order of sending.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fabric/rc_rig.h"

#define MOST 64

/* One letter for each write: p payload, c completion, e event; capital: by NIC 1. */
static void writes(const char *trace, char *out)
{
	const char *line = trace;

	while (*line && strlen(out) < MOST - 1) {
		const char *end = strchr(line, '\n');
		cJSON *json = cJSON_ParseWithLength(line, (size_t)(end - line));
		const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(json, "kind"));
		const char *origin = cJSON_GetStringValue(cJSON_GetObjectItem(json, "origin"));
		const char *requester = cJSON_GetStringValue(cJSON_GetObjectItem(json, "requester"));

		assert_non_null(kind);
		assert_non_null(origin);
		assert_non_null(requester);
		if (!strcmp(kind, "MWr")) {
			char letter = origin[0];

			out[strlen(out)] = !strcmp(requester, "nic1") ? (char)(letter - 'a' + 'A') :
									letter;
		}
		cJSON_Delete(json);
		line = end + 1;
	}
}

struct order_rig {
	struct rig_pair pair;
	struct rig_eq eq[2];
	struct rig_wr wr;
	struct nic_sge near, far;
	char *trace;
	size_t size;
};

static void open_rig(struct order_rig *o, uint32_t len)
{
	struct rig *rig = &o->pair.rig;
	uint64_t near, far;
	int i;

	rig_pair_open(&o->pair, false);
	near = rig_alloc(rig, len);
	far = rig_alloc(rig, len);
	o->near = (struct nic_sge){ .len = len,
				    .addr = RIG_VA + near,
				    .lkey = rig_key(rig->nic[0], o->pair.pd[0],
						    NIC_LOCAL_READ | NIC_LOCAL_WRITE, near, len) };
	o->far = (struct nic_sge){
		.len = len,
		.addr = RIG_VA + far,
		.lkey = rig_key(rig->nic[1], o->pair.pd[1],
				NIC_LOCAL_WRITE | NIC_REMOTE_READ | NIC_REMOTE_WRITE, far, len)
	};
	o->wr = (struct rig_wr){
		.sge = &o->near, .nsge = 1, .remote_va = o->far.addr, .rkey = o->far.lkey
	};
	for (i = 0; i < 2; i++) {
		rig_eq_open(rig, &o->eq[i], rig->nic[i],
			    1ull << NIC_EVENT_WQ_ACCESS | 1ull << NIC_EVENT_WQ_INVALID_REQUEST |
				    1ull << NIC_EVENT_WQ_CATASTROPHIC);
		o->pair.cq[i].cq->eqn = o->eq[i].eq->number;
		nic_cq_arm(rig->nic[i], o->pair.cq[i].cq->number, 0, false);
	}
	o->trace = NULL;
	rig->fabric->trace = open_memstream(&o->trace, &o->size);
	assert_non_null(rig->fabric->trace);
}

static void run(struct order_rig *o, char *order)
{
	memset(order, 0, MOST);
	rig_post(&o->pair.qp[0], &o->wr);
	rig_run(&o->pair.rig);
	fflush(o->pair.rig.fabric->trace);
	writes(o->trace, order);
}

static void close_rig(struct order_rig *o)
{
	rig_pair_close(&o->pair);
	free(o->trace);
}

static void data_then_receiver_then_sender_then_event(void **state)
{
	struct order_rig o;
	char order[MOST];
	uint8_t type;
	uint32_t number;

	(void)state;
	open_rig(&o, 256); /* two TLPs of 128 bytes */
	rig_post_recv(&o.pair.qp[1], &o.far, 1);
	o.wr.opcode = MLX5_OPCODE_SEND;
	run(&o, order);
	assert_string_equal(order, "PPCEce");
	assert_true(rig_eq_poll(&o.eq[1], &type, &number));
	assert_int_equal(type, NIC_EVENT_COMP);
	assert_int_equal(number, o.pair.cq[1].cq->number);
	assert_true(rig_eq_poll(&o.eq[0], &type, &number));
	assert_int_equal(number, o.pair.cq[0].cq->number);
	assert_false(rig_eq_poll(&o.eq[0], &type, &number));
	close_rig(&o);
}

static void write_and_read_complete_after_their_data(void **state)
{
	struct order_rig o;
	char order[MOST];

	(void)state;
	open_rig(&o, 256);
	o.wr.opcode = MLX5_OPCODE_RDMA_WRITE;
	run(&o, order);
	assert_string_equal(order, "PPce");
	close_rig(&o);

	open_rig(&o, 256);
	o.wr.opcode = MLX5_OPCODE_RDMA_READ;
	run(&o, order);
	assert_string_equal(order, "ppce");
	close_rig(&o);
}

/* Work requests complete in the order of their posting, long ones too. */
static void short_request_does_not_overtake_a_long_one(void **state)
{
	const uint32_t len = NIC_MOVE_MAX + 1;
	struct order_rig o;
	struct mlx5_cqe64 cqe;
	int i;

	(void)state;
	open_rig(&o, len);
	fclose(o.pair.rig.fabric->trace);
	o.pair.rig.fabric->trace = NULL;
	o.wr.opcode = MLX5_OPCODE_RDMA_WRITE;
	rig_post_quiet(&o.pair.qp[0], &o.wr);
	rig_post_quiet(&o.pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_NOP });
	o.wr.opcode = MLX5_OPCODE_RDMA_READ;
	rig_post(&o.pair.qp[0], &o.wr);
	for (i = 0; i < 3; i++) {
		assert_true(rig_cq_wait(&o.pair.cq[0], &cqe));
		assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
		assert_int_equal(be16toh(cqe.wqe_counter), i);
	}
	close_rig(&o);
}

/* Requests that complete in one turn of the loop, of 20 that move len bytes each. */
static unsigned int completed_in_a_turn(uint32_t len, uint8_t opcode)
{
	struct order_rig o;
	struct mlx5_cqe64 cqe;
	unsigned int i, n = 0;

	open_rig(&o, len);
	fclose(o.pair.rig.fabric->trace);
	o.pair.rig.fabric->trace = NULL;
	o.wr.opcode = opcode;
	for (i = 0; i < 20; i++)
		rig_post_quiet(&o.pair.qp[0], &o.wr);
	rig_ring(&o.pair.qp[0]);
	fab_loop_step(o.pair.rig.fabric->loop, 0);
	while (rig_cq_poll(&o.pair.cq[0], &cqe))
		n++;
	rig_run(&o.pair.rig);
	for (i = n; i < 20; i++)
		assert_true(rig_cq_poll(&o.pair.cq[0], &cqe));
	close_rig(&o);
	return n;
}

/* A queue pair with many requests leaves the others their turns. */
static void turns_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(completed_in_a_turn(8, MLX5_OPCODE_RDMA_WRITE), NIC_SEND_BATCH);
	assert_int_equal(completed_in_a_turn(NIC_BATCH_BYTES / 4, MLX5_OPCODE_RDMA_WRITE), 4);
	assert_int_equal(completed_in_a_turn(NIC_BATCH_BYTES, MLX5_OPCODE_RDMA_WRITE), 1);
	assert_int_equal(completed_in_a_turn(NIC_MOVE_MAX + 1, MLX5_OPCODE_RDMA_WRITE), 0);
	assert_int_equal(completed_in_a_turn(8, MLX5_OPCODE_NOP), 1);
}

/* A doorbell is one read of the doorbell record, for however many requests it is. */
static void a_turn_reads_the_record_once(void **state)
{
	struct order_rig o;
	const struct fab_sent *sent;
	struct mlx5_cqe64 cqe;
	uint64_t tlps;
	int i;

	(void)state;
	open_rig(&o, 64);
	fclose(o.pair.rig.fabric->trace);
	o.pair.rig.fabric->trace = NULL;
	sent = &o.pair.rig.nic[0]->dev.sent[FAB_ORIGIN_DOORBELL];
	tlps = sent->tlps;
	o.wr.opcode = MLX5_OPCODE_RDMA_WRITE;
	for (i = 0; i < 3; i++)
		rig_post_quiet(&o.pair.qp[0], &o.wr);
	rig_ring(&o.pair.qp[0]);
	rig_run(&o.pair.rig);
	for (i = 0; i < 3; i++)
		assert_true(rig_cq_poll(&o.pair.cq[0], &cqe));
	assert_int_equal(sent->tlps - tlps, 1);
	close_rig(&o);
}

/* Errors of the responder that no completion reports are asynchronous events of its QP. */
static void responder_errors_are_events(void **state)
{
	static const uint8_t events[] = { NIC_EVENT_WQ_ACCESS, NIC_EVENT_WQ_INVALID_REQUEST,
					  NIC_EVENT_WQ_CATASTROPHIC };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(events); i++) {
		struct order_rig o;
		char order[MOST];
		uint8_t type;
		uint32_t number;

		open_rig(&o, 256);
		o.wr.opcode = MLX5_OPCODE_RDMA_WRITE;
		if (events[i] == NIC_EVENT_WQ_ACCESS)
			o.wr.rkey ^= 1;
		else if (events[i] == NIC_EVENT_WQ_INVALID_REQUEST)
			o.pair.qp[1].qp->access = 0;
		else
			rig_mkey(o.pair.rig.nic[1], o.wr.rkey)->mtt[0] = 0x10000 | NIC_MTT_READ |
									 NIC_MTT_WRITE;
		run(&o, order);
		assert_string_equal(order, "Ece");
		assert_true(rig_eq_poll(&o.eq[1], &type, &number));
		assert_int_equal(type, events[i]);
		assert_int_equal(number, o.pair.qp[1].qp->number);
		assert_false(rig_eq_poll(&o.eq[1], &type, &number));
		assert_true(rig_eq_poll(&o.eq[0], &type, &number));
		assert_int_equal(type, NIC_EVENT_COMP);
		assert_false(rig_eq_poll(&o.eq[0], &type, &number));
		close_rig(&o);
	}
}

/* A QP that is its own peer: both ends fail at once, each with its own completion. */
static void queue_pair_connected_to_itself(void **state)
{
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	struct nic_sge sge = { .len = 8 };
	uint64_t memory;

	(void)state;
	rig_pair_open(&pair, true);
	rig_qp_connect(&pair.qp[0], &pair.qp[0]);
	memory = rig_alloc(&pair.rig, 8);
	sge.addr = RIG_VA + memory;
	sge.lkey = rig_key(pair.rig.nic[0], pair.pd[0], NIC_LOCAL_READ, memory, 8);
	rig_post_recv(&pair.qp[0], NULL, 0);
	rig_post_recv(&pair.qp[0], NULL, 0);
	rig_post(&pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND });
	assert_true(rig_cq_wait(&pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND);
	assert_true(rig_cq_wait(&pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_REQ);
	rig_post(&pair.qp[0],
		 &(struct rig_wr){ .opcode = MLX5_OPCODE_SEND, .sge = &sge, .nsge = 1 });
	assert_true(rig_cq_wait(&pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR);
	assert_true(rig_cq_wait(&pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	rig_run(&pair.rig);
	assert_false(rig_cq_poll(&pair.cq[0], &cqe));
	rig_pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_then_receiver_then_sender_then_event),
		cmocka_unit_test(write_and_read_complete_after_their_data),
		cmocka_unit_test(short_request_does_not_overtake_a_long_one),
		cmocka_unit_test(turns_are_bounded),
		cmocka_unit_test(a_turn_reads_the_record_once),
		cmocka_unit_test(responder_errors_are_events),
		cmocka_unit_test(queue_pair_connected_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
