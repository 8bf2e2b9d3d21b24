/* SPDX-License-Identifier: MIT */
/* --device: memory of tests is a range of a PCI device's BAR, exported through vfio. */
#ifndef TRANSPORTS_CHECK_DEVICE_H
#define TRANSPORTS_CHECK_DEVICE_H

#include <stddef.h>

/* "BDF,BAR[,TAG...]": one tag for each rank, '/' between them. NULL, or why not */
const char *device_set(const char *text);
int device_wanted(void);
/* Open it; before ranks are made, which inherit it */
const char *device_open(void);
void device_close(void);
/*
 * Export @size bytes at @offset with the tag of @rank, and map them. The descriptor is
 * the caller's.
 */
const char *device_export(int rank, size_t offset, size_t size, int *fd, char **map);
/* Switch its memory off: the kernel revokes its dma-bufs. (A reset revokes them only while it lasts.) */
const char *device_revoke(void);

#endif
