// SPDX-License-Identifier: MIT
/* The device whose memory is written. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "cli/doctor/device.h"
#include "cli/doctor/files.h"
#include "cli/doctor/node.h"
#include "cli/format.h"
#include "util/driver.h"
#include "util/remedy.h"

void rebind_remedy(char *remedy, size_t size, const char *bdf, const char *driver, const char *to)
{
	char unbind[160] = "";

	if (driver[0])
		snprintf(unbind, sizeof(unbind), "echo %s > /sys/bus/pci/drivers/%s/unbind; ", bdf,
			 driver);
	snprintf(remedy, size,
		 "echo %s%s> /sys/bus/pci/devices/%s/driver_override; %secho %s > /sys/bus/pci/drivers_probe",
		 to, to[0] ? " " : "", bdf, unbind, bdf);
}

static void check_driver(struct doctor *d)
{
	const struct tphbuf_pci_info *info = &d->device;
	char remedy[FINDING_TEXT_MAX];

	if (vfio_bound(info)) {
		report(d, SEVERITY_OK, "driver", "", "%s is bound to %s", info->bdf, info->driver);
		check_nodes(d);
		return;
	}
	rebind_remedy(remedy, sizeof(remedy), info->bdf, info->driver, "vfio-pci");
	report(d, SEVERITY_ERROR, "driver", remedy, "%s is bound to %s, not to vfio-pci", info->bdf,
	       info->driver[0] ? info->driver : "no driver");
}

static void check_power(struct doctor *d)
{
	const struct tphbuf_pci_info *info = &d->device;
	char state[32], remedy[FINDING_TEXT_MAX];
	bool vfio = vfio_bound(info);

	if (tree_read(d, TREE_SYS, state, sizeof(state), "bus/pci/devices/%s/power_state",
		      info->bdf) &&
	    !strncmp(state, "D3", 2)) {
		snprintf(remedy, sizeof(remedy),
			 "echo on > /sys/bus/pci/devices/%s/power/control keeps it in D0%s",
			 info->bdf,
			 vfio ? "; a process that has it open wakes it by D0 in its power management register, or by VFIO_DEVICE_FEATURE_LOW_POWER_EXIT" :
				"");
		report(d, vfio ? SEVERITY_NOTE : SEVERITY_WARNING, "power", remedy,
		       "%s is in power state %s: its memory does not answer%s", info->bdf, state,
		       vfio ? "; vfio wakes it when it is opened" : "");
		return;
	}
	report(d, SEVERITY_OK, "power", "", "%s is not in a low-power state", info->bdf);
}

/*
 * The user need not enable memory decoding: vfio does so when it opens the
 * device (vfio_pci_core_enable()). A VF has no bit for it: its register reads
 * as off. While the device is open, vfio's virtual register decides, which
 * sysfs does not show.
 */
static void check_memory(struct doctor *d)
{
	const struct tphbuf_pci_info *info = &d->device;
	char pf[64], path[PATH_MAX];

	if (info->command == UINT16_MAX &&
	    tree_path(d, TREE_SYS, path, sizeof(path), "bus/pci/devices/%s/config", info->bdf) &&
	    access(path, R_OK))
		report(d, SEVERITY_WARNING, "config", REMEDY_CONFIG_SPACE,
		       "the config registers of %s cannot be read (%s)", info->bdf, strerror(errno));
	else if (info->command == UINT16_MAX)
		report(d, SEVERITY_ERROR, "answers", "reset the slot; check the cable and dmesg",
		       "%s does not answer config requests", info->bdf);
	else if (tree_link(d, TREE_SYS, pf, sizeof(pf), "bus/pci/devices/%s/physfn", info->bdf))
		report(d, SEVERITY_OK, "memory", "",
		       "%s is a VF: its memory decoding is controlled by PF %s", info->bdf, pf);
	else if (!(info->command & PCI_COMMAND_MEMORY))
		report(d, SEVERITY_OK, "memory", "",
		       "%s has memory decoding off: vfio enables it when the device is opened",
		       info->bdf);
	else
		report(d, SEVERITY_OK, "memory", "", "%s decodes memory requests", info->bdf);
}

static void check_bars(struct doctor *d)
{
	const struct tphbuf_pci_info *info = &d->device;
	unsigned int usable = 0, i;

	for (i = 0; i < TPHBUF_NUM_BARS; i++) {
		const struct tphbuf_bar *bar = &info->bar[i];

		if (!(bar->flags & TPHBUF_BAR_PRESENT) || bar->flags & TPHBUF_BAR_IO)
			continue;
		if (!bar->addr)
			report(d, SEVERITY_ERROR, "bar",
			       "enable \"Above 4G decoding\" in the firmware setup, or boot with pci=realloc",
			       "BAR%u has no address: the windows of the bridges above are too small",
			       i);
		else if (bar->size >= (uint64_t)sysconf(_SC_PAGESIZE))
			usable++;
	}
	if (usable)
		report(d, SEVERITY_OK, "bar", "", "%u BARs of a page or more", usable);
	else
		report(d, SEVERITY_UNSUPPORTED, "bar", "use another function",
		       "%s has no memory BAR of a page or more", info->bdf);
}

static void check_completer(struct doctor *d)
{
	const struct tphbuf_pci_info *info = &d->device;

	switch (info->completer) {
	case TPHBUF_TPH_UNKNOWN:
		report(d, SEVERITY_WARNING, "completer", REMEDY_CONFIG_SPACE,
		       "the TPH registers of %s cannot be read", info->bdf);
		break;
	case TPHBUF_TPH_NONE:
		report(d, SEVERITY_UNSUPPORTED, "completer",
		       "use a device, or device firmware, whose DevCap2 shows TPHComp+ (lspci -vv)",
		       "%s takes no tags: it is not a TPH completer", info->bdf);
		break;
	default:
		report(d, SEVERITY_OK, "completer", "", "%s takes %s", info->bdf,
		       tph_text(info->completer));
	}
}

static void check_token(struct doctor *d)
{
	char pf[64], driver[64], vfs[16];
	const char *bdf = d->device.bdf;

	if (d->opts->vf_token)
		return;
	if (tree_link(d, TREE_SYS, pf, sizeof(pf), "bus/pci/devices/%s/physfn", bdf)) {
		if (tree_link(d, TREE_SYS, driver, sizeof(driver), "bus/pci/devices/%s/driver", pf) &&
		    driver_is_vfio(driver))
			report(d, SEVERITY_WARNING, "vf-token",
			       "give every command --vf-token UUID, the token that the PF was opened with",
			       "%s is a VF of %s, which is bound to %s", bdf, pf, driver);
		return;
	}
	if (vfio_bound(&d->device) &&
	    tree_read(d, TREE_SYS, vfs, sizeof(vfs), "bus/pci/devices/%s/sriov_numvfs", bdf) &&
	    strcmp(vfs, "0"))
		report(d, SEVERITY_WARNING, "vf-token",
		       "give every command --vf-token UUID, and the users of the VFs the same token",
		       "%s has %s VFs", bdf, vfs);
}

void check_device(struct doctor *d)
{
	check_driver(d);
	check_token(d);
	check_memory(d);
	check_power(d);
	check_bars(d);
	check_completer(d);
}

/* Off is the default, and nothing is wrong with it. */
static void check_steering(struct doctor *d, struct tphbuf_device *dev)
{
	struct tphbuf_steer_info info = { .size = sizeof(info) };

	if (tphbuf_device_steer_info(dev, &info))
		report(d, SEVERITY_OK, "steering", "", "not in use: %s",
		       tphbuf_ctx_error(d->cli->ctx));
	else if (!info.can)
		report(d, SEVERITY_OK, "steering", "",
		       "%s sends TPH requests if asked to, without steering tags (level confined, and no table in the TPH capability)",
		       tphbuf_device_bdf(dev));
	else
		report(d, SEVERITY_OK, "steering", "",
		       "%s sends steering tags of CPUs, up to %u bits%s", tphbuf_device_bdf(dev),
		       info.width,
		       info.can & TPHBUF_STEER_CAN_GET ? "; level unsafe: its user can send any tag" :
							 "");
}

/* Only the kernel can say what it supports. */
void check_tags(struct doctor *d)
{
	struct tphbuf_device_opts dev_opts = {
		.size = sizeof(dev_opts),
		.vf_token = d->opts->vf_token,
		.backend = d->opts->backend,
		.flags = d->opts->noiommu ? TPHBUF_DEVICE_NOIOMMU : 0,
	};
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_device *dev;
	unsigned int i, exportable = 0;
	int ret;

	ret = tphbuf_device_open(d->cli->ctx, d->device.bdf, &dev_opts, &dev);
	d->open_err = ret;
	if (ret) {
		report(d, tphbuf_is_unsupported(ret) ? SEVERITY_UNSUPPORTED : SEVERITY_ERROR,
		       "open", "", "%s", tphbuf_ctx_error(d->cli->ctx));
		return;
	}
	if (!tphbuf_device_info(dev, &info))
		for (i = 0; i < TPHBUF_NUM_BARS; i++)
			exportable += !!(info.bar[i].flags & TPHBUF_BAR_EXPORTABLE);
	if (exportable)
		report(d, SEVERITY_OK, "export", "", "%u BARs can be exported as dma-buf",
		       exportable);
	else
		report(d, SEVERITY_UNSUPPORTED, "export",
		       "boot a kernel with CONFIG_PCI_P2PDMA, CONFIG_DMA_SHARED_BUFFER and vfio dma-bufs (Linux 6.19), and bind vfio-pci, not a variant driver",
		       "no BAR of %s can be exported as dma-buf", info.bdf);
	ret = tphbuf_device_tag_probe(dev);
	if (ret)
		report(d, SEVERITY_UNSUPPORTED, "tags", "", "%s", tphbuf_ctx_error(d->cli->ctx));
	else
		report(d, SEVERITY_OK, "tags", "", "the kernel sets tags on dma-bufs of %s",
		       info.bdf);
	check_steering(d, dev);
	tphbuf_device_close(dev);
}
