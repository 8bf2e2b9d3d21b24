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
#include <stdio.h>
#include <string.h>

#include "lib/core/node.h"
#include "lib/vfio/backend.h"
#include "lib/vfio/group.h"
#include "lib/pci/sysfs.h"
#include "lib/vfio/vfio.h"
#include "util/fd.h"

/* A vfio driver is bound, but its kernel offers groups only. */
static int fail_no_cdev(struct tphbuf_device *dev)
{
	char driver[TPHBUF_NAME_MAX];
	int ret = check_vfio_driver(dev, driver);

	return ret ? ret :
		     ctx_fail(dev->ctx, TPHBUF_STAGE_LOOKUP, -EOPNOTSUPP,
			      "%s: driver %s offers no vfio character device; use a kernel with CONFIG_VFIO_DEVICE_CDEV, or the group back end",
			      dev->bdf, driver);
}

static int open_nodes(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts)
{
	char vfio[TPHBUF_NAME_MAX];
	char node[TPHBUF_NAME_MAX + sizeof("vfio/devices/")];
	char sysfs[TPHBUF_BDF_MAX + TPHBUF_NAME_MAX + sizeof("bus/pci/devices//vfio-dev/")];
	int ret;

	ret = sysfs_vfio_name(dev->ctx, dev->bdf, vfio, sizeof(vfio));
	if (ret == -ENOENT)
		return fail_no_cdev(dev);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret, "%s: vfio-dev", dev->bdf);
	if (!strncmp(vfio, "noiommu", strlen("noiommu"))) {
		ret = check_noiommu(dev, opts, vfio);
		if (ret)
			return ret;
	}
	snprintf(node, sizeof(node), "vfio/devices/%s", vfio);
	snprintf(sysfs, sizeof(sysfs), "bus/pci/devices/%s/vfio-dev/%s", dev->bdf, vfio);
	ret = node_open(dev->ctx, TPHBUF_STAGE_OPEN, node, sysfs, &dev->fd);
	if (ret)
		return ret;
	return node_open(dev->ctx, TPHBUF_STAGE_OPEN, "iommu", "class/misc/iommu", &dev->iommufd);
}

static int cdev_open(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts)
{
	unsigned char token[UUID_SIZE];
	uint32_t ioas;
	int ret;

	ret = vf_token_parse(dev, opts, token);
	if (!ret)
		ret = open_nodes(dev, opts);
	if (ret)
		return ret;
	ret = vfio_bind_iommufd(dev->fd, dev->iommufd, opts->vf_token ? token : NULL);
	if (ret == -EPERM)
		return group_fail(dev, TPHBUF_STAGE_BIND, ret);
	if (ret)
		return vf_token_fail(dev, ret, opts->vf_token);
	ret = iommufd_ioas_alloc(dev->iommufd, &ioas);
	if (!ret)
		ret = vfio_attach_ioas(dev->fd, ioas);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_ATTACH, ret, "%s", dev->bdf);
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
