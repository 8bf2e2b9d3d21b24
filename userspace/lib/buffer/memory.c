// SPDX-License-Identifier: MIT
/* Host memory as dma-bufs: udmabuf and dma-heaps. */
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "lib/core/node.h"
#include "util/fd.h"

#define HEAP_NAME_MAX 64

static int check(struct tphbuf_ctx *ctx, uint64_t *length, struct tphbuf_buffer **buf)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!buf)
		return ctx_fail_null(ctx, "buf");
	if (!*length || *length > INT64_MAX - page)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"length 0x%" PRIx64 " is 0 or too large; use 1 to 2^63 - 1",
				*length);
	*length = (*length + page - 1) / page * page;
	return 0;
}

/* Open a node of /dev that not every kernel has. 0 or a recorded error. */
static int open_node(struct tphbuf_ctx *ctx, const char *name, const char *sysfs, int *node)
{
	int ret = node_open(ctx, TPHBUF_STAGE_ALLOCATE, name, sysfs, node);

	if ((ret == -ENOENT || ret == -ENXIO) && ctx->error_stage == TPHBUF_STAGE_ALLOCATE)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_ALLOCATE, -EOPNOTSUPP, "%s/%s",
				      ctx->dev_root, name);
	return ret;
}

static int make_memfd(uint64_t length)
{
	int fd = memfd_create("tphbuf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)length) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)) {
		int err = -errno;

		fd_close(fd);
		return err;
	}
	return fd;
}

/* UDMABUF_CREATE. Return: descriptor or -errno. */
static int make_udmabuf(int node, uint64_t length)
{
	struct udmabuf_create create = {
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = length,
	};
	int memfd, fd;

	memfd = make_memfd(length);
	if (memfd < 0)
		return memfd;
	create.memfd = (uint32_t)memfd;
	fd = ioctl(node, UDMABUF_CREATE, &create);
	if (fd < 0)
		fd = -errno;
	fd_close(memfd);
	return fd;
}

/* DMA_HEAP_IOCTL_ALLOC. Return: descriptor or -errno. */
static int make_heap_buffer(int node, uint64_t length)
{
	struct dma_heap_allocation_data data = {
		.len = length,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(node, DMA_HEAP_IOCTL_ALLOC, &data) < 0)
		return -errno;
	return (int)data.fd;
}

static int allocate(struct tphbuf_ctx *ctx, const char *name, const char *sysfs, uint64_t length,
		    int (*make)(int node, uint64_t length), enum tphbuf_source source,
		    struct tphbuf_buffer **buf)
{
	int node, fd, ret;

	ret = open_node(ctx, name, sysfs, &node);
	if (ret)
		return ret;
	fd = make(node, length);
	fd_close(node);
	if (fd < 0)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_ALLOCATE, fd, "%s/%s: 0x%" PRIx64 " bytes",
				      ctx->dev_root, name, length);
	return tphbuf_priv_buffer_wrap(ctx, fd, source, buf);
}

int tphbuf_buffer_udmabuf(struct tphbuf_ctx *ctx, uint64_t length, struct tphbuf_buffer **buf)
{
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = check(ctx, &length, buf);
	return ret ? ret :
		     allocate(ctx, "udmabuf", "class/misc/udmabuf", length, make_udmabuf,
			      TPHBUF_SOURCE_UDMABUF, buf);
}

int tphbuf_buffer_heap(struct tphbuf_ctx *ctx, const char *heap, uint64_t length,
		       struct tphbuf_buffer **buf)
{
	char name[HEAP_NAME_MAX], sysfs[HEAP_NAME_MAX + sizeof("class/")];
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!heap)
		heap = "system";
	if (!heap[0] || heap[0] == '.' || strchr(heap, '/') ||
	    (size_t)snprintf(name, sizeof(name), "dma_heap/%s", heap) >= sizeof(name))
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"'%.64s' is not the name of a heap; see /dev/dma_heap", heap);
	ret = check(ctx, &length, buf);
	if (ret)
		return ret;
	snprintf(sysfs, sizeof(sysfs), "class/%s", name);
	return allocate(ctx, name, sysfs, length, make_heap_buffer, TPHBUF_SOURCE_HEAP, buf);
}
