// SPDX-License-Identifier: MIT
/*
 * TPH Requester capability with its steering tag table (PCIe 6.0, 7.9.13), and the hint that
 * a request carries.
 */
#include "fabric/core/cfg/caps.h"

#define ALL_MODES (FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV | FAB_TPH_CAP_ST_DS)

void fab_cfg_build_tph(struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	bool extended = opts->requester == FAB_TPH_EXT;
	uint32_t cap = (opts->st_modes ? opts->st_modes : ALL_MODES) |
		       (extended ? FAB_TPH_CAP_EXT : 0);
	unsigned int i;

	if (opts->st_entries)
		cap |= (opts->st_msix ? PCI_TPH_LOC_MSIX : PCI_TPH_LOC_CAP) |
		       (opts->st_entries - 1) << PCI_TPH_CAP_ST_SHIFT;
	dev->tph_cap = TPH_CAP;
	fab_cfg_put32(dev->cfg, TPH_CAP, PCI_EXT_CAP_ID_TPH | 1u << 16);
	fab_cfg_put32(dev->cfg, TPH_CAP + PCI_TPH_CAP, cap);
	fab_cfg_put32(dev->wmask, TPH_CAP + FAB_TPH_CTRL,
		      FAB_TPH_CTRL_MODE | (uint32_t)opts->requester << FAB_TPH_CTRL_REQ_EN_SHIFT);
	for (i = 0; i < opts->st_entries && !opts->st_msix; i++)
		fab_cfg_put16(dev->wmask, TPH_CAP + FAB_TPH_ST_TABLE + 2 * i,
			      extended ? 0xffff : 0x00ff);
}

/* Entries of an ST table in the capability */
static uint32_t table_size(const struct fab_device *dev)
{
	uint32_t cap;

	if (!dev->tph_cap)
		return 0;
	cap = fab_cfg_get32(dev, dev->tph_cap + PCI_TPH_CAP);
	if ((cap & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return 0;
	return ((cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT) + 1;
}

uint16_t fab_cfg_st_entry(const struct fab_device *dev, uint32_t entry)
{
	if (entry >= table_size(dev))
		return 0;
	return fab_cfg_get16(dev, dev->tph_cap + FAB_TPH_ST_TABLE + 2 * entry);
}

uint32_t fab_cfg_tph_ctrl(const struct fab_device *dev)
{
	return dev->tph_cap ? fab_cfg_get32(dev, dev->tph_cap + FAB_TPH_CTRL) : 0;
}

void fab_cfg_lose_tph(struct fab_device *dev)
{
	unsigned int i;

	if (!dev->tph_cap)
		return;
	fab_cfg_put32(dev->cfg, dev->tph_cap + FAB_TPH_CTRL, 0);
	for (i = 0; i < table_size(dev); i++)
		fab_cfg_put16(dev->cfg, dev->tph_cap + FAB_TPH_ST_TABLE + 2 * i, 0);
}

static bool has_prefix(const struct fab_device *dev)
{
	return fab_cfg_get32(dev, dev->pcie_cap + PCI_EXP_DEVCAP2) & FAB_EXP_DEVCAP2_EE_PREFIX;
}

static struct fab_tph no_hint(void)
{
	return (struct fab_tph){ .th = false };
}

static struct fab_tph tag_error(struct fab_device *dev)
{
	dev->errors_tph++;
	return no_hint();
}

static uint32_t mode(const struct fab_device *dev)
{
	return fab_cfg_tph_ctrl(dev) & FAB_TPH_CTRL_MODE;
}

/* The hint with steering tag 0, as far as Requester Enable and the path permit one. */
static struct fab_tph without_tag(struct fab_device *dev, uint8_t ph)
{
	uint32_t enable = (fab_cfg_tph_ctrl(dev) & FAB_TPH_CTRL_REQ_EN) >> FAB_TPH_CTRL_REQ_EN_SHIFT;

	if (enable != FAB_TPH_8BIT && enable != FAB_TPH_EXT)
		return no_hint();
	if (enable == FAB_TPH_EXT && !has_prefix(dev))
		return tag_error(dev);
	return (struct fab_tph){ .th = true, .extended = enable == FAB_TPH_EXT, .ph = ph & 3 };
}

static struct fab_tph with_tag(struct fab_device *dev, struct fab_tph tph, uint16_t st)
{
	if (!tph.extended && st > 0xff)
		return tag_error(dev);
	tph.st = st;
	return tph;
}

struct fab_tph fab_cfg_tph_told(struct fab_device *dev, uint8_t ph, uint16_t st)
{
	struct fab_tph tph = without_tag(dev, ph);

	if (!tph.th || mode(dev) == FAB_TPH_CTRL_MODE_NS)
		return tph;
	return mode(dev) == FAB_TPH_CTRL_MODE_DS ? with_tag(dev, tph, st) : no_hint();
}

struct fab_tph fab_cfg_tph_entry(struct fab_device *dev, uint8_t ph, uint16_t entry)
{
	struct fab_tph tph = without_tag(dev, ph);

	if (!tph.th || mode(dev) == FAB_TPH_CTRL_MODE_NS)
		return tph;
	if (mode(dev) != FAB_TPH_CTRL_MODE_DS && mode(dev) != FAB_TPH_CTRL_MODE_IV)
		return no_hint();
	if (entry >= table_size(dev))
		return tag_error(dev);
	return with_tag(dev, tph, fab_cfg_st_entry(dev, entry));
}

struct fab_tph fab_cfg_tph(struct fab_device *dev, uint8_t ph, uint16_t index)
{
	bool table = table_size(dev) && index && mode(dev) == FAB_TPH_CTRL_MODE_DS;

	return table ? fab_cfg_tph_entry(dev, ph, index) : fab_cfg_tph_told(dev, ph, index);
}
