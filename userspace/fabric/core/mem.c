// SPDX-License-Identifier: MIT
/*
 * Guest memory of one function.
 *
 * Mappings are whole pages and do not overlap; the array is sorted by address.
 * A file shorter than its mapping would end in SIGBUS, so it is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fabric/core/mem.h"

struct map {
	uint64_t iova;
	uint64_t size;
	void *host; /* NULL: a hole */
	unsigned int prot;
};

struct fab_mem {
	struct map *maps;
	uint32_t count, room;
	uint32_t last; /* found by the previous look-up */
};

int fab_mem_new(struct fab_mem **out)
{
	struct fab_mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return -ENOMEM;
	*out = mem;
	return 0;
}

static void unmap(struct map *map)
{
	if (map->host)
		munmap(map->host, map->size);
}

void fab_mem_clear(struct fab_mem *mem)
{
	uint32_t i;

	for (i = 0; i < mem->count; i++)
		unmap(&mem->maps[i]);
	free(mem->maps);
	memset(mem, 0, sizeof(*mem));
}

void fab_mem_free(struct fab_mem *mem)
{
	if (!mem)
		return;
	fab_mem_clear(mem);
	free(mem);
}

/* Index of the first mapping that ends above iova; count when there is none. */
static uint32_t lower_bound(const struct fab_mem *mem, uint64_t iova)
{
	uint32_t low = 0, high = mem->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (mem->maps[mid].iova + (mem->maps[mid].size - 1) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int reserve(struct fab_mem *mem)
{
	uint32_t room = mem->room ? 2 * mem->room : 16;
	struct map *maps;

	if (mem->count >= FAB_MEM_MAPS)
		return -ENOSPC;
	if (mem->count < mem->room)
		return 0;
	maps = realloc(mem->maps, room * sizeof(*maps));
	if (!maps)
		return -ENOMEM;
	mem->maps = maps;
	mem->room = room;
	return 0;
}

static int map_file(struct map *map, int fd, uint64_t offset)
{
	int prot = (map->prot & FAB_MEM_READ ? PROT_READ : 0) |
		   (map->prot & FAB_MEM_WRITE ? PROT_WRITE : 0);
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (offset > (uint64_t)st.st_size || map->size > (uint64_t)st.st_size - offset)
		return -EINVAL;
	map->host = mmap(NULL, map->size, prot, MAP_SHARED, fd, (off_t)offset);
	if (map->host == MAP_FAILED) {
		map->host = NULL;
		return -errno;
	}
	return 0;
}

int fab_mem_map(struct fab_mem *mem, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		unsigned int prot)
{
	struct map map = { .iova = iova, .size = size, .prot = prot };
	uint32_t at;
	int ret;

	if (!size || ((iova | size | offset) & (FAB_MEM_PAGE - 1)))
		return -EINVAL;
	if (iova + (size - 1) < iova || offset > INT64_MAX || size > INT64_MAX)
		return -EINVAL;
	at = lower_bound(mem, iova);
	if (at < mem->count && mem->maps[at].iova <= iova + (size - 1))
		return -EEXIST;
	ret = reserve(mem);
	if (ret)
		return ret;
	ret = map_file(&map, fd, offset);
	if (ret)
		return ret;
	memmove(&mem->maps[at + 1], &mem->maps[at], (mem->count - at) * sizeof(map));
	mem->maps[at] = map;
	mem->count++;
	return 0;
}

int fab_mem_unmap(struct fab_mem *mem, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + (size - 1);
	uint32_t first, end, i;

	if (!size || last < iova)
		return -EINVAL;
	first = lower_bound(mem, iova);
	if (first < mem->count && mem->maps[first].iova < iova)
		return -EINVAL;
	end = first;
	while (end < mem->count && mem->maps[end].iova <= last) {
		if (mem->maps[end].iova + (mem->maps[end].size - 1) > last)
			return -EINVAL;
		end++;
	}
	for (i = first; i < end; i++)
		unmap(&mem->maps[i]);
	if (end > first)
		memmove(&mem->maps[first], &mem->maps[end], (mem->count - end) * sizeof(*mem->maps));
	mem->count -= end - first;
	return 0;
}

static bool contains(const struct map *map, uint64_t iova)
{
	return iova >= map->iova && iova - map->iova < map->size;
}

void *fab_mem_at(struct fab_mem *mem, uint64_t iova, unsigned int need, uint64_t *run)
{
	const struct map *map;
	uint32_t at = mem->last;

	*run = 0;
	if (at >= mem->count || !contains(&mem->maps[at], iova)) {
		at = lower_bound(mem, iova);
		if (at == mem->count || !contains(&mem->maps[at], iova))
			return NULL;
		mem->last = at;
	}
	map = &mem->maps[at];
	if (!map->host || (map->prot & need) != need)
		return NULL;
	*run = map->size - (iova - map->iova);
	return (uint8_t *)map->host + (iova - map->iova);
}
