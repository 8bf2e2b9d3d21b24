/* SPDX-License-Identifier: MIT */
/*
 * Functions that libtphbuf exports to its sister libraries only, under the
 * version node TPHBUF_PRIVATE_1. All are built and installed together; the node's
 * number changes when this file does.
 */
#ifndef TPHBUF_PRIVATE_H
#define TPHBUF_PRIVATE_H

#include <tphbuf/tphbuf.h>

TPHBUF_API struct tphbuf_ctx *tphbuf_priv_buffer_ctx(struct tphbuf_buffer *buf);

/* Facts about a buffer for its users. */
struct buffer_facts {
	struct tphbuf_ctx *ctx;
	uint64_t length;
	int fd;
};

/* Keep @buf open, until tphbuf_buffer_close(). */
TPHBUF_API void tphbuf_priv_buffer_get(struct tphbuf_buffer *buf, struct buffer_facts *facts);
/* A buffer of the dma-buf @fd, which is consumed, on failure too. */
TPHBUF_API int tphbuf_priv_buffer_wrap(struct tphbuf_ctx *ctx, int fd, enum tphbuf_source source,
				       struct tphbuf_buffer **buf);
TPHBUF_API const char *tphbuf_priv_sysfs_root(const struct tphbuf_ctx *ctx);

/*
 * Record a failure and return @err. @fmt is the whole sentence; for the
 * _errno form it only names the object, and cause and remedy follow from the
 * stage and @err.
 */
TPHBUF_API int tphbuf_priv_fail(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, int err,
				const char *fmt, ...) __attribute__((format(printf, 4, 5), cold));
TPHBUF_API int tphbuf_priv_fail_errno(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, int err,
				      const char *fmt, ...)
	__attribute__((format(printf, 4, 5), cold));
TPHBUF_API int tphbuf_priv_fail_nomem(struct tphbuf_ctx *ctx, enum tphbuf_stage stage)
	__attribute__((cold));
/* Record that the arguments @names must not be NULL. Return: -EINVAL. */
TPHBUF_API int tphbuf_priv_fail_null(struct tphbuf_ctx *ctx, const char *names)
	__attribute__((cold));

/* Size-prefixed structures (util/sized.h) whose failure is recorded. */
TPHBUF_API int tphbuf_priv_opts_in(struct tphbuf_ctx *ctx, void *dst, size_t known, const void *src,
				   const char *name);
TPHBUF_API int tphbuf_priv_info_out(struct tphbuf_ctx *ctx, void *dst, const void *src,
				    size_t known, const char *name);

/* The same under the names that the three libraries use. */
#define ctx_fail       tphbuf_priv_fail
#define ctx_fail_errno tphbuf_priv_fail_errno
#define ctx_fail_nomem tphbuf_priv_fail_nomem
#define ctx_fail_null  tphbuf_priv_fail_null
/* Copy the caller's options @src, a struct @type or NULL, to @dst. */
#define ctx_opts_in(ctx, dst, src, type) \
	tphbuf_priv_opts_in(ctx, dst, sizeof(struct type), src, #type)
/* Copy @src to the caller's struct @type @dst. */
#define ctx_info_out(ctx, dst, src, type) \
	tphbuf_priv_info_out(ctx, dst, src, sizeof(struct type), #type)

#endif
