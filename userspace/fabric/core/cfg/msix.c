// SPDX-License-Identifier: MIT
/* MSI-X capability (PCIe 6.0, 7.7.2). The client emulates the table. */
#include "fabric/core/cfg/caps.h"

void fab_cfg_build_msix(struct fab_device *dev, const struct fab_cfg_opts *opts, uint8_t next)
{
	dev->msix_cap = MSIX_CAP;
	fab_cfg_put8(dev->cfg, MSIX_CAP, PCI_CAP_ID_MSIX);
	fab_cfg_put8(dev->cfg, MSIX_CAP + 1, next);
	fab_cfg_put16(dev->cfg, MSIX_CAP + PCI_MSIX_FLAGS, (uint16_t)(opts->vectors - 1));
	fab_cfg_put16(dev->wmask, MSIX_CAP + PCI_MSIX_FLAGS,
		      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	fab_cfg_put32(dev->cfg, MSIX_CAP + PCI_MSIX_TABLE, opts->msix_table | opts->msix_bar);
	fab_cfg_put32(dev->cfg, MSIX_CAP + PCI_MSIX_PBA, opts->msix_pba | opts->msix_bar);
}
