// SPDX-License-Identifier: MIT
/*
 * The commands of the model, and the checks that all of them share. Other opcodes
 * are answered with "bad operation", which the driver prints with the name of the
 * command.
 */
#include <errno.h>
#include <string.h>

#include "fabric/nic/commands/cmd.h"

/*
 * Shortest input and output of a command. Firmware takes what older drivers send, and layouts have
 * grown at their end: so an input must reach to the last field that the oldest driver in use
 * sends, and an output to the last field that the model answers. Bytes past the input are zero.
 *
 *   SIZES      both in full: the layout has not changed
 *   ACK        the output has no field but status and syndrome; its tail is reserved
 *   NUMBER     the output ends with the number of the new object, at byte 8
 *   LENGTHS    other lengths, with the reason beside the command
 */
#define LENGTHS(in, out)    .min_in = (in), .min_out = (out)
#define SIZES(layout)	    LENGTHS(DEVX_ST_SZ_BYTES(layout##_in), DEVX_ST_SZ_BYTES(layout##_out))
#define ACK(layout)	    LENGTHS(DEVX_ST_SZ_BYTES(layout##_in), NIC_CMD_HEADER)
#define NUMBER(layout)	    LENGTHS(DEVX_ST_SZ_BYTES(layout##_in), NIC_CMD_HEADER + 4)
#define UPTO(layout, field) (DEVX_BYTE_OFF(layout, field) + DEVX_FLD_SZ_BYTES(layout, field))

/* Capability pages: 256 bytes in the first drivers of the family, 4096 now. */
#define CAP_BYTES(layout) (DEVX_BYTE_OFF(layout, capability) + DEVX_ST_SZ_BYTES(cmd_hca_cap))

#define ZERO(...)                              \
	.reserved = (const struct nic_field[]) \
	{                                      \
		__VA_ARGS__, { 0, 0 }          \
	}
#define F(layout, field) NIC_FIELD(layout##_in, field)

/* Fields of other functions: the model has no virtual or embedded functions. */
#define OTHER_FUNCTION(layout) F(layout, function_id), F(layout, reserved_at_60)

#define MODIFY_QP(layout)                                                  \
	ACK(layout), .needs = NIC_NEEDS_INIT,                              \
		ZERO(F(layout, reserved_at_40), F(layout, reserved_at_60), \
		     F(layout, reserved_at_800)),                          \
		.run = nic_cmd_modify_qp

static const struct nic_cmd_desc commands[NIC_CMD_OPCODES] = {
	[MLX5_CMD_OP_NOP] = { "NOP", ACK(nop), ZERO(F(nop, reserved_at_40)), .run = nic_cmd_nop },
	[MLX5_CMD_OP_ENABLE_HCA] = { "ENABLE_HCA", ACK(enable_hca),
				     ZERO(OTHER_FUNCTION(enable_hca)), .run = nic_cmd_enable_hca },
	[MLX5_CMD_OP_DISABLE_HCA] = { "DISABLE_HCA", ACK(disable_hca), .needs = NIC_NEEDS_ENABLED,
				      ZERO(OTHER_FUNCTION(disable_hca)), .run = nic_cmd_disable_hca },
	[MLX5_CMD_OP_QUERY_ISSI] = { "QUERY_ISSI", SIZES(query_issi), .needs = NIC_NEEDS_ENABLED,
				     ZERO(F(query_issi, reserved_at_40)), .run = nic_cmd_query_issi },
	[MLX5_CMD_OP_SET_ISSI] = { "SET_ISSI", ACK(set_issi), .needs = NIC_NEEDS_ENABLED,
				   ZERO(F(set_issi, reserved_at_40), F(set_issi, reserved_at_60)),
				   .run = nic_cmd_set_issi },
	[MLX5_CMD_OP_QUERY_PAGES] = { "QUERY_PAGES", SIZES(query_pages), .needs = NIC_NEEDS_ENABLED,
				      .max_op_mod = 3, ZERO(OTHER_FUNCTION(query_pages)),
				      .run = nic_cmd_query_pages },
	[MLX5_CMD_OP_MANAGE_PAGES] = { "MANAGE_PAGES",
				       LENGTHS(UPTO(manage_pages_in, input_num_entries),
					       UPTO(manage_pages_out, output_num_entries)),
				       .needs = NIC_NEEDS_ENABLED,
				       .max_op_mod = MLX5_MANAGE_PAGES_IN_OP_MOD_HCA_RETURN_PAGES,
				       ZERO(F(manage_pages, function_id)),
				       .run = nic_cmd_manage_pages },
	[MLX5_CMD_OP_QUERY_HCA_CAP] = { "QUERY_HCA_CAP",
					LENGTHS(DEVX_ST_SZ_BYTES(query_hca_cap_in),
						CAP_BYTES(query_hca_cap_out)),
					.needs = NIC_NEEDS_ENABLED, .max_op_mod = 0x7f,
					ZERO(OTHER_FUNCTION(query_hca_cap)),
					.run = nic_cmd_query_hca_cap },
	[MLX5_CMD_OP_SET_HCA_CAP] = { "SET_HCA_CAP",
				      LENGTHS(CAP_BYTES(set_hca_cap_in), NIC_CMD_HEADER),
				      .needs = NIC_NEEDS_ENABLED, .max_op_mod = 0x7f,
				      ZERO(OTHER_FUNCTION(set_hca_cap)), .run = nic_cmd_set_hca_cap },
	/* 16 bytes without sw_owner_id: rdma-core's VFIO provider; 12 of output: the vfio selftests. */
	[MLX5_CMD_OP_INIT_HCA] = { "INIT_HCA",
				   LENGTHS(UPTO(init_hca_in, reserved_at_60), NIC_CMD_HEADER),
				   .needs = NIC_NEEDS_ENABLED, ZERO(F(init_hca, reserved_at_40)),
				   .run = nic_cmd_init_hca },
	[MLX5_CMD_OP_TEARDOWN_HCA] = { "TEARDOWN_HCA", ACK(teardown_hca), .needs = NIC_NEEDS_INIT,
				       ZERO(F(teardown_hca, reserved_at_40),
					    F(teardown_hca, reserved_at_60)),
				       .run = nic_cmd_teardown_hca },
	[MLX5_CMD_OP_QUERY_ADAPTER] = { "QUERY_ADAPTER", SIZES(query_adapter),
					.needs = NIC_NEEDS_ENABLED,
					ZERO(F(query_adapter, reserved_at_40)),
					.run = nic_cmd_query_adapter },
	[MLX5_CMD_OP_ACCESS_REG] = { "ACCESS_REG", SIZES(access_register), .needs = NIC_NEEDS_ENABLED,
				     .max_op_mod = 1, ZERO(F(access_register, reserved_at_40)),
				     .run = nic_cmd_access_reg },

	[MLX5_CMD_OP_QUERY_HCA_VPORT_CONTEXT] = { "QUERY_HCA_VPORT_CONTEXT",
						  SIZES(query_hca_vport_context),
						  .needs = NIC_NEEDS_INIT,
						  .run = nic_cmd_query_hca_vport_context,
						  ZERO(F(query_hca_vport_context, other_vport),
						       F(query_hca_vport_context, reserved_at_60)) },
	[MLX5_CMD_OP_MODIFY_HCA_VPORT_CONTEXT] = { "MODIFY_HCA_VPORT_CONTEXT",
						   ACK(modify_hca_vport_context),
						   .needs = NIC_NEEDS_INIT,
						   .run = nic_cmd_modify_hca_vport_context,
						   ZERO(F(modify_hca_vport_context, other_vport),
							F(modify_hca_vport_context, reserved_at_60)) },
	[MLX5_CMD_OP_QUERY_HCA_VPORT_GID] = { "QUERY_HCA_VPORT_GID", SIZES(query_hca_vport_gid),
					      .needs = NIC_NEEDS_INIT,
					      .run = nic_cmd_query_hca_vport_gid,
					      ZERO(F(query_hca_vport_gid, other_vport),
						   F(query_hca_vport_gid, reserved_at_60)) },
	[MLX5_CMD_OP_QUERY_HCA_VPORT_PKEY] = { "QUERY_HCA_VPORT_PKEY", SIZES(query_hca_vport_pkey),
					       .needs = NIC_NEEDS_INIT,
					       .run = nic_cmd_query_hca_vport_pkey,
					       ZERO(F(query_hca_vport_pkey, other_vport),
						    F(query_hca_vport_pkey, reserved_at_60)) },
	[MLX5_CMD_OP_MAD_IFC] = { "MAD_IFC", SIZES(mad_ifc), .needs = NIC_NEEDS_INIT, .max_op_mod = 3,
				  ZERO(F(mad_ifc, reserved_at_60)), .run = nic_cmd_mad_ifc },

	[MLX5_CMD_OP_QUERY_VPORT_COUNTER] = { "QUERY_VPORT_COUNTER", SIZES(query_vport_counter),
					      .needs = NIC_NEEDS_INIT,
					      ZERO(F(query_vport_counter, other_vport),
						   F(query_vport_counter, reserved_at_60),
						   F(query_vport_counter, reserved_at_c1)),
					      .run = nic_cmd_query_vport_counter },
	[MLX5_CMD_OP_ALLOC_Q_COUNTER] = { "ALLOC_Q_COUNTER", NUMBER(alloc_q_counter),
					  .needs = NIC_NEEDS_INIT,
					  ZERO(F(alloc_q_counter, reserved_at_40)),
					  .run = nic_cmd_alloc_q_counter },
	[MLX5_CMD_OP_DEALLOC_Q_COUNTER] = { "DEALLOC_Q_COUNTER", ACK(dealloc_q_counter),
					    .needs = NIC_NEEDS_INIT,
					    ZERO(F(dealloc_q_counter, reserved_at_40),
						 F(dealloc_q_counter, reserved_at_60)),
					    .run = nic_cmd_dealloc_q_counter },
	[MLX5_CMD_OP_QUERY_Q_COUNTER] = { "QUERY_Q_COUNTER", SIZES(query_q_counter),
					  .needs = NIC_NEEDS_INIT,
					  ZERO(F(query_q_counter, other_vport),
					       F(query_q_counter, reserved_at_60),
					       F(query_q_counter, aggregate)),
					  .run = nic_cmd_query_q_counter },

	[MLX5_CMD_OP_ALLOC_PD] = { "ALLOC_PD", NUMBER(alloc_pd), .needs = NIC_NEEDS_INIT,
				   ZERO(F(alloc_pd, reserved_at_40)), .run = nic_cmd_alloc_pd },
	[MLX5_CMD_OP_DEALLOC_PD] = { "DEALLOC_PD", ACK(dealloc_pd), .needs = NIC_NEEDS_INIT,
				     ZERO(F(dealloc_pd, reserved_at_40),
					  F(dealloc_pd, reserved_at_60)),
				     .run = nic_cmd_dealloc_pd },
	[MLX5_CMD_OP_ALLOC_UAR] = { "ALLOC_UAR", NUMBER(alloc_uar), .needs = NIC_NEEDS_INIT,
				    ZERO(F(alloc_uar, reserved_at_40)), .run = nic_cmd_alloc_uar },
	[MLX5_CMD_OP_DEALLOC_UAR] = { "DEALLOC_UAR", ACK(dealloc_uar), .needs = NIC_NEEDS_INIT,
				      ZERO(F(dealloc_uar, reserved_at_40),
					   F(dealloc_uar, reserved_at_60)),
				      .run = nic_cmd_dealloc_uar },
	[MLX5_CMD_OP_ALLOC_XRCD] = { "ALLOC_XRCD", NUMBER(alloc_xrcd), .needs = NIC_NEEDS_INIT,
				     ZERO(F(alloc_xrcd, reserved_at_40)), .run = nic_cmd_alloc_xrcd },
	[MLX5_CMD_OP_DEALLOC_XRCD] = { "DEALLOC_XRCD", ACK(dealloc_xrcd), .needs = NIC_NEEDS_INIT,
				       ZERO(F(dealloc_xrcd, reserved_at_40),
					    F(dealloc_xrcd, reserved_at_60)),
				       .run = nic_cmd_dealloc_xrcd },
	[MLX5_CMD_OP_CREATE_XRC_SRQ] = { "CREATE_XRC_SRQ", NUMBER(create_xrc_srq),
					 .needs = NIC_NEEDS_INIT,
					 ZERO(F(create_xrc_srq, reserved_at_40),
					      F(create_xrc_srq, xrc_srq_umem_valid),
					      F(create_xrc_srq, reserved_at_300)),
					 .run = nic_cmd_create_xrc_srq },
	[MLX5_CMD_OP_ARM_XRC_SRQ] = { "ARM_XRC_SRQ", ACK(arm_xrc_srq), .needs = NIC_NEEDS_INIT,
				      .max_op_mod = MLX5_ARM_XRC_SRQ_IN_OP_MOD_XRC_SRQ,
				      ZERO(F(arm_xrc_srq, reserved_at_40)),
				      .run = nic_cmd_arm_xrc_srq },
	[MLX5_CMD_OP_QUERY_XRC_SRQ] = { "QUERY_XRC_SRQ", SIZES(query_xrc_srq),
					.needs = NIC_NEEDS_INIT,
					ZERO(F(query_xrc_srq, reserved_at_40),
					     F(query_xrc_srq, reserved_at_60)),
					.run = nic_cmd_query_xrc_srq },
	[MLX5_CMD_OP_DESTROY_XRC_SRQ] = { "DESTROY_XRC_SRQ", ACK(destroy_xrc_srq),
					  .needs = NIC_NEEDS_INIT,
					  ZERO(F(destroy_xrc_srq, reserved_at_40),
					       F(destroy_xrc_srq, reserved_at_60)),
					  .run = nic_cmd_destroy_xrc_srq },
	[MLX5_CMD_OP_CREATE_RMP] = { "CREATE_RMP", NUMBER(create_rmp), .needs = NIC_NEEDS_INIT,
				     ZERO(F(create_rmp, reserved_at_40)), .run = nic_cmd_create_rmp },
	[MLX5_CMD_OP_MODIFY_RMP] = { "MODIFY_RMP", ACK(modify_rmp), .needs = NIC_NEEDS_INIT,
				     ZERO(F(modify_rmp, reserved_at_44),
					  F(modify_rmp, reserved_at_60),
					  F(modify_rmp, bitmask.reserved_at_0),
					  F(modify_rmp, bitmask.reserved_at_20)),
				     .run = nic_cmd_modify_rmp },
	[MLX5_CMD_OP_QUERY_RMP] = { "QUERY_RMP", SIZES(query_rmp), .needs = NIC_NEEDS_INIT,
				    ZERO(F(query_rmp, reserved_at_40), F(query_rmp, reserved_at_60)),
				    .run = nic_cmd_query_rmp },
	[MLX5_CMD_OP_DESTROY_RMP] = { "DESTROY_RMP", ACK(destroy_rmp), .needs = NIC_NEEDS_INIT,
				      ZERO(F(destroy_rmp, reserved_at_40),
					   F(destroy_rmp, reserved_at_60)),
				      .run = nic_cmd_destroy_rmp },

	[MLX5_CMD_OP_CREATE_EQ] = { "CREATE_EQ", NUMBER(create_eq), .needs = NIC_NEEDS_INIT,
				    ZERO(F(create_eq, reserved_at_40), F(create_eq, reserved_at_280),
					 F(create_eq, reserved_at_3c0)),
				    .run = nic_cmd_create_eq },
	[MLX5_CMD_OP_DESTROY_EQ] = { "DESTROY_EQ", ACK(destroy_eq), .needs = NIC_NEEDS_INIT,
				     ZERO(F(destroy_eq, reserved_at_40),
					  F(destroy_eq, reserved_at_60)),
				     .run = nic_cmd_destroy_eq },
	/* Queries of contexts: Linux 3.11's outputs end with the context. */
	[MLX5_CMD_OP_QUERY_EQ] = { "QUERY_EQ",
				   LENGTHS(DEVX_ST_SZ_BYTES(query_eq_in),
					   UPTO(query_eq_out, eq_context_entry)),
				   .needs = NIC_NEEDS_INIT,
				   ZERO(F(query_eq, reserved_at_40), F(query_eq, reserved_at_60)),
				   .run = nic_cmd_query_eq },
	[MLX5_CMD_OP_CREATE_CQ] = { "CREATE_CQ", NUMBER(create_cq), .needs = NIC_NEEDS_INIT,
				    ZERO(F(create_cq, reserved_at_40),
					 F(create_cq, reserved_at_280), F(create_cq, cq_umem_valid)),
				    .run = nic_cmd_create_cq },
	[MLX5_CMD_OP_MODIFY_CQ] = { "MODIFY_CQ", ACK(modify_cq), .needs = NIC_NEEDS_INIT,
				    .max_op_mod = MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ,
				    ZERO(F(modify_cq, reserved_at_40),
					 F(modify_cq, reserved_at_280), F(modify_cq, cq_umem_valid)),
				    .run = nic_cmd_modify_cq },
	[MLX5_CMD_OP_DESTROY_CQ] = { "DESTROY_CQ", ACK(destroy_cq), .needs = NIC_NEEDS_INIT,
				     ZERO(F(destroy_cq, reserved_at_40),
					  F(destroy_cq, reserved_at_60)),
				     .run = nic_cmd_destroy_cq },
	[MLX5_CMD_OP_QUERY_CQ] = { "QUERY_CQ",
				   LENGTHS(DEVX_ST_SZ_BYTES(query_cq_in),
					   UPTO(query_cq_out, cq_context)),
				   .needs = NIC_NEEDS_INIT,
				   ZERO(F(query_cq, reserved_at_40), F(query_cq, reserved_at_60)),
				   .run = nic_cmd_query_cq },
	[MLX5_CMD_OP_CREATE_MKEY] = { "CREATE_MKEY", NUMBER(create_mkey), .needs = NIC_NEEDS_INIT,
				      ZERO(F(create_mkey, reserved_at_40),
					   F(create_mkey, mkey_umem_valid),
					   F(create_mkey, data_direct),
					   F(create_mkey, reserved_at_63),
					   F(create_mkey, reserved_at_280),
					   F(create_mkey, reserved_at_320)),
				      .run = nic_cmd_create_mkey },
	[MLX5_CMD_OP_DESTROY_MKEY] = { "DESTROY_MKEY", ACK(destroy_mkey), .needs = NIC_NEEDS_INIT,
				       ZERO(F(destroy_mkey, reserved_at_40),
					    F(destroy_mkey, reserved_at_60)),
				       .run = nic_cmd_destroy_mkey },
	[MLX5_CMD_OP_QUERY_MKEY] = { "QUERY_MKEY",
				     LENGTHS(DEVX_ST_SZ_BYTES(query_mkey_in),
					     UPTO(query_mkey_out, memory_key_mkey_entry)),
				     .needs = NIC_NEEDS_INIT,
				     ZERO(F(query_mkey, reserved_at_40),
					  F(query_mkey, reserved_at_61)),
				     .run = nic_cmd_query_mkey },

	[MLX5_CMD_OP_PAGE_FAULT_RESUME] = { "PAGE_FAULT_RESUME", ACK(page_fault_resume),
					    .needs = NIC_NEEDS_INIT,
					    ZERO(F(page_fault_resume,
						   page_fault_info.mem_page_fault_info.reserved_at_1)),
					    .run = nic_cmd_page_fault_resume },

	[MLX5_CMD_OP_CREATE_QP] = { "CREATE_QP", NUMBER(create_qp), .needs = NIC_NEEDS_INIT,
				    ZERO(F(create_qp, qpc_ext), F(create_qp, input_qpn),
					 F(create_qp, reserved_at_60), F(create_qp, ece),
					 F(create_qp, wq_umem_offset), F(create_qp, wq_umem_id),
					 F(create_qp, wq_umem_valid)),
				    .run = nic_cmd_create_qp },
	[MLX5_CMD_OP_DESTROY_QP] = { "DESTROY_QP", ACK(destroy_qp), .needs = NIC_NEEDS_INIT,
				     ZERO(F(destroy_qp, reserved_at_40),
					  F(destroy_qp, reserved_at_60)),
				     .run = nic_cmd_destroy_qp },
	[MLX5_CMD_OP_QUERY_QP] = { "QUERY_QP",
				   LENGTHS(DEVX_ST_SZ_BYTES(query_qp_in), UPTO(query_qp_out, qpc)),
				   .needs = NIC_NEEDS_INIT,
				   ZERO(F(query_qp, qpc_ext), F(query_qp, reserved_at_41),
					F(query_qp, reserved_at_60)),
				   .run = nic_cmd_query_qp },
	[MLX5_CMD_OP_ATTACH_TO_MCG] = { "ATTACH_TO_MCG", ACK(attach_to_mcg), .needs = NIC_NEEDS_INIT,
					ZERO(F(attach_to_mcg, reserved_at_40),
					     F(attach_to_mcg, reserved_at_60)),
					.run = nic_cmd_attach_to_mcg },
	[MLX5_CMD_OP_DETACH_FROM_MCG] = { "DETACH_FROM_MCG", ACK(detach_from_mcg),
					  .needs = NIC_NEEDS_INIT,
					  ZERO(F(detach_from_mcg, reserved_at_40),
					       F(detach_from_mcg, reserved_at_60)),
					  .run = nic_cmd_detach_from_mcg },
	[MLX5_CMD_OP_RST2INIT_QP] = { "RST2INIT_QP", MODIFY_QP(rst2init_qp) },
	[MLX5_CMD_OP_INIT2INIT_QP] = { "INIT2INIT_QP", MODIFY_QP(init2init_qp) },
	[MLX5_CMD_OP_INIT2RTR_QP] = { "INIT2RTR_QP", MODIFY_QP(init2rtr_qp) },
	[MLX5_CMD_OP_RTR2RTS_QP] = { "RTR2RTS_QP", MODIFY_QP(rtr2rts_qp) },
	[MLX5_CMD_OP_RTS2RTS_QP] = { "RTS2RTS_QP", MODIFY_QP(rts2rts_qp) },
	[MLX5_CMD_OP_SQERR2RTS_QP] = { "SQERR2RTS_QP", MODIFY_QP(sqerr2rts_qp) },
	[MLX5_CMD_OP_SQD_RTS_QP] = { "SQD_RTS_QP", MODIFY_QP(sqd2rts_qp) },
	[MLX5_CMD_OP_2ERR_QP] = { "2ERR_QP", ACK(qp_2err), .needs = NIC_NEEDS_INIT,
				  ZERO(F(qp_2err, reserved_at_40), F(qp_2err, reserved_at_60)),
				  .run = nic_cmd_modify_qp },
	[MLX5_CMD_OP_2RST_QP] = { "2RST_QP", ACK(qp_2rst), .needs = NIC_NEEDS_INIT,
				  ZERO(F(qp_2rst, reserved_at_40), F(qp_2rst, reserved_at_60)),
				  .run = nic_cmd_modify_qp },
};

const struct nic_cmd_desc *nic_cmd_lookup(uint16_t opcode)
{
	return opcode < NIC_CMD_OPCODES && commands[opcode].run ? &commands[opcode] : NULL;
}

uint8_t nic_cmd_errno(struct nic_cmd *cmd, int err)
{
	switch (err) {
	case -EINVAL:
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_PAGES);
	case -ENOSPC:
		return nic_cmd_fail(cmd, NIC_CMD_LIMIT, NIC_SYN_LIMIT);
	default:
		return nic_cmd_fail(cmd, NIC_CMD_NO_RES, NIC_SYN_LIMIT);
	}
}

/* Bits past the input are zero. */
static bool bits_zero(const uint8_t *p, uint32_t len, struct nic_field field)
{
	uint32_t bit, end = field.bit + field.size;

	if (end > len * 8)
		end = len * 8;
	for (bit = field.bit; bit < end; bit++) {
		if (!(bit & 7) && end - bit >= 8) {
			if (p[bit / 8])
				return false;
			bit += 7;
		} else if (p[bit / 8] & 0x80 >> (bit & 7)) {
			return false;
		}
	}
	return true;
}

static bool reserved_zero(const struct nic_cmd_desc *desc, const uint8_t *in, uint32_t len)
{
	/* uid too: without user contexts (caps log_max_uctx) it is always 0. */
	static const struct nic_field common[] = { NIC_FIELD(alloc_pd_in, uid),
						   NIC_FIELD(alloc_pd_in, reserved_at_20) };
	const struct nic_field *field;

	if (!bits_zero(in, len, common[0]) || !bits_zero(in, len, common[1]))
		return false;
	for (field = desc->reserved; field && field->size; field++)
		if (!bits_zero(in, len, *field))
			return false;
	return true;
}

static bool state_allows(const struct nic *nic, const struct nic_cmd_desc *desc)
{
	switch (desc->needs) {
	case NIC_NEEDS_INIT:
		return nic->hca_initialised;
	case NIC_NEEDS_ENABLED:
		return nic->hca_enabled;
	default:
		return true;
	}
}

static uint8_t run(struct nic_cmd *cmd)
{
	const struct nic_cmd_desc *desc = nic_cmd_lookup(cmd->opcode);

	if (!desc)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_OP, NIC_SYN_OPCODE);
	if (cmd->in_len < desc->min_in)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_IN_LEN, NIC_SYN_LENGTH);
	if (cmd->out_len < desc->min_out)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_OUT_LEN, NIC_SYN_LENGTH);
	if (!state_allows(cmd->nic, desc))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_SYS_STATE, NIC_SYN_STATE);
	if (cmd->op_mod > desc->max_op_mod)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_OP_MOD);
	if (!reserved_zero(desc, cmd->in, cmd->in_len))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_RESERVED);
	return desc->run(cmd);
}

/* The head is the same in all layouts; ALLOC_PD has nothing else. */
void nic_cmd_run(struct nic *nic, const uint8_t *in, uint32_t in_len, uint8_t *out, uint32_t out_len)
{
	struct nic_cmd cmd = {
		.nic = nic,
		.in = in,
		.in_len = in_len,
		.out = out,
		.out_len = out_len,
		.opcode = (uint16_t)DEVX_GET(alloc_pd_in, in, opcode),
		.op_mod = (uint16_t)DEVX_GET(alloc_pd_in, in, op_mod),
	};
	const struct nic_cmd_desc *desc = nic_cmd_lookup(cmd.opcode);
	uint8_t status = run(&cmd);

	nic->commands++;
	if (status != NIC_CMD_OK) {
		nic->commands_bad++;
		memset(out, 0, out_len);
	}
	DEVX_SET(alloc_pd_out, out, status, status);
	DEVX_SET(alloc_pd_out, out, syndrome, cmd.syndrome);
	if (status != NIC_CMD_OK)
		nic_cmd_log_refusal(&cmd, status);
	fab_debug(&nic->dev, "%s (0x%x) op_mod %u: status 0x%x syndrome %u",
		  desc ? desc->name : "unknown command", cmd.opcode, cmd.op_mod, status,
		  cmd.syndrome);
}
