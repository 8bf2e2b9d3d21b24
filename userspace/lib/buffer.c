// SPDX-License-Identifier: MIT
/* Buffers: export from a BAR, import from outside, CPU mapping. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/internal.h"
#include "lib/vfio.h"
#include "util/fd.h"

#define OPTS_MIN	sizeof(size_t)
#define FDINFO_MAX	1024

/* The kernel's structure ends in an array of these. */
_Static_assert(sizeof(struct tphbuf_range) ==
	       sizeof(struct vfio_region_dma_range), "range layout");
_Static_assert(offsetof(struct tphbuf_range, length) ==
	       offsetof(struct vfio_region_dma_range, length), "range layout");

static void buffer_put(struct tphbuf_buffer *buf)
{
	if (--buf->refs)
		return;
	tphbuf_buffer_unmap(buf);
	fd_close(buf->fd);
	tphbuf_device_close(buf->dev);
	ctx_put(buf->ctx);
	free(buf->ranges);
	free(buf);
}

static struct tphbuf_buffer *buffer_new(struct tphbuf_ctx *ctx,
					struct tphbuf_device *dev)
{
	struct tphbuf_buffer *buf = calloc(1, sizeof(*buf));

	if (!buf)
		return NULL;
	buf->refs = 1;
	buf->fd = -1;
	buf->bar = -1;
	buf->ctx = ctx;
	ctx_get(ctx);
	buf->dev = dev;
	if (dev)
		device_get(dev);
	return buf;
}

/* VFIO_DEVICE_FEATURE_DMA_BUF. Return: descriptor >= 3 or -errno. */
static int make_dmabuf(struct tphbuf_device *dev, uint32_t bar,
		       const struct tphbuf_range *ranges, size_t n)
{
	struct vfio_device_feature_dma_buf *request;
	size_t size = sizeof(*request) + n * sizeof(*ranges);
	int ret;

	request = calloc(1, size);
	if (!request)
		return -ENOMEM;
	request->region_index = bar;
	request->open_flags = O_RDWR | O_CLOEXEC;
	request->nr_ranges = (uint32_t)n;
	memcpy(request->dma_ranges, ranges, n * sizeof(*ranges));
	ret = vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_GET |
			   VFIO_DEVICE_FEATURE_DMA_BUF, request, size);
	free(request);
	return ret < 0 ? ret : fd_above_std(ret);
}

static int export_ranges(struct tphbuf_buffer *buf, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n)
{
	buf->ranges = malloc(n * sizeof(*ranges));
	if (!buf->ranges)
		return fail_nomem(buf->ctx, TPHBUF_STAGE_EXPORT);
	memcpy(buf->ranges, ranges, n * sizeof(*ranges));
	buf->nr_ranges = n;
	buf->bar = (int)bar;
	buf->fd = make_dmabuf(buf->dev, bar, ranges, n);
	if (buf->fd < 0)
		return fail_errno(buf->ctx, TPHBUF_STAGE_EXPORT, buf->fd,
				  "%s BAR%u", buf->dev->bdf, bar);
	return 0;
}

int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n,
			 const struct tphbuf_export_opts *opts,
			 struct tphbuf_buffer **bufp)
{
	struct tphbuf_export_opts o;
	struct tphbuf_buffer *buf;
	uint64_t length;
	int ret;

	if (!dev)
		return -EINVAL;
	ret = opts_in(dev->ctx, &o, sizeof(o), OPTS_MIN, opts,
		      "tphbuf_export_opts");
	if (ret)
		return ret;
	if (!bufp)
		return fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the buffer; pass a pointer");
	if (bar >= TPHBUF_NUM_BARS || !dev->bar[bar].size)
		return fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "%s has no BAR%u; see tphbuf info", dev->bdf, bar);
	ret = ranges_check(dev->ctx, dev->bdf, bar, dev->bar[bar].size, ranges,
			   n, &length);
	if (ret)
		return ret;
	buf = buffer_new(dev->ctx, dev);
	if (!buf)
		return fail_nomem(dev->ctx, TPHBUF_STAGE_EXPORT);
	buf->length = length;
	ret = export_ranges(buf, bar, ranges, n);
	if (!ret && o.tag)
		ret = tphbuf_buffer_tag_set(buf, o.tag);
	if (ret) {
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}

/* Only a dma-buf names its exporter in fdinfo. 0, -EINVAL or -errno. */
static int check_dmabuf(int fd)
{
	char path[64], text[FDINFO_MAX + 1];
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fd_open(path, O_RDONLY);
	if (info < 0)
		return info;
	n = fd_pread(info, text, FDINFO_MAX, 0);
	fd_close(info);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return strstr(text, "\nexp_name:") ? 0 : -EINVAL;
}

static int import_fd(struct tphbuf_buffer *buf, int fd)
{
	off_t end;
	int ret;

	buf->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (buf->fd < 0)
		return -errno;
	ret = check_dmabuf(buf->fd);
	if (ret)
		return ret;
	end = lseek(buf->fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	buf->length = (uint64_t)end;
	return 0;
}

int tphbuf_buffer_import(struct tphbuf_ctx *ctx, int fd,
			 const struct tphbuf_import_opts *opts,
			 struct tphbuf_buffer **bufp)
{
	struct tphbuf_import_opts o;
	struct tphbuf_buffer *buf;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = opts_in(ctx, &o, sizeof(o), OPTS_MIN, opts, "tphbuf_import_opts");
	if (ret)
		return ret;
	if (!bufp)
		return fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the buffer; pass a pointer");
	buf = buffer_new(ctx, o.dev);
	if (!buf)
		return fail_nomem(ctx, TPHBUF_STAGE_IMPORT);
	ret = import_fd(buf, fd);
	if (ret) {
		fail_errno(ctx, TPHBUF_STAGE_IMPORT, ret, "descriptor %d", fd);
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}

void tphbuf_buffer_close(struct tphbuf_buffer *buf)
{
	if (buf)
		buffer_put(buf);
}

int tphbuf_buffer_fd(const struct tphbuf_buffer *buf)
{
	return buf ? buf->fd : -EINVAL;
}

uint64_t tphbuf_buffer_length(const struct tphbuf_buffer *buf)
{
	return buf ? buf->length : 0;
}

struct tphbuf_device *tphbuf_buffer_device(const struct tphbuf_buffer *buf)
{
	return buf ? buf->dev : NULL;
}

int tphbuf_buffer_bar(const struct tphbuf_buffer *buf)
{
	return buf ? buf->bar : -1;
}

const struct tphbuf_range *
tphbuf_buffer_ranges(const struct tphbuf_buffer *buf, size_t *n)
{
	if (n)
		*n = buf ? buf->nr_ranges : 0;
	return buf ? buf->ranges : NULL;
}

/* Put the ranges one after the other over reserved address space @base. */
static int map_ranges(struct tphbuf_buffer *buf, char *base)
{
	const struct device_region *region = &buf->dev->bar[buf->bar];
	size_t i;

	for (i = 0; i < buf->nr_ranges; i++) {
		const struct tphbuf_range *range = &buf->ranges[i];

		if (mmap(base, range->length, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, buf->dev->fd,
			 (off_t)(region->offset + range->offset)) == MAP_FAILED)
			return -errno;
		base += range->length;
	}
	return 0;
}

int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr)
{
	const struct device_region *region;
	void *base;
	int ret;

	if (!buf)
		return -EINVAL;
	if (!addr)
		return fail(buf->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the address; pass a pointer");
	if (buf->bar < 0)
		return fail(buf->ctx, TPHBUF_STAGE_REGION, -EOPNOTSUPP,
			    "an imported buffer cannot be mapped; map it where it was exported");
	region = &buf->dev->bar[buf->bar];
	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return fail(buf->ctx, TPHBUF_STAGE_REGION, -EOPNOTSUPP,
			    "%s BAR%d cannot be mapped; access it by read and write",
			    buf->dev->bdf, buf->bar);
	if (buf->map)
		return fail(buf->ctx, TPHBUF_STAGE_REGION, -EBUSY,
			    "%s BAR%d: the buffer is mapped already; use that mapping or undo it first",
			    buf->dev->bdf, buf->bar);
	base = mmap(NULL, buf->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ret = base == MAP_FAILED ? -errno : map_ranges(buf, base);
	if (ret) {
		if (base != MAP_FAILED)
			munmap(base, buf->length);
		return fail_errno(buf->ctx, TPHBUF_STAGE_REGION, ret,
				  "%s BAR%d: map", buf->dev->bdf, buf->bar);
	}
	buf->map = base;
	*addr = base;
	return 0;
}

void tphbuf_buffer_unmap(struct tphbuf_buffer *buf)
{
	if (!buf || !buf->map)
		return;
	munmap(buf->map, buf->length);
	buf->map = NULL;
}

struct tphbuf_ctx *tphbuf_priv_buffer_ctx(struct tphbuf_buffer *buf)
{
	return buf->ctx;
}

void tphbuf_priv_buffer_get(struct tphbuf_buffer *buf)
{
	buf->refs++;
}
