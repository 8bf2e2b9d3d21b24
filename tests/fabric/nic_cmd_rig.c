// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/fabric/nic_cmd_rig.h"

uint8_t cmd_in[CLIENT_MAX] __attribute__((aligned(8)));
uint8_t cmd_out[CLIENT_MAX] __attribute__((aligned(8)));

struct snapshot snapshot(const struct nic *nic)
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

void unchanged(const struct nic *nic, const struct snapshot *before, uint16_t opcode)
{
	const struct snapshot now = snapshot(nic);

	if (memcmp(&now, before, sizeof(now)))
		fail_msg("refused command 0x%x has changed the NIC", opcode);
}

void cmd_head(uint16_t opcode, uint16_t op_mod)
{
	memset(cmd_in, 0, sizeof(cmd_in));
	DEVX_SET(alloc_pd_in, cmd_in, opcode, opcode);
	DEVX_SET(alloc_pd_in, cmd_in, op_mod, op_mod);
}

void cmd_refused(struct client *client, uint16_t opcode, uint32_t in_len, uint32_t out_len,
		 uint8_t status)
{
	struct snapshot before = snapshot(client->nic);
	uint8_t got = client_exec(client, cmd_in, in_len, cmd_out, out_len);

	if (got != status)
		fail_msg("command 0x%x, %u bytes cmd_in, %u out: status 0x%x, not 0x%x", opcode,
			 in_len, out_len, got, status);
	assert_int_not_equal(DEVX_GET(alloc_pd_out, cmd_out, syndrome), 0);
	unchanged(client->nic, &before, opcode);
}
