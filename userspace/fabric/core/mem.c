// SPDX-License-Identifier: MIT
/*
 * Guest memory of one function: mapped files, and the ranges of bus addresses that point into
 * them.
 *
 * Ranges are whole pages and do not overlap. A file shorter than a range would end in SIGBUS,
 * so the range is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fabric/core/mem.h"

#define NO_FILE UINT32_MAX

/* One mapping of a whole file. users 0: free slot. */
struct file {
	dev_t dev;
	ino_t ino;
	int prot; /* of mmap */
	uint64_t size;
	uint8_t *host;
	uint32_t users; /* ranges */
};

struct fab_mem {
	struct fab_ranges ranges;
	const struct fab_range *last; /* found by the previous look-up; NULL after a change */
	struct file *files;
	uint32_t nfiles;
};

int fab_mem_new(struct fab_mem **out)
{
	struct fab_mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return -ENOMEM;
	*out = mem;
	return 0;
}

void fab_mem_clear(struct fab_mem *mem)
{
	uint32_t i;

	for (i = 0; i < mem->nfiles; i++)
		if (mem->files[i].users)
			munmap(mem->files[i].host, mem->files[i].size);
	free(mem->files);
	fab_ranges_clear(&mem->ranges);
	memset(mem, 0, sizeof(*mem));
}

void fab_mem_free(struct fab_mem *mem)
{
	if (!mem)
		return;
	fab_mem_clear(mem);
	free(mem);
}

uint32_t fab_mem_count(const struct fab_mem *mem)
{
	return mem->ranges.count;
}

static void file_put(struct fab_mem *mem, uint32_t number)
{
	struct file *file;

	if (number == NO_FILE)
		return;
	file = &mem->files[number];
	if (--file->users)
		return;
	munmap(file->host, file->size);
	file->host = NULL;
}

/* A mapping of st that allows prot and reaches to end, or a free slot, or nfiles. */
static uint32_t file_find(const struct fab_mem *mem, const struct stat *st, int prot, uint64_t end)
{
	uint32_t i, free_slot = mem->nfiles;

	for (i = 0; i < mem->nfiles; i++) {
		const struct file *file = &mem->files[i];

		if (!file->users)
			free_slot = i;
		else if (file->dev == st->st_dev && file->ino == st->st_ino &&
			 (file->prot & prot) == prot && end <= file->size)
			return i;
	}
	return free_slot;
}

static int file_slot(struct fab_mem *mem, uint32_t number)
{
	uint32_t room = mem->nfiles ? 2 * mem->nfiles : 4;
	struct file *files;

	if (number < mem->nfiles)
		return 0;
	if (room > FAB_MEM_FILES)
		return -ENOSPC;
	files = realloc(mem->files, room * sizeof(*files));
	if (!files)
		return -ENOMEM;
	memset(files + mem->nfiles, 0, (room - mem->nfiles) * sizeof(*files));
	mem->files = files;
	mem->nfiles = room;
	return 0;
}

/* Adds a user to the mapping of fd, of which range needs the part at offset. */
static int file_get(struct fab_mem *mem, struct fab_range *range, int fd, uint64_t offset)
{
	int prot = (range->prot & FAB_MEM_READ ? PROT_READ : 0) |
		   (range->prot & FAB_MEM_WRITE ? PROT_WRITE : 0);
	uint32_t number;
	struct file *file;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (offset > (uint64_t)st.st_size || range->size > (uint64_t)st.st_size - offset)
		return -EINVAL;
	number = file_find(mem, &st, prot, offset + range->size);
	ret = file_slot(mem, number);
	if (ret)
		return ret;
	file = &mem->files[number];
	if (!file->users) {
		void *host = mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED | MAP_NORESERVE, fd, 0);

		if (host == MAP_FAILED)
			return -errno;
		*file = (struct file){ .dev = st.st_dev,
				       .ino = st.st_ino,
				       .prot = prot,
				       .size = (uint64_t)st.st_size,
				       .host = host };
	}
	file->users++;
	range->file = number;
	range->host = file->host + offset;
	return 0;
}

int fab_mem_map(struct fab_mem *mem, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		unsigned int prot)
{
	struct fab_range range = { .iova = iova, .size = size, .file = NO_FILE, .prot = prot };
	const struct fab_range *next;
	struct fab_range_pos pos;
	int ret;

	if (!size || ((iova | size | offset) & (FAB_MEM_PAGE - 1)))
		return -EINVAL;
	if (iova + (size - 1) < iova || offset > INT64_MAX || size > INT64_MAX)
		return -EINVAL;
	next = fab_ranges_find(&mem->ranges, iova, &pos);
	if (next && next->iova <= iova + (size - 1))
		return -EEXIST;
	if (mem->ranges.count >= FAB_MEM_MAPS)
		return -ENOSPC;
	if (fd >= 0) {
		ret = file_get(mem, &range, fd, offset);
		if (ret)
			return ret;
	}
	mem->last = NULL;
	ret = fab_ranges_add(&mem->ranges, &range);
	if (ret)
		file_put(mem, range.file);
	return ret;
}

/* -EINVAL if [iova, last] cuts a range in two. */
static int check_cut(const struct fab_mem *mem, uint64_t iova, uint64_t last)
{
	struct fab_range_pos pos;
	const struct fab_range *range = fab_ranges_find(&mem->ranges, iova, &pos);

	if (range && range->iova < iova)
		return -EINVAL;
	range = fab_ranges_find(&mem->ranges, last, &pos);
	if (range && range->iova <= last && range->iova + (range->size - 1) > last)
		return -EINVAL;
	return 0;
}

int fab_mem_unmap(struct fab_mem *mem, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + (size - 1);
	struct fab_range_pos pos;
	struct fab_range *range;

	if (!size || last < iova || check_cut(mem, iova, last))
		return -EINVAL;
	mem->last = NULL;
	while ((range = fab_ranges_find(&mem->ranges, iova, &pos)) && range->iova <= last) {
		file_put(mem, range->file);
		fab_ranges_remove(&mem->ranges, pos);
	}
	return 0;
}

const struct fab_range *fab_mem_range(struct fab_mem *mem, uint64_t iova, unsigned int need)
{
	const struct fab_range *range = mem->last;
	struct fab_range_pos pos;

	if (!range || !fab_range_has(range, iova)) {
		range = fab_ranges_find(&mem->ranges, iova, &pos);
		if (!range || !fab_range_has(range, iova))
			return NULL;
		mem->last = range;
	}
	return range->host && (range->prot & need) == need ? range : NULL;
}
