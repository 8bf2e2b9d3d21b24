// SPDX-License-Identifier: MIT
/* The tag of a buffer: lib/buffer/set_tag.c. */
#include <linux/vfio.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define TPH_GET	  (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH)
#define TPH_SET	  (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH)
#define TPH_PROBE (VFIO_DEVICE_FEATURE_PROBE | TPH_GET | TPH_SET)

static const struct tphbuf_tag tag_st = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
static const struct tphbuf_tag tag_both = { TPHBUF_TAG_MASK, 0x1234, 0x5a, 1 };

static struct tphbuf_tag_state get(struct fixture *f)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };

	assert_int_equal(tphbuf_buffer_tag_get(f->buf, &state), 0);
	return state;
}

static void bad_arguments(void **state)
{
	const struct tphbuf_tag ph = { TPHBUF_TAG_ST, 0, 1, 4 };
	const struct tphbuf_tag bits = { 8, 0, 1, 0 };
	struct tphbuf_tag_state unset = { 0 };
	struct fixture *f = *state;
	uint32_t supported;

	assert_int_equal(tphbuf_buffer_tag_set(NULL, &tag_st), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_clear(NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_get(NULL, &unset), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_probe(NULL, &supported), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_probe(f->buf, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_get(f->buf, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_get(f->buf, &unset), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &ph), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "0 to 3");
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &bits), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "undefined");
	assert_int_equal(fake_dmabuf_tag()->flags, 0);
}

static void kernel_without_the_feature_is_unsupported(void **state)
{
	struct fixture *f = *state;
	int ret;

	fake.has_tph = false;
	ret = tphbuf_device_tag_probe(f->dev);
	assert_int_equal(ret, -ENOTTY);
	assert_true(tphbuf_is_unsupported(ret));
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "this kernel has no tags");
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), -ENOTTY);
}

static void device_that_is_no_completer_is_unsupported(void **state)
{
	struct fixture *f = *state;
	uint32_t supported = UINT32_MAX;

	fake.supported = 0;
	assert_int_equal(tphbuf_buffer_tag_probe(f->buf, &supported), -EOPNOTSUPP);
	assert_int_equal(supported, UINT32_MAX);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "not a TPH completer");
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, FAKE_BDF);
}

static void namespace_the_device_lacks_is_unsupported(void **state)
{
	struct fixture *f = *state;
	uint32_t supported = UINT32_MAX;

	fake.supported = TPHBUF_TAG_ST;
	assert_int_equal(tphbuf_buffer_tag_probe(f->buf, &supported), 0);
	assert_int_equal(supported, TPHBUF_TAG_ST);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "Extended");
	assert_int_equal(fake_dmabuf_tag()->flags, 0);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), 0);
}

/* Another kernel may use the number for another feature. */
static void foreign_feature_is_recognised_before_any_set(void **state)
{
	struct fixture *f = *state;

	fake.foreign = FOREIGN_SET_ONLY;
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), -EPROTO);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "something else");
	fake.foreign = FOREIGN_BOTH;
	/* The probe succeeds, but the reply has another layout. */
	assert_int_equal(tphbuf_device_tag_probe(f->dev), 0);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), -EPROTO);
	assert_int_equal(tphbuf_buffer_tag_clear(f->buf), -EPROTO);
}

static void set_get_replace_clear(void **state)
{
	const struct tphbuf_tag highest = {
		.valid = TPHBUF_TAG_MASK, .st = UINT8_MAX, .xst = UINT16_MAX, .ph = TPHBUF_PH_MAX
	};
	struct fixture *f = *state;
	struct tphbuf_tag_state s;

	s = get(f);
	assert_int_equal(s.tag.valid, 0);
	assert_int_equal(s.supported, TPHBUF_TAG_MASK);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	s = get(f);
	assert_true(tphbuf_tag_equal(&s.tag, &tag_both));
	/* The whole state is replaced: the 16-bit tag is cleared. */
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), 0);
	s = get(f);
	assert_true(tphbuf_tag_equal(&s.tag, &tag_st));
	assert_int_equal(s.tag.xst, 0);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &highest), 0);
	s = get(f);
	assert_true(tphbuf_tag_equal(&s.tag, &highest));
	assert_int_equal(tphbuf_buffer_tag_clear(f->buf), 0);
	s = get(f);
	assert_int_equal(s.tag.valid, 0);
	assert_int_equal(s.tag.ph, 0);
}

/* An invalid tag must not reach the kernel. */
static void set_passes_only_what_is_valid(void **state)
{
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0x7777, 1, 3 };
	const struct tphbuf_tag none = { 0, 0x7777, 1, 3 };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag), 0);
	assert_int_equal(fake_dmabuf_tag()->flags, VFIO_DMA_BUF_TPH_ST);
	assert_int_equal(fake_dmabuf_tag()->xst, 0);
	assert_int_equal(fake_dmabuf_tag()->ph, 3);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &none), 0);
	assert_int_equal(fake_dmabuf_tag()->flags, 0);
}

static void kernel_errors_are_explained(void **state)
{
	static const struct {
		uint32_t flags;
		int err, ret;
		const char *part;
	} cases[] = {
		{ TPH_PROBE, EINVAL, -EPROTO, "something else" },
		{ TPH_PROBE, EOPNOTSUPP, -EOPNOTSUPP, "completer" },
		{ TPH_GET, EBADF, -EBADF, "closed" },
		{ TPH_GET, EFAULT, -EFAULT, "" },
		{ TPH_SET, EINVAL, -EINVAL, "does not come from this device" },
		{ TPH_SET, ENODEV, -ENODEV, "dead" },
		{ TPH_SET, EOPNOTSUPP, -EOPNOTSUPP, "completer" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_feature(cases[i].flags, cases[i].err);
		assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), cases[i].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_TAG, cases[i].part);
	}
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_st), 0);
}

static void imported_buffers(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_import_opts opts = { sizeof(opts), f->dev };
	int foreign = fake_foreign_dmabuf(4096);
	struct tphbuf_tag_state s = { .size = sizeof(s) };
	struct tphbuf_buffer *buf;

	/* A buffer without its device. */
	assert_int_equal(tphbuf_buffer_import(f->ctx, foreign, NULL, &buf), 0);
	assert_int_equal(tphbuf_buffer_tag_set(buf, &tag_st), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "without its device");
	assert_int_equal(tphbuf_buffer_tag_get(buf, &s), -EOPNOTSUPP);
	tphbuf_buffer_close(buf);
	/* A dma-buf of another exporter, imported as one of this device. */
	assert_int_equal(tphbuf_buffer_import(f->ctx, foreign, &opts, &buf), 0);
	assert_int_equal(tphbuf_buffer_tag_set(buf, &tag_st), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "does not come from");
	tphbuf_buffer_close(buf);
	close(foreign);
	/* The tag belongs to the dma-buf, not to the descriptor. */
	assert_int_equal(tphbuf_buffer_import(f->ctx, tphbuf_buffer_fd(f->buf), &opts, &buf), 0);
	fake_dmabuf_tag();
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	assert_int_equal(tphbuf_buffer_tag_get(buf, &s), 0);
	assert_true(tphbuf_tag_equal(&s.tag, &tag_both));
	tphbuf_buffer_close(buf);
}

static void export_sets_the_tag(void **state)
{
	const struct tphbuf_range range = { 0, 4096 };
	struct tphbuf_export_opts opts = { sizeof(opts), &tag_both };
	struct fixture *f = *state;
	struct tphbuf_buffer *buf;

	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, &opts, &buf), 0);
	assert_int_equal(fake_dmabuf_tag()->xst, 0x1234);
	assert_int_equal(fake_dmabuf_tag()->st, 0x5a);
	tphbuf_buffer_close(buf);
}

static int op_tag(struct fixture *f)
{
	struct tphbuf_tag_state s = { .size = sizeof(s) };
	const struct tphbuf_range range = { 0, 4096 };
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	int ret;

	ret = tphbuf_device_open(f->ctx, FAKE_BDF, NULL, &dev);
	if (ret)
		return ret;
	ret = tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf);
	if (!ret) {
		ret = tphbuf_buffer_tag_set(buf, &tag_both);
		if (!ret)
			ret = tphbuf_buffer_tag_get(buf, &s);
		if (!ret)
			ret = tphbuf_buffer_tag_clear(buf);
		tphbuf_buffer_close(buf);
	}
	tphbuf_device_close(dev);
	return ret;
}

static void every_failing_call_is_reported(void **state)
{
	sweep_faults(*state, op_tag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_arguments, buffer),
		TEST(kernel_without_the_feature_is_unsupported, buffer),
		TEST(device_that_is_no_completer_is_unsupported, buffer),
		TEST(namespace_the_device_lacks_is_unsupported, buffer),
		TEST(foreign_feature_is_recognised_before_any_set, buffer),
		TEST(set_get_replace_clear, buffer),
		TEST(set_passes_only_what_is_valid, buffer),
		TEST(kernel_errors_are_explained, buffer),
		TEST(imported_buffers, buffer),
		TEST(export_sets_the_tag, device),
		TEST(every_failing_call_is_reported, ctx),
	};

	return cmocka_run_group_tests_name("buffer_tag", tests, NULL, NULL);
}
