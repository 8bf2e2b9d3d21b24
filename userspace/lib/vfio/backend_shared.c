// SPDX-License-Identifier: MIT
/*
 * A device that the caller's own vfio code has opened, by a group or by a
 * character device that it has bound. The library works on a duplicate of
 * the descriptor: the same open device, so what one side does to it the other
 * sees, and the kernel closes it when both sides have. Container, group and
 * iommufd stay with the caller; the open device keeps what it needs of them.
 */
#define _GNU_SOURCE /* realpath, statx */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/vfio/backend.h"
#include "lib/pci/sysfs.h"
#include "lib/vfio/vfio.h"
#include "util/fd.h"

#define ID_SIZE 4 /* vendor and device, at the start of config */

/* The device file of a group has no type and no path, but this name. */
#define ANON_NAME "anon_inode:[vfio-device]"

static int fail_foreign(struct tphbuf_device *dev, int fd, const char *why)
{
	return ctx_fail(dev->ctx, TPHBUF_STAGE_OPEN, -EINVAL,
			"descriptor %d is not a vfio device (%s); pass the one of VFIO_GROUP_GET_DEVICE_FD or of /dev/vfio/devices",
			fd, why);
}

static int check_vfio_fd(struct tphbuf_device *dev, int fd)
{
	uint32_t flags;
	int ret = vfio_device_flags(dev->fd, &flags);

	if (ret == -EINVAL)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_BIND, ret,
				"descriptor %d: the device is not bound to an iommufd yet; bind it (VFIO_DEVICE_BIND_IOMMUFD) before handing it over",
				fd);
	if (ret)
		return fail_foreign(dev, fd, strerror(-ret));
	if (!(flags & VFIO_DEVICE_FLAGS_PCI))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_OPEN, -EINVAL,
				"descriptor %d is not a PCI device; only PCI devices have BARs to export",
				fd);
	return 0;
}

/*
 * The function of a character device: /sys/dev/char/MAJOR:MINOR leads to
 * .../BDF/vfio-dev/vfioN. Return: 0, -ENOENT if it is none of vfio's, -errno.
 */
static int bdf_of_cdev(struct tphbuf_ctx *ctx, dev_t number, char *bdf)
{
	char link[PATH_MAX], path[PATH_MAX], *name;
	int n;

	n = snprintf(link, sizeof(link), "%s/dev/char/%u:%u", ctx->sysfs_root, major(number),
		     minor(number));
	if ((size_t)n >= sizeof(link))
		return -ENAMETOOLONG;
	if (!realpath(link, path))
		return -errno;
	/* An absolute path has a slash. */
	/* cppcheck-suppress nullPointerRedundantCheck */
	*strrchr(path, '/') = '\0';
	name = strrchr(path, '/');
	if (!name || strcmp(name, "/vfio-dev"))
		return -ENOENT;
	*name = '\0';
	name = strrchr(path, '/');
	return name && !tphbuf_bdf_parse(name + 1, bdf) ? 0 : -ENOENT;
}

/* A group's descriptor does not name its device: compare vendor and device ID. */
static int check_ids(struct tphbuf_device *dev, int fd)
{
	unsigned char id[ID_SIZE];
	uint64_t vendor, device;
	uint64_t size, offset;
	uint32_t flags;
	ssize_t n;
	int ret;

	ret = sysfs_read_u64(dev->ctx, dev->bdf, "vendor", &vendor);
	if (!ret)
		ret = sysfs_read_u64(dev->ctx, dev->bdf, "device", &device);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret, "%s: identification",
				      dev->bdf);
	ret = vfio_region_info(dev->fd, VFIO_PCI_CONFIG_REGION_INDEX, &size, &offset, &flags);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, ret, "%s: config region",
				      dev->bdf);
	n = fd_pread(dev->fd, id, sizeof(id), (off_t)offset);
	if (n != sizeof(id))
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_REGION, n < 0 ? (int)n : -EIO,
				      "%s: config space", dev->bdf);
	if (vendor == (id[0] | (uint64_t)id[1] << 8) && device == (id[2] | (uint64_t)id[3] << 8))
		return 0;
	return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			"descriptor %d is a device %02x%02x:%02x%02x and not %s; pass the address it was opened by",
			fd, id[1], id[0], id[3], id[2], dev->bdf);
}

static int check_cdev(struct tphbuf_device *dev, int fd, dev_t number)
{
	char bdf[TPHBUF_BDF_MAX];
	int ret = bdf_of_cdev(dev->ctx, number, bdf);

	if (ret == -ENOENT)
		return fail_foreign(dev, fd,
				    "a character device that sysfs does not show as vfio's");
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret,
				      "descriptor %d: character device %u:%u", fd, major(number),
				      minor(number));
	if (dev->bdf[0] && strcmp(dev->bdf, bdf))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"descriptor %d is %s and not %s; pass the address it was opened by",
				fd, bdf, dev->bdf);
	memcpy(dev->bdf, bdf, sizeof(bdf));
	return 0;
}

/* True if procfs shows the file as the device of a group, which has no type. */
static bool is_group_device(struct tphbuf_device *dev)
{
	char path[PATH_MAX], target[sizeof(ANON_NAME)];
	ssize_t n;

	n = snprintf(path, sizeof(path), "%s/self/fd/%d", dev->ctx->proc_root, dev->fd);
	if ((size_t)n >= sizeof(path))
		return true;
	n = readlink(path, target, sizeof(target));
	return n < 0 || (n == sizeof(ANON_NAME) - 1 && !memcmp(target, ANON_NAME, (size_t)n));
}

/*
 * The descriptor may come from a peer, and the peer may serve the file itself
 * (FUSE): the type of the file is checked before any ioctl(). fstat() on a file
 * of FUSE would wait for its server, too.
 */
static int check_file(struct tphbuf_device *dev, int fd, bool *is_cdev)
{
	struct statx st;

	if (statx(dev->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st))
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_OPEN, -errno, "descriptor %d", fd);
	*is_cdev = S_ISCHR(st.stx_mode);
	if (*is_cdev)
		return check_cdev(dev, fd, makedev(st.stx_rdev_major, st.stx_rdev_minor));
	if (st.stx_mode & S_IFMT || !is_group_device(dev))
		return fail_foreign(dev, fd,
				    "neither a character device nor what a group gives out");
	return 0;
}

static int check_group_device(struct tphbuf_device *dev, int fd)
{
	if (!dev->bdf[0])
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"descriptor %d comes from a group and does not tell its device; pass the PCI address too",
				fd);
	return check_ids(dev, fd);
}

static void shared_close(struct tphbuf_device *dev)
{
	fd_close(dev->fd);
}

static const struct device_backend backend_shared = {
	.name = "shared",
	.close = shared_close,
};

int shared_open(struct tphbuf_device *dev, int fd)
{
	bool is_cdev;
	int ret;

	dev->backend = &backend_shared;
	dev->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (dev->fd < 0)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_OPEN, -errno, "descriptor %d", fd);
	ret = check_file(dev, fd, &is_cdev);
	if (!ret)
		ret = check_vfio_fd(dev, fd);
	return ret || is_cdev ? ret : check_group_device(dev, fd);
}
