// SPDX-License-Identifier: MIT
/*
 * The InfiniBand port as its driver sees it: one port, always up, one GID with
 * the GUID, the default partition. The LID comes from the command
 * line; the SM LID is that of the subnet's administrator (fabric/subnet).
 */
#include <string.h>

#include "fabric/nic/commands/cmd.h"

#define VPORT_ACTIVE 4u	  /* IBTA PortState */
#define PHYS_LINK_UP 5u	  /* IBTA PortPhysicalState */
#define GIDS	     8u	  /* capability gid_table_size 0 */
#define PKEYS	     128u /* capability pkey_table_size 0 */
#define WHOLE_TABLE  0xffffu

/* Bits of CapabilityMask that say which agents run on the host: IsSM, CM, SNMP, DeviceManagement, VendorClass. */
#define PORT_CAPS_AGENTS (1u << 1 | 1u << 16 | 1u << 17 | 1u << 19 | 1u << 20)

/* Counters of 16 bits stop at the end of their range. */
static uint16_t saturated(uint64_t value)
{
	return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

uint8_t nic_cmd_query_hca_vport_context(struct nic_cmd *cmd)
{
	unsigned char *context =
		DEVX_ADDR_OF(query_hca_vport_context_out, cmd->out, hca_vport_context);
	const struct nic *nic = cmd->nic;

	DEVX_SET(hca_vport_context, context, port_physical_state, PHYS_LINK_UP);
	DEVX_SET(hca_vport_context, context, port_state, VPORT_ACTIVE);
	DEVX_SET(hca_vport_context, context, vport_state, VPORT_ACTIVE);
	DEVX_SET64(hca_vport_context, context, system_image_guid, nic->guid);
	DEVX_SET64(hca_vport_context, context, port_guid, nic->guid);
	DEVX_SET64(hca_vport_context, context, node_guid, nic->guid);
	DEVX_SET(hca_vport_context, context, cap_mask1, nic->port_caps);
	DEVX_SET(hca_vport_context, context, cap_mask1_field_select, PORT_CAPS_AGENTS);
	DEVX_SET(hca_vport_context, context, lid, nic->opts.lid);
	DEVX_SET(hca_vport_context, context, qkey_violation_counter,
		 saturated(nic->port.qkey_violations));
	DEVX_SET(hca_vport_context, context, pkey_violation_counter,
		 saturated(nic->port.pkey_violations));
	DEVX_SET(hca_vport_context, context, sm_lid, SUBNET_SM_LID);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_modify_hca_vport_context(struct nic_cmd *cmd)
{
	const unsigned char *context =
		DEVX_ADDR_OF(modify_hca_vport_context_in, cmd->in, hca_vport_context);
	uint32_t select = DEVX_GET(hca_vport_context, context, cap_mask1_field_select);

	if (DEVX_GET(hca_vport_context, context, field_select) || select & ~PORT_CAPS_AGENTS)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE);
	cmd->nic->port_caps &= ~select;
	cmd->nic->port_caps |= DEVX_GET(hca_vport_context, context, cap_mask1) & select;
	return NIC_CMD_OK;
}

/* First entry and number of entries that a table query asks for; false: index outside, or no room for the answer. */
static bool table_range(uint32_t index, uint32_t entries, uint32_t room, uint32_t *first,
			uint32_t *count)
{
	*first = index == WHOLE_TABLE ? 0 : index;
	*count = index == WHOLE_TABLE ? entries : 1;
	return *first < entries && *count <= room;
}

uint8_t nic_cmd_query_hca_vport_gid(struct nic_cmd *cmd)
{
	uint32_t room = (uint32_t)((cmd->out_len - DEVX_ST_SZ_BYTES(query_hca_vport_gid_out)) /
				   DEVX_ST_SZ_BYTES(array128_auto));
	unsigned char *gid = DEVX_ADDR_OF(query_hca_vport_gid_out, cmd->out, gid);
	uint32_t first, count, i;

	if (!table_range(DEVX_GET(query_hca_vport_gid_in, cmd->in, gid_index), GIDS, room, &first,
			 &count))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_NUMBER);
	DEVX_SET(query_hca_vport_gid_out, cmd->out, gids_num, count);
	for (i = 0; i < count; i++) {
		/* A GID is the subnet prefix and a GUID; unused GUIDs are 0 (IBTA 14.2.5.5). */
		const uint64_t value[2] = { htobe64(SUBNET_PREFIX),
					    first + i == 0 ? htobe64(cmd->nic->guid) : 0 };

		memcpy(gid + i * sizeof(value), value, sizeof(value));
	}
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_hca_vport_pkey(struct nic_cmd *cmd)
{
	uint32_t room = (uint32_t)((cmd->out_len - DEVX_ST_SZ_BYTES(query_hca_vport_pkey_out)) /
				   DEVX_ST_SZ_BYTES(pkey));
	unsigned char *pkey = DEVX_ADDR_OF(query_hca_vport_pkey_out, cmd->out, pkey);
	uint32_t first, count;

	if (!table_range(DEVX_GET(query_hca_vport_pkey_in, cmd->in, pkey_index), PKEYS, room,
			 &first, &count))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_NUMBER);
	if (first == 0)
		DEVX_SET(pkey, pkey, pkey, SUBNET_PKEY);
	return NIC_CMD_OK;
}

/* No management agent: every request is answered as IBTA 13.4.7 says for an unsupported method and attribute. */
uint8_t nic_cmd_mad_ifc(struct nic_cmd *cmd)
{
	enum {
		MAD_BYTES = 256,
		METHOD = 3,
		METHOD_RESPONSE = 0x80,
		STATUS_LOW = 5,
		UNSUPPORTED = 0x0c
	};
	unsigned char *mad = DEVX_ADDR_OF(mad_ifc_out, cmd->out, response_mad_packet);

	memcpy(mad, DEVX_ADDR_OF(mad_ifc_in, cmd->in, mad), MAD_BYTES);
	mad[METHOD] |= METHOD_RESPONSE;
	mad[STATUS_LOW] = UNSUPPORTED;
	return NIC_CMD_OK;
}
