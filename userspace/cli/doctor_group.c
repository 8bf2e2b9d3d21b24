// SPDX-License-Identifier: MIT
/* Who else has a claim on the device: its IOMMU group, and open programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"

#define CLASS_BRIDGE	0x06	/* PCI class code of bridges */

struct group {
	struct doctor *d;
	unsigned int others, foreign;
};

/* A function of the group that a kernel driver uses makes it not viable. */
static bool look_at_member(void *arg, const char *bdf)
{
	struct group *g = arg;
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	char remedy[320];

	if (!strcmp(bdf, g->d->device.bdf))
		return true;
	g->others++;
	if (tphbuf_pci_read(g->d->cli->ctx, bdf, &info) || !info.driver[0] ||
	    strstr(info.driver, "vfio") ||
	    info.class_code >> 16 == CLASS_BRIDGE)
		return true;
	g->foreign++;
	snprintf(remedy, sizeof(remedy),
		 "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override; echo %s > /sys/bus/pci/drivers/%s/unbind; echo %s > /sys/bus/pci/drivers_probe",
		 bdf, bdf, info.driver, bdf);
	report(g->d, SEVERITY_ERROR, "group", remedy,
	       "%s is in the same IOMMU group and bound to %s", bdf,
	       info.driver);
	return true;
}

void check_group(struct doctor *d)
{
	struct group g = { .d = d };
	char dir[64];

	if (d->device.iommu_group < 0) {
		report(d, SEVERITY_ERROR, "group",
		       "switch the IOMMU on, see the line iommu",
		       "%s is in no IOMMU group", d->device.bdf);
		return;
	}
	snprintf(dir, sizeof(dir), "kernel/iommu_groups/%d/devices",
		 d->device.iommu_group);
	tree_each(d, TREE_SYS, dir, look_at_member, &g);
	if (!g.foreign)
		report(d, SEVERITY_OK, "group", "",
		       "IOMMU group %d: other functions in it: %u, none in the way",
		       d->device.iommu_group, g.others);
}

struct users {
	struct doctor *d;
	char group[16];		/* the node of the group, for vfio's old way */
	char dir[64];		/* "4711/fd" */
	char pid[16];
	unsigned int n;
};

static bool look_at_fd(void *arg, const char *fd)
{
	struct users *u = arg;
	char name[64], comm[64], remedy[64];

	if (!tree_link(u->d, TREE_PROC, name, sizeof(name), "%s/%s", u->dir,
		       fd))
		return true;
	if (strcmp(name, u->d->device.vfio) && strcmp(name, u->group))
		return true;
	if (!tree_read(u->d, TREE_PROC, comm, sizeof(comm), "%s/comm", u->pid))
		snprintf(comm, sizeof(comm), "?");
	snprintf(remedy, sizeof(remedy), "kill %s", u->pid);
	report(u->d, SEVERITY_ERROR, "busy", remedy,
	       "process %s (%s) has the device or its group open", u->pid,
	       comm);
	u->n++;
	return false;
}

static bool look_at_process(void *arg, const char *pid)
{
	struct users *u = arg;

	if (pid[0] < '0' || pid[0] > '9' || strlen(pid) >= sizeof(u->pid))
		return true;
	snprintf(u->pid, sizeof(u->pid), "%s", pid);
	snprintf(u->dir, sizeof(u->dir), "%s/fd", pid);
	tree_each(u->d, TREE_PROC, u->dir, look_at_fd, u);
	return true;
}

void check_users(struct doctor *d)
{
	struct users u = { .d = d };

	if (!d->device.vfio[0])
		return;
	/* No such name, if there is no group. */
	if (d->device.iommu_group >= 0)
		snprintf(u.group, sizeof(u.group), "%d",
			 d->device.iommu_group);
	if (!tree_each(d, TREE_PROC, "", look_at_process, &u))
		return;
	if (!u.n)
		report(d, SEVERITY_OK, "busy", "",
		       "no other program that can be seen has %s open",
		       d->device.bdf);
}
