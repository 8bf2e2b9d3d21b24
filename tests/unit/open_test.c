// SPDX-License-Identifier: MIT
/*
 * Back ends that open a device: lib/vfio/open.c, lib/vfio/backend_group.c, lib/vfio/group.c. The
 * character device is in device_test.c.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "tests/mock/region.h"
#include "tests/unit/test.h"

#define DEV   "sys/bus/pci/devices/" FAKE_BDF
#define GROUP "sys/kernel/iommu_groups/12"
#define PEER  "0000:03:00.1"

static int open_as(struct fixture *f, enum tphbuf_backend backend, const char *how)
{
	struct tphbuf_device_opts opts = {
		.size = sizeof(opts),
		.backend = backend,
	};
	struct tphbuf_device *dev = NULL;
	int ret;

	ret = tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev);
	if (ret)
		assert_null(dev);
	else
		assert_string_equal(tphbuf_device_backend(dev), how);
	tphbuf_device_close(dev);
	return ret;
}

static int open_group(struct fixture *f)
{
	return open_as(f, TPHBUF_BACKEND_GROUP, "group");
}

static int open_auto(struct fixture *f, const char *how)
{
	return open_as(f, TPHBUF_BACKEND_AUTO, how);
}

static int setup_group(void **state)
{
	int ret = fixture_ctx(state);

	if (!ret)
		fake_group_nodes();
	return ret;
}

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

static void group_opens_and_works(void **state)
{
	struct tphbuf_device_opts opts = {
		.size = sizeof(opts),
		.backend = TPHBUF_BACKEND_GROUP,
	};
	const struct tphbuf_range range = { 0, 0x10000 };
	struct tphbuf_tag tag = { .valid = TPHBUF_TAG_ST, .st = 9, .ph = 1 };
	struct fixture *f = *state;
	struct tphbuf_buffer *buf;
	struct tphbuf_device *dev;

	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev), 0);
	assert_true(tphbuf_device_fd(dev) > STDERR_FILENO);
	assert_true(fcntl(tphbuf_device_fd(dev), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fake_model(), VFIO_TYPE1v2_IOMMU);
	assert_int_equal(tphbuf_device_memory(dev, true), 0);
	assert_int_equal(tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf), 0);
	assert_int_equal(tphbuf_buffer_tag_set(buf, &tag), 0);
	assert_int_equal(fake_dmabuf_tag()->st, 9);
	/* The device stays open for its buffer. */
	tphbuf_device_close(dev);
	assert_int_equal(tphbuf_device_reset(tphbuf_buffer_device(buf)), 0);
	tphbuf_buffer_close(buf);
}

static void group_models(void **state)
{
	struct fixture *f = *state;

	fake.models = 1 << VFIO_TYPE1_IOMMU;
	assert_int_equal(open_group(f), 0);
	assert_int_equal(fake_model(), VFIO_TYPE1_IOMMU);
	fake.models = 0;
	assert_int_equal(open_group(f), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "vfio_iommu_type1");
	fake.api_version = 7;
	assert_int_equal(open_group(f), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "another version");
}

static void group_of_another_driver_is_enxio(void **state)
{
	struct fixture *f = *state;

	fake_link(DEV "/driver", "../../drivers/nvme");
	assert_int_equal(open_group(f), -ENXIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "driver: nvme");
	fake_remove(DEV "/driver");
	assert_int_equal(open_group(f), -ENXIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "driver: none");
}

static void group_lookup_errors(void **state)
{
	struct fixture *f = *state;

	fake_remove(DEV "/iommu_group");
	assert_int_equal(open_group(f), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "no IOMMU group");
	fake_link(DEV "/iommu_group", "../x/not-a-number");
	assert_int_equal(open_group(f), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "iommu_group");
	fake_link(DEV "/iommu_group", "../x/99999999999");
	assert_int_equal(open_group(f), -ERANGE);
}

static void group_missing_nodes(void **state)
{
	struct fixture *f = *state;

	fake_remove(FAKE_CONTAINER);
	assert_int_equal(open_group(f), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/vfio/vfio");
	fake_remove(FAKE_GROUP);
	assert_int_equal(open_group(f), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/vfio/12");
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "CONFIG_VFIO_GROUP");
}

static void group_node_refused(void **state)
{
	static const struct {
		int err;
		const char *part;
	} cases[] = {
		{ EACCES, "udev rule" }, { EBUSY, "close the program" }, { EPERM, "cgroup" },
		{ ENODEV, "went away" }, { EMFILE, "ulimit" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_open("/dev/vfio/12", cases[i].err);
		assert_int_equal(open_group(f), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, cases[i].part);
		assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/vfio/12");
	}
}

static void add_peer(const char *bdf, const char *driver)
{
	char path[128], link[128];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", bdf);
	fake_mkdir(path);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", bdf);
	snprintf(link, sizeof(link), "../../drivers/%s", driver ? driver : "");
	if (driver)
		fake_link(path, link);

	snprintf(path, sizeof(path), GROUP "/devices/%s", bdf);
	snprintf(link, sizeof(link), "../../../../bus/pci/devices/%s", bdf);
	fake_link(path, link);
}

static void group_not_viable_names_the_blocking_functions(void **state)
{
	struct fixture *f = *state;

	fake.viable = false;
	add_peer(PEER, "snd_hda_intel");
	add_peer("0000:03:00.2", "i2c-thing");
	add_peer("0000:03:00.6", "pci-pf-stub");
	add_peer("0000:03:00.7", "lpc_ich");
	/* A device of another bus, found through the group only. */
	fake_link("sys/devices/platform/codec/driver", "../../../bus/platform/drivers/codec-drv");
	fake_link(GROUP "/devices/codec", "../../../../devices/platform/codec");
	/* Not blockers. */
	add_peer("0000:02:00.0", "pcieport");
	add_peer("0000:03:00.3", "vfio-pci");
	add_peer("0000:03:00.4", "pci-stub");
	add_peer("0000:03:00.5", NULL);
	assert_int_equal(open_group(f), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, PEER " (snd_hda_intel)");
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "0000:03:00.2 (i2c-thing)");
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "0000:03:00.6 (pci-pf-stub)");
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "0000:03:00.7 (lpc_ich)");
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "codec (codec-drv)");
	assert_null(strstr(tphbuf_ctx_error(f->ctx), "0000:03:00.3"));
	assert_null(strstr(tphbuf_ctx_error(f->ctx), "0000:03:00.4"));
	assert_null(strstr(tphbuf_ctx_error(f->ctx), "0000:03:00.5"));
	assert_null(strstr(tphbuf_ctx_error(f->ctx), "pcieport"));
}

/* Not viable only at the container, first without a name of the blocker. */
static void group_not_viable_late(void **state)
{
	struct fixture *f = *state;

	fake_fail_ioctl(VFIO_GROUP_SET_CONTAINER, 1, EPERM);
	assert_int_equal(open_group(f), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "not viable");
	add_peer(PEER, "xhci_hcd");
	fake_fail_ioctl(VFIO_GROUP_SET_CONTAINER, 1, EPERM);
	assert_int_equal(open_group(f), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, PEER " (xhci_hcd)");
	/* The bind of the character device reports the same. */
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EPERM);
	assert_int_equal(open_auto(f, ""), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_BIND, PEER " (xhci_hcd)");
}

/* A group full of blockers must not overflow the message. */
static void very_many_blockers(void **state)
{
	struct fixture *f = *state;
	char bdf[TPHBUF_BDF_MAX];
	unsigned int i;

	fake.viable = false;
	for (i = 0; i < 64; i++) {
		snprintf(bdf, sizeof(bdf), "0000:%02x:00.0", 0x80 + i);
		add_peer(bdf, "a_driver_with_a_long_name");
	}
	assert_int_equal(open_group(f), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "bind them to vfio-pci");
}

static void group_ioctl_errors(void **state)
{
	static const struct {
		unsigned long request;
		int err, ret;
		enum tphbuf_stage stage;
		const char *part;
	} cases[] = {
		{ VFIO_GET_API_VERSION, EIO, -EOPNOTSUPP, TPHBUF_STAGE_ATTACH, "another version" },
		{ VFIO_GROUP_GET_STATUS, ENODEV, -ENODEV, TPHBUF_STAGE_ATTACH,
		  "state of its IOMMU group" },
		{ VFIO_GROUP_SET_CONTAINER, EINVAL, -EINVAL, TPHBUF_STAGE_ATTACH, "container" },
		{ VFIO_SET_IOMMU, ENODEV, -ENODEV, TPHBUF_STAGE_ATTACH, "IOMMU model 3" },
		{ VFIO_SET_IOMMU, EBUSY, -EBUSY, TPHBUF_STAGE_ATTACH, "address space" },
		{ VFIO_GROUP_GET_DEVICE_FD, ENODEV, -ENODEV, TPHBUF_STAGE_BIND, "still bound" },
		{ VFIO_GROUP_GET_DEVICE_FD, EIO, -EIO, TPHBUF_STAGE_BIND, "does not answer" },
		{ VFIO_DEVICE_GET_REGION_INFO, EIO, -EIO, TPHBUF_STAGE_REGION, "region 0" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_ioctl(cases[i].request, 1, cases[i].err);
		assert_int_equal(open_group(f), cases[i].ret);
		assert_error_at(f->ctx, cases[i].stage, cases[i].part);
	}
	/* After a failed check of TYPE1v2 the back end checks TYPE1. */
	fake_fail_ioctl(VFIO_CHECK_EXTENSION, 1, EIO);
	assert_int_equal(open_group(f), 0);
	assert_int_equal(fake_model(), VFIO_TYPE1_IOMMU);
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

#define TEST_GROUP(fn) cmocka_unit_test_setup_teardown(fn, setup_group, fixture_close)

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
		TEST_GROUP(group_opens_and_works),
		TEST_GROUP(group_models),
		TEST_GROUP(group_of_another_driver_is_enxio),
		TEST_GROUP(group_lookup_errors),
		TEST_GROUP(group_missing_nodes),
		TEST_GROUP(group_node_refused),
		TEST_GROUP(group_not_viable_names_the_blocking_functions),
		TEST_GROUP(group_not_viable_late),
		TEST_GROUP(very_many_blockers),
		TEST_GROUP(group_ioctl_errors),
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
