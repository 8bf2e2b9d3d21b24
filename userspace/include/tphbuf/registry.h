/* SPDX-License-Identifier: MIT */
/*
 * A registry of regions: transports ask it for the registered region of some
 * bytes of a buffer, and get the one that is there already or a new one.
 *
 * A region is found by its domain (a protection domain), the identity of the
 * dma-buf, the range, the access flags, and the tag the buffer had when it was
 * registered: when the tag changes, the regions of the buffer leave the
 * registry, so that no caller gets a stale one; a holder keeps it until
 * tphbuf_registration_put(). A tag set through the context of any buffer that
 * the registry was given for this dma-buf is seen at once. One set through
 * another context or in another process is seen only with
 * TPHBUF_REGISTRY_VERIFY, or when tphbuf_registry_invalidate() is called.
 *
 * A region in the registry, held or not, and a range keep the dma-buf and its
 * device open, a region also its protection domain in use. Before the device is
 * to be opened again, or the domain freed, tphbuf_registry_invalidate() and
 * tphbuf_registry_remove_range() release the regions that no caller holds.
 *
 * How a region is registered is the business of the operations given to
 * tphbuf_registry_new(); those for verbs are tphbuf_mr_registry_ops() of
 * <tphbuf/mr.h>.
 *
 * Threads: all functions but tphbuf_registry_free() may be called at the same
 * time on one registry. A hit takes one lock that is shared with the threads
 * on the same CPU only, for the time of a look into a hash table (by address,
 * into a sorted array before), and makes no system call, but for one by
 * descriptor or with TPHBUF_REGISTRY_VERIFY. Misses wait
 * for each other, not hits for misses. The registry has a context of its own
 * and duplicates the descriptors it needs; from a caller's buffer it reads only
 * what never changes, so the buffer's context may be in use by another thread.
 */
#ifndef TPHBUF_REGISTRY_H
#define TPHBUF_REGISTRY_H

#include <tphbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_REGISTRY_MAX  (1u << 20) /* largest limit */
#define TPHBUF_GRANULE_WHOLE UINT64_MAX /* always the whole buffer */

struct tphbuf_registry;
struct tphbuf_registration;

/**
 * struct tphbuf_registry_request - a region to be made
 * @domain: where, as given to tphbuf_registry_get()
 * @buf: the registry's own buffer of the dma-buf; it outlives the region
 * @offset: first byte
 * @length: bytes
 * @access: as given to tphbuf_registry_get()
 * @tag: the tag of the buffer; NULL if the registry cannot know it
 */
struct tphbuf_registry_request {
	void *domain;
	struct tphbuf_buffer *buf;
	uint64_t offset;
	uint64_t length;
	int32_t access;
	const struct tphbuf_tag *tag;
};

/**
 * struct tphbuf_registry_ops - how regions are made and unmade
 * @size: sizeof(struct tphbuf_registry_ops)
 * @reg: register; 0 and *@object, or -errno with its text in the context of
 *	@request->buf
 * @unreg: undo @reg
 *
 * Called one at a time, from whatever thread; they must not call the registry.
 */
struct tphbuf_registry_ops {
	size_t size;
	int (*reg)(void *arg, const struct tphbuf_registry_request *request, void **object);
	void (*unreg)(void *arg, void *object);
};

/* Bits of tphbuf_registry_opts.flags */
#define TPHBUF_REGISTRY_VERIFY (1u << 0) /* ask for the tag each time */

/**
 * struct tphbuf_registry_opts - options of tphbuf_registry_new()
 * @size: sizeof(struct tphbuf_registry_opts)
 * @ops: operations; the structure is the caller's and outlives the registry
 * @arg: first argument of the operations
 * @flags: TPHBUF_REGISTRY_ bits
 * @limit: most regions to keep, 1 to TPHBUF_REGISTRY_MAX; 0 means 4096. A new
 *	one beyond it takes the place of the one that is unused for longest.
 * @granule: regions are rounded outward to multiples of it; a power of two, 0
 *	for the page size, or TPHBUF_GRANULE_WHOLE
 */
struct tphbuf_registry_opts {
	size_t size;
	const struct tphbuf_registry_ops *ops;
	void *arg;
	uint32_t flags;
	uint32_t limit;
	uint64_t granule;
};

/**
 * tphbuf_registry_new() - make a registry
 * @ctx: for errors of this call, and for the roots of sysfs and devices
 * @opts: options; @opts->ops is needed
 * @reg: where it goes
 *
 * Return: 0, -EINVAL, -E2BIG, -ENOMEM.
 */
TPHBUF_API int tphbuf_registry_new(struct tphbuf_ctx *ctx, const struct tphbuf_registry_opts *opts,
				   struct tphbuf_registry **reg);

/**
 * tphbuf_registry_free() - unregister everything and free the registry
 * @reg: registry
 *
 * No other call may be running. Return: 0, -EBUSY if a caller holds a region;
 * nothing has happened then.
 */
TPHBUF_API int tphbuf_registry_free(struct tphbuf_registry *reg);

/**
 * tphbuf_registry_get() - the region of some bytes of a buffer
 * @reg: registry
 * @domain: protection domain or what else the operations take
 * @buf: the buffer
 * @offset: first byte
 * @length: bytes; not 0
 * @access: access flags for the operations
 * @region: the region; put it back with tphbuf_registration_put()
 *
 * Return: 0; -EINVAL (not inside the buffer), -EBUSY (the limit is reached and
 * all regions are in use), -EAGAIN (the tag kept changing), -ENOMEM, -EMFILE,
 * errors of the operations.
 */
TPHBUF_API int tphbuf_registry_get(struct tphbuf_registry *reg, void *domain,
				   struct tphbuf_buffer *buf, uint64_t offset, uint64_t length,
				   int32_t access, struct tphbuf_registration **region);

/**
 * tphbuf_registry_get_fd() - the same by a dma-buf descriptor
 * @reg: registry
 * @domain: protection domain
 * @offset: offset in bytes
 * @length: length in bytes
 * @access: access flags of libibverbs
 * @region: where the region goes
 * @fd: the caller's
 *
 * A descriptor number may be closed and reused for another dma-buf without the
 * registry being told. So it asks the kernel each time, with two system
 * calls, and with one more for the tag if it knows the device of the buffer.
 * Where that is too slow, keep a struct tphbuf_buffer (tphbuf_buffer_import())
 * for tphbuf_registry_get(), or say which addresses the buffer has.
 *
 * Return: also -EBADF.
 */
TPHBUF_API int tphbuf_registry_get_fd(struct tphbuf_registry *reg, void *domain, int fd,
				      uint64_t offset, uint64_t length, int32_t access,
				      struct tphbuf_registration **region);

/**
 * tphbuf_registry_add_range() - say which addresses stand for a buffer
 * @reg: registry
 * @addr: first address, in whatever address space the transport has
 * @length: bytes; not 0
 * @buf: the buffer; need not stay open
 * @offset: the byte of it that @addr stands for
 *
 * Return: 0, -EINVAL (not inside the buffer, wraps), -EEXIST (overlaps another
 * range), -ENOMEM, -EMFILE.
 */
TPHBUF_API int tphbuf_registry_add_range(struct tphbuf_registry *reg, uint64_t addr, uint64_t length,
					 struct tphbuf_buffer *buf, uint64_t offset);

/**
 * tphbuf_registry_remove_range() - undo tphbuf_registry_add_range()
 * @reg: registry
 * @addr: the first address
 *
 * Regions stay. Return: 0, -ENOENT.
 */
TPHBUF_API int tphbuf_registry_remove_range(struct tphbuf_registry *reg, uint64_t addr);

/**
 * tphbuf_registry_get_addr() - the region of some addresses
 * @reg: registry
 * @domain: protection domain
 * @access: access flags of libibverbs
 * @region: where the region goes
 * @addr: first address
 * @length: bytes; not 0
 * @offset: NULL, or where the byte of the buffer that @addr stands for goes
 *
 * Return: as tphbuf_registry_get(); -ENOENT if the addresses are not inside
 * one range.
 */
TPHBUF_API int tphbuf_registry_get_addr(struct tphbuf_registry *reg, void *domain, uint64_t addr,
					uint64_t length, int32_t access, uint64_t *offset,
					struct tphbuf_registration **region);

/**
 * tphbuf_registry_invalidate() - regions of a buffer are stale
 * @reg: registry
 * @identity: the buffer; NULL for all
 *
 * To be called when another process changed the tag. The regions leave the
 * registry and are unregistered once no caller holds them.
 *
 * Return: how many there were, -EINVAL.
 */
TPHBUF_API int tphbuf_registry_invalidate(struct tphbuf_registry *reg,
					  const struct tphbuf_identity *identity);

/**
 * tphbuf_registration_put() - give back what a get function gave
 * @region: region
 */
TPHBUF_API void tphbuf_registration_put(struct tphbuf_registration *region);

/**
 * tphbuf_registration_object() - what the operations made
 * @region: region
 */
TPHBUF_API void *tphbuf_registration_object(const struct tphbuf_registration *region);

/**
 * tphbuf_registration_offset() - first byte of the buffer in it
 * @region: region
 */
TPHBUF_API uint64_t tphbuf_registration_offset(const struct tphbuf_registration *region);

/**
 * tphbuf_registration_length() - bytes in it
 * @region: region
 */
TPHBUF_API uint64_t tphbuf_registration_length(const struct tphbuf_registration *region);

/**
 * struct tphbuf_registry_stats - counters of a registry
 * @size: sizeof(struct tphbuf_registry_stats)
 * @hits: regions that were there
 * @misses: regions that were made
 * @evictions: unused regions that were unregistered to make room
 * @stale: regions that left because of a changed tag
 * @regions: regions in it now
 */
struct tphbuf_registry_stats {
	size_t size;
	uint64_t hits;
	uint64_t misses;
	uint64_t evictions;
	uint64_t stale;
	uint64_t regions;
};

/**
 * tphbuf_registry_read_stats() - read the counters. Return: 0, -EINVAL.
 * @reg: registry
 * @stats: where the counters go
 */
TPHBUF_API int tphbuf_registry_read_stats(struct tphbuf_registry *reg,
					  struct tphbuf_registry_stats *stats);

/**
 * tphbuf_registry_error() - the text of the last failure, whatever thread
 * @reg: registry
 * @text: the text
 * @size: size of @text
 */
TPHBUF_API void tphbuf_registry_error(struct tphbuf_registry *reg, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
