// SPDX-License-Identifier: MIT
/* Names for tags: lib/core/vendor.c. */
#include <stdio.h>

#include <tphbuf/vendor.h>

#include "tests/unit/test.h"

/* One hook's life and orders. */
struct slices {
	unsigned int asked, released;
	int answer;	       /* of resolve(), if not 0 */
	struct tphbuf_tag bad; /* given instead, if has_bad */
	bool has_bad;
	bool mine; /* what match() says */
};

static bool slices_match(void *data, const struct tphbuf_pci_info *device)
{
	struct slices *s = data;

	assert_string_equal(device->bdf, FAKE_BDF);
	assert_int_equal(device->vendor, 0x1af4);
	return s->mine;
}

static int slices_resolve(void *data, const struct tphbuf_pci_info *device, const char *text,
			  struct tphbuf_tag *tag, const char **why)
{
	struct slices *s = data;
	unsigned int n;

	(void)device;
	s->asked++;
	if (sscanf(text, "cache slice %u", &n) != 1)
		return -ENOENT;
	if (s->answer) {
		*why = "that slice is switched off";
		return s->answer;
	}
	tag->valid = TPHBUF_TAG_XST;
	tag->xst = (uint16_t)(0x100 + n);
	tag->ph = 2;
	if (s->has_bad)
		*tag = s->bad;
	return 0;
}

static int slices_describe(void *data, const struct tphbuf_pci_info *device,
			   const struct tphbuf_tag *tag, char *buf, size_t size)
{
	(void)data;
	(void)device;
	if (tag->valid != TPHBUF_TAG_XST || tag->xst < 0x100)
		return -ENOENT;
	return snprintf(buf, size, "cache slice %u", tag->xst - 0x100);
}

static void slices_release(void *data)
{
	struct slices *s = data;

	s->released++;
}

static const struct tphbuf_vendor slices = {
	.size = sizeof(slices),
	.name = "slices",
	.match = slices_match,
	.resolve = slices_resolve,
	.describe = slices_describe,
	.release = slices_release,
};

static void add_bad_hooks(void **state)
{
	struct tphbuf_vendor v = slices;
	struct slices data = { 0 };
	struct fixture *f = *state;
	struct {
		struct tphbuf_vendor v;
		char more;
	} newer = { slices, 1 };

	assert_int_equal(tphbuf_vendor_add(NULL, &v, &data), -EINVAL);
	assert_int_equal(tphbuf_vendor_add(f->ctx, NULL, &data), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "no hook");
	v.size = 0;
	assert_int_equal(tphbuf_vendor_add(f->ctx, &v, &data), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "tphbuf_vendor");
	newer.v.size = sizeof(newer);
	assert_int_equal(tphbuf_vendor_add(f->ctx, &newer.v, &data), -E2BIG);
	/* Nothing of the structure can be trusted in these. */
	assert_int_equal(data.released, 0);
	v = slices;
	v.name = NULL;
	assert_int_equal(tphbuf_vendor_add(f->ctx, &v, &data), -EINVAL);
	v.name = "";
	assert_int_equal(tphbuf_vendor_add(f->ctx, &v, &data), -EINVAL);
	v = slices;
	v.resolve = NULL;
	assert_int_equal(tphbuf_vendor_add(f->ctx, &v, &data), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "resolve()");
	assert_int_equal(data.released, 3);
}

static void text_form_comes_first(void **state)
{
	struct slices data = { .mine = true };
	struct tphbuf_tag tag = { 0 };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &data), 0);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "st=0x5a,ph=2", &tag), 0);
	assert_int_equal(tag.st, 0x5a);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "ph=1,xst=7", &tag), 0);
	assert_int_equal(tag.xst, 7);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "none", &tag), 0);
	assert_int_equal(tag.valid, 0);
	/* A mistake in it is no name. */
	assert_int_equal(tphbuf_vendor_tag(f->dev, "st=256", &tag), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "'st=256'");
	assert_int_equal(data.asked, 0);
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
	assert_int_equal(data.released, 1);
}

static void names_are_resolved(void **state)
{
	struct slices other = { .mine = false }, mine = { .mine = true };
	struct tphbuf_tag tag = { .st = 9 }, before = tag;
	struct fixture *f = *state;

	assert_int_equal(tphbuf_vendor_tag(f->dev, "cache slice 3", &tag), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "'cache slice 3'");
	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &other), 0);
	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &mine), 0);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "slice 3", &tag), -ENOENT);
	assert_memory_equal(&tag, &before, sizeof(tag));
	assert_int_equal(tphbuf_vendor_tag(f->dev, "cache slice 3", &tag), 0);
	assert_int_equal(tag.valid, TPHBUF_TAG_XST);
	assert_int_equal(tag.xst, 0x103);
	assert_int_equal(other.asked, 0);
	assert_int_equal(mine.asked, 2);
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
	assert_int_equal(other.released + mine.released, 2);
}

static void first_that_knows_wins(void **state)
{
	struct slices first = { .mine = true, .answer = -ERANGE };
	struct slices second = { .mine = true };
	struct tphbuf_tag tag;
	struct fixture *f = *state;

	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &first), 0);
	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &second), 0);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "cache slice 9", &tag), -ERANGE);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "switched off");
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "slices");
	assert_int_equal(second.asked, 0);
	first.answer = -ENOENT;
	assert_int_equal(tphbuf_vendor_tag(f->dev, "cache slice 9", &tag), 0);
	assert_int_equal(second.asked, 1);
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
}

/* A hook is not trusted to give a tag that is one. */
static void malformed_tag_of_a_hook(void **state)
{
	struct slices data = {
		.mine = true,
		.has_bad = true,
		.bad = { .valid = TPHBUF_TAG_ST, .ph = 4 },
	};
	struct tphbuf_tag tag = { .st = 9 };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &data), 0);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "cache slice 1", &tag), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "processing hint");
	data.bad.valid = 0x80;
	assert_int_equal(tphbuf_vendor_tag(f->dev, "cache slice 1", &tag), -EINVAL);
	assert_int_equal(tag.st, 9);
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
}

static void bad_arguments(void **state)
{
	struct tphbuf_tag tag = { 0 };
	struct fixture *f = *state;
	char text[64];

	assert_int_equal(tphbuf_vendor_tag(NULL, "none", &tag), -EINVAL);
	assert_int_equal(tphbuf_vendor_tag(f->dev, NULL, &tag), -EINVAL);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "none", NULL), -EINVAL);
	assert_int_equal(tphbuf_vendor_tag(f->dev, "", &tag), -ENOENT);
	assert_int_equal(tphbuf_vendor_describe(NULL, &tag, text, 64), -EINVAL);
	assert_int_equal(tphbuf_vendor_describe(f->dev, NULL, text, 64), -EINVAL);
	assert_int_equal(tphbuf_vendor_describe(f->dev, &tag, NULL, 64), -EINVAL);
	assert_int_equal(tphbuf_vendor_describe(f->dev, &tag, text, 0), -EINVAL);
	tag.ph = 7;
	tag.valid = TPHBUF_TAG_ST;
	assert_int_equal(tphbuf_vendor_describe(f->dev, &tag, text, 64), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "processing hint");
}

static void tags_are_described(void **state)
{
	struct tphbuf_tag named = { .valid = TPHBUF_TAG_XST, .xst = 0x103 };
	struct tphbuf_tag plain = { .valid = TPHBUF_TAG_ST, .st = 1, .ph = 1 };
	struct slices data = { .mine = true };
	struct fixture *f = *state;
	char text[32];

	assert_int_equal(tphbuf_vendor_describe(f->dev, &named, text, sizeof(text)), 15);
	assert_string_equal(text, "xst=0x0103,ph=0");
	assert_int_equal(tphbuf_vendor_add(f->ctx, &slices, &data), 0);
	assert_int_equal(tphbuf_vendor_describe(f->dev, &named, text, sizeof(text)), 13);
	assert_string_equal(text, "cache slice 3");
	assert_int_equal(tphbuf_vendor_describe(f->dev, &plain, text, sizeof(text)), 12);
	assert_string_equal(text, "st=0x01,ph=1");
	assert_int_equal(tphbuf_vendor_describe(f->dev, &named, text, 13), -ENOSPC);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "13 bytes");
	assert_int_equal(tphbuf_vendor_describe(f->dev, &plain, text, 12), -ENOSPC);
	data.mine = false;
	assert_int_equal(tphbuf_vendor_describe(f->dev, &named, text, sizeof(text)), 15);
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
}

static struct slices swept;

static int op_vendor(struct fixture *f)
{
	struct tphbuf_tag tag;
	char text[32];
	int ret;

	ret = tphbuf_vendor_add(f->ctx, &slices, &swept);
	if (!ret)
		ret = tphbuf_vendor_tag(f->dev, "cache slice 2", &tag);
	if (!ret)
		ret = tphbuf_vendor_describe(f->dev, &tag, text, sizeof(text));
	return ret < 0 ? ret : 0;
}

static void every_failing_call_is_reported(void **state)
{
	struct fixture *f = *state;

	swept.mine = true;
	sweep_faults(f, op_vendor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(add_bad_hooks, ctx),
		TEST(text_form_comes_first, device),
		TEST(names_are_resolved, device),
		TEST(first_that_knows_wins, device),
		TEST(malformed_tag_of_a_hook, device),
		TEST(bad_arguments, device),
		TEST(tags_are_described, device),
		TEST(every_failing_call_is_reported, device),
	};

	return cmocka_run_group_tests_name("vendor", tests, NULL, NULL);
}
