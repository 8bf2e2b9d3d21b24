/* SPDX-License-Identifier: MIT */
/*
 * What must hold between the objects of a NIC after every command, whatever it was, and what a command may change.
 * Limits and transitions are stated again here, from the interface, not taken from the fabric's tables.
 */
#ifndef FUZZ_COMMAND_CHECK_H
#define FUZZ_COMMAND_CHECK_H

#include "fabric/nic/nic.h"

#define CHECK_SPACES 10u

/* State that commands can change. */
struct command_state {
	uint32_t used[CHECK_SPACES];
	uint32_t pas, mtts, port_caps, cmd_eqn, qp_states;
	bool enabled, initialised;
	char node_desc[64];
};

void command_state(const struct nic *nic, struct command_state *state);
/* in: as the NIC got it; status: its answer. */
void command_check(const struct nic *nic, const struct command_state *before, const uint8_t *in,
		   uint8_t status);
void command_check_objects(const struct nic *nic);
void command_check_empty(const struct nic *nic); /* after a reset */

#endif
