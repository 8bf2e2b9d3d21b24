// SPDX-License-Identifier: MIT
/*
 * Sorted set of address ranges (ranges.h).
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/ranges.h"

static uint64_t last_byte(const struct fab_range *range)
{
	return range->iova + (range->size - 1);
}

/* First block whose last range ends at or after iova; set->blocks when there is none. */
static uint32_t find_block(const struct fab_ranges *set, uint64_t iova)
{
	uint32_t low = 0, high = set->blocks, mid;

	while (low < high) {
		const struct fab_range_block *block;

		mid = low + (high - low) / 2;
		block = set->block[mid];
		if (last_byte(&block->range[block->count - 1]) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t find_index(const struct fab_range_block *block, uint64_t iova)
{
	uint32_t low = 0, high = block->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (last_byte(&block->range[mid]) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct fab_range *fab_ranges_find(const struct fab_ranges *set, uint64_t iova,
				  struct fab_range_pos *pos)
{
	pos->block = find_block(set, iova);
	pos->index = 0;
	if (pos->block == set->blocks)
		return NULL;
	pos->index = find_index(set->block[pos->block], iova);
	return &set->block[pos->block]->range[pos->index];
}

/* Insert an empty block before number at of the index. */
static struct fab_range_block *add_block(struct fab_ranges *set, uint32_t at)
{
	struct fab_range_block **index, *block;
	uint32_t room = set->room ? 2 * set->room : 16;

	if (set->blocks == set->room) {
		index = realloc(set->block, room * sizeof(*index));
		if (!index)
			return NULL;
		set->block = index;
		set->room = room;
	}
	block = malloc(sizeof(*block));
	if (!block)
		return NULL;
	block->count = 0;
	memmove(&set->block[at + 1], &set->block[at], (set->blocks - at) * sizeof(*set->block));
	set->block[at] = block;
	set->blocks++;
	return block;
}

/* Moves the upper half of a full block to a new block. */
static int split(struct fab_ranges *set, uint32_t at)
{
	struct fab_range_block *full = set->block[at], *upper = add_block(set, at + 1);

	if (!upper)
		return -ENOMEM;
	upper->count = full->count / 2;
	full->count -= upper->count;
	memcpy(upper->range, &full->range[full->count], upper->count * sizeof(*upper->range));
	return 0;
}

/* Makes room at pos, and updates pos to the block with the free entry. */
static int make_room(struct fab_ranges *set, struct fab_range_pos *pos)
{
	if (!set->blocks ||
	    (pos->block == set->blocks && set->block[set->blocks - 1]->count == FAB_RANGE_BLOCK)) {
		pos->index = 0;
		return add_block(set, pos->block) ? 0 : -ENOMEM;
	}
	if (pos->block == set->blocks) { /* after all others */
		pos->block--;
		pos->index = set->block[pos->block]->count;
	}
	if (set->block[pos->block]->count < FAB_RANGE_BLOCK)
		return 0;
	if (split(set, pos->block))
		return -ENOMEM;
	if (pos->index > set->block[pos->block]->count) {
		pos->index -= set->block[pos->block]->count;
		pos->block++;
	}
	return 0;
}

int fab_ranges_add(struct fab_ranges *set, const struct fab_range *range)
{
	struct fab_range_block *block;
	struct fab_range_pos pos;

	fab_ranges_find(set, range->iova, &pos);
	if (make_room(set, &pos))
		return -ENOMEM;
	block = set->block[pos.block];
	memmove(&block->range[pos.index + 1], &block->range[pos.index],
		(block->count - pos.index) * sizeof(*range));
	block->range[pos.index] = *range;
	block->count++;
	set->count++;
	return 0;
}

static void remove_block(struct fab_ranges *set, uint32_t at)
{
	free(set->block[at]);
	set->blocks--;
	memmove(&set->block[at], &set->block[at + 1], (set->blocks - at) * sizeof(*set->block));
}

/*
 * Merges two adjacent blocks that fill less than half a block, so that memory is proportional to
 * the number of ranges.
 */
static void merge(struct fab_ranges *set, uint32_t at)
{
	struct fab_range_block *low, *high;

	if (at + 1 >= set->blocks)
		return;
	low = set->block[at];
	high = set->block[at + 1];
	if (low->count + high->count > FAB_RANGE_BLOCK / 2)
		return;
	memcpy(&low->range[low->count], high->range, high->count * sizeof(*high->range));
	low->count += high->count;
	remove_block(set, at + 1);
}

void fab_ranges_remove(struct fab_ranges *set, struct fab_range_pos pos)
{
	struct fab_range_block *block = set->block[pos.block];

	block->count--;
	set->count--;
	memmove(&block->range[pos.index], &block->range[pos.index + 1],
		(block->count - pos.index) * sizeof(*block->range));
	if (!block->count) {
		remove_block(set, pos.block);
		return;
	}
	merge(set, pos.block);
	if (pos.block)
		merge(set, pos.block - 1);
}

void fab_ranges_clear(struct fab_ranges *set)
{
	uint32_t i;

	for (i = 0; i < set->blocks; i++)
		free(set->block[i]);
	free(set->block);
	*set = (struct fab_ranges){ 0 };
}
