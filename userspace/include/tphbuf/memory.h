/* SPDX-License-Identifier: MIT */
/*
 * Buffers of host memory. They have no device and take no tag; they are the
 * other end of a transfer, and what one compares device memory with.
 */
#ifndef TPHBUF_MEMORY_H
#define TPHBUF_MEMORY_H

#include <tphbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * tphbuf_buffer_udmabuf() - make a dma-buf of new memory through udmabuf
 * @ctx: context, which records the text of an error
 * @length: bytes, rounded up to whole pages; not 0
 * @buf: where the buffer goes
 *
 * The memory is a memfd of this process only, sealed against shrinking. The
 * kernel limits the length (size_limit_mb of the udmabuf module, 64 MiB).
 *
 * Return: 0, -EINVAL (length), -EOPNOTSUPP (no /dev/udmabuf), -ESTALE (the
 * node is not the device that sysfs shows), -EACCES, -ENOMEM, -EMFILE.
 */
TPHBUF_API int tphbuf_buffer_udmabuf(struct tphbuf_ctx *ctx, uint64_t length,
				     struct tphbuf_buffer **buf);

/**
 * tphbuf_buffer_heap() - allocate from a dma-heap
 * @ctx: context, which records the text of an error
 * @heap: name below /dev/dma_heap; NULL means "system"
 * @length: bytes, rounded up to whole pages; not 0
 * @buf: where the buffer goes
 *
 * Return: as tphbuf_buffer_udmabuf(); -EOPNOTSUPP if there is no such heap.
 */
TPHBUF_API int tphbuf_buffer_heap(struct tphbuf_ctx *ctx, const char *heap, uint64_t length,
				  struct tphbuf_buffer **buf);

#ifdef __cplusplus
}
#endif

#endif
