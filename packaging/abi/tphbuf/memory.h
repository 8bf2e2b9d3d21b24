/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_MEMORY_H
#define TPHBUF_MEMORY_H 
#include <tphbuf/buffer.h>
#ifdef __cplusplus
extern "C" {
#endif
TPHBUF_API int tphbuf_buffer_udmabuf(struct tphbuf_ctx *ctx, uint64_t length,
         struct tphbuf_buffer **buf);
TPHBUF_API int tphbuf_buffer_heap(struct tphbuf_ctx *ctx, const char *heap, uint64_t length,
      struct tphbuf_buffer **buf);
#ifdef __cplusplus
}
#endif
#endif
