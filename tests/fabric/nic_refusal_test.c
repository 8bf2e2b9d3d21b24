// SPDX-License-Identifier: MIT
/*
 * Why a command is refused, in the log: each command, reason and detail has a message of its own,
 * which is bounded, and a flood of one does not hide another.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fabric/core/fabric.h"
#include "tests/fabric/nic_client.h"

#define FLOOD	    1000u
#define FLOOD_LINES (FAB_LOG_FIRST + 2u) /* 10 of them, the 100th, the 1000th */

static uint8_t in[2048] __attribute__((aligned(8)));
static uint8_t out[CLIENT_MAX] __attribute__((aligned(8)));

static struct {
	unsigned int lines;
	char first[512];
} heard;

static void hear(void *ctx, const char *text)
{
	(void)ctx;
	if (!heard.lines++)
		snprintf(heard.first, sizeof(heard.first), "%s", text);
}

static int setup(void **state)
{
	struct client *client;

	client_setup(state);
	client = *state;
	client->rig.fabric->log = hear;
	return 0;
}

static void head(uint16_t opcode, uint32_t op_mod)
{
	memset(in, 0, sizeof(in));
	DEVX_SET(alloc_pd_in, in, opcode, opcode);
	DEVX_SET(alloc_pd_in, in, op_mod, op_mod);
}

/* The command in `in`, FLOOD times: refused each time, and the log says so once and again by powers of ten. */
static void flood(struct client *client, uint32_t in_len, uint32_t out_len, const char *name,
		  uint32_t syndrome, const char *detail)
{
	char code[64];
	unsigned int i;

	heard.lines = 0;
	for (i = 0; i < FLOOD; i++) {
		nic_cmd_run(client->nic, in, in_len, out, out_len);
		assert_int_not_equal(DEVX_GET(alloc_pd_out, out, status), NIC_CMD_OK);
		assert_int_equal(DEVX_GET(alloc_pd_out, out, syndrome), syndrome);
	}
	snprintf(code, sizeof(code), "(syndrome 0x%x)%s%s", syndrome, detail ? ": " : "",
		 detail ? detail : "");
	if (heard.lines != FLOOD_LINES || !strstr(heard.first, name) ||
	    !strstr(heard.first, code) || strstr(heard.first, " times)"))
		fail_msg("%s %s: %u lines, first '%s'", name, code, heard.lines, heard.first);
}

/* Reasons that the dispatcher finds, for each command of the model. */
static void each_command_and_reason_is_a_kind(void **state)
{
	const struct nic_cmd_desc *desc;
	const struct nic_field *field;
	uint32_t opcode;

	for (opcode = 0; opcode < NIC_CMD_OPCODES; opcode++) {
		desc = nic_cmd_lookup((uint16_t)opcode);
		if (!desc)
			continue;
		head((uint16_t)opcode, 0);
		flood(*state, desc->min_in - 1u, desc->min_out, desc->name, NIC_SYN_LENGTH, NULL);
		if (opcode == MLX5_CMD_OP_ENABLE_HCA)
			continue; /* enabled already: the state is checked first */
		head((uint16_t)opcode, desc->max_op_mod + 1u);
		flood(*state, desc->min_in, desc->min_out, desc->name, NIC_SYN_OP_MOD, NULL);
		field = desc->reserved;
		if (!field)
			continue;
		head((uint16_t)opcode, 0);
		nic_field_set(in, (struct nic_field){ field->bit, 1 }, 1);
		flood(*state, desc->min_in, desc->min_out, desc->name, NIC_SYN_RESERVED, NULL);
	}
}

static void unknown_opcodes_are_one_kind(void **state)
{
	struct client *client = *state;
	uint32_t opcode;

	heard.lines = 0;
	for (opcode = 0; opcode <= 0xffff; opcode++) {
		if (nic_cmd_lookup((uint16_t)opcode))
			continue;
		head((uint16_t)opcode, 0);
		nic_cmd_run(client->nic, in, 64, out, 64);
	}
	assert_int_equal(heard.lines, FAB_LOG_FIRST + 3); /* 100, 1000, 10000 */
	assert_non_null(strstr(heard.first, "opcode is not one of the model"));
}

struct set {
	struct nic_field field;
	uint32_t value;
};

/* Services, kinds of queues and features that the model does not have. */
static const struct {
	uint16_t opcode;
	struct set set[3];
	enum nic_syndrome_code syndrome;
	const char *detail;
} refusals[] = {
#define QP(field)   NIC_FIELD(create_qp_in, qpc.field)
#define CQ(field)   NIC_FIELD(create_cq_in, cq_context.field)
#define MKEY(field) NIC_FIELD(create_mkey_in, memory_key_mkey_entry.field)
#define RMP(field)  NIC_FIELD(create_rmp_in, ctx.field)
#define XRC(field)  NIC_FIELD(create_xrc_srq_in, xrc_srq_context_entry.field)
#define RMP_READY   { RMP(state), MLX5_RMPC_STATE_RDY }
	{ MLX5_CMD_OP_CREATE_QP,
	  { { QP(st), MLX5_QPC_ST_DCI } },
	  NIC_SYN_MODE,
	  "service DC initiator" },
	{ MLX5_CMD_OP_CREATE_QP,
	  { { QP(st), MLX5_QPC_ST_RAW_DATAGRAM } },
	  NIC_SYN_MODE,
	  "service raw datagram" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(st), 0xe } }, NIC_SYN_MODE, "unknown service" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(wq_signature), 1 } }, NIC_SYN_FEATURE, "wq_signature" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(dbr_umem_valid), 1 } }, NIC_SYN_FEATURE, "dbr_umem_valid" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(cd_master), 1 } }, NIC_SYN_FEATURE, "cd_master" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(cd_slave_send), 1 } }, NIC_SYN_FEATURE, "cd_slave_send" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(cd_slave_receive), 1 } }, NIC_SYN_FEATURE, "cd_slave_receive" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(cs_req), 1 } }, NIC_SYN_FEATURE, "cs_req" },
	{ MLX5_CMD_OP_CREATE_QP, { { QP(cs_res), 1 } }, NIC_SYN_FEATURE, "cs_res" },
	{ MLX5_CMD_OP_CREATE_CQ,
	  { { CQ(cqe_sz), 2 } },
	  NIC_SYN_MODE,
	  "entries of neither 64 nor 128 bytes" },
	{ MLX5_CMD_OP_CREATE_CQ, { { CQ(dbr_umem_valid), 1 } }, NIC_SYN_FEATURE, "dbr_umem_valid" },
	{ MLX5_CMD_OP_CREATE_CQ, { { CQ(apu_cq), 1 } }, NIC_SYN_FEATURE, "apu_cq" },
	{ MLX5_CMD_OP_CREATE_CQ, { { CQ(cc), 1 } }, NIC_SYN_FEATURE, "cc" },
	{ MLX5_CMD_OP_CREATE_CQ, { { CQ(cqe_comp_en), 1 } }, NIC_SYN_FEATURE, "cqe_comp_en" },
	{ MLX5_CMD_OP_MODIFY_CQ,
	  { { { 0, 1 }, 0 } },
	  NIC_SYN_FEATURE,
	  "a change other than of the size" },
	{ MLX5_CMD_OP_CREATE_MKEY,
	  { { MKEY(access_mode_1_0), MLX5_MKC_ACCESS_MODE_KLMS } },
	  NIC_SYN_MODE,
	  "access mode other than PA and MTT" },
	{ MLX5_CMD_OP_CREATE_MKEY,
	  { { MKEY(access_mode_1_0), MLX5_MKC_ACCESS_MODE_KSM } },
	  NIC_SYN_MODE,
	  "access mode other than PA and MTT" },
	{ MLX5_CMD_OP_CREATE_MKEY, { { MKEY(bsf_en), 1 } }, NIC_SYN_FEATURE, "bsf_en" },
	{ MLX5_CMD_OP_CREATE_MKEY,
	  { { MKEY(ma_translation_mode), 1 } },
	  NIC_SYN_FEATURE,
	  "ma_translation_mode" },
	{ MLX5_CMD_OP_CREATE_RMP, { { RMP(state), 3 } }, NIC_SYN_MODE, "first state other than ready" },
	{ MLX5_CMD_OP_CREATE_RMP,
	  { RMP_READY, { RMP(wq.wq_type), 1 } },
	  NIC_SYN_MODE,
	  "queue other than a linked list" },
	{ MLX5_CMD_OP_CREATE_RMP,
	  { RMP_READY, { RMP(basic_cyclic_rcv_wqe), 1 } },
	  NIC_SYN_FEATURE,
	  "basic_cyclic_rcv_wqe" },
	{ MLX5_CMD_OP_CREATE_RMP,
	  { RMP_READY, { RMP(wq.wq_signature), 1 } },
	  NIC_SYN_FEATURE,
	  "wq.wq_signature" },
	{ MLX5_CMD_OP_CREATE_RMP,
	  { RMP_READY, { RMP(wq.cd_slave), 1 } },
	  NIC_SYN_FEATURE,
	  "wq.cd_slave" },
	{ MLX5_CMD_OP_CREATE_RMP,
	  { RMP_READY, { RMP(wq.dbr_umem_valid), 1 } },
	  NIC_SYN_FEATURE,
	  "wq.dbr_umem_valid" },
	{ MLX5_CMD_OP_CREATE_RMP,
	  { RMP_READY, { RMP(wq.wq_umem_valid), 1 } },
	  NIC_SYN_FEATURE,
	  "wq.wq_umem_valid" },
	{ MLX5_CMD_OP_MODIFY_RMP,
	  { { { 0, 1 }, 0 } },
	  NIC_SYN_FEATURE,
	  "a change other than of the limit" },
	{ MLX5_CMD_OP_CREATE_XRC_SRQ, { { XRC(wq_signature), 1 } }, NIC_SYN_FEATURE, "wq_signature" },
	{ MLX5_CMD_OP_CREATE_XRC_SRQ, { { XRC(cont_srq), 1 } }, NIC_SYN_FEATURE, "cont_srq" },
	{ MLX5_CMD_OP_CREATE_XRC_SRQ,
	  { { XRC(basic_cyclic_rcv_wqe), 1 } },
	  NIC_SYN_FEATURE,
	  "basic_cyclic_rcv_wqe" },
	{ MLX5_CMD_OP_CREATE_XRC_SRQ,
	  { { XRC(dbr_umem_valid), 1 } },
	  NIC_SYN_FEATURE,
	  "dbr_umem_valid" },
	{ MLX5_CMD_OP_SET_ISSI, { { { 0, 1 }, 0 } }, NIC_SYN_FEATURE, "interface (ISSI) other than 1" },
};

static void each_service_and_feature_is_a_kind(void **state)
{
	const struct nic_cmd_desc *desc;
	size_t i, j;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		head(refusals[i].opcode, 0);
		for (j = 0; j < 3; j++)
			if (refusals[i].set[j].field.size)
				nic_field_set(in, refusals[i].set[j].field,
					      refusals[i].set[j].value);
		desc = nic_cmd_lookup(refusals[i].opcode);
		flood(*state, desc->min_in, desc->min_out, desc->name, refusals[i].syndrome,
		      refusals[i].detail);
	}
}

/* SET_HCA_CAP that asks for more than was offered names the capability. */
static void each_capability_is_a_kind(void **state)
{
	struct client *client = *state;
	unsigned char *cap = DEVX_ADDR_OF(set_hca_cap_in, in, capability);
	const struct nic_cap *offer;
	unsigned int i, tried = 0;

	assert_int_equal(client_simple(client, MLX5_CMD_OP_TEARDOWN_HCA, 0, 0), NIC_CMD_OK);
	for (i = 0; i < nic_general_cap_count; i++) {
		offer = &nic_general_caps[i];
		if (offer->value + 1ull >= 1ull << offer->field.size)
			continue; /* there is no larger value */
		head(MLX5_CMD_OP_SET_HCA_CAP, 0);
		nic_field_set(cap, offer->field, offer->value + 1);
		flood(client, DEVX_ST_SZ_BYTES(set_hca_cap_in), 16, "SET_HCA_CAP", NIC_SYN_FEATURE,
		      offer->name);
		tried++;
	}
	assert_true(tried > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, client_teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_command_and_reason_is_a_kind),
		TEST(unknown_opcodes_are_one_kind),
		TEST(each_service_and_feature_is_a_kind),
		TEST(each_capability_is_a_kind),
	};

	return cmocka_run_group_tests_name("nic_refusal", tests, NULL, NULL);
}
