// SPDX-License-Identifier: MIT
/* Buffers: life and description. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/core/internal.h"
#include "util/fd.h"

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
	struct tphbuf_buffer *buf = calloc(1, sizeof(*buf) + n * sizeof(buf->ranges[0]));

	if (!buf)
		return NULL;
	buf->refs = 1;
	buf->fd = -1;
	buf->bar = -1;
	buf->nr_ranges = n;
	buf->ctx = ctx;
	ctx_get(ctx);
	buf->dev = dev;
	if (dev)
		device_get(dev);
	return buf;
}

/* Several threads may ask for the identity of a buffer first; the inode, never 0, says that both are there. */
static void set_identity(struct tphbuf_buffer *buf, const struct stat *st)
{
	__atomic_store_n(&buf->identity.dev, st->st_dev, __ATOMIC_RELAXED);
	__atomic_store_n(&buf->identity.ino, st->st_ino, __ATOMIC_RELEASE);
}

int buffer_take_fd(struct tphbuf_buffer *buf, int fd, enum tphbuf_source source)
{
	struct stat st;

	buf->fd = fd;
	buf->source = source;
	if (fstat(fd, &st))
		return -errno;
	set_identity(buf, &st);
	buf->length = (uint64_t)st.st_size; /* dma_buf_getfile() sets it */
	return 0;
}

int buffer_identity(struct tphbuf_buffer *buf, struct tphbuf_identity *identity)
{
	struct stat st;

	identity->ino = __atomic_load_n(&buf->identity.ino, __ATOMIC_ACQUIRE);
	if (!identity->ino) {
		if (fstat(buf->fd, &st))
			return -errno;
		set_identity(buf, &st);
		identity->ino = st.st_ino;
	}
	identity->dev = __atomic_load_n(&buf->identity.dev, __ATOMIC_RELAXED);
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
	struct tphbuf_identity identity = { 0 };

	/* Const for the caller, although the first call for an exported buffer writes to it. */
	if (buf && buffer_identity((struct tphbuf_buffer *)(uintptr_t)buf, &identity))
		memset(&identity, 0, sizeof(identity));
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
		*n = buf ? buf->nr_ranges : 0;
	return buf && buf->nr_ranges ? buf->ranges : NULL;
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
