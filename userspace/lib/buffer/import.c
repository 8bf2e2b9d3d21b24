// SPDX-License-Identifier: MIT
/* Buffers of dma-bufs that the caller or a sister library brings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "util/fd.h"

#define FDINFO_MAX 1024

/* Only a dma-buf names its exporter in fdinfo. 0, -EINVAL or -errno. */
static int check_dmabuf(const struct tphbuf_ctx *ctx, int fd)
{
	char name[32], text[FDINFO_MAX + 1];
	int ret;

	snprintf(name, sizeof(name), "self/fdinfo/%d", fd);
	ret = ctx_read_proc(ctx, name, text, sizeof(text));
	if (ret)
		return ret;
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
	ret = ctx_opts_in(ctx, &o, opts, tphbuf_import_opts);
	if (ret)
		return ret;
	if (!bufp)
		return ctx_fail_null(ctx, "buf");
	buf = buffer_new(ctx, o.dev, 0);
	if (!buf)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_IMPORT);
	ret = import_fd(buf, fd);
	if (ret) {
		ctx_fail_errno(ctx, TPHBUF_STAGE_IMPORT, ret, "descriptor %d", fd);
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}

int tphbuf_priv_buffer_wrap(struct tphbuf_ctx *ctx, int fd, enum tphbuf_source source,
			    struct tphbuf_buffer **bufp)
{
	struct tphbuf_buffer *buf = buffer_new(ctx, NULL, 0);
	int ret;

	if (!buf) {
		fd_close(fd);
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_IMPORT);
	}
	fd = fd_above_std(fd);
	ret = fd < 0 ? fd : buffer_take_fd(buf, fd, source);
	if (ret) {
		ctx_fail_errno(ctx, TPHBUF_STAGE_IMPORT, ret, "%s", tphbuf_source_name(source));
		buffer_put(buf);
		return ret;
	}
	*bufp = buf;
	return 0;
}
