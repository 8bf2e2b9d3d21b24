/* SPDX-License-Identifier: MIT */
/* A command and its answer, and a command that the NIC refuses. */
#ifndef NIC_CMD_RIG_H
#define NIC_CMD_RIG_H

#include "tests/fabric/nic_client.h"

extern uint8_t cmd_in[CLIENT_MAX], cmd_out[CLIENT_MAX];

/* The state that commands can change. */
struct snapshot {
	uint32_t used[9];
	uint32_t pas, mtt, port_caps;
	bool enabled, initialised;
	char node_desc[64];
};

struct snapshot snapshot(const struct nic *nic);
/* The refused command @opcode has not changed @nic. */
void unchanged(const struct nic *nic, const struct snapshot *before, uint16_t opcode);

/* An empty command in cmd_in */
void cmd_head(uint16_t opcode, uint16_t op_mod);
/* The command in cmd_in is refused with @status and a syndrome, and changes nothing. */
void cmd_refused(struct client *client, uint16_t opcode, uint32_t in_len, uint32_t out_len,
		 uint8_t status);

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)
#define COLD(test)   cmocka_unit_test_setup_teardown(test, client_setup_cold, client_teardown)

#endif
