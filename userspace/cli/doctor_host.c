// SPDX-License-Identifier: MIT
/* The machine: IOMMU, interrupt remapping, vfio, limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"

/* Intel VT-d specification 11.4.3: Extended Capability Register */
#define ECAP_INTERRUPT_REMAPPING	(1u << 3)

#define MEMLOCK_PLENTY	(64u << 20)

static bool count(void *arg, const char *name)
{
	unsigned int *n = arg;

	(void)name;
	(*n)++;
	return true;
}

static void check_iommu(struct doctor *d)
{
	static const char * const switches[] = {
		"intel_iommu=off", "amd_iommu=off", "iommu=off",
	};
	unsigned int groups = 0;
	size_t i;

	tree_each(d, TREE_SYS, "kernel/iommu_groups", count, &groups);
	if (groups) {
		report(d, SEVERITY_OK, "iommu", "", "%u IOMMU groups", groups);
		return;
	}
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		char remedy[160];

		if (!strstr(d->cmdline, switches[i]))
			continue;
		snprintf(remedy, sizeof(remedy),
			 "remove %s from the kernel command line and reboot",
			 switches[i]);
		report(d, SEVERITY_ERROR, "iommu", remedy,
		       "the IOMMU is switched off by %s, so vfio cannot own a device",
		       switches[i]);
		return;
	}
	report(d, SEVERITY_ERROR, "iommu",
	       "switch VT-d or AMD-Vi on in the firmware set-up, boot with intel_iommu=on (AMD needs no option)",
	       "there is no IOMMU group, so vfio cannot own a device");
}

static bool parameter_is_on(const struct doctor *d, const char *module,
			    const char *name)
{
	char text[8];

	return tree_read(d, TREE_SYS, text, sizeof(text),
			 "module/%s/parameters/%s", module, name) &&
	       (text[0] == 'Y' || text[0] == '1');
}

static void check_noiommu(struct doctor *d)
{
	if (parameter_is_on(d, "vfio", "enable_unsafe_noiommu_mode"))
		report(d, SEVERITY_WARNING, "noiommu",
		       "echo N > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
		       "vfio hands out devices without an IOMMU: their DMA reaches all memory");
}

struct remapping {
	const struct doctor *d;
	unsigned int units, without;
};

static bool look_at_unit(void *arg, const char *name)
{
	struct remapping *r = arg;
	char text[32];

	if (!tree_read(r->d, TREE_SYS, text, sizeof(text),
		       "class/iommu/%s/intel-iommu/ecap", name))
		return true;
	r->units++;
	if (!(strtoull(text, NULL, 16) & ECAP_INTERRUPT_REMAPPING))
		r->without++;
	return true;
}

/* Seen in sysfs for Intel only; AMD's always remaps. */
static void check_remapping(struct doctor *d)
{
	struct remapping r = { .d = d };
	bool unsafe = parameter_is_on(d, "iommufd", "allow_unsafe_interrupts") ||
		      parameter_is_on(d, "vfio_iommu_type1",
				      "allow_unsafe_interrupts");

	tree_each(d, TREE_SYS, "class/iommu", look_at_unit, &r);
	if (unsafe) {
		report(d, SEVERITY_WARNING, "interrupts",
		       "echo N > /sys/module/iommufd/parameters/allow_unsafe_interrupts",
		       "devices may send any interrupt: allow_unsafe_interrupts is set");
		return;
	}
	if (strstr(d->cmdline, "intremap=off"))
		report(d, SEVERITY_ERROR, "interrupts",
		       "remove intremap=off from the kernel command line and reboot",
		       "interrupt remapping is switched off, so vfio refuses devices");
	else if (r.without)
		report(d, SEVERITY_ERROR, "interrupts",
		       "switch interrupt remapping (x2APIC) on in the firmware set-up; if you trust the device: echo Y > /sys/module/iommufd/parameters/allow_unsafe_interrupts",
		       "%u of %u IOMMUs cannot remap interrupts, so vfio refuses devices",
		       r.without, r.units);
	else if (r.units)
		report(d, SEVERITY_OK, "interrupts", "",
		       "interrupts can be remapped");
}

static void check_vfio(struct doctor *d)
{
	char path[512];
	struct stat st;

	if (!tree_path(d, TREE_SYS, path, sizeof(path),
		       "bus/pci/drivers/vfio-pci"))
		return;
	if (stat(path, &st))
		report(d, SEVERITY_ERROR, "vfio-pci", "modprobe vfio-pci",
		       "the driver vfio-pci is not loaded");
	else
		report(d, SEVERITY_OK, "vfio-pci", "", "vfio-pci is loaded");
	if (!tree_path(d, TREE_DEV, path, sizeof(path), "iommu"))
		return;
	if (stat(path, &st))
		report(d, SEVERITY_ERROR, "iommufd", "modprobe iommufd",
		       "%s does not exist; devices are opened through it",
		       path);
	else
		report(d, SEVERITY_OK, "iommufd", "", "%s is there", path);
}

static void check_tph_switch(struct doctor *d)
{
	if (cmdline_has(d, "notph"))
		report(d, SEVERITY_ERROR, "pci=notph",
		       "remove notph from pci= on the kernel command line and reboot",
		       "the kernel command line switches TPH off");
	else
		report(d, SEVERITY_OK, "pci=notph", "",
		       "the kernel command line leaves TPH on");
}

/* Device memory is not charged; host memory registered beside it is. */
static void check_memlock(struct doctor *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (!geteuid() || limit.rlim_cur >= MEMLOCK_PLENTY)
		report(d, SEVERITY_OK, "memlock", "",
		       "host memory can be registered beside device memory");
	else
		report(d, SEVERITY_NOTE, "memlock",
		       "ulimit -l unlimited, LimitMEMLOCK=infinity in a systemd unit, or memlock in /etc/security/limits.d",
		       "this process may lock %llu KiB: enough for device memory, which is not counted, but maybe not for host memory",
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
