// SPDX-License-Identifier: MIT
/* What commands tell of the NIC, and set: capabilities, access registers, tables of the port. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/fabric/nic_cmd_rig.h"

static void capabilities_are_consistent(void **state)
{
	struct client *client = *state;
	unsigned char *cap = DEVX_ADDR_OF(query_hca_cap_out, cmd_out, capability);

	cmd_head(MLX5_CMD_OP_QUERY_HCA_CAP, 1);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out,
				     DEVX_ST_SZ_BYTES(query_hca_cap_out)),
			 NIC_CMD_OK);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_qp), client->nic->qps.size);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_cq), client->nic->cqs.size);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_mkey), client->nic->mkeys.size);
	assert_int_equal(1u << DEVX_GET(cmd_hca_cap, cap, log_max_msg), NIC_MAX_MESSAGE);
	assert_int_equal(DEVX_GET(cmd_hca_cap, cap, mkey_pcie_tph), 1);
	assert_int_equal(DEVX_GET(cmd_hca_cap, cap, port_type), 0);
	cmd_head(MLX5_CMD_OP_QUERY_HCA_CAP, 4 << 1); /* RoCE: no bits */
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out,
				     DEVX_ST_SZ_BYTES(query_hca_cap_out)),
			 NIC_CMD_OK);
	for (uint32_t i = 0; i < DEVX_ST_SZ_BYTES(query_hca_cap_out); i++)
		assert_int_equal(cmd_out[i], 0);
}

static void more_than_offered_is_refused(void **state)
{
	struct client *client = *state;
	unsigned char *cap = DEVX_ADDR_OF(set_hca_cap_in, cmd_in, capability);

	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	cmd_head(MLX5_CMD_OP_SET_HCA_CAP, 0);
	DEVX_SET(cmd_hca_cap, cap, log_max_qp, NIC_LOG_MAX_QP);
	assert_int_equal(client_exec(client, cmd_in, DEVX_ST_SZ_BYTES(set_hca_cap_in), cmd_out, 16),
			 NIC_CMD_OK);
	DEVX_SET(cmd_hca_cap, cap, log_max_qp, NIC_LOG_MAX_QP + 1);
	cmd_refused(client, MLX5_CMD_OP_SET_HCA_CAP, DEVX_ST_SZ_BYTES(set_hca_cap_in), 16,
		    NIC_CMD_BAD_PARAM);
}

static uint8_t set_odp(struct client *client, const uint8_t *odp)
{
	cmd_head(MLX5_CMD_OP_SET_HCA_CAP, MLX5_SET_HCA_CAP_OP_MOD_ODP << 1);
	memcpy(DEVX_ADDR_OF(set_hca_cap_in, cmd_in, capability), odp, DEVX_ST_SZ_BYTES(odp_cap));
	return client_exec(client, cmd_in, DEVX_ST_SZ_BYTES(set_hca_cap_in), cmd_out, 16);
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
		cmd_head(MLX5_CMD_OP_QUERY_HCA_CAP, (uint16_t)(2 << 1 | current));
		assert_int_equal(client_exec(client, cmd_in, 16, cmd_out,
					     DEVX_ST_SZ_BYTES(query_hca_cap_out)),
				 NIC_CMD_OK);
		memcpy(odp, DEVX_ADDR_OF(query_hca_cap_out, cmd_out, capability), sizeof(odp));
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
	cmd_head(MLX5_CMD_OP_QUERY_HCA_CAP, (uint16_t)(3 << 1 | current));
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out,
				     DEVX_ST_SZ_BYTES(query_hca_cap_out)),
			 NIC_CMD_OK);
	memcpy(atomic, DEVX_ADDR_OF(query_hca_cap_out, cmd_out, capability),
	       DEVX_ST_SZ_BYTES(atomic_caps));
}

static uint8_t set_atomic(struct client *client, const uint8_t *atomic)
{
	cmd_head(MLX5_CMD_OP_SET_HCA_CAP, 3 << 1);
	memcpy(DEVX_ADDR_OF(set_hca_cap_in, cmd_in, capability), atomic,
	       DEVX_ST_SZ_BYTES(atomic_caps));
	return client_exec(client, cmd_in, DEVX_ST_SZ_BYTES(set_hca_cap_in), cmd_out, 16);
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
	DEVX_SET(access_register_in, cmd_in, opcode, MLX5_CMD_OP_ACCESS_REG);
	DEVX_SET(access_register_in, cmd_in, op_mod, read);
	DEVX_SET(access_register_in, cmd_in, register_id, id);
	return client_exec(client, cmd_in, 16 + bytes, cmd_out, 16 + bytes);
}

static void registers_have_their_length(void **state)
{
	struct client *client = *state;

	memset(cmd_in, 0, sizeof(cmd_in));
	assert_int_equal(access_reg(client, NIC_REG_NODE_DESC, true, 64), NIC_CMD_OK);
	assert_string_equal((char *)cmd_out + 16, "tphbuf fabric model");
	assert_int_equal(access_reg(client, NIC_REG_NODE_DESC, true, 60), NIC_CMD_BAD_IN_LEN);
	assert_int_equal(access_reg(client, NIC_REG_PMTU, true, DEVX_ST_SZ_BYTES(pmtu_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(pmtu_reg, cmd_out + 16, oper_mtu), 4096);
	assert_int_equal(access_reg(client, NIC_REG_PMTU, false, DEVX_ST_SZ_BYTES(pmtu_reg)),
			 NIC_CMD_BAD_PARAM);
	assert_int_equal(access_reg(client, 0x1234, true, 64), NIC_CMD_BAD_PARAM);
	memset(cmd_in, 0, sizeof(cmd_in));
	DEVX_SET(ppcnt_reg, cmd_in + 16, grp, 0x20);
	assert_int_equal(access_reg(client, NIC_REG_PPCNT, true, DEVX_ST_SZ_BYTES(ppcnt_reg)),
			 NIC_CMD_OK);
	DEVX_SET(ppcnt_reg, cmd_in + 16, grp, 0);
	assert_int_equal(access_reg(client, NIC_REG_PPCNT, true, DEVX_ST_SZ_BYTES(ppcnt_reg)),
			 NIC_CMD_BAD_PARAM);
	memset(cmd_in + 16, 'x', 64);
	assert_int_equal(access_reg(client, NIC_REG_NODE_DESC, false, 64), NIC_CMD_OK);
	assert_memory_equal(client->nic->node_desc, cmd_in + 16, 64);
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
	memset(cmd_in, 0, sizeof(cmd_in));
	assert_int_equal(access_reg(client, NIC_REG_MCAM, true, DEVX_ST_SZ_BYTES(mcam_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcam_reg, cmd_out + 16, mng_access_reg_cap_mask.access_regs.mcqi),
			 1);
	assert_int_equal(DEVX_GET(mcam_reg, cmd_out + 16, mng_access_reg_cap_mask.access_regs.mfrl),
			 0);
	DEVX_SET(mcam_reg, cmd_in + 16, access_reg_group, 2);
	assert_int_equal(access_reg(client, NIC_REG_MCAM, true, DEVX_ST_SZ_BYTES(mcam_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcam_reg, cmd_out + 16, mng_access_reg_cap_mask.access_regs.mcqi),
			 0);
	memset(cmd_in, 0, sizeof(cmd_in));
	assert_int_equal(access_reg(client, NIC_REG_MCQS, true, DEVX_ST_SZ_BYTES(mcqs_reg)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcqs_reg, cmd_out + 16, identifier), 1);
	assert_int_equal(DEVX_GET(mcqs_reg, cmd_out + 16, component_update_state), 0);
	DEVX_SET(mcqs_reg, cmd_in + 16, component_index, 1);
	assert_int_equal(access_reg(client, NIC_REG_MCQS, true, DEVX_ST_SZ_BYTES(mcqs_reg)),
			 NIC_CMD_BAD_PARAM);
	memset(cmd_in, 0, sizeof(cmd_in));
	DEVX_SET(mcqi_reg, cmd_in + 16, info_type, 1);
	assert_int_equal(access_reg(client, NIC_REG_MCQI, true,
				    DEVX_ST_SZ_BYTES(mcqi_reg) + DEVX_ST_SZ_BYTES(mcqi_version)),
			 NIC_CMD_OK);
	assert_int_equal(DEVX_GET(mcqi_version, cmd_out + 16 + DEVX_ST_SZ_BYTES(mcqi_reg), version),
			 version);
	assert_int_equal(access_reg(client, NIC_REG_MCQI, true, DEVX_ST_SZ_BYTES(mcqi_reg)),
			 NIC_CMD_BAD_OUT_LEN);
	memset(cmd_in, 0, sizeof(cmd_in));
	cmd_in[16 + 4] = 0x80;
	assert_int_equal(access_reg(client, NIC_REG_MNVDA, true, 24), NIC_CMD_OK);
	assert_memory_equal(cmd_out + 16, cmd_in + 16, 12);
	assert_int_equal(access_reg(client, NIC_REG_MNVDA, false, 24), NIC_CMD_BAD_PARAM);
}

static void port_tables_are_bounded(void **state)
{
	struct client *client = *state;
	uint8_t gid[16] = { 0xfe, 0x80 };
	uint64_t guid = htobe64(client->nic->guid);

	memcpy(gid + 8, &guid, 8);
	cmd_head(MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 0);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 32), NIC_CMD_OK);
	assert_memory_equal(cmd_out + 16, gid, 16);
	cmd_refused(client, MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 16, NIC_CMD_BAD_PARAM);
	DEVX_SET(query_hca_vport_gid_in, cmd_in, gid_index, 7);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 32), NIC_CMD_OK);
	DEVX_SET(query_hca_vport_gid_in, cmd_in, gid_index, 8);
	cmd_refused(client, MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 32, NIC_CMD_BAD_PARAM);
	DEVX_SET(query_hca_vport_gid_in, cmd_in, gid_index, 0xffff);
	cmd_refused(client, MLX5_CMD_OP_QUERY_HCA_VPORT_GID, 16, 16 + 7 * 16, NIC_CMD_BAD_PARAM);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 16 + 8 * 16), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(query_hca_vport_gid_out, cmd_out, gids_num), 8);
	memset(gid + 8, 0, 8); /* the kernel uses the prefix of the last entry as the port's */
	assert_memory_equal(cmd_out + 16 + 7 * 16, gid, 16);
	cmd_head(MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY, 0);
	assert_int_equal(client_exec(client, cmd_in, 16, cmd_out, 20), NIC_CMD_OK);
	assert_int_equal(DEVX_GET(pkey, cmd_out + 16, pkey), 0xffff);
	DEVX_SET(query_hca_vport_pkey_in, cmd_in, pkey_index, 128);
	cmd_refused(client, MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY, 16, 20, NIC_CMD_BAD_PARAM);
}

static void management_is_answered_as_unsupported(void **state)
{
	cmd_head(MLX5_CMD_OP_MAD_IFC, 3);
	cmd_in[16 + 3] = 1;	/* Get */
	cmd_in[16 + 17] = 0x15; /* PortInfo */
	assert_int_equal(client_exec(*state, cmd_in, DEVX_ST_SZ_BYTES(mad_ifc_in), cmd_out,
				     DEVX_ST_SZ_BYTES(mad_ifc_out)),
			 NIC_CMD_OK);
	assert_int_equal(cmd_out[16 + 3], 0x81);
	assert_int_equal(cmd_out[16 + 5], 0x0c);
	assert_int_equal(cmd_out[16 + 17], 0x15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(capabilities_are_consistent),
		COLD(more_than_offered_is_refused),
		COLD(capabilities_select_memory_page_faults),
		COLD(capabilities_choose_the_order_of_atomics),
		BOOTED(registers_have_their_length),
		BOOTED(firmware_version_is_one),
		BOOTED(port_tables_are_bounded),
		BOOTED(management_is_answered_as_unsupported),
	};

	return cmocka_run_group_tests_name("nic_query", tests, NULL, NULL);
}
