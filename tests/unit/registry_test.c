// SPDX-License-Identifier: MIT
/* The registry of regions: lib/registry*.c. Regions are made by a fake. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/registry_rig.h"

static void new_bad_arguments(void **state)
{
	const struct tphbuf_registry_ops half = {
		sizeof(half),
		fake_ops.reg,
		NULL,
	};
	const struct tphbuf_registry_ops no_size = {
		0,
		fake_ops.reg,
		fake_ops.unreg,
	};
	const struct {
		struct tphbuf_registry_opts o;
		const char *part;
	} cases[] = {
		{ { .size = 0 }, "size is not set" },
		{ { .size = sizeof(cases[0].o) }, "no operations" },
		{ { .size = sizeof(cases[0].o), .ops = &half }, "reg and unreg" },
		{ { .size = sizeof(cases[0].o), .ops = &no_size }, "no operations" },
		{ { .size = sizeof(cases[0].o), .ops = &fake_ops, .flags = 2 }, "unknown flags 0x2" },
		{ { .size = sizeof(cases[0].o), .ops = &fake_ops, .limit = TPHBUF_REGISTRY_MAX + 1 },
		  "too large" },
		{ { .size = sizeof(cases[0].o), .ops = &fake_ops, .granule = 0x3000 },
		  "power of two" },
	};
	struct tphbuf_registry *reg = NULL;
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		assert_int_equal(tphbuf_registry_new(f->ctx, &cases[i].o, &reg), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, cases[i].part);
	}
	assert_int_equal(tphbuf_registry_new(f->ctx, NULL, &reg), -EINVAL);
	assert_int_equal(tphbuf_registry_new(f->ctx, &cases[1].o, NULL), -EINVAL);
	assert_int_equal(tphbuf_registry_new(NULL, &cases[1].o, &reg), -EINVAL);
	assert_null(reg);
}

static void null_is_harmless(void **state)
{
	struct tphbuf_registry_stats s = { .size = sizeof(s) };
	struct tphbuf_registration *region;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	char text[8] = "x";

	assert_int_equal(tphbuf_registry_free(NULL), 0);
	assert_int_equal(tphbuf_registry_get(NULL, NULL, f->buf, 0, 1, 0, &region), -EINVAL);
	assert_int_equal(tphbuf_registry_get(reg, NULL, NULL, 0, 1, 0, &region), -EINVAL);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, NULL), -EINVAL);
	assert_int_equal(tphbuf_registry_get_fd(NULL, NULL, 0, 0, 1, 0, &region), -EINVAL);
	assert_int_equal(tphbuf_registry_get_fd(reg, NULL, 0, 0, 1, 0, NULL), -EINVAL);
	assert_int_equal(tphbuf_registry_get_addr(NULL, NULL, 0, 1, 0, NULL, &region), -EINVAL);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, 0, 1, 0, NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_registry_add_range(NULL, 0, 1, f->buf, 0), -EINVAL);
	assert_int_equal(tphbuf_registry_add_range(reg, 0, 1, NULL, 0), -EINVAL);
	assert_int_equal(tphbuf_registry_remove_range(NULL, 0), -EINVAL);
	assert_int_equal(tphbuf_registry_invalidate(NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_registry_read_stats(NULL, &s), -EINVAL);
	assert_int_equal(tphbuf_registry_read_stats(reg, NULL), -EINVAL);
	s.size = 0;
	assert_int_equal(tphbuf_registry_read_stats(reg, &s), -EINVAL);
	tphbuf_registry_error(reg, NULL, 0);
	tphbuf_registry_error(NULL, text, sizeof(text));
	assert_string_equal(text, "");
	tphbuf_registration_put(NULL);
	assert_null(tphbuf_registration_object(NULL));
	assert_int_equal(tphbuf_registration_offset(NULL), 0);
	assert_int_equal(tphbuf_registration_length(NULL), 0);
	end(reg);
}

static void bad_ranges_are_refused(void **state)
{
	static const uint64_t bad[][2] = {
		{ 0, 0 },	   { LENGTH, 1 },     { 0, LENGTH + 1 },	  { 1, LENGTH },
		{ UINT64_MAX, 1 }, { 1, UINT64_MAX }, { UINT64_MAX, UINT64_MAX },
	};
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	char text[200];
	size_t i;

	for (i = 0; i < NR(bad); i++) {
		assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, bad[i][0], bad[i][1], 0,
						     &region),
				 -EINVAL);
		tphbuf_registry_error(reg, text, sizeof(text));
		assert_non_null(strstr(text, "not inside the buffer"));
		assert_int_equal(tphbuf_registry_get_fd(reg, NULL, tphbuf_buffer_fd(f->buf),
							bad[i][0], bad[i][1], 0, &region),
				 -EINVAL);
	}
	assert_null(region);
	assert_int_equal(ops_log.made, 0);
	end(reg);
}

static void the_same_bytes_give_the_same_region(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	int one, two;
	void *object = touch(reg, &one, f->buf, 0, 64, 7);

	assert_ptr_equal(touch(reg, &one, f->buf, 0, 64, 7), object);
	/* Rounded to pages. */
	assert_ptr_equal(touch(reg, &one, f->buf, 100, 200, 7), object);
	assert_ptr_equal(touch(reg, &one, f->buf, PAGE - 1, 1, 7), object);
	assert_int_equal(ops_log.last.offset, 0);
	assert_int_equal(ops_log.last.length, PAGE);
	assert_ptr_equal(ops_log.last.domain, &one);
	assert_int_equal(ops_log.last.access, 7);
	/* Every field of the key distinguishes regions. */
	assert_ptr_not_equal(touch(reg, &two, f->buf, 0, 64, 7), object);
	assert_ptr_not_equal(touch(reg, &one, f->buf, 0, 64, 3), object);
	assert_ptr_not_equal(touch(reg, &one, f->buf, PAGE - 1, 2, 7), object);
	assert_ptr_not_equal(touch(reg, &one, f->buf, PAGE, 1, 7), object);
	assert_int_equal(stats_of(reg).misses, 5);
	assert_int_equal(stats_of(reg).hits, 3);
	assert_int_equal(stats_of(reg).regions, 5);
	end(reg);
}

static void granule_may_be_the_whole_buffer(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, TPHBUF_GRANULE_WHOLE);
	void *object = touch(reg, NULL, f->buf, 0x5001, 2, 0);

	assert_ptr_equal(touch(reg, NULL, f->buf, 0, LENGTH, 0), object);
	assert_int_equal(ops_log.last.offset, 0);
	assert_int_equal(ops_log.last.length, LENGTH);
	end(reg);

	/* A granule larger than the buffer ends where the buffer does. */
	reg = new_registry(f, 0, 0, 1ull << 40);
	touch(reg, NULL, f->buf, 0x5001, 2, 0);
	assert_int_equal(ops_log.last.length, LENGTH);
	end(reg);
	reg = new_registry(f, 0, 0, 0x8000);
	touch(reg, NULL, f->buf, 0x8001, 2, 0);
	assert_int_equal(ops_log.last.offset, 0x8000);
	assert_int_equal(ops_log.last.length, 0x8000);
	end(reg);
}

static void a_descriptor_finds_the_same_region(void **state)
{
	struct tphbuf_registration *region;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	void *object = touch(reg, NULL, f->buf, 0, 1, 0);
	int fd = dup(tphbuf_buffer_fd(f->buf));

	assert_int_equal(tphbuf_registry_get_fd(reg, NULL, fd, 5, 1, 0, &region), 0);
	assert_ptr_equal(tphbuf_registration_object(region), object);
	tphbuf_registration_put(region);
	close(fd);
	assert_int_equal(tphbuf_registry_get_fd(reg, NULL, fd, 5, 1, 0, &region), -EBADF);
	/* Another kind of file. */
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	assert_true(tphbuf_registry_get_fd(reg, NULL, fd, 0, 1, 0, &region) < 0);
	close(fd);
	/* A dma-buf known only by its descriptor. */
	fd = fake_foreign_dmabuf(LENGTH);
	assert_int_equal(tphbuf_registry_get_fd(reg, NULL, fd, 0, 1, 0, &region), 0);
	assert_ptr_not_equal(tphbuf_registration_object(region), object);
	assert_null(ops_log.last.tag);
	tphbuf_registration_put(region);
	close(fd);
	end(reg);
}

static void a_buffer_that_cannot_be_identified_is_refused(void **state)
{
	struct tphbuf_registration *region;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	char text[300];

	fake_fail_call("fstat", EIO);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, &region), -EIO);
	tphbuf_registry_error(reg, text, sizeof(text));
	assert_non_null(strstr(text, "descriptor"));
	fake_fail_call("fstat", EIO);
	assert_int_equal(tphbuf_registry_add_range(reg, 0, PAGE, f->buf, 0), -EIO);
	/* The failure is transient. */
	touch(reg, NULL, f->buf, 0, 1, 0);
	end(reg);
}

static void failures_leave_nothing(void **state)
{
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	char text[200];

	ops_log.fail = EOPNOTSUPP;
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, &region), -EOPNOTSUPP);
	tphbuf_registry_error(reg, text, sizeof(text));
	assert_string_equal(text, "told to fail");
	ops_log.fail = 0;
	fake_fail_feature(TPH_GET, ENODEV);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, &region), -ENODEV);
	assert_null(region);
	assert_int_equal(stats_of(reg).regions, 0);
	/* A kernel without tags is not an error. */
	fake.has_tph = false;
	touch(reg, NULL, f->buf, 0, 1, 0);
	end(reg);
}

static void eviction_takes_the_one_unused_for_longest(void **state)
{
	struct tphbuf_registration *held[2], *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 3, 0);
	char text[200];
	void *object[3];
	int i;

	for (i = 0; i < 3; i++)
		object[i] = touch(reg, NULL, f->buf, (uint64_t)i * PAGE, 1, 0);
	/* 0 is the oldest, but used again after 2 was made. */
	assert_ptr_equal(touch(reg, NULL, f->buf, 0, 1, 0), object[0]);
	touch(reg, NULL, f->buf, 3 * PAGE, 1, 0);
	assert_int_equal(stats_of(reg).evictions, 1);
	assert_ptr_equal(touch(reg, NULL, f->buf, 0, 1, 0), object[0]);
	assert_ptr_equal(touch(reg, NULL, f->buf, 2 * PAGE, 1, 0), object[2]);
	assert_int_equal(stats_of(reg).misses, 4);
	assert_int_equal(stats_of(reg).regions, 3);

	/* A held region is never evicted. */
	for (i = 0; i < 2; i++)
		assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, (uint64_t)(4 + i) * PAGE, 1,
						     0, &held[i]),
				 0);
	touch(reg, NULL, f->buf, 6 * PAGE, 1, 0);
	touch(reg, NULL, f->buf, 7 * PAGE, 1, 0);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 8 * PAGE, 1, 0, &region), 0);
	assert_int_equal(stats_of(reg).regions, 3);
	{
		struct tphbuf_registration *fourth = NULL;

		assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 9 * PAGE, 1, 0, &fourth),
				 -EBUSY);
		assert_null(fourth);
	}
	tphbuf_registry_error(reg, text, sizeof(text));
	assert_non_null(strstr(text, "all 3 regions are in use"));
	assert_int_equal(tphbuf_registry_free(reg), -EBUSY);
	tphbuf_registration_put(held[0]);
	tphbuf_registration_put(held[1]);
	tphbuf_registration_put(region);
	end(reg);
}

static void addresses_lead_to_regions(void **state)
{
	const uint64_t base = 0x7f0000000000;
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	uint64_t offset = 0;
	void *object;

	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base, 1, 0, NULL, &region), -ENOENT);
	assert_int_equal(tphbuf_registry_add_range(reg, base, 0, f->buf, 0), -EINVAL);
	assert_int_equal(tphbuf_registry_add_range(reg, base, LENGTH + 1, f->buf, 0), -EINVAL);
	assert_int_equal(tphbuf_registry_add_range(reg, base, 1, f->buf, LENGTH), -EINVAL);
	assert_int_equal(tphbuf_registry_add_range(reg, UINT64_MAX, 2, f->buf, 0), -EINVAL);
	assert_int_equal(tphbuf_registry_add_range(reg, base, 0x2000, f->buf, 0x1000), 0);
	assert_int_equal(tphbuf_registry_add_range(reg, base + 0x2000, 0x1000, f->buf, 0x8000), 0);
	assert_int_equal(tphbuf_registry_add_range(reg, base - 0x1000, 0x1000, f->buf, 0), 0);
	/* Overlaps: inside, across both ends, around. */
	assert_int_equal(tphbuf_registry_add_range(reg, base + 1, 1, f->buf, 0), -EEXIST);
	assert_int_equal(tphbuf_registry_add_range(reg, base - 0x2000, 0x1001, f->buf, 0), -EEXIST);
	assert_int_equal(tphbuf_registry_add_range(reg, base + 0x2fff, 2, f->buf, 0), -EEXIST);
	assert_int_equal(tphbuf_registry_add_range(reg, base - 0x2000, 0x8000, f->buf, 0), -EEXIST);

	object = touch(reg, NULL, f->buf, 0x1000, 0x1000, 0);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base + 0x10, 0x20, 0, &offset, &region),
			 0);
	assert_int_equal(offset, 0x1010);
	assert_ptr_equal(tphbuf_registration_object(region), object);
	tphbuf_registration_put(region);
	region = NULL;
	/* Not in one range. */
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base + 0x1fff, 2, 0, NULL, &region),
			 -ENOENT);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base + 0x3000, 1, 0, NULL, &region),
			 -ENOENT);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base, 0, 0, NULL, &region), -ENOENT);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base, UINT64_MAX, 0, NULL, &region),
			 -ENOENT);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, 0, 1, 0, NULL, &region), -ENOENT);
	assert_null(region);

	/* A new tag takes effect for addresses, too. */
	set_tag(f->buf, 0x22);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base, 1, 0, NULL, &region), 0);
	assert_int_equal(((struct object *)tphbuf_registration_object(region))->tag.st, 0x22);
	tphbuf_registration_put(region);

	assert_int_equal(tphbuf_registry_remove_range(reg, base + 1), -ENOENT);
	assert_int_equal(tphbuf_registry_remove_range(reg, base), 0);
	assert_int_equal(tphbuf_registry_remove_range(reg, base), -ENOENT);
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, base, 1, 0, NULL, &region), -ENOENT);
	/* The last range is freed with the registry. */
	end(reg);
}

static void ranges_outlive_the_buffer_object(void **state)
{
	struct tphbuf_registration *region;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);

	assert_int_equal(tphbuf_registry_add_range(reg, PAGE, PAGE, f->buf, 0), 0);
	tphbuf_buffer_close(f->buf);
	f->buf = NULL;
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
	assert_int_equal(tphbuf_registry_get_addr(reg, NULL, PAGE, 1, 0, NULL, &region), 0);
	tphbuf_registration_put(region);
	end(reg);
}

static int op_registry(struct fixture *f)
{
	struct tphbuf_registry_opts opts = {
		.size = sizeof(opts),
		.ops = &fake_ops,
		.arg = &ops_log,
	};
	struct tphbuf_registration *region;
	struct tphbuf_registry *reg;
	int ret;

	memset(&ops_log, 0, sizeof(ops_log));
	ret = tphbuf_registry_new(f->ctx, &opts, &reg);
	if (ret)
		return ret;
	ret = tphbuf_registry_add_range(reg, PAGE, PAGE, f->buf, 0);
	if (!ret)
		ret = tphbuf_registry_get_addr(reg, NULL, PAGE, 1, 0, NULL, &region);
	if (!ret)
		tphbuf_registration_put(region);
	if (tphbuf_registry_free(reg))
		abort();
	if (ops_log.made != ops_log.unmade)
		abort();
	return ret;
}

static void every_failing_call_is_handled(void **state)
{
	struct fixture *f = *state;
	char why[] = "the text is in the registry";

	/* A failure of the registry is not in the context. */
	tphbuf_priv_fail(f->ctx, TPHBUF_STAGE_NONE, 0, "%s", why);
	sweep_faults(f, op_registry);
}

#define NR_THREADS 8
#define NR_ROUNDS  4000
#define NR_PAGES   (LENGTH / PAGE)

static struct {
	struct tphbuf_registry *reg;
	struct tphbuf_buffer *buf;
	unsigned int wrong;   /* atomic */
	unsigned int running; /* atomic */
} load;

/* Regions are got and put at random; each must cover the requested range. */
static void *hammer(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		uint64_t page = (uint64_t)rand_r(&seed) % NR_PAGES;
		struct tphbuf_registration *region;
		int ret;

		if (i % 2)
			ret = tphbuf_registry_get(load.reg, NULL, load.buf, page * PAGE, 1, 0,
						  &region);
		else
			ret = tphbuf_registry_get_addr(load.reg, NULL, page * PAGE, 1, 0, NULL,
						       &region);
		if (ret == -EBUSY || ret == -EAGAIN)
			continue;
		if (ret || tphbuf_registration_offset(region) != page * PAGE)
			__atomic_add_fetch(&load.wrong, 1, __ATOMIC_RELAXED);
		if (!ret)
			tphbuf_registration_put(region);
	}
	__atomic_sub_fetch(&load.running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void threads_share_a_registry(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_identity id = tphbuf_buffer_identity(f->buf);
	pthread_t thread[NR_THREADS];
	struct tphbuf_registry_stats s;
	uint8_t st = 0;
	size_t i;

	/* Fewer regions than pages: evictions all the time. */
	load.reg = new_registry(f, 0, NR_PAGES - NR_THREADS / 2, 0);
	load.buf = f->buf;
	load.wrong = 0;
	load.running = NR_THREADS;
	for (i = 0; i < NR_PAGES; i++)
		assert_int_equal(tphbuf_registry_add_range(load.reg, i * PAGE, PAGE, f->buf,
							   i * PAGE),
				 0);
	for (i = 0; i < NR_THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)(i + 1)), 0);
	/* Meanwhile the tag changes, and regions are declared stale. */
	while (__atomic_load_n(&load.running, __ATOMIC_ACQUIRE)) {
		set_tag(f->buf, ++st);
		assert_true(tphbuf_registry_invalidate(load.reg, &id) >= 0);
		stats_of(load.reg);
		usleep(1000);
	}
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(load.wrong, 0);
	s = stats_of(load.reg);
	assert_true(s.hits && s.misses && s.evictions && s.stale);
	assert_true(s.regions <= NR_PAGES);
	end(load.reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_bad_arguments, ctx),
		TEST(null_is_harmless, buffer),
		TEST(bad_ranges_are_refused, buffer),
		TEST(the_same_bytes_give_the_same_region, buffer),
		TEST(granule_may_be_the_whole_buffer, buffer),
		TEST(a_descriptor_finds_the_same_region, buffer),
		TEST(a_buffer_that_cannot_be_identified_is_refused, buffer),
		TEST(failures_leave_nothing, buffer),
		TEST(eviction_takes_the_one_unused_for_longest, buffer),
		TEST(addresses_lead_to_regions, buffer),
		TEST(ranges_outlive_the_buffer_object, buffer),
		TEST(every_failing_call_is_handled, buffer),
		TEST(threads_share_a_registry, buffer),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
