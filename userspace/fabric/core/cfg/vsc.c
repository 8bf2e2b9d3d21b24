// SPDX-License-Identifier: MIT
/*
 * Vendor specific capability of mlx5 functions (registers: mlx5/core/lib/pci_vsc.c): the semaphore that the driver
 * takes before it restarts firmware. No address space stands behind it: the status in the control
 * register says that the one selected is not supported.
 */
#include "fabric/core/cfg/caps.h"

#define VSC_LENGTH    0x18
#define VSC_CONTROL   0x04 /* 16 bits: address space */
#define VSC_COUNTER   0x08 /* the value that a driver writes into the semaphore */
#define VSC_SEMAPHORE 0x0c
#define COUNTER	      1

void fab_cfg_build_vsc(struct fab_device *dev, uint8_t next)
{
	fab_cfg_put8(dev->cfg, VSC_CAP, PCI_CAP_ID_VNDR);
	fab_cfg_put8(dev->cfg, VSC_CAP + 1, next);
	fab_cfg_put8(dev->cfg, VSC_CAP + 2, VSC_LENGTH);
	fab_cfg_put16(dev->wmask, VSC_CAP + VSC_CONTROL, 0xffff);
	fab_cfg_put32(dev->cfg, VSC_CAP + VSC_COUNTER, COUNTER);
	fab_cfg_put32(dev->wmask, VSC_CAP + VSC_SEMAPHORE, 0xffffffff);
}
