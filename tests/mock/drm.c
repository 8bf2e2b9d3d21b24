// SPDX-License-Identifier: MIT
/* libdrm, libdrm_amdgpu and the dynamic loader, see drm.h. */
#include <amdgpu.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "tests/mock/drm.h"
#include "tests/mock/fake.h"
#include "tests/mock/fault.h"
#include "tests/mock/verbs.h"

struct fake_drm fake_drm;

static char amdgpu_library, mlx5_library;

void fake_drm_setup(void)
{
	memset(&fake_drm, 0, sizeof(fake_drm));
}

/* An error as libdrm gives it. */
static int give(int err)
{
	if (!err && fault_hits())
		err = EIO;
	if (!err)
		return 0;
	errno = err;
	return fake_drm.minus_one ? -1 : -err;
}

drmVersionPtr __wrap_drmGetVersion(int fd)
{
	drmVersionPtr version;

	(void)fd;
	if (fake_drm.no_driver || fault_hits()) {
		errno = ENOTTY;
		return NULL;
	}
	version = calloc(1, sizeof(*version));
	if (!version)
		return NULL;
	version->name =
		(char *)"fake_gpu_with_a_name_that_is_longer_than_the_63_characters_there_is_room_for";
	return version;
}

void __wrap_drmFreeVersion(drmVersionPtr version)
{
	free(version);
}

int __wrap_drmGetDevice2(int fd, uint32_t flags, drmDevicePtr *device)
{
	static drmPciBusInfo bus = { .domain = 0, .bus = 9, .dev = 1, .func = 2 };

	(void)fd;
	(void)flags;
	if (fault_hits())
		return -EIO;
	*device = calloc(1, sizeof(**device));
	if (!*device)
		return -ENOMEM;
	(*device)->bustype = fake_drm.no_pci ? DRM_BUS_PLATFORM : DRM_BUS_PCI;
	(*device)->businfo.pci = &bus;
	return 0;
}

void __wrap_drmFreeDevice(drmDevicePtr *device)
{
	free(*device);
	*device = NULL;
}

int __wrap_drmGetCap(int fd, uint64_t cap, uint64_t *value)
{
	(void)fd;
	if (cap != DRM_CAP_PRIME)
		return give(EINVAL);
	*value = DRM_PRIME_CAP_EXPORT;
	return give(0);
}

int __wrap_drmModeCreateDumbBuffer(int fd, uint32_t width, uint32_t height, uint32_t bpp,
				   uint32_t flags, uint32_t *handle, uint32_t *pitch, uint64_t *size)
{
	int ret = give(fake_drm.dumb_err);

	(void)fd;
	(void)flags;
	if (ret)
		return ret;
	fake_drm.width = width;
	fake_drm.height = height;
	fake_drm.bpp = bpp;
	*pitch = width * bpp / 8;
	*size = (uint64_t)*pitch * height;
	*handle = FAKE_DRM_HANDLE;
	fake_drm.live_dumbs++;
	return 0;
}

int __wrap_drmModeDestroyDumbBuffer(int fd, uint32_t handle)
{
	(void)fd;
	if (handle != FAKE_DRM_HANDLE)
		abort();
	fake_drm.live_dumbs--;
	return 0;
}

int __wrap_drmPrimeHandleToFD(int fd, uint32_t handle, uint32_t flags, int *prime)
{
	int ret = give(fake_drm.export_err);

	(void)fd;
	if (ret)
		return ret;
	if (flags != (DRM_CLOEXEC | DRM_RDWR))
		return give(EINVAL);
	fake_drm.handle = handle;
	*prime = fake_foreign_dmabuf(fake_drm.height ? 4096ull * fake_drm.height : 4096);
	return 0;
}

int __wrap_drmPrimeFDToHandle(int fd, int prime, uint32_t *handle)
{
	int ret = give(fake_drm.import_err);

	(void)fd;
	if (ret)
		return ret;
	fake_drm.fd = prime;
	*handle = FAKE_DRM_HANDLE;
	return 0;
}

int __wrap_drmCloseBufferHandle(int fd, uint32_t handle)
{
	(void)fd;
	fake_drm.handle = handle;
	return give(fake_drm.release_err);
}

static int fake_init(int fd, uint32_t *major, uint32_t *minor, amdgpu_device_handle *device)
{
	(void)fd;
	if (fake_drm.init_err)
		return -fake_drm.init_err;
	*major = 3;
	*minor = 0;
	*device = (amdgpu_device_handle)(uintptr_t)16;
	fake_drm.live_devices++;
	return 0;
}

static int fake_deinit(amdgpu_device_handle device)
{
	(void)device;
	fake_drm.live_devices--;
	return 0;
}

static int fake_alloc(amdgpu_device_handle device, struct amdgpu_bo_alloc_request *request,
		      amdgpu_bo_handle *bo)
{
	(void)device;
	if (fake_drm.alloc_err)
		return -fake_drm.alloc_err;
	fake_drm.heap = request->preferred_heap;
	*bo = (amdgpu_bo_handle)(uintptr_t)request->alloc_size;
	fake_drm.live_bos++;
	return 0;
}

static int fake_export(amdgpu_bo_handle bo, enum amdgpu_bo_handle_type type, uint32_t *fd)
{
	if (type != amdgpu_bo_handle_type_dma_buf_fd)
		return -EINVAL;
	if (fake_drm.amdgpu_export_err) {
		errno = fake_drm.amdgpu_export_err;
		return fake_drm.minus_one ? -1 : -fake_drm.amdgpu_export_err;
	}
	*fd = (uint32_t)fake_foreign_dmabuf((uintptr_t)bo);
	return 0;
}

static int fake_free(amdgpu_bo_handle bo)
{
	(void)bo;
	errno = EDOM;
	fake_drm.live_bos--;
	return 0;
}

static const struct {
	const char *name;
	void *library; /* NULL: the program's own */
	void *function;
} symbols[] = {
	{ "amdgpu_device_initialize", &amdgpu_library, fake_init },
	{ "amdgpu_device_deinitialize", &amdgpu_library, fake_deinit },
	{ "amdgpu_bo_alloc", &amdgpu_library, fake_alloc },
	{ "amdgpu_bo_export", &amdgpu_library, fake_export },
	{ "amdgpu_bo_free", &amdgpu_library, fake_free },
	{ "mlx5dv_reg_dmabuf_mr", &mlx5_library, fake_reg_data_direct },
	{ "ibv_reg_mr_ex", NULL, fake_reg_mr_ex },
};

static void *load(void *library, bool missing)
{
	if (missing)
		return NULL;
	fake_drm.live_libraries++;
	return library;
}

void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags)
{
	if (fault_hits())
		return NULL;
	if (!strcmp(name, "libdrm_amdgpu.so.1"))
		return load(&amdgpu_library, fake_drm.no_amdgpu);
	if (!strcmp(name, "libmlx5.so.1"))
		return load(&mlx5_library, fake_verbs.no_mlx5);
	return __real_dlopen(name, flags);
}

void *__real_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name)
{
	size_t i;

	if (library != &amdgpu_library && library != &mlx5_library && library != RTLD_DEFAULT)
		return __real_dlsym(library, name);
	if (fake_drm.no_symbol && !strcmp(name, fake_drm.no_symbol))
		return NULL;
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (!strcmp(name, symbols[i].name) &&
		    (symbols[i].library ? symbols[i].library == library : library == RTLD_DEFAULT))
			return symbols[i].function;
	return NULL;
}

int __real_dlclose(void *library);
int __wrap_dlclose(void *library)
{
	if (library != &amdgpu_library && library != &mlx5_library)
		return __real_dlclose(library);
	fake_drm.live_libraries--;
	return 0;
}
