// SPDX-License-Identifier: MIT
/* The NIC that writes, and the route to the memory. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/doctor/device.h"
#include "cli/doctor/files.h"
#include "cli/doctor/nic.h"
#include "cli/doctor/node.h"
#include "cli/format.h"
#include "util/remedy.h"

#define VENDOR_MELLANOX 0x15b3

/*
 * vfio accepts only importers that can release a revoked buffer: those that
 * set invalidate_mappings (Linux 7.3, drivers/infiniband: revocable drivers
 * call ib_umem_dmabuf_get() or its pinned revocable form, the others the
 * pinned form).
 */
static const struct {
	const char *driver; /* of the PCI function */
	bool revocable;
} importers[] = {
	{ "mlx5_core", true }, { "ice", true }, /* irdma */
	{ "i40e", true },			/* irdma */
	{ "idpf", true },			/* irdma */
	{ "bnxt_en", false },  { "efa", false }, { "ionic", false }, { "mana", false },
};

/* The RDMA module for the driver of the function, "" if unknown. */
static const char *rdma_module(const struct tphbuf_pci_info *nic)
{
	static const char *const pairs[][2] = {
		{ "mlx5_core", "mlx5_ib" }, { "ice", "irdma" },	      { "i40e", "irdma" },
		{ "idpf", "irdma" },	    { "bnxt_en", "bnxt_re" }, { "mana", "mana_ib" },
		{ "ionic", "ionic_rdma" },
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (!strcmp(pairs[i][0], nic->driver))
			return pairs[i][1];
	return "";
}

static bool module_is_loaded(const struct doctor *d, const char *module)
{
	char path[PATH_MAX];
	struct stat st;

	return tree_path(d, TREE_SYS, path, sizeof(path), "module/%s", module) && !stat(path, &st);
}

/* Another function of the same device and driver that has an RDMA device. */
static bool find_sibling(const struct doctor *d, struct tphbuf_pci_info *sibling)
{
	size_t last = strlen(d->nic.bdf) - 1;
	char bdf[TPHBUF_BDF_MAX];
	int i;

	memcpy(bdf, d->nic.bdf, sizeof(bdf));
	for (i = 0; i < 8; i++) {
		bdf[last] = (char)('0' + i);
		sibling->size = sizeof(*sibling);
		if (bdf[last] != d->nic.bdf[last] && !tphbuf_pci_read(d->cli->ctx, bdf, sibling) &&
		    sibling->rdma[0] && !strcmp(sibling->driver, d->nic.driver))
			return true;
	}
	return false;
}

/* The function has its own driver, which offers no RDMA device. */
static void explain_driver_without_rdma(struct doctor *d)
{
	const struct tphbuf_pci_info *nic = &d->nic;
	const char *module = rdma_module(nic);
	struct tphbuf_pci_info sibling;
	char remedy[FINDING_TEXT_MAX];

	if (!module[0]) {
		report(d, SEVERITY_UNSUPPORTED, "rdma",
		       "use a NIC with RDMA whose driver can release a revoked buffer: mlx5 or irdma",
		       "%s (driver %s) has no RDMA device", nic->bdf, nic->driver);
		return;
	}
	if (find_sibling(d, &sibling)) {
		snprintf(remedy, sizeof(remedy),
			 "use %s, which serves both functions in a RoCE LAG; without a LAG: devlink dev param set pci/%s name enable_rdma value true cmode driverinit; devlink dev reload pci/%s",
			 sibling.rdma, nic->bdf, nic->bdf);
		report(d, SEVERITY_ERROR, "rdma", remedy,
		       "%s has no RDMA device of its own; function %s of the same NIC has %s",
		       nic->bdf, sibling.bdf, sibling.rdma);
		return;
	}
	if (module_is_loaded(d, module))
		snprintf(remedy, sizeof(remedy),
			 "see dmesg, and devlink dev param show pci/%s name enable_rdma", nic->bdf);
	else
		snprintf(remedy, sizeof(remedy), "modprobe %s", module);
	report(d, SEVERITY_ERROR, "rdma", remedy, "%s (driver %s) has no RDMA device%s", nic->bdf,
	       nic->driver, module_is_loaded(d, module) ? ", though its RDMA driver is loaded" : "");
}

/* Remove the override, load the NIC's own driver, probe. */
static void explain_no_rdma(struct doctor *d)
{
	const struct tphbuf_pci_info *nic = &d->nic;
	char remedy[FINDING_TEXT_MAX], steps[FINDING_TEXT_MAX / 2];

	if (nic->driver[0] && !vfio_bound(nic)) {
		explain_driver_without_rdma(d);
		return;
	}
	rebind_remedy(steps, sizeof(steps), nic->bdf, nic->driver, "");
	snprintf(remedy, sizeof(remedy), "%s; %s",
		 nic->vendor == VENDOR_MELLANOX ? "modprobe -a mlx5_core mlx5_ib" :
						  "modprobe its driver",
		 steps);
	report(d, SEVERITY_ERROR, "rdma", remedy, "%s is bound to %s, so it has no RDMA device",
	       nic->bdf, nic->driver[0] ? nic->driver : "no driver");
}

static void check_importer(struct doctor *d)
{
	const struct tphbuf_pci_info *nic = &d->nic;
	size_t i;

	if (!nic->rdma[0]) {
		explain_no_rdma(d);
		return;
	}
	for (i = 0; i < sizeof(importers) / sizeof(importers[0]); i++) {
		if (strcmp(importers[i].driver, nic->driver))
			continue;
		if (importers[i].revocable)
			report(d, SEVERITY_OK, "importer", "",
			       "%s can release a revoked buffer, which vfio requires", nic->driver);
		else
			report(d, SEVERITY_UNSUPPORTED, "importer",
			       "use a NIC of mlx5 (with on-demand paging) or irdma",
			       "%s pins buffers and cannot release them, so vfio refuses it",
			       nic->driver);
		return;
	}
	report(d, SEVERITY_WARNING, "importer",
	       "try tphbuf register; mlx5 and irdma are known to work",
	       "whether %s can release a revoked buffer is unknown",
	       nic->driver[0] ? nic->driver : "this driver");
}

struct ports {
	struct doctor *d;
	unsigned int n, active;
};

static bool look_at_port(void *arg, const char *port)
{
	struct ports *p = arg;
	char state[32];

	if (!tree_read(p->d, TREE_SYS, state, sizeof(state),
		       "class/infiniband/%s/device/infiniband/%s/ports/%s/state", p->d->nic.rdma,
		       p->d->nic.rdma, port))
		return true;
	p->n++;
	p->active += !!strstr(state, "ACTIVE");
	return true;
}

static void check_port(struct doctor *d)
{
	struct ports p = { .d = d };
	char dir[192], remedy[160];

	if (!d->nic.rdma[0])
		return;
	snprintf(dir, sizeof(dir), "class/infiniband/%s/device/infiniband/%s/ports", d->nic.rdma,
		 d->nic.rdma);
	tree_each(d, TREE_SYS, dir, look_at_port, &p);
	snprintf(remedy, sizeof(remedy), "check cable and switch; rdma link show %s/1", d->nic.rdma);
	if (p.active)
		report(d, SEVERITY_OK, "port", "", "%s: %u of %u ports active", d->nic.rdma,
		       p.active, p.n);
	else
		report(d, SEVERITY_WARNING, "port", remedy, "%s has no active port", d->nic.rdma);
}

struct uverbs {
	struct doctor *d;
	char name[TPHBUF_NAME_MAX];
};

/* The node of the RDMA device that is examined; a function may have several. */
static bool look_at_uverbs(void *arg, const char *name)
{
	struct uverbs *u = arg;
	char ibdev[TPHBUF_NAME_MAX];

	if (strncmp(name, "uverbs", strlen("uverbs")) ||
	    (tree_read(u->d, TREE_SYS, ibdev, sizeof(ibdev),
		       "class/infiniband/%s/device/infiniband_verbs/%s/ibdev", u->d->nic.rdma, name) &&
	     strcmp(ibdev, u->d->nic.rdma)))
		return true;
	return (size_t)snprintf(u->name, sizeof(u->name), "%s", name) >= sizeof(u->name);
}

static void check_uverbs(struct doctor *d)
{
	char text[128];
	struct uverbs u = { .d = d };
	struct node node;

	if (!d->nic.rdma[0])
		return;
	snprintf(text, sizeof(text), "class/infiniband/%s/device/infiniband_verbs", d->nic.rdma);
	tree_each(d, TREE_SYS, text, look_at_uverbs, &u);
	if (!u.name[0]) {
		report(d, SEVERITY_ERROR, "uverbs", "modprobe ib_uverbs",
		       "%s has no verbs device: the module ib_uverbs is not loaded", d->nic.rdma);
		return;
	}
	snprintf(text, sizeof(text), "infiniband/%s", u.name);
	node_look(d, &node, text, "mount devtmpfs on /dev");
	report_node(d, SEVERITY_ERROR, "uverbs", &node);
}

static bool is_mlx5(const struct tphbuf_pci_info *nic)
{
	return !strcmp(nic->driver, "mlx5_core");
}

/* The TPH requester capability is there and not enabled. */
static void explain_disabled(struct doctor *d)
{
	char remedy[FINDING_TEXT_MAX];
	struct tphbuf_port root = { .size = sizeof(root) };
	struct tphbuf_topo *topo;
	size_t n;

	if (cmdline_has(d->cmdline, "notph")) {
		report(d, SEVERITY_ERROR, "requester",
		       "remove notph from pci= on the kernel command line and reboot",
		       "%s may not send tags: TPH is disabled", d->nic.bdf);
		return;
	}
	if (!tphbuf_topo_read(d->cli->ctx, d->nic.bdf, d->nic.bdf, &topo)) {
		n = tphbuf_topo_ports(topo, TPHBUF_END_REQUESTER);
		tphbuf_topo_port(topo, TPHBUF_END_REQUESTER, n - 1, &root);
		tphbuf_topo_free(topo);
		if (n > 1 && root.completer == TPHBUF_TPH_NONE) {
			report(d, SEVERITY_UNSUPPORTED, "requester",
			       "put the NIC under a root port whose DevCap2 shows TPHComp+; check the firmware setup for TPH",
			       "%s may not send tags: its root port %s is not a TPH completer",
			       d->nic.bdf, root.bdf);
			return;
		}
	}
	if (is_mlx5(&d->nic))
		snprintf(remedy, sizeof(remedy),
			 "boot a kernel whose mlx5_core enables TPH, and reload it; see dmesg");
	else
		snprintf(remedy, sizeof(remedy),
			 "use a version of driver %s that enables TPH for RDMA, if there is one; see dmesg",
			 d->nic.driver);
	report(d, SEVERITY_ERROR, "requester", remedy,
	       "%s has the TPH requester capability, but its driver has not enabled TPH",
	       d->nic.bdf);
}

static void check_requester(struct doctor *d)
{
	const struct tphbuf_pci_info *nic = &d->nic;

	if (nic->requester == TPHBUF_TPH_UNKNOWN)
		report(d, SEVERITY_WARNING, "requester", REMEDY_CONFIG_SPACE,
		       "the TPH registers of %s cannot be read", nic->bdf);
	else if (nic->requester == TPHBUF_TPH_NONE)
		report(d, SEVERITY_UNSUPPORTED, "requester",
		       "use a NIC with the TPH requester capability (lspci -vv)",
		       "%s cannot send tags", nic->bdf);
	else if (nic->requester_enabled == TPHBUF_TPH_NONE)
		explain_disabled(d);
	else
		report(d, SEVERITY_OK, "requester", "", "%s is enabled to send %s", nic->bdf,
		       nic->requester_enabled == TPHBUF_TPH_ST_EXT ? "16-bit tags (xst)" :
								     "8-bit tags (st)");
	if (nic->requester > TPHBUF_TPH_NONE && nic->st_table == TPHBUF_ST_TABLE_NONE)
		report(d, SEVERITY_NOTE, "st-table", "", "%s has no steering tag table: %s",
		       nic->bdf,
		       is_mlx5(nic) ? "a tag must fit the index field of an mkey" :
				      "its driver decides which tags it sends");
}

void check_nic(struct doctor *d)
{
	check_importer(d);
	check_uverbs(d);
	check_port(d);
	check_requester(d);
}

static void judge_route(struct doctor *d, const struct tphbuf_topo_result *v)
{
	switch (v->route) {
	case TPHBUF_ROUTE_DIRECT:
		report(d, SEVERITY_OK, "route", "", "direct: %s", v->reason);
		break;
	case TPHBUF_ROUTE_HOST_BRIDGE:
		report(d, SEVERITY_WARNING, "route", v->remedy,
		       "through the host bridge: %s; some root complexes forward writes only: run tphbuf selftest",
		       v->reason);
		break;
	case TPHBUF_ROUTE_REFUSED:
		report(d, SEVERITY_ERROR, "route", v->remedy, "refused by p2pdma: %s", v->reason);
		break;
	default:
		report(d, SEVERITY_WARNING, "route", v->remedy, "unknown: %s", v->reason);
	}
}

/* One namespace that is delivered is enough. */
static void judge_tags(struct doctor *d, const struct tphbuf_topo_result *v)
{
	bool dropped = v->st == TPHBUF_DELIVERY_DROPPED && v->xst == TPHBUF_DELIVERY_DROPPED;

	if (v->st == TPHBUF_DELIVERY_OK || v->xst == TPHBUF_DELIVERY_OK)
		report(d, SEVERITY_OK, "delivery", "", "%s tags are delivered: %s",
		       v->st == TPHBUF_DELIVERY_OK ? "8-bit" : "16-bit",
		       v->st == TPHBUF_DELIVERY_OK ? v->st_reason : v->xst_reason);
	else
		report(d, dropped ? SEVERITY_ERROR : SEVERITY_WARNING, "delivery",
		       "see tphbuf topo", "%s: 8-bit: %s; 16-bit: %s",
		       dropped ? "tags are dropped" : "delivery of tags is unknown", v->st_reason,
		       v->xst_reason);
}

/* A port treats a payload above its maximum as a malformed TLP. */
static void judge_payload(struct doctor *d, const struct tphbuf_topo *topo)
{
	static const enum tphbuf_end ends[] = {
		TPHBUF_END_REQUESTER,
		TPHBUF_END_MEMORY,
	};
	uint32_t sent = 0;
	size_t e, i;

	for (e = 0; e < 2; e++) {
		for (i = 0; i < tphbuf_topo_ports(topo, ends[e]); i++) {
			struct tphbuf_port port = { .size = sizeof(port) };

			tphbuf_topo_port(topo, ends[e], i, &port);
			if (!e && !i)
				sent = port.mps;
			if (!port.mps || !sent || sent <= port.mps)
				continue;
			report(d, SEVERITY_ERROR, "payload", "boot with pci=pcie_bus_safe",
			       "%s sends payloads of up to %u bytes, %s accepts %u", d->nic.bdf,
			       sent, port.bdf, port.mps);
			return;
		}
	}
	if (sent)
		report(d, SEVERITY_OK, "payload", "",
		       "all ports of the path accept payloads of %u bytes", sent);
}

void check_route(struct doctor *d)
{
	struct tphbuf_topo_result v = { .size = sizeof(v) };
	struct tphbuf_topo *topo;

	if (tphbuf_topo_read(d->cli->ctx, d->device.bdf, d->nic.bdf, &topo)) {
		report(d, SEVERITY_WARNING, "route", "", "%s", tphbuf_ctx_error(d->cli->ctx));
		return;
	}
	tphbuf_topo_get_result(topo, &v);
	judge_route(d, &v);
	judge_tags(d, &v);
	judge_payload(d, topo);
	tphbuf_topo_free(topo);
}
