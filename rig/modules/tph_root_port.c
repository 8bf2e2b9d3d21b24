// SPDX-License-Identifier: GPL-2.0
/*
 * tph_root_port - let QEMU's root ports claim TPH completer support
 *
 * Stock QEMU root ports answer zero in the TPH Completer Supported bits of
 * Device Capabilities 2, so pcie_enable_tph() refuses every endpoint behind
 * them. A real platform that supports TPH sets these bits in its root ports.
 * This module stands in for such a platform: it replaces the config accessors
 * of bus 0, as aer_inject does, and ORs the bits into reads of that register.
 * It changes nothing else, and nothing of the kernel under test.
 */
#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/pci.h>

static unsigned int completer = 3;
module_param(completer, uint, 0444);
MODULE_PARM_DESC(completer, "TPH Completer Supported field, 0..3 (default 3: TPH and Extended TPH)");

static struct pci_bus *bus0;
static struct pci_ops *original;
static struct pci_ops overlay;

static bool is_root_port_devcap2(struct pci_bus *bus, unsigned int devfn, int where)
{
	struct pci_dev *dev;

	list_for_each_entry(dev, &bus->devices, bus_list)
	{
		if (dev->devfn == devfn)
			return dev->pcie_cap && pci_pcie_type(dev) == PCI_EXP_TYPE_ROOT_PORT &&
			       where == dev->pcie_cap + PCI_EXP_DEVCAP2;
	}
	return false;
}

static int overlay_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	int ret = original->read(bus, devfn, where, size, val);

	if (!ret && size == 4 && is_root_port_devcap2(bus, devfn, where)) {
		*val &= ~PCI_EXP_DEVCAP2_TPH_COMP_MASK;
		*val |= FIELD_PREP(PCI_EXP_DEVCAP2_TPH_COMP_MASK, completer);
	}
	return ret;
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
	pr_info("tph_root_port: root ports on bus 0 claim TPH completer %u (stand-in for platform support)\n",
		completer);
	return 0;
}
module_init(tph_root_port_init);

static void __exit tph_root_port_exit(void)
{
	pci_bus_set_ops(bus0, original);
}
module_exit(tph_root_port_exit);

MODULE_DESCRIPTION("TPH completer bits for emulated root ports (test rig only)");
MODULE_LICENSE("GPL");
