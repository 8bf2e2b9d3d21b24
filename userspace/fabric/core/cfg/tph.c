// SPDX-License-Identifier: MIT
/*
 * TPH Requester capability with its steering tag table (PCIe 6.0, 7.9.13), and the hint that
 * a request carries.
 */
#include "fabric/core/cfg/caps.h"

void fab_cfg_build_tph(struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	bool extended = opts->requester == FAB_TPH_EXT;
	uint32_t cap = FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV | FAB_TPH_CAP_ST_DS |
		       (extended ? FAB_TPH_CAP_EXT : 0);
	unsigned int i;

	if (opts->st_entries)
		cap |= PCI_TPH_LOC_CAP | (opts->st_entries - 1) << PCI_TPH_CAP_ST_SHIFT;
	dev->tph_cap = TPH_CAP;
	fab_cfg_put32(dev->cfg, TPH_CAP, PCI_EXT_CAP_ID_TPH | 1u << 16);
	fab_cfg_put32(dev->cfg, TPH_CAP + PCI_TPH_CAP, cap);
	fab_cfg_put32(dev->wmask, TPH_CAP + FAB_TPH_CTRL,
		      FAB_TPH_CTRL_MODE | (uint32_t)opts->requester << FAB_TPH_CTRL_REQ_EN_SHIFT);
	for (i = 0; i < opts->st_entries; i++)
		fab_cfg_put16(dev->wmask, TPH_CAP + FAB_TPH_ST_TABLE + 2 * i,
			      extended ? 0xffff : 0x00ff);
}

/* Entry index of the ST table, or the index itself in direct mode. */
static bool st_lookup(const struct fab_device *dev, uint16_t index, uint16_t *st)
{
	uint32_t cap = fab_cfg_get32(dev, dev->tph_cap + PCI_TPH_CAP);

	*st = index;
	if ((cap & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return true;
	if (index > (cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT)
		return false;
	*st = fab_cfg_get16(dev, dev->tph_cap + FAB_TPH_ST_TABLE + 2u * index);
	return true;
}

void fab_cfg_lose_tph(struct fab_device *dev)
{
	uint32_t cap;
	unsigned int i;

	if (!dev->tph_cap)
		return;
	cap = fab_cfg_get32(dev, dev->tph_cap + PCI_TPH_CAP);
	fab_cfg_put32(dev->cfg, dev->tph_cap + FAB_TPH_CTRL, 0);
	if ((cap & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return;
	for (i = 0; i <= (cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT; i++)
		fab_cfg_put16(dev->cfg, dev->tph_cap + FAB_TPH_ST_TABLE + 2 * i, 0);
}

static bool has_prefix(const struct fab_device *dev)
{
	return fab_cfg_get32(dev, dev->pcie_cap + PCI_EXP_DEVCAP2) & FAB_EXP_DEVCAP2_EE_PREFIX;
}

struct fab_tph fab_cfg_tph(struct fab_device *dev, uint8_t ph, uint16_t index)
{
	const struct fab_tph none = { .th = false };
	struct fab_tph tph = { .th = true, .ph = ph & 3 };
	uint32_t ctrl, enable, mode;

	if (!dev->tph_cap)
		return none;
	ctrl = fab_cfg_get32(dev, dev->tph_cap + FAB_TPH_CTRL);
	enable = (ctrl & FAB_TPH_CTRL_REQ_EN) >> FAB_TPH_CTRL_REQ_EN_SHIFT;
	mode = ctrl & FAB_TPH_CTRL_MODE;
	if (enable != FAB_TPH_8BIT && enable != FAB_TPH_EXT)
		return none;
	tph.extended = enable == FAB_TPH_EXT;
	if (tph.extended && !has_prefix(dev)) {
		dev->errors_tph++;
		return none;
	}
	if (mode != FAB_TPH_CTRL_MODE_NS && mode != FAB_TPH_CTRL_MODE_DS)
		return none;
	if (mode == FAB_TPH_CTRL_MODE_NS || !index)
		return tph;
	if (!st_lookup(dev, index, &tph.st) || (!tph.extended && tph.st > 0xff)) {
		dev->errors_tph++;
		return none;
	}
	return tph;
}
