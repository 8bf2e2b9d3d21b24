// SPDX-License-Identifier: MIT
/* PCI Express capability, version 2 (PCIe 6.0, 7.5.3). */
#include "fabric/core/cfg/caps.h"

#define MPS_SUPPORTED 2u /* 512 bytes */
#define LINK_16GT_X16 0x0104u

void fab_cfg_build_pcie(struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	uint32_t devcap2 = (uint32_t)opts->completer << FAB_EXP_DEVCAP2_TPH_COMP_SHIFT;

	/* A 16-bit steering tag travels in a TLP prefix (PCIe 6.0, 2.2.7.1.1). */
	if (!opts->no_prefix && (opts->completer == FAB_TPH_EXT || opts->requester == FAB_TPH_EXT))
		devcap2 |= FAB_EXP_DEVCAP2_EE_PREFIX | FAB_EXP_DEVCAP2_EE_PREFIX_1;
	dev->pcie_cap = PCIE_CAP;
	fab_cfg_put8(dev->cfg, PCIE_CAP, PCI_CAP_ID_EXP);
	fab_cfg_put8(dev->cfg, PCIE_CAP + 1, opts->vsc ? VSC_CAP : 0);
	fab_cfg_put16(dev->cfg, PCIE_CAP + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	fab_cfg_put32(dev->cfg, PCIE_CAP + PCI_EXP_DEVCAP,
		      MPS_SUPPORTED | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_RBER |
			      (opts->no_flr ? 0 : PCI_EXP_DEVCAP_FLR));
	fab_cfg_put16(dev->cfg, PCIE_CAP + PCI_EXP_DEVCTL,
		      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
			      PCI_EXP_DEVCTL_READRQ_512B);
	fab_cfg_put16(dev->wmask, PCIE_CAP + PCI_EXP_DEVCTL,
		      0x7fff & ~(PCI_EXP_DEVCTL_PHANTOM | PCI_EXP_DEVCTL_AUX_PME));
	fab_cfg_put32(dev->cfg, PCIE_CAP + PCI_EXP_LNKCAP, LINK_16GT_X16);
	fab_cfg_put16(dev->wmask, PCIE_CAP + PCI_EXP_LNKCTL,
		      PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC);
	fab_cfg_put16(dev->cfg, PCIE_CAP + PCI_EXP_LNKSTA, LINK_16GT_X16);
	fab_cfg_put32(dev->cfg, PCIE_CAP + PCI_EXP_DEVCAP2, devcap2);
	fab_cfg_put32(dev->cfg, PCIE_CAP + PCI_EXP_LNKCAP2, 0x1e); /* 2.5 to 16 GT/s */
	fab_cfg_put16(dev->cfg, PCIE_CAP + PCI_EXP_LNKCTL2, 4);	   /* target 16 GT/s */
}

uint32_t fab_cfg_mps(const struct fab_device *dev)
{
	uint32_t field = ((uint32_t)fab_cfg_get16(dev, dev->pcie_cap + PCI_EXP_DEVCTL) &
			  PCI_EXP_DEVCTL_PAYLOAD) >>
			 5;

	return 128u << (field > MPS_SUPPORTED ? MPS_SUPPORTED : field);
}

uint32_t fab_cfg_mrrs(const struct fab_device *dev)
{
	uint32_t field = ((uint32_t)fab_cfg_get16(dev, dev->pcie_cap + PCI_EXP_DEVCTL) &
			  PCI_EXP_DEVCTL_READRQ) >>
			 12;

	return 128u << (field > 5 ? 5 : field);
}
