/* SPDX-License-Identifier: MIT */
/*
 * PCI functions: what sysfs says about any of them, and those opened
 * through vfio.
 *
 * A device is opened in one of two ways: its character device
 * /dev/vfio/devices/vfioN is bound to a private iommufd context and attached
 * to an empty I/O address space; or its IOMMU group /dev/vfio/GROUP is put
 * into a private, empty container. Either way it can do no DMA to memory of
 * this process. The device is exclusively ours while it is open; the kernel
 * resets it on open and on close, and a close revokes every dma-buf exported
 * from it. A device that the caller's own code has open can be shared.
 */
#ifndef TPHBUF_DEVICE_H
#define TPHBUF_DEVICE_H

#include <tphbuf/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_NUM_BARS 6
#define TPHBUF_BDF_MAX	20 /* "ffffffff:03:00.0" with its NUL, and room */
#define TPHBUF_NAME_MAX 64 /* as IB_DEVICE_NAME_MAX */

struct tphbuf_device;

/* TPH support: values of DevCap2[13:12] and of the TPH requester fields */
enum tphbuf_tph {
	TPHBUF_TPH_UNKNOWN = -1, /* config space could not be read */
	TPHBUF_TPH_NONE = 0,
	TPHBUF_TPH_ST = 1,     /* 8-bit tags */
	TPHBUF_TPH_ST_EXT = 3, /* 8-bit and Extended tags */
};

/* Where a TPH requester keeps its steering tag table */
enum tphbuf_st_table {
	TPHBUF_ST_TABLE_NONE, /* none: device specific (direct) */
	TPHBUF_ST_TABLE_CAP,  /* in the TPH capability */
	TPHBUF_ST_TABLE_MSIX, /* in the MSI-X table */
};

/* Bits of tphbuf_bar.flags */
#define TPHBUF_BAR_PRESENT    (1u << 0)
#define TPHBUF_BAR_IO	      (1u << 1)
#define TPHBUF_BAR_64BIT      (1u << 2)
#define TPHBUF_BAR_PREFETCH   (1u << 3)
#define TPHBUF_BAR_MAPPABLE   (1u << 4) /* open device only */
#define TPHBUF_BAR_EXPORTABLE (1u << 5) /* open device only */

/**
 * struct tphbuf_bar - one base address register
 * @size: bytes; 0 if the BAR does not exist
 * @addr: bus address as sysfs shows it, 0 if it is hidden or unassigned
 * @flags: TPHBUF_BAR_ bits
 */
struct tphbuf_bar {
	uint64_t size;
	uint64_t addr;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * struct tphbuf_pci_info - what is known about a PCI function
 * @size: sizeof(struct tphbuf_pci_info)
 * @bdf: domain:bus:device.function
 * @driver: bound driver, empty if none. This and the other names are empty,
 *	too, if they do not fit, for example of a renamed RDMA device
 * @vfio: vfio character device ("vfio0"), empty if not bound to a vfio driver
 * @iommu_group: number, -1 if there is none
 * @vendor, @device, @class_code: identification
 * @command: PCI command register; 0xffff if config space cannot be read
 * @completer: TPH completer support: what tags others may send to it
 * @requester: TPH requester capability: what tags it can send
 * @requester_enabled: what it is enabled to send now
 * @st_table, @st_entries: its steering tag table
 * @bar: base address registers
 * @rdma: its RDMA device ("mlx5_0"), empty if it has none
 *
 * The TPH fields read TPHBUF_TPH_UNKNOWN if the process may not read the
 * extended config space (sysfs shows 64 bytes to unprivileged users).
 */
struct tphbuf_pci_info {
	size_t size;
	char bdf[TPHBUF_BDF_MAX];
	char driver[TPHBUF_NAME_MAX];
	char vfio[TPHBUF_NAME_MAX];
	int32_t iommu_group;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	uint16_t command;
	uint16_t st_entries;
	enum tphbuf_tph completer;
	enum tphbuf_tph requester;
	enum tphbuf_tph requester_enabled;
	enum tphbuf_st_table st_table;
	struct tphbuf_bar bar[TPHBUF_NUM_BARS];
	char rdma[TPHBUF_NAME_MAX];
};

/**
 * tphbuf_bdf_parse() - bring a PCI address into the form sysfs uses
 * @text: "0000:03:00.0", "0:03:00.0" or "03:00.0"
 * @bdf: result, TPHBUF_BDF_MAX bytes
 *
 * Return: 0 or -EINVAL.
 */
TPHBUF_API int tphbuf_bdf_parse(const char *text, char *bdf);

/**
 * tphbuf_pci_read() - describe one function from sysfs, without opening it
 * @ctx: context, which records the text of an error
 * @bdf: its address
 * @info: result; @info->size set by the caller
 *
 * Return: 0, -EINVAL, -ENODEV (no such function), other errors of sysfs.
 */
TPHBUF_API int tphbuf_pci_read(struct tphbuf_ctx *ctx, const char *bdf,
			       struct tphbuf_pci_info *info);

/**
 * tphbuf_pci_list() - addresses of all functions, sorted
 * @ctx: context, which records the text of an error
 * @bdfs: array to be freed with tphbuf_pci_list_free()
 * @n: number of elements; may be 0
 *
 * Return: 0, -ENOMEM, errors of sysfs.
 */
TPHBUF_API int tphbuf_pci_list(struct tphbuf_ctx *ctx, char (**bdfs)[TPHBUF_BDF_MAX], size_t *n);

/**
 * tphbuf_pci_list_free() - free the array of tphbuf_pci_list()
 * @bdfs: array, or NULL
 */
TPHBUF_API void tphbuf_pci_list_free(char (*bdfs)[TPHBUF_BDF_MAX]);

/* The ways to open a device */
enum tphbuf_backend {
	/*
	 * The character device; the group if the kernel or the container has
	 * no character device, or its permissions close it to this user.
	 */
	TPHBUF_BACKEND_AUTO,
	TPHBUF_BACKEND_IOMMUFD, /* character device and iommufd */
	TPHBUF_BACKEND_GROUP,	/* group and container */
};

/* Bits of tphbuf_device_opts.flags */
/*
 * Open a device that no IOMMU isolates: it can write to all memory of the
 * machine. Needs CAP_SYS_RAWIO. Without this flag such a device is refused.
 */
#define TPHBUF_DEVICE_NOIOMMU (1u << 0)

/**
 * struct tphbuf_device_opts - options of tphbuf_device_open()
 * @size: sizeof(struct tphbuf_device_opts)
 * @vf_token: UUID text of the VF token, or NULL. Needed for a VF whose PF is
 *	bound to vfio-pci and for a PF whose VFs are in use; for a PF whose
 *	VFs are not in use it becomes their token; refused for other devices.
 *	Never logged.
 * @backend: back end to open it with
 * @flags: TPHBUF_DEVICE_ bits
 */
struct tphbuf_device_opts {
	size_t size;
	const char *vf_token;
	enum tphbuf_backend backend;
	uint32_t flags;
};

/**
 * tphbuf_device_open() - open a function bound to a vfio driver
 * @ctx: context, which records the text of an error
 * @where: its PCI address, or a path in sysfs that leads to it (anything
 *	with a slash), such as /sys/bus/pci/devices/0000:03:00.0
 * @opts: options or NULL
 * @dev: where the device goes
 *
 * The kernel resets the function and switches its memory decoding on. Each
 * node that is opened must have the device number that sysfs shows for it, so
 * that a stale or mounted node of another device is not taken for this one.
 *
 * Return: 0; -ESTALE (a node is another device, or not a character device); -EINVAL (address, options, token), -ENODEV (no such function),
 * -ENXIO (not bound to a vfio driver), -EOPNOTSUPP (kernel without the back
 * end; no IOMMU), -EBUSY (open elsewhere), -EACCES (permission for the node;
 * a VF token is needed or is the wrong one), -EPERM (the group is not viable:
 * another function of it belongs to a kernel driver) and others from the
 * kernel.
 */
TPHBUF_API int tphbuf_device_open(struct tphbuf_ctx *ctx, const char *where,
				  const struct tphbuf_device_opts *opts, struct tphbuf_device **dev);

/**
 * tphbuf_device_from_fd() - share a device that the caller has open
 * @ctx: context, which records the text of an error
 * @fd: vfio device descriptor, of VFIO_GROUP_GET_DEVICE_FD or of a character
 *	device that is bound to an iommufd. Duplicated: the caller keeps its
 *	own, and its group, container and iommufd
 * @where: as for tphbuf_device_open(); NULL if @fd is a character device,
 *	which tells
 * @dev: where the device goes
 *
 * Both sides work on one open device: a reset or tphbuf_device_memory() here
 * is seen there and the other way round, and the kernel closes the device,
 * and revokes its dma-bufs, when both have closed it. Nothing is done to it
 * that is not asked for.
 *
 * Return: 0; -EBADF, -EINVAL (not a vfio PCI device, not bound, not the
 * device @where names), -ENODEV, -EMFILE, -ENOMEM, others from the kernel.
 */
TPHBUF_API int tphbuf_device_from_fd(struct tphbuf_ctx *ctx, int fd, const char *where,
				     struct tphbuf_device **dev);

/**
 * tphbuf_device_close() - drop the caller's hold of the device
 * @dev: device
 *
 * The device is closed for the kernel when the last buffer made from it is
 * closed too, and no registry has regions of such a buffer. Mappings made by tphbuf_device_map() are the caller's to undo.
 */
TPHBUF_API void tphbuf_device_close(struct tphbuf_device *dev);

/**
 * tphbuf_device_fd() - the vfio device descriptor, owned by the library
 * @dev: device
 */
TPHBUF_API int tphbuf_device_fd(const struct tphbuf_device *dev);

/**
 * tphbuf_device_bdf() - "0000:03:00.0"
 * @dev: device
 */
TPHBUF_API const char *tphbuf_device_bdf(const struct tphbuf_device *dev);

/**
 * tphbuf_device_backend() - how it is open: "iommufd", "group", "shared"
 * @dev: device
 */
TPHBUF_API const char *tphbuf_device_backend(const struct tphbuf_device *dev);

/* Regions behind the BARs 0 to 5 */
#define TPHBUF_REGION_ROM    6
#define TPHBUF_REGION_CONFIG 7

/* Bits of tphbuf_region.flags */
#define TPHBUF_REGION_READ  (1u << 0)
#define TPHBUF_REGION_WRITE (1u << 1)
#define TPHBUF_REGION_MMAP  (1u << 2)

/**
 * struct tphbuf_region - a region of the device descriptor
 * @size: sizeof(struct tphbuf_region)
 * @length: bytes; 0 if the device does not have it
 * @offset: where it begins in tphbuf_device_fd(), for pread() and pwrite()
 * @flags: TPHBUF_REGION_ bits: what can be done with it
 */
struct tphbuf_region {
	size_t size;
	uint64_t length;
	uint64_t offset;
	uint32_t flags;
};

/**
 * tphbuf_device_region() - where a BAR, the ROM or config space is
 * @dev: device
 * @index: 0..5, TPHBUF_REGION_ROM or TPHBUF_REGION_CONFIG
 * @region: result; @region->size set by the caller
 *
 * For what tphbuf_device_map() cannot map: I/O ports, BARs below a page.
 * Return: 0, -EINVAL, errors of the kernel.
 */
TPHBUF_API int tphbuf_device_region(struct tphbuf_device *dev, unsigned int index,
				    struct tphbuf_region *region);

/**
 * tphbuf_device_info() - describe an open device
 * @dev: device
 * @info: where the answer goes; its size member is set by the caller
 *
 * As tphbuf_pci_read(), with the BARs and the TPH fields as vfio shows them.
 */
TPHBUF_API int tphbuf_device_info(struct tphbuf_device *dev, struct tphbuf_pci_info *info);

/**
 * tphbuf_device_map() - map part of a BAR for the CPU
 * @dev: device
 * @bar: 0..5
 * @offset, @length: whole pages inside the BAR
 * @addr: where the address goes
 *
 * Access width: as for tphbuf_buffer_map().
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP (the BAR cannot be mapped), -errno of mmap.
 */
TPHBUF_API int tphbuf_device_map(struct tphbuf_device *dev, unsigned int bar, uint64_t offset,
				 uint64_t length, void **addr);

/**
 * tphbuf_device_unmap() - undo tphbuf_device_map() of the same length
 * @dev: device
 * @addr: address
 * @length: length in bytes
 */
TPHBUF_API void tphbuf_device_unmap(struct tphbuf_device *dev, void *addr, uint64_t length);

/**
 * tphbuf_device_memory() - switch memory decoding (PCI_COMMAND) on or off
 * @dev: device
 * @on: true to switch it on
 *
 * The kernel switches decoding on when the device is opened; it is off only if
 * a process that has the same device open switched it off. Off revokes all
 * dma-bufs of the device; on restores them. A dma-buf exported while decoding
 * is off is revoked from the start: a process that shares the device, or has
 * switched decoding off, switches it on before it exports.
 *
 * Return: 0; -EIO (no answer, or on in power state D3hot, where memory does not
 * answer: wake the device by D0 in its power management register), -errno of
 * the config region.
 */
TPHBUF_API int tphbuf_device_memory(struct tphbuf_device *dev, bool on);

/**
 * tphbuf_device_reset() - function reset
 * @dev: device
 *
 * Buffers are revoked during the reset and usable after it if memory
 * decoding is on. Return: 0, -EOPNOTSUPP if the function has no reset method.
 */
TPHBUF_API int tphbuf_device_reset(struct tphbuf_device *dev);

#ifdef __cplusplus
}
#endif

#endif
