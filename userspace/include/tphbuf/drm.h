/* SPDX-License-Identifier: MIT */
/*
 * Buffers of DRM drivers, and the import of any buffer into one.
 *
 * These functions live in a library of their own, libtphbuf-drm.so.1
 * (pkg-config tphbuf-drm), which stands on libdrm; a caller that only uses
 * vfio needs none. libdrm_amdgpu is opened at run time, because it is missing
 * where there is no AMD GPU.
 *
 * The DRM descriptor is always the caller's, from open("/dev/dri/...").
 */
#ifndef TPHBUF_DRM_H
#define TPHBUF_DRM_H

#include <tphbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tphbuf_drm_info - what a DRM node can do
 * @size: sizeof(struct tphbuf_drm_info)
 * @driver: name of the driver, "virtio_gpu"
 * @bdf: PCI address of its device; empty if it is on no PCI bus
 * @can_export: tphbuf_drm_export() can work
 * @can_import: tphbuf_drm_import() can work
 */
struct tphbuf_drm_info {
	size_t size;
	char driver[TPHBUF_NAME_MAX];
	char bdf[TPHBUF_BDF_MAX];
	bool can_export;
	bool can_import;
};

/**
 * tphbuf_drm_query() - ask a DRM node what it is
 * @ctx: context, which records the text of an error
 * @drm: the DRM descriptor
 * @info: result; @info->size set by the caller
 *
 * Return: 0, -ENOTTY (no DRM node), -EBADF, -EINVAL.
 */
TPHBUF_API int tphbuf_drm_query(struct tphbuf_ctx *ctx, int drm, struct tphbuf_drm_info *info);

/**
 * tphbuf_drm_dumb() - make a dumb buffer and export it
 * @ctx: context, which records the text of an error
 * @drm: a card node; render nodes have no dumb buffers
 * @length: bytes, not 0; rounded up by the driver
 * @buf: where the buffer goes
 *
 * The memory lives as long as the dma-buf.
 *
 * Return: 0, -EINVAL (length), -EOPNOTSUPP (no dumb buffers, no export),
 * -EACCES (render node), -ENOMEM, others of the driver.
 */
TPHBUF_API int tphbuf_drm_dumb(struct tphbuf_ctx *ctx, int drm, uint64_t length,
			       struct tphbuf_buffer **buf);

/**
 * tphbuf_drm_export() - make a buffer of a GEM handle
 * @ctx: context, which records the text of an error
 * @buf: where the buffer goes
 * @handle: of @drm; stays the caller's
 *
 * Return: 0, -ENOENT (no such handle), others of the driver.
 */
TPHBUF_API int tphbuf_drm_export(struct tphbuf_ctx *ctx, int drm, uint32_t handle,
				 struct tphbuf_buffer **buf);

/**
 * tphbuf_drm_import() - import a buffer into a DRM driver
 * @buf: the buffer, from whatever source
 * @drm: card or render node
 * @handle: the GEM handle; the caller's, for tphbuf_drm_release(). The same
 *	buffer gives the same handle on one descriptor.
 *
 * Return: 0; -EOPNOTSUPP (the driver cannot give up a revoked buffer, which
 * vfio demands), -EINVAL (p2pdma refused the route), -ENODEV (revoked).
 */
TPHBUF_API int tphbuf_drm_import(struct tphbuf_buffer *buf, int drm, uint32_t *handle);

/**
 * tphbuf_drm_release() - close a GEM handle. Return: 0, -EINVAL, -errno.
 * @ctx: context, which records the text of an error
 * @drm: DRM device
 * @handle: handle of a GEM object
 */
TPHBUF_API int tphbuf_drm_release(struct tphbuf_ctx *ctx, int drm, uint32_t handle);

enum tphbuf_drm_domain {
	TPHBUF_DRM_GTT,	 /* host memory that the GPU maps */
	TPHBUF_DRM_VRAM, /* memory of the GPU */
};

/**
 * tphbuf_drm_amdgpu() - allocate memory of an AMD GPU and export it
 * @ctx: context, which records the text of an error
 * @buf: where the buffer goes
 * @drm: card or render node of amdgpu
 * @length: bytes, not 0
 * @domain: where
 *
 * Return: 0, -EINVAL, -ELIBACC (libdrm_amdgpu.so.1 is not installed),
 * -EOPNOTSUPP (another driver), -ENOMEM, others of the driver.
 */
TPHBUF_API int tphbuf_drm_amdgpu(struct tphbuf_ctx *ctx, int drm, uint64_t length,
				 enum tphbuf_drm_domain domain, struct tphbuf_buffer **buf);

#ifdef __cplusplus
}
#endif

#endif
