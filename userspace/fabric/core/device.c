// SPDX-License-Identifier: MIT
/*
 * Common parts of all functions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/device.h"
#include "fabric/core/fabric.h"
#include "fabric/core/mem.h"
#include "fabric/core/pci.h"

int fab_device_init(struct fab_device *dev, const struct fab_device_ops *ops, const char *name)
{
	unsigned int i;

	if (!*name || strlen(name) >= sizeof(dev->name))
		return -EINVAL;
	memset(dev, 0, sizeof(*dev));
	dev->ops = ops;
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	for (i = 0; i < FAB_BARS; i++)
		dev->bar[i].fd = -1;
	for (i = 0; i < FAB_VECTORS; i++)
		dev->irq_fd[i] = -1;
	return fab_mem_new(&dev->mem);
}

void fab_device_clear(struct fab_device *dev)
{
	unsigned int i;

	for (i = 0; i < FAB_BARS; i++)
		fab_tally_clear(&dev->bar[i].tally);
	fab_tally_clear(&dev->to_memory);
	memset(dev->sent, 0, sizeof(dev->sent));
	memset(dev->log, 0, sizeof(dev->log));
	dev->errors_no_master = dev->errors_unsupported = dev->errors_tph = dev->tph_writes = 0;
	if (dev->ops->clear)
		dev->ops->clear(dev);
}

void fab_device_fini(struct fab_device *dev)
{
	unsigned int i;

	fab_tally_clear(&dev->to_memory);
	for (i = 0; i < FAB_VECTORS; i++)
		fab_device_set_irq(dev, i, -1);
	for (i = 0; i < FAB_BARS; i++) {
		fab_tally_clear(&dev->bar[i].tally);
		if (dev->bar[i].host)
			munmap(dev->bar[i].host, dev->bar[i].map_size);
		if (dev->bar[i].fd >= 0)
			close(dev->bar[i].fd);
		dev->bar[i] = (struct fab_bar){ .fd = -1 };
	}
	fab_mem_free(dev->mem);
	dev->mem = NULL;
}

static bool bar_valid(const struct fab_device *dev, unsigned int bar, uint64_t size, bool is64,
		      uint64_t map_offset, uint64_t map_size)
{
	if (bar >= FAB_BARS || dev->bar[bar].size || (bar && dev->bar[bar - 1].is64))
		return false;
	if (is64 && (bar + 1 >= FAB_BARS || dev->bar[bar + 1].size))
		return false;
	if (size < FAB_BAR_MIN || (size & (size - 1)) || (!is64 && size > 1u << 31))
		return false;
	return !((map_offset | map_size) & (FAB_BAR_MIN - 1)) && map_offset <= size &&
	       map_size <= size - map_offset;
}

static int bar_memory(struct fab_bar *bar, const char *name)
{
	int ret;

	bar->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (bar->fd < 0)
		return -errno;
	if (ftruncate(bar->fd, (off_t)(bar->map_offset + bar->map_size)))
		goto err;
	/* The client gets the file and must not be able to shrink it under the mapping. */
	if (fcntl(bar->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto err;
	bar->host = mmap(NULL, bar->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, bar->fd,
			 (off_t)bar->map_offset);
	if (bar->host != MAP_FAILED)
		return 0;
	bar->host = NULL;
err:
	ret = -errno;
	close(bar->fd);
	bar->fd = -1;
	return ret;
}

int fab_device_add_bar(struct fab_device *dev, unsigned int bar, uint64_t size, bool is64,
		       bool prefetch, uint64_t map_offset, uint64_t map_size)
{
	struct fab_bar new = { .size = size,
			       .is64 = is64,
			       .prefetch = prefetch,
			       .fd = -1,
			       .map_offset = map_offset,
			       .map_size = map_size,
			       .dev = dev,
			       .number = bar };
	int ret;

	if (!bar_valid(dev, bar, size, is64, map_offset, map_size))
		return -EINVAL;
	if (map_size) {
		ret = bar_memory(&new, dev->name);
		if (ret)
			return ret;
	}
	dev->bar[bar] = new;
	return 0;
}

/* After each change of config space: caches what every DMA looks up. */
static void decode(struct fab_device *dev)
{
	unsigned int i;

	dev->master = fab_device_bus_master(dev);
	dev->max_payload = fab_cfg_mps(dev);
	dev->max_read_request = fab_cfg_mrrs(dev);
	for (i = 0; i < FAB_BARS; i++)
		dev->bar[i].base = fab_device_bar_addr(dev, i);
	if (dev->fabric)
		fab_fabric_claim(dev->fabric);
}

void fab_device_reset(struct fab_device *dev)
{
	fab_cfg_reset(dev);
	decode(dev);
	dev->ops->reset(dev);
}

void fab_device_detach(struct fab_device *dev)
{
	unsigned int i;

	fab_cfg_power_on(dev);
	decode(dev);
	dev->absent_until_us = 0;
	dev->ops->reset(dev);
	for (i = 0; i < FAB_VECTORS; i++)
		fab_device_set_irq(dev, i, -1);
	fab_mem_clear(dev->mem);
	/*
	 * Memory loses its contents at power off. A failure of madvise() leaves the old contents,
	 * which is harmless.
	 */
	for (i = 0; i < FAB_BARS; i++)
		if (dev->bar[i].host)
			madvise(dev->bar[i].host, dev->bar[i].map_size, MADV_REMOVE);
}

static bool in_d0(const struct fab_device *dev)
{
	return !dev->pm_cap ||
	       !(fab_cfg_get16(dev, dev->pm_cap + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK);
}

bool fab_device_memory_enabled(const struct fab_device *dev)
{
	return (fab_cfg_get16(dev, PCI_COMMAND) & PCI_COMMAND_MEMORY) && in_d0(dev);
}

bool fab_device_bus_master(const struct fab_device *dev)
{
	return (fab_cfg_get16(dev, PCI_COMMAND) & PCI_COMMAND_MASTER) && in_d0(dev);
}

uint64_t fab_device_bar_addr(const struct fab_device *dev, unsigned int bar)
{
	uint32_t off = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint64_t addr;

	if (bar >= FAB_BARS || !dev->bar[bar].size || !fab_device_memory_enabled(dev))
		return 0;
	addr = fab_cfg_get32(dev, off) & PCI_BASE_ADDRESS_MEM_MASK;
	if (dev->bar[bar].is64)
		addr |= (uint64_t)fab_cfg_get32(dev, off + 4) << 32;
	return addr;
}

void fab_device_set_irq(struct fab_device *dev, unsigned int vector, int fd)
{
	if (vector >= FAB_VECTORS) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (dev->irq_fd[vector] >= 0)
		close(dev->irq_fd[vector]);
	dev->irq_fd[vector] = fd;
}

void fab_device_irq(struct fab_device *dev, unsigned int vector)
{
	const uint64_t one = 1;

	if (vector >= FAB_VECTORS || dev->irq_fd[vector] < 0)
		return;
	/*
	 * Fails only if the counter is full (the interrupt is pending then anyway) or the file is
	 * not an eventfd.
	 */
	if (write(dev->irq_fd[vector], &one, sizeof(one)) < 0)
		return;
}

static bool absent(const struct fab_device *dev)
{
	return dev->absent_until_us && fab_loop_now_us(dev->fabric->loop) < dev->absent_until_us;
}

static void function_level_reset(struct fab_device *dev)
{
	fab_device_reset(dev);
	if (dev->flr_us)
		dev->absent_until_us = fab_loop_now_us(dev->fabric->loop) + dev->flr_us;
}

void fab_device_cfg_read(struct fab_device *dev, uint32_t off, void *buf, uint32_t len)
{
	if (absent(dev)) {
		memset(buf, 0xff, len);
		return;
	}
	memcpy(buf, dev->cfg + off, len);
}

/* A function without No_Soft_Reset loses its state on the way from D3hot to D0 (PCIe 6.0, 7.5.2.2). */
static bool soft_reset(const struct fab_device *dev, bool was_d0)
{
	return !was_d0 && in_d0(dev) &&
	       !(fab_cfg_get16(dev, dev->pm_cap + PCI_PM_CTRL) & PCI_PM_CTRL_NO_SOFT_RESET);
}

/* The TPH requester capability up to the end of the area that its ST table can take */
static bool hits_tph(const struct fab_device *dev, uint32_t off, uint32_t len)
{
	return dev->tph_cap && off + len > dev->tph_cap &&
	       off < dev->tph_cap + FAB_TPH_ST_TABLE + 2u * FAB_TPH_ST_MAX;
}

static bool flr_initiated(const struct fab_device *dev, uint32_t off, const uint8_t *data,
			  uint32_t len)
{
	/* byte that holds Initiate Function Level Reset */
	uint32_t flr = dev->pcie_cap + PCI_EXP_DEVCTL + 1u;

	return dev->pcie_cap && !dev->no_flr && flr >= off && flr - off < len &&
	       (data[flr - off] & PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

void fab_device_cfg_write(struct fab_device *dev, uint32_t off, const void *buf, uint32_t len)
{
	const uint8_t *data = buf;
	bool was_d0 = in_d0(dev);
	uint32_t i;

	if (absent(dev))
		return;
	if (hits_tph(dev, off, len))
		dev->tph_writes++;
	for (i = 0; i < len; i++)
		dev->cfg[off + i] = (uint8_t)((dev->cfg[off + i] & ~dev->wmask[off + i]) |
					      (data[i] & dev->wmask[off + i]));
	decode(dev);
	if (flr_initiated(dev, off, data, len)) {
		function_level_reset(dev);
		return;
	}
	if (soft_reset(dev, was_d0)) {
		fab_device_reset(dev);
		return;
	}
	if (dev->ops->cfg_written)
		dev->ops->cfg_written(dev, off, len);
}
