// SPDX-License-Identifier: MIT
/* From an address to its range: binary search in a sorted array, see registry.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/registry/registry.h"

int index_alloc(struct addr_index *index, size_t nr)
{
	memset(index, 0, sizeof(*index));
	index->nr = nr;
	index->range = calloc(nr ? nr : 1, sizeof(*index->range));
	return index->range ? 0 : -ENOMEM;
}

void index_free(struct addr_index *index)
{
	free(index->range);
}

size_t index_place(const struct addr_index *index, uint64_t addr)
{
	const struct addr_range *base = index->range;
	size_t n = index->nr;

	if (!n)
		return 0;
	/* Halves without a branch on the address, which would be mispredicted. */
	while (n > 1) {
		size_t half = n / 2;

		base += (base[half].addr <= addr) * half;
		n -= half;
	}
	return (size_t)(base - index->range) + (base->addr <= addr);
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
