// SPDX-License-Identifier: MIT
/* Guest memory: edges of mapping and unmapping, look-up against a simple model. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fabric/core/ranges.h"
#include "tests/fabric/toy.h"

#define PAGE 4096ull
#define RW   (FAB_MEM_READ | FAB_MEM_WRITE)

static int setup(void **ctx)
{
	return fab_mem_new((struct fab_mem **)ctx);
}

static int teardown(void **ctx)
{
	fab_mem_free(*ctx);
	return 0;
}

static void bytes_are_those_of_the_file(void **ctx)
{
	struct fab_mem *mem = *ctx;
	int fd = toy_memory(4 * PAGE);
	uint64_t run;
	uint8_t *at;

	assert_int_equal(pwrite(fd, "hello", 5, 2 * PAGE + 100), 5);
	assert_int_equal(fab_mem_map(mem, 0x10000, 2 * PAGE, fd, 2 * PAGE, RW), 0);
	close(fd); /* the mapping lives on */
	at = toy_mem_at(mem, 0x10000 + 100, RW, &run);
	assert_non_null(at);
	assert_memory_equal(at, "hello", 5);
	assert_int_equal(run, 2 * PAGE - 100);
	assert_non_null(toy_mem_at(mem, 0x10000 + 2 * PAGE - 1, RW, &run));
	assert_int_equal(run, 1);
	assert_null(toy_mem_at(mem, 0x10000 + 2 * PAGE, RW, &run));
	assert_int_equal(run, 0);
	assert_null(toy_mem_at(mem, 0xffff, RW, &run));
}

static void bad_ranges(void **ctx)
{
	static const struct {
		uint64_t iova, size, offset;
	} bad[] = {
		{ 0, 0, 0 },
		{ 1, PAGE, 0 },
		{ 0, PAGE + 1, 0 },
		{ 0, 1, 0 },
		{ 0, PAGE, 1 },
		{ 0, PAGE, 2 * PAGE },
		{ 0, 3 * PAGE, 0 },
		{ 0, 2 * PAGE, PAGE },
		{ -PAGE, 2 * PAGE, 0 },
		{ 0, -PAGE, 0 },
		{ 0, PAGE, -PAGE },
		{ PAGE, -PAGE, 0 },
		{ 0, PAGE, 1ull << 63 },
	};
	struct fab_mem *mem = *ctx;
	int fd = toy_memory(2 * PAGE);
	uint64_t run;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(fab_mem_map(mem, bad[i].iova, bad[i].size, fd, bad[i].offset, RW),
				 -EINVAL);
	assert_int_equal(fab_mem_map(mem, -PAGE, PAGE, fd, 0, RW),
			 0); /* up to the last byte of the address space */
	assert_non_null(toy_mem_at(mem, UINT64_MAX, RW, &run));
	assert_int_equal(run, 1);
	assert_int_equal(fab_mem_unmap(mem, -PAGE, 2 * PAGE), -EINVAL);
	assert_int_equal(fab_mem_unmap(mem, 0, 0), -EINVAL);
	assert_int_equal(fab_mem_unmap(mem, -PAGE, PAGE), 0);
	assert_int_equal(fab_mem_unmap(mem, 7, 1), 0); /* nothing is there */
	assert_null(toy_mem_at(mem, UINT64_MAX, RW, &run));
	close(fd);
}

static void overlap(void **ctx)
{
	static const struct {
		uint64_t iova, size;
		int expect;
	} rows[] = {
		{ 10 * PAGE, 4 * PAGE, -EEXIST }, { 9 * PAGE, 2 * PAGE, -EEXIST },
		{ 13 * PAGE, 2 * PAGE, -EEXIST }, { 11 * PAGE, PAGE, -EEXIST },
		{ 8 * PAGE, 8 * PAGE, -EEXIST },  { 9 * PAGE, PAGE, 0 },
		{ 14 * PAGE, PAGE, 0 },
	};
	struct fab_mem *mem = *ctx;
	unsigned int i;

	assert_int_equal(fab_mem_map(mem, 10 * PAGE, 4 * PAGE, -1, 0, RW), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(fab_mem_map(mem, rows[i].iova, rows[i].size, -1, 0, RW),
				 rows[i].expect);
}

static void holes_have_no_bytes(void **ctx)
{
	struct fab_mem *mem = *ctx;
	int event = eventfd(0, EFD_CLOEXEC);
	uint64_t run;

	assert_int_equal(fab_mem_map(mem, 0, PAGE, -1, 0, RW), 0);
	assert_int_equal(fab_mem_map(mem, PAGE, PAGE, event, 0, RW), 0); /* not a regular file */
	assert_null(toy_mem_at(mem, 0, RW, &run));
	assert_int_equal(run, 0);
	assert_null(toy_mem_at(mem, PAGE, RW, &run));
	close(event);
	assert_int_equal(fab_mem_map(mem, 2 * PAGE, PAGE, event, 0, RW), -EBADF);
}

static void protection(void **ctx)
{
	struct fab_mem *mem = *ctx;
	int fd = toy_memory(PAGE);
	uint64_t run;

	assert_int_equal(fab_mem_map(mem, 0, PAGE, fd, 0, FAB_MEM_READ), 0);
	assert_non_null(toy_mem_at(mem, 0, FAB_MEM_READ, &run));
	assert_null(toy_mem_at(mem, 0, FAB_MEM_WRITE, &run));
	assert_int_equal(fab_mem_map(mem, PAGE, PAGE, fd, 0, 0), 0);
	assert_null(toy_mem_at(mem, PAGE, FAB_MEM_READ, &run));
	close(fd);
}

/* A file that is open for reading only is not mapped for writing. */
static void a_file_that_cannot_be_mapped(void **ctx)
{
	struct fab_mem *mem = *ctx;
	char path[64];
	int fd = toy_memory(PAGE), copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(copy >= 0);
	assert_int_equal(fab_mem_map(mem, 0, PAGE, copy, 0, FAB_MEM_READ | FAB_MEM_WRITE), -EACCES);
	assert_null(fab_mem_range(mem, 0, FAB_MEM_READ));
	assert_int_equal(fab_mem_map(mem, 0, PAGE, copy, 0, FAB_MEM_READ), 0);
	close(copy);
	close(fd);
}

static void unmap_takes_whole_mappings(void **ctx)
{
	struct fab_mem *mem = *ctx;
	uint64_t i;

	for (i = 0; i < 5; i++)
		assert_int_equal(fab_mem_map(mem, i * 4 * PAGE, 2 * PAGE, -1, 0, RW), 0);
	assert_int_equal(fab_mem_unmap(mem, PAGE, PAGE), -EINVAL);   /* cut at the front */
	assert_int_equal(fab_mem_unmap(mem, 0, PAGE), -EINVAL);	     /* at the back */
	assert_int_equal(fab_mem_unmap(mem, 0, 5 * PAGE), -EINVAL);  /* the second one */
	assert_int_equal(fab_mem_unmap(mem, 2 * PAGE, 2 * PAGE), 0); /* unmapped */
	assert_int_equal(fab_mem_unmap(mem, 3 * PAGE, 8 * PAGE), 0); /* the second and third */
	for (i = 0; i < 5; i++)
		assert_int_equal(fab_mem_map(mem, i * 4 * PAGE, PAGE, -1, 0, RW),
				 i == 1 || i == 2 ? 0 : -EEXIST);
	assert_int_equal(fab_mem_unmap(mem, 0, 1ull << 40), 0);
	assert_int_equal(fab_mem_map(mem, 0, 1ull << 40, -1, 0, RW), 0);
}

static void number_of_mappings_is_limited(void **ctx)
{
	struct fab_mem *mem = *ctx;
	uint64_t i;

	for (i = 0; i < FAB_MEM_MAPS; i++)
		if (fab_mem_map(mem, (i + 1) * PAGE, PAGE, -1, 0, RW))
			fail_msg("range %lu refused", (unsigned long)i);
	assert_int_equal(fab_mem_count(mem), FAB_MEM_MAPS);
	assert_int_equal(fab_mem_map(mem, 0, PAGE, -1, 0, RW), -ENOSPC);
	assert_int_equal(fab_mem_unmap(mem, PAGE, PAGE), 0);
	assert_int_equal(fab_mem_map(mem, 0, PAGE, -1, 0, RW), 0);
}

static void number_of_files_is_limited(void **ctx)
{
	struct fab_mem *mem = *ctx;
	int fd[FAB_MEM_FILES + 1];
	uint64_t i, run;

	for (i = 0; i <= FAB_MEM_FILES; i++) {
		fd[i] = toy_memory(PAGE);
		assert_int_equal(fab_mem_map(mem, i * PAGE, PAGE, fd[i], 0, RW),
				 i < FAB_MEM_FILES ? 0 : -ENOSPC);
	}
	assert_int_equal(fab_mem_map(mem, 1ull << 40, PAGE, fd[7], 0, RW), 0); /* a known file */
	assert_int_equal(fab_mem_unmap(mem, 5 * PAGE, PAGE), 0);
	assert_int_equal(fab_mem_map(mem, 5 * PAGE, PAGE, fd[FAB_MEM_FILES], 0, RW), 0);
	assert_non_null(toy_mem_at(mem, 5 * PAGE, RW, &run));
	for (i = 0; i <= FAB_MEM_FILES; i++)
		close(fd[i]);
}

static unsigned int mappings_of_this_process(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int lines = 0;
	int c;

	assert_non_null(maps);
	while ((c = fgetc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

/* A file is mapped once for each protection, and again when it has grown. */
static void a_file_is_mapped_once(void **ctx)
{
	struct fab_mem *mem = *ctx;
	unsigned int before = mappings_of_this_process();
	int fd = toy_memory(64 * PAGE);
	uint64_t i, run;

	for (i = 0; i < 64; i += 2)
		assert_int_equal(fab_mem_map(mem, i * PAGE, PAGE, fd, (63 - i) * PAGE, RW), 0);
	assert_in_range(mappings_of_this_process(), before, before + 1);
	assert_int_equal(ftruncate(fd, 65 * PAGE), 0);
	assert_int_equal(fab_mem_map(mem, 64 * PAGE, PAGE, fd, 64 * PAGE, RW), 0);
	assert_int_equal(pwrite(fd, "x", 1, 64 * PAGE), 1);
	assert_memory_equal(toy_mem_at(mem, 64 * PAGE, RW, &run), "x", 1);
	assert_int_equal(fab_mem_unmap(mem, 0, 128 * PAGE), 0);
	assert_in_range(mappings_of_this_process(), 0, before);
	close(fd);
}

static void map_scattered(struct fab_mem *mem, int fd, uint64_t ranges)
{
	uint64_t i, at;

	for (i = 0; i < ranges; i++) {
		at = i * 40503 % ranges; /* odd, so every page once, in no order */
		if (fab_mem_map(mem, at * 2 * PAGE, PAGE, fd, (ranges - 1 - at) * PAGE, RW))
			fail_msg("range %lu refused", (unsigned long)i);
	}
}

/* The mappings of a guest with 1 GiB of 4 KiB pages and a translating IOMMU, in random order. */
static void a_gibibyte_in_small_pages(void **ctx)
{
	const uint64_t ranges = 262144;
	struct fab_mem *mem = *ctx;
	int fd = toy_memory(ranges * PAGE);
	uint64_t i, run, mark;
	uint8_t *at;

	for (i = 0; i < ranges; i += 4099)
		assert_int_equal(pwrite(fd, &i, sizeof(i), (off_t)(i * PAGE)), sizeof(i));
	map_scattered(mem, fd, ranges);
	assert_int_equal(fab_mem_count(mem), ranges);
	for (i = 0; i < ranges; i += 4099) {
		at = toy_mem_at(mem, (ranges - 1 - i) * 2 * PAGE, RW, &run);
		assert_non_null(at);
		assert_int_equal(run, PAGE);
		memcpy(&mark, at, sizeof(mark));
		assert_int_equal(mark, i);
		assert_null(toy_mem_at(mem, (ranges - 1 - i) * 2 * PAGE + PAGE, RW, &run));
	}
	assert_int_equal(fab_mem_unmap(mem, 0, 2 * ranges * PAGE), 0);
	assert_int_equal(fab_mem_count(mem), 0);
	close(fd);
}

/* The bound on memory that models.md states: bytes of blocks per range, in good and bad orders. */
static void memory_per_range(void **ctx)
{
	struct fab_range range = { .size = PAGE };
	struct fab_ranges set = { 0 };
	struct fab_range_pos pos;
	uint64_t i, n = 100000;

	(void)ctx;
	for (i = 0; i < n; i++) {
		range.iova = i * PAGE;
		assert_int_equal(fab_ranges_add(&set, &range), 0);
	}
	assert_in_range(set.blocks * sizeof(struct fab_range_block) / n, 32, 33);
	for (i = 0; i < n; i++) /* all but one of 250, spread over the set */
		if (i % 250 && fab_ranges_find(&set, i * PAGE, &pos))
			fab_ranges_remove(&set, pos);
	assert_int_equal(set.count, n / 250);
	assert_in_range(set.blocks * sizeof(struct fab_range_block) / set.count, 32, 160);
	for (i = 0; i < n; i += 250) {
		assert_non_null(fab_ranges_find(&set, i * PAGE, &pos));
		assert_int_equal(fab_ranges_find(&set, i * PAGE, &pos)->iova, i * PAGE);
	}
	fab_ranges_clear(&set);
	for (i = n; i--;) {
		range.iova = i * PAGE;
		assert_int_equal(fab_ranges_add(&set, &range), 0);
	}
	assert_in_range(set.blocks * sizeof(struct fab_range_block) / n, 32, 66);
	fab_ranges_clear(&set);
}

/* The reference model: one entry for each page of a small space. */
#define MODEL_PAGES 64
static void random_against_model(void **ctx)
{
	struct fab_mem *mem = *ctx;
	uint64_t id[MODEL_PAGES] = { 0 }, next = 0, run, page, pages, i;
	int fd = toy_memory(MODEL_PAGES * PAGE);
	bool clash, mapped;
	unsigned int step;
	uint8_t *at;

	for (i = 0; i < MODEL_PAGES; i++)
		assert_int_equal(pwrite(fd, &i, 1, (off_t)(i * PAGE)), 1);
	srandom(1);
	for (step = 0; step < 20000; step++) {
		page = (uint64_t)random() % MODEL_PAGES;
		pages = 1 + (uint64_t)random() % 8;
		if (page + pages > MODEL_PAGES)
			continue;
		if (random() % 2) {
			for (clash = false, i = page; i < page + pages; i++)
				clash |= id[i] != 0;
			assert_int_equal(fab_mem_map(mem, page * PAGE, pages * PAGE, fd,
						     page * PAGE, RW),
					 clash ? -EEXIST : 0);
			for (next++, i = page; !clash && i < page + pages; i++)
				id[i] = next;
		} else {
			clash = (page && id[page] && id[page - 1] == id[page]) ||
				(page + pages < MODEL_PAGES && id[page + pages] &&
				 id[page + pages - 1] == id[page + pages]);
			assert_int_equal(fab_mem_unmap(mem, page * PAGE, pages * PAGE),
					 clash ? -EINVAL : 0);
			for (i = page; !clash && i < page + pages; i++)
				id[i] = 0;
		}
		page = (uint64_t)random() % MODEL_PAGES;
		at = toy_mem_at(mem, page * PAGE, RW, &run);
		mapped = id[page] != 0;
		assert_int_equal(at != NULL, mapped);
		for (pages = 0;
		     mapped && page + pages < MODEL_PAGES && id[page + pages] == id[page]; pages++)
			;
		assert_int_equal(run, mapped ? pages * PAGE : 0);
		if (mapped)
			assert_int_equal(*at, page);
	}
	close(fd);
}

static unsigned int mapped_files(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "memfd:guest") != NULL;
	fclose(maps);
	return n;
}

/* As when the client has disconnected. */
static void clear_unmaps_all_files(void **ctx)
{
	const unsigned int before = mapped_files();
	struct fab_mem *mem = *ctx;
	uint64_t run;
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		fd[i] = toy_memory(PAGE);
		assert_int_equal(fab_mem_map(mem, (unsigned int)i * PAGE, PAGE, fd[i], 0, RW), 0);
	}
	assert_int_equal(mapped_files(), before + 2);
	fab_mem_clear(mem);
	assert_int_equal(mapped_files(), before);
	assert_int_equal(fab_mem_count(mem), 0);
	assert_null(toy_mem_at(mem, 0, RW, &run));
	assert_int_equal(fab_mem_map(mem, 0, PAGE, fd[0], 0, RW), 0);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bytes_are_those_of_the_file),
		TEST(bad_ranges),
		TEST(overlap),
		TEST(holes_have_no_bytes),
		TEST(protection),
		TEST(a_file_that_cannot_be_mapped),
		TEST(unmap_takes_whole_mappings),
		TEST(number_of_mappings_is_limited),
		TEST(number_of_files_is_limited),
		TEST(a_file_is_mapped_once),
		TEST(a_gibibyte_in_small_pages),
		TEST(memory_per_range),
		TEST(clear_unmaps_all_files),
		TEST(random_against_model),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
