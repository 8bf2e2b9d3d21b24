// SPDX-License-Identifier: MIT
/*
 * A vfio device by its character device and iommufd:
 * Documentation/driver-api/vfio.rst, "VFIO Device cdev".
 *
 * Every device gets an iommufd context of its own with one empty address
 * space: it can do no DMA to memory of this process. Exporting its BARs
 * needs no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/backend.h"
#include "lib/sysfs.h"
#include "lib/vfio.h"
#include "util/fd.h"
#include "util/uuid.h"

/* Name the reason why @dev has no vfio character device. */
static int fail_not_vfio(struct tphbuf_device *dev)
{
	char driver[TPHBUF_NAME_MAX] = "";
	int ret;

	ret = sysfs_link_name(dev->ctx, dev->bdf, "driver", driver,
			      sizeof(driver));
	if (ret && ret != -ENOENT)
		return fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret,
				  "%s: driver", dev->bdf);
	if (strstr(driver, "vfio"))
		return fail(dev->ctx, TPHBUF_STAGE_LOOKUP, -EOPNOTSUPP,
			    "%s: driver %s offers no vfio character device; use a kernel with CONFIG_VFIO_DEVICE_CDEV",
			    dev->bdf, driver);
	return fail(dev->ctx, TPHBUF_STAGE_LOOKUP, -EOPNOTSUPP,
		    "%s: not bound to vfio-pci (driver: %s); bind it with: driverctl set-override %s vfio-pci",
		    dev->bdf, driver[0] ? driver : "none", dev->bdf);
}

static int open_node(struct tphbuf_device *dev, const char *name, int *fdp)
{
	char path[PATH_MAX];
	int fd;

	fd = snprintf(path, sizeof(path), "%s/%s", dev->ctx->dev_root, name);
	fd = (size_t)fd < sizeof(path) ? fd_open(path, O_RDWR) : -ENAMETOOLONG;
	if (fd >= 0)
		fd = fd_above_std(fd);
	if (fd < 0)
		return fail_errno(dev->ctx, TPHBUF_STAGE_OPEN, fd, "%s (%s)",
				  path, dev->bdf);
	*fdp = fd;
	return 0;
}

static int open_nodes(struct tphbuf_device *dev)
{
	char vfio[TPHBUF_NAME_MAX];
	char node[TPHBUF_NAME_MAX + sizeof("vfio/devices/")];
	int ret;

	ret = sysfs_vfio_name(dev->ctx, dev->bdf, vfio, sizeof(vfio));
	if (ret == -ENOENT)
		return fail_not_vfio(dev);
	if (ret)
		return fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret,
				  "%s: vfio-dev", dev->bdf);
	if (!strncmp(vfio, "noiommu", strlen("noiommu")))
		return fail(dev->ctx, TPHBUF_STAGE_LOOKUP, -EOPNOTSUPP,
			    "%s: no IOMMU isolates the device (%s), refused; switch the IOMMU on and bind the device again",
			    dev->bdf, vfio);
	snprintf(node, sizeof(node), "vfio/devices/%s", vfio);
	ret = open_node(dev, node, &dev->fd);
	return ret ? ret : open_node(dev, "iommu", &dev->iommufd);
}

static int cdev_open(struct tphbuf_device *dev,
		     const struct tphbuf_device_opts *opts)
{
	unsigned char token[UUID_SIZE];
	uint32_t ioas;
	int ret;

	if (opts->vf_token && uuid_text_parse(opts->vf_token, token))
		return fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "%s: the VF token is no UUID; use the form 01234567-89ab-cdef-0123-456789abcdef",
			    dev->bdf);
	ret = open_nodes(dev);
	if (ret)
		return ret;
	ret = vfio_bind_iommufd(dev->fd, dev->iommufd,
				opts->vf_token ? token : NULL);
	if (ret)
		return fail_errno(dev->ctx, TPHBUF_STAGE_BIND, ret, "%s",
				  dev->bdf);
	ret = iommufd_ioas_alloc(dev->iommufd, &ioas);
	if (!ret)
		ret = vfio_attach_ioas(dev->fd, ioas);
	if (ret)
		return fail_errno(dev->ctx, TPHBUF_STAGE_ATTACH, ret, "%s",
				  dev->bdf);
	return 0;
}

static void cdev_close(struct tphbuf_device *dev)
{
	/* The device first: it lets go of the address space. */
	fd_close(dev->fd);
	fd_close(dev->iommufd);
}

const struct device_backend backend_cdev = {
	.name = "iommufd",
	.open = cdev_open,
	.close = cdev_close,
};
