// SPDX-License-Identifier: MIT
/* Device nodes, and by which of its two ways a vfio device can be opened. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor/files.h"
#include "cli/doctor/node.h"

#define MAKE_IOMMUFD "modprobe iommufd"
#define MAKE_VFIO    "modprobe vfio"
#define MAKE_CDEV    "mount devtmpfs on /dev"
#define MAKE_GROUP   "boot a kernel with CONFIG_VFIO_GROUP"

/* A folder of plain files stands for /dev only with --root. */
static const char *wrong_kind(const struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) || S_ISCHR(st.st_mode))
		return NULL;
	if (S_ISREG(st.st_mode))
		return d->cli->dev_root ? NULL : "a regular file";
	return S_ISDIR(st.st_mode) ? "a directory" : "no device";
}

void node_look(const struct doctor *d, struct node *node, const char *name, const char *make)
{
	node->make = make;
	node->kind = NULL;
	node->err = ENAMETOOLONG;
	if (!tree_path(d, TREE_DEV, node->path, sizeof(node->path), "%s", name))
		return;
	node->err = access(node->path, R_OK | W_OK) ? errno : 0;
	node->kind = wrong_kind(d, node->path);
	if (node->kind)
		node->err = ENODEV;
}

static void node_remedy(const struct node *node, char *remedy, size_t size)
{
	switch (node->err) {
	case ENOENT:
		snprintf(remedy, size, "%s; in a container, pass the node into it", node->make);
		return;
	case EACCES:
		snprintf(remedy, size,
			 "as root, for a GROUP of yours: chgrp GROUP %s; chmod 0660 %s; for good: a udev rule, such as those in 60-tphbuf.rules",
			 node->path, node->path);
		return;
	case EPERM:
		snprintf(remedy, size,
			 "allow the node in the container's device list (--device) or the service's (DeviceAllow=)");
		return;
	default:
		snprintf(remedy, size, "see ls -l %s", node->path);
	}
}

void report_node(struct doctor *d, enum severity severity, const char *id, const struct node *node)
{
	char remedy[FINDING_TEXT_MAX];

	if (node->kind) {
		snprintf(remedy, sizeof(remedy),
			 "remove it and %s; in a container, pass the node into it (--device), not a folder or file of its name",
			 node->make);
		report(d, severity, id, remedy, "%s is %s, not a character device", node->path,
		       node->kind);
		return;
	}
	node_remedy(node, remedy, sizeof(remedy));
	switch (node->err) {
	case 0:
		report(d, SEVERITY_OK, id, "", "%s can be opened", node->path);
		break;
	case ENOENT:
		report(d, severity, id, remedy, "%s does not exist here", node->path);
		break;
	case EACCES:
		report(d, severity, id, remedy, "this user may not read and write %s", node->path);
		break;
	case EPERM:
		report(d, severity, id, remedy, "%s is forbidden, probably by a device cgroup",
		       node->path);
		break;
	default:
		report(d, severity, id, remedy, "%s: %s", node->path, strerror(node->err));
	}
}

/* One way to open a device: two nodes. */
struct way {
	bool exists;	  /* the kernel offers it for this device */
	struct node node; /* the first that is closed, or the first */
};

static bool is_open(const struct way *way)
{
	return way->exists && !way->node.err;
}

static bool is_missing(const struct way *way)
{
	return !way->exists || way->node.err == ENOENT;
}

/* @name of the device's own node, NULL to look at the common one only. */
static void look_at_way(const struct doctor *d, struct way *way, const char *name, const char *make,
			const char *common, const char *make_common)
{
	struct node node;

	way->exists = true;
	node_look(d, &node, common, make_common);
	way->node = node;
	if (!name)
		return;
	node_look(d, &way->node, name, make);
	if (!way->node.err && node.err)
		way->node = node;
}

/* The way the library goes, or, if both are closed, reports about. */
static const struct way *pick(const struct doctor *d, const struct way *cdev,
			      const struct way *group)
{
	switch (d->opts->backend) {
	case TPHBUF_BACKEND_IOMMUFD:
		return cdev;
	case TPHBUF_BACKEND_GROUP:
		return group;
	default:
		if (is_open(cdev) || !group->exists)
			return cdev;
		if (is_open(group) || !cdev->exists)
			return group;
		return is_missing(cdev) && !is_missing(group) ? group : cdev;
	}
}

static void report_ways(struct doctor *d, const char *id, const struct way *cdev,
			const struct way *group)
{
	const struct way *way = pick(d, cdev, group);

	/* It works, but not as it was perhaps meant to. */
	if (way == group && is_open(group) && !is_missing(cdev) &&
	    d->opts->backend == TPHBUF_BACKEND_AUTO)
		report_node(d, SEVERITY_NOTE, id, &cdev->node);
	report_node(d, SEVERITY_ERROR, id, &way->node);
}

void check_host_nodes(struct doctor *d)
{
	struct way cdev, group;

	look_at_way(d, &cdev, NULL, NULL, "iommu", MAKE_IOMMUFD);
	look_at_way(d, &group, NULL, NULL, "vfio/vfio", MAKE_VFIO);
	report_ways(d, "iommufd", &cdev, &group);
}

bool group_noiommu(const struct doctor *d, const char *number)
{
	char name[32];

	return tree_read(d, TREE_SYS, name, sizeof(name), "kernel/iommu_groups/%s/name", number) &&
	       !strcmp(name, "vfio-noiommu");
}

bool device_noiommu(const struct doctor *d)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", d->device.iommu_group);
	return !strncmp(d->device.vfio, "noiommu", strlen("noiommu")) || group_noiommu(d, number);
}

void device_nodes(const struct doctor *d, struct device_nodes *nodes)
{
	const struct tphbuf_pci_info *info = &d->device;

	nodes->cdev[0] = '\0';
	nodes->group[0] = '\0';
	if (info->vfio[0])
		snprintf(nodes->cdev, sizeof(nodes->cdev), "vfio/devices/%s", info->vfio);
	if (info->iommu_group >= 0)
		snprintf(nodes->group, sizeof(nodes->group), "vfio/%s%d",
			 device_noiommu(d) ? "noiommu-" : "", info->iommu_group);
}

void check_nodes(struct doctor *d)
{
	struct way cdev = { .exists = false }, group = { .exists = false };
	struct device_nodes nodes;

	device_nodes(d, &nodes);
	if (nodes.cdev[0])
		look_at_way(d, &cdev, nodes.cdev, MAKE_CDEV, "iommu", MAKE_IOMMUFD);
	if (nodes.group[0])
		look_at_way(d, &group, nodes.group, MAKE_GROUP, "vfio/vfio", MAKE_VFIO);
	if (pick(d, &cdev, &group)->exists)
		report_ways(d, "node", &cdev, &group);
	else if (d->opts->backend == TPHBUF_BACKEND_GROUP || !nodes.group[0])
		report(d, SEVERITY_ERROR, "node", REMEDY_IOMMU,
		       "%s is in no IOMMU group, so vfio offers no node of it", d->device.bdf);
	else
		report(d, SEVERITY_UNSUPPORTED, "node",
		       "boot a kernel with CONFIG_VFIO_DEVICE_CDEV, or use --backend group",
		       "%s has no vfio character device", d->device.bdf);
}
