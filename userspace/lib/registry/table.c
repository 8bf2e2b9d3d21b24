// SPDX-License-Identifier: MIT
/* The table of regions, and its locks: registry.h. */
#define _GNU_SOURCE /* sched_getcpu, PREFER_WRITER */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "lib/registry/registry.h"

int table_init(struct tphbuf_registry *reg)
{
	pthread_rwlockattr_t attr;
	uint64_t buckets = 64;
	unsigned int i;

	while (buckets < 2ull * reg->limit)
		buckets *= 2;
	reg->mask = buckets - 1;
	reg->bucket = calloc(buckets, sizeof(struct tphbuf_registration *));
	reg->slot = aligned_alloc(_Alignof(struct slot), NR_SLOTS * sizeof(*reg->slot));
	if (!reg->bucket || !reg->slot)
		return -ENOMEM;
	/* Hits without end must not keep a change waiting. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
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
	index_free(&reg->index);
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

static struct tphbuf_registration **bucket_of(struct tphbuf_registry *reg,
					      const struct tphbuf_identity *identity,
					      const struct region_key *key)
{
	/* Sum of products, whose upper half depends on every bit. */
	uint64_t hash = identity->ino * 0x9e3779b97f4a7c15ull +
			identity->dev * 0xbf58476d1ce4e5b9ull +
			key->offset * 0x94d049bb133111ebull + key->length * 0xd6e8feb86659fd93ull +
			(uintptr_t)key->domain * 0xff51afd7ed558ccdull +
			(uint32_t)key->access * 0xc4ceb9fe1a85ec53ull;

	return &reg->bucket[(hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull >> 32 & reg->mask];
}

static bool same_key(const struct region_key *a, const struct region_key *b)
{
	return a->offset == b->offset && a->length == b->length && a->domain == b->domain &&
	       a->access == b->access;
}

struct tphbuf_registration *table_find(struct tphbuf_registry *reg,
				       const struct tphbuf_identity *identity,
				       const struct region_key *key)
{
	struct tphbuf_registration *region = *bucket_of(reg, identity, key);

	while (region &&
	       !(same_key(&region->key, key) && same_identity(&region->known->identity, identity)))
		region = region->next;
	return region;
}

void table_add(struct tphbuf_registry *reg, struct tphbuf_registration *region)
{
	struct tphbuf_registration **bucket = bucket_of(reg, &region->known->identity, &region->key);

	region->next = *bucket;
	*bucket = region;
	reg->stats.regions++;
}

void table_remove(struct tphbuf_registry *reg, struct tphbuf_registration *region)
{
	struct tphbuf_registration **link = bucket_of(reg, &region->known->identity, &region->key);

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
			used = __atomic_load_n(&region->last_used, __ATOMIC_RELAXED);
			if (used < best) {
				best = used;
				oldest = region;
			}
		}
	}
	return oldest;
}
