// SPDX-License-Identifier: MIT
/* Buffers: life, export from a BAR, import from outside, description. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "util/fd.h"

#define OPTS_MIN   sizeof(size_t)
#define FDINFO_MAX 1024

_Static_assert(offsetof(struct export_request, ranges) ==
			       sizeof(struct vfio_feature_head) +
				       offsetof(struct vfio_device_feature_dma_buf, dma_ranges) &&
		       offsetof(struct export_request, nr_ranges) ==
			       sizeof(struct vfio_feature_head) +
				       offsetof(struct vfio_device_feature_dma_buf, nr_ranges),
	       "request layout");
/* The kernel's structure ends in an array of these. */
_Static_assert(sizeof(struct tphbuf_range) == sizeof(struct vfio_region_dma_range), "range layout");
_Static_assert(offsetof(struct tphbuf_range, length) ==
		       offsetof(struct vfio_region_dma_range, length),
	       "range layout");

void buffer_put(struct tphbuf_buffer *buf)
{
	if (--buf->refs)
		return;
	tphbuf_buffer_unmap(buf);
	fd_close(buf->fd);
	tphbuf_device_close(buf->dev);
	ctx_put(buf->ctx);
	free(buf->claimed);
	free(buf);
}

struct tphbuf_buffer *buffer_new(struct tphbuf_ctx *ctx, struct tphbuf_device *dev, size_t n)
{
	struct tphbuf_buffer *buf = malloc(sizeof(*buf) + n * sizeof(buf->request.ranges[0]));

	if (!buf)
		return NULL;
	*buf = (struct tphbuf_buffer){
		.refs = 1,
		.fd = -1,
		.bar = -1,
		.ctx = ctx,
		.dev = dev,
		.request.nr_ranges = (uint32_t)n,
	};
	ctx_get(ctx);
	if (dev)
		device_get(dev);
	return buf;
}

/* Of the identity, the inode number is written last: it says that both are. */
int buffer_identity(struct tphbuf_buffer *buf, struct tphbuf_identity *identity)
{
	struct stat st;

	identity->ino = __atomic_load_n(&buf->identity.ino, __ATOMIC_ACQUIRE);
	identity->dev = __atomic_load_n(&buf->identity.dev, __ATOMIC_RELAXED);
	if (identity->ino)
		return 0;
	if (fstat(buf->fd, &st))
		return -errno;
	identity->dev = st.st_dev;
	identity->ino = st.st_ino;
	__atomic_store_n(&buf->identity.dev, st.st_dev, __ATOMIC_RELAXED);
	__atomic_store_n(&buf->identity.ino, st.st_ino, __ATOMIC_RELEASE);
	return 0;
}

int buffer_identify(struct tphbuf_buffer *buf, struct tphbuf_ctx *ctx, enum tphbuf_stage stage,
		    struct tphbuf_identity *identity)
{
	int ret = buffer_identity(buf, identity);

	if (ret)
		return fail_errno(ctx, stage, ret, "descriptor %d", buf->fd);
	return 0;
}

int buffer_take_fd(struct tphbuf_buffer *buf, int fd, enum tphbuf_source source)
{
	off_t end;

	buf->fd = fd;
	buf->source = source;
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	buf->length = (uint64_t)end;
	return 0;
}

/* Return: descriptor >= 3 or -errno. */
static int make_dmabuf(struct tphbuf_buffer *buf)
{
	struct export_request *request = &buf->request;
	int ret;

	request->region_index = (uint32_t)buf->bar;
	request->open_flags = O_RDWR | O_CLOEXEC;
	ret = vfio_feature(buf->dev->fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
			   &request->head,
			   sizeof(*request) + request->nr_ranges * sizeof(request->ranges[0]));
	return ret < 0 ? ret : fd_above_std(ret);
}

int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n,
			 const struct tphbuf_export_opts *opts, struct tphbuf_buffer **bufp)
{
	struct tphbuf_export_opts o;
	struct tphbuf_buffer *buf;
	size_t i;
	int ret;

	if (!dev)
		return -EINVAL;
	ret = opts_in(dev->ctx, &o, sizeof(o), OPTS_MIN, opts, "tphbuf_export_opts");
	if (ret)
		return ret;
	if (!bufp)
		return fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "no place for the buffer; pass a pointer");
	ret = ranges_check(dev, bar, ranges, n);
	if (ret)
		return ret;
	buf = buffer_new(dev->ctx, dev, n);
	if (!buf)
		return fail_nomem(dev->ctx, TPHBUF_STAGE_EXPORT);
	buf->source = TPHBUF_SOURCE_BAR;
	buf->bar = (int)bar;
	for (i = 0; i < n; i++) {
		buf->request.ranges[i] = ranges[i];
		buf->length += ranges[i].length; /* so does the kernel */
	}
	buf->fd = make_dmabuf(buf);
	ret = 0;
	if (buf->fd < 0)
		ret = fail_errno(dev->ctx, TPHBUF_STAGE_EXPORT, buf->fd, "%s BAR%u", dev->bdf, bar);
	else if (o.tag)
		ret = tphbuf_buffer_tag_set(buf, o.tag);
	if (ret) {
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}

/* Only a dma-buf names its exporter in fdinfo. 0, -EINVAL or -errno. */
static int check_dmabuf(const struct tphbuf_ctx *ctx, int fd)
{
	char path[PATH_MAX], text[FDINFO_MAX + 1];
	ssize_t n;

	n = snprintf(path, sizeof(path), "%s/self/fdinfo/%d", ctx->proc_root, fd);
	if ((size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	n = fd_read_file(path, text, FDINFO_MAX);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return strstr(text, "\nexp_name:") ? 0 : -EINVAL;
}

static int import_fd(struct tphbuf_buffer *buf, int fd)
{
	int ret;

	fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0)
		return -errno;
	buf->fd = fd;
	ret = check_dmabuf(buf->ctx, fd);
	return ret ? ret : buffer_take_fd(buf, fd, TPHBUF_SOURCE_FOREIGN);
}

int tphbuf_buffer_import(struct tphbuf_ctx *ctx, int fd, const struct tphbuf_import_opts *opts,
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
	buf = buffer_new(ctx, o.dev, 0);
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

enum tphbuf_source tphbuf_buffer_source(const struct tphbuf_buffer *buf)
{
	return buf ? buf->source : TPHBUF_SOURCE_FOREIGN;
}

const char *tphbuf_source_name(enum tphbuf_source source)
{
	static const char *const names[] = {
		[TPHBUF_SOURCE_FOREIGN] = "foreign", [TPHBUF_SOURCE_BAR] = "bar",
		[TPHBUF_SOURCE_UDMABUF] = "udmabuf", [TPHBUF_SOURCE_HEAP] = "heap",
		[TPHBUF_SOURCE_DRM] = "drm",
	};

	if ((unsigned int)source >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[source];
}

struct tphbuf_identity tphbuf_buffer_identity(const struct tphbuf_buffer *buf)
{
	const struct tphbuf_identity none = { 0 };
	struct tphbuf_identity identity;

	/* Remembering it is no change of the buffer. */
	if (!buf || buffer_identity((void *)(uintptr_t)buf, &identity))
		return none;
	return identity;
}

struct tphbuf_device *tphbuf_buffer_device(const struct tphbuf_buffer *buf)
{
	return buf ? buf->dev : NULL;
}

int tphbuf_buffer_bar(const struct tphbuf_buffer *buf)
{
	return buf ? buf->bar : -1;
}

const struct tphbuf_range *tphbuf_buffer_ranges(const struct tphbuf_buffer *buf, size_t *n)
{
	if (n)
		*n = buf ? buf->request.nr_ranges : 0;
	return buf && buf->request.nr_ranges ? buf->request.ranges : NULL;
}

struct tphbuf_ctx *tphbuf_priv_buffer_ctx(struct tphbuf_buffer *buf)
{
	return buf->ctx;
}

void tphbuf_priv_buffer_get(struct tphbuf_buffer *buf, struct buffer_facts *facts)
{
	buf->refs++;
	facts->ctx = buf->ctx;
	facts->length = buf->length;
	facts->fd = buf->fd;
}

int tphbuf_priv_buffer_wrap(struct tphbuf_ctx *ctx, int fd, enum tphbuf_source source,
			    struct tphbuf_buffer **bufp)
{
	struct tphbuf_buffer *buf = buffer_new(ctx, NULL, 0);
	int ret;

	if (!buf) {
		fd_close(fd);
		return fail_nomem(ctx, TPHBUF_STAGE_IMPORT);
	}
	fd = fd_above_std(fd);
	ret = fd < 0 ? fd : buffer_take_fd(buf, fd, source);
	if (ret) {
		fail_errno(ctx, TPHBUF_STAGE_IMPORT, ret, "%s", tphbuf_source_name(source));
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}
