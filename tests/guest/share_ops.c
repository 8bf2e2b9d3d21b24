// SPDX-License-Identifier: MIT
/*
 * share_ops cdev|group BDF OTHER_BDF: a device that this program opened by raw ioctls is shared with the library:
 * wrong descriptors first, then both sides at work on one open device. OTHER_BDF is another function bound to vfio.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <tphbuf/tphbuf.h>
#include <unistd.h>

#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

struct raw {
	int device;
	int iommufd;	      /* cdev */
	int group, container; /* group */
};

static const struct tphbuf_range range = { 0x10000, 0x10000 };

static int sysfs_link(const char *bdf, const char *name, char *buf, size_t size)
{
	char path[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	n = readlink(path, buf, size - 1);
	require(n > 0, "%s: %m", path);
	buf[n] = '\0';
	return atoi(strrchr(buf, '/') + 1);
}

static int open_rw(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	require(fd >= 0, "%s: %m", path);
	return fd;
}

static void open_group(struct raw *raw, const char *bdf)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[256];

	snprintf(path, sizeof(path), "/dev/vfio/%d",
		 sysfs_link(bdf, "iommu_group", path, sizeof(path)));
	raw->iommufd = -1;
	raw->container = open_rw("/dev/vfio/vfio");
	raw->group = open_rw(path);
	require(!ioctl(raw->group, VFIO_GROUP_GET_STATUS, &status), "group status: %m");
	require(!ioctl(raw->group, VFIO_GROUP_SET_CONTAINER, &raw->container), "container: %m");
	require(!ioctl(raw->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "IOMMU: %m");
	raw->device = ioctl(raw->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	require(raw->device >= 0, "device: %m");
}

static void open_cdev(struct raw *raw, const char *node)
{
	char path[256];

	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", node);
	raw->group = raw->container = -1;
	raw->device = open_rw(path);
	raw->iommufd = open_rw("/dev/iommu");
}

static void bind_cdev(struct raw *raw)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = raw->iommufd };

	require(!ioctl(raw->device, VFIO_DEVICE_BIND_IOMMUFD, &bind), "bind: %m");
}

static void raw_close(struct raw *raw)
{
	close(raw->device);
	close(raw->group);
	close(raw->container);
	close(raw->iommufd);
}

static void refused(struct tphbuf_ctx *ctx, int fd, const char *where, int want, const char *text)
{
	struct tphbuf_device *dev = NULL;
	int ret = tphbuf_device_from_fd(ctx, fd, where, &dev);

	require(ret == want && !dev, "%s: %d instead of %d", text, ret, want);
	require(strstr(tphbuf_ctx_error(ctx), text), "'%s' does not say '%s'",
		tphbuf_ctx_error(ctx), text);
	printf("%s\n", tphbuf_ctx_error(ctx));
}

static unsigned int command(int fd)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = VFIO_PCI_CONFIG_REGION_INDEX };
	uint16_t value;

	require(!ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info), "config region: %m");
	require(pread(fd, &value, sizeof(value), (off_t)info.offset + PCI_COMMAND) == sizeof(value),
		"config: %m");
	return value;
}

#define OK(call) require(!(call), "%s", tphbuf_ctx_error(ctx))

/* Changes of either side are visible to the other; a buffer works while either has the device open. */
static void both_sides(struct tphbuf_ctx *ctx, struct raw *raw, const char *where)
{
	const struct tphbuf_tag tag = { .valid = TPHBUF_TAG_ST, .st = 0x5a, .ph = 2 };
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	struct tphbuf_buffer *buf;
	struct tphbuf_device *dev;

	OK(tphbuf_device_from_fd(ctx, raw->device, where, &dev));
	require(!strcmp(tphbuf_device_backend(dev), "shared"), "back end %s",
		tphbuf_device_backend(dev));
	OK(tphbuf_device_memory(dev, true));
	require(command(raw->device) & PCI_COMMAND_MEMORY,
		"the caller does not see memory decoding");
	OK(tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf));
	OK(tphbuf_buffer_tag_set(buf, &tag));
	OK(tphbuf_buffer_tag_get(buf, &state));
	require(tphbuf_tag_equal(&tag, &state.tag), "the tag reads back otherwise");
	OK(tphbuf_device_reset(dev));

	/* The caller closes its descriptors first: the device stays open. */
	raw_close(raw);
	OK(tphbuf_buffer_tag_get(buf, &state));
	require(tphbuf_tag_equal(&tag, &state.tag), "the tag is lost");
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
}

/* The library closes first: the caller's descriptors are unaffected. */
static void library_first(struct tphbuf_ctx *ctx, struct raw *raw, const char *where)
{
	struct tphbuf_device *dev;

	OK(tphbuf_device_from_fd(ctx, raw->device, where, &dev));
	OK(tphbuf_device_memory(dev, true));
	tphbuf_device_close(dev);
	require(command(raw->device) & PCI_COMMAND_MEMORY, "the device was closed");
}

static void reopen(struct raw *raw, const char *how, const char *bdf, const char *node)
{
	if (!strcmp(how, "group")) {
		open_group(raw, bdf);
	} else {
		open_cdev(raw, node);
		bind_cdev(raw);
	}
}

int main(int argc, char **argv)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_ctx *ctx;
	const char *where;
	struct raw raw;
	bool group;

	args_count(argc, 3, 3, "cdev|group BDF OTHER_BDF");
	group = args_word("BACKEND", argv[1], "cdev|group");
	require(!tphbuf_ctx_new(NULL, &ctx), "no context");
	OK(tphbuf_pci_read(ctx, argv[2], &info));
	where = group ? argv[2] : NULL;

	refused(ctx, -1, argv[2], -EBADF, "descriptor -1");
	refused(ctx, STDOUT_FILENO, argv[2], -EINVAL, "not a vfio device");
	if (!where) {
		open_cdev(&raw, info.vfio);
		refused(ctx, raw.device, argv[2], -EINVAL, "not bound to an iommufd");
		raw_close(&raw);
	}
	reopen(&raw, argv[1], argv[2], info.vfio);
	refused(ctx, raw.device, argv[3], -EINVAL, argv[3]);
	if (where)
		refused(ctx, raw.device, NULL, -EINVAL, "pass the PCI address too");
	library_first(ctx, &raw, where);
	both_sides(ctx, &raw, where);

	/* The library has closed all of its descriptors. */
	reopen(&raw, argv[1], argv[2], info.vfio);
	raw_close(&raw);
	tphbuf_ctx_free(ctx);
	return 0;
}
