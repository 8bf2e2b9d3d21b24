/* SPDX-License-Identifier: MIT */
/*
 * A PCI function opened through vfio, for the tools of the fabric: by its own character
 * device and iommufd where the kernel has them, else by its IOMMU group.
 */
#ifndef TOOL_VFIO_H
#define TOOL_VFIO_H

#include <stddef.h>
#include <stdint.h>

struct tool_vfio {
	int device; /* vfio device descriptor */
	int parent; /* iommufd or container */
	int group;  /* -1 with iommufd */
};

/* 0, or -errno with one line of explanation in error. bdf: dddd:bb:dd.f */
int tool_vfio_open(const char *bdf, struct tool_vfio *vfio, char *error, size_t size);
void tool_vfio_close(struct tool_vfio *vfio);

/* Offset of a region in the device descriptor, or -errno. */
int64_t tool_vfio_region(const struct tool_vfio *vfio, uint32_t index);
/* Turn on memory decoding in the command register. 0 or -errno. */
int tool_vfio_decode(const struct tool_vfio *vfio);

#endif
