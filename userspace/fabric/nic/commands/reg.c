// SPDX-License-Identifier: MIT
/*
 * ACCESS_REG: the port and node registers that the drivers of an InfiniBand
 * port read. Others are refused; the driver then does without.
 */
#include <string.h>

#include "fabric/nic/commands/cmd.h"

#define ACCESS_WRITE 0u
#define MTU_BYTES    4096u
#define VLS	     4u	       /* VL0 to VL3 (mlx5_ib: enum mlx5_vl_hw_cap) */
#define WIDTH_4X     (1u << 2) /* include/linux/mlx5/port.h: MLX5_PTYS_WIDTH_4X */
#define SPEED_EDR    (1u << 5) /* IBTA LinkSpeedExtActive, as the verbs' active_speed */

struct reg {
	uint16_t id;
	uint16_t bytes;
	void (*read)(const struct nic *nic, uint8_t *data);
	void (*write)(struct nic *nic, const uint8_t *data); /* NULL: read only */
};

static void pmtu_read(const struct nic *nic, uint8_t *data)
{
	(void)nic;
	DEVX_SET(pmtu_reg, data, local_port, 1);
	DEVX_SET(pmtu_reg, data, max_mtu, MTU_BYTES);
	DEVX_SET(pmtu_reg, data, admin_mtu, MTU_BYTES);
	DEVX_SET(pmtu_reg, data, oper_mtu, MTU_BYTES);
}

static void ptys_read(const struct nic *nic, uint8_t *data)
{
	(void)nic;
	DEVX_SET(ptys_reg, data, local_port, 1);
	DEVX_SET(ptys_reg, data, ib_link_width_capability, WIDTH_4X);
	DEVX_SET(ptys_reg, data, ib_link_width_admin, WIDTH_4X);
	DEVX_SET(ptys_reg, data, ib_link_width_oper, WIDTH_4X);
	DEVX_SET(ptys_reg, data, ib_proto_capability, SPEED_EDR);
	DEVX_SET(ptys_reg, data, ib_proto_admin, SPEED_EDR);
	DEVX_SET(ptys_reg, data, ib_proto_oper, SPEED_EDR);
}

static void pvlc_read(const struct nic *nic, uint8_t *data)
{
	(void)nic;
	DEVX_SET(pvlc_reg, data, local_port, 1);
	DEVX_SET(pvlc_reg, data, vl_hw_cap, VLS);
	DEVX_SET(pvlc_reg, data, vl_admin, VLS);
	DEVX_SET(pvlc_reg, data, vl_operational, VLS);
}

static void node_desc_read(const struct nic *nic, uint8_t *data)
{
	memcpy(data, nic->node_desc, sizeof(nic->node_desc));
}

static void node_desc_write(struct nic *nic, const uint8_t *data)
{
	memcpy(nic->node_desc, data, sizeof(nic->node_desc));
}

/* Byte order of the host: all data of the model is big endian whatever the host is. */
static void endianness_read(const struct nic *nic, uint8_t *data)
{
	(void)nic;
	(void)data;
}

static void endianness_write(struct nic *nic, const uint8_t *data)
{
	(void)nic;
	(void)data;
}

static const struct reg regs[] = {
	{ NIC_REG_PMTU, DEVX_ST_SZ_BYTES(pmtu_reg), pmtu_read, NULL },
	{ NIC_REG_PTYS, DEVX_ST_SZ_BYTES(ptys_reg), ptys_read, NULL },
	{ NIC_REG_PVLC, DEVX_ST_SZ_BYTES(pvlc_reg), pvlc_read, NULL },
	{ NIC_REG_NODE_DESC, sizeof(((struct nic *)0)->node_desc), node_desc_read, node_desc_write },
	{ NIC_REG_HOST_ENDIANNESS, 16, endianness_read, endianness_write },
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
	if (cmd->in_len < DEVX_ST_SZ_BYTES(access_register_in) + reg->bytes)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_IN_LEN, NIC_SYN_LENGTH);
	if (cmd->out_len < DEVX_ST_SZ_BYTES(access_register_out) + reg->bytes)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_OUT_LEN, NIC_SYN_LENGTH);
	if (write)
		reg->write(cmd->nic, DEVX_ADDR_OF(access_register_in, cmd->in, register_data));
	reg->read(cmd->nic, DEVX_ADDR_OF(access_register_out, cmd->out, register_data));
	return NIC_CMD_OK;
}
