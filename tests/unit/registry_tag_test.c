// SPDX-License-Identifier: MIT
/* The registry of regions, and buffers whose tag changes. */
#include <stdlib.h>

#include "unit/registry_rig.h"

static void another_tag_is_another_region(void **state)
{
	struct tphbuf_registration *held;
	struct fixture *f = *state;
	struct tphbuf_registry *reg = new_registry(f, 0, 0, 0);
	struct object *object;

	set_tag(f->buf, 0x11);
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, 0, 1, 0, &held),
			 0);
	object = tphbuf_registration_object(held);
	assert_true(object->has_tag);
	assert_int_equal(object->tag.st, 0x11);
	touch(reg, NULL, f->buf, PAGE, 1, 0);

	/* Set again to the same: nothing is stale. */
	set_tag(f->buf, 0x11);
	assert_ptr_equal(touch(reg, NULL, f->buf, 0, 1, 0), object);
	assert_int_equal(stats_of(reg).stale, 0);

	set_tag(f->buf, 0x22);
	object = touch(reg, NULL, f->buf, 0, 1, 0);
	assert_int_equal(object->tag.st, 0x22);
	assert_int_equal(stats_of(reg).stale, 2);
	/* What is held stays registered until it is put back. */
	assert_int_equal(ops_log.unmade, 1);
	assert_int_equal(((struct object *)tphbuf_registration_object(held))->tag.st,
			 0x11);
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
	assert_int_equal(tphbuf_buffer_import(f->ctx, tphbuf_buffer_fd(f->buf),
					      &opts, &other), 0);
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
	assert_int_equal(tphbuf_registry_get(reg, NULL, f->buf, PAGE, 1, 0,
					     &region), -EAGAIN);
	assert_null(region);
	end(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_tag_is_another_region, buffer),
		TEST(a_tag_set_through_another_object_is_seen, buffer),
		TEST(a_tag_set_elsewhere_needs_verify_or_invalidate, buffer),
		TEST(a_tag_that_changes_meanwhile_is_noticed, buffer),
	};

	return cmocka_run_group_tests_name("registry tags", tests, NULL, NULL);
}
