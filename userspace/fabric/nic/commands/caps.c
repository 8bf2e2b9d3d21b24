// SPDX-License-Identifier: MIT
/*
 * What the model says it can do. A capability that is not in the tables is 0,
 * and with it everything that hangs on it: no Ethernet, no flow tables, no user
 * contexts, no firmware pages, no virtual functions. Maximum and
 * current values are the same; what the driver sets is accepted only when it
 * offers no more.
 */
#include <string.h>

#include "fabric/nic/clock.h"
#include "fabric/nic/commands/cmd.h"

#define CAP_TYPE(op_mod)    ((op_mod) >> 1)
#define CAP_CURRENT(op_mod) ((op_mod) & 1)
#define CAP_GENERAL	    0u
#define CAP_ODP		    2u
#define CAP_ATOMIC	    3u
#define PORT_TYPE_IB	    0u
#define MAX_MESSAGE_LOG	    30 /* NIC_MAX_MESSAGE */

#define CAP(field, value)   { #field, NIC_FIELD(cmd_hca_cap, field), value }

const struct nic_cap nic_general_caps[] = {
	/* port */
	CAP(port_type, PORT_TYPE_IB),
	CAP(num_ports, 1),
	CAP(native_port_num, 1),
	CAP(ib_virt, 1),	 /* port queries by HCA_VPORT commands, not by MADs */
	CAP(gid_table_size, 0),	 /* 8 */
	CAP(pkey_table_size, 0), /* 128 */
	CAP(local_ca_ack_delay, 16),
	/* services */
	CAP(rc, 1),
	CAP(uc, 1),
	CAP(ud, 1),
	CAP(xrc, 1),	     /* mlx5_ib does not load without */
	CAP(cqe_version, 0), /* completions carry the QP number */
	CAP(cq_resize, 1),
	CAP(device_frequency_khz, NIC_CLOCK_KHZ), /* of time stamps */
	CAP(log_max_msg, MAX_MESSAGE_LOG),
	CAP(log_max_ra_req_qp, NIC_LOG_MAX_RA),
	CAP(log_max_ra_res_qp, NIC_LOG_MAX_RA),
	CAP(atomic, 1),
	/* numbers and sizes of objects */
	CAP(log_max_qp, NIC_LOG_MAX_QP),
	CAP(log_max_qp_sz, 15),
	CAP(max_wqe_sz_sq, NIC_MAX_SEND_WQE),
	CAP(max_wqe_sz_rq, NIC_MAX_RECEIVE_WQE),
	CAP(log_max_cq, NIC_LOG_MAX_CQ),
	CAP(log_max_cq_sz, NIC_LOG_MAX_CQ_SIZE),
	CAP(max_num_eqs, NIC_MAX_EQS),
	CAP(log_max_eq_sz, NIC_LOG_MAX_EQ_SIZE),
	CAP(log_max_pd, NIC_LOG_MAX_PD),
	CAP(log_max_xrcd, NIC_LOG_MAX_XRCD),
	CAP(log_max_srq, NIC_LOG_MAX_SRQ),
	CAP(log_max_srq_sz, NIC_LOG_MAX_SRQ_SIZE),
	CAP(log_max_mcg, NIC_LOG_MAX_MCG),
	CAP(max_qp_mcg, NIC_MAX_QP_MCG),
	/* counters */
	CAP(vport_counters, 1),
	CAP(max_qp_cnt, NIC_MAX_COUNTER_SETS),
	CAP(retransmission_q_counters, 1),
	CAP(enhanced_error_q_counters, 1),
	CAP(rts2rts_qp_counters_set_id, 1),
	CAP(mcam_reg, 1), /* which component registers exist: of the firmware version */
	/* memory keys */
	CAP(log_max_mkey, NIC_LOG_MAX_MKEY),
	CAP(log_max_klm_list_size, 16),
	CAP(umr_extended_translation_offset, 1),
	CAP(umr_indirect_mkey_disabled, 1),
	CAP(repeated_block_disabled, 1),
	CAP(pg, 1), /* mlx5_ib registers dma-bufs only with it */
	CAP(mkey_pcie_tph, 1),
	/* doorbells: 4 KiB UARs, no BlueFlame */
	CAP(log_pg_sz, 12),
	CAP(uar_sz, 5),
	CAP(log_bf_reg_size, 9),
	/* firmware pages are never asked for */
	CAP(page_request_disable, 1),
};

const unsigned int nic_general_cap_count = sizeof(nic_general_caps) / sizeof(nic_general_caps[0]);

#define ODP(field, value) { NIC_FIELD(odp_cap, field), value }
#define ODP_RC(field)	  ODP(memory_page_fault_scheme_cap.rc_odp_caps.field, 1)
#define ODP_XRC(field)	  ODP(memory_page_fault_scheme_cap.xrc_odp_caps.field, 1)

/*
 * Page faults by the memory scheme only: one kind of event for both ends of a
 * connection, with key and address. The driver takes it when prefetch goes with
 * it (drivers/net/.../mlx5/core/main.c: handle_hca_cap_odp()). Not for datagrams:
 * they move no payload here.
 */
static const struct {
	struct nic_field field;
	uint32_t value;
} odp[] = {
	ODP(memory_page_fault_scheme_cap.page_prefetch, 1),
	ODP_RC(send),
	ODP_RC(receive),
	ODP_RC(write),
	ODP_RC(read),
	ODP_RC(atomic),
	ODP_RC(srq_receive),
	ODP_XRC(send),
	ODP_XRC(write),
	ODP_XRC(read),
	ODP_XRC(atomic),
	ODP_XRC(srq_receive),
	ODP(mem_page_fault, 1),
};

static void odp_fill(unsigned char *cap)
{
	size_t i;

	for (i = 0; i < sizeof(odp) / sizeof(odp[0]); i++)
		nic_field_set(cap, odp[i].field, odp[i].value);
}

/* Only offered bits may be set, and the scheme must be the offered one. */
static bool odp_accept(const unsigned char *cap)
{
	unsigned char offered[DEVX_ST_SZ_BYTES(odp_cap)] __attribute__((aligned(8))) = { 0 };
	size_t i;

	odp_fill(offered);
	for (i = 0; i < sizeof(offered); i++)
		if (cap[i] & ~offered[i])
			return false;
	return DEVX_GET(odp_cap, cap, mem_page_fault);
}

/*
 * Atomics of 8 bytes. The driver offers them to users only when answers come in host order, and chooses
 * that order when it may (drivers/net/.../mlx5/core/main.c: handle_hca_cap_atomic()).
 */
#define ATOMIC_OPS	  (1u << 0 | 1u << 1) /* compare-and-swap, fetch-and-add */
#define ATOMIC_SIZES	  (1u << 3)	      /* log2 of bytes */
#define ATOMIC_HOST_ORDER 1u

static void atomic_fill(unsigned char *cap, bool host_order)
{
	DEVX_SET(atomic_caps, cap, atomic_req_8B_endianness_mode,
		 host_order ? ATOMIC_HOST_ORDER : 0);
	DEVX_SET(atomic_caps, cap, supported_atomic_req_8B_endianness_mode_1, 1);
	DEVX_SET(atomic_caps, cap, atomic_operations, ATOMIC_OPS);
	DEVX_SET(atomic_caps, cap, atomic_size_qp, ATOMIC_SIZES);
}

/* The byte order is the only choice; the other fields are as they were read, or 0. */
static bool atomic_accept(struct nic *nic, const unsigned char *cap)
{
	unsigned char offered[DEVX_ST_SZ_BYTES(atomic_caps)] __attribute__((aligned(8))) = { 0 };
	size_t i;

	atomic_fill(offered, true);
	for (i = 0; i < sizeof(offered); i++)
		if (cap[i] & ~offered[i])
			return false;
	nic->atomic_host_order = DEVX_GET(atomic_caps, cap, atomic_req_8B_endianness_mode);
	return true;
}

uint8_t nic_cmd_query_hca_cap(struct nic_cmd *cmd)
{
	unsigned char *cap = DEVX_ADDR_OF(query_hca_cap_out, cmd->out, capability);
	size_t i;

	if (CAP_TYPE(cmd->op_mod) == CAP_ODP)
		odp_fill(cap);
	if (CAP_TYPE(cmd->op_mod) == CAP_ATOMIC)
		atomic_fill(cap, CAP_CURRENT(cmd->op_mod) ? cmd->nic->atomic_host_order : true);
	if (CAP_TYPE(cmd->op_mod) != CAP_GENERAL)
		return NIC_CMD_OK;
	for (i = 0; i < nic_general_cap_count; i++)
		nic_field_set(cap, nic_general_caps[i].field, nic_general_caps[i].value);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_set_hca_cap(struct nic_cmd *cmd)
{
	const unsigned char *cap = DEVX_ADDR_OF(set_hca_cap_in, cmd->in, capability);
	size_t i;

	if (cmd->nic->hca_initialised)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_SYS_STATE, NIC_SYN_STATE);
	if (CAP_TYPE(cmd->op_mod) == CAP_ODP && odp_accept(cap))
		return NIC_CMD_OK;
	if (CAP_TYPE(cmd->op_mod) == CAP_ATOMIC && atomic_accept(cmd->nic, cap))
		return NIC_CMD_OK;
	if (CAP_TYPE(cmd->op_mod) != CAP_GENERAL)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
					   "page of capabilities as it was not read",
					   CAP_TYPE(cmd->op_mod));
	for (i = 0; i < nic_general_cap_count; i++)
		if (nic_field_get(cap, nic_general_caps[i].field) > nic_general_caps[i].value)
			return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_FEATURE,
						   nic_general_caps[i].name,
						   nic_general_caps[i].field.bit);
	return NIC_CMD_OK;
}
