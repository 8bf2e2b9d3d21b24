// SPDX-License-Identifier: MIT
#include "tests/guest/vfio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fabric/endpoint/regs.h"

/* "/dev/vfio/devices/vfio0" of a function that is bound to vfio-pci */
static int node_of(const char *bdf, char *node, size_t size)
{
	struct dirent *entry;
	char dir[128];
	int ret = -ENXIO;
	DIR *list;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	list = opendir(dir);
	if (!list)
		return -errno;
	while ((entry = readdir(list))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(node, size, "/dev/vfio/devices/%s", entry->d_name);
		ret = 0;
	}
	closedir(list);
	return ret;
}

static int bind_and_attach(struct vfio_dev *dev)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = dev->iommufd };
	struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };

	/* EINVAL: an earlier open is still being closed. */
	if (ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return errno == EINVAL ? -EBUSY : -errno;
	if (ioctl(dev->iommufd, IOMMU_IOAS_ALLOC, &ioas))
		return -errno;
	dev->ioas = attach.pt_id = ioas.out_ioas_id;
	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ? -errno : 0;
}

static int region_offset(int fd, uint32_t index, uint64_t *offset)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	*offset = info.offset;
	return 0;
}

int vfio_open(struct vfio_dev *dev, const char *bdf)
{
	char node[512];
	int ret = node_of(bdf, node, sizeof(node));

	if (ret)
		return ret;
	dev->fd = open(node, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	dev->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	ret = dev->iommufd < 0 ? -errno : bind_and_attach(dev);
	if (!ret)
		ret = region_offset(dev->fd, VFIO_PCI_CONFIG_REGION_INDEX, &dev->config);
	if (!ret)
		ret = region_offset(dev->fd, EP_REGS_BAR, &dev->regs);
	if (ret)
		vfio_close(dev);
	return ret;
}

void vfio_close(struct vfio_dev *dev)
{
	close(dev->fd);
	if (dev->iommufd >= 0)
		close(dev->iommufd);
}

int vfio_memory(int fd, uint64_t config, bool on)
{
	uint16_t command;

	if (pread(fd, &command, sizeof(command), (off_t)config + PCI_COMMAND) != sizeof(command))
		return -errno;
	command = (uint16_t)(on ? command | PCI_COMMAND_MEMORY : command & ~PCI_COMMAND_MEMORY);
	if (pwrite(fd, &command, sizeof(command), (off_t)config + PCI_COMMAND) != sizeof(command))
		return -errno;
	return 0;
}

int vfio_reset(int fd)
{
	return ioctl(fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

int vfio_export(int fd, uint32_t bar, const struct vfio_region_dma_range *ranges, uint32_t n)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf buf;
		struct vfio_region_dma_range ranges[8];
	} request = {
		.head.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
		.buf = { .region_index = bar, .open_flags = O_RDWR | O_CLOEXEC, .nr_ranges = n },
	};
	int ret;

	if (n > sizeof(request.ranges) / sizeof(request.ranges[0]))
		return -E2BIG;
	request.head.argsz =
		(uint32_t)(sizeof(request.head) + sizeof(request.buf) + n * sizeof(ranges[0]));
	memcpy(request.ranges, ranges, n * sizeof(ranges[0]));
	ret = ioctl(fd, VFIO_DEVICE_FEATURE, &request);
	return ret < 0 ? -errno : ret;
}

int vfio_tph(int fd, uint32_t op, tph_t *tph)
{
	struct {
		struct vfio_device_feature head;
		tph_t tph;
	} request = {
		.head = { .argsz = sizeof(request), .flags = op | VFIO_DEVICE_FEATURE_DMA_BUF_TPH },
		.tph = *tph,
	};

	if (ioctl(fd, VFIO_DEVICE_FEATURE, &request))
		return -errno;
	*tph = request.tph;
	return 0;
}
