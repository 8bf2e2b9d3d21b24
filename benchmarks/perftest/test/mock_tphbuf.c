// SPDX-License-Identifier: MIT
/*
 * The parts of libtphbuf that perftest uses, for LD_PRELOAD: a "BAR" of shared
 * memory in place of a vfio device, and a dma-buf registration that registers
 * that memory. So the whole path of the vfio memory type runs on any RDMA
 * device, and failures can be had that no real kernel gives on demand.
 *
 * MOCK_TPHBUF, words separated by spaces:
 *   set=fail         the tag cannot be set
 *   get=fail         it cannot be read back
 *   get=other        another one is read back
 *   applied=none     the region has no tag although one was set
 *   applied=unknown  the kernel does not tell
 *   applied=other    the region has another tag
 *   applied=both     the region claims two namespaces
 *   applied=fail     the question fails
 *   applied=xst      the RDMA device sends Extended tags (otherwise 8-bit ones)
 *   applied=tag      the region has a tag although none was set
 *   reg=fail         registration fails
 *   map=fail         the BAR cannot be mapped
 * Objects that are left when the context is freed abort the process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <tphbuf/tphbuf.h>
#include <tphbuf/mr.h>

#define BAR_SIZE (4u << 20)
#define OTHER_ST 0x77

/* The context of the process, of which perftest has one at a time; nothing else here can carry it. */
static struct tphbuf_ctx {
	int objects;
	struct tphbuf_tag tag;
	const char *error;
} the_ctx;

struct tphbuf_device {
	struct tphbuf_ctx *ctx;
};

struct tphbuf_buffer {
	struct tphbuf_ctx *ctx;
	uint64_t length;
	void *addr;
	int fd;
};

static bool mock(const char *word)
{
	const char *words = getenv("MOCK_TPHBUF");

	return words && strstr(words, word);
}

static int fail(struct tphbuf_ctx *ctx, int err, const char *text)
{
	ctx->error = text;
	return err;
}

int tphbuf_ctx_new(const struct tphbuf_ctx_opts *opts, struct tphbuf_ctx **ctx)
{
	(void)opts;
	memset(&the_ctx, 0, sizeof(the_ctx));
	the_ctx.error = "";
	*ctx = &the_ctx;
	return 0;
}

void tphbuf_ctx_free(struct tphbuf_ctx *ctx)
{
	if (ctx && ctx->objects) {
		fprintf(stderr, "mock: %d objects left\n", ctx->objects);
		abort();
	}
}

const char *tphbuf_ctx_error(const struct tphbuf_ctx *ctx)
{
	return ctx->error;
}

int tphbuf_device_open(struct tphbuf_ctx *ctx, const char *bdf,
		       const struct tphbuf_device_opts *opts, struct tphbuf_device **dev)
{
	(void)bdf;
	(void)opts;
	*dev = calloc(1, sizeof(**dev));
	if (!*dev)
		return -ENOMEM;
	(*dev)->ctx = ctx;
	ctx->objects++;
	return 0;
}

void tphbuf_device_close(struct tphbuf_device *dev)
{
	if (!dev)
		return;
	dev->ctx->objects--;
	free(dev);
}

int tphbuf_device_memory(struct tphbuf_device *dev, bool on)
{
	(void)dev;
	return on ? 0 : -EINVAL;
}

int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n,
			 const struct tphbuf_export_opts *opts, struct tphbuf_buffer **buf)
{
	struct tphbuf_buffer *b;

	(void)opts;
	if (bar != 2 || n != 1 || ranges->offset % 4096 || !ranges->length || ranges->length % 4096 ||
	    ranges->offset > BAR_SIZE || ranges->length > BAR_SIZE - ranges->offset)
		return fail(dev->ctx, -EINVAL, "mock: no such range");
	b = calloc(1, sizeof(*b));
	if (!b)
		return fail(dev->ctx, -ENOMEM, "mock: no memory");
	b->ctx = dev->ctx;
	b->length = ranges->length;
	b->fd = memfd_create("mock", MFD_CLOEXEC);
	if (b->fd < 0 || ftruncate(b->fd, b->length)) {
		free(b);
		return fail(dev->ctx, -ENOMEM, "mock: no memory file");
	}
	dev->ctx->objects++;
	*buf = b;
	return 0;
}

void tphbuf_buffer_close(struct tphbuf_buffer *buf)
{
	if (!buf)
		return;
	if (buf->addr)
		munmap(buf->addr, buf->length);
	close(buf->fd);
	buf->ctx->objects--;
	free(buf);
}

int tphbuf_buffer_fd(const struct tphbuf_buffer *buf)
{
	return buf->fd;
}

int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr)
{
	void *p;

	if (mock("map=fail"))
		return fail(buf->ctx, -ENOTSUP, "mock: not mappable");
	p = mmap(NULL, buf->length, PROT_READ | PROT_WRITE, MAP_SHARED, buf->fd, 0);
	if (p == MAP_FAILED)
		return fail(buf->ctx, -errno, "mock: mmap");
	buf->addr = p;
	*addr = p;
	return 0;
}

int tphbuf_buffer_tag_set(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag)
{
	if (mock("set=fail"))
		return fail(buf->ctx, -EOPNOTSUPP, "mock: no TPH completer");
	buf->ctx->tag = *tag;
	return 0;
}

int tphbuf_buffer_tag_get(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state)
{
	if (mock("get=fail"))
		return fail(buf->ctx, -ENODEV, "mock: device gone");
	state->tag = buf->ctx->tag;
	if (mock("get=other"))
		state->tag.st ^= 1;
	return 0;
}

int tphbuf_ibv_applied(struct tphbuf_ctx *ctx, struct ibv_mr *mr, struct tphbuf_applied *applied)
{
	(void)mr;
	if (mock("applied=fail"))
		return fail(ctx, -EPERM, "mock: netlink refused");
	applied->state = TPHBUF_APPLIED_UNKNOWN;
	strcpy(applied->reason, "mock: kernel does not tell");
	if (mock("applied=unknown"))
		return 0;
	applied->state = TPHBUF_APPLIED_NO;
	strcpy(applied->reason, "mock: RDMA device has TPH disabled");
	if (mock("applied=none") || (!ctx->tag.valid && !mock("applied=tag")))
		return 0;

	applied->state = TPHBUF_APPLIED_YES;
	applied->tag = ctx->tag;
	if (!mock("applied=both"))
		applied->tag.valid = mock("applied=xst") ? TPHBUF_TAG_XST : TPHBUF_TAG_ST;
	if (mock("applied=other"))
		applied->tag.st = OTHER_ST;
	return 0;
}

struct ibv_mr *ibv_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
				 int fd, int access)
{
	if (mock("reg=fail")) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (fd < 3 || offset || iova % 4096) {
		fprintf(stderr, "mock: descriptor %d, offset %llu, iova 0x%llx\n", fd,
			(unsigned long long)offset, (unsigned long long)iova);
		abort();
	}
	return (ibv_reg_mr)(pd, (void *)(uintptr_t)iova, length, access);
}
