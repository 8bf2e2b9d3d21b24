/* SPDX-License-Identifier: MIT */
/*
 * A set of address ranges that do not overlap, sorted by address. Ranges are kept in blocks of
 * up to RANGE_BLOCK entries below one index, so that look-up is two binary searches and an
 * insertion moves at most one block and the index, with a million ranges too.
 */
#ifndef FAB_RANGES_H
#define FAB_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_RANGE_BLOCK 256u

struct fab_range {
	uint64_t iova;
	uint64_t size; /* never 0; iova + size - 1 does not wrap */
	void *host;    /* NULL: no memory */
	uint32_t file; /* for the owner of the set */
	uint32_t prot;
};

static inline bool fab_range_has(const struct fab_range *range, uint64_t iova)
{
	return iova >= range->iova && iova - range->iova < range->size;
}

struct fab_range_block {
	uint32_t count; /* never 0 */
	struct fab_range range[FAB_RANGE_BLOCK];
};

struct fab_ranges {
	struct fab_range_block **block;
	uint32_t blocks, room;
	uint32_t count; /* of ranges */
};

/* Position of a range in the set; invalid after any change of the set. */
struct fab_range_pos {
	uint32_t block, index;
};

/* First range that ends at or after iova; NULL: none. */
struct fab_range *fab_ranges_find(const struct fab_ranges *set, uint64_t iova,
				  struct fab_range_pos *pos);
/* Add a range that overlaps none. -ENOMEM. */
int fab_ranges_add(struct fab_ranges *set, const struct fab_range *range);
/* Remove the range at pos. */
void fab_ranges_remove(struct fab_ranges *set, struct fab_range_pos pos);
void fab_ranges_clear(struct fab_ranges *set); /* back to empty, memory released */

#endif
