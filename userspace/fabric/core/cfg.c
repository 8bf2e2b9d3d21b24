// SPDX-License-Identifier: MIT
/*
 * Config space layout (every function of the fabric has the same one):
 *
 *   0x00 type 0 header      0x40 PM      0x50 MSI-X      0x60 PCI Express v2
 *   0x100 DSN               0x110 TPH requester with its ST table
 */
#include <errno.h>
#include <string.h>

#include "fabric/core/cfg.h"
#include "fabric/core/pci.h"

#define PM_CAP	      0x40
#define MSIX_CAP      0x50
#define PCIE_CAP      0x60
#define DSN_CAP	      0x100
#define TPH_CAP	      0x110

#define MPS_SUPPORTED 2u /* 512 bytes */
#define LINK_16GT_X16 0x0104u

static void put8(uint8_t *bytes, uint32_t off, uint8_t value)
{
	bytes[off] = value;
}

static void put16(uint8_t *bytes, uint32_t off, uint16_t value)
{
	memcpy(bytes + off, &value, sizeof(value));
}

static void put32(uint8_t *bytes, uint32_t off, uint32_t value)
{
	memcpy(bytes + off, &value, sizeof(value));
}

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

/* FNV-1a */
uint64_t fab_cfg_serial(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
	return hash;
}

static void build_header(struct fab_device *dev, const struct fab_cfg_id *id)
{
	uint8_t *cfg = dev->cfg, *wmask = dev->wmask;

	put16(cfg, PCI_VENDOR_ID, id->vendor);
	put16(cfg, PCI_DEVICE_ID, id->device);
	put16(wmask, PCI_COMMAND,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		      PCI_COMMAND_INTX_DISABLE);
	put16(cfg, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put32(cfg, PCI_CLASS_REVISION, id->class_code << 8 | id->revision);
	put8(wmask, PCI_CACHE_LINE_SIZE, 0xff);
	put16(cfg, PCI_SUBSYSTEM_VENDOR_ID, id->subvendor);
	put16(cfg, PCI_SUBSYSTEM_ID, id->subdevice);
	put8(cfg, PCI_CAPABILITY_LIST, PM_CAP);
	put8(wmask, PCI_INTERRUPT_LINE, 0xff);
}

static void build_bars(struct fab_device *dev)
{
	const struct fab_bar *bar;
	uint32_t off, flags;
	unsigned int i;

	for (i = 0; i < FAB_BARS; i++) {
		bar = &dev->bar[i];
		off = PCI_BASE_ADDRESS_0 + 4 * i;
		if (!bar->size)
			continue;
		flags = (bar->is64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
			(bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
		put32(dev->cfg, off, flags);
		put32(dev->wmask, off, (uint32_t)(~(bar->size - 1) & PCI_BASE_ADDRESS_MEM_MASK));
		if (bar->is64)
			put32(dev->wmask, off + 4, (uint32_t)(~(bar->size - 1) >> 32));
	}
}

static void build_pm(struct fab_device *dev, uint8_t next)
{
	dev->pm_cap = PM_CAP;
	put8(dev->cfg, PM_CAP, PCI_CAP_ID_PM);
	put8(dev->cfg, PM_CAP + 1, next);
	put16(dev->cfg, PM_CAP + PCI_PM_PMC, 3); /* PM 1.2: D0 and D3hot */
	put16(dev->cfg, PM_CAP + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	put16(dev->wmask, PM_CAP + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
}

static void build_msix(struct fab_device *dev, const struct fab_cfg_opts *opts, uint8_t next)
{
	dev->msix_cap = MSIX_CAP;
	put8(dev->cfg, MSIX_CAP, PCI_CAP_ID_MSIX);
	put8(dev->cfg, MSIX_CAP + 1, next);
	put16(dev->cfg, MSIX_CAP + PCI_MSIX_FLAGS, (uint16_t)(opts->vectors - 1));
	put16(dev->wmask, MSIX_CAP + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	put32(dev->cfg, MSIX_CAP + PCI_MSIX_TABLE, opts->msix_table | opts->msix_bar);
	put32(dev->cfg, MSIX_CAP + PCI_MSIX_PBA, opts->msix_pba | opts->msix_bar);
}

static void build_pcie(struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	uint32_t devcap2 = (uint32_t)opts->completer << FAB_EXP_DEVCAP2_TPH_COMP_SHIFT;

	/* A 16-bit steering tag travels in a TLP prefix (PCIe 6.0, 2.2.7.1.1). */
	if (opts->completer == FAB_TPH_EXT || opts->requester == FAB_TPH_EXT)
		devcap2 |= FAB_EXP_DEVCAP2_EE_PREFIX | FAB_EXP_DEVCAP2_EE_PREFIX_1;
	dev->pcie_cap = PCIE_CAP;
	put8(dev->cfg, PCIE_CAP, PCI_CAP_ID_EXP);
	put16(dev->cfg, PCIE_CAP + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put32(dev->cfg, PCIE_CAP + PCI_EXP_DEVCAP,
	      MPS_SUPPORTED | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	put16(dev->cfg, PCIE_CAP + PCI_EXP_DEVCTL,
	      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B);
	put16(dev->wmask, PCIE_CAP + PCI_EXP_DEVCTL,
	      0x7fff & ~(PCI_EXP_DEVCTL_PHANTOM | PCI_EXP_DEVCTL_AUX_PME));
	put32(dev->cfg, PCIE_CAP + PCI_EXP_LNKCAP, LINK_16GT_X16);
	put16(dev->wmask, PCIE_CAP + PCI_EXP_LNKCTL,
	      PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC);
	put16(dev->cfg, PCIE_CAP + PCI_EXP_LNKSTA, LINK_16GT_X16);
	put32(dev->cfg, PCIE_CAP + PCI_EXP_DEVCAP2, devcap2);
	put32(dev->cfg, PCIE_CAP + PCI_EXP_LNKCAP2, 0x1e); /* 2.5 to 16 GT/s */
	put16(dev->cfg, PCIE_CAP + PCI_EXP_LNKCTL2, 4);	   /* target 16 GT/s */
}

static void build_dsn(struct fab_device *dev, uint64_t serial, uint32_t next)
{
	put32(dev->cfg, DSN_CAP, PCI_EXT_CAP_ID_DSN | 1u << 16 | next << 20);
	put32(dev->cfg, DSN_CAP + 4, (uint32_t)serial);
	put32(dev->cfg, DSN_CAP + 8, (uint32_t)(serial >> 32));
}

static void build_tph(struct fab_device *dev, const struct fab_cfg_opts *opts)
{
	bool extended = opts->requester == FAB_TPH_EXT;
	uint32_t cap = FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV | FAB_TPH_CAP_ST_DS |
		       (extended ? FAB_TPH_CAP_EXT : 0);
	unsigned int i;

	if (opts->st_entries)
		cap |= PCI_TPH_LOC_CAP | (opts->st_entries - 1) << PCI_TPH_CAP_ST_SHIFT;
	dev->tph_cap = TPH_CAP;
	put32(dev->cfg, TPH_CAP, PCI_EXT_CAP_ID_TPH | 1u << 16);
	put32(dev->cfg, TPH_CAP + PCI_TPH_CAP, cap);
	put32(dev->wmask, TPH_CAP + FAB_TPH_CTRL,
	      FAB_TPH_CTRL_MODE | (uint32_t)opts->requester << FAB_TPH_CTRL_REQ_EN_SHIFT);
	for (i = 0; i < opts->st_entries; i++)
		put16(dev->wmask, TPH_CAP + FAB_TPH_ST_TABLE + 2 * i, extended ? 0xffff : 0x00ff);
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
	build_header(dev, &opts->id);
	build_bars(dev);
	build_pm(dev, opts->vectors ? MSIX_CAP : PCIE_CAP);
	if (opts->vectors)
		build_msix(dev, opts, PCIE_CAP);
	build_pcie(dev, opts);
	build_dsn(dev, opts->serial, opts->requester ? TPH_CAP : 0);
	if (opts->requester)
		build_tph(dev, opts);
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

uint32_t fab_cfg_mps(const struct fab_device *dev)
{
	uint32_t field =
		(fab_cfg_get16(dev, dev->pcie_cap + PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_PAYLOAD) >> 5;

	return 128u << (field > MPS_SUPPORTED ? MPS_SUPPORTED : field);
}

uint32_t fab_cfg_mrrs(const struct fab_device *dev)
{
	uint32_t field =
		(fab_cfg_get16(dev, dev->pcie_cap + PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_READRQ) >> 12;

	return 128u << (field > 5 ? 5 : field);
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
