/* SPDX-License-Identifier: MIT */
/*
 * libtphbuf-alloc.so: large allocations of a program come from a BAR, with a tag.
 *
 * config.c reads TPHBUF_ALLOC, arena.c shares out the pages, device.c opens, exports, tags
 * and maps, symbols.c has the functions that replace malloc() and its kin.
 */
#ifndef TRANSPORTS_ALLOC_H
#define TRANSPORTS_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tphbuf/tphbuf.h>

struct alloc_config {
	char bdf[TPHBUF_BDF_MAX];
	unsigned int bar;
	struct tphbuf_range range; /* length 0: to the end of the BAR */
	uint64_t min, max;	   /* bytes of the allocations that are taken */
	struct tphbuf_tag tag;	   /* valid 0: none */
};

#define ALLOC_DEFAULT_MIN (64u << 10)

/*
 * config.c: "BDF,bar=N,offset=BYTES,length=BYTES,min=BYTES,max=BYTES,st=..,xst=..,ph=..".
 * Return: 0, or -EINVAL with the reason in @why.
 */
int alloc_config_parse(const char *text, struct alloc_config *config, char *why, size_t size);

/* arena.c: whole pages of [base, base + length). Threads are the caller's business. */
struct arena {
	char *base;
	uint64_t page;
	size_t pages;
	uint32_t *run; /* of each page: pages of the block that begins there, or 0 */
};

int arena_init(struct arena *arena, void *base, uint64_t length, uint64_t page);
void *arena_take(struct arena *arena, size_t bytes, size_t alignment); /* NULL: no room */
bool arena_has(const struct arena *arena, const void *p);
size_t arena_size(const struct arena *arena,
		  const void *p);	       /* bytes of the block, 0: none begins there */
bool arena_give(struct arena *arena, void *p); /* false: no block begins there */

/* device.c: make the memory that @config names. Return: 0 or -errno, @why says more. */
int alloc_device_open(const struct alloc_config *config, void **base, uint64_t *length, char *why,
		      size_t size);

#endif
