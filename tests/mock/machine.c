// SPDX-License-Identifier: MIT
/* PCI functions in the fake tree, see machine.h. */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/machine.h"

#define DEVICES	    "sys/bus/pci/devices"
#define CONFIG_SIZE 4096
#define MAX_DIR	    1024

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put(unsigned char *cfg, unsigned int offset, uint32_t value, unsigned int size)
{
	memcpy(cfg + offset, &value, size);
}

static void build_config(const struct machine_fn *fn, unsigned char *cfg)
{
	memset(cfg, 0, CONFIG_SIZE);
	put(cfg, PCI_VENDOR_ID, fn->vendor | (uint32_t)fn->device << 16, 4);
	put(cfg, PCI_COMMAND, PCI_COMMAND_MASTER | (fn->no_memory ? 0 : PCI_COMMAND_MEMORY), 2);
	put(cfg, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(cfg, PCI_CLASS_REVISION, fn->class_code << 8, 4);
	put(cfg, PCI_CAPABILITY_LIST, MACHINE_PM_CAP, 1);
	put(cfg, MACHINE_PM_CAP, PCI_CAP_ID_PM | MACHINE_EXP_CAP << 8, 2);
	put(cfg, MACHINE_PM_CAP + PCI_PM_CTRL, fn->power, 2);
	put(cfg, MACHINE_EXP_CAP, PCI_CAP_ID_EXP, 2);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_FLAGS, 2 | fn->type << 4, 2);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_DEVCAP, 2, 4);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_DEVCTL, fn->mps << 5, 2);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_LNKCAP, 5 | 16 << 4, 4);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_LNKSTA, 4 | 8 << 4, 2);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_DEVCAP2,
	    fn->completer << 12 | (fn->no_prefixes ? 0 : PCI_EXP_DEVCAP2_EE_PREFIX), 4);
	put(cfg, MACHINE_ACS_CAP,
	    (fn->acs == MACHINE_NO_ACS ? 0x0001 : PCI_EXT_CAP_ID_ACS) | 1 << 16 |
		    (fn->requester ? MACHINE_TPH_CAP << 20 : 0),
	    4);
	if (fn->acs != MACHINE_NO_ACS)
		put(cfg, MACHINE_ACS_CAP + PCI_ACS_CTRL, (uint32_t)fn->acs, 2);
	if (!fn->requester)
		return;
	put(cfg, MACHINE_TPH_CAP, PCI_EXT_CAP_ID_TPH | 1 << 16, 4);
	put(cfg, MACHINE_TPH_CAP + PCI_TPH_CAP,
	    PCI_TPH_CAP_ST_DS | PCI_TPH_LOC_CAP | 63 << PCI_TPH_CAP_ST_SHIFT |
		    (fn->requester == MACHINE_REQ_XST ? PCI_TPH_CAP_EXT_TPH : 0),
	    4);
	put(cfg, MACHINE_TPH_CAP + PCI_TPH_CTRL, fn->enabled << 8, 4);
}

/* Fields that a VF lacks, or that read as ones: PCIe 6.x 9.3.4, 9.3.5. */
static void build_vf_config(unsigned char *cfg)
{
	put(cfg, PCI_VENDOR_ID, UINT32_MAX, 4);
	put(cfg, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_DEVCTL, 0, 2);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_LNKCAP, 0, 4);
	put(cfg, MACHINE_EXP_CAP + PCI_EXP_LNKSTA, 0, 2);
}

static void put_number(const char *dir, const char *name, unsigned int digits, uint32_t value)
{
	char path[MAX_DIR + 64], text[16];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(text, sizeof(text), "0x%0*x\n", (int)digits, value);
	fake_text(path, text);
}

static void put_links(const struct machine_fn *fn, const char *dir)
{
	char path[MAX_DIR + 64], target[MAX_DIR];

	if (fn->driver) {
		snprintf(path, sizeof(path), "%s/driver", dir);
		snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", fn->driver);
		fake_link(path, target);
		if (strstr(fn->driver, "vfio")) {
			snprintf(path, sizeof(path), "%s/vfio-dev/vfio7/dev", dir);
			fake_text(path, "511:7\n");
		}
	}
	if (fn->physfn) {
		snprintf(path, sizeof(path), "%s/physfn", dir);
		snprintf(target, sizeof(target), "../%s", fn->physfn);
		fake_link(path, target);
	}
	if (fn->group != MACHINE_NO_GROUP) {
		snprintf(path, sizeof(path), "%s/iommu_group", dir);
		snprintf(target, sizeof(target), "../../kernel/iommu_groups/%d", fn->group);
		fake_link(path, target);
		snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/devices/%s", fn->group,
			 last_of(fn->path));
		snprintf(target, sizeof(target), "../../../../devices/%s", fn->path);
		fake_link(path, target);
	}
	if (!fn->rdma)
		return;
	snprintf(path, sizeof(path), "%s/infiniband/%s/ports/1/state", dir, fn->rdma);
	fake_text(path, "4: ACTIVE\n");
	snprintf(path, sizeof(path), "%s/infiniband_verbs/uverbs0/ibdev", dir);
	snprintf(target, sizeof(target), "%s\n", fn->rdma);
	fake_text(path, target);
	snprintf(path, sizeof(path), "sys/class/infiniband/%s/device", fn->rdma);
	snprintf(target, sizeof(target), "../../../devices/%s", fn->path);
	fake_link(path, target);
}

void machine_add(const struct machine_fn *fn)
{
	unsigned char cfg[CONFIG_SIZE];
	char dir[MAX_DIR], path[MAX_DIR + 64];

	snprintf(dir, sizeof(dir), "sys/devices/%s", fn->path);
	fake_mkdir(dir);
	put_number(dir, "vendor", 4, fn->vendor);
	put_number(dir, "device", 4, fn->device);
	put_number(dir, "class", 6, fn->class_code);
	snprintf(path, sizeof(path), "%s/resource", dir);
	fake_text(path, "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			"0x0000002000000000 0x0000002003ffffff 0x000000000014220c\n");
	snprintf(path, sizeof(path), "%s/config", dir);
	build_config(fn, cfg);
	if (fn->physfn)
		build_vf_config(cfg);
	fake_write(path, cfg, sizeof(cfg));
	put_links(fn, dir);
	snprintf(path, sizeof(path), DEVICES "/%s", last_of(fn->path));
	snprintf(dir, sizeof(dir), "../../../devices/%s", fn->path);
	fake_link(path, dir);
}

void machine_clear(void)
{
	fake_remove("sys");
	fake_mkdir(DEVICES);
	fake_mkdir("proc");
}

void machine_build(const struct machine_fn *fns)
{
	machine_clear();
	for (; fns->path; fns++)
		machine_add(fns);
}

void machine_truncate_config(const char *bdf, unsigned int size)
{
	if (truncate(fake_path(DEVICES "/%s/config", bdf), size))
		perror("truncate");
}

void machine_config(const char *bdf, unsigned int offset, uint32_t value, unsigned int size)
{
	char path[256];

	snprintf(path, sizeof(path), DEVICES "/%s/config", bdf);
	fake_bytes(path, offset, &value, size);
}
