/* SPDX-License-Identifier: MIT */
/* --device: memory of tests is a range of a PCI device's BAR, exported through vfio. */
#ifndef TRANSPORTS_CHECK_DEVICE_H
#define TRANSPORTS_CHECK_DEVICE_H

#include <stddef.h>

/*
 * "BDF,BAR[,TAG/...]", once for each device. The first of n devices serves the first n-th of
 * the ranks, and so on; the ranks of a device have its tags in order. NULL, or why not
 */
const char *device_set(const char *text);
int device_wanted(void);
/* Open them all; before ranks are made, which inherit them */
const char *device_open(void);
/* Export the next @size bytes of @rank's device with the rank's tag, and map them. The descriptor is the caller's. */
const char *device_export(int rank, int ranks, size_t size, int *fd, char **map);
/*
 * The rest concerns the first device. Memory off: the kernel revokes its dma-bufs. A reset
 * revokes them only while it lasts. Re-tag: another tag for all of its buffers.
 */
const char *device_memory(int on);
const char *device_reset(void);
const char *device_retag(void);

#endif
