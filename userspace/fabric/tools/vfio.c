// SPDX-License-Identifier: MIT
/*
 * Opening a function through vfio by its device node and iommufd, or by its IOMMU group.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fabric/tools/vfio.h"

static int open_node(const char *path, char *error, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), ret = -errno;

	if (fd >= 0)
		return fd;
	snprintf(error, size, "%s: %s%s", path, strerror(-ret),
		 ret == -ENOENT ? "; bind the function to vfio-pci" : "");
	return ret;
}

static int fail(int ret, const char *what, char *error, size_t size)
{
	snprintf(error, size, "%s: %s", what, strerror(-ret));
	return ret;
}

/* Name of the function's node below /dev/vfio/devices; -ENOENT without one. */
static int node_name(const char *bdf, char name[NAME_MAX + 1])
{
	char path[PATH_MAX];
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -ENOENT;
	while (ret && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		strcpy(name, entry->d_name);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

static int open_by_node(const char *bdf, struct tool_vfio *vfio, char *error, size_t size)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	char name[NAME_MAX + 1], path[PATH_MAX];
	int ret = node_name(bdf, name);

	if (ret)
		return ret;
	vfio->parent = open_node("/dev/iommu", error, size);
	if (vfio->parent < 0)
		return vfio->parent;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	vfio->device = open_node(path, error, size);
	if (vfio->device < 0)
		return vfio->device;
	bind.iommufd = vfio->parent;
	if (ioctl(vfio->device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return fail(-errno, "VFIO_DEVICE_BIND_IOMMUFD", error, size);
	return 0;
}

static int open_by_group(const char *bdf, struct tool_vfio *vfio, char *error, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX], path[PATH_MAX + 16];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return fail(-errno, link, error, size);
	target[n] = '\0';
	vfio->parent = open_node("/dev/vfio/vfio", error, size);
	if (vfio->parent < 0)
		return vfio->parent;
	snprintf(path, sizeof(path), "/dev/vfio/%s", basename(target));
	vfio->group = open_node(path, error, size);
	if (vfio->group < 0)
		return vfio->group;
	if (ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->parent))
		return fail(-errno, "VFIO_GROUP_SET_CONTAINER", error, size);
	if (ioctl(vfio->parent, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return fail(-errno, "VFIO_SET_IOMMU", error, size);
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (vfio->device < 0)
		return fail(-errno, "VFIO_GROUP_GET_DEVICE_FD", error, size);
	return 0;
}

int tool_vfio_open(const char *bdf, struct tool_vfio *vfio, char *error, size_t size)
{
	char path[PATH_MAX];
	int ret;

	*vfio = (struct tool_vfio){ -1, -1, -1 };
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	if (access(path, F_OK))
		return fail(-errno, path, error, size);
	ret = open_by_node(bdf, vfio, error, size);
	if (ret == -ENOENT) { /* no iommufd on this machine */
		tool_vfio_close(vfio);
		ret = open_by_group(bdf, vfio, error, size);
	}
	if (ret)
		tool_vfio_close(vfio);
	return ret;
}

void tool_vfio_close(struct tool_vfio *vfio)
{
	if (vfio->device >= 0)
		close(vfio->device);
	if (vfio->group >= 0)
		close(vfio->group);
	if (vfio->parent >= 0)
		close(vfio->parent);
	*vfio = (struct tool_vfio){ -1, -1, -1 };
}

int64_t tool_vfio_region(const struct tool_vfio *vfio, uint32_t index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	return info.size ? (int64_t)info.offset : -ENXIO;
}

int tool_vfio_decode(const struct tool_vfio *vfio)
{
	int64_t config = tool_vfio_region(vfio, VFIO_PCI_CONFIG_REGION_INDEX);
	uint16_t command;

	if (config < 0)
		return (int)config;
	if (pread(vfio->device, &command, sizeof(command), config + PCI_COMMAND) != sizeof(command))
		return -EIO;
	command |= PCI_COMMAND_MEMORY;
	if (pwrite(vfio->device, &command, sizeof(command), config + PCI_COMMAND) != sizeof(command))
		return -EIO;
	return 0;
}
