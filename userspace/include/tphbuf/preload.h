/* SPDX-License-Identifier: MIT */
/*
 * Addresses that stand for bytes of a dma-buf, told to libtphbuf-preload.so.
 *
 * With that library preloaded, ibv_reg_mr() and its variants register an address
 * inside such a range through its dma-buf, see tphbuf-preload(7). tphbuf_buffer_map()
 * tells each mapping and takes it back before it goes; a program that maps dma-bufs
 * by other means calls these functions itself. Both are weak: a program that runs
 * without the library sees NULL and goes on.
 *
 *	if (tphbuf_preload_add)
 *		ret = tphbuf_preload_add(addr, length, fd, 0);
 */
#ifndef TPHBUF_PRELOAD_H
#define TPHBUF_PRELOAD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_WEAK __attribute__((weak, visibility("default")))

/**
 * tphbuf_preload_add() - say which addresses stand for a dma-buf
 * @addr: first address, page aligned
 * @length: bytes, not 0
 * @fd: descriptor of the dma-buf; duplicated, the caller keeps its own
 * @offset: the byte of the dma-buf that @addr stands for, page aligned
 *
 * The dma-buf is held until tphbuf_preload_remove(); the device that exported it
 * is not. Any thread may call.
 *
 * Return: 0, -EINVAL (empty, wraps, not page aligned, longer than the dma-buf),
 * -EBADF, -EEXIST (overlaps another range), -ENOMEM, -EMFILE.
 */
TPHBUF_WEAK int tphbuf_preload_add(const void *addr, uint64_t length, int fd, uint64_t offset);

/**
 * tphbuf_preload_remove() - undo tphbuf_preload_add(), before the addresses get another meaning
 * @addr: the first address
 *
 * Waits for registrations in progress. Regions that exist stay as they are: they
 * are regions of the dma-buf, not of the addresses.
 *
 * Return: 0, -ENOENT.
 */
TPHBUF_WEAK int tphbuf_preload_remove(const void *addr);

#ifdef __cplusplus
}
#endif

#endif
