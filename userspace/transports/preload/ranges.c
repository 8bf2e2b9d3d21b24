// SPDX-License-Identifier: MIT
/*
 * The addresses that stand for dma-bufs: a sorted array without overlaps. Descriptors in
 * it are duplicates, so that a number that the program closes and reuses does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tphbuf/preload.h>

#include "preload.h"

struct range {
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	int fd;
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct range *ranges;
static size_t nr, room;

/* The number of ranges that start at or below @addr. */
static size_t place_of(uint64_t addr)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool overlaps(uint64_t addr, uint64_t length)
{
	size_t place = place_of(addr);

	return (place && addr - ranges[place - 1].addr < ranges[place - 1].length) ||
	       (place < nr && ranges[place].addr - addr < length);
}

enum range_place ranges_begin(uint64_t addr, uint64_t length, int *fd, uint64_t *offset)
{
	const struct range *range;
	size_t place;

	pthread_rwlock_rdlock(&lock);
	/* A registration that wraps is for libibverbs to refuse. */
	if (!length || addr + (length - 1) < addr || !overlaps(addr, length))
		return RANGE_OUTSIDE;
	place = place_of(addr);
	if (!place)
		return RANGE_ACROSS;
	range = &ranges[place - 1];
	if (addr - range->addr >= range->length || length > range->length - (addr - range->addr))
		return RANGE_ACROSS;
	*fd = range->fd;
	*offset = range->offset + (addr - range->addr);
	return RANGE_INSIDE;
}

void ranges_end(void)
{
	pthread_rwlock_unlock(&lock);
}

static int check(uint64_t addr, uint64_t length, int fd, uint64_t offset)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct stat st;

	if (!length || addr + (length - 1) < addr || addr % page || offset % page)
		return -EINVAL;
	if (fstat(fd, &st))
		return -errno;
	/* The size of a dma-buf is that of its file: dma_buf_getfile(). */
	if (offset >= (uint64_t)st.st_size || length > (uint64_t)st.st_size - offset)
		return -EINVAL;
	return 0;
}

/* With the lock held. Takes over range->fd on success. */
static int insert(const struct range *range)
{
	size_t place;

	if (overlaps(range->addr, range->length))
		return -EEXIST;
	if (nr == room) {
		size_t more = room ? room * 2 : 16;
		struct range *grown = realloc(ranges, more * sizeof(*ranges));

		if (!grown)
			return -ENOMEM;
		ranges = grown;
		room = more;
	}
	place = place_of(range->addr);
	memmove(&ranges[place + 1], &ranges[place], (nr - place) * sizeof(*ranges));
	ranges[place] = *range;
	nr++;
	return 0;
}

__attribute__((visibility("default"))) int tphbuf_preload_add(const void *addr, uint64_t length,
							      int fd, uint64_t offset)
{
	struct range range = { (uintptr_t)addr, length, offset, -1 };
	int ret = check(range.addr, length, fd, offset);

	if (ret)
		return ret;
	range.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (range.fd < 0)
		return -errno;
	pthread_rwlock_wrlock(&lock);
	ret = insert(&range);
	pthread_rwlock_unlock(&lock);
	if (ret)
		close(range.fd);
	return ret;
}

__attribute__((visibility("default"))) int tphbuf_preload_remove(const void *addr)
{
	size_t place;
	int fd = -1;

	pthread_rwlock_wrlock(&lock);
	place = place_of((uintptr_t)addr);
	if (place && ranges[place - 1].addr == (uintptr_t)addr) {
		fd = ranges[place - 1].fd;
		memmove(&ranges[place - 1], &ranges[place], (nr - place) * sizeof(*ranges));
		nr--;
	}
	pthread_rwlock_unlock(&lock);
	if (fd < 0)
		return -ENOENT;
	close(fd);
	return 0;
}

/* A child has the ranges, and must not have a lock that another thread of its parent held. */
static void before_fork(void)
{
	pthread_rwlock_wrlock(&lock);
}

static void after_fork_in_parent(void)
{
	pthread_rwlock_unlock(&lock);
}

static void after_fork_in_child(void)
{
	pthread_rwlock_init(&lock, NULL);
}

__attribute__((constructor)) static void survive_fork(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
