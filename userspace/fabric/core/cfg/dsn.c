// SPDX-License-Identifier: MIT
/* Device Serial Number capability (PCIe 6.0, 7.9.3). */
#include "fabric/core/cfg/caps.h"

/* FNV-1a */
uint64_t fab_cfg_serial(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
	return hash;
}

void fab_cfg_build_dsn(struct fab_device *dev, uint64_t serial, uint32_t next)
{
	fab_cfg_put32(dev->cfg, DSN_CAP, PCI_EXT_CAP_ID_DSN | 1u << 16 | next << 20);
	fab_cfg_put32(dev->cfg, DSN_CAP + 4, (uint32_t)serial);
	fab_cfg_put32(dev->cfg, DSN_CAP + 8, (uint32_t)(serial >> 32));
}
