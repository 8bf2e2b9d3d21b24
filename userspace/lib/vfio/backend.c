// SPDX-License-Identifier: MIT
/* Shared parts of the back ends, see backend.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/vfio/backend.h"
#include "lib/pci/sysfs.h"
#include "util/driver.h"

int check_vfio_driver(struct tphbuf_device *dev, char *driver)
{
	int ret;

	ret = sysfs_link_name(dev->ctx, dev->bdf, "driver", driver, TPHBUF_NAME_MAX);
	if (!ret && driver_is_vfio(driver))
		return 0;
	if (ret && ret != -ENOENT)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret, "%s: driver", dev->bdf);
	return ctx_fail(dev->ctx, TPHBUF_STAGE_LOOKUP, -ENXIO,
			"%s: not bound to vfio-pci (driver: %s); bind it with: driverctl set-override %s vfio-pci",
			dev->bdf, ret ? "none" : driver, dev->bdf);
}

int check_noiommu(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts, const char *name)
{
	if (opts->flags & TPHBUF_DEVICE_NOIOMMU) {
		ctx_log(dev->ctx, TPHBUF_LOG_INFO,
			"%s: no IOMMU isolates the device (%s), opened as the caller insists",
			dev->bdf, name);
		return 0;
	}
	return ctx_fail(dev->ctx, TPHBUF_STAGE_ATTACH, -EOPNOTSUPP,
			"%s: no IOMMU isolates the device (%s), refused; switch the IOMMU on and bind the device again, or insist (--noiommu, TPHBUF_DEVICE_NOIOMMU) where every DMA of the device may be trusted",
			dev->bdf, name);
}
