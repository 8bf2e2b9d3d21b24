// SPDX-License-Identifier: MIT
/*
 * DRM buffers through libdrm. The only place, with amdgpu.c, that sees its
 * error convention: a negative errno value, or -1 and errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "lib/drm/drm.h"

/* A dumb buffer is an image: rows of one page. */
#define DUMB_WIDTH 1024u
#define DUMB_BPP   32u
#define DUMB_ROW   (DUMB_WIDTH * DUMB_BPP / 8)

int drm_error(int ret)
{
	if (ret >= 0)
		return 0;
	return ret == -1 && errno ? -errno : ret;
}

static void find_bdf(int drm, struct tphbuf_drm_info *info)
{
	drmDevicePtr device;

	if (drmGetDevice2(drm, 0, &device))
		return;
	if (device->bustype == DRM_BUS_PCI)
		snprintf(info->bdf, sizeof(info->bdf), "%04x:%02x:%02x.%u",
			 device->businfo.pci->domain, device->businfo.pci->bus,
			 device->businfo.pci->dev, device->businfo.pci->func);
	drmFreeDevice(&device);
}

int tphbuf_drm_query(struct tphbuf_ctx *ctx, int drm, struct tphbuf_drm_info *info)
{
	struct tphbuf_drm_info i = { 0 };
	drmVersionPtr version;
	uint64_t cap;

	if (!ctx)
		return -EINVAL;
	if (!info)
		return ctx_fail_null(ctx, "info");
	errno = 0;
	version = drmGetVersion(drm);
	if (!version)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_DRM, errno == EBADF ? -EBADF : -ENOTTY,
				      "descriptor %d", drm);
	snprintf(i.driver, sizeof(i.driver), "%s", version->name);
	drmFreeVersion(version);
	find_bdf(drm, &i);
	if (!drmGetCap(drm, DRM_CAP_PRIME, &cap)) {
		i.can_export = cap & DRM_PRIME_CAP_EXPORT;
		i.can_import = cap & DRM_PRIME_CAP_IMPORT;
	}
	return ctx_info_out(ctx, info, &i, tphbuf_drm_info);
}

int drm_check(struct tphbuf_ctx *ctx, uint64_t length, struct tphbuf_buffer **buf)
{
	if (!buf)
		return ctx_fail_null(ctx, "buf");
	if (!length || length > (uint64_t)UINT32_MAX * DUMB_ROW)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"length 0x%" PRIx64 " is 0 or too large; use less than 2^44",
				length);
	return 0;
}

int tphbuf_drm_export(struct tphbuf_ctx *ctx, int drm, uint32_t handle, struct tphbuf_buffer **buf)
{
	int fd, ret;

	if (!ctx)
		return -EINVAL;
	if (!buf)
		return ctx_fail_null(ctx, "buf");
	ret = drm_error(drmPrimeHandleToFD(drm, handle, DRM_CLOEXEC | DRM_RDWR, &fd));
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_DRM, ret, "export of GEM handle %u", handle);
	return tphbuf_priv_buffer_wrap(ctx, fd, TPHBUF_SOURCE_DRM, buf);
}

int tphbuf_drm_dumb(struct tphbuf_ctx *ctx, int drm, uint64_t length, struct tphbuf_buffer **buf)
{
	uint32_t handle, pitch;
	uint64_t size;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = drm_check(ctx, length, buf);
	if (ret)
		return ret;
	ret = drm_error(drmModeCreateDumbBuffer(drm, DUMB_WIDTH,
						(uint32_t)((length + DUMB_ROW - 1) / DUMB_ROW),
						DUMB_BPP, 0, &handle, &pitch, &size));
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_DRM, ret == -ENOSYS ? -EOPNOTSUPP : ret,
				      "dumb buffer of 0x%" PRIx64 " bytes", length);
	ret = tphbuf_drm_export(ctx, drm, handle, buf);
	/* From here the dma-buf holds the memory. */
	drmModeDestroyDumbBuffer(drm, handle);
	return ret;
}

int tphbuf_drm_import(struct tphbuf_buffer *buf, int drm, uint32_t *handle)
{
	struct tphbuf_ctx *ctx;
	int ret;

	if (!buf)
		return -EINVAL;
	ctx = tphbuf_priv_buffer_ctx(buf);
	if (!handle)
		return ctx_fail_null(ctx, "handle");
	ret = drm_error(drmPrimeFDToHandle(drm, tphbuf_buffer_fd(buf), handle));
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_DRM, ret, "import of a %s buffer",
				      tphbuf_source_name(tphbuf_buffer_source(buf)));
	return 0;
}

int tphbuf_drm_release(struct tphbuf_ctx *ctx, int drm, uint32_t handle)
{
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = drm_error(drmCloseBufferHandle(drm, handle));
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_DRM, ret, "release of GEM handle %u",
				      handle);
	return 0;
}
