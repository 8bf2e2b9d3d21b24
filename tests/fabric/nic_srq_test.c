// SPDX-License-Identifier: MIT
/*
 * Commands of shared receive queues: RMP and XRC SRQ with the layouts that mlx5_ib sends, refusals
 * without leaks, limits, and references between objects.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fabric/nic_client.h"

#define PAGES 2u

/* A driver's objects, and a request to create one queue: 64 entries of 64 bytes, one page. */
struct fixture {
	struct client *client;
	uint32_t pd, xrcd, cqn;
	uint64_t ring, dbr;
	struct client_queue eq;
};

union creation {
	uint8_t rmp[DEVX_ST_SZ_BYTES(create_rmp_in) + PAGES * 8];
	uint8_t xrc[DEVX_ST_SZ_BYTES(create_xrc_srq_in) + PAGES * 8];
} __attribute__((aligned(8)));

static uint32_t xrcd(struct client *client)
{
	uint8_t in[16] __attribute__((aligned(8))) = { 0 }, out[16] __attribute__((aligned(8)));

	DEVX_SET(alloc_xrcd_in, in, opcode, MLX5_CMD_OP_ALLOC_XRCD);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_OK);
	return DEVX_GET(alloc_xrcd_out, out, xrcd);
}

static struct fixture fixture(struct client *client)
{
	struct fixture f = { .client = client, .pd = client_pd(client), .xrcd = xrcd(client) };

	f.eq = client_eq(client, 4, 0, 1ull << NIC_EVENT_SRQ_LIMIT);
	f.cqn = client_cq(client, 4, f.eq.number).number;
	f.ring = rig_alloc(&client->rig, PAGES * NIC_PAGE);
	f.dbr = rig_alloc(&client->rig, 8);
	return f;
}

static void put_pages(const struct fixture *f, uint8_t *pas)
{
	uint32_t i;

	for (i = 0; i < PAGES; i++) {
		uint64_t page = htobe64(f->ring + i * NIC_PAGE);

		memcpy(pas + i * 8, &page, 8);
	}
}

static void prepare_rmp(const struct fixture *f, union creation *c)
{
	memset(c, 0, sizeof(*c));
	DEVX_SET(create_rmp_in, c->rmp, opcode, MLX5_CMD_OP_CREATE_RMP);
	DEVX_SET(create_rmp_in, c->rmp, ctx.state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(create_rmp_in, c->rmp, ctx.wq.log_wq_sz, 6);
	DEVX_SET(create_rmp_in, c->rmp, ctx.wq.log_wq_stride, 6);
	DEVX_SET(create_rmp_in, c->rmp, ctx.wq.pd, f->pd);
	DEVX_SET64(create_rmp_in, c->rmp, ctx.wq.dbr_addr, f->dbr);
	put_pages(f, c->rmp + DEVX_ST_SZ_BYTES(create_rmp_in));
}

static void prepare_xrc(const struct fixture *f, union creation *c)
{
	memset(c, 0, sizeof(*c));
	DEVX_SET(create_xrc_srq_in, c->xrc, opcode, MLX5_CMD_OP_CREATE_XRC_SRQ);
	DEVX_SET(create_xrc_srq_in, c->xrc, xrc_srq_context_entry.log_xrc_srq_size, 6);
	DEVX_SET(create_xrc_srq_in, c->xrc, xrc_srq_context_entry.log_rq_stride, 2);
	DEVX_SET(create_xrc_srq_in, c->xrc, xrc_srq_context_entry.pd, f->pd);
	DEVX_SET(create_xrc_srq_in, c->xrc, xrc_srq_context_entry.xrcd, f->xrcd);
	DEVX_SET(create_xrc_srq_in, c->xrc, xrc_srq_context_entry.cqn, f->cqn);
	put_pages(f, c->xrc + DEVX_ST_SZ_BYTES(create_xrc_srq_in));
}

static uint8_t create(const struct fixture *f, const void *in, uint32_t len, uint32_t *number)
{
	NIC_LAYOUT(create_rmp_out, out);
	uint8_t status = client_exec(f->client, in, len, out, sizeof(out));

	*number = DEVX_GET(create_rmp_out, out, rmpn);
	return status;
}

static uint32_t create_rmp(const struct fixture *f)
{
	union creation c;
	uint32_t number;

	prepare_rmp(f, &c);
	assert_int_equal(create(f, c.rmp, sizeof(c.rmp), &number), NIC_CMD_OK);
	return number;
}

static uint32_t create_xrc(const struct fixture *f)
{
	union creation c;
	uint32_t number;

	prepare_xrc(f, &c);
	assert_int_equal(create(f, c.xrc, sizeof(c.xrc), &number), NIC_CMD_OK);
	return number;
}

static uint8_t modify_rmp(const struct fixture *f, uint32_t number, uint32_t limit, bool select)
{
	NIC_LAYOUT(modify_rmp_in, in) = { 0 };
	NIC_LAYOUT(modify_rmp_out, out);

	DEVX_SET(modify_rmp_in, in, opcode, MLX5_CMD_OP_MODIFY_RMP);
	DEVX_SET(modify_rmp_in, in, rmp_state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(modify_rmp_in, in, rmpn, number);
	DEVX_SET(modify_rmp_in, in, bitmask.lwm, select);
	DEVX_SET(modify_rmp_in, in, ctx.state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(modify_rmp_in, in, ctx.wq.lwm, limit);
	return client_exec(f->client, in, sizeof(in), out, sizeof(out));
}

static uint32_t query_rmp_limit(const struct fixture *f, uint32_t number)
{
	uint8_t in[16] __attribute__((aligned(8))) = { 0 };
	NIC_LAYOUT(query_rmp_out, out);

	DEVX_SET(query_rmp_in, in, opcode, MLX5_CMD_OP_QUERY_RMP);
	DEVX_SET(query_rmp_in, in, rmpn, number);
	assert_int_equal(client_exec(f->client, in, sizeof(in), out, sizeof(out)), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_rmp_out, out, rmp_context.state), MLX5_RMPC_STATE_RDY);
	assert_int_equal(DEVX_GET(query_rmp_out, out, rmp_context.wq.log_wq_sz), 6);
	assert_int_equal(DEVX_GET(query_rmp_out, out, rmp_context.wq.log_wq_stride), 6);
	return DEVX_GET(query_rmp_out, out, rmp_context.wq.lwm);
}

static void set_posted(const struct fixture *f, uint32_t count)
{
	uint32_t be = htobe32(count);

	memcpy(rig_at(&f->client->rig, f->dbr), &be, sizeof(be));
}

static void rmp_limit_is_set_and_queried(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t number = create_rmp(&f);
	NIC_LAYOUT(qp_events, data);
	uint8_t type;

	set_posted(&f, 10);
	assert_int_equal(query_rmp_limit(&f, number), 0);
	assert_int_equal(modify_rmp(&f, number, 10, true), NIC_CMD_OK);
	assert_int_equal(query_rmp_limit(&f, number), 10);
	assert_false(client_eqe(f.client, &f.eq, 0, &type, data));
	assert_int_equal(modify_rmp(&f, number, 11, true), NIC_CMD_OK); /* fewer are posted */
	assert_true(client_eqe(f.client, &f.eq, 0, &type, data));
	assert_int_equal(type, NIC_EVENT_SRQ_LIMIT);
	assert_int_equal(DEVX_GET(qp_events, data, qpn_rqn_sqn), number);
	assert_int_equal(query_rmp_limit(&f, number), 0);
	assert_int_equal(modify_rmp(&f, number, 65, true), NIC_CMD_BAD_PARAM); /* more than entries */
	assert_int_equal(modify_rmp(&f, number, 1, false), NIC_CMD_BAD_PARAM); /* nothing selected */
	assert_int_equal(modify_rmp(&f, number + 1, 1, true), NIC_CMD_BAD_RES);
	assert_int_equal(query_rmp_limit(&f, number), 0);
}

static void xrc_limit_is_set_and_queried(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t number = create_xrc(&f);
	uint8_t in[16] __attribute__((aligned(8))) = { 0 }, out[16] __attribute__((aligned(8)));
	NIC_LAYOUT(query_xrc_srq_out, query);

	DEVX_SET(arm_xrc_srq_in, in, opcode, MLX5_CMD_OP_ARM_XRC_SRQ);
	DEVX_SET(arm_xrc_srq_in, in, xrc_srqn, number);
	DEVX_SET(arm_xrc_srq_in, in, lwm, 0);
	assert_int_equal(client_exec(f.client, in, 16, out, 16), NIC_CMD_BAD_PARAM); /* op_mod */
	DEVX_SET(arm_xrc_srq_in, in, op_mod, MLX5_ARM_XRC_SRQ_IN_OP_MOD_XRC_SRQ);
	assert_int_equal(client_exec(f.client, in, 16, out, 16), NIC_CMD_OK);
	DEVX_SET(arm_xrc_srq_in, in, lwm, 65);
	assert_int_equal(client_exec(f.client, in, 16, out, 16), NIC_CMD_BAD_PARAM);
	DEVX_SET(arm_xrc_srq_in, in, xrc_srqn, number + 1);
	assert_int_equal(client_exec(f.client, in, 16, out, 16), NIC_CMD_BAD_RES);
	memset(in, 0, sizeof(in));
	DEVX_SET(query_xrc_srq_in, in, opcode, MLX5_CMD_OP_QUERY_XRC_SRQ);
	DEVX_SET(query_xrc_srq_in, in, xrc_srqn, number);
	assert_int_equal(client_exec(f.client, in, 16, query, sizeof(query)), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_xrc_srq_out, query, xrc_srq_context_entry.state),
			 MLX5_XRC_SRQC_STATE_GOOD);
	assert_int_equal(DEVX_GET(query_xrc_srq_out, query, xrc_srq_context_entry.xrcd), f.xrcd);
	assert_int_equal(DEVX_GET(query_xrc_srq_out, query, xrc_srq_context_entry.cqn), f.cqn);
}

static void senseless_queues_are_refused(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t pages = f.client->nic->pas_entries, number;
	const struct nic_cq *cq = nic_ids_find(&f.client->nic->cqs, f.cqn);
	union creation c;

#define RMP(field, value, status)                                                    \
	do {                                                                         \
		prepare_rmp(&f, &c);                                                 \
		DEVX_SET(create_rmp_in, c.rmp, ctx.field, value);                    \
		assert_int_equal(create(&f, c.rmp, sizeof(c.rmp), &number), status); \
	} while (0)
#define XRC(field, value, status)                                                       \
	do {                                                                            \
		prepare_xrc(&f, &c);                                                    \
		DEVX_SET(create_xrc_srq_in, c.xrc, xrc_srq_context_entry.field, value); \
		assert_int_equal(create(&f, c.xrc, sizeof(c.xrc), &number), status);    \
	} while (0)

	RMP(state, MLX5_RMPC_STATE_ERR, NIC_CMD_BAD_PARAM);
	RMP(basic_cyclic_rcv_wqe, 1, NIC_CMD_BAD_PARAM);
	RMP(wq.wq_type, MLX5_WQ_TYPE_CYCLIC, NIC_CMD_BAD_PARAM);
	RMP(wq.wq_signature, 1, NIC_CMD_BAD_PARAM);
	RMP(wq.dbr_umem_valid, 1, NIC_CMD_BAD_PARAM);
	RMP(wq.wq_umem_valid, 1, NIC_CMD_BAD_PARAM);
	RMP(wq.log_wq_stride, 4, NIC_CMD_BAD_PARAM);
	RMP(wq.log_wq_stride, 11, NIC_CMD_BAD_PARAM);
	RMP(wq.log_wq_sz, NIC_LOG_MAX_SRQ_SIZE + 1, NIC_CMD_BAD_PARAM);
	RMP(wq.log_wq_sz, 8, NIC_CMD_BAD_PARAM); /* four pages */
	RMP(wq.lwm, 65, NIC_CMD_BAD_PARAM);
	RMP(wq.pd, 0xffffff, NIC_CMD_BAD_RES);
	XRC(wq_signature, 1, NIC_CMD_BAD_PARAM);
	XRC(cont_srq, 1, NIC_CMD_BAD_PARAM);
	XRC(basic_cyclic_rcv_wqe, 1, NIC_CMD_BAD_PARAM);
	XRC(dbr_umem_valid, 1, NIC_CMD_BAD_PARAM);
	XRC(log_rq_stride, 0, NIC_CMD_BAD_PARAM);
	XRC(log_rq_stride, 7, NIC_CMD_BAD_PARAM);
	XRC(pd, 0, NIC_CMD_BAD_RES);
	XRC(cqn, 0xffffff, NIC_CMD_BAD_RES);
	XRC(xrcd, 0, NIC_CMD_BAD_RES);
	assert_int_equal(f.client->nic->srqs.used, 0);
	assert_int_equal(f.client->nic->pas_entries, pages);
	assert_int_equal(cq->users, 0);
	RMP(wq.log_wq_sz, 7, NIC_CMD_OK); /* exactly the pages there are */
}

/* The driver keeps SRQs of both kinds in one table by number. */
static void numbers_are_of_one_kind(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t rmp = create_rmp(&f), xrc = create_xrc(&f);

	assert_int_not_equal(rmp, xrc);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_RMP, 0, xrc), NIC_CMD_BAD_RES);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_XRC_SRQ, 0, rmp),
			 NIC_CMD_BAD_RES);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_QUERY_RMP, 0, xrc), NIC_CMD_BAD_RES);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_CQ, 0, f.cqn),
			 NIC_CMD_RES_BUSY); /* the XRC SRQ completes into it */
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_XRC_SRQ, 0, xrc), NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_RMP, 0, rmp), NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_CQ, 0, f.cqn), NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_RMP, 0, rmp), NIC_CMD_BAD_RES);
}

static void numbers_run_out(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t i, number;
	union creation c;

	for (i = 0; i < 1u << NIC_LOG_MAX_SRQ; i++)
		create_rmp(&f);
	prepare_rmp(&f, &c);
	assert_int_equal(create(&f, c.rmp, sizeof(c.rmp), &number), NIC_CMD_LIMIT);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_TEARDOWN_HCA, 0, 0), NIC_CMD_OK);
	assert_int_equal(f.client->nic->srqs.used, 0);
	assert_int_equal(f.client->nic->pas_entries, 0);
}

static uint8_t create_qp(const struct fixture *f, uint8_t service, uint8_t rq_type, uint32_t srqn,
			 uint32_t domain, bool no_sq, uint32_t *qpn)
{
	uint8_t in[DEVX_ST_SZ_BYTES(create_qp_in) + 8] __attribute__((aligned(8))) = { 0 };
	NIC_LAYOUT(create_qp_out, out);
	uint64_t page = htobe64(f->ring);
	uint8_t status;

	DEVX_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	DEVX_SET(create_qp_in, in, qpc.st, service);
	DEVX_SET(create_qp_in, in, qpc.pd, f->pd);
	DEVX_SET(create_qp_in, in, qpc.rq_type, rq_type);
	DEVX_SET(create_qp_in, in, qpc.srqn_rmpn_xrqn, srqn);
	DEVX_SET(create_qp_in, in, qpc.xrcd, domain);
	DEVX_SET(create_qp_in, in, qpc.no_sq, no_sq);
	DEVX_SET(create_qp_in, in, qpc.log_sq_size, 4);
	DEVX_SET(create_qp_in, in, qpc.cqn_snd, f->cqn);
	DEVX_SET(create_qp_in, in, qpc.cqn_rcv, f->cqn);
	memcpy(in + DEVX_ST_SZ_BYTES(create_qp_in), &page, 8);
	/* mlx5_ib gives a target of XRC no pages: it has no queue */
	status = client_exec(f->client, in, DEVX_ST_SZ_BYTES(create_qp_in) + (no_sq ? 0 : 8), out,
			     sizeof(out));
	*qpn = DEVX_GET(create_qp_out, out, qpn);
	return status;
}

static void queue_pairs_name_their_source(void **state)
{
	struct fixture f = fixture(*state);
	uint32_t rmp = create_rmp(&f), xrc = create_xrc(&f), qpn, target;
	const struct nic_cq *cq = nic_ids_find(&f.client->nic->cqs, f.cqn);
	uint32_t users = cq->users;

	assert_int_equal(create_qp(&f, MLX5_QPC_ST_RC, NIC_RQ_SHARED, xrc, 0, false, &qpn),
			 NIC_CMD_BAD_RES);
	assert_int_equal(create_qp(&f, MLX5_QPC_ST_UD, NIC_RQ_SHARED, rmp, 0, false, &qpn),
			 NIC_CMD_BAD_PARAM);
	assert_int_equal(create_qp(&f, MLX5_QPC_ST_XRC, NIC_RQ_SHARED, xrc, 0xffffff, false, &qpn),
			 NIC_CMD_BAD_RES);
	assert_int_equal(create_qp(&f, MLX5_QPC_ST_XRC, NIC_RQ_OWN, xrc, f.xrcd, false, &qpn),
			 NIC_CMD_BAD_PARAM);
	assert_int_equal(cq->users, users);
	assert_int_equal(create_qp(&f, MLX5_QPC_ST_RC, NIC_RQ_SHARED, rmp, 0, false, &qpn),
			 NIC_CMD_OK);
	assert_int_equal(cq->users, users + 2);
	assert_int_equal(create_qp(&f, MLX5_QPC_ST_XRC, NIC_RQ_SHARED, xrc, f.xrcd, true, &target),
			 NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_RMP, 0, rmp), NIC_CMD_RES_BUSY);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_QP, 0, qpn), NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_RMP, 0, rmp), NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_XRC_SRQ, 0, xrc), NIC_CMD_OK);
	assert_int_equal(client_simple(f.client, MLX5_CMD_OP_DESTROY_QP, 0, target), NIC_CMD_OK);
	assert_int_equal(cq->users, 0);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(rmp_limit_is_set_and_queried),
		BOOTED(xrc_limit_is_set_and_queried),
		BOOTED(senseless_queues_are_refused),
		BOOTED(numbers_are_of_one_kind),
		BOOTED(numbers_run_out),
		BOOTED(queue_pairs_name_their_source),
	};

	return cmocka_run_group_tests_name("nic_srq", tests, NULL, NULL);
}
