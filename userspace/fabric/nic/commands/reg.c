// SPDX-License-Identifier: MIT
/*
 * ACCESS_REG: the port, node and firmware registers that the drivers of an
 * InfiniBand port read. Others are refused.
 */
#include <string.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/firmware.h"

#define ACCESS_WRITE	0u
#define NODE_DESC_BYTES sizeof(((struct nic *)0)->node_desc)
#define MNVDA_HEADER	12u /* mlx5/core/lib/nv_param.c: MNVDA_HDR_SZ, struct configuration_item */
#define MTU_BYTES	4096u
#define VLS		4u	  /* VL0 to VL3 (mlx5_ib: enum mlx5_vl_hw_cap) */
#define WIDTH_4X	(1u << 2) /* include/linux/mlx5/port.h: MLX5_PTYS_WIDTH_4X */
#define SPEED_EDR	(1u << 5) /* IBTA LinkSpeedExtActive, as the verbs' active_speed */

struct reg {
	uint16_t id;
	uint16_t in, out; /* shortest, bytes */
	/* asked: the same register as the driver sent it, with its selectors. false: no such selection */
	bool (*read)(const struct nic *nic, const uint8_t *asked, uint8_t *data);
	void (*write)(struct nic *nic, const uint8_t *data); /* NULL: read only */
};

static bool pmtu_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)asked;
	(void)nic;
	DEVX_SET(pmtu_reg, data, local_port, 1);
	DEVX_SET(pmtu_reg, data, max_mtu, MTU_BYTES);
	DEVX_SET(pmtu_reg, data, admin_mtu, MTU_BYTES);
	DEVX_SET(pmtu_reg, data, oper_mtu, MTU_BYTES);
	return true;
}

static bool ptys_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)asked;
	(void)nic;
	DEVX_SET(ptys_reg, data, local_port, 1);
	DEVX_SET(ptys_reg, data, ib_link_width_capability, WIDTH_4X);
	DEVX_SET(ptys_reg, data, ib_link_width_admin, WIDTH_4X);
	DEVX_SET(ptys_reg, data, ib_link_width_oper, WIDTH_4X);
	DEVX_SET(ptys_reg, data, ib_proto_capability, SPEED_EDR);
	DEVX_SET(ptys_reg, data, ib_proto_admin, SPEED_EDR);
	DEVX_SET(ptys_reg, data, ib_proto_oper, SPEED_EDR);
	return true;
}

static bool pvlc_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)asked;
	(void)nic;
	DEVX_SET(pvlc_reg, data, local_port, 1);
	DEVX_SET(pvlc_reg, data, vl_hw_cap, VLS);
	DEVX_SET(pvlc_reg, data, vl_admin, VLS);
	DEVX_SET(pvlc_reg, data, vl_operational, VLS);
	return true;
}

static bool node_desc_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)asked;
	memcpy(data, nic->node_desc, sizeof(nic->node_desc));
	return true;
}

static void node_desc_write(struct nic *nic, const uint8_t *data)
{
	memcpy(nic->node_desc, data, sizeof(nic->node_desc));
}

/* Byte order of the host: all data of the model is big endian whatever the host is. */
static bool endianness_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)asked;
	(void)nic;
	(void)data;
	return true;
}

static void endianness_write(struct nic *nic, const uint8_t *data)
{
	(void)nic;
	(void)data;
}

#define GROUP_IB 0x20u /* include/linux/mlx5/device.h: MLX5_INFINIBAND_PORT_COUNTERS_GROUP */

/* Errors of a link that has none. Traffic is in QUERY_VPORT_COUNTER. */
static bool ppcnt_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)nic;
	DEVX_SET(ppcnt_reg, data, local_port, 1);
	DEVX_SET(ppcnt_reg, data, grp, GROUP_IB);
	return DEVX_GET(ppcnt_reg, asked, grp) == GROUP_IB;
}

/* Which management registers exist, by group of 128. */
static bool mcam_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	uint32_t group = DEVX_GET(mcam_reg, asked, access_reg_group);

	(void)nic;
	DEVX_SET(mcam_reg, data, access_reg_group, group);
	if (group == 0) {
		DEVX_SET(mcam_reg, data, mng_access_reg_cap_mask.access_regs.mcqs, 1);
		DEVX_SET(mcam_reg, data, mng_access_reg_cap_mask.access_regs.mcqi, 1);
	}
	return true;
}

#define COMPONENT_BOOT_IMAGE 1u /* mlx5/core/fw.c: MCQS_IDENTIFIER_BOOT_IMG */
#define INFO_VERSION	     1u /* mlx5/core/fw.c: MCQI_INFO_TYPE_VERSION */

/* One component, number 0: the firmware, no update pending. */
static bool mcqs_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)nic;
	DEVX_SET(mcqs_reg, data, last_index_flag, 1);
	DEVX_SET(mcqs_reg, data, identifier, COMPONENT_BOOT_IMAGE);
	return DEVX_GET(mcqs_reg, asked, component_index) == 0;
}

static bool mcqi_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)nic;
	memcpy(data, asked, DEVX_ST_SZ_BYTES(mcqi_reg));
	DEVX_SET(mcqi_reg, data, info_size, DEVX_ST_SZ_BYTES(mcqi_version));
	DEVX_SET(mcqi_version, data + DEVX_ST_SZ_BYTES(mcqi_reg), version, NIC_FW_VERSION);
	return DEVX_GET(mcqi_reg, asked, component_index) == 0 &&
	       DEVX_GET(mcqi_reg, asked, info_type) == INFO_VERSION;
}

/* Settings in flash: every item is there and all its values are 0; none can be written. */
static bool mnvda_read(const struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	(void)nic;
	memcpy(data, asked, MNVDA_HEADER);
	return true;
}

static const struct reg regs[] = {
	{ NIC_REG_PMTU, DEVX_ST_SZ_BYTES(pmtu_reg), DEVX_ST_SZ_BYTES(pmtu_reg), pmtu_read, NULL },
	{ NIC_REG_PTYS, DEVX_ST_SZ_BYTES(ptys_reg), DEVX_ST_SZ_BYTES(ptys_reg), ptys_read, NULL },
	{ NIC_REG_PVLC, DEVX_ST_SZ_BYTES(pvlc_reg), DEVX_ST_SZ_BYTES(pvlc_reg), pvlc_read, NULL },
	{ NIC_REG_PPCNT, DEVX_ST_SZ_BYTES(ppcnt_reg), DEVX_ST_SZ_BYTES(ppcnt_reg), ppcnt_read, NULL },
	{ NIC_REG_MNVDA, MNVDA_HEADER, MNVDA_HEADER, mnvda_read, NULL },
	{ NIC_REG_MCQS, DEVX_ST_SZ_BYTES(mcqs_reg), DEVX_ST_SZ_BYTES(mcqs_reg), mcqs_read, NULL },
	{ NIC_REG_MCQI, DEVX_ST_SZ_BYTES(mcqi_reg),
	  DEVX_ST_SZ_BYTES(mcqi_reg) + DEVX_ST_SZ_BYTES(mcqi_version), mcqi_read, NULL },
	{ NIC_REG_MCAM, DEVX_ST_SZ_BYTES(mcam_reg), DEVX_ST_SZ_BYTES(mcam_reg), mcam_read, NULL },
	{ NIC_REG_NODE_DESC, NODE_DESC_BYTES, NODE_DESC_BYTES, node_desc_read, node_desc_write },
	{ NIC_REG_HOST_ENDIANNESS, 16, 16, endianness_read, endianness_write },
};

static const struct reg *reg_find(uint16_t id)
{
	size_t i;

	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (regs[i].id == id)
			return &regs[i];
	return NULL;
}

uint8_t nic_cmd_access_reg(struct nic_cmd *cmd)
{
	const struct reg *reg =
		reg_find((uint16_t)DEVX_GET(access_register_in, cmd->in, register_id));
	bool write = cmd->op_mod == ACCESS_WRITE;

	if (!reg || (write && !reg->write))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_REGISTER);
	if (cmd->in_len < DEVX_ST_SZ_BYTES(access_register_in) + reg->in)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_IN_LEN, NIC_SYN_LENGTH);
	if (cmd->out_len < DEVX_ST_SZ_BYTES(access_register_out) + reg->out)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_OUT_LEN, NIC_SYN_LENGTH);
	if (write)
		reg->write(cmd->nic, DEVX_ADDR_OF(access_register_in, cmd->in, register_data));
	if (!reg->read(cmd->nic, DEVX_ADDR_OF(access_register_in, cmd->in, register_data),
		       DEVX_ADDR_OF(access_register_out, cmd->out, register_data)))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_REGISTER);
	return NIC_CMD_OK;
}
