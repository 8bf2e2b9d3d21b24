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

#include "tests/fabric/nic_client.h"

#define JUNK_ROUNDS 40
#define EXTRA	    4096u

static uint8_t in[CLIENT_MAX] __attribute__((aligned(8)));
static uint8_t out[CLIENT_MAX] __attribute__((aligned(8)));

/* The state that commands can change. */
struct snapshot {
	uint32_t used[9];
	uint32_t pas, mtt, port_caps;
	bool enabled, initialised;
	char node_desc[64];
};

static struct snapshot snapshot(const struct nic *nic)
{
	const struct nic_ids *spaces[] = { &nic->pds, &nic->uars, &nic->xrcds,
					   &nic->eqs, &nic->cqs,  &nic->mkeys,
					   &nic->qps, &nic->srqs, &nic->faults };
	struct snapshot now;
	unsigned int i;

	memset(&now, 0, sizeof(now)); /* compared as bytes */
	for (i = 0; i < 9; i++)
		now.used[i] = spaces[i]->used;
	now.pas = nic->pas_entries;
	now.mtt = nic->mtt_entries;
	now.port_caps = nic->port_caps;
	now.enabled = nic->hca_enabled;
	now.initialised = nic->hca_initialised;
	memcpy(now.node_desc, nic->node_desc, sizeof(now.node_desc));
	return now;
}

static void unchanged(const struct nic *nic, const struct snapshot *before, uint16_t opcode)
{
	const struct snapshot now = snapshot(nic);

	if (memcmp(&now, before, sizeof(now)))
		fail_msg("refused command 0x%x has changed the NIC", opcode);
}

static void head(uint16_t opcode, uint16_t op_mod)
{
	memset(in, 0, sizeof(in));
	DEVX_SET(alloc_pd_in, in, opcode, opcode);
	DEVX_SET(alloc_pd_in, in, op_mod, op_mod);
}

static void expect(struct client *client, uint16_t opcode, uint32_t in_len, uint32_t out_len,
		   uint8_t status)
{
	struct snapshot before = snapshot(client->nic);
	uint8_t got = client_exec(client, in, in_len, out, out_len);

	if (got != status)
		fail_msg("command 0x%x, %u bytes in, %u out: status 0x%x, not 0x%x", opcode, in_len,
			 out_len, got, status);
	assert_int_not_equal(DEVX_GET(alloc_pd_out, out, syndrome), 0);
	unchanged(client->nic, &before, opcode);
}

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
		head(opcode, 0);
		expect(*state, opcode, desc->min_in - 1, desc->min_out, NIC_CMD_BAD_IN_LEN);
		expect(*state, opcode, NIC_CMD_HEADER, desc->min_out, NIC_CMD_BAD_IN_LEN);
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
		head(opcode, 0);
		expect(*state, opcode, desc->min_in, desc->min_out - 1, NIC_CMD_BAD_OUT_LEN);
		expect(*state, opcode, desc->min_in, NIC_CMD_HEADER, NIC_CMD_BAD_OUT_LEN);
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
		head(oldest[i].opcode, 0);
		memset(out, 0, sizeof(out));
		status = client_exec(*state, in, oldest[i].in, out, oldest[i].out);
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

	head(MLX5_CMD_OP_ENABLE_HCA, 0);
	assert_int_equal(client_exec(client, in, 16, out, 16), NIC_CMD_OK);
	head(MLX5_CMD_OP_QUERY_PAGES, 1);
	assert_int_equal(client_exec(client, in, 16, out, 16), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_pages_out, out, num_pages), 0);
	head(MLX5_CMD_OP_MANAGE_PAGES, MLX5_MANAGE_PAGES_IN_OP_MOD_ALLOCATION_SUCCESS);
	assert_int_equal(client_exec(client, in, 16, out, 16), NIC_CMD_OK);
	DEVX_SET(manage_pages_in, in, input_num_entries, 1);
	assert_int_equal(client_exec(client, in, 24, out, 16), NIC_CMD_BAD_PARAM);
	head(MLX5_CMD_OP_MANAGE_PAGES, MLX5_MANAGE_PAGES_IN_OP_MOD_HCA_RETURN_PAGES);
	assert_int_equal(client_exec(client, in, 16, out, 16), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(manage_pages_out, out, output_num_entries), 0);
	head(MLX5_CMD_OP_INIT_HCA, 0);
	assert_int_equal(client_exec(client, in, 16, out, 12), NIC_CMD_OK);
}

/* Bytes of the last mailbox past the input's length are not part of the input. */
static void bytes_past_the_input_count_as_zero(void **state)
{
	struct client *client = *state;
	uint32_t i;

	head(MLX5_CMD_OP_ENABLE_HCA, 0);
	assert_int_equal(client_exec(client, in, 16, out, 16), NIC_CMD_OK);
	head(MLX5_CMD_OP_INIT_HCA, 0);
	for (i = 16; i < 512; i++)
		in[i] = 0xff;
	client->spoil.in_len = 16;
	assert_int_equal(client_exec(client, in, 500, out, 16), NIC_CMD_OK);
}

static void wrong_state_is_refused(void **state)
{
	struct client *client = *state;
	const struct nic_cmd_desc *desc;
	uint16_t opcode;

	for_each_command(opcode, desc)
	{
		head(opcode, 0);
		if (desc->needs != NIC_NEEDS_NOTHING)
			expect(client, opcode, desc->min_in, desc->min_out, NIC_CMD_BAD_SYS_STATE);
	}
	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	for_each_command(opcode, desc)
	{
		head(opcode, 0);
		if (desc->needs == NIC_NEEDS_INIT || opcode == MLX5_CMD_OP_ENABLE_HCA)
			expect(client, opcode, desc->min_in, desc->min_out, NIC_CMD_BAD_SYS_STATE);
	}
	assert_int_equal(client_simple(client, MLX5_CMD_OP_INIT_HCA, 0, 0), NIC_CMD_OK);
	head(MLX5_CMD_OP_INIT_HCA, 0);
	expect(client, MLX5_CMD_OP_INIT_HCA, DEVX_ST_SZ_BYTES(init_hca_in), 16,
	       NIC_CMD_BAD_SYS_STATE);
	head(MLX5_CMD_OP_SET_HCA_CAP, 0);
	expect(client, MLX5_CMD_OP_SET_HCA_CAP, DEVX_ST_SZ_BYTES(set_hca_cap_in), 16,
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
		head(opcode, (uint16_t)(desc->max_op_mod + 1));
		expect(*state, opcode, desc->min_in, desc->min_out, NIC_CMD_BAD_PARAM);
		head(opcode, 0xffff);
		expect(*state, opcode, desc->min_in, desc->min_out, NIC_CMD_BAD_PARAM);
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
					head(opcode, 0);
					in[bit / 8] |= (uint8_t)(0x80 >> (bit & 7));
					expect(*state, opcode, desc->min_in, desc->min_out,
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
		head((uint16_t)opcode, 0);
		nic_cmd_run(client->nic, in, 64, out, 64);
		assert_int_equal(out[0], NIC_CMD_BAD_OP);
		unchanged(client->nic, &before, (uint16_t)opcode);
	}
	head(0xffff, 0);
	expect(client, 0xffff, NIC_CMD_HEADER, NIC_CMD_HEADER, NIC_CMD_BAD_OP);
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
			head(opcode, (uint16_t)(round % (desc->max_op_mod + 1)));
			len = desc->min_in + (round & 1 ? (uint32_t)rand() % EXTRA : 0);
			density = 1u << round % 8; /* from all bytes to every 128th */
			for (i = NIC_CMD_HEADER; i < len; i++)
				if ((uint32_t)rand() % density == 0)
					in[i] = (uint8_t)rand();
			client_exec(client, in, len, out, desc->min_out + (round & 2 ? EXTRA : 0));
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

struct host_log {
	unsigned int lines;
	char text[512]; /* of the last line */
};

static void keep_line(void *ctx, const char *text)
{
	struct host_log *log = ctx;

	log->lines++;
	strcpy(log->text, text);
}

/* The reason of a refusal is in the host's log too, for guests that do not print it. */
static void refusals_are_logged(void **state)
{
	struct client *client = *state;
	struct host_log log = { 0 };

	client->rig.fabric->log = keep_line;
	client->rig.fabric->log_ctx = &log;
	client_pd(client);
	assert_int_equal(log.lines, 0);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DEALLOC_PD, 0, 0xabc), NIC_CMD_BAD_RES);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "command DEALLOC_PD (0x801, op_mod 0x0) refused: "
					 "bad resource (status 0x5), number names no object "
					 "(syndrome 0x6)"));
	head(0x900, 3);
	client_exec(client, in, 16, out, 16);
	assert_non_null(
		strstr(log.text, "command unknown (0x900, op_mod 0x3) refused: bad operation"));
	head(MLX5_CMD_OP_ALLOC_PD, 0);
	client_exec(client, in, NIC_CMD_HEADER, out, 16);
	assert_non_null(strstr(log.text, "ALLOC_PD"));
	assert_non_null(strstr(log.text, "bad input length (status 0x50)"));
}

/* Every status and syndrome that a command can return has words. */
static void refusals_have_words(void **state)
{
	static const uint8_t statuses[] = {
		NIC_CMD_INTERNAL, NIC_CMD_BAD_OP,	NIC_CMD_BAD_PARAM,  NIC_CMD_BAD_SYS_STATE,
		NIC_CMD_BAD_RES,  NIC_CMD_RES_BUSY,	NIC_CMD_LIMIT,	    NIC_CMD_BAD_INDEX,
		NIC_CMD_NO_RES,	  NIC_CMD_BAD_QP_STATE, NIC_CMD_BAD_IN_LEN, NIC_CMD_BAD_OUT_LEN,
	};
	struct client *client = *state;
	struct nic_cmd cmd = { .nic = client->nic, .opcode = MLX5_CMD_OP_NOP };
	struct host_log log = { 0 };
	size_t i;

	client->rig.fabric->log = keep_line;
	client->rig.fabric->log_ctx = &log;
	for (cmd.syndrome = NIC_SYN_OPCODE; cmd.syndrome <= NIC_SYN_LAST; cmd.syndrome++) {
		fab_device_clear(&client->nic->dev);
		nic_cmd_log_refusal(&cmd, NIC_CMD_BAD_PARAM);
		assert_null(strstr(log.text, "unknown ("));
	}
	nic_cmd_log_refusal(&cmd, NIC_CMD_BAD_PARAM);
	assert_non_null(strstr(log.text, "unknown (syndrome 0x15)"));
	cmd.syndrome = NIC_SYN_OPCODE;
	for (i = 0; i < sizeof(statuses); i++) {
		fab_device_clear(&client->nic->dev);
		nic_cmd_log_refusal(&cmd, statuses[i]);
		assert_null(strstr(log.text, "unknown ("));
	}
}

static void refusals_do_not_flood_the_log(void **state)
{
	struct client *client = *state;
	struct host_log log = { 0 };
	unsigned int i;

	client->rig.fabric->log = keep_line;
	client->rig.fabric->log_ctx = &log;
	for (i = 0; i < 1000; i++)
		client_simple(client, MLX5_CMD_OP_DEALLOC_PD, 0, 0xabc);
	assert_int_equal(log.lines, FAB_LOG_FIRST + 2);
	assert_non_null(strstr(log.text, "(1000 times)"));
}

/* An entry of the command queue that cannot be executed */
static void undelivered_commands_are_logged(void **state)
{
	struct client *client = *state;
	struct host_log log = { 0 };
	uint8_t delivery = 0;

	client->rig.fabric->log = keep_line;
	client->rig.fabric->log_ctx = &log;
	head(MLX5_CMD_OP_NOP, 0);
	client->spoil.type = 3;
	client_post(client, 0, in, 16, 16);
	client_write32(client, 0x18, 1);
	client_run(client);
	assert_true(client_answer(client, 0, out, 16, &delivery));
	assert_int_equal(delivery, NIC_DELIVERY_DESCRIPTOR);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "command queue entry 0 not executed: delivery status 0x10"));
}

static void capabilities_are_consistent(void **state)
{
	struct client *client = *state;
	unsigned char *cap = DEVX_ADDR_OF(query_hca_cap_out, out, capability);

	head(MLX5_CMD_OP_QUERY_HCA_CAP, 1);
	assert_int_equal(client_exec(client, in, 16, out, DEVX_ST_SZ_BYTES(query_hca_cap_out)),
			 NIC_CMD_OK);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_qp), client->nic->qps.size);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_cq), client->nic->cqs.size);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_mkey), client->nic->mkeys.size);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_msg), NIC_MAX_MESSAGE);
	assert_int_equal(DEVX_GET(cmd_hca_cap, cap, mkey_pcie_tph), 1);
	assert_int_equal(DEVX_GET(cmd_hca_cap, cap, port_type), 0);
	head(MLX5_CMD_OP_QUERY_HCA_CAP, 4 << 1); /* RoCE: no bits */
	assert_int_equal(client_exec(client, in, 16, out, DEVX_ST_SZ_BYTES(query_hca_cap_out)),
			 NIC_CMD_OK);
	for (uint32_t i = 0; i < DEVX_ST_SZ_BYTES(query_hca_cap_out); i++)
		assert_int_equal(out[i], 0);
}

static void more_than_offered_is_refused(void **state)
{
	struct client *client = *state;
	unsigned char *cap = DEVX_ADDR_OF(set_hca_cap_in, in, capability);

	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	head(MLX5_CMD_OP_SET_HCA_CAP, 0);
	DEVX_SET(cmd_hca_cap, cap, log_max_qp, NIC_LOG_MAX_QP);
	assert_int_equal(client_exec(client, in, DEVX_ST_SZ_BYTES(set_hca_cap_in), out, 16),
			 NIC_CMD_OK);
	DEVX_SET(cmd_hca_cap, cap, log_max_qp, NIC_LOG_MAX_QP + 1);
	expect(client, MLX5_CMD_OP_SET_HCA_CAP, DEVX_ST_SZ_BYTES(set_hca_cap_in), 16,
	       NIC_CMD_BAD_PARAM);
}

static uint8_t set_odp(struct client *client, const uint8_t *odp)
{
	head(MLX5_CMD_OP_SET_HCA_CAP, MLX5_SET_HCA_CAP_OP_MOD_ODP << 1);
	memcpy(DEVX_ADDR_OF(set_hca_cap_in, in, capability), odp, DEVX_ST_SZ_BYTES(odp_cap));
	return client_exec(client, in, DEVX_ST_SZ_BYTES(set_hca_cap_in), out, 16);
}

#define ODP_CAP(field)	DEVX_GET(odp_cap, odp, field)
#define MEMORY_RC(kind) ODP_CAP(memory_page_fault_scheme_cap.rc_odp_caps.kind)

/* The capabilities that the driver's handle_hca_cap_odp() reads: it may set those and no others. */
static void capabilities_select_memory_page_faults(void **state)
{
	uint8_t odp[DEVX_ST_SZ_BYTES(odp_cap)] __attribute__((aligned(8)));
	struct client *client = *state;
	uint16_t current;

	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	for (current = 0; current < 2; current++) {
		head(MLX5_CMD_OP_QUERY_HCA_CAP, (uint16_t)(2 << 1 | current));
		assert_int_equal(client_exec(client, in, 16, out,
					     DEVX_ST_SZ_BYTES(query_hca_cap_out)),
				 NIC_CMD_OK);
		memcpy(odp, DEVX_ADDR_OF(query_hca_cap_out, out, capability), sizeof(odp));
		assert_true(ODP_CAP(mem_page_fault) &&
			    ODP_CAP(memory_page_fault_scheme_cap.page_prefetch));
		assert_true(MEMORY_RC(send) && MEMORY_RC(receive) && MEMORY_RC(write) &&
			    MEMORY_RC(read));
		assert_true(MEMORY_RC(atomic) && MEMORY_RC(srq_receive));
		assert_true(ODP_CAP(memory_page_fault_scheme_cap.xrc_odp_caps.srq_receive));
		assert_false(ODP_CAP(memory_page_fault_scheme_cap.ud_odp_caps.send));
		assert_false(ODP_CAP(transport_page_fault_scheme_cap.rc_odp_caps.write));
	}
	assert_int_equal(set_odp(client, odp), NIC_CMD_OK);
	DEVX_SET(odp_cap, odp, mem_page_fault, 0);
	assert_int_equal(set_odp(client, odp), NIC_CMD_BAD_PARAM);
	DEVX_SET(odp_cap, odp, mem_page_fault, 1);
	DEVX_SET(odp_cap, odp, transport_page_fault_scheme_cap.rc_odp_caps.write, 1);
	assert_int_equal(set_odp(client, odp), NIC_CMD_BAD_PARAM);
}

static void query_atomic(struct client *client, bool current, uint8_t *atomic)
{
	head(MLX5_CMD_OP_QUERY_HCA_CAP, (uint16_t)(3 << 1 | current));
	assert_int_equal(client_exec(client, in, 16, out, DEVX_ST_SZ_BYTES(query_hca_cap_out)),
			 NIC_CMD_OK);
	memcpy(atomic, DEVX_ADDR_OF(query_hca_cap_out, out, capability),
	       DEVX_ST_SZ_BYTES(atomic_caps));
}

static uint8_t set_atomic(struct client *client, const uint8_t *atomic)
{
	head(MLX5_CMD_OP_SET_HCA_CAP, 3 << 1);
	memcpy(DEVX_ADDR_OF(set_hca_cap_in, in, capability), atomic, DEVX_ST_SZ_BYTES(atomic_caps));
	return client_exec(client, in, DEVX_ST_SZ_BYTES(set_hca_cap_in), out, 16);
}

#define ATOMIC_CAP(field) DEVX_GET(atomic_caps, atomic, field)

/* As handle_hca_cap_atomic() and get_atomic_caps() of the drivers; reset goes back to big endian. */
static void capabilities_choose_the_order_of_atomics(void **state)
{
	uint8_t atomic[DEVX_ST_SZ_BYTES(atomic_caps)] __attribute__((aligned(8)));
	struct client *client = *state;
	int round;

	for (round = 0; round < 2; round++) {
		assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
		query_atomic(client, true, atomic);
		assert_int_equal(ATOMIC_CAP(atomic_req_8B_endianness_mode), 0);
		query_atomic(client, false, atomic);
		assert_int_equal(ATOMIC_CAP(atomic_req_8B_endianness_mode), 1);
		assert_int_equal(ATOMIC_CAP(supported_atomic_req_8B_endianness_mode_1), 1);
		assert_int_equal(ATOMIC_CAP(atomic_operations), 3); /* no masked ones */
		assert_int_equal(ATOMIC_CAP(atomic_size_qp), 8);
		DEVX_SET(atomic_caps, atomic, atomic_size_qp, 16);
		assert_int_equal(set_atomic(client, atomic), NIC_CMD_BAD_PARAM);
		assert_false(client->nic->atomic_host_order);
		memset(atomic, 0, sizeof(atomic));
		DEVX_SET(atomic_caps, atomic, atomic_req_8B_endianness_mode, 2);
		assert_int_equal(set_atomic(client, atomic), NIC_CMD_BAD_PARAM);
		DEVX_SET(atomic_caps, atomic, atomic_req_8B_endianness_mode, 1);
		assert_int_equal(set_atomic(client, atomic), NIC_CMD_OK);
		query_atomic(client, true, atomic);
		assert_int_equal(ATOMIC_CAP(atomic_req_8B_endianness_mode), 1);
		assert_int_equal(client_simple(client, MLX5_CMD_OP_DISABLE_HCA, 0, 0), NIC_CMD_OK);
	}
}

static uint8_t access_reg(struct client *client, uint16_t id, bool read, uint32_t bytes)
{
	DEVX_SET(access_register_in, in, opcode, MLX5_CMD_OP_ACCESS_REG);
	DEVX_SET(access_register_in, in, op_mod, read);
	DEVX_SET(access_register_in, in, register_id, id);
	return client_exec(client, in, 16 + bytes, out, 16 + bytes);
}

static void registers_have_their_length(void **state)
{
	struct client *client = *state;

	memset(in, 0, sizeof(in));
	assert_int_equal(access_reg(client, NIC_REG_NODE_DESC, true, 64), NIC_CMD_OK);
	assert_string_equal((char *)out + 16, "tphbuf fabric model");
	assert_int_equal(access_reg(client, NIC_REG_NODE_DESC, true, 60), NIC_CMD_BAD_IN_LEN);
	assert_int_equal(access_reg(client, NIC_REG_PMTU, true, DEVX_ST_SZ_BYTES(pmtu_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(pmtu_reg, out + 16, oper_mtu), 4096);
	assert_int_equal(access_reg(client, NIC_REG_PMTU, false, DEVX_ST_SZ_BYTES(pmtu_reg)),
			 NIC_CMD_BAD_PARAM);
	assert_int_equal(access_reg(client, 0x1234, true, 64), NIC_CMD_BAD_PARAM);
	memset(in, 0, sizeof(in));
	DEVX_SET(ppcnt_reg, in + 16, grp, 0x20);
	assert_int_equal(access_reg(client, NIC_REG_PPCNT, true, DEVX_ST_SZ_BYTES(ppcnt_reg)),
			 NIC_CMD_OK);
	DEVX_SET(ppcnt_reg, in + 16, grp, 0);
	assert_int_equal(access_reg(client, NIC_REG_PPCNT, true, DEVX_ST_SZ_BYTES(ppcnt_reg)),
			 NIC_CMD_BAD_PARAM);
	memset(in + 16, 'x', 64);
	assert_int_equal(access_reg(client, NIC_REG_NODE_DESC, false, 64), NIC_CMD_OK);
	assert_memory_equal(client->nic->node_desc, in + 16, 64);
}

/*
 * "devlink dev info" and ibv_devinfo name one version of firmware; every setting of "devlink dev
 * param" reads.
 */
static void firmware_version_is_one(void **state)
{
	const uint32_t version = 1u << 16; /* 0.1.0 */
	struct client *client = *state;

	assert_int_equal(client_read32(client, 0x0), 1u << 16 | 0);
	assert_int_equal(client_read32(client, 0x230), version);
	memset(in, 0, sizeof(in));
	assert_int_equal(access_reg(client, NIC_REG_MCAM, true, DEVX_ST_SZ_BYTES(mcam_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcam_reg, out + 16, mng_access_reg_cap_mask.access_regs.mcqi), 1);
	assert_int_equal(DEVX_GET(mcam_reg, out + 16, mng_access_reg_cap_mask.access_regs.mfrl), 0);
	DEVX_SET(mcam_reg, in + 16, access_reg_group, 2);
	assert_int_equal(access_reg(client, NIC_REG_MCAM, true, DEVX_ST_SZ_BYTES(mcam_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcam_reg, out + 16, mng_access_reg_cap_mask.access_regs.mcqi), 0);
	memset(in, 0, sizeof(in));
	assert_int_equal(access_reg(client, NIC_REG_MCQS, true, DEVX_ST_SZ_BYTES(mcqs_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcqs_reg, out + 16, identifier), 1);
	assert_int_equal(DEVX_GET(mcqs_reg, out + 16, component_update_state), 0);
	DEVX_SET(mcqs_reg, in + 16, component_index, 1);
	assert_int_equal(access_reg(client, NIC_REG_MCQS, true, DEVX_ST_SZ_BYTES(mcqs_reg)),
			 NIC_CMD_BAD_PARAM);
	memset(in, 0, sizeof(in));
	DEVX_SET(mcqi_reg, in + 16, info_type, 1);
	assert_int_equal(access_reg(client, NIC_REG_MCQI, true,
				    DEVX_ST_SZ_BYTES(mcqi_reg) + DEVX_ST_SZ_BYTES(mcqi_version)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcqi_version, out + 16 + DEVX_ST_SZ_BYTES(mcqi_reg), version),
			 version);
	assert_int_equal(access_reg(client, NIC_REG_MCQI, true, DEVX_ST_SZ_BYTES(mcqi_reg)),
			 NIC_CMD_BAD_OUT_LEN);
	memset(in, 0, sizeof(in));
	in[16 + 4] = 0x80;
	assert_int_equal(access_reg(client, NIC_REG_MNVDA, true, 24), NIC_CMD_OK);
	assert_memory_equal(out + 16, in + 16, 12);
	assert_int_equal(access_reg(client, NIC_REG_MNVDA, false, 24), NIC_CMD_BAD_PARAM);
}

static void port_tables_are_bounded(void **state)
{
	struct client *client = *state;
	uint8_t gid[16] = { 0xfe, 0x80 };
	uint64_t guid = htobe64(client->nic->guid);

	memcpy(gid + 8, &guid, 8);
	head(MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 0);
	assert_int_equal(client_exec(client, in, 16, out, 32), NIC_CMD_OK);
	assert_memory_equal(out + 16, gid, 16);
	expect(client, MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 16, NIC_CMD_BAD_PARAM);
	DEVX_SET(query_hca_vport_gid_in, in, gid_index, 7);
	assert_int_equal(client_exec(client, in, 16, out, 32), NIC_CMD_OK);
	DEVX_SET(query_hca_vport_gid_in, in, gid_index, 8);
	expect(client, MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 32, NIC_CMD_BAD_PARAM);
	DEVX_SET(query_hca_vport_gid_in, in, gid_index, 0xffff);
	expect(client, MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 16 + 7 * 16, NIC_CMD_BAD_PARAM);
	assert_int_equal(client_exec(client, in, 16, out, 16 + 8 * 16), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_hca_vport_gid_out, out, gids_num), 8);
	memset(gid + 8, 0, 8); /* the kernel uses the prefix of the last entry as the port's */
	assert_memory_equal(out + 16 + 7 * 16, gid, 16);
	head(MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY, 0);
	assert_int_equal(client_exec(client, in, 16, out, 20), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(pkey, out + 16, pkey), 0xffff);
	DEVX_SET(query_hca_vport_pkey_in, in, pkey_index, 128);
	expect(client, MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY, 16, 20, NIC_CMD_BAD_PARAM);
}

static void management_is_answered_as_unsupported(void **state)
{
	head(MLX5_CMD_OP_MAD_IFC, 3);
	in[16 + 3] = 1;	    /* Get */
	in[16 + 17] = 0x15; /* PortInfo */
	assert_int_equal(client_exec(*state, in, DEVX_ST_SZ_BYTES(mad_ifc_in), out,
				     DEVX_ST_SZ_BYTES(mad_ifc_out)),
			 NIC_CMD_OK);
	assert_int_equal(out[16 + 3], 0x81);
	assert_int_equal(out[16 + 5], 0x0c);
	assert_int_equal(out[16 + 17], 0x15);
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

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)
#define COLD(test)   cmocka_unit_test_setup_teardown(test, client_setup_cold, client_teardown)

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
		BOOTED(refusals_are_logged),
		BOOTED(refusals_have_words),
		BOOTED(refusals_do_not_flood_the_log),
		BOOTED(undelivered_commands_are_logged),
		BOOTED(capabilities_are_consistent),
		COLD(more_than_offered_is_refused),
		COLD(capabilities_select_memory_page_faults),
		COLD(capabilities_choose_the_order_of_atomics),
		BOOTED(registers_have_their_length),
		BOOTED(firmware_version_is_one),
		BOOTED(port_tables_are_bounded),
		BOOTED(management_is_answered_as_unsupported),
		BOOTED(teardown_drops_objects),
	};

	return cmocka_run_group_tests_name("nic_cmd", tests, NULL, NULL);
}
