// SPDX-License-Identifier: MIT
/* The table of regions, the address ranges, and their locks: registry.h. */
#define _GNU_SOURCE	/* sched_getcpu, PREFER_WRITER */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "lib/registry.h"

int table_init(struct tphbuf_registry *reg)
{
	pthread_rwlockattr_t attr;
	uint64_t buckets = 64;
	unsigned int i;

	while (buckets < 2ull * reg->limit)
		buckets *= 2;
	reg->mask = buckets - 1;
	reg->bucket = calloc(buckets, sizeof(struct tphbuf_registration *));
	reg->slot = aligned_alloc(_Alignof(struct slot),
				  NR_SLOTS * sizeof(*reg->slot));
	if (!reg->bucket || !reg->slot)
		return -ENOMEM;
	/* Hits without end must not keep a change waiting. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
			PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	for (i = 0; i < NR_SLOTS; i++) {
		pthread_rwlock_init(&reg->slot[i].lock, &attr);
		reg->slot[i].hits = 0;
	}
	pthread_rwlockattr_destroy(&attr);
	return 0;
}

void table_destroy(struct tphbuf_registry *reg)
{
	unsigned int i;

	for (i = 0; reg->slot && i < NR_SLOTS; i++)
		pthread_rwlock_destroy(&reg->slot[i].lock);
	free(reg->slot);
	free(reg->bucket);
	free(reg->range);
	free(reg->range_addr);
}

struct slot *read_lock(struct tphbuf_registry *reg)
{
	int cpu = sched_getcpu();
	struct slot *slot = &reg->slot[cpu < 0 ? 0 : cpu % NR_SLOTS];

	pthread_rwlock_rdlock(&slot->lock);
	return slot;
}

void read_unlock(struct slot *slot)
{
	pthread_rwlock_unlock(&slot->lock);
}

void write_lock(struct tphbuf_registry *reg)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		pthread_rwlock_wrlock(&reg->slot[i].lock);
}

void write_unlock(struct tphbuf_registry *reg)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		pthread_rwlock_unlock(&reg->slot[i].lock);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static struct tphbuf_registration **bucket_of(struct tphbuf_registry *reg,
					const struct region_key *key)
{
	uint64_t hash = mix(key->identity.ino, key->offset);

	hash = mix(hash, key->length);
	hash = mix(hash, (uintptr_t)key->domain);
	hash = mix(hash, (uint32_t)key->access ^ key->identity.dev << 32);
	return &reg->bucket[hash & reg->mask];
}

static bool same_key(const struct region_key *a, const struct region_key *b)
{
	return a->identity.ino == b->identity.ino && a->offset == b->offset &&
	       a->length == b->length && a->domain == b->domain &&
	       a->access == b->access && a->identity.dev == b->identity.dev;
}

struct tphbuf_registration *table_find(struct tphbuf_registry *reg,
				 const struct region_key *key)
{
	struct tphbuf_registration *region = *bucket_of(reg, key);

	while (region && !same_key(&region->key, key))
		region = region->next;
	return region;
}

void table_add(struct tphbuf_registry *reg,
	       struct tphbuf_registration *region)
{
	struct tphbuf_registration **bucket = bucket_of(reg, &region->key);

	region->next = *bucket;
	*bucket = region;
	reg->stats.regions++;
}

void table_remove(struct tphbuf_registry *reg,
		  struct tphbuf_registration *region)
{
	struct tphbuf_registration **link = bucket_of(reg, &region->key);

	while (*link != region)
		link = &(*link)->next;
	*link = region->next;
	reg->stats.regions--;
}

struct tphbuf_registration *table_oldest_unused(struct tphbuf_registry *reg)
{
	struct tphbuf_registration *region, *oldest = NULL;
	uint64_t i, used, best = UINT64_MAX;

	for (i = 0; i <= reg->mask; i++) {
		for (region = reg->bucket[i]; region; region = region->next) {
			if (__atomic_load_n(&region->refs, __ATOMIC_RELAXED) > 1)
				continue;
			used = __atomic_load_n(&region->last_used,
					       __ATOMIC_RELAXED);
			if (used < best) {
				best = used;
				oldest = region;
			}
		}
	}
	return oldest;
}

/* Without a branch to mispredict, and in few cache lines. */
size_t range_place(struct tphbuf_registry *reg, uint64_t addr)
{
	const uint64_t *base = reg->range_addr;
	size_t n = reg->nr_ranges;

	/* The first one that starts behind @addr. */
	while (n > 1) {
		size_t half = n / 2;

		base += half & -(size_t)(base[half - 1] <= addr);
		n -= half;
	}
	return n ? (size_t)(base - reg->range_addr) + (*base <= addr) : 0;
}

struct addr_range *range_find(struct tphbuf_registry *reg, uint64_t addr,
			      uint64_t length)
{
	size_t place = range_place(reg, addr);
	struct addr_range *range;

	if (!place)
		return NULL;
	range = &reg->range[place - 1];
	if (addr - range->addr >= range->length ||
	    length > range->length - (addr - range->addr))
		return NULL;
	return range;
}
