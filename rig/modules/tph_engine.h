/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User interface of the rig's importer of dma-bufs with processing hints.
 *
 * Each open of /dev/tph_engineN imports one dma-buf at a time.
 */
#ifndef _TPH_ENGINE_H
#define _TPH_ENGINE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Import the dma-buf with this fd in place of the one before; -1: none.
 *
 * EBADF, EINVAL: no dma-buf. ENODEV: it is revoked, or the engine is gone.
 * EOPNOTSUPP: its exporter refuses the engine. The one before stays then.
 */
#define TPH_ENGINE_IMPORT _IOW('T', 0xe0, __s32)

/**
 * struct tph_engine_fill - fill a part of the dma-buf
 * @offset: in: where, a multiple of 4
 * @length: in: how much, a multiple of 4
 * @value: in: what with, little endian
 * @hint_width: out: 8 or 16 if requests carried a hint, else 0
 * @hint_tag: out: steering tag
 * @hint_ph: out: processing hint
 * @reserved: 0
 *
 * The hint is the one that the exporter gave when the engine mapped the buffer,
 * which it does at the first fill and at the first one after the exporter took
 * the mapping back.
 *
 * ENXIO: nothing is imported. EINVAL: empty, not a multiple of 4, past the end
 * of the dma-buf, @reserved. ENODEV: the dma-buf is revoked, which may pass, or
 * the engine is gone. EIO, ETIMEDOUT: the engine failed. EINTR: a signal. After
 * the last three, a part may have been filled.
 */
struct tph_engine_fill {
	__u64 offset;
	__u64 length;
	__u32 value;
	__u32 hint_width;
	__u16 hint_tag;
	__u8 hint_ph;
	__u8 reserved[5];
};

#define TPH_ENGINE_FILL _IOWR('T', 0xe1, struct tph_engine_fill)

#endif /* _TPH_ENGINE_H */
