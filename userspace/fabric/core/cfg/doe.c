// SPDX-License-Identifier: MIT
/*
 * Data Object Exchange capability (PCIe 6.0, 7.9.24), without DOE protocols: the write mailbox
 * keeps the value written, so that a test can detect writes that reach the register.
 */
#include "fabric/core/cfg/caps.h"

void fab_cfg_build_doe(struct fab_device *dev, uint32_t next)
{
	fab_cfg_put32(dev->cfg, DOE_CAP, PCI_EXT_CAP_ID_DOE | 2u << 16 | next << 20);
	fab_cfg_put32(dev->cfg, DOE_CAP + PCI_DOE_STATUS, PCI_DOE_STATUS_ERROR);
	fab_cfg_put32(dev->wmask, DOE_CAP + PCI_DOE_WRITE, 0xffffffff);
}
