/* SPDX-License-Identifier: MIT */
/*
 * Every command of the table, and every opcode outside it, with each error that the dispatcher
 * checks. A refused command must not change the NIC.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fabric/nic_cmd_rig.h"

#define JUNK_ROUNDS 40
#define EXTRA	    4096u

/* For each opcode of the model */
#define for_each_command(opcode, desc)                       \
	for (opcode = 0; opcode < NIC_CMD_OPCODES; opcode++) \
		if ((desc = nic_cmd_lookup(opcode)) != NULL)

static void short_input_is_bad_length(void **state)
{
	const struct nic_cmd_desc *desc;
	uint16_t opcode;

	for_each_command(opcode, desc)
	{
		cmd_head(opcode, 0);
		cmd_refused(*state, opcode, desc->min_in - 1, desc->min_out, NIC_CMD_BAD_IN_LEN);
		cmd_refused(*state, opcode, NIC_CMD_HEADER, desc->min_out, NIC_CMD_BAD_IN_LEN);
	}
}

static void short_output_is_bad_length(void **state)
{
	const struct nic_cmd_desc *desc;
	uint16_t opcode;

	for_each_command(opcode, desc)
	{
		if (desc->min_out == NIC_CMD_HEADER)
			continue; /* the command queue refuses shorter ones */
		cmd_head(opcode, 0);
		cmd_refused(*state, opcode, desc->min_in, desc->min_out - 1, NIC_CMD_BAD_OUT_LEN);
		cmd_refused(*state, opcode, desc->min_in, NIC_CMD_HEADER, NIC_CMD_BAD_OUT_LEN);
	}
}

/*
 * The shortest input and output of each command that a driver in use sends, in bytes, without
 * page lists: L Linux 3.11 (the first with mlx5) to 7.3, R rdma-core's VFIO provider, V the mlx5
 * driver of the kernel's vfio selftests. A length below the layout of 7.3 names its driver.
 */
static const struct {
	uint16_t opcode;
	uint16_t in, out;
} oldest[] = {
	{ MLX5_CMD_OP_NOP, 16, 16 },
	{ MLX5_CMD_OP_ENABLE_HCA, 16, 12 },
	{ MLX5_CMD_OP_DISABLE_HCA, 16, 12 },
	{ MLX5_CMD_OP_QUERY_ISSI, 16, 112 },
	{ MLX5_CMD_OP_SET_ISSI, 16, 16 },
	{ MLX5_CMD_OP_QUERY_PAGES, 16, 16 },
	{ MLX5_CMD_OP_MANAGE_PAGES, 16, 16 },
	{ MLX5_CMD_OP_QUERY_HCA_CAP, 16, 272 }, /* L 3.11: 256 bytes of capabilities */
	{ MLX5_CMD_OP_SET_HCA_CAP, 272, 16 },
	{ MLX5_CMD_OP_INIT_HCA, 16, 12 }, /* R, V: no sw_owner_id; V: 12 */
	{ MLX5_CMD_OP_TEARDOWN_HCA, 16, 12 },
	{ MLX5_CMD_OP_QUERY_ADAPTER, 16, 272 },
	{ MLX5_CMD_OP_ACCESS_REG, 16, 16 },
	{ MLX5_CMD_OP_QUERY_HCA_VPORT_CONTEXT, 16, 528 },
	{ MLX5_CMD_OP_MODIFY_HCA_VPORT_CONTEXT, 544, 16 },
	{ MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 16 },
	{ MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY, 16, 16 },
	{ MLX5_CMD_OP_MAD_IFC, 272, 272 },
	{ MLX5_CMD_OP_ALLOC_PD, 16, 12 },
	{ MLX5_CMD_OP_DEALLOC_PD, 16, 12 },
	{ MLX5_CMD_OP_ALLOC_UAR, 16, 12 },
	{ MLX5_CMD_OP_DEALLOC_UAR, 16, 12 },
	{ MLX5_CMD_OP_ALLOC_XRCD, 16, 16 },
	{ MLX5_CMD_OP_DEALLOC_XRCD, 16, 16 },
	{ MLX5_CMD_OP_CREATE_EQ, 272, 16 },
	{ MLX5_CMD_OP_DESTROY_EQ, 16, 16 },
	{ MLX5_CMD_OP_QUERY_EQ, 16, 80 }, /* L 3.11: no event mask */
	{ MLX5_CMD_OP_CREATE_CQ, 272, 16 },
	{ MLX5_CMD_OP_MODIFY_CQ, 272, 16 },
	{ MLX5_CMD_OP_DESTROY_CQ, 16, 16 },
	{ MLX5_CMD_OP_QUERY_CQ, 16, 96 }, /* L 3.11: no page list */
	{ MLX5_CMD_OP_CREATE_MKEY, 272, 16 },
	{ MLX5_CMD_OP_DESTROY_MKEY, 16, 16 },
	{ MLX5_CMD_OP_QUERY_MKEY, 16, 80 }, /* L 3.11: the context only */
	{ MLX5_CMD_OP_PAGE_FAULT_RESUME, 16, 16 },
	{ MLX5_CMD_OP_CREATE_QP, 272, 16 },
	{ MLX5_CMD_OP_DESTROY_QP, 16, 16 },
	{ MLX5_CMD_OP_QUERY_QP, 16, 272 },
	{ MLX5_CMD_OP_ATTACH_TO_MCG, 32, 16 },
	{ MLX5_CMD_OP_DETACH_FROM_MCG, 32, 16 },
	{ MLX5_CMD_OP_RST2INIT_QP, 272, 16 },
	{ MLX5_CMD_OP_INIT2INIT_QP, 272, 16 },
	{ MLX5_CMD_OP_INIT2RTR_QP, 272, 16 },
	{ MLX5_CMD_OP_RTR2RTS_QP, 272, 16 },
	{ MLX5_CMD_OP_RTS2RTS_QP, 272, 16 },
	{ MLX5_CMD_OP_SQERR2RTS_QP, 272, 16 },
	{ MLX5_CMD_OP_SQD_RTS_QP, 272, 16 },
	{ MLX5_CMD_OP_2ERR_QP, 16, 16 },
	{ MLX5_CMD_OP_2RST_QP, 16, 16 },
};

static void oldest_layouts_are_taken(void **state)
{
	const struct nic_cmd_desc *desc;
	uint8_t status;
	size_t i;

	for (i = 0; i < sizeof(oldest) / sizeof(oldest[0]); i++) {
		desc = nic_cmd_lookup(oldest[i].opcode);
		assert_non_null(desc);
		if (desc->min_in > oldest[i].in || desc->min_out > oldest[i].out)
			fail_msg("%s wants %u bytes in and %u out", desc->name, desc->min_in,
				 desc->min_out);
		cmd_head(oldest[i].opcode, 0);
		memset(cmd_out, 0, sizeof(cmd_out));
		status = client_exec(*state, cmd_in, oldest[i].in, cmd_out, oldest[i].out);
		assert_int_not_equal(status, NIC_CMD_BAD_IN_LEN);
		assert_int_not_equal(status, NIC_CMD_BAD_OUT_LEN);
	}
}

/* Every command of the model is in the list above, or was added after 3.11 with a single layout. */
static void every_command_has_an_oldest_layout(void **state)
{
	static const uint16_t one_layout[] = {
		MLX5_CMD_OP_CREATE_XRC_SRQ,	 MLX5_CMD_OP_DESTROY_XRC_SRQ,
		MLX5_CMD_OP_QUERY_XRC_SRQ,	 MLX5_CMD_OP_ARM_XRC_SRQ,
		MLX5_CMD_OP_CREATE_RMP,		 MLX5_CMD_OP_MODIFY_RMP,
		MLX5_CMD_OP_QUERY_VPORT_COUNTER, MLX5_CMD_OP_ALLOC_Q_COUNTER,
		MLX5_CMD_OP_DEALLOC_Q_COUNTER,	 MLX5_CMD_OP_QUERY_Q_COUNTER,
		MLX5_CMD_OP_QUERY_RMP,		 MLX5_CMD_OP_DESTROY_RMP,
	};
	const struct nic_cmd_desc *desc;
	uint16_t opcode;
	bool found;
	size_t i;

	(void)state;
	for_each_command(opcode, desc)
	{
		for (found = false, i = 0; i < sizeof(oldest) / sizeof(oldest[0]); i++)
			found |= oldest[i].opcode == opcode;
		for (i = 0; i < sizeof(one_layout) / sizeof(one_layout[0]); i++)
			found |= one_layout[i] == opcode;
		if (!found)
			fail_msg("%s is missing", desc->name);
	}
}

/* The order of rdma-core's VFIO provider, up to the capability that it lacks (umem_uid_0). */
static void vfio_provider_starts(void **state)
{
	struct client *client = *state;

	cmd_head(MLX5_CMD_OP_ENABLE_HCA, 0);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 16), NIC_CMD_OK);
	cmd_head(MLX5_CMD_OP_QUERY_PAGES, 1);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 16), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_pages_out, cmd_out, num_pages), 0);
	cmd_head(MLX5_CMD_OP_MANAGE_PAGES, MLX5_MANAGE_PAGES_IN_OP_MOD_ALLOCATION_SUCCESS);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 16), NIC_CMD_OK);
	DEVX_SET(manage_pages_in, cmd_in, input_num_entries, 1);
	assert_int_equal(client_exec(client, cmd_in, 24, cmd_out, 16), NIC_CMD_BAD_PARAM);
	cmd_head(MLX5_CMD_OP_MANAGE_PAGES, MLX5_MANAGE_PAGES_IN_OP_MOD_HCA_RETURN_PAGES);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 16), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(manage_pages_out, cmd_out, output_num_entries), 0);
	cmd_head(MLX5_CMD_OP_INIT_HCA, 0);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 12), NIC_CMD_OK);
}

/* Bytes of the last mailbox past the input's length are not part of the input. */
static void bytes_past_the_input_count_as_zero(void **state)
{
	struct client *client = *state;
	uint32_t i;

	cmd_head(MLX5_CMD_OP_ENABLE_HCA, 0);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 16), NIC_CMD_OK);
	cmd_head(MLX5_CMD_OP_INIT_HCA, 0);
	for (i = 16; i < 512; i++)
		cmd_in[i] = 0xff;
	client->spoil.in_len = 16;
	assert_int_equal(client_exec(client, cmd_in, 500, cmd_out, 16), NIC_CMD_OK);
}

static void wrong_state_is_refused(void **state)
{
	struct client *client = *state;
	const struct nic_cmd_desc *desc;
	uint16_t opcode;

	for_each_command(opcode, desc)
	{
		cmd_head(opcode, 0);
		if (desc->needs != NIC_NEEDS_NOTHING)
			cmd_refused(client, opcode, desc->min_in, desc->min_out,
				    NIC_CMD_BAD_SYS_STATE);
	}
	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	for_each_command(opcode, desc)
	{
		cmd_head(opcode, 0);
		if (desc->needs == NIC_NEEDS_INIT || opcode == MLX5_CMD_OP_ENABLE_HCA)
			cmd_refused(client, opcode, desc->min_in, desc->min_out,
				    NIC_CMD_BAD_SYS_STATE);
	}
	assert_int_equal(client_simple(client, MLX5_CMD_OP_INIT_HCA, 0, 0), NIC_CMD_OK);
	cmd_head(MLX5_CMD_OP_INIT_HCA, 0);
	cmd_refused(client, MLX5_CMD_OP_INIT_HCA, DEVX_ST_SZ_BYTES(init_hca_in), 16,
		    NIC_CMD_BAD_SYS_STATE);
	cmd_head(MLX5_CMD_OP_SET_HCA_CAP, 0);
	cmd_refused(client, MLX5_CMD_OP_SET_HCA_CAP, DEVX_ST_SZ_BYTES(set_hca_cap_in), 16,
		    NIC_CMD_BAD_SYS_STATE);
}

static void unknown_op_mod_is_refused(void **state)
{
	const struct nic_cmd_desc *desc;
	uint16_t opcode;

	for_each_command(opcode, desc)
	{
		if (opcode == MLX5_CMD_OP_ENABLE_HCA)
			continue; /* enabled already: the state is checked first */
		cmd_head(opcode, (uint16_t)(desc->max_op_mod + 1));
		cmd_refused(*state, opcode, desc->min_in, desc->min_out, NIC_CMD_BAD_PARAM);
		cmd_head(opcode, 0xffff);
		cmd_refused(*state, opcode, desc->min_in, desc->min_out, NIC_CMD_BAD_PARAM);
	}
}

static void reserved_bits_are_refused(void **state)
{
	const struct nic_field common[] = { { 0x10, 0x10 }, { 0x20, 0x10 }, { 0, 0 } };
	const struct nic_cmd_desc *desc;
	const struct nic_field *field;
	uint32_t bit, set;
	uint16_t opcode;

	for_each_command(opcode, desc)
	{
		for (set = 0; set < 2; set++) {
			for (field = set ? desc->reserved : common; field->size; field++) {
				for (bit = field->bit; bit < field->bit + field->size;
				     bit += 1 + field->size / 9) {
					assert_true(bit / 8 < desc->min_in);
					cmd_head(opcode, 0);
					cmd_in[bit / 8] |= (uint8_t)(0x80 >> (bit & 7));
					cmd_refused(*state, opcode, desc->min_in, desc->min_out,
						    NIC_CMD_BAD_PARAM);
				}
			}
		}
	}
}

static void unknown_opcodes_are_refused(void **state)
{
	struct client *client = *state;
	struct snapshot before = snapshot(client->nic);
	uint32_t opcode;

	for (opcode = 0; opcode <= 0xffff; opcode++) {
		if (nic_cmd_lookup((uint16_t)opcode))
			continue;
		cmd_head((uint16_t)opcode, 0);
		nic_cmd_run(client->nic, cmd_in, 64, cmd_out, 64);
		assert_int_equal(cmd_out[0], NIC_CMD_BAD_OP);
		unchanged(client->nic, &before, (uint16_t)opcode);
	}
	cmd_head(0xffff, 0);
	cmd_refused(client, 0xffff, NIC_CMD_HEADER, NIC_CMD_HEADER, NIC_CMD_BAD_OP);
}

/*
 * Bodies of random bytes after a correct header, longer than needed: any status is permitted, and
 * the NIC stays intact.
 */
static void junk_is_survived(void **state)
{
	struct client *client = *state;
	const struct nic_cmd_desc *desc;
	uint32_t round, i, len, density;
	uint16_t opcode;

	srand(1);
	for_each_command(opcode, desc)
	{
		for (round = 0; round < JUNK_ROUNDS; round++) {
			cmd_head(opcode, (uint16_t)(round % (desc->max_op_mod + 1)));
			len = desc->min_in + (round & 1 ? (uint32_t)rand() % EXTRA : 0);
			density = 1u << round % 8; /* from all bytes to every 128th */
			for (i = NIC_CMD_HEADER; i < len; i++)
				if ((uint32_t)rand() % density == 0)
					cmd_in[i] = (uint8_t)rand();
			client_exec(client, cmd_in, len, cmd_out,
				    desc->min_out + (round & 2 ? EXTRA : 0));
			if (!client->nic->hca_initialised) {
				client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0);
				client_simple(client, MLX5_CMD_OP_INIT_HCA, 0, 0);
			}
		}
	}
	assert_true(client->nic->pas_entries <= NIC_MAX_PAS);
	assert_true(client->nic->mtt_entries <= NIC_MAX_MTT);
}

static void numbers_run_out_cleanly(void **state)
{
	struct client *client = *state;
	struct nic_ids *spaces[] = { &client->nic->pds, &client->nic->uars, &client->nic->xrcds };
	const uint16_t alloc[] = { MLX5_CMD_OP_ALLOC_PD, MLX5_CMD_OP_ALLOC_UAR,
				   MLX5_CMD_OP_ALLOC_XRCD };
	const uint16_t dealloc[] = { MLX5_CMD_OP_DEALLOC_PD, MLX5_CMD_OP_DEALLOC_UAR,
				     MLX5_CMD_OP_DEALLOC_XRCD };
	uint32_t i, n, number;

	for (i = 0; i < 3; i++) {
		for (n = 0; n < spaces[i]->size; n++)
			assert_int_equal(client_simple(client, alloc[i], 0, 0), NIC_CMD_OK);
		assert_int_equal(client_simple(client, alloc[i], 0, 0), NIC_CMD_LIMIT);
		number = spaces[i]->first + 5;
		assert_int_equal(client_simple(client, dealloc[i], 0, number), NIC_CMD_OK);
		assert_int_equal(client_simple(client, dealloc[i], 0, number), NIC_CMD_BAD_RES);
		assert_int_equal(client_simple(client, alloc[i], 0, 0), NIC_CMD_OK);
		assert_non_null(nic_ids_find(spaces[i], number));
		assert_int_equal(client_simple(client, dealloc[i], 0, spaces[i]->first - 1),
				 NIC_CMD_BAD_RES);
		assert_int_equal(client_simple(client, dealloc[i], 0,
					       spaces[i]->first + spaces[i]->size),
				 NIC_CMD_BAD_RES);
	}
}

static void freed_number_is_reused_last(void **state)
{
	struct client *client = *state;
	uint32_t first = client_pd(client), i;

	assert_int_equal(client_simple(client, MLX5_CMD_OP_DEALLOC_PD, 0, first), NIC_CMD_OK);
	for (i = 1; i < client->nic->pds.size; i++)
		assert_int_not_equal(client_pd(client), first);
	assert_int_equal(client_pd(client), first);
}

/* TEARDOWN_HCA destroys all objects, and the HCA can be initialised again. */
static void teardown_drops_objects(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client);
	struct client_queue eq = client_eq(client, 4, 0, 0), cq = client_cq(client, 4, eq.number);
	struct nic_mkey like = {
		.pd = pd, .mode = MLX5_MKC_ACCESS_MODE_MTT, .page_shift = 12, .len = 4096
	};

	client_mkey(client, &like, 8);
	client_qp(client, MLX5_QPC_ST_RC, pd, cq.number);
	assert_true(client->nic->pas_entries > 0 && client->nic->mtt_entries > 0);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_TEARDOWN_HCA, 0, 0), NIC_CMD_OK);
	assert_int_equal(client->nic->pas_entries, 0);
	assert_int_equal(client->nic->mtt_entries, 0);
	assert_int_equal(client->nic->qps.used + client->nic->cqs.used + client->nic->eqs.used +
				 client->nic->mkeys.used + client->nic->pds.used,
			 0);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_INIT_HCA, 0, 0), NIC_CMD_OK);
	client_pd(client);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DISABLE_HCA, 0, 0), NIC_CMD_OK);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_NOP, 0, 0), NIC_CMD_OK);
	assert_false(client->nic->hca_enabled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(short_input_is_bad_length),
		BOOTED(short_output_is_bad_length),
		BOOTED(oldest_layouts_are_taken),
		BOOTED(every_command_has_an_oldest_layout),
		COLD(vfio_provider_starts),
		COLD(bytes_past_the_input_count_as_zero),
		COLD(wrong_state_is_refused),
		BOOTED(unknown_op_mod_is_refused),
		BOOTED(reserved_bits_are_refused),
		BOOTED(unknown_opcodes_are_refused),
		BOOTED(junk_is_survived),
		BOOTED(numbers_run_out_cleanly),
		BOOTED(freed_number_is_reused_last),
		BOOTED(teardown_drops_objects),
	};

	return cmocka_run_group_tests_name("nic_cmd", tests, NULL, NULL);
}
