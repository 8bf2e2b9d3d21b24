// SPDX-License-Identifier: MIT
/* The machine: IOMMU, interrupt remapping, vfio, limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor/files.h"
#include "cli/doctor/host.h"
#include "cli/doctor/node.h"

/* Intel VT-d specification 11.4.3: Extended Capability Register */
#define ECAP_INTERRUPT_REMAPPING (1u << 3)

#define MEMLOCK_PLENTY		 (64u << 20)

struct groups {
	const struct doctor *d;
	unsigned int n;
};

/* Groups that vfio makes for devices without IOMMU do not count. */
static bool count_group(void *arg, const char *number)
{
	struct groups *groups = arg;

	groups->n += !group_noiommu(groups->d, number);
	return true;
}

static void check_iommu(struct doctor *d)
{
	static const char *const switches[] = {
		"intel_iommu=off",
		"amd_iommu=off",
		"iommu=off",
	};
	enum severity severity = d->opts->noiommu ? SEVERITY_WARNING : SEVERITY_ERROR;
	struct groups groups = { .d = d };
	size_t i;

	tree_each(d, TREE_SYS, "kernel/iommu_groups", count_group, &groups);
	if (groups.n) {
		report(d, SEVERITY_OK, "iommu", "", "%u IOMMU groups", groups.n);
		return;
	}
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		char remedy[160];

		if (!strstr(d->cmdline, switches[i]))
			continue;
		snprintf(remedy, sizeof(remedy),
			 "remove %s from the kernel command line and reboot", switches[i]);
		report(d, severity, "iommu", remedy,
		       "%s disables the IOMMU, so no device is isolated", switches[i]);
		return;
	}
	report(d, severity, "iommu", REMEDY_IOMMU, "there is no IOMMU, so no device is isolated");
}

static bool parameter_is_on(const struct doctor *d, const char *module, const char *name)
{
	char text[8];

	return tree_read(d, TREE_SYS, text, sizeof(text), "module/%s/parameters/%s", module, name) &&
	       (text[0] == 'Y' || text[0] == '1');
}

static void check_noiommu(struct doctor *d)
{
	if (parameter_is_on(d, "vfio", "enable_unsafe_noiommu_mode"))
		report(d, SEVERITY_WARNING, "noiommu",
		       "echo N > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
		       "vfio allows devices without an IOMMU: their DMA reaches all memory");
}

struct remapping {
	const struct doctor *d;
	unsigned int units, without;
};

static bool look_at_unit(void *arg, const char *name)
{
	struct remapping *r = arg;
	char text[32];

	if (!tree_read(r->d, TREE_SYS, text, sizeof(text), "class/iommu/%s/intel-iommu/ecap", name))
		return true;
	r->units++;
	if (!(strtoull(text, NULL, 16) & ECAP_INTERRUPT_REMAPPING))
		r->without++;
	return true;
}

/* Each back end has its own parameter. True if one is set. */
static bool report_unsafe(struct doctor *d)
{
	static const char *const modules[] = { "iommufd", "vfio_iommu_type1" };
	bool unsafe = false;
	char remedy[96];
	size_t i;

	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (!parameter_is_on(d, modules[i], "allow_unsafe_interrupts"))
			continue;
		unsafe = true;
		snprintf(remedy, sizeof(remedy),
			 "echo N > /sys/module/%s/parameters/allow_unsafe_interrupts", modules[i]);
		report(d, SEVERITY_WARNING, "interrupts", remedy,
		       "devices can send any interrupt: allow_unsafe_interrupts of %s is set",
		       modules[i]);
	}
	return unsafe;
}

/* sysfs shows it for Intel only; AMD IOMMUs always remap. */
static void check_remapping(struct doctor *d)
{
	struct remapping r = { .d = d };

	tree_each(d, TREE_SYS, "class/iommu", look_at_unit, &r);
	if (report_unsafe(d))
		return;
	if (strstr(d->cmdline, "intremap=off"))
		report(d, SEVERITY_ERROR, "interrupts",
		       "remove intremap=off from the kernel command line and reboot",
		       "interrupt remapping is disabled, so vfio refuses devices");
	else if (r.without)
		report(d, SEVERITY_ERROR, "interrupts",
		       "enable interrupt remapping (x2APIC) in the firmware setup; if you trust the device: echo Y > /sys/module/iommufd/parameters/allow_unsafe_interrupts (vfio_iommu_type1 in place of iommufd for the group back end)",
		       "%u of %u IOMMUs cannot remap interrupts, so vfio refuses devices",
		       r.without, r.units);
	else if (r.units)
		report(d, SEVERITY_OK, "interrupts", "", "all IOMMUs remap interrupts");
}

static void check_vfio(struct doctor *d)
{
	char path[512];
	struct stat st;

	if (!tree_path(d, TREE_SYS, path, sizeof(path), "bus/pci/drivers/vfio-pci"))
		return;
	if (stat(path, &st))
		report(d, SEVERITY_ERROR, "vfio-pci", "modprobe vfio-pci",
		       "the driver vfio-pci is not loaded");
	else
		report(d, SEVERITY_OK, "vfio-pci", "", "vfio-pci is loaded");
	check_host_nodes(d);
}

static void check_tph_switch(struct doctor *d)
{
	if (cmdline_has(d->cmdline, "notph"))
		report(d, SEVERITY_ERROR, "pci=notph",
		       "remove notph from pci= on the kernel command line and reboot",
		       "the kernel command line disables TPH");
	else
		report(d, SEVERITY_OK, "pci=notph", "",
		       "the kernel command line does not disable TPH");
}

/* Device memory is not charged to the limit, registered host memory is. */
static void check_memlock(struct doctor *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (!geteuid() || limit.rlim_cur >= MEMLOCK_PLENTY)
		report(d, SEVERITY_OK, "memlock", "",
		       "the limit of locked memory allows registration of host memory");
	else
		report(d, SEVERITY_NOTE, "memlock",
		       "ulimit -l unlimited, LimitMEMLOCK=infinity in a systemd unit, or memlock in /etc/security/limits.d",
		       "this process may lock %llu KiB: device memory does not count, but host memory may not fit",
		       (unsigned long long)limit.rlim_cur >> 10);
}

void check_host(struct doctor *d)
{
	check_iommu(d);
	check_noiommu(d);
	check_remapping(d);
	check_vfio(d);
	check_tph_switch(d);
	check_memlock(d);
}
