// SPDX-License-Identifier: MIT
/* A device that the caller has opened, and its regions: lib/vfio/backend_shared.c. */
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define DEV "sys/bus/pci/devices/" FAKE_BDF

static int caller_fd(void)
{
	return open("/dev/vfio/devices/vfio0", O_RDWR | O_CLOEXEC);
}

static int share(struct fixture *f, int fd, const char *where)
{
	struct tphbuf_device *dev = NULL;
	int ret = tphbuf_device_from_fd(f->ctx, fd, where, &dev);

	if (ret)
		assert_null(dev);
	tphbuf_device_close(dev);
	return ret;
}

static void shared_device_leaves_the_caller_its_descriptor(void **state)
{
	const struct tphbuf_range range = { 0, 0x10000 };
	struct fixture *f = *state;
	struct tphbuf_buffer *buf;
	struct tphbuf_device *dev;
	int fd = caller_fd();

	assert_int_equal(tphbuf_device_from_fd(f->ctx, fd, NULL, &dev), 0);
	assert_string_equal(tphbuf_device_bdf(dev), FAKE_BDF);
	assert_string_equal(tphbuf_device_backend(dev), "shared");
	assert_true(tphbuf_device_fd(dev) != fd);
	assert_true(fcntl(tphbuf_device_fd(dev), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf), 0);
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	assert_int_equal(fake_resets(), 0);
	assert_int_equal(close(fd), 0);
}

static void shared_device_of_a_group(void **state)
{
	struct fixture *f = *state;
	int fd = caller_fd();

	fake.is_cdev = false;
	assert_int_equal(share(f, fd, FAKE_BDF), 0);
	assert_int_equal(share(f, fd, "/sys/bus/pci/devices/" FAKE_BDF), 0);
	assert_int_equal(share(f, fd, NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "address too");
	/* Another device, as its identification shows. */
	assert_int_equal(share(f, fd, FAKE_NIC_BDF), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "1af4:1110");
	fake_text(DEV "/device", "0x1111\n");
	assert_int_equal(share(f, fd, FAKE_BDF), -EINVAL);
	fake_text(DEV "/device", "0x1110\n");
	fake_fail_ioctl(VFIO_DEVICE_GET_REGION_INFO, 1, EIO);
	assert_int_equal(share(f, fd, FAKE_BDF), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "config region");
	fake_remove(DEV "/vendor");
	assert_int_equal(share(f, fd, FAKE_BDF), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "identification");
	close(fd);
}

static void shared_descriptor_that_is_none(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_device *dev;
	int fd = caller_fd(), other = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(tphbuf_device_from_fd(NULL, fd, NULL, &dev), -EINVAL);
	assert_int_equal(tphbuf_device_from_fd(f->ctx, fd, NULL, NULL), -EINVAL);
	assert_int_equal(share(f, -1, NULL), -EBADF);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not open");
	assert_int_equal(share(f, other, NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not a vfio device");
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, 1, EINVAL);
	assert_int_equal(share(f, fd, NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "not bound to an iommufd");
	fake.device_flags = VFIO_DEVICE_FLAGS_PLATFORM;
	assert_int_equal(share(f, fd, NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not a PCI device");
	close(other);
	close(fd);
}

static void shared_cdev_of_another_device(void **state)
{
	static const char *const targets[] = {
		NULL,
		"/",
		"../../bus/pci",
		"../../bus/pci/devices/" FAKE_BDF "/driver/vfio0",
	};
	struct fixture *f = *state;
	int fd = caller_fd();
	size_t i;

	assert_int_equal(share(f, fd, FAKE_NIC_BDF), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, FAKE_BDF " and not " FAKE_NIC_BDF);
	assert_int_equal(share(f, fd, "03:00"), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "'03:00'");
	/* A character device that is not in sysfs, or is listed as another device. */
	for (i = 0; i < NR(targets); i++) {
		fake_remove("sys/dev/char/511:0");
		if (targets[i])
			fake_link("sys/dev/char/511:0", targets[i]);
		assert_int_equal(share(f, fd, NULL), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not a vfio device");
		fake_link("sys/dev/char/511:0", "/");
	}
	close(fd);
}

/* A foreign driver would answer an ioctl, so none is sent. */
static void a_foreign_file_gets_no_ioctl(void **state)
{
	struct fixture *f = *state;
	int fds[6], fd = caller_fd();
	size_t i;

	assert_int_equal(pipe(fds), 0);
	fds[2] = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[3] = eventfd(0, 0);
	fds[4] = open(fake_root(), O_RDONLY | O_DIRECTORY);
	fds[5] = fake_foreign_dmabuf(4096);
	/* Consumed by the first call. */
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, 1, EIO);
	for (i = 0; i < NR(fds); i++) {
		assert_int_equal(share(f, fds[i], FAKE_BDF), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not a vfio device");
		assert_null(strstr(tphbuf_ctx_error(f->ctx), strerror(EIO)));
		close(fds[i]);
	}
	assert_int_equal(share(f, fd, FAKE_BDF), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, strerror(EIO));
	assert_int_equal(share(f, fd, FAKE_BDF), 0);
	close(fd);
}

static void regions(void **state)
{
	struct tphbuf_region r = { .size = sizeof(r) }, unset = { 0 };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_device_region(NULL, 0, &r), -EINVAL);
	assert_int_equal(tphbuf_device_region(f->dev, 0, NULL), -EINVAL);
	assert_int_equal(tphbuf_device_region(f->dev, 0, &unset), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "tphbuf_region");
	assert_int_equal(tphbuf_device_region(f->dev, 8, &r), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "no region 8");
	assert_int_equal(tphbuf_device_region(f->dev, 2, &r), 0);
	assert_int_equal(r.length, FAKE_BAR2_SIZE);
	assert_int_equal(r.offset, 2ll << 28);
	assert_int_equal(r.flags, TPHBUF_REGION_READ | TPHBUF_REGION_WRITE | TPHBUF_REGION_MMAP);
	/* I/O ports: readable and writable, but not mappable. */
	assert_int_equal(tphbuf_device_region(f->dev, 1, &r), 0);
	assert_int_equal(r.flags, TPHBUF_REGION_READ | TPHBUF_REGION_WRITE);
	assert_int_equal(tphbuf_device_region(f->dev, 3, &r), 0);
	assert_int_equal(r.length, 0);
	assert_int_equal(tphbuf_device_region(f->dev, TPHBUF_REGION_CONFIG, &r), 0);
	assert_int_equal(r.length, 4096);
	fake_fail_ioctl(VFIO_DEVICE_GET_REGION_INFO, 1, ENODEV);
	assert_int_equal(tphbuf_device_region(f->dev, 2, &r), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "went away");
}

/* Opened outside of the calls under test. */
static int the_fd;

static int op_shared(struct fixture *f)
{
	return share(f, the_fd, FAKE_BDF);
}

static void every_failing_call_is_reported(void **state)
{
	struct fixture *f = *state;

	the_fd = caller_fd();
	sweep_faults(f, op_shared);
	fake.is_cdev = false;
	sweep_faults(f, op_shared);
	close(the_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shared_device_leaves_the_caller_its_descriptor, ctx),
		TEST(shared_device_of_a_group, ctx),
		TEST(shared_descriptor_that_is_none, ctx),
		TEST(shared_cdev_of_another_device, ctx),
		TEST(a_foreign_file_gets_no_ioctl, ctx),
		TEST(regions, device),
		TEST(every_failing_call_is_reported, ctx),
	};

	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
