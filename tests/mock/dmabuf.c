// SPDX-License-Identifier: MIT
/* The dma-bufs of the fake machine: exported by its device, of other exporters, and of host memory. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"

#define MAX_DMABUFS 4096

/* The fake itself makes the real calls. */
int __real_fcntl(int fd, int cmd, ...);
int __real_fstat(int fd, struct stat *st);

uint64_t fake_sync[FAKE_SYNCS];
static unsigned int nr_syncs;

static struct dmabuf {
	ino_t ino;
	bool foreign;
	struct fake_tag tag;
} dmabufs[MAX_DMABUFS];

static unsigned int nr_dmabufs;

void dmabuf_reset(void)
{
	nr_dmabufs = 0;
	nr_syncs = 0;
	memset(fake_sync, 0, sizeof(fake_sync));
}

unsigned int fake_nr_dmabufs(void)
{
	return nr_dmabufs;
}

struct fake_tag *fake_dmabuf_tag(void)
{
	return &dmabufs[nr_dmabufs - 1].tag;
}

static int new_dmabuf(uint64_t size, bool foreign)
{
	struct stat st;
	int fd = memfd_create("dmabuf", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size) || __real_fstat(fd, &st) ||
	    nr_dmabufs == MAX_DMABUFS)
		abort();
	memset(&dmabufs[nr_dmabufs], 0, sizeof(dmabufs[0]));
	dmabufs[nr_dmabufs].ino = st.st_ino;
	dmabufs[nr_dmabufs++].foreign = foreign;
	return fd;
}

int fake_foreign_dmabuf(size_t size)
{
	return new_dmabuf(size, true);
}

static struct dmabuf *find_dmabuf(int fd)
{
	struct stat st;
	unsigned int i;

	if (__real_fstat(fd, &st))
		return NULL;
	for (i = 0; i < nr_dmabufs; i++)
		if (dmabufs[i].ino == st.st_ino)
			return &dmabufs[i];
	return NULL;
}

bool is_dmabuf(int fd)
{
	return find_dmabuf(fd);
}

int feature_dma_buf(uint32_t flags, size_t size, struct vfio_device_feature_dma_buf *arg)
{
	uint64_t length = 0;
	uint32_t i;

	if (!fake.has_dmabuf)
		return -ENOTTY;
	if (flags & VFIO_DEVICE_FEATURE_SET)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (size < sizeof(*arg) || !arg->nr_ranges || arg->flags ||
	    size < sizeof(*arg) + arg->nr_ranges * sizeof(arg->dma_ranges[0]))
		return -EINVAL;
	if (arg->region_index > VFIO_PCI_BAR5_REGION_INDEX)
		return -ENODEV;
	for (i = 0; i < arg->nr_ranges; i++)
		length += arg->dma_ranges[i].length;
	return new_dmabuf(length, false);
}

static int foreign_feature(uint32_t flags)
{
	if (fake.foreign == FOREIGN_SET_ONLY && flags & VFIO_DEVICE_FEATURE_GET)
		return -EINVAL;
	return 0;
}

static int set_tph(const struct vfio_device_feature_dma_buf_tph *arg, struct dmabuf *dmabuf)
{
	struct fake_tag tag = { .flags = arg->flags };

	if (arg->flags & VFIO_DMA_BUF_TPH_ST)
		tag.st = arg->steering_tag;
	if (arg->flags & VFIO_DMA_BUF_TPH_ST_EXT)
		tag.xst = arg->steering_tag_ext;
	if (arg->flags)
		tag.ph = arg->ph;
	dmabuf->tag = tag;
	return 0;
}

int feature_tph(uint32_t flags, size_t size, struct vfio_device_feature_dma_buf_tph *arg)
{
	struct dmabuf *dmabuf;

	if (fake.foreign)
		return foreign_feature(flags);
	if (!fake.has_tph)
		return -ENOTTY;
	if (!fake.supported)
		return -EOPNOTSUPP;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if ((flags & FEATURE_OPS) == FEATURE_OPS || !(flags & FEATURE_OPS) ||
	    size < offsetof(struct vfio_device_feature_dma_buf_tph, supported))
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_SET) {
		if (arg->flags & ~3u || arg->ph > 3)
			return -EINVAL;
		if (arg->flags & ~fake.supported)
			return -EOPNOTSUPP;
	}
	if (__real_fcntl(arg->dmabuf_fd, F_GETFD) < 0)
		return -EBADF;
	dmabuf = find_dmabuf(arg->dmabuf_fd);
	if (!dmabuf || dmabuf->foreign)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_SET)
		return set_tph(arg, dmabuf);
	arg->flags = dmabuf->tag.flags;
	if (size >= sizeof(*arg))
		arg->supported = fake.supported;
	arg->steering_tag = dmabuf->tag.st;
	arg->steering_tag_ext = dmabuf->tag.xst;
	arg->ph = dmabuf->tag.ph;
	return 0;
}

/* Host memory: lengths as the kernel takes them; the memfd is sealed. */
static int udmabuf_create(const struct udmabuf_create *arg)
{
	if (arg->offset || !arg->size || arg->size % 4096 || arg->size > FAKE_UDMABUF_MAX ||
	    __real_fcntl((int)arg->memfd, F_GET_SEALS) != F_SEAL_SHRINK)
		return -EINVAL;
	return new_dmabuf(arg->size, true);
}

static int heap_alloc(struct dma_heap_allocation_data *arg)
{
	if (arg->fd || arg->heap_flags || !arg->len || arg->fd_flags != (O_RDWR | O_CLOEXEC))
		return -EINVAL;
	arg->fd = (uint32_t)new_dmabuf(arg->len, true);
	return 0;
}

int dmabuf_ioctl(int fd, unsigned long request, void *arg)
{
	const struct dma_buf_sync *sync = arg;

	switch (request) {
	case UDMABUF_CREATE:
		return udmabuf_create(arg);
	case DMA_HEAP_IOCTL_ALLOC:
		return heap_alloc(arg);
	case DMA_BUF_IOCTL_SYNC:
		if (!is_dmabuf(fd))
			return -ENOTTY;
		fake_sync[nr_syncs++ % FAKE_SYNCS] = sync->flags;
		return 0;
	default:
		return -ENOTTY;
	}
}
