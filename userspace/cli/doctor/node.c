// SPDX-License-Identifier: MIT
/* Device nodes, and the back ends that open a vfio device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor/files.h"
#include "cli/doctor/node.h"
#include "util/backend_order.h"
#include "util/driver.h"

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
		snprintf(remedy, size, "%s; in a container, pass the node in (--device)",
			 node->make);
		return;
	case EACCES:
		snprintf(remedy, size,
			 "as root, for a GROUP of this user: chgrp GROUP %s; chmod 0660 %s; permanently: a udev rule, such as those in 60-tphbuf.rules",
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
			 "remove it and %s; in a container, pass the node into it (--device), not a directory or file of its name",
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
		report(d, severity, id, remedy, "%s does not exist", node->path);
		break;
	case EACCES:
		report(d, severity, id, remedy, "no permission to read and write %s", node->path);
		break;
	case EPERM:
		report(d, severity, id, remedy, "%s is forbidden, probably by a device cgroup",
		       node->path);
		break;
	default:
		report(d, severity, id, remedy, "%s: %s", node->path, strerror(node->err));
	}
}

/* A back end: two nodes, the device's own and the common one. */
struct back_end {
	bool offered;	  /* by the kernel, for this device */
	struct node node; /* the first that cannot be opened, or the first */
};

static enum backend_result result_of(const struct back_end *b)
{
	if (!b->offered)
		return BACKEND_MISSING;
	switch (b->node.err) {
	case 0:
		return BACKEND_OPEN;
	case ENOENT:
		return BACKEND_MISSING;
	case EACCES:
	case EPERM:
		return BACKEND_FORBIDDEN;
	default:
		return BACKEND_FAILED;
	}
}

/* @name of the device's own node, NULL to examine the common one only. */
static void look_at_back_end(const struct doctor *d, struct back_end *b, const char *name,
			     const char *make, const char *common, const char *make_common)
{
	struct node node;

	b->offered = true;
	node_look(d, &node, common, make_common);
	b->node = node;
	if (!name)
		return;
	node_look(d, &b->node, name, make);
	if (!b->node.err && node.err)
		b->node = node;
}

/* The back end that the library opens, or whose error it reports. */
static const struct back_end *pick(const struct doctor *d, const struct back_end *cdev,
				   const struct back_end *group)
{
	enum backend_result first = result_of(cdev), second = result_of(group);

	if (d->opts->backend == TPHBUF_BACKEND_IOMMUFD)
		return cdev;
	if (d->opts->backend == TPHBUF_BACKEND_GROUP)
		return group;
	if (!backend_try_group(first))
		return cdev;
	if (second == BACKEND_OPEN || (group->offered && !cdev->offered))
		return group;
	return backend_report_group(first, second) ? group : cdev;
}

static void report_back_ends(struct doctor *d, const char *id, const struct back_end *cdev,
			     const struct back_end *group)
{
	const struct back_end *b = pick(d, cdev, group);

	/* The device opens, but not through the preferred back end. */
	if (b == group && result_of(group) == BACKEND_OPEN && result_of(cdev) != BACKEND_MISSING &&
	    d->opts->backend == TPHBUF_BACKEND_AUTO)
		report_node(d, SEVERITY_NOTE, id, &cdev->node);
	report_node(d, SEVERITY_ERROR, id, &b->node);
}

void check_host_nodes(struct doctor *d)
{
	struct back_end cdev, group;

	look_at_back_end(d, &cdev, NULL, NULL, "iommu", MAKE_IOMMUFD);
	look_at_back_end(d, &group, NULL, NULL, "vfio/vfio", MAKE_VFIO);
	report_back_ends(d, "iommufd", &cdev, &group);
}

bool group_noiommu(const struct doctor *d, const char *number)
{
	char name[32];

	return tree_read(d, TREE_SYS, name, sizeof(name), "kernel/iommu_groups/%s/name", number) &&
	       !strcmp(name, NOIOMMU_GROUP_NAME);
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
	struct back_end cdev = { .offered = false }, group = { .offered = false };
	struct device_nodes nodes;

	device_nodes(d, &nodes);
	if (nodes.cdev[0])
		look_at_back_end(d, &cdev, nodes.cdev, MAKE_CDEV, "iommu", MAKE_IOMMUFD);
	if (nodes.group[0])
		look_at_back_end(d, &group, nodes.group, MAKE_GROUP, "vfio/vfio", MAKE_VFIO);
	if (pick(d, &cdev, &group)->offered)
		report_back_ends(d, "node", &cdev, &group);
	else if (d->opts->backend == TPHBUF_BACKEND_GROUP || !nodes.group[0])
		report(d, SEVERITY_ERROR, "node", REMEDY_IOMMU,
		       "%s is in no IOMMU group, so vfio offers no node for it", d->device.bdf);
	else
		report(d, SEVERITY_UNSUPPORTED, "node",
		       "boot a kernel with CONFIG_VFIO_DEVICE_CDEV, or use --backend group",
		       "%s has no vfio character device", d->device.bdf);
}
