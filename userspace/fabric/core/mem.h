/* SPDX-License-Identifier: MIT */
/*
 * Guest memory of one function, as the client mapped it (VFIO_USER_DMA_MAP).
 * Kept sorted by address, looked up by binary search; thousands of 4 KiB
 * entries are normal with a translating IOMMU.
 */
#ifndef FAB_MEM_H
#define FAB_MEM_H

#include <stdint.h>

struct fab_mem;

#define FAB_MEM_READ  1u
#define FAB_MEM_WRITE 2u

int fab_mem_new(struct fab_mem **mem);
void fab_mem_free(struct fab_mem *mem);
void fab_mem_clear(struct fab_mem *mem);

/* Mappings of one function; the client is told (max_dma_maps). Below the kernel's default limit per process. */
#define FAB_MEM_MAPS 16384u
#define FAB_MEM_PAGE 4096u

/* Map size bytes of fd at offset. fd is borrowed (-1 or not a regular file: no memory behind it, kept as a hole).
 * -EEXIST on overlap, -EINVAL on wrap-around, zero size, parts of a page or a file that is too short,
 * -ENOSPC past FAB_MEM_MAPS. */
int fab_mem_map(struct fab_mem *mem, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		unsigned int prot);
/* Remove every mapping inside [iova, iova + size); -EINVAL when one would be cut in two. */
int fab_mem_unmap(struct fab_mem *mem, uint64_t iova, uint64_t size);

/* Host address of iova, or NULL (*run is 0); *run is how many bytes from there are contiguous. need: FAB_MEM_*. */
void *fab_mem_at(struct fab_mem *mem, uint64_t iova, unsigned int need, uint64_t *run);

#endif
