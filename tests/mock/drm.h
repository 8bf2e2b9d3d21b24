/* SPDX-License-Identifier: MIT */
/*
 * The part of libdrm and libdrm_amdgpu that libtphbuf-drm calls, and the
 * dynamic loader as far as the libraries look symbols up at run time.
 */
#ifndef MOCK_DRM_H
#define MOCK_DRM_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_DRM_HANDLE 5

struct fake_drm {
	bool no_driver; /* the descriptor is not a DRM node */
	bool no_pci;
	int dumb_err; /* positive errno values, 0 for success */
	int export_err;
	int import_err;
	int release_err;
	bool minus_one; /* errors come as -1 and errno */
	/* The arguments of the last call. */
	uint32_t width, height, bpp, handle;
	int fd;
	unsigned int live_dumbs;
	/* libdrm_amdgpu */
	bool no_amdgpu;	       /* dlopen fails */
	const char *no_symbol; /* dlsym fails for this one */
	int init_err, alloc_err, amdgpu_export_err;
	uint32_t heap;
	unsigned int live_bos, live_devices;
	int live_libraries;
};

extern struct fake_drm fake_drm;
void fake_drm_setup(void);

#endif
