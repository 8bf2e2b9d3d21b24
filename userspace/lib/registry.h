/* SPDX-License-Identifier: MIT */
/*
 * Inside the registry.
 *
 * Two locks:
 *  - @mutex: everything that changes something. Operations run under it.
 *  - @slot: readers. A reader takes the slot of its CPU for reading; a change
 *    of what readers see takes all slots for writing, and @mutex before.
 *
 * A region has one reference from the table. Readers take theirs under a slot,
 * so a region that is alone with its table reference under all slots is unused.
 * Who drops the last one, after it left the table, unregisters it.
 */
#ifndef TPHBUF_LIB_REGISTRY_H
#define TPHBUF_LIB_REGISTRY_H

#include <pthread.h>

#include <tphbuf/registry.h>

#include "lib/internal.h"

#define NR_SLOTS	32	/* a power of two */
#define CACHE_LINE	64

/* A buffer that regions or ranges refer to. */
struct known {
	struct known *next;
	struct tphbuf_identity identity;
	struct tphbuf_buffer *buf;	/* in the registry's context */
	int device_fd;		/* to ask for the tag; -1: cannot be asked */
	struct tag_clock *clock;	/* of the context it came from; or NULL */
	uint64_t seen;		/* atomic: the clock when the tag was read */
	struct tphbuf_tag tag;	/* if device_fd >= 0 */
	unsigned int users;	/* regions in the table or held, and ranges */
};

struct region_key {
	void *domain;
	struct tphbuf_identity identity;
	uint64_t offset;
	uint64_t length;
	int32_t access;
};

struct tphbuf_registration {
	struct region_key key;
	struct tphbuf_registration *next;	/* in the bucket */
	struct known *known;
	void *object;
	struct tphbuf_registry *reg;
	uint32_t refs;			/* atomic */
	uint64_t last_used;		/* atomic: of tphbuf_registry.tick */
} __attribute__((aligned(CACHE_LINE)));

struct addr_range {
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	struct known *known;
};

struct slot {
	pthread_rwlock_t lock;
	uint64_t hits;			/* atomic */
} __attribute__((aligned(2 * CACHE_LINE)));

struct tphbuf_registry {
	struct tphbuf_registry_ops ops;
	void *arg;
	uint32_t flags;
	uint32_t limit;
	uint64_t granule;	/* a power of two, or TPHBUF_GRANULE_WHOLE */
	struct slot *slot;

	/* Changed under all slots. */
	struct tphbuf_registration **bucket;
	uint64_t mask;			/* buckets - 1 */
	struct addr_range *range;	/* by address */
	uint64_t *range_addr;		/* their addresses, close together */
	size_t nr_ranges;

	/* Under the mutex. */
	pthread_mutex_t mutex;
	struct tphbuf_ctx *ctx;
	struct known *known;
	uint64_t tick;			/* atomic: changes of the table so far */
	uint64_t alive;			/* regions in the table or held */
	struct tphbuf_registry_stats stats;
};

/* registry_table.c: what readers see, and the locks around it */
int table_init(struct tphbuf_registry *reg);
void table_destroy(struct tphbuf_registry *reg);
struct slot *read_lock(struct tphbuf_registry *reg);
void read_unlock(struct slot *slot);
void write_lock(struct tphbuf_registry *reg);
void write_unlock(struct tphbuf_registry *reg);
/* Under any slot, or the mutex. NULL if there is none. */
struct tphbuf_registration *table_find(struct tphbuf_registry *reg,
				 const struct region_key *key);
/* With all slots. */
void table_add(struct tphbuf_registry *reg,
	       struct tphbuf_registration *region);
void table_remove(struct tphbuf_registry *reg,
		  struct tphbuf_registration *region);
/* With the mutex: the unused region whose last use is longest ago, or NULL. */
struct tphbuf_registration *table_oldest_unused(struct tphbuf_registry *reg);
/* Under any slot or the mutex: the range that holds all of it, or NULL. */
struct addr_range *range_find(struct tphbuf_registry *reg, uint64_t addr,
			      uint64_t length);
/* With the mutex, in which nobody else writes: where a range belongs. */
size_t range_place(struct tphbuf_registry *reg, uint64_t addr);

/* registry_known.c: buffers and their tags; all with the mutex */
struct known *known_find(struct tphbuf_registry *reg,
			 const struct tphbuf_identity *identity);
/*
 * Find the buffer with @identity or make it from its descriptor @fd; @dev and
 * @clock may be NULL. Adds a user. 0 or -errno.
 */
int known_get(struct tphbuf_registry *reg,
	      const struct tphbuf_identity *identity, int fd,
	      struct tphbuf_device *dev, struct tag_clock *clock,
	      struct known **known);
void known_put(struct tphbuf_registry *reg, struct known *known);
/* Read the tag. Return: 1 if it may be another than before, 0, -errno. */
int known_refresh(struct tphbuf_registry *reg, struct known *known);

/* Might the tag have changed since it was read? @clock: of who asks, or NULL */
static inline bool known_is_fresh(const struct known *known,
				  const struct tag_clock *clock)
{
	if (known->device_fd < 0)
		return true;
	return clock && clock == known->clock &&
	       __atomic_load_n(&clock->changes, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(&known->seen, __ATOMIC_RELAXED);
}

#endif
