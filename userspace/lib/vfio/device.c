// SPDX-License-Identifier: MIT
/* Open vfio devices: end, description, BAR mapping, memory, reset. */
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "lib/pci/config.h"
#include "lib/pci/sysfs.h"
#include "lib/vfio/vfio.h"
#include "util/fd.h"

#define POWER_D3HOT 3 /* PCI_PM_CTRL_STATE_MASK */

_Static_assert(TPHBUF_REGION_ROM == VFIO_PCI_ROM_REGION_INDEX, "numbering");
_Static_assert(TPHBUF_REGION_CONFIG == VFIO_PCI_CONFIG_REGION_INDEX, "numbering");

void device_put(struct tphbuf_device *dev)
{
	if (--dev->refs)
		return;
	if (dev->backend)
		dev->backend->close(dev);
	ctx_put(dev->ctx);
	free(dev);
}

static int read_region(struct tphbuf_device *dev, uint32_t index, struct device_region *region)
{
	int ret = vfio_region_info(dev->fd, index, &region->size, &region->offset, &region->flags);

	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, ret, "%s: region %u", dev->bdf,
				      index);
	return 0;
}

int device_read_regions(struct tphbuf_device *dev)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < TPHBUF_NUM_BARS && !ret; i++)
		ret = read_region(dev, VFIO_PCI_BAR0_REGION_INDEX + i, &dev->bar[i]);
	return ret ? ret : read_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &dev->config);
}

void tphbuf_device_close(struct tphbuf_device *dev)
{
	if (dev)
		device_put(dev);
}

int tphbuf_device_fd(const struct tphbuf_device *dev)
{
	return dev ? dev->fd : -EINVAL;
}

const char *tphbuf_device_bdf(const struct tphbuf_device *dev)
{
	return dev ? dev->bdf : "";
}

const char *tphbuf_device_backend(const struct tphbuf_device *dev)
{
	return dev ? dev->backend->name : "";
}

int tphbuf_device_region(struct tphbuf_device *dev, unsigned int index, struct tphbuf_region *region)
{
	struct tphbuf_region r = { 0 };
	struct device_region found;
	int ret;

	if (!dev)
		return -EINVAL;
	if (!region || index > TPHBUF_REGION_CONFIG)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"%s has no region %u; use 0 to 5 for BARs, TPHBUF_REGION_ROM or TPHBUF_REGION_CONFIG",
				dev->bdf, index);
	ret = read_region(dev, index, &found);
	if (ret)
		return ret;
	r.length = found.size;
	r.offset = found.offset;
	if (found.flags & VFIO_REGION_INFO_FLAG_READ)
		r.flags |= TPHBUF_REGION_READ;
	if (found.flags & VFIO_REGION_INFO_FLAG_WRITE)
		r.flags |= TPHBUF_REGION_WRITE;
	if (found.flags & VFIO_REGION_INFO_FLAG_MMAP)
		r.flags |= TPHBUF_REGION_MMAP;
	return ctx_info_out(dev->ctx, region, &r, tphbuf_region);
}

int device_read_config(void *arg, unsigned int offset, void *buf, unsigned int size)
{
	const struct tphbuf_device *dev = arg;
	ssize_t n;

	if (offset + size > dev->config.size)
		return -ENODATA;
	n = fd_pread(dev->fd, buf, size, (off_t)(dev->config.offset + offset));
	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : -EIO;
}

static void add_region(const struct device_region *region, bool can_export, struct tphbuf_bar *bar)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	bar->size = region->size;
	if (!region->size)
		return;
	bar->flags |= TPHBUF_BAR_PRESENT;
	if (region->flags & VFIO_REGION_INFO_FLAG_MMAP)
		bar->flags |= TPHBUF_BAR_MAPPABLE;
	if (can_export && !(bar->flags & TPHBUF_BAR_IO) && region->size >= page)
		bar->flags |= TPHBUF_BAR_EXPORTABLE;
}

int tphbuf_device_info(struct tphbuf_device *dev, struct tphbuf_pci_info *info)
{
	struct pcicfg_reader reader = { .read = device_read_config };
	struct tphbuf_pci_info i;
	bool can_export;
	int bar, ret;

	if (!dev)
		return -EINVAL;
	if (!info)
		return ctx_fail_null(dev->ctx, "info");
	ret = sysfs_describe(dev->ctx, dev->bdf, &i);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret, "%s", dev->bdf);
	reader.arg = dev;
	ret = pcicfg_decode(&reader, &i);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, ret, "%s: config space",
				      dev->bdf);
	can_export = vfio_probe(dev->fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF) == 0;
	for (bar = 0; bar < TPHBUF_NUM_BARS; bar++)
		add_region(&dev->bar[bar], can_export, &i.bar[bar]);
	return ctx_info_out(dev->ctx, info, &i, tphbuf_pci_info);
}

int tphbuf_device_map(struct tphbuf_device *dev, unsigned int bar, uint64_t offset, uint64_t length,
		      void **addr)
{
	const struct tphbuf_range range = { offset, length };
	const struct device_region *region;
	void *map;
	int ret;

	if (!dev)
		return -EINVAL;
	if (!addr)
		return ctx_fail_null(dev->ctx, "addr");
	ret = ranges_check(dev, bar, &range, 1);
	if (ret)
		return ret;
	region = &dev->bar[bar];
	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_REGION, -EOPNOTSUPP,
				"%s BAR%u cannot be mapped (I/O ports, or smaller than a page); read and write it at its tphbuf_device_region()",
				dev->bdf, bar);
	map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   (off_t)(region->offset + offset));
	if (map == MAP_FAILED)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, -errno,
				      "%s BAR%u: map 0x%" PRIx64 "+0x%" PRIx64, dev->bdf, bar,
				      offset, length);
	*addr = map;
	return 0;
}

void tphbuf_device_unmap(struct tphbuf_device *dev, void *addr, uint64_t length)
{
	if (dev && addr)
		munmap(addr, length);
}

/* Config space is little endian, byte by byte. */
/*
 * In D3hot memory does not answer whatever the command register holds: vfio
 * revokes the dma-bufs (vfio_pci_core.c, __vfio_pci_memory_enabled()).
 */
static int check_power(struct tphbuf_device *dev)
{
	struct pcicfg_reader reader = { .read = device_read_config, .arg = dev };
	unsigned int pos;
	uint32_t value;

	if (pcicfg_find_cap(&reader, PCI_CAP_ID_PM, &pos) || !pos ||
	    pcicfg_read(&reader, pos + PCI_PM_CTRL, 2, &value) ||
	    (value & PCI_PM_CTRL_STATE_MASK) != POWER_D3HOT)
		return 0;
	return ctx_fail(dev->ctx, TPHBUF_STAGE_REGION, -EIO,
			"%s is in power state D3hot, where its memory does not answer; write D0 to the power management register (offset 0x%x of its config region), or leave low power with VFIO_DEVICE_FEATURE_LOW_POWER_EXIT",
			dev->bdf, pos + PCI_PM_CTRL);
}

int tphbuf_device_memory(struct tphbuf_device *dev, bool on)
{
	unsigned char bytes[2];
	unsigned int command, wanted;
	off_t offset;
	ssize_t n;

	if (!dev)
		return -EINVAL;
	offset = (off_t)(dev->config.offset + PCI_COMMAND);
	n = fd_pread(dev->fd, bytes, sizeof(bytes), offset);
	if (n != sizeof(bytes))
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, n < 0 ? (int)n : -EIO,
				      "%s: read the command register", dev->bdf);
	command = bytes[0] | (unsigned int)bytes[1] << 8;
	wanted = on ? command | PCI_COMMAND_MEMORY : command & ~(unsigned int)PCI_COMMAND_MEMORY;
	if (wanted == command)
		return on ? check_power(dev) : 0;
	bytes[0] = (unsigned char)wanted;
	bytes[1] = (unsigned char)(wanted >> 8);
	do {
		n = pwrite(dev->fd, bytes, sizeof(bytes), offset);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(bytes))
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, n < 0 ? -errno : -EIO,
				      "%s: write the command register", dev->bdf);
	return on ? check_power(dev) : 0;
}

int tphbuf_device_reset(struct tphbuf_device *dev)
{
	int ret;

	if (!dev)
		return -EINVAL;
	ret = vfio_reset(dev->fd);
	/* vfio-pci answers EINVAL for "no reset method". */
	if (ret == -EINVAL || ret == -ENOTTY)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_RESET, -EOPNOTSUPP, "%s", dev->bdf);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_RESET, ret, "%s", dev->bdf);
	return 0;
}
