/* SPDX-License-Identifier: MIT */
/*
 * Firmware commands: what the dispatcher (table.c) guarantees to a command and
 * what a command returns.
 *
 * To add a command: one line in the table of table.c, its function in the
 * file of its object, its declaration here. The dispatcher has
 * checked opcode, state of the HCA, minimum lengths, op_mod and reserved fields
 * before run() is called; the output is all zero. in and out are aligned to 8.
 */
#ifndef NIC_CMD_H
#define NIC_CMD_H

#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"

/* The driver prints the syndrome beside the status; refusal.c and docs/models.md have the same list. */
enum nic_syndrome_code {
	NIC_SYN_NONE = 0,
	NIC_SYN_OPCODE = 1,
	NIC_SYN_STATE = 2, /* HCA not enabled, not initialised, or so already; QP in another state */
	NIC_SYN_LENGTH = 3,
	NIC_SYN_RESERVED = 4, /* reserved field or uid is not 0 */
	NIC_SYN_OP_MOD = 5,
	NIC_SYN_NUMBER = 6, /* names no object of its kind */
	NIC_SYN_PD = 7,
	NIC_SYN_EQ = 8,
	NIC_SYN_CQ = 9,
	NIC_SYN_SIZE = 10,  /* queue, table or depth above the capability */
	NIC_SYN_PAGES = 11, /* page list too short for the queue, or page size */
	NIC_SYN_MODE = 12,  /* service, kind of queue or access mode that the model does not have */
	NIC_SYN_FEATURE = 13, /* bit of a feature that no capability offers */
	NIC_SYN_USERS = 14,   /* object is in use */
	NIC_SYN_LIMIT = 15,   /* NIC_MAX_x */
	NIC_SYN_REGISTER = 16,
	NIC_SYN_VECTOR = 17,
	NIC_SYN_SRQ = 18,
	NIC_SYN_XRCD = 19,
	NIC_SYN_GID = 20, /* no multicast address */
	NIC_SYN_LAST = NIC_SYN_GID,
};

struct nic_cmd {
	struct nic *nic;
	uint16_t op_mod;
	uint16_t opcode;
	uint32_t in_len, out_len;
	const uint8_t *in;
	uint8_t *out;
	uint32_t syndrome;
	/* What exactly is refused, for the log: static text and a number that tells it apart, or NULL and 0. */
	const char *detail;
	uint16_t detail_code;
};

static inline uint8_t nic_cmd_fail(struct nic_cmd *cmd, enum nic_cmd_status status,
				   enum nic_syndrome_code syndrome)
{
	cmd->syndrome = syndrome;
	return (uint8_t)status;
}

/* As nic_cmd_fail(); detail as in struct nic_cmd. */
static inline uint8_t nic_cmd_fail_detail(struct nic_cmd *cmd, enum nic_cmd_status status,
					  enum nic_syndrome_code syndrome, const char *detail,
					  uint32_t detail_code)
{
	cmd->detail = detail;
	cmd->detail_code = (uint16_t)detail_code;
	return nic_cmd_fail(cmd, status, syndrome);
}

/* A field that must be 0, because no capability offers the feature. Lists end with a NULL name. */
struct nic_feature {
	const char *name;
	struct nic_field field;
};
#define NIC_FEATURE(layout, field) { #field, NIC_FIELD(layout, field) }

/* refusal.c: NIC_CMD_OK, or refuse the first feature of the list that the context sets. */
uint8_t nic_cmd_refuse_features(struct nic_cmd *cmd, const void *context,
				const struct nic_feature *features);

/*
 * refusal.c: one line in the host's log, with status, syndrome and detail in words. Each command,
 * syndrome and detail is a kind of its own for fab_log_kind().
 */
void nic_cmd_log_refusal(const struct nic_cmd *cmd, uint8_t status);

/* Status for the error of a helper (nic_buf_init() and so on). */
uint8_t nic_cmd_errno(struct nic_cmd *cmd, int err);

enum nic_cmd_needs { NIC_NEEDS_NOTHING, NIC_NEEDS_ENABLED, NIC_NEEDS_INIT };

struct nic_cmd_desc {
	const char *name;
	uint16_t min_in, min_out; /* shortest input and output that are taken */
	uint16_t max_op_mod;
	uint8_t needs;			     /* enum nic_cmd_needs */
	const struct nic_field *reserved;    /* ended by size 0 */
	uint8_t (*run)(struct nic_cmd *cmd); /* returns enum nic_cmd_status */
};

/* table.c: NULL: the model does not have it. */
const struct nic_cmd_desc *nic_cmd_lookup(uint16_t opcode);
#define NIC_CMD_OPCODES 0x910u /* all opcodes of the model are below */

/* table.c: check and run; status and syndrome are in out afterwards. Both lengths at least NIC_CMD_HEADER. */
void nic_cmd_run(struct nic *nic, const uint8_t *in, uint32_t in_len, uint8_t *out,
		 uint32_t out_len);
#define NIC_CMD_HEADER 8u /* opcode, uid, op_mod; status and syndrome */

/* hca.c */
uint8_t nic_cmd_enable_hca(struct nic_cmd *cmd);
uint8_t nic_cmd_disable_hca(struct nic_cmd *cmd);
uint8_t nic_cmd_init_hca(struct nic_cmd *cmd);
uint8_t nic_cmd_teardown_hca(struct nic_cmd *cmd);
uint8_t nic_cmd_query_issi(struct nic_cmd *cmd);
uint8_t nic_cmd_set_issi(struct nic_cmd *cmd);
uint8_t nic_cmd_query_pages(struct nic_cmd *cmd);
uint8_t nic_cmd_manage_pages(struct nic_cmd *cmd);
uint8_t nic_cmd_query_adapter(struct nic_cmd *cmd);
uint8_t nic_cmd_nop(struct nic_cmd *cmd);
/*
 * caps.c: a general capability. tests/fabric/nic_caps_test.c wants a path for each: a limit is
 * what the commands take, a feature has a test that uses it.
 */
struct nic_cap {
	const char *name; /* field of cmd_hca_cap */
	struct nic_field field;
	uint32_t value;
};
extern const struct nic_cap nic_general_caps[];
extern const unsigned int nic_general_cap_count;

uint8_t nic_cmd_query_hca_cap(struct nic_cmd *cmd);
uint8_t nic_cmd_set_hca_cap(struct nic_cmd *cmd);
/* reg.c */
uint8_t nic_cmd_access_reg(struct nic_cmd *cmd);
/* vport.c */
uint8_t nic_cmd_query_hca_vport_context(struct nic_cmd *cmd);
uint8_t nic_cmd_modify_hca_vport_context(struct nic_cmd *cmd);
uint8_t nic_cmd_query_hca_vport_gid(struct nic_cmd *cmd);
uint8_t nic_cmd_query_hca_vport_pkey(struct nic_cmd *cmd);
uint8_t nic_cmd_mad_ifc(struct nic_cmd *cmd);
/* alloc.c */
uint8_t nic_cmd_alloc_pd(struct nic_cmd *cmd);
uint8_t nic_cmd_dealloc_pd(struct nic_cmd *cmd);
uint8_t nic_cmd_alloc_uar(struct nic_cmd *cmd);
uint8_t nic_cmd_dealloc_uar(struct nic_cmd *cmd);
uint8_t nic_cmd_alloc_xrcd(struct nic_cmd *cmd);
uint8_t nic_cmd_dealloc_xrcd(struct nic_cmd *cmd);
/* srq.c */
uint8_t nic_cmd_create_rmp(struct nic_cmd *cmd);
uint8_t nic_cmd_modify_rmp(struct nic_cmd *cmd);
uint8_t nic_cmd_query_rmp(struct nic_cmd *cmd);
uint8_t nic_cmd_destroy_rmp(struct nic_cmd *cmd);
uint8_t nic_cmd_create_xrc_srq(struct nic_cmd *cmd);
uint8_t nic_cmd_arm_xrc_srq(struct nic_cmd *cmd);
uint8_t nic_cmd_query_xrc_srq(struct nic_cmd *cmd);
uint8_t nic_cmd_destroy_xrc_srq(struct nic_cmd *cmd);
/* eq.c, cq.c */
uint8_t nic_cmd_create_eq(struct nic_cmd *cmd);
uint8_t nic_cmd_destroy_eq(struct nic_cmd *cmd);
uint8_t nic_cmd_query_eq(struct nic_cmd *cmd);
uint8_t nic_cmd_create_cq(struct nic_cmd *cmd);
uint8_t nic_cmd_modify_cq(struct nic_cmd *cmd);
uint8_t nic_cmd_destroy_cq(struct nic_cmd *cmd);
uint8_t nic_cmd_query_cq(struct nic_cmd *cmd);
/* mkey.c */
uint8_t nic_cmd_create_mkey(struct nic_cmd *cmd);
uint8_t nic_cmd_destroy_mkey(struct nic_cmd *cmd);
uint8_t nic_cmd_query_mkey(struct nic_cmd *cmd);
/* counters.c */
uint8_t nic_cmd_alloc_q_counter(struct nic_cmd *cmd);
uint8_t nic_cmd_dealloc_q_counter(struct nic_cmd *cmd);
uint8_t nic_cmd_query_q_counter(struct nic_cmd *cmd);
uint8_t nic_cmd_query_vport_counter(struct nic_cmd *cmd);
/* multicast.c */
uint8_t nic_cmd_attach_to_mcg(struct nic_cmd *cmd);
uint8_t nic_cmd_detach_from_mcg(struct nic_cmd *cmd);
/* fault.c */
uint8_t nic_cmd_page_fault_resume(struct nic_cmd *cmd);
/* qp.c */
uint8_t nic_cmd_create_qp(struct nic_cmd *cmd);
uint8_t nic_cmd_destroy_qp(struct nic_cmd *cmd);
uint8_t nic_cmd_query_qp(struct nic_cmd *cmd);
uint8_t nic_cmd_modify_qp(struct nic_cmd *cmd);

#endif
