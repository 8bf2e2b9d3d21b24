/* SPDX-License-Identifier: MIT */
/*
 * Everything of libtphbuf. <tphbuf/mr.h> belongs to libtphbuf-verbs and
 * <tphbuf/drm.h> to libtphbuf-drm.
 */
#ifndef TPHBUF_TPHBUF_H
#define TPHBUF_TPHBUF_H

#include <tphbuf/ctx.h>
#include <tphbuf/tag.h>
#include <tphbuf/device.h>
#include <tphbuf/buffer.h>
#include <tphbuf/memory.h>
#include <tphbuf/share.h>
#include <tphbuf/steer.h>
#include <tphbuf/registry.h>
#include <tphbuf/topo.h>

#endif
