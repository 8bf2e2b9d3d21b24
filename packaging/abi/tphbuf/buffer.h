/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_BUFFER_H
#define TPHBUF_BUFFER_H 
#include <tphbuf/ctx.h>
#include <tphbuf/device.h>
#include <tphbuf/tag.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_MAX_RANGES 1024
struct tphbuf_buffer;
enum tphbuf_source {
 TPHBUF_SOURCE_FOREIGN,
 TPHBUF_SOURCE_BAR,
 TPHBUF_SOURCE_UDMABUF,
 TPHBUF_SOURCE_HEAP,
 TPHBUF_SOURCE_DRM,
};
struct tphbuf_identity {
 uint64_t dev;
 uint64_t ino;
};
struct tphbuf_range {
 uint64_t offset;
 uint64_t length;
};
TPHBUF_API int tphbuf_size_parse(const char *text, uint64_t *value, const char **why);
TPHBUF_API int tphbuf_range_parse(const char *text, struct tphbuf_range *range, const char **why);
struct tphbuf_export_opts {
 size_t size;
 const struct tphbuf_tag *tag;
};
TPHBUF_API int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
        const struct tphbuf_range *ranges, size_t n,
        const struct tphbuf_export_opts *opts,
        struct tphbuf_buffer **buf);
struct tphbuf_import_opts {
 size_t size;
 struct tphbuf_device *dev;
};
TPHBUF_API int tphbuf_buffer_import(struct tphbuf_ctx *ctx, int fd,
        const struct tphbuf_import_opts *opts,
        struct tphbuf_buffer **buf);
TPHBUF_API void tphbuf_buffer_close(struct tphbuf_buffer *buf);
TPHBUF_API int tphbuf_buffer_fd(const struct tphbuf_buffer *buf);
TPHBUF_API uint64_t tphbuf_buffer_length(const struct tphbuf_buffer *buf);
TPHBUF_API enum tphbuf_source tphbuf_buffer_source(const struct tphbuf_buffer *buf);
TPHBUF_API const char *tphbuf_source_name(enum tphbuf_source source);
TPHBUF_API struct tphbuf_identity tphbuf_buffer_identity(const struct tphbuf_buffer *buf);
TPHBUF_API struct tphbuf_device *tphbuf_buffer_device(const struct tphbuf_buffer *buf);
TPHBUF_API int tphbuf_buffer_bar(const struct tphbuf_buffer *buf);
TPHBUF_API const struct tphbuf_range *tphbuf_buffer_ranges(const struct tphbuf_buffer *buf,
          size_t *n);
TPHBUF_API int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr);
TPHBUF_API void tphbuf_buffer_unmap(struct tphbuf_buffer *buf);
#define TPHBUF_CPU_READ (1u << 0)
#define TPHBUF_CPU_WRITE (1u << 1)
TPHBUF_API int tphbuf_buffer_cpu_begin(struct tphbuf_buffer *buf, uint32_t access);
TPHBUF_API int tphbuf_buffer_cpu_end(struct tphbuf_buffer *buf, uint32_t access);
struct tphbuf_tag_state {
 size_t size;
 struct tphbuf_tag tag;
 uint32_t supported;
};
TPHBUF_API int tphbuf_device_tag_probe(struct tphbuf_device *dev);
TPHBUF_API int tphbuf_buffer_tag_probe(struct tphbuf_buffer *buf, uint32_t *supported);
TPHBUF_API int tphbuf_buffer_tag_set(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag);
TPHBUF_API int tphbuf_buffer_tag_clear(struct tphbuf_buffer *buf);
TPHBUF_API int tphbuf_buffer_tag_get(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state);
#ifdef __cplusplus
}
#endif
#endif
