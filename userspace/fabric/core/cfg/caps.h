/* SPDX-License-Identifier: MIT */
/*
 * The capabilities of a function's config space, one file each. Layout, the same for every
 * function of the fabric:
 *
 *   0x00 type 0 header      0x40 PM      0x50 MSI-X      0x60 PCI Express v2
 *   0xa0 vendor specific
 *   0x100 DSN               0x110 TPH requester with its steering tag table
 *   0x200 DOE
 */
#ifndef FAB_CFG_CAPS_H
#define FAB_CFG_CAPS_H

#include <string.h>

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/pci.h"

#define PM_CAP	 0x40
#define MSIX_CAP 0x50
#define PCIE_CAP 0x60
#define VSC_CAP	 0xa0
#define DSN_CAP	 0x100
#define TPH_CAP	 0x110
#define DOE_CAP	 0x200

static inline void fab_cfg_put8(uint8_t *bytes, uint32_t off, uint8_t value)
{
	bytes[off] = value;
}

static inline void fab_cfg_put16(uint8_t *bytes, uint32_t off, uint16_t value)
{
	memcpy(bytes + off, &value, sizeof(value));
}

static inline void fab_cfg_put32(uint8_t *bytes, uint32_t off, uint32_t value)
{
	memcpy(bytes + off, &value, sizeof(value));
}

/* Fill cfg and wmask. next: offset of the following capability of the same list, 0 for the last. */
void fab_cfg_build_header(struct fab_device *dev, const struct fab_cfg_id *id);
void fab_cfg_build_bars(struct fab_device *dev);
void fab_cfg_build_pm(struct fab_device *dev, const struct fab_cfg_opts *opts, uint8_t next);
void fab_cfg_build_msix(struct fab_device *dev, const struct fab_cfg_opts *opts, uint8_t next);
void fab_cfg_build_pcie(struct fab_device *dev, const struct fab_cfg_opts *opts);
void fab_cfg_build_vsc(struct fab_device *dev, uint8_t next);
void fab_cfg_build_dsn(struct fab_device *dev, uint64_t serial, uint32_t next);
void fab_cfg_build_tph(struct fab_device *dev, const struct fab_cfg_opts *opts);
void fab_cfg_build_doe(struct fab_device *dev, uint32_t next);

#endif
