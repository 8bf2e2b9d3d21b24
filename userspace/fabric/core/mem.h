/* SPDX-License-Identifier: MIT */
/*
 * Guest memory of one function, as the client mapped it (VFIO_USER_DMA_MAP).
 *
 * Each file is mapped into the process once, and a range is an entry that points into that
 * mapping: a guest with a translating IOMMU maps 4 KiB at a time, 262144 ranges for 1 GiB, far
 * above the kernel's limit on the mappings of a process.
 */
#ifndef FAB_MEM_H
#define FAB_MEM_H

#include <stdint.h>

#include "fabric/core/ranges.h"

struct fab_mem;

#define FAB_MEM_READ  1u
#define FAB_MEM_WRITE 2u

/*
 * Ranges of one function at most: 16 GiB in pages of 4 KiB. A range takes 32 to 128 bytes
 * (ranges.h), so a client can make one function hold 512 MiB at most.
 */
#define FAB_MEM_MAPS  (1u << 22)
#define FAB_MEM_FILES 1024u /* files of one function that are mapped at a time */
#define FAB_MEM_PAGE  4096u

int fab_mem_new(struct fab_mem **mem);
void fab_mem_free(struct fab_mem *mem);
void fab_mem_clear(struct fab_mem *mem);

/*
 * Map size bytes of fd at offset. fd is borrowed. -1, or a file that is not regular: no memory,
 * the range is kept as a hole. -EEXIST on overlap; -EINVAL on wrap-around, size 0, parts of a
 * page or a file that is too short; -ENOSPC past FAB_MEM_MAPS or FAB_MEM_FILES; -ENOMEM; the
 * error of mmap(2).
 */
int fab_mem_map(struct fab_mem *mem, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		unsigned int prot);
/* Remove every range inside [iova, iova + size); -EINVAL if one would be cut in two. */
int fab_mem_unmap(struct fab_mem *mem, uint64_t iova, uint64_t size);
uint32_t fab_mem_count(const struct fab_mem *mem); /* ranges */

/*
 * The range with iova, valid until the ranges change. NULL: there is none, or it has no memory or not all of need
 * (FAB_MEM_*).
 */
const struct fab_range *fab_mem_range(struct fab_mem *mem, uint64_t iova, unsigned int need);

#endif
