// SPDX-License-Identifier: MIT
/* libtphbuf-alloc.so: the text of TPHBUF_ALLOC, and how pages are shared out. */
#include <stdio.h>
#include <stdlib.h>

#include "transports/alloc/alloc.h"

#include "tests/unit/test.h"

#define PAGE  4096u
#define PAGES 64u

static void bad_texts(void **state)
{
	static const char *const texts[] = {
		"",
		",",
		"nonsense",
		"0000:03:00.0,",
		"0000:03:00.0,bar",
		"0000:03:00.0,bar=6",
		"0000:03:00.0,bar=",
		"0000:03:00.0,bar=22",
		"0000:03:00.0,length=",
		"0000:03:00.0,length=12x",
		"0000:03:00.0,size=4K",
		"0000:03:00.0,min=0",
		"0000:03:00.0,min=2M,max=1M",
		"0000:03:00.0,st=0x100",
		"0000:03:00.0,ph=4",
		"0000:03:00.0,st=1,st=2",
	};
	struct alloc_config config;
	char why[200], text[600];

	(void)state;
	for (size_t i = 0; i < NR(texts); i++) {
		*why = '\0';
		if (alloc_config_parse(texts[i], &config, why, sizeof(why)) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
		assert_non_null(strstr(why, "TPHBUF_ALLOC"));
	}
	/* 255 characters are the longest text; the mistake in it is not its length. */
	for (size_t length = 255; length <= 256; length++) {
		memset(text, 'x', length);
		text[length] = '\0';
		assert_int_equal(alloc_config_parse(text, &config, why, sizeof(why)), -EINVAL);
		assert_int_equal(!!strstr(why, "too long"), length == 256);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(alloc_config_parse(text, &config, why, sizeof(why)), -EINVAL);
}

static void good_texts(void **state)
{
	struct alloc_config config;
	char why[200];

	(void)state;
	assert_int_equal(alloc_config_parse("03:00.0", &config, why, sizeof(why)), 0);
	assert_string_equal(config.bdf, "0000:03:00.0");
	assert_int_equal(config.bar, 2);
	assert_int_equal(config.min, ALLOC_DEFAULT_MIN);
	assert_true(config.max == UINT64_MAX && !config.range.length && !config.tag.valid);
	assert_int_equal(alloc_config_parse("0000:03:00.0,st=0x5a,bar=4,offset=1M,ph=2,length=2M,min=4K,max=8K",
					    &config, why, sizeof(why)),
			 0);
	assert_int_equal(config.bar, 4);
	assert_int_equal(config.range.offset, 1 << 20);
	assert_int_equal(config.range.length, 2 << 20);
	assert_int_equal(config.min, 4096);
	assert_int_equal(config.max, 8192);
	assert_int_equal(config.tag.valid, TPHBUF_TAG_ST);
	assert_int_equal(config.tag.st, 0x5a);
	assert_int_equal(config.tag.ph, 2);
	assert_int_equal(alloc_config_parse("03:00.0,bar=0,min=4K,max=4K", &config, why, sizeof(why)),
			 0);
	assert_true(!config.bar && config.min == 4096 && config.max == 4096);
	assert_int_equal(alloc_config_parse("03:00.0,bar=5", &config, why, sizeof(why)), 0);
	assert_int_equal(config.bar, 5);
}

static char *memory;
static struct arena arena;

static int setup(void **state)
{
	(void)state;
	memory = aligned_alloc(PAGE * PAGES, PAGE * PAGES);
	return memory ? arena_init(&arena, memory, PAGE * PAGES, PAGE) : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static void refused_sizes(void **state)
{
	(void)state;
	assert_null(arena_take(&arena, 0, 1));
	assert_null(arena_take(&arena, PAGE * PAGES + 1, 1));
	assert_null(arena_take(&arena, SIZE_MAX, 1));
	assert_null(arena_take(&arena, 1, (size_t)1 << 62));
	assert_non_null(arena_take(&arena, PAGE * PAGES, 1));
	assert_null(arena_take(&arena, 1, 1));
}

static void wrong_addresses(void **state)
{
	char *p = arena_take(&arena, 3 * PAGE, 1);

	(void)state;
	assert_ptr_equal(p, memory);
	assert_false(arena_give(&arena, p + 1));
	assert_false(arena_give(&arena, p + PAGE));
	assert_false(arena_give(&arena, memory - 1));
	assert_false(arena_give(&arena, memory + PAGE * PAGES));
	assert_false(arena_has(&arena, memory - 1));
	assert_false(arena_has(&arena, memory + PAGE * PAGES));
	assert_false(arena_has(&arena, NULL));
	assert_true(arena_has(&arena, memory + PAGE * PAGES - 1));
	assert_int_equal(arena_size(&arena, p + PAGE), 0);
	assert_int_equal(arena_size(&arena, p), 3 * PAGE);
	assert_true(arena_give(&arena, p));
	assert_false(arena_give(&arena, p));
}

static void blocks_do_not_overlap(void **state)
{
	char owner[PAGES], *block[PAGES] = { NULL };
	size_t pages[PAGES];
	unsigned int random = 1;

	(void)state;
	memset(owner, -1, sizeof(owner));
	for (int round = 0; round < 20000; round++) {
		unsigned int i = (random = random * 1103515245 + 12345) >> 16 & (PAGES - 1);
		size_t at, alignment = PAGE << (random >> 8 & 3);

		if (block[i]) {
			at = (size_t)(block[i] - memory) / PAGE;
			assert_int_equal(arena_size(&arena, block[i]), pages[i] * PAGE);
			assert_true(arena_give(&arena, block[i]));
			block[i] = NULL;
			memset(owner + at, -1, pages[i]);
			continue;
		}
		pages[i] = 1 + (random >> 4 & 7);
		block[i] = arena_take(&arena, pages[i] * PAGE - 1, alignment);
		if (!block[i])
			continue;
		assert_int_equal((uintptr_t)block[i] % alignment, 0);
		at = (size_t)(block[i] - memory) / PAGE;
		assert_true(at + pages[i] <= PAGES);
		for (size_t page = at; page < at + pages[i]; page++) {
			assert_int_equal(owner[page], -1);
			owner[page] = (char)i;
		}
	}
}

static void all_room_is_found(void **state)
{
	char *p[PAGES];

	(void)state;
	for (size_t i = 0; i < PAGES; i++)
		assert_non_null(p[i] = arena_take(&arena, PAGE, 1));
	for (size_t i = 10; i < 20; i++)
		assert_true(arena_give(&arena, p[i]));
	assert_null(arena_take(&arena, 11 * PAGE, 1));
	assert_ptr_equal(arena_take(&arena, 10 * PAGE, 1), p[10]);
	assert_true(arena_give(&arena, p[10]));
	/* Page 16 is the first in there with that alignment. */
	assert_ptr_equal(arena_take(&arena, 4 * PAGE, 16 * PAGE), memory + 16 * PAGE);
}

static void no_state_for_the_pages(void **state)
{
	struct arena none;

	(void)state;
	fake_fail_call("mmap", ENOMEM);
	assert_int_equal(arena_init(&none, arena.base, PAGE * PAGES, PAGE), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_texts),
		cmocka_unit_test(good_texts),
		cmocka_unit_test_setup_teardown(refused_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_do_not_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(all_room_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(no_state_for_the_pages, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
