// SPDX-License-Identifier: MIT
/* Steering tags that a device sends: lib/vfio/steer.c. */
#include <linux/vfio.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define CAP	  0x100 /* TPH requester capability of the fake machine */
#define MODES	  7u
#define STEER_GET (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_TPH_ST)
#define STEER_SET (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_TPH_ST)

static const uint32_t cpus[4] = { 1, 0, 2, TPHBUF_STEER_NO_CPU };

/* The capability as vfio shows it: modes, Extended TPH, a table of n entries in the capability; off */
static void capability(uint32_t modes, bool ext, uint32_t n)
{
	fake_device_config(CAP + 4,
			   modes | (ext ? 1u << 8 : 0) | (n ? 1u << 9 : 0) | (n ? n - 1 : 0) << 16,
			   4);
	fake_device_config(CAP + 8, 0, 4);
}

static void start(int level, uint32_t modes, bool ext, uint32_t n)
{
	fake.steer = (unsigned int)level;
	fake.steer_entries = n;
	capability(modes, ext, n);
}

static struct tphbuf_steer_info info(struct fixture *f)
{
	struct tphbuf_steer_info i = { .size = sizeof(i) };

	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), 0);
	return i;
}

static void bad_arguments(void **state)
{
	struct tphbuf_steer_info unset = { 0 };
	struct fixture *f = *state;
	struct tphbuf_tag tag;

	start(STEER_UNSAFE, MODES, true, 4);
	assert_int_equal(tphbuf_device_steer_info(NULL, &unset), -EINVAL);
	assert_int_equal(tphbuf_device_steer_info(f->dev, NULL), -EINVAL);
	assert_int_equal(tphbuf_device_steer_info(f->dev, &unset), -EINVAL);
	assert_int_equal(tphbuf_device_steer_set(NULL, 0, cpus, 1, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, NULL, 1, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 0, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 2049, 0), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "2048");
	assert_int_equal(tphbuf_device_steer_set(f->dev, 65536, cpus, 1, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 1, 2), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "undefined");
	assert_int_equal(tphbuf_device_steer_get(NULL, 0, &tag, 1), -EINVAL);
	assert_int_equal(tphbuf_device_steer_get(f->dev, 0, NULL, 1), -EINVAL);
	assert_int_equal(tphbuf_device_steer_get(f->dev, 0, &tag, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_enable(NULL, TPHBUF_STEER_NS, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, (enum tphbuf_steer_mode)3, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_NS, 12), -EINVAL);
	assert_int_equal(tphbuf_device_steer_disable(NULL), -EINVAL);
	assert_int_equal(fake_entry(0)->cpu, FAKE_NO_CPU);
}

static void off_and_unsupported(void **state)
{
	struct tphbuf_steer_info i = { .size = sizeof(i) };
	struct fixture *f = *state;
	struct tphbuf_tag tag;
	int ret;

	start(STEER_OFF, MODES, true, 4);
	ret = tphbuf_device_steer_info(f->dev, &i);
	assert_int_equal(ret, -ENOTTY);
	assert_true(tphbuf_is_unsupported(ret));
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "tph_st");
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, FAKE_BDF);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 1, 0), -ENOTTY);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_NS, 0), -ENOTTY);
	fake.steer = STEER_NO_REQUESTER;
	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "root port");
	start(STEER_CONFINED, 1, true, 0);
	assert_int_equal(info(f).can, 0);
	assert_int_equal(info(f).entries, 0);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 1, 0), -EOPNOTSUPP);
	assert_int_equal(tphbuf_device_steer_get(f->dev, 0, &tag, 1), -EPERM);
}

/* The kernel has one errno for several reasons; the text names the one that can be seen. */
static void unsupported_says_why(void **state)
{
	struct tphbuf_steer_info i = { .size = sizeof(i) };
	struct fixture *f = *state;

	start(STEER_NO_REQUESTER, MODES, true, 4);
	fake_text("proc/cmdline", "quiet pci=noaer\n");
	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "root port");
	fake_text("proc/cmdline", "quiet pci=noaer,notph\n");
	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "remove notph");
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 1, 0), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "remove notph");
	fake_device_config(CAP, 0, 4);
	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "no such capability");
	fake_remove("proc/cmdline");
	start(STEER_NO_REQUESTER, MODES, true, 4);
	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EOPNOTSUPP);
}

/* Another kernel may use the number for another feature. */
static void foreign_feature_is_recognised_before_any_set(void **state)
{
	struct tphbuf_steer_info i = { .size = sizeof(i) };
	struct fixture *f = *state;
	struct tphbuf_tag tag;
	int level;

	for (level = STEER_FOREIGN; level <= STEER_FOREIGN_SET_ONLY; level++) {
		start(level, MODES, true, 4);
		assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 1, 0), -EPROTO);
		assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "something else");
		assert_int_equal(tphbuf_device_steer_get(f->dev, 0, &tag, 1), -EPROTO);
		assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EPROTO);
		assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_NS, 0), -EPROTO);
		assert_true(tphbuf_is_unsupported(-EPROTO));
	}
	assert_int_equal(fake.foreign_sets, 0);
}

static void what_can_be_done(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_steer_info i;

	start(STEER_CONFINED, 3, false, 5);
	i = info(f);
	assert_int_equal(i.modes, 3);
	assert_int_equal(i.width, 8);
	assert_int_equal(i.entries, 5);
	assert_int_equal(i.can, TPHBUF_STEER_CAN_SET);
	assert_int_equal(i.enabled, 0);
	start(STEER_UNSAFE, MODES, true, 64);
	i = info(f);
	assert_int_equal(i.modes, MODES);
	assert_int_equal(i.width, 16);
	assert_int_equal(i.entries, 64);
	assert_int_equal(i.can, TPHBUF_STEER_CAN_SET | TPHBUF_STEER_CAN_GET);
}

static void set_is_all_or_nothing(void **state)
{
	const uint32_t bad[3] = { 0, FAKE_CPUS - 1, 1 }, none[2] = { 0, FAKE_CPUS };
	struct fixture *f = *state;

	start(STEER_CONFINED, 3, true, 4);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 4, TPHBUF_STEER_PM), 0);
	assert_int_equal(fake_entry(0)->cpu, 1);
	assert_true(fake_entry(0)->pm);
	assert_int_equal(fake_entry(2)->cpu, 2);
	assert_int_equal(fake_entry(3)->cpu, FAKE_NO_CPU);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, bad, 3, 0), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "taskset");
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, none, 2, 0), -EINVAL);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 1, cpus, 4, 0), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "no such entry");
	assert_int_equal(fake_entry(0)->cpu, 1);
	assert_true(fake_entry(0)->pm);
}

static void get_keeps_the_widths_apart(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_tag tags[4];

	start(STEER_UNSAFE, MODES, true, 4);
	assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 3, 0), 0);
	assert_int_equal(tphbuf_device_steer_get(f->dev, 0, tags, 4), 0);
	assert_int_equal(tags[0].valid, TPHBUF_TAG_ST | TPHBUF_TAG_XST);
	assert_int_equal(tags[0].st, 0x21);
	assert_int_equal(tags[0].xst, 0x121);
	assert_int_equal(tags[1].valid, TPHBUF_TAG_ST);
	assert_int_equal(tags[1].st, 0x20);
	assert_int_equal(tags[1].xst, 0);
	assert_int_equal(tags[3].valid, 0);
	assert_int_equal(tags[3].ph, 0);
}

static void enable_and_disable(void **state)
{
	struct fixture *f = *state;

	start(STEER_CONFINED, 3, true, 4);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_IV, 0), 0);
	assert_int_equal(info(f).enabled, 16);
	assert_int_equal(info(f).mode, TPHBUF_STEER_IV);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_NS, 8), 0);
	assert_int_equal(info(f).enabled, 8);
	assert_int_equal(info(f).mode, TPHBUF_STEER_NS);
	assert_int_equal(tphbuf_device_steer_disable(f->dev), 0);
	assert_int_equal(info(f).enabled, 0);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_DS, 0), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "level");
	capability(3, false, 4);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_IV, 16), -EOPNOTSUPP);
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_IV, 0), 0);
	assert_int_equal(info(f).enabled, 8);
}

/* An entry without a tag of the width, or power state D3: the register reads back as off. */
static void refusal_is_an_error(void **state)
{
	struct fixture *f = *state;

	start(STEER_CONFINED, 3, true, 4);
	fake.steer_refuses = true;
	assert_int_equal(tphbuf_device_steer_enable(f->dev, TPHBUF_STEER_IV, 0), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_STEER, "reads back as off");
	assert_int_equal(info(f).enabled, 0);
}

static void no_capability(void **state)
{
	struct tphbuf_steer_info i = { .size = sizeof(i) };
	struct fixture *f = *state;

	start(STEER_CONFINED, 3, true, 4);
	fake_device_config(CAP, 0, 4);
	assert_int_equal(tphbuf_device_steer_info(f->dev, &i), -EOPNOTSUPP);
	assert_int_equal(tphbuf_device_steer_disable(f->dev), -EOPNOTSUPP);
}

static int op_steer(struct fixture *f)
{
	struct tphbuf_steer_info i = { .size = sizeof(i) };
	struct tphbuf_device *dev;
	struct tphbuf_tag tag;
	int ret;

	ret = tphbuf_device_open(f->ctx, FAKE_BDF, NULL, &dev);
	if (ret)
		return ret;
	ret = tphbuf_device_steer_set(dev, 0, cpus, 1, 0);
	if (!ret)
		ret = tphbuf_device_steer_get(dev, 0, &tag, 1);
	if (!ret)
		ret = tphbuf_device_steer_enable(dev, TPHBUF_STEER_IV, 0);
	if (!ret)
		ret = tphbuf_device_steer_info(dev, &i);
	if (!ret)
		ret = tphbuf_device_steer_disable(dev);
	tphbuf_device_close(dev);
	return ret;
}

static void every_failing_call_is_reported(void **state)
{
	start(STEER_UNSAFE, MODES, true, 4);
	sweep_faults(*state, op_steer);
}

static void kernel_errors_are_explained(void **state)
{
	static const struct {
		int err;
		const char *part;
	} cases[] = {
		{ EPERM, "taskset" },	{ ENODATA, "no steering tag" },
		{ ENODEV, "platform" }, { EIO, "D0" },
		{ EINVAL, "_DSM" },	{ EFAULT, "" },
	};
	struct fixture *f = *state;
	struct tphbuf_tag tag;
	size_t i;

	start(STEER_UNSAFE, MODES, true, 4);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_fail_feature(STEER_SET, cases[i].err);
		assert_int_equal(tphbuf_device_steer_set(f->dev, 0, cpus, 1, 0), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_STEER, cases[i].part);
		fake_fail_feature(STEER_GET, cases[i].err);
		assert_int_equal(tphbuf_device_steer_get(f->dev, 0, &tag, 1), -cases[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_arguments, device),
		TEST(off_and_unsupported, device),
		TEST(unsupported_says_why, device),
		TEST(foreign_feature_is_recognised_before_any_set, device),
		TEST(what_can_be_done, device),
		TEST(set_is_all_or_nothing, device),
		TEST(get_keeps_the_widths_apart, device),
		TEST(enable_and_disable, device),
		TEST(refusal_is_an_error, device),
		TEST(no_capability, device),
		TEST(kernel_errors_are_explained, device),
		TEST(every_failing_call_is_reported, ctx),
	};

	return cmocka_run_group_tests_name("steer", tests, NULL, NULL);
}
