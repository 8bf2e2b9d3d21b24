// SPDX-License-Identifier: MIT
/* Open devices: lib/vfio/device.c, lib/vfio/backend_cdev.c. */
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define DEV	    "sys/bus/pci/devices/" FAKE_BDF
#define TOKEN	    "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3"
#define TOKEN_BYTES "\xbd\x8d\x9d\x2b\x5a\x5f\x4f\x5a\xa2\x11\xf5\x91\x51\x4b\xa1\xf3"

static int try_open(struct fixture *f, const char *token)
{
	struct tphbuf_device_opts opts = {
		.size = sizeof(opts),
		.vf_token = token,
	};
	struct tphbuf_device *dev = NULL;
	int ret;

	ret = tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev);
	if (ret)
		assert_null(dev);
	tphbuf_device_close(dev);
	return ret;
}

static void open_bad_arguments(void **state)
{
	struct tphbuf_device_opts unset = { 0 };
	struct fixture *f = *state;
	struct tphbuf_device *dev;

	assert_int_equal(tphbuf_device_open(NULL, FAKE_BDF, NULL, &dev), -EINVAL);
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, &unset, &dev), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "tphbuf_device_opts");
	assert_int_equal(tphbuf_device_open(f->ctx, "03:00", NULL, &dev), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "'03:00'");
	assert_int_equal(tphbuf_device_open(f->ctx, NULL, NULL, &dev), -EINVAL);
	assert_int_equal(tphbuf_device_open(f->ctx, "99:00.0", NULL, &dev), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "0000:99:00.0");
}

static void open_device_of_another_driver_is_enxio(void **state)
{
	struct fixture *f = *state;

	fake_remove(DEV "/vfio-dev");
	fake_link(DEV "/driver", "../../drivers/nvme");
	assert_int_equal(try_open(f, NULL), -ENXIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "driver: nvme");
	fake_remove(DEV "/driver");
	assert_int_equal(try_open(f, NULL), -ENXIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "driver: none");
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "vfio-pci");
}

static void open_without_cdev_support_is_unsupported(void **state)
{
	struct fixture *f = *state;

	fake_remove(DEV "/vfio-dev");
	assert_int_equal(try_open(f, NULL), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "CONFIG_VFIO_DEVICE_CDEV");
}

static void open_noiommu_is_refused(void **state)
{
	struct fixture *f = *state;

	fake_remove(DEV "/vfio-dev");
	fake_mkdir(DEV "/vfio-dev/noiommu-vfio0");
	assert_int_equal(try_open(f, NULL), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "no IOMMU");
}

static void open_missing_nodes(void **state)
{
	struct fixture *f = *state;

	fake_remove("dev/iommu");
	assert_int_equal(try_open(f, NULL), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/iommu");
	fake_remove("dev/vfio/devices/vfio0");
	assert_int_equal(try_open(f, NULL), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "/dev/vfio/devices/vfio0");
}

static void open_refused_by_permissions(void **state)
{
	struct fixture *f = *state;

	fake_fail_call("open", EACCES);
	assert_int_equal(try_open(f, NULL), -EACCES);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "udev rule");
}

static void bind_errors_are_explained(void **state)
{
	static const struct {
		int err;
		const char *part;
	} cases[] = {
		{ EBUSY, "in use" },	    { EINVAL, "open in another program" },
		{ EPERM, "kernel driver" }, { EACCES, "VF token" },
		{ ENOTTY, "Linux 6.6" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, cases[i].err);
		assert_int_equal(try_open(f, NULL), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, cases[i].part);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, FAKE_BDF);
	}
}

static void attach_errors_are_explained(void **state)
{
	struct fixture *f = *state;

	fake_fail_ioctl(IOMMU_IOAS_ALLOC, 1, ENOMEM);
	assert_int_equal(try_open(f, NULL), -ENOMEM);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, FAKE_BDF);
	fake_fail_ioctl(VFIO_DEVICE_ATTACH_IOMMUFD_PT, 1, EINVAL);
	assert_int_equal(try_open(f, NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ATTACH, "IOMMU");
}

static void region_errors_are_explained(void **state)
{
	struct fixture *f = *state;
	unsigned int nth;

	for (nth = 1; nth <= 7; nth++) {
		fake_fail_ioctl(VFIO_DEVICE_GET_REGION_INFO, nth, EIO);
		assert_int_equal(try_open(f, NULL), -EIO);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "region");
	}
}

static void token_cases(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(try_open(f, "not-a-uuid"), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "not a UUID");
	/* A token is never part of a message. */
	assert_null(strstr(tphbuf_ctx_error(f->ctx), "not-a-uuid"));
	assert_int_equal(try_open(f, TOKEN), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "takes no VF token");
	fake.token = TOKEN_BYTES;
	assert_int_equal(try_open(f, NULL), -EACCES);
	assert_int_equal(try_open(f, "00000000-0000-0000-0000-000000000000"), -EACCES);
	assert_int_equal(try_open(f, TOKEN), 0);
}

static void interrupted_ioctl_is_repeated(void **state)
{
	struct fixture *f = *state;

	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EINTR);
	assert_int_equal(try_open(f, NULL), 0);
}

static void null_device_is_harmless(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	void *addr;

	(void)state;
	tphbuf_device_close(NULL);
	tphbuf_device_unmap(NULL, NULL, 0);
	assert_int_equal(tphbuf_device_fd(NULL), -EINVAL);
	assert_string_equal(tphbuf_device_bdf(NULL), "");
	assert_int_equal(tphbuf_device_info(NULL, &info), -EINVAL);
	assert_int_equal(tphbuf_device_map(NULL, 0, 0, 4096, &addr), -EINVAL);
	assert_int_equal(tphbuf_device_memory(NULL, true), -EINVAL);
	assert_int_equal(tphbuf_device_reset(NULL), -EINVAL);
	assert_int_equal(tphbuf_device_tag_probe(NULL), -EINVAL);
}

static void descriptors_are_cloexec_and_above_std(void **state)
{
	struct fixture *f = *state;
	int fd = tphbuf_device_fd(f->dev);

	assert_true(fd > STDERR_FILENO);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_string_equal(tphbuf_device_bdf(f->dev), FAKE_BDF);
}

static void close_order_does_not_matter(void **state)
{
	struct fixture *f = *state;

	/* The context is freed before the device that references it. */
	tphbuf_ctx_free(f->ctx);
	f->ctx = NULL;
	assert_int_equal(tphbuf_device_memory(f->dev, true), 0);
}

static void info_describes_the_open_device(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_device_info(f->dev, NULL), -EINVAL);
	assert_int_equal(tphbuf_device_info(f->dev, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_ST_EXT);
	assert_int_equal(info.bar[0].flags,
			 TPHBUF_BAR_PRESENT | TPHBUF_BAR_MAPPABLE | TPHBUF_BAR_EXPORTABLE);
	assert_int_equal(info.bar[1].flags, TPHBUF_BAR_PRESENT | TPHBUF_BAR_IO);
	assert_true(info.bar[2].flags & TPHBUF_BAR_EXPORTABLE);
	assert_int_equal(info.bar[5].flags, TPHBUF_BAR_PRESENT);
	/* The kernel's answer decides, not sysfs. */
	fake.has_dmabuf = false;
	assert_int_equal(tphbuf_device_info(f->dev, &info), 0);
	assert_false(info.bar[2].flags & TPHBUF_BAR_EXPORTABLE);
}

static void info_of_a_dead_device_is_eio(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	fake_device_config(PCI_COMMAND, UINT32_MAX, 4);
	assert_int_equal(tphbuf_device_info(f->dev, &info), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "does not answer");
}

static void info_without_extended_config_space(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_device *dev;
	struct fixture *f = *state;

	fake.config_size = 256;
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, NULL, &dev), 0);
	assert_int_equal(tphbuf_device_info(dev, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_ST_EXT);
	assert_int_equal(info.requester, TPHBUF_TPH_NONE);
	tphbuf_device_close(dev);
}

static void map_bad_ranges(void **state)
{
	static const struct {
		unsigned int bar;
		uint64_t offset, length;
		int ret;
		const char *part;
	} cases[] = {
		{ 6, 0, 4096, -EINVAL, "no BAR6" },
		{ 3, 0, 4096, -EINVAL, "no BAR3" },
		{ 2, 0, 0, -EINVAL, "empty" },
		{ 2, 1, 4096, -EINVAL, "start on a page" },
		{ 2, 0, 100, -EINVAL, "whole number of pages" },
		{ 2, FAKE_BAR2_SIZE, 4096, -EINVAL, "starts after" },
		{ 2, FAKE_BAR2_SIZE - 4096, 8192, -EINVAL, "ends after" },
		{ 2, ~0xfffull, 8192, -EINVAL, "wraps" },
		{ 1, 0, 4096, -EINVAL, "ends after" },
	};
	struct fixture *f = *state;
	void *addr = NULL;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		assert_int_equal(tphbuf_device_map(f->dev, cases[i].bar, cases[i].offset,
						   cases[i].length, &addr),
				 cases[i].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, cases[i].part);
		assert_null(addr);
	}
	assert_int_equal(tphbuf_device_map(f->dev, 2, 0, 4096, NULL), -EINVAL);
}

static void map_of_an_unmappable_bar_is_unsupported(void **state)
{
	struct tphbuf_device *dev;
	struct fixture *f = *state;
	void *addr;

	fake.bar_flags[2] = 0;
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, NULL, &dev), 0);
	assert_int_equal(tphbuf_device_map(dev, 2, 0, 4096, &addr), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "cannot be mapped");
	tphbuf_device_close(dev);
	fake_fail_call("mmap", EPERM);
	assert_int_equal(tphbuf_device_map(f->dev, 2, 0, 4096, &addr), -EPERM);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "0x0+0x1000");
}

static void map_shows_the_bar(void **state)
{
	struct fixture *f = *state;
	char byte = 0;
	char *addr;

	assert_int_equal(tphbuf_device_map(f->dev, 2, 0x3000, 0x2000, (void **)&addr), 0);
	addr[0x1fff] = 'x';
	assert_int_equal(pread(tphbuf_device_fd(f->dev), &byte, 1, (2ll << 28) + 0x4fff), 1);
	assert_int_equal(byte, 'x');
	tphbuf_device_unmap(f->dev, addr, 0x2000);
}

static unsigned int command_register(struct fixture *f)
{
	uint16_t command = 0;

	assert_int_equal(pread(tphbuf_device_fd(f->dev), &command, 2, (7ll << 28) + PCI_COMMAND), 2);
	return command;
}

static void memory_switches_one_bit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(command_register(f), PCI_COMMAND_MASTER);
	assert_int_equal(tphbuf_device_memory(f->dev, true), 0);
	assert_int_equal(command_register(f), PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	/* Nothing to write. */
	fake_fail_call("pwrite", EIO);
	assert_int_equal(tphbuf_device_memory(f->dev, true), 0);
	fake_fail_call("", 0);
	assert_int_equal(tphbuf_device_memory(f->dev, false), 0);
	assert_int_equal(command_register(f), PCI_COMMAND_MASTER);
	/* Without a power management capability no other register is taken for it. */
	fake_device_config(PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
	assert_int_equal(tphbuf_device_memory(f->dev, true), 0);
}

static void memory_errors(void **state)
{
	struct fixture *f = *state;

	fake_fail_call("pread", EIO);
	assert_int_equal(tphbuf_device_memory(f->dev, true), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "read the command");
	fake_fail_call("pwrite", ENODEV);
	assert_int_equal(tphbuf_device_memory(f->dev, true), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "write the command");
	fake_fail_call("pwrite", EINTR);
	assert_int_equal(tphbuf_device_memory(f->dev, true), 0);
}

/* In D3hot the memory does not respond, even with decoding on. */
static void memory_in_d3hot_is_refused(void **state)
{
	struct fixture *f = *state;

	fake_device_config(PCI_CAPABILITY_LIST, 0x90, 1);
	fake_device_config(0x90, PCI_CAP_ID_PM | 0x40 << 8, 2);
	fake_device_config(0x90 + PCI_PM_CTRL, 3, 2);
	assert_int_equal(tphbuf_device_memory(f->dev, true), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "D3hot");
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "LOW_POWER_EXIT");
	/* Also when the bit does not change. */
	assert_int_equal(tphbuf_device_memory(f->dev, true), -EIO);
	assert_int_equal(tphbuf_device_memory(f->dev, false), 0);
	fake_device_config(0x90 + PCI_PM_CTRL, 0, 2);
	assert_int_equal(tphbuf_device_memory(f->dev, true), 0);
}

static void reset_errors(void **state)
{
	static const struct {
		int kernel, ret;
	} cases[] = {
		{ EINVAL, -EOPNOTSUPP },
		{ ENOTTY, -EOPNOTSUPP },
		{ EAGAIN, -EAGAIN },
		{ ENODEV, -ENODEV },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_ioctl(VFIO_DEVICE_RESET, 1, cases[i].kernel);
		assert_int_equal(tphbuf_device_reset(f->dev), cases[i].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_RESET, FAKE_BDF);
	}
	assert_int_equal(fake_resets(), 0);
	assert_int_equal(tphbuf_device_reset(f->dev), 0);
	assert_int_equal(fake_resets(), 1);
}

static int op_open(struct fixture *f)
{
	return try_open(f, NULL);
}

static int op_use(struct fixture *f)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	void *addr;
	int ret;

	ret = tphbuf_device_info(f->dev, &info);
	if (!ret)
		ret = tphbuf_device_memory(f->dev, true);
	if (!ret)
		ret = tphbuf_device_memory(f->dev, false);
	if (!ret)
		ret = tphbuf_device_reset(f->dev);
	if (ret)
		return ret;
	ret = tphbuf_device_map(f->dev, 0, 0, 4096, &addr);
	if (!ret)
		tphbuf_device_unmap(f->dev, addr, 4096);
	return ret;
}

static void every_failing_call_of_open_is_reported(void **state)
{
	sweep_faults(*state, op_open);
}

static void every_failing_call_of_use_is_reported(void **state)
{
	sweep_faults(*state, op_use);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_bad_arguments, ctx),
		TEST(open_device_of_another_driver_is_enxio, ctx),
		TEST(open_without_cdev_support_is_unsupported, ctx),
		TEST(open_noiommu_is_refused, ctx),
		TEST(open_missing_nodes, ctx),
		TEST(open_refused_by_permissions, ctx),
		TEST(bind_errors_are_explained, ctx),
		TEST(attach_errors_are_explained, ctx),
		TEST(region_errors_are_explained, ctx),
		TEST(token_cases, ctx),
		TEST(interrupted_ioctl_is_repeated, ctx),
		TEST(null_device_is_harmless, ctx),
		TEST(descriptors_are_cloexec_and_above_std, device),
		TEST(close_order_does_not_matter, device),
		TEST(info_describes_the_open_device, device),
		TEST(info_of_a_dead_device_is_eio, device),
		TEST(info_without_extended_config_space, device),
		TEST(map_bad_ranges, device),
		TEST(map_of_an_unmappable_bar_is_unsupported, device),
		TEST(map_shows_the_bar, device),
		TEST(memory_switches_one_bit, device),
		TEST(memory_errors, device),
		TEST(memory_in_d3hot_is_refused, device),
		TEST(reset_errors, device),
		TEST(every_failing_call_of_open_is_reported, ctx),
		TEST(every_failing_call_of_use_is_reported, device),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
