// SPDX-License-Identifier: GPL-2.0-only
/*
 * tph_root_port - give QEMU's PCIe ports what the tests need of a platform
 *
 * Stock QEMU root ports answer zero in the TPH Completer Supported bits of
 * Device Capabilities 2, so pcie_enable_tph() refuses every endpoint behind
 * them, and no port of QEMU claims support for End-End TLP Prefixes, which
 * Extended TPH needs. A real platform that supports TPH sets these bits. This
 * module stands in for such a platform: it replaces the config accessors of
 * bus 0, as aer_inject does, and ORs the bits into reads of that register.
 * The PCI core reads them at enumeration: so everything behind the root ports
 * is removed and found again, before any driver is bound to it.
 *
 * acs=1: the downstream ports of switches, which have no ACS in QEMU, get an
 * Access Control Services capability behind their last one (AER). The kernel
 * finds it and switches redirection on if there is an IOMMU. The port itself
 * does not redirect anything.
 *
 * aer=1: the kernel may handle AER itself. Firmware would grant that by _OSC,
 * but Linux does not ask for control without ASPM support, which the rig's
 * kernel configuration leaves out.
 */
#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/pci.h>

static unsigned int completer = 3;
module_param(completer, uint, 0444);
MODULE_PARM_DESC(completer, "TPH Completer Supported field, 0..3 (default 3: TPH and Extended TPH)");

static bool prefixes = true;
module_param(prefixes, bool, 0444);
MODULE_PARM_DESC(prefixes, "ports below the root ports take End-End TLP Prefixes (default Y)");

static bool acs;
module_param(acs, bool, 0444);
MODULE_PARM_DESC(acs, "downstream ports of switches have an ACS capability (default N)");

static bool aer;
module_param(aer, bool, 0444);
MODULE_PARM_DESC(aer, "native error handling by root ports (default N)");

#define LAST_EXT_CAP 0x100 /* of QEMU's downstream ports: AER */
#define ACS_POS	     0x200
#define ACS_CAPS     (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

static u16 acs_control[1 << 16]; /* by bus number and devfn */

static struct pci_bus *bus0;
static struct pci_ops *original;
static struct pci_ops overlay;

static u32 raw_read(struct pci_bus *bus, unsigned int devfn, int where, int size)
{
	u32 val = 0;

	return original->read(bus, devfn, where, size, &val) ? 0 : val;
}

/* Offset of the PCI Express capability, or 0; the function may not have a struct pci_dev yet. */
static int pcie_capability(struct pci_bus *bus, unsigned int devfn)
{
	int pos = raw_read(bus, devfn, PCI_CAPABILITY_LIST, 1) & ~3;
	int ttl = 48;

	while (pos >= 0x40 && ttl--) {
		if (raw_read(bus, devfn, pos, 1) == PCI_CAP_ID_EXP)
			return pos;
		pos = raw_read(bus, devfn, pos + 1, 1) & ~3;
	}
	return 0;
}

static int port_type(struct pci_bus *bus, unsigned int devfn, int pos)
{
	return pos ? FIELD_GET(PCI_EXP_FLAGS_TYPE, raw_read(bus, devfn, pos + PCI_EXP_FLAGS, 2)) :
		     -1;
}

static u32 claim(int type, u32 devcap2)
{
	switch (type) {
	case PCI_EXP_TYPE_ROOT_PORT:
		devcap2 &= ~PCI_EXP_DEVCAP2_TPH_COMP_MASK;
		devcap2 |= FIELD_PREP(PCI_EXP_DEVCAP2_TPH_COMP_MASK, completer);
		return devcap2 | PCI_EXP_DEVCAP2_EE_PREFIX;
	case PCI_EXP_TYPE_UPSTREAM:
	case PCI_EXP_TYPE_DOWNSTREAM:
		return prefixes ? devcap2 | PCI_EXP_DEVCAP2_EE_PREFIX : devcap2;
	default:
		return devcap2;
	}
}

static u16 *acs_of(struct pci_bus *bus, unsigned int devfn)
{
	int pos = pcie_capability(bus, devfn);

	if (!acs || port_type(bus, devfn, pos) != PCI_EXP_TYPE_DOWNSTREAM)
		return NULL;
	return &acs_control[PCI_DEVID(bus->number, devfn)];
}

/* The register at where, a multiple of 4, as the module presents it; raw is what the port has there. */
static u32 present(struct pci_bus *bus, unsigned int devfn, int where, u32 raw)
{
	const u16 *control;
	int pos;

	if (where < PCI_CFG_SPACE_SIZE) {
		pos = pcie_capability(bus, devfn);
		if (pos && where == pos + PCI_EXP_DEVCAP2)
			return claim(port_type(bus, devfn, pos), raw);
		return raw;
	}
	if (where != LAST_EXT_CAP && where != ACS_POS && where != ACS_POS + PCI_ACS_CAP)
		return raw;
	control = acs_of(bus, devfn);
	if (!control)
		return raw;
	switch (where) {
	case LAST_EXT_CAP:
		return (raw & 0xfffff) | ACS_POS << 20;
	case ACS_POS:
		return PCI_EXT_CAP_ID_ACS | 1 << 16;
	default:
		return ACS_CAPS | (u32)*control << 16;
	}
}

static int overlay_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	int ret = original->read(bus, devfn, where, size, val);
	int reg = where & ~3, shift = 8 * (where & 3);
	u32 raw, shown;

	if (ret)
		return ret;
	raw = raw_read(bus, devfn, reg, 4);
	shown = present(bus, devfn, reg, raw);
	if (shown != raw)
		*val = shown >> shift & (u32)GENMASK_ULL(8 * size - 1, 0);
	return 0;
}

static int overlay_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	u16 *control;

	if (where == ACS_POS + PCI_ACS_CTRL && size == 2) {
		control = acs_of(bus, devfn);
		if (control) {
			*control = val & ACS_CAPS;
			return 0;
		}
	}
	return original->write(bus, devfn, where, size, val);
}

/* New buses take the accessors of their parent: so those of the switches get the overlay, too. */
static void enumerate_again(void)
{
	struct pci_dev *dev, *next;

	pci_lock_rescan_remove();
	list_for_each_entry_safe(dev, next, &bus0->devices,
				 bus_list) if (pci_is_pcie(dev) &&
					       pci_pcie_type(dev) == PCI_EXP_TYPE_ROOT_PORT)
		pci_stop_and_remove_bus_device(dev);
	pci_rescan_bus(bus0);
	pci_unlock_rescan_remove();
}

static int __init tph_root_port_init(void)
{
	if (completer > 3)
		return -EINVAL;
	bus0 = pci_find_bus(0, 0);
	if (!bus0)
		return -ENODEV;
	original = bus0->ops;
	overlay = *original;
	overlay.read = overlay_read;
	overlay.write = overlay_write;
	if (aer)
		pci_find_host_bridge(bus0)->native_aer = 1;
	pci_bus_set_ops(bus0, &overlay);
	enumerate_again();
	pr_info("tph_root_port: root ports on bus 0 claim TPH completer %u (stand-in for platform support)\n",
		completer);
	return 0;
}
module_init(tph_root_port_init);

/* Buses that were found since keep the accessors: the module stays. */

MODULE_DESCRIPTION("TPH completer and prefix bits for emulated ports (test rig only)");
MODULE_LICENSE("GPL");
