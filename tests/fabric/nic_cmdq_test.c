/* SPDX-License-Identifier: MIT */
/*
 * The command queue and the initialisation segment: malformed entries and mailbox chains complete
 * with a delivery status, or not at all, and are never executed; register accesses of any width.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "fabric/core/pci.h"
#include "fabric/nic/init_seg.h"
#include "tests/fabric/nic_client.h"

#define DOORBELL 0x18u
#define CMDQ_LOW 0x14u
#define UAR	 (NIC_UAR_OFFSET + 5 * NIC_PAGE)
#define CAP_OUT	 DEVX_ST_SZ_BYTES(query_hca_cap_out) /* 8 mailboxes */
#define CAP_IN	 DEVX_ST_SZ_BYTES(set_hca_cap_in)

static uint8_t in[CLIENT_MAX] __attribute__((aligned(8)));
static uint8_t out[CLIENT_MAX] __attribute__((aligned(8)));

static void prepare(uint16_t opcode)
{
	memset(in, 0, sizeof(in));
	DEVX_SET(alloc_pd_in, in, opcode, opcode);
}

/* Delivery status of the prepared command with the client's corruption. */
static uint8_t deliver(struct client *client, uint32_t in_len, uint32_t out_len)
{
	uint64_t commands = client->nic->commands, bad = client->nic->commands_bad;
	uint8_t delivery;

	client_post(client, 0, in, in_len, out_len);
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_true(client_answer(client, 0, out, out_len, &delivery));
	if (delivery != NIC_DELIVERY_OK) {
		assert_int_equal(client->nic->commands, commands); /* not executed */
		assert_int_equal(client->nic->commands_bad, bad + 1);
	}
	return delivery;
}

static void wrong_chains_are_not_executed(void **state)
{
	struct client *client = *state;
	const struct {
		struct client_spoil spoil;
		uint8_t delivery;
	} cases[] = {
		{ { .type = 6 }, NIC_DELIVERY_DESCRIPTOR },
		{ { .in_box = 1, .token = true }, NIC_DELIVERY_TOKEN },
		{ { .in_box = 8, .token = true }, NIC_DELIVERY_TOKEN },
		{ { .out_box = 1, .token = true }, NIC_DELIVERY_TOKEN },
		{ { .out_box = 8, .token = true }, NIC_DELIVERY_TOKEN },
		{ { .in_box = 4, .block_num = true }, NIC_DELIVERY_BLOCK_NUMBER },
		{ { .out_box = 2, .block_num = true }, NIC_DELIVERY_BLOCK_NUMBER },
		{ { .in_box = 3, .loop = true }, NIC_DELIVERY_BLOCK_NUMBER },
		{ { .out_box = 3, .loop = true }, NIC_DELIVERY_BLOCK_NUMBER },
		{ { .in_box = 7, .end = true }, NIC_DELIVERY_IN_LENGTH },
		{ { .out_box = 7, .end = true }, NIC_DELIVERY_OUT_LENGTH },
		{ { .in_ptr = 1 }, NIC_DELIVERY_IN_LENGTH },
		{ { .out_ptr = 1 }, NIC_DELIVERY_OUT_LENGTH },
		{ { .in_ptr = client->in_boxes + 256 }, NIC_DELIVERY_IN_ALIGN },
		{ { .out_ptr = client->out_boxes + 4 }, NIC_DELIVERY_OUT_ALIGN },
		{ { .in_ptr = 0xffffffffffffe00 }, NIC_DELIVERY_FIRMWARE },
		{ { .out_ptr = RIG_BUS + RIG_MEMORY - 512 },
		  NIC_DELIVERY_FIRMWARE }, /* the control segment is outside */
		{ { .out_ptr = UINT64_MAX - 511 }, NIC_DELIVERY_FIRMWARE },
		{ { .in_len = 7 }, NIC_DELIVERY_IN_LENGTH },
		{ { .in_len = UINT32_MAX }, NIC_DELIVERY_IN_LENGTH },
		{ { .in_len = 2u << 20 }, NIC_DELIVERY_IN_LENGTH },
		{ { .out_len = 7 }, NIC_DELIVERY_OUT_LENGTH },
		{ { .out_len = UINT32_MAX }, NIC_DELIVERY_OUT_LENGTH },
		{ { .out_len = 1u << 20 }, NIC_DELIVERY_OUT_LENGTH },
		{ { .in_len = 1u << 20 },
		  NIC_DELIVERY_IN_LENGTH }, /* allowed, but the chain is shorter */
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		prepare(MLX5_CMD_OP_QUERY_HCA_CAP);
		client->spoil = cases[i].spoil;
		assert_int_equal(deliver(client, CAP_IN, CAP_OUT), cases[i].delivery);
	}
	assert_int_equal(deliver(client, CAP_IN, CAP_OUT), NIC_DELIVERY_OK);
	assert_int_equal(out[0], NIC_CMD_OK);
}

static void longest_output(void **state)
{
	prepare(MLX5_CMD_OP_QUERY_HCA_CAP);
	assert_int_equal(deliver(*state, CAP_IN, 16u << 10), NIC_DELIVERY_OK);
	assert_int_equal(out[0], NIC_CMD_OK);
	assert_int_equal(deliver(*state, CAP_IN, (16u << 10) + 1), NIC_DELIVERY_OUT_LENGTH);
}

static void entry_of_software_is_left_alone(void **state)
{
	struct client *client = *state;
	uint8_t before[64], *entry = rig_at(&client->rig, client->queue);
	uint64_t commands = client->nic->commands;

	prepare(MLX5_CMD_OP_ALLOC_PD);
	client->spoil.no_owner = true;
	client_post(client, 0, in, 16, 16);
	memcpy(before, entry, sizeof(before));
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_memory_equal(entry, before, sizeof(before));
	assert_int_equal(client->nic->commands, commands);
}

static void all_slots_are_served(void **state)
{
	struct client *client = *state;
	uint32_t used = client->nic->pds.used, slot;
	uint8_t delivery;

	prepare(MLX5_CMD_OP_ALLOC_PD);
	for (slot = 0; slot < 32; slot++)
		client_post(client, slot, in, 16, 16);
	client_write32(client, DOORBELL, UINT32_MAX);
	client_write32(client, DOORBELL, 1); /* rung twice, owned once */
	client_run(client);
	assert_int_equal(client->nic->pds.used, used + 32);
	for (slot = 0; slot < 32; slot++)
		assert_true(client_answer(client, slot, out, 16, &delivery) && !delivery && !out[0]);
}

/* One command for each turn of the loop: a guest that rings all slots cannot starve other clients. */
static void one_command_for_each_turn(void **state)
{
	struct client *client = *state;
	uint64_t commands = client->nic->commands;

	prepare(MLX5_CMD_OP_NOP);
	client_post(client, 3, in, 16, 16);
	client_post(client, 4, in, 16, 16);
	client_write32(client, DOORBELL, 3u << 3);
	fab_loop_step(client->rig.fabric->loop, 0);
	assert_int_equal(client->nic->commands, commands + 1);
	client_run(client);
	assert_int_equal(client->nic->commands, commands + 2);
}

static void no_bus_master_no_command(void **state)
{
	struct client *client = *state;
	uint16_t command = PCI_COMMAND_MEMORY;
	uint8_t delivery;

	fab_device_cfg_write(&client->nic->dev, PCI_COMMAND, &command, 2);
	prepare(MLX5_CMD_OP_ALLOC_PD);
	client_post(client, 0, in, 16, 16);
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_false(client_answer(client, 0, out, 16, &delivery));
	assert_int_equal(client->nic->pds.used, 0);
	assert_true(client->nic->dev.errors_no_master > 0);
}

static void queue_outside_memory_is_survived(void **state)
{
	struct client *client = *state;

	client_write32(client, CMDQ_LOW - 4, 0xffffffff);
	client_write32(client, CMDQ_LOW, 0xfffff000);
	client_write32(client, DOORBELL, UINT32_MAX);
	client_run(client);
	assert_true(client->nic->dev.errors_unsupported >= 32);
}

static void long_answers_cross_mailboxes(void **state)
{
	unsigned char *cap = DEVX_ADDR_OF(query_hca_cap_out, out, capability);
	struct client *client = *state;

	prepare(MLX5_CMD_OP_QUERY_HCA_CAP);
	assert_int_equal(deliver(client, 16, CAP_OUT), NIC_DELIVERY_OK);
	assert_int_equal(DEVX_GET(cmd_hca_cap, cap, num_ports), 1);
	assert_int_equal(DEVX_GET(cmd_hca_cap, cap, max_num_eqs),
			 NIC_MAX_EQS); /* byte 0x8e: second box */
	assert_int_equal(deliver(client, 16, 16 + 256 - 1), NIC_DELIVERY_OK);
	assert_int_equal(out[0], NIC_CMD_BAD_OUT_LEN);
}

/* From the event queue for commands on, each completion is an event; the command that creates it is not. */
static void completions_become_events(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 1, 1ull << NIC_EVENT_COMMAND);
	NIC_LAYOUT(cmd_inter_comp_event, data);
	uint8_t type;

	assert_false(client_eqe(client, &eq, 0, &type, data));
	client_write32(client, UAR + 0x40, eq.number << 24);
	prepare(MLX5_CMD_OP_NOP);
	client_post(client, 7, in, 16, 16);
	client_write32(client, DOORBELL, 1u << 7);
	client_run(client);
	assert_true(client_eqe(client, &eq, 0, &type, data));
	assert_int_equal(type, NIC_EVENT_COMMAND);
	assert_int_equal(DEVX_GET(cmd_inter_comp_event, data, command_completion_vector), 1u << 7);
	assert_int_equal(client_interrupts(client, 1), 1);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_DESTROY_EQ, 0, eq.number), NIC_CMD_OK);
	assert_int_equal(client_interrupts(client, 1), 0);
}

static void segment_reads_at_any_width(void **state)
{
	struct client *client = *state;
	uint8_t bytes[8];
	uint32_t i;

	assert_int_equal(client_read32(client, 0x4) >> 16, 5);
	assert_int_equal(client_read32(client, CMDQ_LOW), (uint32_t)client->queue | 0x56);
	assert_int_equal(client_read32(client, 0x10), client->queue >> 32);
	assert_int_equal(client_read32(client, 0x1fc),
			 1u << 30); /* ready, can be reset by the driver */
	assert_int_not_equal(client_read32(client, 0x230), 0xffffffff);
	for (i = 0; i < 8; i++) {
		client->nic->dev.ops->bar_read(&client->nic->dev, 0, CMDQ_LOW + i, bytes + i, 1);
	}
	assert_int_equal(bytes[3], 0x56);
	client->nic->dev.ops->bar_read(&client->nic->dev, 0, 0x3, bytes, 8);
	assert_int_equal(bytes[2], 5);
	assert_int_equal(client_read32(client, NIC_BAR0_SIZE - 4), 0);
}

/* Accesses of every width outside of registers, over the whole segment and a UAR page. */
static void odd_writes_are_ignored(void **state)
{
	struct client *client = *state;
	uint8_t junk[8];
	uint64_t commands, off;
	uint32_t len;

	memset(junk, 0xff, sizeof(junk));
	commands = client->nic->commands;
	for (len = 1; len <= 8; len++) {
		for (off = 0; off + len <= 0x2020; off++)
			if (off + len <= 0x10 || off >= 0x1c || (len != 4 && len != 8) || off & 3)
				client_bar_write(client, off, junk, len);
		for (off = UAR; off + len <= UAR + NIC_PAGE; off++)
			client_bar_write(client, off, junk, len);
	}
	client_bar_write(client, NIC_BAR0_SIZE - 8, junk, 8);
	client->nic->dev.ops->bar_write(&client->nic->dev, 4, 0, junk, 8);
	client_run(client);
	assert_int_equal(client->nic->commands, commands);
	assert_int_equal(client_read32(client, CMDQ_LOW), (uint32_t)client->queue | 0x56);
	client_pd(client);
}

static void health_and_time_advance(void **state)
{
	struct client *client = *state;
	uint32_t health = client_read32(client, 0x1010), time = client_read32(client, 0x1004);
	uint64_t end = fab_loop_now_us(client->rig.fabric->loop) + 2000000;

	while (client_read32(client, 0x1010) == health &&
	       fab_loop_now_us(client->rig.fabric->loop) < end)
		fab_loop_step(client->rig.fabric->loop, 50);
	assert_int_not_equal(client_read32(client, 0x1010),
			     health); /* well before the driver's next poll */
	assert_int_not_equal(client_read32(client, 0x1004), time);
}

static void disabled_interface_drops_all(void **state)
{
	struct client *client = *state;

	client_pd(client);
	client_write32(client, CMDQ_LOW, (uint32_t)client->queue | 1u << 8);
	assert_int_equal(client_read32(client, CMDQ_LOW) >> 8 & 3, 1);
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_int_equal(client->nic->pds.used, 0);
	assert_false(client->nic->hca_enabled);
	client_write32(client, CMDQ_LOW - 4, (uint32_t)(client->queue >> 32));
	client_write32(client, CMDQ_LOW, (uint32_t)client->queue);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
}

/* The driver finds the interface disabled, as after a restart of firmware: that starts its recovery. */
static void reset_forgets_everything(void **state)
{
	struct client *client = *state;
	uint16_t control = PCI_EXP_DEVCTL_BCR_FLR, command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	client_pd(client);
	prepare(MLX5_CMD_OP_ALLOC_PD);
	client_post(client, 0, in, 16, 16);
	client_write32(client, DOORBELL, 1); /* pending at the reset */
	fab_device_cfg_write(&client->nic->dev, client->nic->dev.pcie_cap + PCI_EXP_DEVCTL,
			     &control, 2);
	fab_device_cfg_write(&client->nic->dev, PCI_COMMAND, &command, 2);
	client_run(client);
	assert_int_equal(client->nic->pds.used, 0);
	assert_false(client->nic->hca_enabled);
	assert_int_equal(client_read32(client, CMDQ_LOW), 0x156);
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_false(client->nic->hca_enabled);
	client_write32(client, CMDQ_LOW, (uint32_t)client->queue);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
}

/* Fatal health: no command is executed, and the health counter stops; a reset ends the state. */
static void fatal_health_stops_commands(void **state)
{
	struct client *client = *state;
	uint32_t nop[4] = { 0 }, counter;
	uint64_t commands = client->nic->commands;

	DEVX_SET(nop_in, nop, opcode, MLX5_CMD_OP_NOP);
	nic_set_fatal(client->nic, true);
	counter = client_read32(client, 0x1010);
	client_post(client, 0, nop, 16, 16);
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_int_equal(client->nic->commands, commands);
	assert_int_equal(client_read32(client, 0x238), 0x80000000);
	assert_int_equal(client_read32(client, 0x23c), 0x00010000);
	assert_int_equal(client_read32(client, 0x1010), counter);
	nic_set_fatal(client->nic, false);
	client_write32(client, DOORBELL, 1);
	client_run(client);
	assert_int_equal(client->nic->commands, commands + 1);
	nic_set_fatal(client->nic, true);
	fab_device_reset(&client->nic->dev);
	assert_int_equal(client_read32(client, 0x238), 0);
}

/* The driver's recovery from a fatal state: it requests a restart of firmware and finds the NIC disabled. */
static void software_reset_ends_a_fatal_state(void **state)
{
	struct client *client = *state;

	client_pd(client);
	nic_set_fatal(client->nic, true);
	client_write32(client, CMDQ_LOW, (uint32_t)client->queue | 7u << 8);
	client_run(client);
	assert_int_equal(client_read32(client, CMDQ_LOW) >> 8 & 7, 1);
	assert_int_equal(client_read32(client, 0x23c), 0);
	assert_int_equal(client->nic->pds.used, 0);
	client_write32(client, 0x10, (uint32_t)(client->queue >> 32));
	client_write32(client, CMDQ_LOW, (uint32_t)client->queue);
	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)

/* Requester Enable survives a restart of firmware, unless the NIC is one that loses it. */
static void restart_of_firmware_may_lose_tph(void **state)
{
	struct client *client = *state;
	struct fab_device *dev = &client->nic->dev;
	uint32_t control = dev->tph_cap + FAB_TPH_CTRL, wanted = FAB_TPH_CTRL_REQ_EN, got;
	unsigned int loses;

	for (loses = 0; loses < 2; loses++) {
		client->nic->opts.loses_tph = loses;
		fab_device_cfg_write(dev, control, &wanted, sizeof(wanted));
		client_write32(client, CMDQ_LOW, (uint32_t)client->queue | 7u << 8);
		client_run(client);
		fab_device_cfg_read(dev, control, &got, sizeof(got));
		assert_int_equal(got, loses ? 0 : wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(wrong_chains_are_not_executed),	  BOOTED(longest_output),
		BOOTED(entry_of_software_is_left_alone),  BOOTED(all_slots_are_served),
		BOOTED(one_command_for_each_turn),	  BOOTED(no_bus_master_no_command),
		BOOTED(queue_outside_memory_is_survived), BOOTED(long_answers_cross_mailboxes),
		BOOTED(completions_become_events),	  BOOTED(segment_reads_at_any_width),
		BOOTED(odd_writes_are_ignored),		  BOOTED(health_and_time_advance),
		BOOTED(disabled_interface_drops_all),	  BOOTED(reset_forgets_everything),
		BOOTED(fatal_health_stops_commands),	  BOOTED(software_reset_ends_a_fatal_state),
		BOOTED(restart_of_firmware_may_lose_tph),
	};

	return cmocka_run_group_tests_name("nic_cmdq", tests, NULL, NULL);
}
