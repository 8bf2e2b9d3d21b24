/* SPDX-License-Identifier: MIT */
/*
 * The mlx5-compatible NIC: the device and its life. The parts:
 *
 *   init_seg     BAR0: initialisation segment, health, UAR pages with the doorbells
 *   commands/    the firmware command queue, the table of commands, a file per kind of object
 *   ids          id allocator
 *   clock        free running counter of the time stamps
 *   queues/      EQ, CQ, QP, work queue entries, and their buffers in guest memory
 *   keys/        memory keys, key updates (UMR), page faults
 *   rc/          the reliable connection: requester, responder, retries, data movement
 *   ud/          datagrams, multicast attachments
 *   wire         LID routing between the NICs of a fabric
 *
 * The subnet administrator is in fabric/subnet.
 *
 * Layouts are those of the kernel's mlx5_ifc.h (commands, contexts) and of rdma-core's
 * mlx5dv.h (WQE, CQE); see ifc.h. Data in guest memory is copied first and checked
 * afterwards; no index of the guest is used unchecked.
 */
#ifndef NIC_H
#define NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/device.h"
#include "fabric/core/fabric.h"
#include "fabric/core/reg.h"
#include "fabric/nic/commands/cmdq.h"
#include "fabric/nic/counters.h"
#include "fabric/nic/ids.h"
#include "fabric/nic/limits.h"
#include "fabric/subnet/subnet.h"

struct nic_multicast;
struct nic_qp;

struct nic_opts {
	uint16_t lid;			/* 1..SUBNET_LID_MAX, unique in the fabric */
	enum fab_tph_support requester; /* what TPH it can send */
	unsigned int st_entries;	/* ST table size; 0: direct mode */
	unsigned int vectors;
	bool no_prefix; /* does not claim End-End TLP prefixes */
	bool loses_tph; /* TEARDOWN_HCA and a disabled interface clear TPH control and the ST table */
};

struct nic {
	struct fab_device dev; /* first */
	struct nic_opts opts;
	uint64_t guid;
	struct nic_cmdif cmdif;
	struct fab_regs seg; /* initialisation segment */
	bool fatal;	     /* see nic_set_fatal() */
	uint64_t fatal_us;
	bool hca_enabled, hca_initialised;
	bool atomic_host_order; /* answers of atomics: little endian, as memory; else big endian */
	uint32_t cmd_eqn;	/* 0: completions are polled */
	struct nic_ids pds, uars, xrcds, eqs, cqs, mkeys, qps, srqs, faults, counter_sets;
	struct nic_qp *qp_list;
	struct subnet_port wire;
	struct nic_multicast *multicast; /* groups with an attached queue pair */
	uint32_t multicast_groups;
	uint32_t pas_entries, mtt_entries; /* held by objects, see NIC_MAX_PAS and NIC_MAX_MTT */
	uint32_t fault_count;		   /* part of the tokens; never starts again */
	uint64_t fault_timeout_us;
	char node_desc[64];
	struct nic_port_counters port;
	uint32_t port_caps; /* IBTA CapabilityMask, as far as the driver may change it */
	/* counters for the report */
	uint64_t commands, commands_bad, wqes, wqes_bad, messages, rnr_events, retry_events,
		cq_overruns, eq_overruns, page_faults,	    /* accesses that found no translation */
		faults_raised, fault_resumes, fault_errors, /* events; the driver's answers */
		fault_timeouts, fault_bad_resumes,
		faults_over; /* no answer; no such fault; above NIC_MAX_FAULTS */
	uint64_t datagrams_lost[NIC_LOST_COUNT];
};

int nic_new(struct fab_fabric *fabric, const char *name, const struct nic_opts *opts,
	    struct nic **nic);
void nic_reset_objects(struct nic *nic); /* drop every object: reset, teardown, disconnect */

extern const struct fab_device_ops nic_device_ops;

#endif
