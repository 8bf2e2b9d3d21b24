/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_TRANSPORT_H
#define TPHBUF_TRANSPORT_H 
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_NET_MEMORY_SYMBOL "tphbuf_net_memory_v1"
#define TPHBUF_NET_COPY_SYMBOL "tphbuf_net_copy_v1"
#define TPHBUF_REDUCE_SYMBOL "tphbuf_reduce_v1"
struct tphbuf_net_memory {
 size_t size;
 const char *name;
 int (*resolve)(const void *addr, size_t length, int *fd, uint64_t *offset);
};
struct tphbuf_net_copy {
 size_t size;
 const char *name;
 int (*open)(void **state);
 void (*close)(void *state);
 int (*check)(void *state, const void *device, size_t length);
 void *(*alloc)(void *state, size_t length, int to_device);
 void (*free)(void *state, void *host);
 int (*start)(void *state, void *device, void *host, size_t length, int to_device, void **op);
 int (*poll)(void *state, void *op);
};
#define TPHBUF_NET_COPY_CHUNK (512u << 10)
struct tphbuf_reduce {
 size_t size;
 int (*sum_u32)(void *dst, const void *src, size_t n);
};
#ifdef __cplusplus
}
#endif
#endif
