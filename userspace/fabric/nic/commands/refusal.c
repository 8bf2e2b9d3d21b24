// SPDX-License-Identifier: MIT
/*
 * Refused commands in the host's log: command, status and syndrome in words. docs/models.md
 * explains each syndrome.
 */
#include "fabric/nic/commands/cmd.h"

static const char *const statuses[] = {
	[NIC_CMD_INTERNAL] = "internal error",	   [NIC_CMD_BAD_OP] = "bad operation",
	[NIC_CMD_BAD_PARAM] = "bad parameter",	   [NIC_CMD_BAD_SYS_STATE] = "bad system state",
	[NIC_CMD_BAD_RES] = "bad resource",	   [NIC_CMD_RES_BUSY] = "resource busy",
	[NIC_CMD_LIMIT] = "limit exceeded",	   [NIC_CMD_BAD_INDEX] = "bad index",
	[NIC_CMD_NO_RES] = "no resources",	   [NIC_CMD_BAD_QP_STATE] = "bad queue pair state",
	[NIC_CMD_BAD_IN_LEN] = "bad input length", [NIC_CMD_BAD_OUT_LEN] = "bad output length",
};

static const char *const syndromes[] = {
	[NIC_SYN_OPCODE] = "opcode is not one of the model",
	[NIC_SYN_STATE] = "needs another state of the HCA or the queue pair",
	[NIC_SYN_LENGTH] = "input or output too short",
	[NIC_SYN_RESERVED] = "reserved field or uid is not 0",
	[NIC_SYN_OP_MOD] = "unknown op_mod",
	[NIC_SYN_NUMBER] = "number names no object",
	[NIC_SYN_PD] = "context names no PD",
	[NIC_SYN_EQ] = "context names no EQ",
	[NIC_SYN_CQ] = "context names no CQ",
	[NIC_SYN_SIZE] = "size above the capability",
	[NIC_SYN_PAGES] = "page list, page size or bounds do not fit",
	[NIC_SYN_MODE] = "service, kind of queue or access mode is not one of the model",
	[NIC_SYN_FEATURE] = "feature without capability",
	[NIC_SYN_USERS] = "object is in use",
	[NIC_SYN_LIMIT] = "no more objects, queue pages or translation entries",
	[NIC_SYN_REGISTER] = "unknown register",
	[NIC_SYN_VECTOR] = "unknown interrupt vector",
	[NIC_SYN_SRQ] = "context names no SRQ",
	[NIC_SYN_XRCD] = "context names no XRC domain",
	[NIC_SYN_GID] = "GID is not a multicast address",
};

#define TEXT(table, code) \
	((code) < sizeof(table) / sizeof((table)[0]) && (table)[code] ? (table)[code] : "unknown")

uint8_t nic_cmd_refuse_features(struct nic_cmd *cmd, const void *context,
				const struct nic_feature *features)
{
	for (; features->name; features++)
		if (nic_field_get(context, features->field))
			return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
						   features->name, features->field.bit);
	return NIC_CMD_OK;
}

/* Opcodes that the model does not have are one kind: a guest can send 65536 of them. */
static uint64_t log_kind(const struct nic_cmd *cmd, bool known)
{
	return (uint64_t)(known ? cmd->opcode : 0) << 32 | (uint64_t)cmd->syndrome << 16 |
	       cmd->detail_code;
}

void nic_cmd_log_refusal(const struct nic_cmd *cmd, uint8_t status)
{
	const struct nic_cmd_desc *desc = nic_cmd_lookup(cmd->opcode);

	fab_log_kind(&cmd->nic->dev, log_kind(cmd, desc),
		     "command %s (0x%x, op_mod 0x%x) refused: %s (status 0x%x), %s (syndrome 0x%x)%s%s",
		     desc ? desc->name : "unknown", cmd->opcode, cmd->op_mod,
		     TEXT(statuses, status), status, TEXT(syndromes, cmd->syndrome), cmd->syndrome,
		     cmd->detail ? ": " : "", cmd->detail ? cmd->detail : "");
}
