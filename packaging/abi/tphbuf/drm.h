/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_DRM_H
#define TPHBUF_DRM_H 
#include <tphbuf/buffer.h>
#ifdef __cplusplus
extern "C" {
#endif
struct tphbuf_drm_info {
 size_t size;
 char driver[TPHBUF_NAME_MAX];
 char bdf[TPHBUF_BDF_MAX];
 bool can_export;
 bool can_import;
};
TPHBUF_API int tphbuf_drm_query(struct tphbuf_ctx *ctx, int drm, struct tphbuf_drm_info *info);
TPHBUF_API int tphbuf_drm_dumb(struct tphbuf_ctx *ctx, int drm, uint64_t length,
          struct tphbuf_buffer **buf);
TPHBUF_API int tphbuf_drm_export(struct tphbuf_ctx *ctx, int drm, uint32_t handle,
     struct tphbuf_buffer **buf);
TPHBUF_API int tphbuf_drm_import(struct tphbuf_buffer *buf, int drm, uint32_t *handle);
TPHBUF_API int tphbuf_drm_release(struct tphbuf_ctx *ctx, int drm, uint32_t handle);
enum tphbuf_drm_domain {
 TPHBUF_DRM_GTT,
 TPHBUF_DRM_VRAM,
};
TPHBUF_API int tphbuf_drm_amdgpu(struct tphbuf_ctx *ctx, int drm, uint64_t length,
     enum tphbuf_drm_domain domain, struct tphbuf_buffer **buf);
#ifdef __cplusplus
}
#endif
#endif
