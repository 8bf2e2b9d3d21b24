// SPDX-License-Identifier: MIT
/* The back end of a vfio group: lib/vfio/backend_group.c, lib/vfio/group.c. */
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "tests/mock/region.h"
#include "tests/unit/open_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("open_group", tests, NULL, NULL);
}
