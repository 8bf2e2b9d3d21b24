// SPDX-License-Identifier: MIT
/*
 * CPU mapping of buffers. BAR ranges are mapped through the vfio device, all
 * other memory through the dma-buf itself, whose exporter may not offer that
 * (vfio does not) and wants to know when the CPU begins and ends an access.
 */
#include <errno.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <tphbuf/preload.h>

#include "lib/core/internal.h"
#include "lib/vfio/vfio.h"

#define CPU_ACCESS (TPHBUF_CPU_READ | TPHBUF_CPU_WRITE)

_Static_assert(TPHBUF_CPU_READ == DMA_BUF_SYNC_READ, "access bits");
_Static_assert(TPHBUF_CPU_WRITE == DMA_BUF_SYNC_WRITE, "access bits");

/* Put the ranges one after the other over reserved address space @base. */
static int map_ranges(struct tphbuf_buffer *buf, char *base)
{
	const struct device_region *region = &buf->dev->bar[buf->bar];
	size_t i;

	for (i = 0; i < buf->nr_ranges; i++) {
		const struct tphbuf_range *range = &buf->ranges[i];

		if (mmap(base, range->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 buf->dev->fd, (off_t)(region->offset + range->offset)) == MAP_FAILED)
			return -errno;
		base += range->length;
	}
	return 0;
}

static int map_bar(struct tphbuf_buffer *buf, void **basep)
{
	const struct device_region *region = &buf->dev->bar[buf->bar];
	void *base;
	int ret;

	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return ctx_fail(buf->ctx, TPHBUF_STAGE_REGION, -EOPNOTSUPP,
				"%s BAR%d cannot be mapped; access it by read and write",
				buf->dev->bdf, buf->bar);
	base = mmap(NULL, buf->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ret = base == MAP_FAILED ? -errno : map_ranges(buf, base);
	if (ret) {
		if (base != MAP_FAILED)
			munmap(base, buf->length);
		return ctx_fail_errno(buf->ctx, TPHBUF_STAGE_REGION, ret, "%s BAR%d: map",
				      buf->dev->bdf, buf->bar);
	}
	*basep = base;
	return 0;
}

static int map_dmabuf(struct tphbuf_buffer *buf, void **basep)
{
	void *base = mmap(NULL, buf->length, PROT_READ | PROT_WRITE, MAP_SHARED, buf->fd, 0);

	if (base != MAP_FAILED) {
		*basep = base;
		return 0;
	}
	/* dma_buf_mmap_internal(): -EINVAL from an exporter without mmap. */
	if (errno == EINVAL || errno == ENODEV || errno == ENOTTY)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_REGION, -EOPNOTSUPP,
				"the exporter of this %s buffer does not let the CPU map it; map it in the process that made it",
				tphbuf_source_name(buf->source));
	return ctx_fail_errno(buf->ctx, TPHBUF_STAGE_REGION, -errno, "%s buffer: map",
			      tphbuf_source_name(buf->source));
}

/* Tell libtphbuf-preload.so, if the program runs with it. */
static int tell_preload(struct tphbuf_buffer *buf, void *base)
{
	int ret;

	if (!tphbuf_preload_add)
		return 0;
	ret = tphbuf_preload_add(base, buf->length, buf->fd, 0);
	return ret ? ctx_fail_errno(buf->ctx, TPHBUF_STAGE_REGION, ret,
				    "libtphbuf-preload does not take the mapping") :
		     0;
}

int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr)
{
	void *base = NULL;
	int ret;

	if (!buf)
		return -EINVAL;
	if (!addr)
		return ctx_fail_null(buf->ctx, "addr");
	if (buf->map)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_REGION, -EBUSY,
				"the %s buffer is mapped already; use that mapping or undo it first",
				tphbuf_source_name(buf->source));
	ret = buf->bar >= 0 ? map_bar(buf, &base) : map_dmabuf(buf, &base);
	if (ret)
		return ret;
	ret = tell_preload(buf, base);
	if (ret) {
		munmap(base, buf->length);
		return ret;
	}
	buf->map = base;
	*addr = base;
	return 0;
}

void tphbuf_buffer_unmap(struct tphbuf_buffer *buf)
{
	if (!buf || !buf->map)
		return;
	if (tphbuf_preload_remove)
		tphbuf_preload_remove(buf->map);
	munmap(buf->map, buf->length);
	buf->map = NULL;
}

static int cpu_sync(struct tphbuf_buffer *buf, uint32_t access, uint64_t step)
{
	struct dma_buf_sync sync = { .flags = access | step };
	int ret;

	if (!buf)
		return -EINVAL;
	if (!access || access & ~CPU_ACCESS)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"access 0x%x is neither read nor write; use the TPHBUF_CPU_ bits",
				access);
	/* A BAR is mapped uncached through vfio; nothing to be told. */
	if (buf->bar >= 0)
		return 0;
	do {
		ret = ioctl(buf->fd, DMA_BUF_IOCTL_SYNC, &sync);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	if (ret < 0)
		return ctx_fail_errno(buf->ctx, TPHBUF_STAGE_REGION, -errno,
				      "%s buffer: %s of a CPU access",
				      tphbuf_source_name(buf->source),
				      step == DMA_BUF_SYNC_START ? "begin" : "end");
	return 0;
}

int tphbuf_buffer_cpu_begin(struct tphbuf_buffer *buf, uint32_t access)
{
	return cpu_sync(buf, access, DMA_BUF_SYNC_START);
}

int tphbuf_buffer_cpu_end(struct tphbuf_buffer *buf, uint32_t access)
{
	return cpu_sync(buf, access, DMA_BUF_SYNC_END);
}
