// SPDX-License-Identifier: MIT
/*
 * From an address to its range: a search tree in arrays, see registry.h.
 *
 * The ranges stand in blocks of a few, by address. Level 0 has the first
 * address of each block, level 1 the first of each block of level 0, and so
 * on, until one block is left. A look reads one block of each level without a
 * branch to mispredict: of 10,000 ranges four small ones that stay in the
 * cache, and then the ranges themselves.
 *
 * What is behind the end of an array counts as the highest address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/registry/registry.h"

#define BLOCK 8 /* addresses that share a cache line */

static size_t blocks_of(size_t n)
{
	return (n + BLOCK - 1) / BLOCK;
}

static void *alloc_blocks(size_t blocks, size_t size)
{
	return aligned_alloc(CACHE_LINE, blocks * BLOCK * size);
}

int index_alloc(struct addr_index *index, size_t nr)
{
	size_t n = blocks_of(nr);
	unsigned int level;

	memset(index, 0, sizeof(*index));
	index->nr = nr;
	index->range = alloc_blocks(n, sizeof(*index->range));
	if (!index->range)
		return -ENOMEM;
	for (level = 0; n > 1; level++) {
		index->level[level].key =
			alloc_blocks(blocks_of(n), sizeof(*index->level[level].key));
		if (!index->level[level].key) {
			index_free(index);
			return -ENOMEM;
		}
		n = blocks_of(n);
	}
	return 0;
}

void index_free(struct addr_index *index)
{
	unsigned int level;

	for (level = 0; level < INDEX_LEVELS; level++)
		free(index->level[level].key);
	free(index->range);
}

void index_build(struct addr_index *index)
{
	size_t n = blocks_of(index->nr), i;
	struct addr_level *below = NULL;
	unsigned int level;

	for (i = index->nr; i < n * BLOCK; i++)
		index->range[i].addr = UINT64_MAX;
	for (level = 0; n > 1; level++) {
		struct addr_level *this = &index->level[level];

		this->nr = n;
		n = blocks_of(n);
		for (i = 0; i < n * BLOCK; i++)
			if (i >= this->nr)
				this->key[i] = UINT64_MAX;
			else
				this->key[i] = below ? below->key[i * BLOCK] :
						       index->range[i * BLOCK].addr;
		/* What is below the first range leads to the first block. */
		this->key[0] = 0;
		below = this;
	}
	index->depth = level;
}

size_t index_place(const struct addr_index *index, uint64_t addr)
{
	const struct addr_range *range;
	size_t block = 0, n = 0, i;
	unsigned int level;

	if (!index->nr)
		return 0;
	for (level = index->depth; level-- > 0;) {
		const struct addr_level *this = &index->level[level];
		const uint64_t *key = &this->key[block * BLOCK];

		n = 0;
		for (i = 0; i < BLOCK; i++)
			n += key[i] <= addr;
		block = block * BLOCK + n - 1;
		/* The highest address there is counts what is behind the end. */
		if (block >= this->nr)
			block = this->nr - 1;
	}
	range = &index->range[block * BLOCK];
	n = block * BLOCK;
	for (i = 0; i < BLOCK; i++)
		n += range[i].addr <= addr;
	return n < index->nr ? n : index->nr;
}

struct addr_range *index_find(const struct addr_index *index, uint64_t addr, uint64_t length)
{
	size_t place = index_place(index, addr);
	struct addr_range *range;

	if (!place)
		return NULL;
	range = &index->range[place - 1];
	if (addr - range->addr >= range->length || length > range->length - (addr - range->addr))
		return NULL;
	return range;
}
