/* SPDX-License-Identifier: MIT */
/*
 * Buffers: one type for every source of device memory that can be handed to
 * an importer as a dma-buf, and the tag that travels with it.
 *
 * The tag belongs to the dma-buf, not to the descriptor: every holder of it,
 * in whatever process, sees the same one. An importer takes the tag that is
 * current when it maps the buffer, so set the tag before registering the
 * buffer or handing the descriptor out. Only the exporting device can be
 * asked to set, read or clear it.
 */
#ifndef TPHBUF_BUFFER_H
#define TPHBUF_BUFFER_H

#include <tphbuf/ctx.h>
#include <tphbuf/device.h>
#include <tphbuf/tag.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_MAX_RANGES 1024

struct tphbuf_buffer;

/* Where the memory of a buffer lies */
enum tphbuf_source {
	TPHBUF_SOURCE_FOREIGN, /* a dma-buf from outside; not known */
	TPHBUF_SOURCE_BAR,     /* ranges of a BAR of a vfio device */
	TPHBUF_SOURCE_UDMABUF, /* host memory through /dev/udmabuf */
	TPHBUF_SOURCE_HEAP,    /* host memory of a dma-heap */
	TPHBUF_SOURCE_DRM,     /* a buffer of a DRM driver */
};

/**
 * struct tphbuf_identity - which dma-buf this is
 * @dev: device number of its inode
 * @ino: its inode number
 *
 * The same for every descriptor of one dma-buf in every process. The kernel
 * counts inode numbers of dma-bufs up and never uses one again until it is
 * booted anew, so an identity kept beyond the dma-buf's life matches nothing.
 */
struct tphbuf_identity {
	uint64_t dev;
	uint64_t ino;
};

/**
 * struct tphbuf_range - part of a BAR
 * @offset: first byte, page aligned
 * @length: bytes, a multiple of the page size, not 0
 */
struct tphbuf_range {
	uint64_t offset;
	uint64_t length;
};

/**
 * tphbuf_size_parse() - read a byte count: decimal or 0x, suffix K, M, G
 * @text: the text
 * @value: the result; unchanged on failure
 * @why: NULL, or where a static sentence about the failure goes
 *
 * Return: 0 or -EINVAL.
 */
TPHBUF_API int tphbuf_size_parse(const char *text, uint64_t *value, const char **why);

/**
 * tphbuf_range_parse() - read "OFFSET+LENGTH", both as tphbuf_size_parse()
 * @text: text to parse
 * @range: where the range goes
 * @why: where the reason of a refusal goes
 *
 * Return: 0 or -EINVAL.
 */
TPHBUF_API int tphbuf_range_parse(const char *text, struct tphbuf_range *range, const char **why);

/**
 * struct tphbuf_export_opts - options of tphbuf_buffer_export()
 * @size: sizeof(struct tphbuf_export_opts)
 * @tag: tag to set before the buffer is returned, or NULL
 */
struct tphbuf_export_opts {
	size_t size;
	const struct tphbuf_tag *tag;
};

/**
 * tphbuf_buffer_export() - make a dma-buf of ranges of a BAR
 * @dev: the device; the buffer keeps it open
 * @bar: 0..5
 * @ranges: @n ranges in the order in which they form the buffer, not
 *	overlapping
 * @opts: options or NULL
 * @buf: where the buffer goes
 *
 * Ranges are checked before the kernel is asked, so that the error text can
 * say which one is wrong and why.
 *
 * Return: 0; -EINVAL (a range, the BAR), -EOPNOTSUPP (BAR not exportable, kernel
 * without vfio dma-buf), other errors of the kernel, with @opts->tag also
 * those of tphbuf_buffer_tag_set().
 */
TPHBUF_API int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
				    const struct tphbuf_range *ranges, size_t n,
				    const struct tphbuf_export_opts *opts,
				    struct tphbuf_buffer **buf);

/**
 * struct tphbuf_import_opts - options of tphbuf_buffer_import()
 * @size: sizeof(struct tphbuf_import_opts)
 * @dev: the open device that exported the dma-buf, for the tag functions;
 *	NULL if it is not ours
 */
struct tphbuf_import_opts {
	size_t size;
	struct tphbuf_device *dev;
};

/**
 * tphbuf_buffer_import() - take a dma-buf made elsewhere
 * @ctx: context, which records the text of an error
 * @fd: a dma-buf descriptor; duplicated, the caller keeps its own
 * @opts: options or NULL
 * @buf: where the buffer goes
 *
 * Return: 0, -EBADF, -EINVAL (not a dma-buf), -EMFILE, -ENOMEM.
 */
TPHBUF_API int tphbuf_buffer_import(struct tphbuf_ctx *ctx, int fd,
				    const struct tphbuf_import_opts *opts,
				    struct tphbuf_buffer **buf);

/**
 * tphbuf_buffer_close() - drop the caller's hold of the buffer
 * @buf: buffer
 */
TPHBUF_API void tphbuf_buffer_close(struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_fd() - the dma-buf descriptor
 * @buf: buffer
 *
 * Owned by the library, close-on-exec, never below 3. dup() it to hand it
 * on; the dma-buf lives as long as any descriptor or mapping of it.
 */
TPHBUF_API int tphbuf_buffer_fd(const struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_length() - bytes in the buffer
 * @buf: buffer
 */
TPHBUF_API uint64_t tphbuf_buffer_length(const struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_source() - where its memory lies
 * @buf: buffer
 */
TPHBUF_API enum tphbuf_source tphbuf_buffer_source(const struct tphbuf_buffer *buf);

/**
 * tphbuf_source_name() - "bar", "udmabuf", ...; "unknown" for a bad value
 * @source: source of a buffer
 */
TPHBUF_API const char *tphbuf_source_name(enum tphbuf_source source);

/**
 * tphbuf_buffer_identity() - which dma-buf it is; zeros for a NULL buffer, or if fstat() of its descriptor fails
 * @buf: buffer
 */
TPHBUF_API struct tphbuf_identity tphbuf_buffer_identity(const struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_device() - its device, borrowed; NULL for a foreign buffer
 * @buf: buffer
 */
TPHBUF_API struct tphbuf_device *tphbuf_buffer_device(const struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_bar() - BAR it was exported from, -1 if imported
 * @buf: buffer
 */
TPHBUF_API int tphbuf_buffer_bar(const struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_ranges() - the ranges it was exported from
 * @buf: buffer
 * @n: their number, 0 if imported
 *
 * Return: array owned by the buffer, NULL if imported.
 */
TPHBUF_API const struct tphbuf_range *tphbuf_buffer_ranges(const struct tphbuf_buffer *buf,
							   size_t *n);

/**
 * tphbuf_buffer_map() - map the whole buffer for the CPU
 * @buf: buffer
 * @addr: where the address goes
 *
 * The ranges of a BAR appear one after the other. The mapping is the device's
 * memory, so accesses fault while the device is in reset or its memory is
 * disabled. Other memory is mapped through its dma-buf; put accesses to it
 * between tphbuf_buffer_cpu_begin() and tphbuf_buffer_cpu_end().
 * Undone by tphbuf_buffer_unmap() or by closing the buffer. One mapping at a
 * time.
 *
 * vfio maps a BAR as uncached device memory. Access it with aligned loads and
 * stores of 1, 2, 4 or 8 bytes, as volatile objects. On arm64 memcpy(),
 * memset() and vector or unaligned accesses may raise SIGBUS there, and on any
 * machine what the device makes of an access depends on its width.
 *
 * Return: 0, -EBUSY (mapped already), -EOPNOTSUPP (the exporter cannot map
 * it, which is so for imported buffers of a vfio device; BAR not mappable),
 * errors of mmap.
 */
TPHBUF_API int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr);

/**
 * tphbuf_buffer_unmap() - undo tphbuf_buffer_map()
 * @buf: buffer
 */
TPHBUF_API void tphbuf_buffer_unmap(struct tphbuf_buffer *buf);

/* Bits of the access of tphbuf_buffer_cpu_begin() */
#define TPHBUF_CPU_READ	 (1u << 0)
#define TPHBUF_CPU_WRITE (1u << 1)

/**
 * tphbuf_buffer_cpu_begin() - the CPU is going to access the mapped buffer
 * @buf: buffer
 * @access: TPHBUF_CPU_ bits
 *
 * Makes what devices wrote visible to the CPU; tphbuf_buffer_cpu_end() with
 * the same @access makes what the CPU wrote visible to devices
 * (DMA_BUF_IOCTL_SYNC). Nothing happens for BAR ranges.
 *
 * Return: 0, -EINVAL (access), errors of the exporter.
 */
TPHBUF_API int tphbuf_buffer_cpu_begin(struct tphbuf_buffer *buf, uint32_t access);

/**
 * tphbuf_buffer_cpu_end() - end accesses by the CPU
 * @buf: buffer
 * @access: as for tphbuf_buffer_cpu_begin()
 *
 * Return: 0, -EINVAL (access), errors of the exporter.
 */
TPHBUF_API int tphbuf_buffer_cpu_end(struct tphbuf_buffer *buf, uint32_t access);

/**
 * struct tphbuf_tag_state - what the kernel holds for a buffer
 * @size: sizeof(struct tphbuf_tag_state)
 * @tag: the tag in force
 * @supported: namespaces the device can consume
 */
struct tphbuf_tag_state {
	size_t size;
	struct tphbuf_tag tag;
	uint32_t supported;
};

/**
 * tphbuf_device_tag_probe() - whether tags can be set on buffers of a device
 * @dev: device
 *
 * Asks the kernel; changes nothing.
 *
 * Return: 0, -EOPNOTSUPP (the device is no TPH completer), -ENOTTY (kernel
 * without the feature), -EPROTO (the kernel uses the number for something
 * else).
 */
TPHBUF_API int tphbuf_device_tag_probe(struct tphbuf_device *dev);

/**
 * tphbuf_buffer_tag_probe() - which namespaces the buffer's device consumes
 * @buf: buffer
 * @supported: TPHBUF_TAG_ bits
 *
 * Return: as tphbuf_device_tag_probe(); -EOPNOTSUPP for a buffer without device.
 */
TPHBUF_API int tphbuf_buffer_tag_probe(struct tphbuf_buffer *buf, uint32_t *supported);

/**
 * tphbuf_buffer_tag_set() - replace the tag
 * @buf: buffer
 * @tag: the whole new state; a tag with valid == 0 clears
 *
 * The new tag counts for mappings made from now on.
 *
 * Return: 0, -EINVAL (malformed tag), -EOPNOTSUPP (namespace the device
 * cannot consume, or as tphbuf_device_tag_probe()), -ENOTTY, -EPROTO,
 * -EOPNOTSUPP (buffer without device), -EINVAL from the kernel if the dma-buf
 * is not one of this device.
 */
TPHBUF_API int tphbuf_buffer_tag_set(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag);

/**
 * tphbuf_buffer_tag_clear() - remove the tag
 * @buf: buffer
 */
TPHBUF_API int tphbuf_buffer_tag_clear(struct tphbuf_buffer *buf);

/**
 * tphbuf_buffer_tag_get() - read the tag back from the kernel
 * @buf: buffer
 * @state: result; @state->size set by the caller
 */
TPHBUF_API int tphbuf_buffer_tag_get(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state);

#ifdef __cplusplus
}
#endif

#endif
