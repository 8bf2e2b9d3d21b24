/* SPDX-License-Identifier: MIT */
/*
 * dma-bufs of exporters other than vfio-pci: host memory, of whole pages, zeroed. Every call ends the
 * program when it fails. The caller closes what it gets.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stddef.h>

int foreign_memfd(size_t len);		    /* suitable for foreign_udmabuf() */
int foreign_udmabuf(int memfd, size_t len); /* the pages of memfd as a dma-buf */
int foreign_heap_buffer(size_t len);	    /* of the system heap */

#endif
