/* SPDX-License-Identifier: MIT */
/* A healthy machine for the command, and changes that break it. */
#ifndef UNIT_CLI_MACHINE_H
#define UNIT_CLI_MACHINE_H

#include <linux/pci_regs.h>
#include <stdio.h>

#include "tests/mock/machine.h"
#include "tests/unit/cli_run.h"

#define MEM    "0000:03:00.0"
#define NIC    "0000:04:00.0"
#define ROOT   "pci0000:00/0000:00:01.0"
#define SWITCH ROOT "/0000:01:00.0"
#define SYS    "sys/bus/pci/devices/"

static const struct machine_fn good[] = {
	{ .path = "pci0000:00/0000:00:00.0",
	  .vendor = 0x8086,
	  .device = 0x29c0,
	  .class_code = 0x060000,
	  .type = PCI_EXP_TYPE_RC_END,
	  .acs = MACHINE_NO_ACS },
	{ .path = ROOT,
	  .vendor = 0x104c,
	  .device = 0x8232,
	  .class_code = 0x060400,
	  .type = PCI_EXP_TYPE_ROOT_PORT,
	  .completer = 3,
	  .acs = 0,
	  .driver = "pcieport" },
	{ .path = SWITCH,
	  .vendor = 0x104c,
	  .device = 0x8232,
	  .class_code = 0x060400,
	  .type = PCI_EXP_TYPE_UPSTREAM,
	  .acs = MACHINE_NO_ACS,
	  .driver = "pcieport" },
	{ .path = SWITCH "/0000:02:00.0",
	  .vendor = 0x104c,
	  .device = 0x8232,
	  .class_code = 0x060400,
	  .type = PCI_EXP_TYPE_DOWNSTREAM,
	  .acs = 0,
	  .driver = "pcieport" },
	{ .path = SWITCH "/0000:02:01.0",
	  .vendor = 0x104c,
	  .device = 0x8232,
	  .class_code = 0x060400,
	  .type = PCI_EXP_TYPE_DOWNSTREAM,
	  .acs = 0,
	  .driver = "pcieport" },
	{ .path = SWITCH "/0000:02:00.0/" MEM,
	  .vendor = 0x1234,
	  .device = 0x5448,
	  .class_code = 0x120000,
	  .type = PCI_EXP_TYPE_ENDPOINT,
	  .completer = 3,
	  .acs = MACHINE_NO_ACS,
	  .driver = "vfio-pci",
	  .group = 12 },
	{ .path = SWITCH "/0000:02:01.0/" NIC,
	  .vendor = 0x15b3,
	  .device = 0x1023,
	  .class_code = 0x020700,
	  .type = PCI_EXP_TYPE_ENDPOINT,
	  .acs = MACHINE_NO_ACS,
	  .driver = "mlx5_core",
	  .rdma = "mlx5_0",
	  .requester = MACHINE_REQ_XST,
	  .enabled = MACHINE_REQ_XST,
	  .group = 13 },
	{ 0 },
};

#define DSP0   3
#define MEM_FN 5
#define NIC_FN 6

/* The tree of a healthy machine except for its PCI functions. */
static inline void build(const struct machine_fn *fns)
{
	machine_build(fns);
	fake_remove("dev");
	fake_remove("proc");
	fake_text("proc/cmdline", "root=/dev/sda1 pci=noaer quiet\n");
	fake_text("proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
	fake_mkdir("sys/bus/pci/drivers/vfio-pci");
	fake_text("dev/vfio/devices/vfio7", "");
	fake_text("dev/iommu", "");
	fake_text("dev/infiniband/uverbs0", "");
}

#define WITH(index, field, value)                  \
	do {                                       \
		struct machine_fn copy_[NR(good)]; \
		memcpy(copy_, good, sizeof(good)); \
		copy_[index].field = (value);      \
		build(copy_);                      \
	} while (0)

static inline const char *rooted(const char *line)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s --root %s", line, fake_root());
	return text;
}

#endif
