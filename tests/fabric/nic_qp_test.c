/* SPDX-License-Identifier: MIT */
/*
 * Queue pairs as the driver uses them: the matrix of transitions, the fields that each transition
 * sets, the output of QUERY_QP, and queues that exceed their pages.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fabric/nic_client.h"

struct fixture {
	struct client *client;
	uint32_t pd, cqn;
	struct nic_qp *qp;
};

static struct fixture fixture(struct client *client, uint8_t service)
{
	struct fixture f = { .client = client, .pd = client_pd(client) };
	struct client_queue eq = client_eq(client, 4, 0, 0);

	f.cqn = client_cq(client, 6, eq.number).number;
	f.qp = nic_qp_get(client->nic, client_qp(client, service, f.pd, f.cqn).number);
	assert_non_null(f.qp);
	return f;
}

/* A context with a distinct value in every field that transitions set. */
static void context(const struct fixture *f, void *qpc)
{
	memset(qpc, 0, DEVX_ST_SZ_BYTES(qpc));
	DEVX_SET(qpc, qpc, pd, f->pd);
	DEVX_SET(qpc, qpc, rre, 1);
	DEVX_SET(qpc, qpc, rwe, 1);
	DEVX_SET(qpc, qpc, q_key, 0x11223344);
	DEVX_SET(qpc, qpc, mtu, 5);
	DEVX_SET(qpc, qpc, remote_qpn, 0x654321);
	DEVX_SET(qpc, qpc, next_rcv_psn, 0xabcdef);
	DEVX_SET(qpc, qpc, next_send_psn, 0x123456);
	DEVX_SET(qpc, qpc, min_rnr_nak, 12);
	DEVX_SET(qpc, qpc, rnr_retry, 6);
	DEVX_SET(qpc, qpc, retry_count, 5);
	DEVX_SET(qpc, qpc, log_sra_max, 3);
	DEVX_SET(qpc, qpc, log_rra_max, 2);
	DEVX_SET(qpc, qpc, primary_address_path.rlid, 0x2222);
	DEVX_SET(qpc, qpc, primary_address_path.ack_timeout, 14);
	DEVX_SET(qpc, qpc, primary_address_path.pkey_index, 7);
	DEVX_SET(qpc, qpc, primary_address_path.rgid_rip[13], 0x77);
}

static uint8_t modify(const struct fixture *f, uint16_t opcode, uint32_t optional)
{
	NIC_LAYOUT(qpc, qpc);

	context(f, qpc);
	return client_modify(f->client, opcode, f->qp->number, qpc, optional);
}

static void bring_to(const struct fixture *f, enum nic_qp_state state)
{
	assert_int_equal(modify(f, MLX5_CMD_OP_2RST_QP, 0), NIC_CMD_OK);
	if (state == NIC_QP_INIT || state == NIC_QP_RTR || state == NIC_QP_RTS)
		assert_int_equal(modify(f, MLX5_CMD_OP_RST2INIT_QP, 0), NIC_CMD_OK);
	if (state == NIC_QP_RTR || state == NIC_QP_RTS)
		assert_int_equal(modify(f, MLX5_CMD_OP_INIT2RTR_QP, 0), NIC_CMD_OK);
	if (state == NIC_QP_RTS)
		assert_int_equal(modify(f, MLX5_CMD_OP_RTR2RTS_QP, 0), NIC_CMD_OK);
	if (state == NIC_QP_ERR)
		assert_int_equal(modify(f, MLX5_CMD_OP_2ERR_QP, 0), NIC_CMD_OK);
	assert_int_equal(f->qp->state, state);
}

static void transition_matrix(void **state)
{
	static const enum nic_qp_state states[] = { NIC_QP_RST, NIC_QP_INIT, NIC_QP_RTR, NIC_QP_RTS,
						    NIC_QP_ERR };
	static const struct {
		uint16_t opcode;
		int from; /* -1: any, -2: none of the states a QP can be in */
		enum nic_qp_state to;
	} operations[] = {
		{ MLX5_CMD_OP_RST2INIT_QP, NIC_QP_RST, NIC_QP_INIT },
		{ MLX5_CMD_OP_INIT2INIT_QP, NIC_QP_INIT, NIC_QP_INIT },
		{ MLX5_CMD_OP_INIT2RTR_QP, NIC_QP_INIT, NIC_QP_RTR },
		{ MLX5_CMD_OP_RTR2RTS_QP, NIC_QP_RTR, NIC_QP_RTS },
		{ MLX5_CMD_OP_RTS2RTS_QP, NIC_QP_RTS, NIC_QP_RTS },
		{ MLX5_CMD_OP_SQERR2RTS_QP, -2, NIC_QP_RTS },
		{ MLX5_CMD_OP_SQD_RTS_QP, -2, NIC_QP_RTS },
		{ MLX5_CMD_OP_2ERR_QP, -1, NIC_QP_ERR },
		{ MLX5_CMD_OP_2RST_QP, -1, NIC_QP_RST },
	};
	const uint8_t services[] = { MLX5_QPC_ST_RC, MLX5_QPC_ST_UC, MLX5_QPC_ST_UD,
				     MLX5_QPC_ST_QP1, MLX5_QPC_ST_REG_UMR };
	uint32_t s, o, v;

	for (v = 0; v < sizeof(services); v++) {
		struct fixture f = fixture(*state, services[v]);

		for (s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
			for (o = 0; o < sizeof(operations) / sizeof(operations[0]); o++) {
				bool allowed = operations[o].from == -1 ||
					       operations[o].from == (int)states[s];

				bring_to(&f, states[s]);
				assert_int_equal(modify(&f, operations[o].opcode, 0),
						 allowed ? NIC_CMD_OK : NIC_CMD_BAD_QP_STATE);
				assert_int_equal(f.qp->state,
						 allowed ? operations[o].to : states[s]);
			}
		}
	}
}

static void transitions_bring_their_fields(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);

	assert_int_equal(modify(&f, MLX5_CMD_OP_RST2INIT_QP, 0), NIC_CMD_OK);
	assert_int_equal(f.qp->access, NIC_REMOTE_READ | NIC_REMOTE_WRITE);
	assert_int_equal(f.qp->remote_qpn, 0);
	assert_int_equal(f.qp->rq_psn, 0);
	assert_int_equal(modify(&f, MLX5_CMD_OP_INIT2RTR_QP, 0), NIC_CMD_OK);
	assert_int_equal(f.qp->remote_qpn, 0x654321);
	assert_int_equal(f.qp->remote_lid, 0x2222);
	assert_int_equal(f.qp->mtu, 5);
	assert_int_equal(f.qp->min_rnr, 12);
	assert_int_equal(f.qp->rq_psn, 0xabcdef);
	assert_int_equal(f.qp->sq_psn, 0);
	assert_int_equal(f.qp->retry_count, 0);
	assert_int_equal(modify(&f, MLX5_CMD_OP_RTR2RTS_QP, 0), NIC_CMD_OK);
	assert_int_equal(f.qp->sq_psn, 0x123456);
	assert_int_equal(f.qp->retry_count, 5);
	assert_int_equal(f.qp->rnr_retry, 6);
	assert_int_equal(f.qp->ack_timeout, 14);
}

static void optional_fields_follow_the_mask(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);
	NIC_LAYOUT(qpc, qpc);

	bring_to(&f, NIC_QP_RTS);
	context(&f, qpc);
	DEVX_SET(qpc, qpc, rre, 0);
	DEVX_SET(qpc, qpc, rwe, 0);
	DEVX_SET(qpc, qpc, min_rnr_nak, 30);
	DEVX_SET(qpc, qpc, remote_qpn, 0x111);
	DEVX_SET(qpc, qpc, next_send_psn, 0x111);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RTS2RTS_QP, f.qp->number, qpc, 0),
			 NIC_CMD_OK);
	assert_int_equal(f.qp->access, NIC_REMOTE_READ | NIC_REMOTE_WRITE);
	assert_int_equal(f.qp->min_rnr, 12);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RTS2RTS_QP, f.qp->number, qpc,
				       NIC_QP_OPT_RWE),
			 NIC_CMD_OK);
	assert_int_equal(f.qp->access, NIC_REMOTE_READ);
	assert_int_equal(f.qp->min_rnr, 12);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RTS2RTS_QP, f.qp->number, qpc,
				       UINT32_MAX),
			 NIC_CMD_OK);
	assert_int_equal(f.qp->access, 0);
	assert_int_equal(f.qp->min_rnr, 30);
	assert_int_equal(f.qp->remote_qpn, 0x654321);
	assert_int_equal(f.qp->sq_psn, 0x123456);
}

static void counter_set_changes_in_rts(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);
	NIC_LAYOUT(qpc, qpc);

	bring_to(&f, NIC_QP_RTS);
	context(&f, qpc);
	DEVX_SET(qpc, qpc, counter_set_id, 7);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RTS2RTS_QP, f.qp->number, qpc, 0),
			 NIC_CMD_OK);
	assert_int_not_equal(DEVX_GET(qpc, f.qp->context, counter_set_id), 7);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RTS2RTS_QP, f.qp->number, qpc,
				       NIC_QP_OPT_COUNTER_SET),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(qpc, f.qp->context, counter_set_id), 7);
}

static void query_reports_the_state(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);
	NIC_LAYOUT(qpc, qpc);

	bring_to(&f, NIC_QP_RTS);
	f.qp->sq_psn = 0x222222;
	f.qp->rq_psn = 0x333333;
	f.qp->sq_ci = 0xfff0;
	f.qp->rq_ci = 0x1234;
	client_query_qp(f.client, f.qp->number, qpc);
	assert_int_equal(DEVX_GET(qpc, qpc, state), MLX5_QPC_STATE_RTS);
	assert_int_equal(DEVX_GET(qpc, qpc, next_send_psn), 0x222222);
	assert_int_equal(DEVX_GET(qpc, qpc, next_rcv_psn), 0x333333);
	assert_int_equal(DEVX_GET(qpc, qpc, hw_sq_wqebb_counter), 0xfff0);
	assert_int_equal(DEVX_GET(qpc, qpc, hw_rq_counter), 0x1234);
	assert_int_equal(DEVX_GET(qpc, qpc, remote_qpn), 0x654321);
	assert_int_equal(DEVX_GET(qpc, qpc, primary_address_path.rlid), 0x2222);
	assert_int_equal(DEVX_GET(qpc, qpc, primary_address_path.pkey_index), 7);
	assert_int_equal(DEVX_GET(qpc, qpc, primary_address_path.rgid_rip[13]), 0x77);
	assert_int_equal(DEVX_GET(qpc, qpc, log_sra_max), 3);
	assert_int_equal(DEVX_GET(qpc, qpc, log_rra_max), 2);
	assert_int_equal(DEVX_GET(qpc, qpc, q_key), 0x11223344);
	assert_int_equal(DEVX_GET(qpc, qpc, log_sq_size), 4);
	assert_int_equal(modify(&f, MLX5_CMD_OP_2ERR_QP, 0), NIC_CMD_OK);
	client_query_qp(f.client, f.qp->number, qpc);
	assert_int_equal(DEVX_GET(qpc, qpc, state), MLX5_QPC_STATE_ERR);
}

static void reset_clears_the_indexes(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);

	bring_to(&f, NIC_QP_RTS);
	f.qp->sq_pi = f.qp->sq_ci = 5;
	f.qp->rq_pi = f.qp->rq_ci = 6;
	assert_int_equal(modify(&f, MLX5_CMD_OP_2RST_QP, 0), NIC_CMD_OK);
	assert_int_equal(f.qp->sq_pi | f.qp->sq_ci | f.qp->rq_pi | f.qp->rq_ci, 0);
}

static void bad_arguments_leave_the_state(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC),
		       umr = fixture(*state, MLX5_QPC_ST_REG_UMR);
	NIC_LAYOUT(qpc, qpc);
	uint32_t mtu;

	bring_to(&f, NIC_QP_INIT);
	context(&f, qpc);
	for (mtu = 0; mtu < 8; mtu++) {
		DEVX_SET(qpc, qpc, mtu, mtu);
		if (mtu >= 1 && mtu <= 5)
			continue;
		assert_int_equal(client_modify(f.client, MLX5_CMD_OP_INIT2RTR_QP, f.qp->number, qpc,
					       0),
				 NIC_CMD_BAD_PARAM);
		assert_int_equal(f.qp->state, NIC_QP_INIT);
	}
	DEVX_SET(qpc, qpc, mtu, 3);
	DEVX_SET(qpc, qpc, log_rra_max, NIC_LOG_MAX_RA + 1);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_INIT2RTR_QP, f.qp->number, qpc, 0),
			 NIC_CMD_BAD_PARAM);
	DEVX_SET(qpc, qpc, log_rra_max, NIC_LOG_MAX_RA);
	DEVX_SET(qpc, qpc, rae, 1);
	DEVX_SET(qpc, qpc, atomic_mode, 4); /* operands of 16 bytes */
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_INIT2RTR_QP, f.qp->number, qpc, 0),
			 NIC_CMD_BAD_PARAM);
	DEVX_SET(qpc, qpc, rae, 0);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_INIT2RTR_QP, 0, qpc, 0),
			 NIC_CMD_BAD_RES);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_2RST_QP, 0xffffff, qpc, 0),
			 NIC_CMD_BAD_RES);
	DEVX_SET(qpc, qpc, pd, 0xfffff); /* the UMR queue pair gets its PD here */
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RST2INIT_QP, umr.qp->number, qpc, 0),
			 NIC_CMD_BAD_RES);
	assert_int_equal(umr.qp->state, NIC_QP_RST);
	DEVX_SET(qpc, qpc, pd, f.pd);
	assert_int_equal(client_modify(f.client, MLX5_CMD_OP_RST2INIT_QP, umr.qp->number, qpc, 0),
			 NIC_CMD_OK);
	assert_int_equal(umr.qp->pd, f.pd);
}

#define CREATE_PAGES 4

struct creation {
	uint8_t in[DEVX_ST_SZ_BYTES(create_qp_in) + CREATE_PAGES * 8] __attribute__((aligned(8)));
	uint32_t pages;
};

/* 64 receives of 64 bytes and 64 blocks: two pages */
static void prepare(const struct fixture *f, struct creation *c)
{
	uint64_t page = rig_alloc(&f->client->rig, CREATE_PAGES * NIC_PAGE);
	uint32_t i;

	memset(c, 0, sizeof(*c));
	c->pages = 2;
	DEVX_SET(create_qp_in, c->in, opcode, MLX5_CMD_OP_CREATE_QP);
	DEVX_SET(create_qp_in, c->in, qpc.st, MLX5_QPC_ST_RC);
	DEVX_SET(create_qp_in, c->in, qpc.pd, f->pd);
	DEVX_SET(create_qp_in, c->in, qpc.log_rq_size, 6);
	DEVX_SET(create_qp_in, c->in, qpc.log_rq_stride, 2);
	DEVX_SET(create_qp_in, c->in, qpc.log_sq_size, 6);
	DEVX_SET(create_qp_in, c->in, qpc.cqn_snd, f->cqn);
	DEVX_SET(create_qp_in, c->in, qpc.cqn_rcv, f->cqn);
	for (i = 0; i < CREATE_PAGES; i++) {
		uint64_t entry = htobe64(page + i * NIC_PAGE);

		memcpy(c->in + DEVX_ST_SZ_BYTES(create_qp_in) + i * 8, &entry, 8);
	}
}

static uint8_t create(const struct fixture *f, const struct creation *c, struct nic_qp **qp)
{
	NIC_LAYOUT(create_qp_out, out);
	uint8_t status = client_exec(f->client, c->in, DEVX_ST_SZ_BYTES(create_qp_in) + c->pages * 8,
				     out, sizeof(out));

	if (status == NIC_CMD_OK)
		*qp = nic_qp_get(f->client->nic, DEVX_GET(create_qp_out, out, qpn));
	return status;
}

static void unsupported_queue_pairs_are_refused(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);
	uint32_t used = f.client->nic->qps.used, pages = f.client->nic->pas_entries, i;
	const struct nic_cq *cq = nic_ids_find(&f.client->nic->cqs, f.cqn);
	uint32_t users = cq->users;
	struct nic_qp *qp = NULL;
	struct creation c;

#define REFUSED(field, value, status)                          \
	do {                                                   \
		prepare(&f, &c);                               \
		DEVX_SET(create_qp_in, c.in, field, value);    \
		assert_int_equal(create(&f, &c, &qp), status); \
	} while (0)

	for (i = 0; i < 256; i++)
		if (i != MLX5_QPC_ST_RC && i != MLX5_QPC_ST_UD && i != MLX5_QPC_ST_QP0 &&
		    i != MLX5_QPC_ST_QP1 && i != MLX5_QPC_ST_REG_UMR && i != MLX5_QPC_ST_XRC &&
		    i != MLX5_QPC_ST_UC)
			REFUSED(qpc.st, i, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.rq_type, NIC_RQ_SHARED, NIC_CMD_BAD_RES); /* no such queue */
	REFUSED(qpc.wq_signature, 1, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.cd_master, 1, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.cs_res, 1, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.pd, 0, NIC_CMD_BAD_RES);
	REFUSED(qpc.cqn_snd, 0, NIC_CMD_BAD_RES);
	REFUSED(qpc.cqn_rcv, f.cqn + 1, NIC_CMD_BAD_RES);
	REFUSED(wq_umem_valid, 1, NIC_CMD_BAD_PARAM);
	assert_int_equal(f.client->nic->qps.used, used);
	assert_int_equal(f.client->nic->pas_entries, pages);
	assert_int_equal(cq->users, users);
	prepare(&f, &c);
	assert_int_equal(create(&f, &c, &qp), NIC_CMD_OK);
	assert_int_equal(cq->users, users + 2);
}

static void queues_must_fit_their_pages(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);
	struct nic_qp *qp = NULL;
	struct creation c;

	prepare(&f, &c);
	c.pages = 1;
	assert_int_equal(create(&f, &c, &qp), NIC_CMD_BAD_PARAM);
	REFUSED(qpc.page_offset, 1, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.log_sq_size, 7, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.log_sq_size, 15, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.log_rq_size, 7, NIC_CMD_BAD_PARAM);
	REFUSED(qpc.log_rq_stride, 7, NIC_CMD_BAD_PARAM);
	prepare(&f, &c);
	c.pages = 0;
	DEVX_SET(create_qp_in, c.in, qpc.log_page_size, 31);
	DEVX_SET(create_qp_in, c.in, qpc.page_offset, 63);
	assert_int_equal(create(&f, &c, &qp), NIC_CMD_BAD_PARAM);
	prepare(&f, &c);
	DEVX_SET(create_qp_in, c.in, qpc.page_offset, 63);
	c.pages = 3;
	assert_int_equal(create(&f, &c, &qp), NIC_CMD_OK);
	assert_int_equal(qp->buf.npages, 3);
}

/* Work queue reads stay in the queue whatever the index, and wrap at its end. */
static void work_queues_wrap(void **state)
{
	struct fixture f = fixture(*state, MLX5_QPC_ST_RC);
	uint8_t got[256], want[256];
	struct nic_qp *qp = NULL;
	struct creation c;
	uint64_t sq;
	uint32_t i;

	prepare(&f, &c);
	DEVX_SET(create_qp_in, c.in, qpc.page_offset,
		 4); /* 256 bytes: the send queue crosses a page */
	c.pages = 3;
	assert_int_equal(create(&f, &c, &qp), NIC_CMD_OK);
	sq = qp->buf.page[0] + 256 + 4096; /* the pages follow each other */
	rig_fill(&f.client->rig, sq, 4096, 9);
	for (i = 0; i <= 0xffff; i += 61) {
		uint32_t at = i % 64 * 64, head = 4096 - at < 256 ? 4096 - at : 256;

		memcpy(want, rig_at(&f.client->rig, sq + at), head);
		memcpy(want + head, rig_at(&f.client->rig, sq), 256 - head);
		assert_int_equal(nic_qp_read_sq(qp, (uint16_t)i, got, 256), 0);
		assert_memory_equal(got, want, 256);
		assert_int_equal(nic_qp_read_rq(qp, (uint16_t)i, got, 256),
				 0); /* one entry, no more */
		assert_memory_equal(got, rig_at(&f.client->rig, qp->buf.page[0] + 256 + at), 64);
	}
}

static void destruction_unlinks(void **state)
{
	struct client *client = *state;
	struct fixture a = fixture(client, MLX5_QPC_ST_RC), b = fixture(client, MLX5_QPC_ST_RC);
	struct fixture c = fixture(client, MLX5_QPC_ST_RC);
	uint32_t number = b.qp->number;

	bring_to(&b, NIC_QP_RTS);
	nic_sq_doorbell(client->nic, number); /* work is queued when the QP is destroyed */
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_QP, 0, number), NIC_CMD_OK);
	assert_null(nic_qp_get(client->nic, number));
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_QP, 0, number), NIC_CMD_BAD_RES);
	nic_sq_doorbell(client->nic, number);
	client_run(client);
	assert_ptr_equal(client->nic->qp_list, c.qp);
	assert_ptr_equal(c.qp->next, a.qp);
	assert_null(a.qp->next);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(transition_matrix),
		BOOTED(transitions_bring_their_fields),
		BOOTED(optional_fields_follow_the_mask),
		BOOTED(query_reports_the_state),
		BOOTED(counter_set_changes_in_rts),
		BOOTED(reset_clears_the_indexes),
		BOOTED(bad_arguments_leave_the_state),
		BOOTED(unsupported_queue_pairs_are_refused),
		BOOTED(queues_must_fit_their_pages),
		BOOTED(work_queues_wrap),
		BOOTED(destruction_unlinks),
	};

	return cmocka_run_group_tests_name("nic_qp", tests, NULL, NULL);
}
