// SPDX-License-Identifier: MIT
/* lib/registry/index.c compared with a linear search. */
#include <stdlib.h>

#include "lib/registry/registry.h"
#include "tests/unit/test.h"

#define MAX_RANGES 5000

static const size_t sizes[] = {
	1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 511, 512, 513, MAX_RANGES,
};

/* @n ranges of 8 bytes, 16 apart, the first at @first. */
static void make(struct addr_index *index, size_t n, uint64_t first)
{
	size_t i;

	assert_int_equal(index_alloc(index, n), 0);
	for (i = 0; i < n; i++)
		index->range[i] = (struct addr_range){
			.addr = first + 16 * i,
			.length = 8,
			.offset = i,
		};
}

static size_t place_by_counting(const struct addr_index *index, uint64_t addr)
{
	size_t n = 0;

	while (n < index->nr && index->range[n].addr <= addr)
		n++;
	return n;
}

static void every_address_is_found(void **state)
{
	struct addr_index index = { 0 };
	uint64_t addr;
	size_t i;

	(void)state;
	assert_int_equal(index_place(&index, 0), 0);
	assert_null(index_find(&index, UINT64_MAX, 1));
	for (i = 0; i < NR(sizes); i++) {
		make(&index, sizes[i], 16);
		for (addr = 0; addr < 16 * sizes[i] + 40; addr += 3)
			if (index_place(&index, addr) != place_by_counting(&index, addr))
				fail_msg("%zu ranges, address %u", sizes[i], (unsigned int)addr);
		assert_int_equal(index_place(&index, UINT64_MAX), sizes[i]);
		index_free(&index);
	}
}

static void both_ends_of_the_address_space(void **state)
{
	struct addr_index index;
	struct addr_range *range;
	size_t i, n;

	(void)state;
	for (i = 0; i < NR(sizes); i++) {
		n = sizes[i];
		make(&index, n, 0);
		assert_ptr_equal(index_find(&index, 0, 8), index.range);
		index_free(&index);
		make(&index, n, UINT64_MAX - 7 - 16 * (n - 1));
		range = &index.range[n - 1];
		assert_ptr_equal(index_find(&index, UINT64_MAX, 1), range);
		assert_ptr_equal(index_find(&index, UINT64_MAX - 7, 8), range);
		assert_null(index_find(&index, UINT64_MAX - 8, 1));
		assert_null(index_find(&index, 0, 1));
		index_free(&index);
	}
}

static void only_one_range_that_holds_all_is_found(void **state)
{
	struct addr_index index;

	(void)state;
	make(&index, 100, 160);
	assert_ptr_equal(index_find(&index, 176, 8), &index.range[1]);
	assert_ptr_equal(index_find(&index, 183, 1), &index.range[1]);
	assert_null(index_find(&index, 176, 9));
	assert_null(index_find(&index, 183, 2));
	assert_null(index_find(&index, 184, 1));
	assert_null(index_find(&index, 159, 1));
	assert_null(index_find(&index, 176, UINT64_MAX));
	index_free(&index);
}

/* As tphbuf_registry_remove_range() does it. */
static void ranges_are_taken_out_in_place(void **state)
{
	struct addr_index index;
	uint64_t addr;
	size_t i;

	(void)state;
	srand(1);
	make(&index, 600, 0);
	while (index.nr) {
		i = (size_t)rand() % index.nr;
		memmove(&index.range[i], &index.range[i + 1],
			(index.nr - i - 1) * sizeof(*index.range));
		index.nr--;
		for (addr = 0; addr < 16 * 600; addr += 37)
			assert_int_equal(index_place(&index, addr), place_by_counting(&index, addr));
	}
	index_free(&index);
}

static void a_failed_allocation_leaves_nothing(void **state)
{
	struct addr_index index;
	unsigned int nth;

	(void)state;
	for (nth = 1;; nth++) {
		int ret;

		fault_arm(nth);
		ret = index_alloc(&index, MAX_RANGES);
		if (!fault_disarm()) {
			assert_int_equal(ret, 0);
			break;
		}
		assert_int_equal(ret, -ENOMEM);
	}
	assert_int_equal(nth, 2); /* one allocation */
	index_free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_is_found),
		cmocka_unit_test(both_ends_of_the_address_space),
		cmocka_unit_test(only_one_range_that_holds_all_is_found),
		cmocka_unit_test(ranges_are_taken_out_in_place),
		cmocka_unit_test(a_failed_allocation_leaves_nothing),
	};

	return cmocka_run_group_tests_name("registry_index", tests, NULL, NULL);
}
