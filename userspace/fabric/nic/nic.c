// SPDX-License-Identifier: MIT
/*
 * A NIC as a function of the fabric: config space, life, report.
 *
 * Reset drops every object in the order of their dependence: queue pairs, then
 * the queues they complete into, page faults, then keys and plain numbers.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/init_seg.h"
#include "fabric/nic/keys/fault.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/queues/srq.h"

/* ConnectX-8, physical function: the drivers match it, and only the model's version and description differ. */
#define PCI_VENDOR	 0x15b3
#define PCI_DEVICE	 0x1023
#define CLASS_INFINIBAND 0x020700
#define MSIX_BAR	 4
#define MSIX_BAR_SIZE	 0x2000
#define MSIX_TABLE	 0x0
#define MSIX_PBA	 0x1000
#define NODE_DESC	 "tphbuf fabric model"

/* EUI-64 with the "locally administered" bit; 54 50 48: "TPH". */
#define GUID_BASE 0x0254504800000000ull

/* Numbers start above 0, keys above the one the driver uses as the end of a scatter list (0x100). */
#define FIRST_NUMBER 0x10
#define FIRST_QP     0x40
#define FIRST_MKEY   0x100

static void drop_queues(struct nic *nic)
{
	uint32_t i;

	while (nic->qp_list)
		nic_qp_free(nic->qp_list);
	for (i = 0; nic->srqs.used && i < nic->srqs.size; i++)
		if (nic->srqs.slot[i])
			nic_srq_free(nic, nic->srqs.slot[i]);
	for (i = 0; nic->cqs.used && i < nic->cqs.size; i++)
		if (nic->cqs.slot[i])
			nic_cq_free(nic, nic->cqs.slot[i]);
	for (i = 0; nic->eqs.used && i < nic->eqs.size; i++)
		if (nic->eqs.slot[i])
			nic_eq_free(nic, nic->eqs.slot[i]);
}

static void drop_keys(struct nic *nic)
{
	uint32_t i;

	for (i = 0; nic->mkeys.used && i < nic->mkeys.size; i++) {
		struct nic_mkey *mkey = nic_ids_remove(&nic->mkeys, nic->mkeys.first + i);

		if (mkey)
			nic_mkey_free(nic, mkey);
	}
}

/* Counter sets are the driver's; counters of the port outlive a reset of the function. */
static void drop_counter_sets(struct nic *nic)
{
	uint32_t i;

	for (i = 0; nic->counter_sets.used && i < nic->counter_sets.size; i++)
		free(nic_ids_remove(&nic->counter_sets, nic->counter_sets.first + i));
}

static void drop_ids(struct nic_ids *ids)
{
	uint32_t i;

	for (i = 0; ids->used && i < ids->size; i++)
		nic_ids_remove(ids, ids->first + i);
}

void nic_reset_objects(struct nic *nic)
{
	drop_queues(nic);
	nic_fault_drop_all(nic);
	drop_keys(nic);
	drop_counter_sets(nic);
	subnet_port_reset(&nic->wire);
	drop_ids(&nic->pds);
	drop_ids(&nic->uars);
	drop_ids(&nic->xrcds);
	nic->cmd_eqn = 0;
	nic->atomic_host_order = false;
	nic->hca_initialised = false;
	nic->hca_enabled = false;
}

static void nic_reset(struct fab_device *dev)
{
	struct nic *nic = (struct nic *)dev;

	nic_reset_objects(nic);
	nic_cmd_reset(nic);
	fab_regs_reset(&nic->seg);
	nic->fatal = false;
	nic->port_caps = 0;
	snprintf(nic->node_desc, sizeof(nic->node_desc), "%s", NODE_DESC);
}

static void nic_clear(struct fab_device *dev)
{
	struct nic *nic = (struct nic *)dev;

	nic->commands = nic->commands_bad = nic->wqes = nic->wqes_bad = nic->messages = 0;
	nic->rnr_events = nic->retry_events = nic->cq_overruns = nic->eq_overruns =
		nic->page_faults = 0;
	nic->faults_raised = nic->fault_resumes = nic->fault_errors = 0;
	nic->fault_timeouts = nic->fault_bad_resumes = nic->faults_over = 0;
	memset(nic->datagrams_lost, 0, sizeof(nic->datagrams_lost));
	nic->wire.requests = nic->wire.refused = nic->wire.ignored = 0;
}

static void nic_report(struct fab_device *dev, cJSON *object)
{
	const struct nic *nic = (const struct nic *)dev;
	cJSON *counters = cJSON_AddObjectToObject(object, "nic");
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "commands", nic->commands },
		{ "commands_bad", nic->commands_bad },
		{ "wqes", nic->wqes },
		{ "wqes_bad", nic->wqes_bad },
		{ "messages", nic->messages },
		{ "rnr_events", nic->rnr_events },
		{ "retry_events", nic->retry_events },
		{ "cq_overruns", nic->cq_overruns },
		{ "eq_overruns", nic->eq_overruns },
		{ "page_faults", nic->page_faults },
		{ "faults_raised", nic->faults_raised },
		{ "fault_resumes", nic->fault_resumes },
		{ "fault_errors", nic->fault_errors },
		{ "fault_timeouts", nic->fault_timeouts },
		{ "fault_bad_resumes", nic->fault_bad_resumes },
		{ "faults_over", nic->faults_over },
		{ "faults_waiting", nic->faults.used },
		{ "datagrams_without_target", nic->datagrams_lost[NIC_LOST_TARGET] },
		{ "datagrams_bad_qkey", nic->datagrams_lost[NIC_LOST_QKEY] },
		{ "datagrams_bad_pkey", nic->datagrams_lost[NIC_LOST_PKEY] },
		{ "datagrams_without_receive", nic->datagrams_lost[NIC_LOST_RECEIVE] },
		{ "sa_requests", nic->wire.requests },
		{ "sa_refused", nic->wire.refused },
		{ "sa_ignored", nic->wire.ignored },
		{ "multicast_memberships", nic->wire.memberships },
		{ "mkeys", nic->mkeys.used },
		{ "qps", nic->qps.used },
		{ "cqs", nic->cqs.used },
		{ "srqs", nic->srqs.used },
		{ "eqs", nic->eqs.used },
		{ "pds", nic->pds.used },
		{ "queue_pages", nic->pas_entries },
		{ "translations", nic->mtt_entries },
	};
	size_t i;

	cJSON_AddNumberToObject(object, "lid", nic->opts.lid);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cJSON_AddNumberToObject(counters, rows[i].name, (double)rows[i].value);
}

static const struct {
	size_t offset; /* of the table in struct nic */
	uint32_t first, size;
} id_spaces[] = {
	{ offsetof(struct nic, pds), FIRST_NUMBER, 1u << NIC_LOG_MAX_PD },
	{ offsetof(struct nic, uars), NIC_UAR_OFFSET / NIC_PAGE, NIC_MAX_UARS },
	{ offsetof(struct nic, xrcds), FIRST_NUMBER, 1u << NIC_LOG_MAX_XRCD },
	{ offsetof(struct nic, eqs), 1, NIC_MAX_EQS },
	{ offsetof(struct nic, cqs), FIRST_NUMBER, 1u << NIC_LOG_MAX_CQ },
	{ offsetof(struct nic, mkeys), FIRST_MKEY, 1u << NIC_LOG_MAX_MKEY },
	{ offsetof(struct nic, qps), FIRST_QP, 1u << NIC_LOG_MAX_QP },
	{ offsetof(struct nic, srqs), FIRST_NUMBER, 1u << NIC_LOG_MAX_SRQ },
	{ offsetof(struct nic, faults), 1, NIC_MAX_FAULTS },
	{ offsetof(struct nic, counter_sets), 1, NIC_MAX_COUNTER_SETS },
};

static struct nic_ids *nic_ids_at(struct nic *nic, size_t i)
{
	return (struct nic_ids *)((char *)nic + id_spaces[i].offset);
}

static void nic_free(struct fab_device *dev)
{
	struct nic *nic = (struct nic *)dev;
	size_t i;

	nic_reset_objects(nic);
	subnet_port_remove(&nic->wire);
	for (i = 0; i < sizeof(id_spaces) / sizeof(id_spaces[0]); i++)
		nic_ids_fini(nic_ids_at(nic, i));
	fab_device_fini(dev);
	free(nic);
}

const struct fab_device_ops nic_device_ops = {
	.kind = "nic",
	.reset = nic_reset,
	.bar_read = nic_bar_read,
	.bar_write = nic_bar_write,
	.clear = nic_clear,
	.report = nic_report,
	.free = nic_free,
};

static int nic_init_ids(struct nic *nic)
{
	size_t i;
	int ret;

	for (i = 0; i < sizeof(id_spaces) / sizeof(id_spaces[0]); i++) {
		ret = nic_ids_init(nic_ids_at(nic, i), id_spaces[i].first, id_spaces[i].size);
		if (ret)
			return ret;
	}
	return 0;
}

static int nic_init_pci(struct nic *nic)
{
	const struct fab_cfg_opts cfg = {
		.id = { .vendor = PCI_VENDOR,
			.device = PCI_DEVICE,
			.subvendor = PCI_VENDOR,
			.subdevice = 1,
			.class_code = CLASS_INFINIBAND },
		.serial = nic->guid,
		.completer = FAB_TPH_NONE,
		.no_prefix = nic->opts.no_prefix,
		.vsc = true,
		.requester = nic->opts.requester,
		.st_entries = nic->opts.st_entries,
		.vectors = nic->opts.vectors,
		.msix_bar = MSIX_BAR,
		.msix_table = MSIX_TABLE,
		.msix_pba = MSIX_PBA,
	};
	int ret;

	ret = fab_device_add_bar(&nic->dev, 0, NIC_BAR0_SIZE, true, true, 0, 0);
	if (ret)
		return ret;
	ret = fab_device_add_bar(&nic->dev, MSIX_BAR, MSIX_BAR_SIZE, false, false, 0, 0);
	if (ret)
		return ret;
	return fab_cfg_build(&nic->dev, &cfg);
}

/* All NICs of a fabric are in one subnet. */
static int join_subnet(struct nic *nic, const struct fab_fabric *fabric)
{
	const struct subnet_port *other = NULL;
	struct fab_device *dev;

	for (dev = fabric->devices; dev && !other; dev = dev->next)
		if (dev->ops == &nic_device_ops)
			other = &((const struct nic *)dev)->wire;
	nic->wire.lid = nic->opts.lid;
	nic->wire.guid = nic->guid;
	return subnet_port_add(&nic->wire, other);
}

int nic_new(struct fab_fabric *fabric, const char *name, const struct nic_opts *opts,
	    struct nic **out)
{
	struct nic *nic;
	int ret;

	if (!opts->lid || opts->lid > SUBNET_LID_MAX || opts->vectors < 2)
		return -EINVAL;
	nic = calloc(1, sizeof(*nic));
	if (!nic)
		return -ENOMEM;
	ret = fab_device_init(&nic->dev, &nic_device_ops, name);
	if (ret) {
		free(nic);
		return ret;
	}
	nic->opts = *opts;
	nic->guid = GUID_BASE | opts->lid;
	nic->fault_timeout_us = NIC_FAULT_TIMEOUT_US;
	nic_cmd_init(nic);
	fab_regs_init(&nic->seg, &nic_seg_map, &nic->dev);
	ret = nic_init_ids(nic);
	if (!ret)
		ret = nic_init_pci(nic);
	if (!ret)
		ret = join_subnet(nic, fabric);
	if (ret) {
		nic_free(&nic->dev);
		return ret;
	}
	fab_fabric_add(fabric, &nic->dev);
	nic_reset(&nic->dev);
	*out = nic;
	return 0;
}
