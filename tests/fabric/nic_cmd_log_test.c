// SPDX-License-Identifier: MIT
/* Refused commands in the log of the host: words, and a bound. Each kind of refusal: nic_refusal_test.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/fabric/nic_cmd_rig.h"

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
	cmd_head(0x900, 3);
	client_exec(client, cmd_in, 16, cmd_out, 16);
	assert_non_null(
		strstr(log.text, "command unknown (0x900, op_mod 0x3) refused: bad operation"));
	cmd_head(MLX5_CMD_OP_ALLOC_PD, 0);
	client_exec(client, cmd_in, NIC_CMD_HEADER, cmd_out, 16);
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
	cmd_head(MLX5_CMD_OP_NOP, 0);
	client->spoil.type = 3;
	client_post(client, 0, cmd_in, 16, 16);
	client_write32(client, 0x18, 1);
	client_run(client);
	assert_true(client_answer(client, 0, cmd_out, 16, &delivery));
	assert_int_equal(delivery, NIC_DELIVERY_DESCRIPTOR);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "command queue entry 0 not executed: delivery status 0x10"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(refusals_are_logged),
		BOOTED(refusals_have_words),
		BOOTED(refusals_do_not_flood_the_log),
		BOOTED(undelivered_commands_are_logged),
	};

	return cmocka_run_group_tests_name("nic_cmd_log", tests, NULL, NULL);
}
