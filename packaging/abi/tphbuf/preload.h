/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_PRELOAD_H
#define TPHBUF_PRELOAD_H 
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_WEAK __attribute__((weak, visibility("default")))
TPHBUF_WEAK int tphbuf_preload_add(const void *addr, uint64_t length, int fd, uint64_t offset);
TPHBUF_WEAK int tphbuf_preload_remove(const void *addr);
#ifdef __cplusplus
}
#endif
#endif
