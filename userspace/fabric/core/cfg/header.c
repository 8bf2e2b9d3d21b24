// SPDX-License-Identifier: MIT
/* Type 0 header and base address registers (PCIe 6.0, 7.5.1). */
#include "fabric/core/cfg/caps.h"

void fab_cfg_build_header(struct fab_device *dev, const struct fab_cfg_id *id)
{
	uint8_t *cfg = dev->cfg, *wmask = dev->wmask;

	fab_cfg_put16(cfg, PCI_VENDOR_ID, id->vendor);
	fab_cfg_put16(cfg, PCI_DEVICE_ID, id->device);
	fab_cfg_put16(wmask, PCI_COMMAND,
		      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
			      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	fab_cfg_put16(cfg, PCI_STATUS, PCI_STATUS_CAP_LIST);
	fab_cfg_put32(cfg, PCI_CLASS_REVISION, id->class_code << 8 | id->revision);
	fab_cfg_put8(wmask, PCI_CACHE_LINE_SIZE, 0xff);
	fab_cfg_put16(cfg, PCI_SUBSYSTEM_VENDOR_ID, id->subvendor);
	fab_cfg_put16(cfg, PCI_SUBSYSTEM_ID, id->subdevice);
	fab_cfg_put8(cfg, PCI_CAPABILITY_LIST, PM_CAP);
	fab_cfg_put8(wmask, PCI_INTERRUPT_LINE, 0xff);
}

void fab_cfg_build_bars(struct fab_device *dev)
{
	const struct fab_bar *bar;
	uint32_t off, flags;
	unsigned int i;

	for (i = 0; i < FAB_BARS; i++) {
		bar = &dev->bar[i];
		off = PCI_BASE_ADDRESS_0 + 4 * i;
		if (!bar->size)
			continue;
		flags = (bar->is64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
			(bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
		fab_cfg_put32(dev->cfg, off, flags);
		fab_cfg_put32(dev->wmask, off,
			      (uint32_t)(~(bar->size - 1) & PCI_BASE_ADDRESS_MEM_MASK));
		if (bar->is64)
			fab_cfg_put32(dev->wmask, off + 4, (uint32_t)(~(bar->size - 1) >> 32));
	}
}
