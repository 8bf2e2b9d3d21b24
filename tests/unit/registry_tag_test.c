// SPDX-License-Identifier: MIT
/* The registry of regions, and buffers whose tag changes. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/registry/registry.h"
#include "tests/mock/fault.h"
#include "tests/unit/registry_rig.h"

static void different_tag_is_a_different_region(void **state)
{
	struct tphbuf_registration *held;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct object *object;

	set_tag(f->buf, 0x11);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, &held), 0);
	object = tphbuf_registration_object(held);
	assert_true(object->has_tag);
	assert_int_equal(object->tag.st, 0x11);
	touch(reg, NULL, f->buf, PAGE, 1, 0);

	/* The same tag set again: no region is stale. */
	set_tag(f->buf, 0x11);
	assert_ptr_equal(touch(reg, NULL, f->buf, 0, 1, 0), object);
	assert_int_equal(stats_of(reg).stale, 0);

	set_tag(f->buf, 0x22);
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x22);
	assert_int_equal(stats_of(reg).stale, 2);
	/* A held region stays registered until it is put. */
	assert_int_equal(ops_log.unmade, 1);
	assert_int_equal(((struct object *)tphbuf_registration_object(held))->tag.st, 0x11);
	assert_int_equal(tphbuf_registry_free(reg), -EBUSY);
	tphbuf_registration_put(held);
	assert_int_equal(ops_log.unmade, 2);
	end(reg);
}

static void a_tag_set_through_another_object_is_seen(void **state)
{
	struct tphbuf_import_opts opts = { .size = sizeof(opts) };
	struct tphbuf_buffer *other;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct object *object;

	opts.dev = f->dev;
	set_tag(f->buf, 0x11);
	touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(tphbuf_buffer_import(f->ctx, tphbuf_buffer_fd(f->buf), &opts, &other), 0);
	set_tag(other, 0x22);
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x22);
	tphbuf_buffer_close(other);
	end(reg);
}

static void a_tag_set_elsewhere_needs_verify_or_invalidate(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct tphbuf_identity id = tphbuf_buffer_identity(f->buf);
	const struct tphbuf_identity wrong = { id.dev, id.ino + 1000 };
	struct object *object;

	set_tag(f->buf, 0x11);
	touch(reg, NULL, f->buf, 0, 1, 0);
	fake_dmabuf_tag()->st = 0x33;
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x11);
	assert_int_equal(tphbuf_registry_invalidate(reg, &wrong), 0);
	assert_int_equal(tphbuf_registry_invalidate(reg, &id), 1);
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x33);
	end(reg);

	reg = new_registry(f, TPHBUF_REGISTRY_VERIFY, 0, 0);
	touch(reg, NULL, f->buf, 0, 1, 0);
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x33);
	assert_int_equal(stats_of(reg).hits, 1);
	fake_dmabuf_tag()->st = 0x44;
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x44);
	assert_int_equal(tphbuf_registry_invalidate(reg, NULL), 1);
	end(reg);
}

static void retag_once(struct fixture *f)
{
	ops_log.meanwhile = NULL;
	set_tag(f->buf, 0x77);
}

static void retag_always(struct fixture *f)
{
	static uint8_t st;

	set_tag(f->buf, ++st);
}

static void a_tag_that_changes_meanwhile_is_noticed(void **state)
{
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct object *object;

	set_tag(f->buf, 0x11);
	ops_log.meanwhile = retag_once;
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x77);
	assert_int_equal(ops_log.made, 2);
	assert_int_equal(ops_log.unmade, 1);

	ops_log.meanwhile = retag_always;
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, PAGE, 1, 0, &region), -EAGAIN);
	assert_null(region);
	end(reg);
}

/* A failure of the operation because of the change is retried. */
static void failed_tag_change_is_retried(void **state)
{
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct object *object;

	set_tag(f->buf, 0x11);
	ops_log.strict = true;
	ops_log.meanwhile = retag_once;
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x77);

	ops_log.meanwhile = retag_always;
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, PAGE, 1, 0, &region), -EAGAIN);
	ops_log.meanwhile = NULL;
	ops_log.fail = ENODEV;
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, PAGE, 1, 0, &region), -ENODEV);
	assert_null(region);
	end(reg);
}

/* The buffer is first known by its descriptor alone, then through an object with its device. */
static void device_may_be_added_later(void **state)
{
	static const uint32_t flags[] = { 0, TPHBUF_REGISTRY_VERIFY };
	struct tphbuf_registration *region;
	struct fixture *f = *state;
	struct tphbuf_registry *reg;
	struct object *object;
	size_t i;

	for (i = 0; i < NR(flags); i++) {
		reg = new_registry(f, flags[i], 0, 0);
		set_tag(f->buf, 0x11);
		assert_int_equal(tphbuf_registry_get_fd(reg, NULL, tphbuf_buffer_fd(f->buf), 0, 1,
							0, &region),
				 0);
		tphbuf_registration_put(region);
		touch(reg, NULL, f->buf, 0, 1, 0);
		set_tag(f->buf, 0x22);
		object = touch(reg, NULL, f->buf, 0, 1, 0);
		assert_true(object->has_tag);
		assert_int_equal(object->tag.st, 0x22);
		end(reg);
	}
}

/* A wrong device fails that call and is not recorded. */
static void a_wrong_device_is_not_learnt(void **state)
{
	struct tphbuf_registration *held, *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);

	set_tag(f->buf, 0x11);
	assert_int_equal(tphbuf_registry_get_fd(reg, NULL, tphbuf_buffer_fd(f->buf), 0, 1, 0, &held),
			 0);
	fake_fail_feature(TPH_GET, EINVAL);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, &region), -EINVAL);
	assert_null(region);
	fake_fail_feature(0, 0);
	assert_int_equal(tphbuf_registry_get_fd(reg, NULL, tphbuf_buffer_fd(f->buf), 0, 1, 0,
						&region),
			 0);
	assert_ptr_equal(region, held);
	tphbuf_registration_put(region);
	tphbuf_registration_put(held);
	touch(reg, NULL, f->buf, 0, 1, 0);
	end(reg);
}

static struct tphbuf_ctx *another_context(struct fixture *f, struct tphbuf_buffer **buf)
{
	const struct tphbuf_ctx_opts roots = {
		.size = sizeof(roots),
		.sysfs_root = f->ctx->sysfs_root,
		.dev_root = f->ctx->dev_root,
		.proc_root = f->ctx->proc_root,
	};
	struct tphbuf_import_opts opts = { .size = sizeof(opts) };
	struct tphbuf_ctx *ctx;

	assert_int_equal(tphbuf_ctx_new(&roots, &ctx), 0);
	assert_int_equal(tphbuf_device_from_fd(ctx, tphbuf_device_fd(f->dev), FAKE_BDF, &opts.dev),
			 0);
	assert_int_equal(tphbuf_buffer_import(ctx, tphbuf_buffer_fd(f->buf), &opts, buf), 0);
	tphbuf_device_close(opts.dev);
	return ctx;
}

/* A buffer tagged by several contexts, more than the registry can track. */
static void every_context_is_heard(void **state)
{
	struct tphbuf_buffer *buf[KNOWN_CLOCKS + 2];
	struct tphbuf_ctx *ctx[KNOWN_CLOCKS + 2];
	struct tphbuf_registration *region;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct object *object;
	uint8_t st = 0x10;
	size_t i;

	set_tag(f->buf, st);
	touch(reg, NULL, f->buf, 0, 1, 0);
	for (i = 0; i < NR(buf); i++) {
		ctx[i] = another_context(f, &buf[i]);
		assert_int_equal(tphbuf_registry_add_range(reg, 0x1000000 * (i + 1), PAGE, buf[i], 0),
				 0);
		touch(reg, NULL, buf[i], 0, 1, 0);
		fault_arm(100);
		touch(reg, NULL, buf[i], 0, 1, 0);
		touch(reg, NULL, f->buf, 0, 1, 0);
		/* No system call while there is room. */
		if (i + 1 < KNOWN_CLOCKS)
			assert_int_equal(fault_calls(), 0);
		fault_disarm();
		set_tag(buf[i], ++st);
		object = touch(reg, NULL, f->buf, 0, 1, 0);
		assert_int_equal(object->tag.st, st);
		set_tag(buf[i], ++st);
		assert_int_equal(tphbuf_registry_get_addr(reg, NULL, 0x1000000, 1, 0, NULL, &region),
				 0);
		object = tphbuf_registration_object(region);
		assert_int_equal(object->tag.st, st);
		tphbuf_registration_put(region);
	}
	for (i = 0; i < NR(buf); i++) {
		tphbuf_buffer_close(buf[i]);
		tphbuf_ctx_free(ctx[i]);
	}
	end(reg);
}

/* A registry can be made to release all that it holds of a device. */
static void regions_and_ranges_keep_the_device_open(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct tphbuf_identity id = tphbuf_buffer_identity(f->buf);
	unsigned int before = fake_count_fds();

	touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(tphbuf_registry_add_range(reg, PAGE, PAGE, f->buf, 0), 0);
	assert_true(fake_count_fds() > before);
	assert_int_equal(tphbuf_registry_invalidate(reg, &id), 1);
	assert_true(fake_count_fds() > before);
	assert_int_equal(tphbuf_registry_remove_range(reg, PAGE), 0);
	assert_int_equal(fake_count_fds(), before);
	end(reg);
}

static struct {
	struct tphbuf_registry *reg;
	pthread_t thread;
	bool started;
	int got; /* atomic: the tag of the region, 0 if none yet */
} bystander;

static void *bystander_gets(void *arg)
{
	struct fixture *f = arg;
	struct object *object = touch(bystander.reg, NULL, f->buf, 0, 1, 0);

	__atomic_store_n(&bystander.got, object->tag.st, __ATOMIC_RELEASE);
	return NULL;
}

/* Another thread gets a region while the one with the old tag is deregistered. */
static void let_a_bystander_ask(struct fixture *f)
{
	int i;

	if (bystander.started)
		return;
	bystander.started = true;
	assert_int_equal(pthread_create(&bystander.thread, NULL, bystander_gets, f), 0);
	/* A stale region would arrive now; the right one arrives only after the return. */
	for (i = 0; i < 100; i++) {
		if (__atomic_load_n(&bystander.got, __ATOMIC_ACQUIRE))
			break;
		usleep(1000);
	}
}

static void no_caller_gets_a_stale_region_meanwhile(void **state)
{
	struct fixture *f = *state;

	memset(&bystander, 0, sizeof(bystander));
	bystander.reg = new_registry(f, 0, 0, 0);
	set_tag(f->buf, 0x11);
	touch(bystander.reg, NULL, f->buf, 0, 1, 0);
	ops_log.meanwhile = retag_once;
	ops_log.leaving = let_a_bystander_ask;
	touch(bystander.reg, NULL, f->buf, PAGE, 1, 0);
	assert_true(bystander.started);
	pthread_join(bystander.thread, NULL);
	assert_int_equal(bystander.got, 0x77);
	end(bystander.reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(different_tag_is_a_different_region, buffer),
		TEST(a_tag_set_through_another_object_is_seen, buffer),
		TEST(a_tag_set_elsewhere_needs_verify_or_invalidate, buffer),
		TEST(a_tag_that_changes_meanwhile_is_noticed, buffer),
		TEST(failed_tag_change_is_retried, buffer),
		TEST(device_may_be_added_later, buffer),
		TEST(a_wrong_device_is_not_learnt, buffer),
		TEST(every_context_is_heard, buffer),
		TEST(regions_and_ranges_keep_the_device_open, buffer),
		TEST(no_caller_gets_a_stale_region_meanwhile, buffer),
	};

	return cmocka_run_group_tests_name("registry tags", tests, NULL, NULL);
}
