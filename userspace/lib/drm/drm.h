/* SPDX-License-Identifier: MIT */
/* Shared declarations of libtphbuf-drm. */
#ifndef TPHBUF_LIB_DRM_H
#define TPHBUF_LIB_DRM_H

#include <tphbuf/drm.h>

#include "lib/core/sister.h"

/* The return value of a libdrm call as 0 or -errno. */
int drm_error(int ret);

/* Check the arguments of an allocation. 0 or -errno, recorded. */
int drm_check(struct tphbuf_ctx *ctx, uint64_t length, struct tphbuf_buffer **buf);

#endif
