// SPDX-License-Identifier: MIT
/*
 * Memory of AMD GPUs through libdrm_amdgpu, which is loaded when it is asked
 * for: it is installed only where there is such a GPU.
 */
#include <amdgpu.h>
#include <amdgpu_drm.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/drm/drm.h"

#define LIBRARY	  "libdrm_amdgpu.so.1"
#define ALIGNMENT (2u << 20) /* of a huge page of the GPU */

struct amdgpu {
	void *library;
	__typeof__(amdgpu_device_initialize) *init;
	__typeof__(amdgpu_device_deinitialize) *deinit;
	__typeof__(amdgpu_bo_alloc) *alloc;
	__typeof__(amdgpu_bo_export) *export;
	__typeof__(amdgpu_bo_free) *free;
};

static bool find(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol;
}

/* Return: 0 or -ELIBACC. */
static int amdgpu_load(struct amdgpu *a)
{
	a->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!a->library)
		return -ELIBACC;
	if (find(a->library, "amdgpu_device_initialize", &a->init) &&
	    find(a->library, "amdgpu_device_deinitialize", &a->deinit) &&
	    find(a->library, "amdgpu_bo_alloc", &a->alloc) &&
	    find(a->library, "amdgpu_bo_export", &a->export) &&
	    find(a->library, "amdgpu_bo_free", &a->free))
		return 0;
	dlclose(a->library);
	return -ELIBACC;
}

/* libdrm_amdgpu has positive error numbers, too. */
static int give_error(int ret)
{
	return drm_error(ret > 0 ? -ret : ret);
}

/* Return: descriptor or -errno. */
static int make_bo(const struct amdgpu *a, int drm, uint64_t length, uint32_t domain)
{
	struct amdgpu_bo_alloc_request request = {
		.alloc_size = length,
		.phys_alignment = ALIGNMENT,
		.preferred_heap = domain,
	};
	amdgpu_device_handle device;
	uint32_t major, minor, fd = 0;
	amdgpu_bo_handle bo;
	int ret;

	ret = a->init(drm, &major, &minor, &device);
	if (ret)
		return ret == -EBADF ? ret : -EOPNOTSUPP;
	/* Each is looked at before the next call changes errno. */
	ret = give_error(a->alloc(device, &request, &bo));
	if (!ret) {
		ret = give_error(a->export(bo, amdgpu_bo_handle_type_dma_buf_fd, &fd));
		a->free(bo);
	}
	a->deinit(device);
	return ret ? ret : (int)fd;
}

int tphbuf_drm_amdgpu(struct tphbuf_ctx *ctx, int drm, uint64_t length,
		      enum tphbuf_drm_domain domain, struct tphbuf_buffer **buf)
{
	struct amdgpu a;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = drm_check(ctx, length, buf);
	if (ret)
		return ret;
	if (domain != TPHBUF_DRM_GTT && domain != TPHBUF_DRM_VRAM)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"there is no domain %d; use TPHBUF_DRM_GTT or TPHBUF_DRM_VRAM",
				(int)domain);
	ret = amdgpu_load(&a);
	if (!ret) {
		ret = make_bo(&a, drm, length,
			      domain == TPHBUF_DRM_VRAM ? AMDGPU_GEM_DOMAIN_VRAM :
							  AMDGPU_GEM_DOMAIN_GTT);
		dlclose(a.library);
	}
	if (ret < 0)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_DRM, ret,
				      "amdgpu buffer of 0x%" PRIx64 " bytes", length);
	return tphbuf_priv_buffer_wrap(ctx, ret, TPHBUF_SOURCE_DRM, buf);
}
