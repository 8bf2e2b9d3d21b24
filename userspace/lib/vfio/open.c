// SPDX-License-Identifier: MIT
/* Opening a device: its name, and the choice of the back end. */
#define _GNU_SOURCE /* realpath */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vfio/backend.h"
#include "lib/pci/sysfs.h"
#include "util/backend_order.h"

#define OPTS_FLAGS TPHBUF_DEVICE_NOIOMMU

static int bad_name(struct tphbuf_ctx *ctx, const char *where)
{
	return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			"'%s' is not a PCI address; use the form 0000:03:00.0, or a path in sysfs that leads to a PCI function",
			where);
}

/* The function that the sysfs path @where is, or is a link to. */
static int locate_path(struct tphbuf_ctx *ctx, const char *where, char *bdf)
{
	char path[PATH_MAX];

	if (!realpath(where, path))
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, -errno, "%s", where);
	if (tphbuf_bdf_parse(strrchr(path, '/') + 1, bdf))
		return bad_name(ctx, where);
	return 0;
}

/* Find the function that @where names. 0 or a recorded error. */
static int locate(struct tphbuf_ctx *ctx, const char *where, char *bdf)
{
	int ret;

	if (!where)
		return bad_name(ctx, "(null)");
	if (strchr(where, '/')) {
		ret = locate_path(ctx, where, bdf);
		if (ret)
			return ret;
	} else if (tphbuf_bdf_parse(where, bdf)) {
		return bad_name(ctx, where);
	}
	ret = sysfs_exists(ctx, bdf);
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, ret, "%s", bdf);
	return 0;
}

static struct tphbuf_device *device_new(struct tphbuf_ctx *ctx)
{
	struct tphbuf_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->refs = 1;
	dev->fd = -1;
	dev->iommufd = -1;
	dev->container = -1;
	dev->group = -1;
	dev->ctx = ctx;
	ctx_get(ctx);
	return dev;
}

static int try_backend(struct tphbuf_device *dev, const struct device_backend *backend,
		       const struct tphbuf_device_opts *opts)
{
	int ret = backend->open(dev, opts);

	if (!ret) {
		dev->backend = backend;
		return 0;
	}
	backend->close(dev);
	dev->fd = -1;
	dev->iommufd = -1;
	dev->container = -1;
	dev->group = -1;
	return ret;
}

/* The effect of @err and of its recorded stage on the choice of the back end. */
static enum backend_result result_of(const struct tphbuf_device *dev, int err)
{
	enum tphbuf_stage stage = dev->ctx->error_stage;

	if (!err)
		return BACKEND_OPEN;
	if ((stage == TPHBUF_STAGE_LOOKUP && err == -EOPNOTSUPP) ||
	    (stage == TPHBUF_STAGE_OPEN && err == -ENOENT) ||
	    (stage == TPHBUF_STAGE_BIND && err == -ENOTTY))
		return BACKEND_MISSING;
	if (stage == TPHBUF_STAGE_OPEN && (err == -EACCES || err == -EPERM))
		return BACKEND_FORBIDDEN;
	return BACKEND_FAILED;
}

/* The order of util/backend_order.h; the error of one of the two is recorded. */
static int open_auto(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts)
{
	char before[ERROR_TEXT_MAX], first[ERROR_TEXT_MAX];
	enum tphbuf_stage before_stage = dev->ctx->error_stage, first_stage;
	enum backend_result cdev;
	int ret, second;

	memcpy(before, dev->ctx->error, sizeof(before));
	ret = try_backend(dev, &backend_cdev, opts);
	cdev = result_of(dev, ret);
	if (!backend_try_group(cdev))
		return ret;
	memcpy(first, dev->ctx->error, sizeof(first));
	first_stage = dev->ctx->error_stage;
	ctx_log(dev->ctx, TPHBUF_LOG_INFO, "%s: cannot be opened through iommufd, trying the group",
		dev->bdf);
	second = try_backend(dev, &backend_group, opts);
	if (second && backend_report_group(cdev, result_of(dev, second)))
		return second;
	memcpy(dev->ctx->error, second ? first : before, sizeof(first));
	dev->ctx->error_stage = second ? first_stage : before_stage;
	return second ? ret : 0;
}

static int check_opts(struct tphbuf_ctx *ctx, const struct tphbuf_device_opts *opts)
{
	if (opts->flags & ~(uint32_t)OPTS_FLAGS)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"device flags 0x%x: unknown; use TPHBUF_DEVICE_ bits", opts->flags);
	if ((unsigned int)opts->backend > TPHBUF_BACKEND_GROUP)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"back end %d: unknown; use a TPHBUF_BACKEND_ value",
				(int)opts->backend);
	return 0;
}

static int open_backend(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts)
{
	switch (opts->backend) {
	case TPHBUF_BACKEND_IOMMUFD:
		return try_backend(dev, &backend_cdev, opts);
	case TPHBUF_BACKEND_GROUP:
		return try_backend(dev, &backend_group, opts);
	default:
		return open_auto(dev, opts);
	}
}

/* The descriptor is open: the rest is the same for all. Consumes @dev. */
static int finish_open(struct tphbuf_device *dev, int ret, struct tphbuf_device **devp)
{
	if (!ret)
		ret = device_read_regions(dev);
	if (ret) {
		device_put(dev);
		return ret;
	}
	ctx_log(dev->ctx, TPHBUF_LOG_INFO, "%s: open through %s", dev->bdf, dev->backend->name);
	*devp = dev;
	return 0;
}

int tphbuf_device_open(struct tphbuf_ctx *ctx, const char *where,
		       const struct tphbuf_device_opts *opts, struct tphbuf_device **devp)
{
	struct tphbuf_device_opts o;
	struct tphbuf_device *dev;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = ctx_opts_in(ctx, &o, opts, tphbuf_device_opts);
	if (!ret)
		ret = check_opts(ctx, &o);
	if (ret)
		return ret;
	if (!devp)
		return ctx_fail_null(ctx, "dev");
	dev = device_new(ctx);
	if (!dev)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_OPEN);
	ret = locate(ctx, where, dev->bdf);
	if (!ret)
		ret = open_backend(dev, &o);
	return finish_open(dev, ret, devp);
}

int tphbuf_device_from_fd(struct tphbuf_ctx *ctx, int fd, const char *where,
			  struct tphbuf_device **devp)
{
	struct tphbuf_device *dev;
	int ret = 0;

	if (!ctx)
		return -EINVAL;
	if (!devp)
		return ctx_fail_null(ctx, "dev");
	dev = device_new(ctx);
	if (!dev)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_OPEN);
	if (where)
		ret = locate(ctx, where, dev->bdf);
	if (!ret)
		ret = shared_open(dev, fd);
	return finish_open(dev, ret, devp);
}
