// SPDX-License-Identifier: MIT
/*
 * Config space: one builder per capability (caps.h), reset, and access.
 */
#include <errno.h>
#include <string.h>

#include "fabric/core/cfg/caps.h"

uint16_t fab_cfg_get16(const struct fab_device *dev, uint32_t off)
{
	uint16_t value;

	memcpy(&value, dev->cfg + off, sizeof(value));
	return value;
}

uint32_t fab_cfg_get32(const struct fab_device *dev, uint32_t off)
{
	uint32_t value;

	memcpy(&value, dev->cfg + off, sizeof(value));
	return value;
}

static bool opts_valid(const struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	uint64_t table_end = opts->msix_table + 16ull * opts->vectors;
	uint64_t pba_end = opts->msix_pba + (opts->vectors + 63ull) / 64 * 8;

	if (opts->id.class_code > 0xffffff || opts->completer > FAB_TPH_EXT)
		return false;
	if (opts->requester != FAB_TPH_NONE && opts->requester != FAB_TPH_8BIT &&
	    opts->requester != FAB_TPH_EXT)
		return false;
	if (opts->st_entries > FAB_TPH_ST_MAX || opts->vectors > FAB_VECTORS)
		return false;
	if (opts->doe && opts->requester)
		return false;
	if (opts->st_msix && (!opts->vectors || !opts->st_entries))
		return false;
	if (opts->st_modes & ~(FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV | FAB_TPH_CAP_ST_DS))
		return false;
	if (!opts->vectors)
		return true;
	return opts->msix_bar < FAB_BARS && !(opts->msix_table & 7) && !(opts->msix_pba & 7) &&
	       table_end <= dev->bar[opts->msix_bar].size &&
	       pba_end <= dev->bar[opts->msix_bar].size;
}

int fab_cfg_build(struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	if (!opts_valid(dev, opts))
		return -EINVAL;
	memset(dev->cfg, 0, sizeof(dev->cfg));
	memset(dev->wmask, 0, sizeof(dev->wmask));
	dev->msix_cap = dev->tph_cap = 0;
	dev->vectors = (uint16_t)opts->vectors;
	dev->no_flr = opts->no_flr;
	fab_cfg_build_header(dev, &opts->id);
	fab_cfg_build_bars(dev);
	fab_cfg_build_pm(dev, opts, opts->vectors ? MSIX_CAP : PCIE_CAP);
	if (opts->vectors)
		fab_cfg_build_msix(dev, opts, PCIE_CAP);
	fab_cfg_build_pcie(dev, opts);
	if (opts->vsc)
		fab_cfg_build_vsc(dev, 0);
	fab_cfg_build_dsn(dev, opts->serial, opts->requester ? TPH_CAP : opts->doe ? DOE_CAP : 0);
	if (opts->requester)
		fab_cfg_build_tph(dev, opts);
	if (opts->doe)
		fab_cfg_build_doe(dev, 0);
	memcpy(dev->cfg_initial, dev->cfg, sizeof(dev->cfg));
	return 0;
}

void fab_cfg_power_on(struct fab_device *dev)
{
	memcpy(dev->cfg, dev->cfg_initial, sizeof(dev->cfg));
}

void fab_cfg_reset(struct fab_device *dev)
{
	uint8_t bars[4 * FAB_BARS];

	memcpy(bars, dev->cfg + PCI_BASE_ADDRESS_0, sizeof(bars));
	fab_cfg_power_on(dev);
	memcpy(dev->cfg + PCI_BASE_ADDRESS_0, bars, sizeof(bars));
}
