/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_REGISTRY_H
#define TPHBUF_REGISTRY_H 
#include <tphbuf/buffer.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_REGISTRY_MAX (1u << 20)
#define TPHBUF_GRANULE_WHOLE UINT64_MAX
struct tphbuf_registry;
struct tphbuf_registration;
struct tphbuf_registry_request {
 void *domain;
 struct tphbuf_buffer *buf;
 uint64_t offset;
 uint64_t length;
 int32_t access;
 const struct tphbuf_tag *tag;
};
struct tphbuf_registry_ops {
 size_t size;
 int (*reg)(void *arg, const struct tphbuf_registry_request *request, void **object);
 void (*unreg)(void *arg, void *object);
};
#define TPHBUF_REGISTRY_VERIFY (1u << 0)
struct tphbuf_registry_opts {
 size_t size;
 const struct tphbuf_registry_ops *ops;
 void *arg;
 uint32_t flags;
 uint32_t limit;
 uint64_t granule;
};
TPHBUF_API int tphbuf_registry_new(struct tphbuf_ctx *ctx, const struct tphbuf_registry_opts *opts,
       struct tphbuf_registry **reg);
TPHBUF_API int tphbuf_registry_free(struct tphbuf_registry *reg);
TPHBUF_API int tphbuf_registry_get(struct tphbuf_registry *reg, void *domain,
       struct tphbuf_buffer *buf, uint64_t offset, uint64_t length,
       int32_t access, struct tphbuf_registration **region);
TPHBUF_API int tphbuf_registry_get_fd(struct tphbuf_registry *reg, void *domain, int fd,
          uint64_t offset, uint64_t length, int32_t access,
          struct tphbuf_registration **region);
TPHBUF_API int tphbuf_registry_add_range(struct tphbuf_registry *reg, uint64_t addr, uint64_t length,
      struct tphbuf_buffer *buf, uint64_t offset);
TPHBUF_API int tphbuf_registry_remove_range(struct tphbuf_registry *reg, uint64_t addr);
TPHBUF_API int tphbuf_registry_get_addr(struct tphbuf_registry *reg, void *domain, uint64_t addr,
     uint64_t length, int32_t access, uint64_t *offset,
     struct tphbuf_registration **region);
TPHBUF_API int tphbuf_registry_invalidate(struct tphbuf_registry *reg,
       const struct tphbuf_identity *identity);
TPHBUF_API void tphbuf_registration_put(struct tphbuf_registration *region);
TPHBUF_API void *tphbuf_registration_object(const struct tphbuf_registration *region);
TPHBUF_API uint64_t tphbuf_registration_offset(const struct tphbuf_registration *region);
TPHBUF_API uint64_t tphbuf_registration_length(const struct tphbuf_registration *region);
struct tphbuf_registry_stats {
 size_t size;
 uint64_t hits;
 uint64_t misses;
 uint64_t evictions;
 uint64_t stale;
 uint64_t regions;
};
TPHBUF_API int tphbuf_registry_read_stats(struct tphbuf_registry *reg,
       struct tphbuf_registry_stats *stats);
TPHBUF_API void tphbuf_registry_error(struct tphbuf_registry *reg, char *text, size_t size);
#ifdef __cplusplus
}
#endif
#endif
