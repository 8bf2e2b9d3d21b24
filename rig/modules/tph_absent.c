// SPDX-License-Identifier: GPL-2.0-only
/*
 * tph_absent - a function whose TPH capability does not answer for a while
 *
 * For a function in reset, or one that firmware has not brought up again, config
 * reads return all ones and writes are lost. This module does that to the TPH
 * registers of one function, as long as it is loaded, so that a test of the
 * driver needs no reset: the rest of the function works. It replaces the config
 * accessors of the bus, as aer_inject does.
 */
#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/pci.h>

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function, as 0000:05:00.0");

static struct pci_dev *pdev;
static struct pci_ops *original;
static struct pci_ops overlay;
static int first, end;

static bool absent(unsigned int devfn, int where)
{
	return devfn == pdev->devfn && where >= first && where < end;
}

static int overlay_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	if (!absent(devfn, where))
		return original->read(bus, devfn, where, size, val);

	PCI_SET_ERROR_RESPONSE(val);
	return PCIBIOS_SUCCESSFUL;
}

static int overlay_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	if (!absent(devfn, where))
		return original->write(bus, devfn, where, size, val);

	return PCIBIOS_SUCCESSFUL;
}

static struct pci_dev *find(const char *name)
{
	unsigned int domain, bus, slot, func;

	if (!name || sscanf(name, "%x:%x:%x.%u", &domain, &bus, &slot, &func) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, func));
}

static int __init tph_absent_init(void)
{
	u32 cap;

	pdev = find(function);
	if (!pdev)
		return -ENODEV;
	first = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_TPH);
	if (!first) {
		pci_dev_put(pdev);
		return -ENODEV;
	}
	pci_read_config_dword(pdev, first + PCI_TPH_CAP, &cap);
	end = first + PCI_TPH_BASE_SIZEOF;
	if ((cap & PCI_TPH_CAP_LOC_MASK) == PCI_TPH_LOC_CAP)
		end += 2 * (FIELD_GET(PCI_TPH_CAP_ST_MASK, cap) + 1);
	original = pdev->bus->ops;
	overlay = *original;
	overlay.read = overlay_read;
	overlay.write = overlay_write;
	pci_bus_set_ops(pdev->bus, &overlay);
	return 0;
}
module_init(tph_absent_init);

static void __exit tph_absent_exit(void)
{
	pci_bus_set_ops(pdev->bus, original);
	pci_dev_put(pdev);
}
module_exit(tph_absent_exit);

MODULE_DESCRIPTION("TPH registers that do not answer (test rig only)");
MODULE_LICENSE("GPL");
