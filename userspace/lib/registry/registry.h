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
 * The thread that drops the last one, after the removal from the table, unregisters it.
 */
#ifndef TPHBUF_LIB_REGISTRY_H
#define TPHBUF_LIB_REGISTRY_H

#include <pthread.h>

#include <tphbuf/registry.h>

#include "lib/core/internal.h"

#define NR_SLOTS     32 /* a power of two */
#define CACHE_LINE   64
#define KNOWN_CLOCKS 4

/* A context through which the tag of a buffer may be set. */
struct known_clock {
	struct tag_clock *clock;
	uint64_t seen; /* atomic: the clock when the tag was read */
};

/* A buffer that regions or ranges refer to. */
struct known {
	struct known *next;
	struct tphbuf_identity identity;
	struct tphbuf_buffer *buf; /* in the registry's context */
	int device_fd;		   /* to ask for the tag; -1: cannot be asked */
	unsigned int users;	   /* regions in the table or held, and ranges */
	struct tphbuf_tag tag;	   /* if device_fd >= 0 */
	bool tag_was_read;
	bool many_clocks; /* more than there is room for */
	unsigned int nr_clocks;
	struct known_clock clock[KNOWN_CLOCKS];
};

/* The key that distinguishes the regions of one buffer. */
struct region_key {
	void *domain;
	uint64_t offset;
	uint64_t length;
	int32_t access;
};

/* A hit touches the first cache line of it and no other. */
struct tphbuf_registration {
	struct region_key key;
	struct known *known;
	struct tphbuf_registration *next; /* in the bucket */
	uint64_t last_used;		  /* atomic: of tphbuf_registry.tick */
	uint32_t refs;			  /* atomic */
	void *object;
	struct tphbuf_registry *reg;
} __attribute__((aligned(CACHE_LINE)));

_Static_assert(offsetof(struct tphbuf_registration, object) <= CACHE_LINE,
	       "a hit in one cache line");

struct addr_range {
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	struct known *known;
};

/* Ranges of addresses, sorted by their first one. */
struct addr_index {
	struct addr_range *range;
	size_t nr;
};

/* A lock for each CPU, so that readers on two CPUs share no cache line. */
struct slot {
	pthread_rwlock_t lock;
	uint64_t hits; /* atomic */
} __attribute__((aligned(2 * CACHE_LINE)));

struct tphbuf_registry {
	struct tphbuf_registry_ops ops;
	void *arg;
	uint32_t flags;
	uint32_t limit;
	uint64_t granule; /* a power of two, or TPHBUF_GRANULE_WHOLE */
	struct slot *slot;

	/* Changed under all slots. */
	struct tphbuf_registration **bucket;
	uint64_t mask; /* buckets - 1 */
	struct addr_index index;

	/* Under the mutex. */
	pthread_mutex_t mutex;
	struct tphbuf_ctx *ctx;
	struct known *known;
	uint64_t tick;	/* atomic: changes of the table so far */
	uint64_t alive; /* regions in the table or held */
	struct tphbuf_registry_stats stats;
};

/* table.c: regions by key, and the locks of readers and writers */
int table_init(struct tphbuf_registry *reg);
void table_destroy(struct tphbuf_registry *reg);
struct slot *read_lock(struct tphbuf_registry *reg);
void read_unlock(struct slot *slot);
void write_lock(struct tphbuf_registry *reg);
void write_unlock(struct tphbuf_registry *reg);
/* Under any slot, or the mutex. NULL if there is none. */
struct tphbuf_registration *table_find(struct tphbuf_registry *reg,
				       const struct tphbuf_identity *identity,
				       const struct region_key *key);
/* With all slots. */
void table_add(struct tphbuf_registry *reg, struct tphbuf_registration *region);
void table_remove(struct tphbuf_registry *reg, struct tphbuf_registration *region);
/* With the mutex: the unused region whose last use is longest ago, or NULL. */
struct tphbuf_registration *table_oldest_unused(struct tphbuf_registry *reg);

/*
 * index.c: an index with room for @nr ranges, which the caller fills in, sorted.
 * 0 or -ENOMEM.
 */
int index_alloc(struct addr_index *index, size_t nr);
void index_free(struct addr_index *index);
/* The number of ranges that start at @addr or before. */
size_t index_place(const struct addr_index *index, uint64_t addr);
/* The range that holds all of it, or NULL. */
struct addr_range *index_find(const struct addr_index *index, uint64_t addr, uint64_t length);

/* known.c: buffers and their tags; all with the mutex held */
struct known *known_find(struct tphbuf_registry *reg, const struct tphbuf_identity *identity);
/*
 * Find the buffer with @identity or make it from its descriptor @fd; @dev and
 * @clock may be NULL. Adds a user. 0 or -errno.
 */
int known_get(struct tphbuf_registry *reg, const struct tphbuf_identity *identity, int fd,
	      struct tphbuf_device *dev, struct tag_clock *clock, struct known **known);
void known_put(struct tphbuf_registry *reg, struct known *known);

/* The clocks before the tag was read. */
struct clock_times {
	uint64_t time[KNOWN_CLOCKS];
};

/*
 * Read the tag; no failure is recorded. Return: 1 if the tag may have changed,
 * 0 if not, or -errno. Call known_settle() after 0, or after 1 once all regions
 * with the old tag are removed; readers then use the new tag.
 */
int known_read_tag(struct known *known, struct clock_times *before);
void known_settle(struct known *known, const struct clock_times *before);

static inline bool same_identity(const struct tphbuf_identity *a, const struct tphbuf_identity *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/*
 * True if no context that the registry knows has changed the tag since it was
 * last read. @clock: the caller's tag generation; NULL if unknown.
 */
static inline bool known_is_fresh(const struct known *known, const struct tag_clock *clock)
{
	bool told = false;
	unsigned int i;

	if (known->device_fd < 0)
		return true;
	if (known->many_clocks)
		return false;
	for (i = 0; i < known->nr_clocks; i++) {
		const struct known_clock *of = &known->clock[i];

		if (__atomic_load_n(&of->clock->changes, __ATOMIC_ACQUIRE) !=
		    __atomic_load_n(&of->seen, __ATOMIC_RELAXED))
			return false;
		told |= of->clock == clock;
	}
	return told;
}

#endif
