// SPDX-License-Identifier: MIT
/*
 * What an errno value means at each stage: the one place where error numbers
 * become words. Causes were read in Linux 7.3: drivers/vfio (device_cdev.c,
 * vfio_main.c, pci/vfio_pci_core.c, pci/vfio_pci_dmabuf.c), drivers/iommu
 * (iommufd/device.c, iommu.c), drivers/pci/p2pdma.c, drivers/infiniband.
 */
#define _GNU_SOURCE /* strerrordesc_np */
#include <errno.h>
#include <string.h>

#include "lib/core/internal.h"
#include "util/remedy.h"

/* ENOTSUPP of include/linux/errno.h, which the C library does not name */
#define KERNEL_ENOTSUPP 524

static const char *const stage_names[] = {
	[TPHBUF_STAGE_NONE] = "none",	    [TPHBUF_STAGE_ARGUMENT] = "argument",
	[TPHBUF_STAGE_LOOKUP] = "lookup",   [TPHBUF_STAGE_OPEN] = "open",
	[TPHBUF_STAGE_BIND] = "bind",	    [TPHBUF_STAGE_ATTACH] = "attach",
	[TPHBUF_STAGE_REGION] = "region",   [TPHBUF_STAGE_RESET] = "reset",
	[TPHBUF_STAGE_EXPORT] = "export",   [TPHBUF_STAGE_IMPORT] = "import",
	[TPHBUF_STAGE_TAG] = "tag",	    [TPHBUF_STAGE_REGISTER] = "register",
	[TPHBUF_STAGE_APPLIED] = "applied", [TPHBUF_STAGE_ALLOCATE] = "allocate",
	[TPHBUF_STAGE_DRM] = "drm",	    [TPHBUF_STAGE_SHARE] = "share",
	[TPHBUF_STAGE_STEER] = "steer",
};

#define NR_STAGES (sizeof(stage_names) / sizeof(stage_names[0]))

struct explanation {
	enum tphbuf_stage stage;
	int err;
	const char *text;
};

static const struct explanation explanations[] = {
	{ TPHBUF_STAGE_LOOKUP, ENODEV, "there is no such PCI function; see lspci -D" },
	{ TPHBUF_STAGE_LOOKUP, ENOENT, "sysfs has no such file; check that /sys is mounted" },
	{ TPHBUF_STAGE_LOOKUP, ENOTDIR,
	  "a component of the path is not a directory; give the directory that stands for /sys" },

	{ TPHBUF_STAGE_OPEN, ENOENT,
	  "the device node is missing; load iommufd and vfio, use a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV (CONFIG_VFIO_GROUP for the group back end), and pass the node into the container if there is one" },
	{ TPHBUF_STAGE_OPEN, EACCES,
	  "no permission to open the device node; run as root, or give your group the node by a udev rule" },
	{ TPHBUF_STAGE_OPEN, EPERM,
	  "opening the device node is forbidden, probably by a device cgroup; allow the node in the container's device list (a device without IOMMU also needs CAP_SYS_RAWIO)" },
	{ TPHBUF_STAGE_OPEN, ENODEV,
	  "the device went away; check that it is still bound to vfio-pci" },
	{ TPHBUF_STAGE_OPEN, EBUSY,
	  "the device or its IOMMU group is in use; close the program that has it open" },
	{ TPHBUF_STAGE_OPEN, EISDIR,
	  "a folder lies in place of the device node, as a container runtime makes one for a node that the host does not have; remove the folder and pass the node" },
	{ TPHBUF_STAGE_OPEN, ESTALE,
	  "the node is another device than the one asked for; remove the stale or mounted node" },
	{ TPHBUF_STAGE_OPEN, EBADF,
	  "the descriptor is not open; pass one that is open in this process" },

	{ TPHBUF_STAGE_BIND, EACCES,
	  "the kernel wants the right VF token (dmesg: \"VF token required\" or \"Incorrect VF token\"); pass the token its PF was opened with" },
	{ TPHBUF_STAGE_BIND, EINVAL,
	  "the device is open in another program, or got a VF token that it does not take, or its IOMMU cannot enforce cache coherency; find the program with fuser on the device node, see dmesg" },
	{ TPHBUF_STAGE_BIND, EBUSY,
	  "the device or its IOMMU group is in use by another program or kernel driver; close that program, and unbind or bind to vfio-pci every function of the group" },
	{ TPHBUF_STAGE_BIND, EPERM,
	  "another function of its IOMMU group belongs to a kernel driver, or the platform has no interrupt remapping; bind all functions of the group to vfio-pci, switch interrupt remapping on in firmware (or set iommufd.allow_unsafe_interrupts=1)" },
	{ TPHBUF_STAGE_BIND, ENODEV,
	  "the device went away or is being unbound; check that it is still bound to vfio-pci" },
	{ TPHBUF_STAGE_BIND, ENOTTY,
	  "this kernel has no vfio character devices; use Linux 6.6 or later with CONFIG_VFIO_DEVICE_CDEV" },
	{ TPHBUF_STAGE_BIND, EIO, "the device does not answer; power it up or reset the slot" },

	{ TPHBUF_STAGE_ATTACH, EINVAL,
	  "the IOMMU cannot give the device an address space beside those in use; detach the other users of its IOMMU group" },
	{ TPHBUF_STAGE_ATTACH, EPERM,
	  "the IOMMU group is not viable: another program or a kernel driver uses a function of it, or there is no interrupt remapping; close that program, bind all functions of the group to vfio-pci, switch interrupt remapping on in firmware" },
	{ TPHBUF_STAGE_ATTACH, EBUSY,
	  "the IOMMU group already has another address space; close the program that uses a function of the same group" },
	{ TPHBUF_STAGE_ATTACH, ENODEV,
	  "no IOMMU translates for the device; switch the IOMMU on in firmware and with intel_iommu=on or amd_iommu=on" },
	{ TPHBUF_STAGE_ATTACH, ENOTTY,
	  "this kernel's iommufd lacks the call; use Linux 6.6 or later" },

	{ TPHBUF_STAGE_REGION, EINVAL,
	  "the kernel refused the region or the mapping; see which BARs the device has, and whether they can be mapped, with tphbuf info" },
	{ TPHBUF_STAGE_REGION, EIO,
	  "the device does not answer; it may be in reset or powered down" },
	{ TPHBUF_STAGE_REGION, ENODEV,
	  "the device went away; check that it is still bound to vfio-pci" },
	{ TPHBUF_STAGE_REGION, EPERM,
	  "the process may not map the device; check the security policy of the container" },

	{ TPHBUF_STAGE_RESET, EOPNOTSUPP,
	  "the function has no reset method (FLR, PM or bus reset); see reset_method in its sysfs directory" },
	{ TPHBUF_STAGE_RESET, EAGAIN, "the function is locked by another reset; try again" },
	{ TPHBUF_STAGE_RESET, EBUSY, "the function is busy; stop its users and try again" },

	{ TPHBUF_STAGE_EXPORT, ENOTTY,
	  "this kernel has no vfio dma-buf export; use Linux 6.19 or later with CONFIG_PCI_P2PDMA and CONFIG_DMA_SHARED_BUFFER" },
	{ TPHBUF_STAGE_EXPORT, EOPNOTSUPP,
	  "the vfio driver of this device cannot export dma-bufs; bind it to vfio-pci instead of the variant driver" },
	{ TPHBUF_STAGE_EXPORT, ENODEV,
	  "the kernel could not claim the BAR, or the device went away; see dmesg for a resource conflict" },
	{ TPHBUF_STAGE_EXPORT, EINVAL,
	  "the kernel cannot use the BAR for peer-to-peer access: not a memory BAR, or peer-to-peer set-up failed when the driver was bound; see dmesg and bind the driver again" },
	{ TPHBUF_STAGE_EXPORT, EOVERFLOW,
	  "a range wraps around the address space; give smaller ranges" },

	{ TPHBUF_STAGE_IMPORT, EBADF,
	  "the descriptor is not open; pass one that is open in this process" },
	{ TPHBUF_STAGE_IMPORT, EINVAL,
	  "this descriptor is not a dma-buf; pass one made by vfio, DRM, udmabuf or a dma-heap" },
	{ TPHBUF_STAGE_IMPORT, ENOENT,
	  "procfs does not show the descriptor; mount /proc, or correct proc_root of the context" },

	{ TPHBUF_STAGE_TAG, ENOTTY,
	  "this kernel has no tags for vfio dma-bufs; boot a kernel with the dma-buf TPH series" },
	{ TPHBUF_STAGE_TAG, EOPNOTSUPP,
	  "the device is not a TPH completer for such a tag (DevCap2), or the kernel lacks CONFIG_PCIE_TPH; see the completer line of tphbuf info" },
	{ TPHBUF_STAGE_TAG, EPROTO,
	  "the kernel uses the number of the TPH feature for something else; use a libtphbuf built for this kernel" },
	{ TPHBUF_STAGE_TAG, EINVAL,
	  "the kernel refused it: the dma-buf does not come from this device, or from before its last open; export again, tag it through the device it came from" },
	{ TPHBUF_STAGE_TAG, EBADF,
	  "the dma-buf descriptor is closed; keep it open until the tag is set" },
	{ TPHBUF_STAGE_TAG, ENODEV, "the device was closed, so its dma-bufs are dead; export again" },
	{ TPHBUF_STAGE_TAG, EINTR, "a signal interrupted it; try again" },

	{ TPHBUF_STAGE_REGISTER, EOPNOTSUPP,
	  "the RDMA driver cannot import it: it has no dma-buf registration, or cannot give up a revoked buffer, which vfio demands (rxe, siw, efa, bnxt_re and mlx5 data-direct are such); use mlx5 with on-demand paging, or irdma" },
	{ TPHBUF_STAGE_REGISTER, KERNEL_ENOTSUPP,
	  "the exporter of the dma-buf does not let other devices reach its memory (no peer-to-peer); use another exporter, or a copy in host memory" },
	{ TPHBUF_STAGE_REGISTER, EFAULT,
	  "the NIC's driver could not map the pages of the buffer; check that it is not revoked (device closed, in reset, or memory decoding off) and see dmesg" },
	{ TPHBUF_STAGE_REGISTER, EPROTONOSUPPORT,
	  "this kernel has no dma-buf registration for RDMA; use Linux 5.12 or later" },
	{ TPHBUF_STAGE_REGISTER, EINVAL,
	  "p2pdma refused the route from the NIC to the device (access control services, or a host bridge that is not on the kernel's list); put both under one PCIe switch, see dmesg for \"peer-to-peer\"; the kernel keeps the route of the first attach until the device is bound to its driver again" },
	{ TPHBUF_STAGE_REGISTER, EREMOTEIO,
	  "p2pdma refused the route from the NIC to the device; put both under one PCIe switch without ACS redirection, and bind the device to its driver again, because the kernel keeps the route of the first attach" },
	{ TPHBUF_STAGE_REGISTER, ENODEV,
	  "the buffer is revoked: its device is closed, in reset, in power state D3, or has memory decoding off; for D3 see power_state in its sysfs directory, and wake it by D0 in its power management register or VFIO_DEVICE_FEATURE_LOW_POWER_EXIT; memory decoding is switched on with tphbuf_device_memory()" },
	{ TPHBUF_STAGE_REGISTER, EAGAIN,
	  "the tag of the buffer kept changing during the registration, or the process's rdma cgroup has reached its limit; register again, deregister unused regions, or " REMEDY_RDMA_OBJECT },
	{ TPHBUF_STAGE_REGISTER, EBADF, "the dma-buf descriptor is closed; keep the buffer open" },
	{ TPHBUF_STAGE_REGISTER, ENOMEM,
	  "the NIC or the kernel is out of memory keys or memory; deregister unused regions" },
	{ TPHBUF_STAGE_REGISTER, EBUSY, "the region is in use by a memory window; free that first" },
	{ TPHBUF_STAGE_REGISTER, ENODATA,
	  "the tag is required but not applied; check the NIC's TPH state with tphbuf info" },

	{ TPHBUF_STAGE_APPLIED, EPROTONOSUPPORT, "this kernel has no RDMA netlink; load ib_core" },
	{ TPHBUF_STAGE_APPLIED, ENODEV, "the RDMA device went away; see rdma link" },

	{ TPHBUF_STAGE_ALLOCATE, EOPNOTSUPP,
	  "this kernel does not have it, or it is not in this container; use a kernel with CONFIG_UDMABUF and CONFIG_DMABUF_HEAPS_SYSTEM, and see /dev/udmabuf and /dev/dma_heap" },
	{ TPHBUF_STAGE_ALLOCATE, EACCES,
	  "no permission to open the device node; run as root, or give your group the node by a udev rule" },
	{ TPHBUF_STAGE_ALLOCATE, EINVAL,
	  "the kernel refuses that length; see size_limit_mb of the udmabuf module" },
	{ TPHBUF_STAGE_ALLOCATE, ENOMEM, "there is not enough memory; use a smaller length" },

	{ TPHBUF_STAGE_DRM, EBADF,
	  "the DRM node is not open; pass a descriptor of /dev/dri/cardN or renderDN" },
	{ TPHBUF_STAGE_DRM, EACCES,
	  "this DRM node may not do it; use the card node, and join the group video or render" },
	{ TPHBUF_STAGE_DRM, EOPNOTSUPP,
	  "the DRM driver cannot do it, or for an import the exporter refuses it, as vfio does with an importer that cannot give up a revoked buffer; see tphbuf_drm_query()" },
	{ TPHBUF_STAGE_DRM, ENOSYS, "the DRM driver has no such call; see tphbuf_drm_query()" },
	{ TPHBUF_STAGE_DRM, ENOTTY,
	  "the descriptor is not a DRM node; pass a descriptor of /dev/dri/cardN or renderDN" },
	{ TPHBUF_STAGE_DRM, EINVAL,
	  "the DRM driver refused the size, the handle or the buffer, or for device memory p2pdma refused the route to it; see dmesg" },
	{ TPHBUF_STAGE_DRM, ENOENT,
	  "there is no buffer with this handle; pass one of this DRM descriptor" },
	{ TPHBUF_STAGE_DRM, ENODEV,
	  "the buffer is revoked: its device is closed, in reset, powered down, or has memory decoding off" },
	{ TPHBUF_STAGE_DRM, ENOMEM, "the driver is out of memory; use a smaller length" },
	{ TPHBUF_STAGE_DRM, ELIBACC,
	  "libdrm_amdgpu.so.1 is not installed or too old; install libdrm-amdgpu1" },

	{ TPHBUF_STAGE_SHARE, ENOENT,
	  "there is no such socket; start the process that serves the buffer" },
	{ TPHBUF_STAGE_SHARE, ECONNREFUSED,
	  "no process listens on the socket; start the process that serves the buffer" },
	{ TPHBUF_STAGE_SHARE, EACCES, "no permission for the socket; join the group that owns it" },
	{ TPHBUF_STAGE_SHARE, EPROTOTYPE, "the socket is of another type; use SOCK_SEQPACKET" },
	{ TPHBUF_STAGE_SHARE, ENOTSOCK,
	  "the descriptor is not a socket; pass a connected SOCK_SEQPACKET unix socket" },
	{ TPHBUF_STAGE_SHARE, EBADF,
	  "the descriptor is not open; pass a connected SOCK_SEQPACKET unix socket" },
	{ TPHBUF_STAGE_SHARE, ENOTCONN,
	  "the socket is not connected; connect it, or pass the descriptor that accept() returned" },
	{ TPHBUF_STAGE_SHARE, EPIPE, "the peer is gone; start it again" },
	{ TPHBUF_STAGE_SHARE, ECONNRESET,
	  "the peer closed the socket without sending a buffer; see what it says" },
	{ TPHBUF_STAGE_SHARE, ETIMEDOUT,
	  "the peer did not answer in time; see whether it runs, or allow more time" },
	{ TPHBUF_STAGE_SHARE, EADDRINUSE,
	  "another process listens there, or the path is not a socket; use another path" },
	{ TPHBUF_STAGE_SHARE, ENAMETOOLONG,
	  "the path is too long for a unix socket (107 bytes, 103 to listen on); use a shorter one" },
	{ TPHBUF_STAGE_SHARE, EBUSY,
	  "another process holds the lock file beside the socket (its name ends in ~lock); stop that process, or use another path" },
	{ TPHBUF_STAGE_SHARE, ETOOMANYREFS,
	  "too many descriptors are on their way through sockets; receive some first" },

	{ TPHBUF_STAGE_STEER, ENOTTY,
	  "this kernel does not steer vfio devices, or the administrator has not allowed it for this one; boot a kernel with the vfio TPH_ST series, set the parameter tph_st of vfio-pci to confined or unsafe, and bind the device again" },
	{ TPHBUF_STAGE_STEER, EOPNOTSUPP,
	  "the device cannot be steered: no TPH requester, no root port that completes TPH, pci=notph, or at this level no table that could be set; see the requester line of tphbuf info" },
	{ TPHBUF_STAGE_STEER, EPROTO,
	  "the kernel uses the number of the feature for something else; use a libtphbuf built for this kernel" },
	{ TPHBUF_STAGE_STEER, EPERM,
	  "a CPU on which this thread may not run, or tags of a device that is not bound at level unsafe; widen the CPU affinity (taskset), or bind the device with tph_st=unsafe" },
	{ TPHBUF_STAGE_STEER, EINVAL,
	  "there is no such entry or CPU, or the firmware does not answer; see the entries in tphbuf info, and dmesg for the _DSM of the host bridge" },
	{ TPHBUF_STAGE_STEER, ENODATA,
	  "the firmware has no steering tag for the CPU, or none of the width that is enabled; try the other width" },
	{ TPHBUF_STAGE_STEER, ENODEV,
	  "the platform has no steering tags for requests of this device; put it below a root port of a platform whose firmware has the _DSM for them" },
	{ TPHBUF_STAGE_STEER, EIO,
	  "the control register reads back as off, or the device did not take the tags: an entry has no tag of that width, or the device is not in power state D0; set the entries again, or use the other width" },
};

/* What an errno value means where its stage has no text of its own. */
static const struct {
	int err;
	const char *text;
} common_explanations[] = {
	{ KERNEL_ENOTSUPP,
	  "the exporter or the driver does not support it, for example an exporter whose memory other devices cannot reach (no peer-to-peer); use another exporter, see dmesg" },
	{ EFAULT,
	  "the kernel could not access memory that the call needs; check that the address is mapped and the buffer is not revoked" },
	{ EPERM,
	  "the kernel does not permit it; check capabilities, kernel lockdown and the security policy of the container (seccomp, SELinux, device cgroup)" },
	{ EACCES, "no permission; run as root, or give your user access to the node by a udev rule" },
	{ EIO, "the device or its driver reports an error; see dmesg, reset the device" },
	{ ENOSPC,
	  "a table or quota of the device or the kernel is full; release what is not needed, see dmesg" },
	{ EMFILE, "the process has too many open files; raise its limit (ulimit -n)" },
	{ ENOMEM, "out of memory; free some, or raise the limits of the process and its cgroup" },
};

const char *tphbuf_stage_name(enum tphbuf_stage stage)
{
	if ((unsigned int)stage >= NR_STAGES)
		return "unknown";
	return stage_names[stage];
}

const char *tphbuf_explain(enum tphbuf_stage stage, int err)
{
	const char *text;
	size_t i;

	if (err < 0)
		err = -err;
	for (i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].stage == stage && explanations[i].err == err)
			return explanations[i].text;
	for (i = 0; i < sizeof(common_explanations) / sizeof(common_explanations[0]); i++)
		if (common_explanations[i].err == err)
			return common_explanations[i].text;
	text = strerrordesc_np(err);
	return text ? text : "unknown error";
}

bool tphbuf_is_unsupported(int err)
{
	switch (err < 0 ? -err : err) {
	case ENXIO: /* the driver bound to the device has no vfio */
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
	case EPROTO:
	case EPROTONOSUPPORT:
	case KERNEL_ENOTSUPP:
		return true;
	default:
		return false;
	}
}
