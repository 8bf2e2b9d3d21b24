// SPDX-License-Identifier: MIT
/*
 * Multicast datagrams of the NIC, and its requests to the subnet administrator. The administrator
 * itself: subnet_test.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include <infiniband/umad_sa_mcm.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/ud/multicast.h"
#include "tests/fabric/nic_client.h"
#include "tests/fabric/ud_rig.h"

#define MULTICAST_QPN 0xffffffu
#define SIZE	      2048u /* room of a receive */

static const uint8_t group_gid[16] = { 0xff, 0x12, 0x40, 0x1b, 0xff, 0xff, 0,	 0,
				       0,    0,	   0,	 0,    0xff, 0xff, 0xff, 0xff };

/* --- attachments --- */

static uint8_t attach(struct nic *nic, uint16_t opcode, uint32_t qpn, const uint8_t gid[16])
{
	NIC_LAYOUT(attach_to_mcg_in, in) = { 0 };
	NIC_LAYOUT(attach_to_mcg_out, out) = { 0 };

	DEVX_SET(attach_to_mcg_in, in, opcode, opcode);
	DEVX_SET(attach_to_mcg_in, in, qpn, qpn);
	memcpy(DEVX_ADDR_OF(attach_to_mcg_in, in, multicast_gid), gid, 16);
	nic->hca_enabled = nic->hca_initialised = true;
	nic_cmd_run(nic, (uint8_t *)in, sizeof(in), (uint8_t *)out, sizeof(out));
	return (uint8_t)DEVX_GET(attach_to_mcg_out, out, status);
}

static uint8_t attach_qp(struct rig_qp *qp)
{
	return attach(qp->qp->nic, MLX5_CMD_OP_ATTACH_TO_MCG, qp->qp->number, group_gid);
}

static uint8_t detach_qp(struct rig_qp *qp)
{
	return attach(qp->qp->nic, MLX5_CMD_OP_DETACH_FROM_MCG, qp->qp->number, group_gid);
}

static void attachments_that_are_refused(void **state)
{
	struct ud_rig *f = *state;
	struct nic_qp *qp = f->pair.qp[1].qp;
	uint8_t unicast[16] = { 0xfe, 0x80 };

	assert_int_equal(attach(qp->nic, MLX5_CMD_OP_ATTACH_TO_MCG, 0xfffff0, group_gid),
			 NIC_CMD_BAD_RES);
	assert_int_equal(attach(qp->nic, MLX5_CMD_OP_ATTACH_TO_MCG, qp->number, unicast),
			 NIC_CMD_BAD_PARAM);
	assert_int_equal(detach_qp(&f->pair.qp[1]), NIC_CMD_BAD_RES);
	qp->service = MLX5_QPC_ST_RC;
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_BAD_PARAM);
	qp->service = MLX5_QPC_ST_UD;
	assert_null(qp->nic->multicast);
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_OK); /* again: nothing new */
	assert_int_equal(nic_multicast_find(qp->nic, group_gid)->count, 1);
	assert_int_equal(detach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	assert_int_equal(detach_qp(&f->pair.qp[1]), NIC_CMD_BAD_RES);
	assert_int_equal(qp->nic->multicast_groups, 0);
}

static void attachments_are_bounded(void **state)
{
	struct ud_rig *f = *state;
	struct nic *nic = f->pair.rig.nic[1];
	const struct rig_qp_opts opts = { .log_sq = 0, .log_rq = 0, .service = MLX5_QPC_ST_UD };
	struct rig_qp qp[NIC_MAX_QP_MCG + 1];
	uint8_t gid[16] = { 0xff };
	uint32_t i;

	for (i = 0; i <= NIC_MAX_QP_MCG; i++) {
		rig_qp_open(&f->pair.rig, &qp[i], nic, &f->pair.cq[1], &f->pair.cq[1], &opts);
		assert_int_equal(attach_qp(&qp[i]), i < NIC_MAX_QP_MCG ? NIC_CMD_OK : NIC_CMD_LIMIT);
	}
	for (i = 1; i <= 1u << NIC_LOG_MAX_MCG; i++) {
		gid[14] = (uint8_t)(i >> 8);
		gid[15] = (uint8_t)i;
		assert_int_equal(attach(nic, MLX5_CMD_OP_ATTACH_TO_MCG, qp[0].qp->number, gid),
				 i < 1u << NIC_LOG_MAX_MCG ? NIC_CMD_OK : NIC_CMD_LIMIT);
	}
	/* A queue pair that goes is detached everywhere. */
	rig_qp_close(&qp[0]);
	assert_int_equal(nic->multicast_groups, 1);
	assert_int_equal(nic_multicast_find(nic, group_gid)->count, NIC_MAX_QP_MCG - 1);
}

/* --- requests to the administrator, as the drivers' QP1 sends them --- */

static struct umad_sa_packet *request(struct ud_rig *f, uint8_t method, uint16_t attribute)
{
	return ud_request(f, UMAD_CLASS_SUBN_ADM, UMAD_SA_CLASS_VERSION, method, attribute);
}

static struct ud_address administrator(struct ud_rig *f)
{
	ud_make_gsi(f);
	return (struct ud_address){ .lid = SUBNET_SM_LID, .qpn = 1, .qkey = UD_GSI_QKEY };
}

static void administrator_answers(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = administrator(f);
	const struct umad_sa_packet *answer;
	const uint8_t *grh = rig_at(&f->pair.rig, f->source + 4096);
	struct mlx5_cqe64 cqe;
	uint8_t own[16];

	request(f, UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO);
	answer = ud_ask(f, &to, &cqe);
	assert_non_null(answer);
	assert_int_equal(rig_cqe_opcode(&cqe), MLX5_CQE_RESP_SEND);
	assert_int_equal(be32toh(cqe.byte_cnt), UD_GRH + SUBNET_MAD_BYTES);
	assert_int_equal(be16toh(cqe.slid), SUBNET_SM_LID);
	assert_int_equal(be32toh(cqe.flags_rqpn), 1);
	assert_int_equal(be32toh(cqe.imm_inval_pkey), SUBNET_PKEY);
	assert_int_equal(answer->mad_hdr.method, UMAD_METHOD_GET_RESP);
	assert_int_equal(be64toh(answer->mad_hdr.tid), 77);
	assert_int_equal(answer->mad_hdr.status, 0);
	/* With a GRH the answer has one, too. */
	to.grh = true;
	assert_non_null(ud_ask(f, &to, &cqe));
	assert_int_equal(be32toh(cqe.flags_rqpn), 1 | 1u << 28);
	assert_int_equal(grh[8], 0x5e);
	subnet_port_gid(&f->pair.rig.nic[0]->wire, own);
	assert_memory_equal(grh + 24, own, 16);
	assert_int_equal(f->pair.rig.nic[0]->port.rcv.packets, 2);
}

/* Four paths between two ports: 256 bytes in two segments. */
static void tables_come_in_segments(void **state)
{
	struct ud_rig *f = *state;
	const struct ud_address to = administrator(f);
	const struct umad_sa_packet *answer;
	struct umad_sa_packet *ack;
	struct mlx5_cqe64 cqe;

	request(f, UMAD_SA_METHOD_GET_TABLE, UMAD_SA_ATTR_PATH_REC);
	answer = ud_ask(f, &to, &cqe);
	assert_non_null(answer);
	assert_int_equal(be32toh(answer->rmpp_hdr.paylen_newwin), 2 * 20 + 256);
	ack = request(f, UMAD_SA_METHOD_GET_TABLE, UMAD_SA_ATTR_PATH_REC);
	ack->rmpp_hdr = (struct umad_rmpp_hdr){ .rmpp_version = 1,
						.rmpp_type = 2,
						.rmpp_rtime_flags = 1,
						.seg_num = htobe32(1),
						.paylen_newwin = htobe32(65) };
	answer = ud_ask(f, &to, &cqe);
	assert_non_null(answer);
	assert_int_equal(be32toh(answer->rmpp_hdr.seg_num), 2);
	assert_int_equal(be32toh(answer->rmpp_hdr.paylen_newwin), 20 + 56);
}

static void requests_that_reach_no_administrator(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = administrator(f);
	const uint64_t *lost = f->pair.rig.nic[0]->datagrams_lost;
	struct mlx5_cqe64 cqe;

	request(f, UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO);
	to.qkey = 0x11;
	assert_null(ud_ask(f, &to, &cqe));
	to.qkey = UD_GSI_QKEY;
	to.qpn = 0; /* there is no subnet manager */
	assert_null(ud_ask(f, &to, &cqe));
	to.qpn = 2;
	assert_null(ud_ask(f, &to, &cqe));
	to.qpn = 1;
	f->from.len = SUBNET_MAD_BYTES + 1;
	assert_null(ud_ask(f, &to, &cqe));
	assert_int_equal(lost[NIC_LOST_TARGET], 4);
	f->from.len = SUBNET_MAD_BYTES - 1;
	assert_null(ud_ask(f, &to, &cqe));
	f->from.len = 0;
	assert_null(ud_ask(f, &to, &cqe));
	f->from.len = SUBNET_MAD_BYTES;
	request(f, UMAD_METHOD_GET_RESP, UMAD_ATTR_CLASS_PORT_INFO);
	assert_null(ud_ask(f, &to, &cqe));
	assert_int_equal(f->pair.rig.nic[0]->wire.ignored, 3);
	/* The Q_Key of management has the bit of controlled ones: only a queue pair that has it sends with it. */
	request(f, UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO);
	DEVX_SET(qpc, f->pair.qp[0].qp->context, q_key, 0x11);
	assert_null(ud_ask(f, &to, &cqe));
	assert_int_equal(lost[NIC_LOST_TARGET], 5);
	assert_int_equal(f->pair.qp[0].qp->state, NIC_QP_RTS);
}

static void an_answer_without_receive_is_lost(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = administrator(f);
	struct mlx5_cqe64 cqe;

	request(f, UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ);
	assert_false(rig_cq_poll(&f->pair.cq[0], &cqe));
	assert_int_equal(f->pair.rig.nic[0]->datagrams_lost[NIC_LOST_RECEIVE], 1);
	assert_int_equal(f->pair.rig.nic[0]->wire.requests, 1);
}

/* --- packets --- */

/* The port of a NIC joins the group by a request of a management queue pair. */
static void join(struct ud_rig *f, unsigned int port, uint8_t states)
{
	struct subnet_port *wire = &f->pair.rig.nic[port]->wire;
	struct umad_sa_packet *mad = request(f, UMAD_METHOD_SET, UMAD_SA_ATTR_MCMEMBER_REC);
	struct umad_sa_mcmember_record *record = (struct umad_sa_mcmember_record *)mad->data;
	uint8_t answer[SUBNET_MAD_BYTES];

	mad->comp_mask = htobe64(UMAD_SA_MCM_COMP_MASK_MGID | UMAD_SA_MCM_COMP_MASK_PORT_GID |
				 UMAD_SA_MCM_COMP_MASK_JOIN_STATE);
	memcpy(record->mgid, group_gid, sizeof(group_gid));
	subnet_port_gid(wire, record->portgid);
	record->scope_state = states;
	assert_true(subnet_sa_request(wire, mad, sizeof(*mad), answer));
	assert_int_equal(((struct umad_sa_packet *)answer)->mad_hdr.status, 0);
	rig_fill(&f->pair.rig, f->source, UD_LEN, 7);
}

static struct ud_address group(void)
{
	return (struct ud_address){ .lid = SUBNET_MULTICAST_LID,
				    .qpn = MULTICAST_QPN,
				    .qkey = UD_QKEY,
				    .grh = true,
				    .gid = group_gid };
}

static bool arrives(struct ud_rig *f, const struct ud_address *to)
{
	struct mlx5_cqe64 cqe;
	bool found;

	memset(rig_at(&f->pair.rig, f->target), 0, 8192);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, to, &f->from);
	assert_int_equal(ud_sent(f, &cqe), MLX5_CQE_REQ);
	found = rig_cq_poll(&f->pair.cq[1], &cqe);
	assert_int_equal(rig_zero(&f->pair.rig, f->target, 8192), !found);
	return found;
}

static void members_with_an_attached_queue_pair_get_it(void **state)
{
	struct ud_rig *f = *state;
	struct ud_address to = group();
	const uint8_t *grh = rig_at(&f->pair.rig, f->target);

	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	assert_false(arrives(f, &to));
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	assert_false(arrives(f, &to)); /* the port is no member */
	join(f, 1, UMAD_SA_MCM_JOIN_STATE_SEND_ONLY_NON_MEMBER);
	assert_false(arrives(f, &to));
	join(f, 1, UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER);
	assert_int_equal(f->pair.rig.nic[1]->port.multicast_rcv.packets, 0);
	assert_true(arrives(f, &to));
	assert_memory_equal(grh + 24, group_gid, 16);
	assert_true(rig_filled(&f->pair.rig, f->target + UD_GRH, UD_LEN, 7));
	assert_int_equal(f->pair.rig.nic[0]->port.multicast_xmit.packets, 4);
	assert_int_equal(f->pair.rig.nic[1]->port.multicast_rcv.packets, 1);
	assert_int_equal(f->pair.rig.nic[1]->port.multicast_rcv.octets, UD_LEN + 26);
	assert_int_equal(detach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	assert_false(arrives(f, &to));
}

static void multicast_that_is_lost(void **state)
{
	struct ud_rig *f = *state;
	const uint64_t *lost = f->pair.rig.nic[1]->datagrams_lost;
	uint8_t other[16] = { 0xff, 0x12 };
	struct ud_address to;
	uint32_t i;

	join(f, 1, UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER);
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	to = group();
	assert_false(arrives(f, &to)); /* no receive is posted */
	assert_int_equal(lost[NIC_LOST_RECEIVE], 1);
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	for (i = 0; i < 5; i++) {
		to = group();
		if (i == 0)
			to.qkey++;
		else if (i == 1)
			to.grh = false;
		else if (i == 2)
			to.qpn = f->pair.qp[1].qp->number;
		else if (i == 3)
			to.lid++;
		else
			to.gid = other;
		assert_false(arrives(f, &to));
	}
	assert_int_equal(lost[NIC_LOST_QKEY], 1);
	assert_int_equal(f->pair.rig.nic[1]->port.qkey_violations, 1);
	assert_int_equal(f->pair.rig.nic[0]->datagrams_lost[NIC_LOST_TARGET], 2);
	f->pair.qp[1].qp->state = NIC_QP_INIT;
	to = group();
	assert_false(arrives(f, &to));
	f->pair.qp[1].qp->state = NIC_QP_RTS;
	assert_true(arrives(f, &to));
}

/* The sender's port is a member as any other; all queue pairs of a port get a copy. */
static void each_queue_pair_gets_a_copy(void **state)
{
	const struct rig_qp_opts opts = {
		.log_sq = 2, .log_rq = 2, .log_stride = 2, .service = MLX5_QPC_ST_UD
	};
	struct ud_rig *f = *state;
	struct ud_address to = group();
	struct nic_sge into = { .len = SIZE,
				.addr = RIG_VA + f->source + 4096,
				.lkey = f->from.lkey };
	struct mlx5_cqe64 cqe;
	struct rig_qp second;
	uint32_t i, receives = 0;

	rig_qp_open(&f->pair.rig, &second, f->pair.rig.nic[0], &f->pair.cq[0], &f->pair.cq[0],
		    &opts);
	ud_make(&second, MLX5_QPC_ST_UD);
	second.qp->pd = f->pair.pd[0];
	join(f, 0, UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER);
	join(f, 1, UMAD_SA_MCM_JOIN_STATE_NON_MEMBER);
	assert_int_equal(attach_qp(&f->pair.qp[0]), NIC_CMD_OK);
	assert_int_equal(attach_qp(&second), NIC_CMD_OK);
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	rig_post_recv(&f->pair.qp[0], &into, 1);
	into.addr += SIZE;
	rig_post_recv(&second, &into, 1);
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	ud_post(&f->pair.qp[0], MLX5_OPCODE_SEND, &to, &f->from);
	for (i = 0; i < 3; i++) {
		assert_true(rig_cq_wait(&f->pair.cq[0], &cqe));
		receives += rig_cqe_opcode(&cqe) == MLX5_CQE_RESP_SEND;
	}
	assert_int_equal(receives, 2);
	assert_true(rig_cq_poll(&f->pair.cq[1], &cqe));
	assert_true(rig_filled(&f->pair.rig, f->source + 4096 + UD_GRH, UD_LEN, 7));
	assert_true(rig_filled(&f->pair.rig, f->source + 4096 + SIZE + UD_GRH, UD_LEN, 7));
	assert_true(rig_filled(&f->pair.rig, f->target + UD_GRH, UD_LEN, 7));
}

/* A failing receiver does not keep the others from their copy. */
static void receivers_are_independent(void **state)
{
	const struct rig_qp_opts opts = {
		.log_sq = 2, .log_rq = 2, .log_stride = 2, .service = MLX5_QPC_ST_UD
	};
	struct ud_rig *f = *state;
	struct ud_address to = group();
	struct nic_sge small = f->into;
	struct rig_qp first;

	rig_qp_open(&f->pair.rig, &first, f->pair.rig.nic[1], &f->pair.cq[1], &f->pair.cq[1], &opts);
	ud_make(&first, MLX5_QPC_ST_UD);
	join(f, 1, UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER);
	assert_int_equal(attach_qp(&first), NIC_CMD_OK);
	assert_int_equal(attach_qp(&f->pair.qp[1]), NIC_CMD_OK);
	small.len = UD_GRH + UD_LEN - 1;
	rig_post_recv(&first, &small, 1);
	rig_post_recv(&f->pair.qp[1], &f->into, 1);
	assert_true(arrives(f, &to));
	assert_true(rig_filled(&f->pair.rig, f->target + UD_GRH, UD_LEN, 7));
	assert_int_equal(first.qp->state, NIC_QP_ERR);
	assert_int_equal(f->pair.qp[1].qp->state, NIC_QP_RTS);
}

/* Memberships end with the driver: reset, and TEARDOWN_HCA. */
static void a_reset_port_leaves_its_groups(void **state)
{
	struct ud_rig *f = *state;
	struct nic *nic = f->pair.rig.nic[1];

	join(f, 1, UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER);
	assert_true(subnet_forwards(&nic->wire, SUBNET_MULTICAST_LID));
	nic_reset_objects(nic);
	assert_false(subnet_forwards(&nic->wire, SUBNET_MULTICAST_LID));
	assert_int_equal(nic->wire.memberships, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ud_setup, ud_teardown)
	const struct CMUnitTest tests[] = {
		TEST(attachments_that_are_refused),
		TEST(attachments_are_bounded),
		TEST(administrator_answers),
		TEST(tables_come_in_segments),
		TEST(requests_that_reach_no_administrator),
		TEST(an_answer_without_receive_is_lost),
		TEST(members_with_an_attached_queue_pair_get_it),
		TEST(multicast_that_is_lost),
		TEST(each_queue_pair_gets_a_copy),
		TEST(receivers_are_independent),
		TEST(a_reset_port_leaves_its_groups),
	};

	return cmocka_run_group_tests_name("nic_multicast", tests, NULL, NULL);
}
