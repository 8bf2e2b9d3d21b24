// SPDX-License-Identifier: MIT
/* PCI Power Management capability (PCIe 6.0, 7.5.2): D0 and D3hot. */
#include "fabric/core/cfg/caps.h"

void fab_cfg_build_pm(struct fab_device *dev, const struct fab_cfg_opts *opts, uint8_t next)
{
	dev->pm_cap = PM_CAP;
	fab_cfg_put8(dev->cfg, PM_CAP, PCI_CAP_ID_PM);
	fab_cfg_put8(dev->cfg, PM_CAP + 1, next);
	fab_cfg_put16(dev->cfg, PM_CAP + PCI_PM_PMC, 3); /* PM 1.2: D0 and D3hot */
	if (!opts->soft_reset)
		fab_cfg_put16(dev->cfg, PM_CAP + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	fab_cfg_put16(dev->wmask, PM_CAP + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
}
