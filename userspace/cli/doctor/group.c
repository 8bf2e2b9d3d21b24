// SPDX-License-Identifier: MIT
/* Other users of the device: its IOMMU group, and processes that have it open. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/device.h"
#include "cli/doctor/files.h"
#include "cli/doctor/group.h"
#include "cli/doctor/node.h"
#include "cli/format.h"
#include "util/driver.h"

#define CLASS_BRIDGE 0x06 /* PCI class code of bridges */

struct group {
	struct doctor *d;
	unsigned int others, foreign;
};

/* vfio-pci binds neither bridges nor devices of another bus. */
static bool vfio_takes(const struct doctor *d, const char *member)
{
	char class_code[16], bdf[TPHBUF_BDF_MAX];

	return !tphbuf_bdf_parse(member, bdf) &&
	       tree_read(d, TREE_SYS, class_code, sizeof(class_code), "bus/pci/devices/%s/class",
			 bdf) &&
	       strtoul(class_code, NULL, 16) >> 16 != CLASS_BRIDGE;
}

/* A function that is bound to a kernel driver makes the group not viable. */
static bool look_at_member(void *arg, const char *member)
{
	struct group *g = arg;
	char driver[TPHBUF_NAME_MAX], remedy[FINDING_TEXT_MAX];
	int number = g->d->device.iommu_group;

	if (!strcmp(member, g->d->device.bdf))
		return true;
	g->others++;
	if (!tree_link(g->d, TREE_SYS, driver, sizeof(driver),
		       "kernel/iommu_groups/%d/devices/%s/driver", number, member) ||
	    !driver_blocks_group(driver))
		return true;
	g->foreign++;
	if (vfio_takes(g->d, member))
		rebind_remedy(remedy, sizeof(remedy), member, driver, "vfio-pci");
	else
		snprintf(remedy, sizeof(remedy),
			 "echo %s > /sys/kernel/iommu_groups/%d/devices/%s/driver/unbind", member,
			 number, member);
	report(g->d, SEVERITY_ERROR, "group", remedy,
	       "%s is in the same IOMMU group and bound to %s", member, driver);
	return true;
}

void check_group(struct doctor *d)
{
	struct group g = { .d = d };
	char dir[64];

	if (d->device.iommu_group < 0 && !device_noiommu(d)) {
		report(d, SEVERITY_ERROR, "group", REMEDY_IOMMU, "%s is in no IOMMU group",
		       d->device.bdf);
		return;
	}
	if (device_noiommu(d)) {
		report(d, d->opts->noiommu ? SEVERITY_WARNING : SEVERITY_ERROR, "group",
		       d->opts->noiommu ? REMEDY_IOMMU :
					  REMEDY_IOMMU
			       "; or use --noiommu if all DMA of the device can be trusted",
		       "no IOMMU isolates %s: its DMA reaches all memory", d->device.bdf);
		return;
	}
	snprintf(dir, sizeof(dir), "kernel/iommu_groups/%d/devices", d->device.iommu_group);
	tree_each(d, TREE_SYS, dir, look_at_member, &g);
	if (!g.foreign)
		report(d, SEVERITY_OK, "group", "",
		       "IOMMU group %d: %u other functions, none of them blocks it",
		       d->device.iommu_group, g.others);
}

struct users {
	struct doctor *d;
	struct device_nodes nodes;
	char dir[64]; /* "4711/fd" */
	char pid[16];
	bool found; /* this process is a user */
	unsigned int n;
};

/* True if @target is /dev/@node, which may have been removed meanwhile. */
static bool is_node(const char *target, const char *node)
{
	size_t len = strlen(node);

	if (!len || strncmp(target, "/dev/", strlen("/dev/")))
		return false;
	target += strlen("/dev/");
	return !strncmp(target, node, len) && (!target[len] || !strcmp(target + len, " (deleted)"));
}

static void report_user(struct users *u, const char *verb, const char *target)
{
	char comm[64], remedy[128];

	if (!tree_read(u->d, TREE_PROC, comm, sizeof(comm), "%s/comm", u->pid))
		snprintf(comm, sizeof(comm), "?");
	snprintf(remedy, sizeof(remedy), "stop process %s (%s)", u->pid, comm);
	report(u->d, SEVERITY_ERROR, "busy", remedy, "process %s (%s) has %s %s", u->pid, comm,
	       target, verb);
	u->n++;
	u->found = true;
}

static bool is_own_node(const struct users *u, const char *target)
{
	return is_node(target, u->nodes.cdev) || is_node(target, u->nodes.group);
}

/* vfio_main.c, vfio_device_show_fdinfo(): a device opened through its group has no node. */
static bool is_device_of_group(const struct users *u, const char *target, const char *fd)
{
	char text[512], end[TPHBUF_BDF_MAX + 2];

	if (strcmp(target, "anon_inode:[vfio-device]") ||
	    !tree_read(u->d, TREE_PROC, text, sizeof(text), "%s/fdinfo/%s", u->pid, fd) ||
	    !strstr(text, "vfio-device-syspath:"))
		return false;
	snprintf(end, sizeof(end), "/%s", u->d->device.bdf);
	return strlen(text) > strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

static bool look_at_fd(void *arg, const char *fd)
{
	struct users *u = arg;
	char target[128];

	if (!tree_target(u->d, TREE_PROC, target, sizeof(target), "%s/%s", u->dir, fd))
		return true;
	if (is_own_node(u, target) || is_device_of_group(u, target, fd))
		report_user(u, "open", target);
	return !u->found;
}

/* A mapping keeps the device open after its descriptors are closed. */
static void look_at_maps(struct users *u)
{
	char path[PATH_MAX], *line = NULL, *name;
	size_t room = 0;
	FILE *file;

	if (!tree_path(u->d, TREE_PROC, path, sizeof(path), "%s/maps", u->pid))
		return;
	file = fopen(path, "re");
	while (file && !u->found && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		name = strchr(line, '/');
		if (name && is_own_node(u, name))
			report_user(u, "mapped", name);
	}
	if (file)
		fclose(file);
	free(line);
}

static bool look_at_process(void *arg, const char *pid)
{
	struct users *u = arg;

	if (pid[0] < '0' || pid[0] > '9' || strlen(pid) >= sizeof(u->pid))
		return true;
	snprintf(u->pid, sizeof(u->pid), "%s", pid);
	snprintf(u->dir, sizeof(u->dir), "%s/fd", pid);
	u->found = false;
	tree_each(u->d, TREE_PROC, u->dir, look_at_fd, u);
	if (!u->found)
		look_at_maps(u);
	return true;
}

void check_users(struct doctor *d)
{
	struct users u = { .d = d };

	if (!vfio_bound(&d->device))
		return;
	device_nodes(d, &u.nodes);
	if (tree_each(d, TREE_PROC, "", look_at_process, &u))
		d->users_seen = u.n ? USERS_FOUND : USERS_NONE;
}

void check_unused(struct doctor *d)
{
	if (d->users_seen != USERS_NONE)
		return;
	if (d->open_err == -EBUSY || d->open_err == -EINVAL)
		report(d, SEVERITY_WARNING, "busy",
		       "find the process as root in the initial PID namespace: fuser -v on the device node",
		       "no process that is visible here has %s open, but the kernel reports it in use",
		       d->device.bdf);
	else
		report(d, SEVERITY_OK, "busy", "", "no process that is visible here has %s open",
		       d->device.bdf);
}
