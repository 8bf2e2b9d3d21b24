// SPDX-License-Identifier: MIT
/*
 * Choice of the back end that opens a device, and its nodes: lib/vfio/open.c. The group is in open_group_test.c, the
 * character device in device_test.c.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "tests/mock/region.h"
#include "tests/unit/open_rig.h"

static void bad_options(void **state)
{
	struct tphbuf_device_opts opts = { .size = sizeof(opts) };
	struct fixture *f = *state;
	struct tphbuf_device *dev;

	opts.backend = (enum tphbuf_backend)3;
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "back end 3");
	opts.backend = TPHBUF_BACKEND_AUTO;
	opts.flags = 1u << 31;
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "0x80000000");
}

/* A caller built against the structure that had only the token. */
static void older_options_mean_automatic(void **state)
{
	struct {
		size_t size;
		const char *vf_token;
	} old = { sizeof(old), NULL };
	struct fixture *f = *state;
	struct tphbuf_device *dev;

	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, (void *)&old, &dev), 0);
	assert_string_equal(tphbuf_device_backend(dev), "iommufd");
	tphbuf_device_close(dev);
}

static void sysfs_paths_name_the_device(void **state)
{
	static const char *const good[] = {
		"/sys/bus/pci/devices/" FAKE_BDF,
		"/sys/bus/pci/devices/" FAKE_BDF "/",
		"/sys/class/thing/one/device",
	};
	struct fixture *f = *state;
	struct tphbuf_device *dev;
	size_t i;

	fake_link("sys/class/thing/one/device", "../../../bus/pci/devices/" FAKE_BDF);
	for (i = 0; i < NR(good); i++) {
		assert_int_equal(tphbuf_device_open(f->ctx, good[i], NULL, &dev), 0);
		assert_string_equal(tphbuf_device_bdf(dev), FAKE_BDF);
		tphbuf_device_close(dev);
	}
}

static void wrong_paths_are_refused(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_device *dev;

	assert_int_equal(tphbuf_device_open(f->ctx, "/sys/no/such", NULL, &dev), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "/sys/no/such");
	assert_int_equal(tphbuf_device_open(f->ctx, "/", NULL, &dev), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "'/'");
	assert_int_equal(tphbuf_device_open(f->ctx, "/sys/bus/pci", NULL, &dev), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "leads to");
	/* A path that ends in an address, but not of a PCI function. */
	fake_mkdir("sys/elsewhere/0000:77:00.0");
	assert_int_equal(tphbuf_device_open(f->ctx, "/sys/elsewhere/0000:77:00.0", NULL, &dev),
			 -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "0000:77:00.0");
}

static void automatic_choice(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_auto(f, "iommufd"), 0);
	fake_fail_open("/dev/iommu", EACCES);
	assert_int_equal(open_auto(f, "group"), 0);
	/* A successful call records no error. */
	assert_string_equal(tphbuf_ctx_error(f->ctx), "");
	assert_int_equal(tphbuf_ctx_error_stage(f->ctx), TPHBUF_STAGE_NONE);
	fake_fail_open("/dev/vfio/devices/vfio0", EPERM);
	assert_int_equal(open_auto(f, "group"), 0);
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, ENOTTY);
	assert_int_equal(open_auto(f, "group"), 0);
	fake_remove("dev/iommu");
	assert_int_equal(open_auto(f, "group"), 0);
	fake_remove(DEV "/vfio-dev");
	assert_int_equal(open_auto(f, "group"), 0);
	/* An explicit back end has no alternative. */
	assert_int_equal(open_as(f, TPHBUF_BACKEND_IOMMUFD, ""), -EOPNOTSUPP);
}

static void automatic_choice_keeps_errors_of_the_device(void **state)
{
	static const int errs[] = { EBUSY, EINVAL, EACCES, ENODEV, EIO };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(errs); i++) {
		fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, errs[i]);
		assert_int_equal(open_auto(f, ""), -errs[i]);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, FAKE_BDF);
	}
}

static void both_closed_reports_the_one_that_exists(void **state)
{
	struct fixture *f = *state;

	/* No permission for either: the error of the first. */
	fake_fail_open("/dev/vfio/devices/vfio0", EACCES);
	fake_remove(FAKE_GROUP);
	assert_int_equal(open_auto(f, ""), -EACCES);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/vfio/devices/vfio0");
	/* No character device, and the group refuses. */
	fake_group_nodes();
	fake_remove(DEV "/vfio-dev");
	fake_fail_open("/dev/vfio/12", EACCES);
	assert_int_equal(open_auto(f, ""), -EACCES);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/vfio/12");
	/* The group is used, and fails with an error of its own. */
	fake_mkdir(DEV "/vfio-dev/vfio0");
	fake_fail_open("/dev/vfio/devices/vfio0", EACCES);
	fake_fail_ioctl(VFIO_GROUP_GET_STATUS, 1, EIO);
	assert_int_equal(open_auto(f, ""), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "IOMMU group");
	fake_remove(DEV "/vfio-dev");
	/* Neither exists. */
	fake_remove(FAKE_GROUP);
	assert_int_equal(open_auto(f, ""), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "CONFIG_VFIO_DEVICE_CDEV");
}

static int open_noiommu(struct fixture *f, enum tphbuf_backend backend, uint32_t flags)
{
	struct tphbuf_device_opts opts = {
		.size = sizeof(opts),
		.backend = backend,
		.flags = flags,
	};
	struct tphbuf_device *dev = NULL;
	int ret = tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev);

	tphbuf_device_close(dev);
	return ret;
}

/* The node of another device, mounted or stale under the right name. */
static void nodes_of_other_devices_are_refused(void **state)
{
	static const struct {
		enum tphbuf_backend backend;
		const char *node, *part;
	} cases[] = {
		{ TPHBUF_BACKEND_AUTO, "dev/vfio/devices/vfio0", "is 511:1" },
		{ TPHBUF_BACKEND_AUTO, "dev/vfio/devices/vfio0", "511:0" },
		{ TPHBUF_BACKEND_AUTO, "dev/vfio/devices/vfio0", "vfio-dev/vfio0/dev" },
		{ TPHBUF_BACKEND_IOMMUFD, "dev/iommu", "10:126" },
		{ TPHBUF_BACKEND_GROUP, FAKE_GROUP, "510:12" },
		{ TPHBUF_BACKEND_GROUP, FAKE_GROUP, "class/vfio/12/dev" },
		{ TPHBUF_BACKEND_GROUP, FAKE_CONTAINER, "10:196" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_node(cases[i].node, 511, 1);
		assert_int_equal(open_as(f, cases[i].backend, ""), -ESTALE);
		assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, cases[i].part);
		assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, cases[i].node + strlen("dev/"));
		nodes_reset();
	}
	assert_int_equal(open_auto(f, "iommufd"), 0);
	assert_int_equal(open_group(f), 0);
}

/* A plain file or a folder, as container runtimes make for a missing node. */
static void nodes_that_are_files_are_refused(void **state)
{
	struct fixture *f = *state;

	fake_node("dev/vfio/devices/vfio0", 0, 0);
	assert_int_equal(open_auto(f, ""), -ESTALE);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not a character device");
	fake_remove("dev/vfio/devices/vfio0");
	fake_mkdir("dev/vfio/devices/vfio0");
	assert_int_equal(open_auto(f, ""), -EISDIR);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "a folder");
}

/* A device number that cannot be read does not match. */
static void nodes_that_sysfs_does_not_show_are_refused(void **state)
{
	static const char *const numbers[] = { "511\n", "511:x\n", "x:0\n", ":0\n", "511:\n" };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(numbers); i++) {
		fake_text(DEV "/vfio-dev/vfio0/dev", numbers[i]);
		assert_int_equal(open_auto(f, ""), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "vfio-dev/vfio0/dev");
	}
	fake_remove(DEV "/vfio-dev/vfio0/dev");
	assert_int_equal(open_auto(f, ""), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "vfio-dev/vfio0/dev");
}

static void noiommu_is_refused_unless_forced(void **state)
{
	struct fixture *f = *state;

	fake_text(GROUP "/name", "vfio-noiommu\n");
	fake_text("dev/vfio/noiommu-12", "");
	fake_remove(DEV "/vfio-dev");
	fake_text(DEV "/vfio-dev/noiommu-vfio0/dev", "511:1\n");
	fake_node("dev/vfio/devices/noiommu-vfio0", 511, 1);
	assert_int_equal(open_noiommu(f, TPHBUF_BACKEND_AUTO, 0), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "noiommu-vfio0");
	assert_int_equal(open_noiommu(f, TPHBUF_BACKEND_GROUP, 0), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "vfio/noiommu-12");
	assert_int_equal(open_noiommu(f, TPHBUF_BACKEND_IOMMUFD, 0), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "--noiommu");
	assert_int_equal(fake_model(), 0);

	fake_bytes("dev/vfio/devices/noiommu-vfio0", 0, "", 1);
	assert_int_equal(open_noiommu(f, TPHBUF_BACKEND_IOMMUFD, TPHBUF_DEVICE_NOIOMMU), 0);
	fake_remove("dev/vfio/noiommu-12");
	fake_link("dev/vfio/noiommu-12", "12");
	fake.models |= 1u << VFIO_NOIOMMU_IOMMU;
	assert_int_equal(open_noiommu(f, TPHBUF_BACKEND_GROUP, TPHBUF_DEVICE_NOIOMMU), 0);
	assert_int_equal(fake_model(), VFIO_NOIOMMU_IOMMU);
}

/* A device with an IOMMU is not affected by the flag. */
static void noiommu_flag_on_an_isolated_device(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_noiommu(f, TPHBUF_BACKEND_GROUP, TPHBUF_DEVICE_NOIOMMU), 0);
	assert_int_equal(fake_model(), VFIO_TYPE1v2_IOMMU);
}

static int op_group(struct fixture *f)
{
	return open_group(f);
}

static int op_auto(struct fixture *f)
{
	struct tphbuf_device *dev;
	int ret = tphbuf_device_open(f->ctx, "/sys/bus/pci/devices/" FAKE_BDF, NULL, &dev);

	if (!ret)
		tphbuf_device_close(dev);
	return ret;
}

static void every_failing_call_is_reported(void **state)
{
	struct fixture *f = *state;

	sweep_faults(f, op_auto);
	sweep_faults(f, op_group);
}

/* By the group after the character device was closed. */
static void every_failing_call_after_a_fallback(void **state)
{
	struct fixture *f = *state;

	fake_remove("dev/iommu");
	sweep_faults(f, op_auto);
	fake.viable = false;
	add_peer(PEER, "nvme");
	assert_int_equal(op_auto(f), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, PEER " (nvme)");
}

/* dev_root is "/./././..." of @len characters. */
static int open_below(struct fixture *f, size_t len)
{
	struct tphbuf_device_opts opts = { .size = sizeof(opts), .backend = TPHBUF_BACKEND_IOMMUFD };
	char root[PATH_MAX + 1];
	struct tphbuf_ctx_opts ctx_opts = { .size = sizeof(ctx_opts),
					    .sysfs_root = f->ctx->sysfs_root,
					    .dev_root = root };
	struct tphbuf_device *dev = NULL;
	struct tphbuf_ctx *ctx;
	size_t i;
	int ret;

	for (i = 0; i < len; i++)
		root[i] = i % 2 ? '.' : '/';
	root[len] = '\0';
	assert_int_equal(tphbuf_ctx_new(&ctx_opts, &ctx), 0);
	ret = tphbuf_device_open(ctx, FAKE_BDF, &opts, &dev);
	tphbuf_device_close(dev);
	tphbuf_ctx_free(ctx);
	return ret;
}

/* The node's path is never cut to one that the kernel takes. */
static void node_path_that_is_too_long(void **state)
{
	const size_t limit = PATH_MAX - 1 - strlen("/vfio/devices/vfio0");

	assert_int_equal(open_below(*state, limit), -ENOENT);
	assert_int_equal(open_below(*state, limit + 1), -ENAMETOOLONG);
	assert_int_equal(open_below(*state, limit + 2), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_options, ctx),
		TEST(older_options_mean_automatic, ctx),
		TEST(sysfs_paths_name_the_device, ctx),
		TEST(wrong_paths_are_refused, ctx),
		TEST(node_path_that_is_too_long, ctx),
		TEST_GROUP(automatic_choice),
		TEST_GROUP(automatic_choice_keeps_errors_of_the_device),
		TEST_GROUP(both_closed_reports_the_one_that_exists),
		TEST_GROUP(nodes_of_other_devices_are_refused),
		TEST_GROUP(nodes_that_are_files_are_refused),
		TEST_GROUP(nodes_that_sysfs_does_not_show_are_refused),
		TEST_GROUP(noiommu_is_refused_unless_forced),
		TEST_GROUP(noiommu_flag_on_an_isolated_device),
		TEST_GROUP(every_failing_call_is_reported),
		TEST_GROUP(every_failing_call_after_a_fallback),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
