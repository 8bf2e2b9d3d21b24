/* SPDX-License-Identifier: MIT */
/*
 * A vfio device by raw ioctls, for tests that race on descriptors, inject faults or send invalid
 * input: no call retries, checks or keeps state. All return 0 (or a descriptor) or -errno.
 */
#ifndef GUEST_VFIO_H
#define GUEST_VFIO_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stdint.h>

struct vfio_dev {
	int fd, iommufd;
	uint32_t ioas;	 /* address space that the device is attached to */
	uint64_t config; /* file offset of config space */
	uint64_t regs;	 /* and of the endpoint's register BAR */
};

typedef struct vfio_device_feature_dma_buf_tph tph_t;

/* Open and bind, memory decoding left as found. -EBUSY while an earlier open is still being closed. */
int vfio_open(struct vfio_dev *dev, const char *bdf);
void vfio_close(struct vfio_dev *dev);

int vfio_memory(int fd, uint64_t config, bool on);
int vfio_reset(int fd);
int vfio_export(int fd, uint32_t bar, const struct vfio_region_dma_range *ranges, uint32_t n);

/* op: VFIO_DEVICE_FEATURE_GET, SET, PROBE */
int vfio_tph(int fd, uint32_t op, tph_t *tph);

#endif
