// SPDX-License-Identifier: GPL-2.0-only
/*
 * tph_root_port - let QEMU's PCIe ports claim what TPH needs of a platform
 *
 * Stock QEMU root ports answer zero in the TPH Completer Supported bits of
 * Device Capabilities 2, so pcie_enable_tph() refuses every endpoint behind
 * them, and no port of QEMU claims support for End-End TLP Prefixes, which
 * Extended TPH needs. A real platform that supports TPH sets these bits. This
 * module stands in for such a platform: it replaces the config accessors of
 * bus 0, as aer_inject does, and ORs the bits into reads of that register.
 * The PCI core reads them at enumeration: so everything behind the root ports
 * is removed and found again, before any driver is bound to it.
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

static int overlay_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	int ret = original->read(bus, devfn, where, size, val);
	int pos;

	if (ret || size != 4 || where < 0x40 + PCI_EXP_DEVCAP2 || where > 0xfc)
		return ret;

	pos = pcie_capability(bus, devfn);
	if (pos && where == pos + PCI_EXP_DEVCAP2)
		*val = claim(FIELD_GET(PCI_EXP_FLAGS_TYPE,
				       raw_read(bus, devfn, pos + PCI_EXP_FLAGS, 2)),
			     *val);
	return ret;
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
