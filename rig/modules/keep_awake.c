// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep_awake - exclude the guest's virtio functions from system suspend
 *
 * The root of the guest is a 9p share, and the kernel's 9p transport does not
 * resume: the virtio core resets the device, and the driver does not set up
 * its queues again. Marked like this, the PM core calls none of the callbacks
 * of these functions, and all other devices suspend and resume.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>

#define VIRTIO_VENDOR 0x1af4

static void keep_all(bool awake)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(VIRTIO_VENDOR, PCI_ANY_ID, pdev)))
		dev_pm_syscore_device(&pdev->dev, awake);
}

static int __init keep_awake_init(void)
{
	keep_all(true);
	return 0;
}
module_init(keep_awake_init);

static void __exit keep_awake_exit(void)
{
	keep_all(false);
}
module_exit(keep_awake_exit);

MODULE_DESCRIPTION("virtio functions stay on during system suspend (test rig only)");
MODULE_LICENSE("GPL");
