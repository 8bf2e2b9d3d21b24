/* SPDX-License-Identifier: MIT */
/* What the name of a kernel driver says about vfio. */
#ifndef UTIL_DRIVER_H
#define UTIL_DRIVER_H

#include <stdbool.h>

/* Name of a group that vfio made for a device without IOMMU: drivers/vfio/group.c. */
#define NOIOMMU_GROUP_NAME "vfio-noiommu"

/* True for vfio-pci and its variant drivers; false for "" (no driver). */
bool driver_is_vfio(const char *driver);

/*
 * True if a function bound to @driver prevents vfio from using its IOMMU group.
 * Drivers that leave DMA to those they serve do not: driver_managed_dma in
 * Linux 7.3, drivers/pci and drivers/vfio. A function without driver does not
 * either; the class of the function plays no part.
 */
bool driver_blocks_group(const char *driver);

#endif
