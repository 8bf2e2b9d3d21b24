// SPDX-License-Identifier: MIT
/* Blocks of whole pages, first fit. Large blocks only, so there are few and a search over all pages is short. */
#include <errno.h>
#include <sys/mman.h>

#include "alloc.h"

/* The state of the pages is mapped: the arena works inside malloc(). */
int arena_init(struct arena *arena, void *base, uint64_t length, uint64_t page)
{
	size_t pages = (size_t)(length / page);
	void *run = mmap(NULL, pages * sizeof(*arena->run), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (run == MAP_FAILED)
		return -errno;
	*arena = (struct arena){ .base = base, .page = page, .pages = pages, .run = run };
	return 0;
}

/* The first page from @at on where a block of that alignment may begin. */
static size_t align_page(const struct arena *arena, size_t at, size_t alignment)
{
	uint64_t addr = (uintptr_t)arena->base + at * arena->page;
	uint64_t up = (alignment - addr % alignment) % alignment;

	return at + (size_t)((up + arena->page - 1) / arena->page);
}

/* The first page in use from the free page @from on, or the end. */
static size_t used_page(const struct arena *arena, size_t from)
{
	while (from < arena->pages && !arena->run[from])
		from++;
	return from;
}

void *arena_take(struct arena *arena, size_t bytes, size_t alignment)
{
	size_t need = bytes / arena->page + (bytes % arena->page ? 1 : 0);
	size_t at = 0;

	if (!need || need > arena->pages || need > UINT32_MAX)
		return NULL;
	if (alignment < arena->page)
		alignment = arena->page;
	while (at < arena->pages) {
		size_t end, aligned;

		if (arena->run[at]) {
			at += arena->run[at];
			continue;
		}
		end = used_page(arena, at);
		aligned = align_page(arena, at, alignment);
		if (aligned < end && need <= end - aligned) {
			arena->run[aligned] = (uint32_t)need;
			return arena->base + aligned * arena->page;
		}
		at = end;
	}
	return NULL;
}

bool arena_has(const struct arena *arena, const void *p)
{
	return (uintptr_t)p - (uintptr_t)arena->base < arena->pages * arena->page;
}

/* The page at which the block @p begins; arena->pages if none does. */
static size_t page_of(const struct arena *arena, const void *p)
{
	uint64_t at = (uintptr_t)p - (uintptr_t)arena->base;

	if (!arena_has(arena, p) || at % arena->page || !arena->run[at / arena->page])
		return arena->pages;
	return (size_t)(at / arena->page);
}

size_t arena_size(const struct arena *arena, const void *p)
{
	size_t page = page_of(arena, p);

	return page < arena->pages ? arena->run[page] * (size_t)arena->page : 0;
}

bool arena_give(struct arena *arena, void *p)
{
	size_t page = page_of(arena, p);

	if (page == arena->pages)
		return false;
	arena->run[page] = 0;
	return true;
}
