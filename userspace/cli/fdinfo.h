/* SPDX-License-Identifier: MIT */
/* /proc/PID/fdinfo/FD of a dma-buf. */
#ifndef FDINFO_H
#define FDINFO_H

#include <stddef.h>
#include <stdint.h>

struct fdinfo {
	uint64_t size;
	int64_t users;	   /* references of its file */
	char exporter[64]; /* "vfio_pci_dma_buf..." as the kernel names it, not cleaned */
	char name[64];	   /* DMA_BUF_SET_NAME, empty if unnamed */
};

/*
 * Read the text of an fdinfo file, which need not end with a NUL.
 * Return: 0, -EINVAL if it is not that of a dma-buf.
 */
int fdinfo_parse(const char *text, size_t len, struct fdinfo *info);

#endif
