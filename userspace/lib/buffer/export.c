// SPDX-License-Identifier: MIT
/* Export of BAR ranges as a dma-buf: VFIO_DEVICE_FEATURE_DMA_BUF. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/internal.h"
#include "util/fd.h"

/* struct vfio_device_feature with struct vfio_device_feature_dma_buf as data */
struct export_request {
	struct vfio_feature_head head;
	uint32_t region_index;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	struct tphbuf_range ranges[];
};

_Static_assert(offsetof(struct export_request, ranges) ==
			       sizeof(struct vfio_feature_head) +
				       offsetof(struct vfio_device_feature_dma_buf, dma_ranges) &&
		       offsetof(struct export_request, nr_ranges) ==
			       sizeof(struct vfio_feature_head) +
				       offsetof(struct vfio_device_feature_dma_buf, nr_ranges),
	       "request layout");
_Static_assert(sizeof(struct tphbuf_range) == sizeof(struct vfio_region_dma_range) &&
		       offsetof(struct tphbuf_range, length) ==
			       offsetof(struct vfio_region_dma_range, length),
	       "range layout");

/* Ask vfio for a dma-buf of @buf's ranges. Return: descriptor >= 3 or -errno. */
static int export_ranges(const struct tphbuf_buffer *buf)
{
	size_t size = sizeof(struct export_request) + buf->nr_ranges * sizeof(buf->ranges[0]);
	struct export_request *request = calloc(1, size);
	int ret;

	if (!request)
		return -ENOMEM;
	request->region_index = (uint32_t)buf->bar;
	request->open_flags = O_RDWR | O_CLOEXEC;
	request->nr_ranges = (uint32_t)buf->nr_ranges;
	memcpy(request->ranges, buf->ranges, buf->nr_ranges * sizeof(buf->ranges[0]));
	ret = vfio_feature(buf->dev->fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
			   &request->head, size);
	free(request);
	return ret < 0 ? ret : fd_above_std(ret);
}

/* Export, and tag if the caller has given a tag. 0 or a recorded error. */
static int export_buffer(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag)
{
	int fd = export_ranges(buf);
	size_t i;

	if (fd < 0)
		return ctx_fail_errno(buf->ctx, TPHBUF_STAGE_EXPORT, fd, "%s BAR%d", buf->dev->bdf,
				      buf->bar);
	buf->fd = fd;
	buf->source = TPHBUF_SOURCE_BAR;
	for (i = 0; i < buf->nr_ranges; i++)
		buf->length += buf->ranges[i].length;
	return tag ? tphbuf_buffer_tag_set(buf, tag) : 0;
}

int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n,
			 const struct tphbuf_export_opts *opts, struct tphbuf_buffer **bufp)
{
	struct tphbuf_export_opts o;
	struct tphbuf_buffer *buf;
	int ret;

	if (!dev)
		return -EINVAL;
	ret = ctx_opts_in(dev->ctx, &o, opts, tphbuf_export_opts);
	if (ret)
		return ret;
	if (!bufp)
		return ctx_fail_null(dev->ctx, "buf");
	ret = ranges_check(dev, bar, ranges, n);
	if (ret)
		return ret;
	buf = buffer_new(dev->ctx, dev, n);
	if (!buf)
		return ctx_fail_nomem(dev->ctx, TPHBUF_STAGE_EXPORT);
	buf->bar = (int)bar;
	memcpy(buf->ranges, ranges, n * sizeof(*ranges));
	ret = export_buffer(buf, o.tag);
	if (ret) {
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}
