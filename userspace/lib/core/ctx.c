// SPDX-License-Identifier: MIT
/*
 * Contexts: options, log and the record of the last failure.
 *
 * A failure is recorded once, where it is found; callers pass the error code
 * on and add nothing.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "util/fd.h"
#include "util/sized.h"

int tphbuf_ctx_new(const struct tphbuf_ctx_opts *opts, struct tphbuf_ctx **ctxp)
{
	struct tphbuf_ctx_opts o;
	struct tphbuf_ctx *ctx;
	int ret;

	if (!ctxp)
		return -EINVAL;
	ret = sized_in(&o, sizeof(o), opts);
	if (ret)
		return ret;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->refs = 1;
	ctx->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	ctx->log = o.log;
	ctx->log_arg = o.log_arg;
	ctx->log_level = o.log_level;
	ctx->sysfs_root = strdup(o.sysfs_root ? o.sysfs_root : "/sys");
	ctx->dev_root = strdup(o.dev_root ? o.dev_root : "/dev");
	ctx->proc_root = strdup(o.proc_root ? o.proc_root : "/proc");
	ctx->clock = calloc(1, sizeof(*ctx->clock));
	clock_get(ctx->clock);
	if (!ctx->sysfs_root || !ctx->dev_root || !ctx->proc_root || !ctx->clock) {
		ctx_put(ctx);
		return -ENOMEM;
	}
	*ctxp = ctx;
	return 0;
}

void ctx_put(struct tphbuf_ctx *ctx)
{
	if (--ctx->refs)
		return;
	free(ctx->sysfs_root);
	free(ctx->dev_root);
	free(ctx->proc_root);
	clock_put(ctx->clock);
	free(ctx);
}

int ctx_read_proc(const struct tphbuf_ctx *ctx, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	n = snprintf(path, sizeof(path), "%s/%s", ctx->proc_root, name);
	if ((size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	n = fd_read_file(path, text, size - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return 0;
}

void clock_get(struct tag_clock *clock)
{
	if (clock)
		__atomic_add_fetch(&clock->refs, 1, __ATOMIC_RELAXED);
}

void clock_put(struct tag_clock *clock)
{
	if (clock && !__atomic_sub_fetch(&clock->refs, 1, __ATOMIC_ACQ_REL))
		free(clock);
}

void tphbuf_ctx_free(struct tphbuf_ctx *ctx)
{
	if (ctx)
		ctx_put(ctx);
}

const char *tphbuf_ctx_error(const struct tphbuf_ctx *ctx)
{
	return ctx ? ctx->error : "no context";
}

enum tphbuf_stage tphbuf_ctx_error_stage(const struct tphbuf_ctx *ctx)
{
	return ctx ? ctx->error_stage : TPHBUF_STAGE_ARGUMENT;
}

void ctx_log(struct tphbuf_ctx *ctx, enum tphbuf_log_level level, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list ap;

	if (!ctx->log || level > ctx->log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctx->log(ctx->log_arg, level, text);
}

static int vfail(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, int err, const char *why,
		 const char *fmt, va_list ap)
{
	char text[ERROR_TEXT_MAX];
	int n;

	/* Not into ctx->error at once: an argument may point there. */
	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (why && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s", why);
	memcpy(ctx->error, text, sizeof(text));
	ctx->error_stage = stage;
	ctx_log(ctx, TPHBUF_LOG_ERROR, "%s: %s", tphbuf_stage_name(stage), text);
	return err;
}

int ctx_fail(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err = vfail(ctx, stage, err, NULL, fmt, ap);
	va_end(ap);
	return err;
}

int ctx_fail_errno(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err = vfail(ctx, stage, err, tphbuf_explain(stage, err), fmt, ap);
	va_end(ap);
	return err;
}

int ctx_fail_nomem(struct tphbuf_ctx *ctx, enum tphbuf_stage stage)
{
	return ctx_fail(ctx, stage, -ENOMEM, "out of memory; free some, or raise the process limit");
}

int tphbuf_priv_fail_null(struct tphbuf_ctx *ctx, const char *names)
{
	return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL, "%s must not be NULL", names);
}

static int fail_size(struct tphbuf_ctx *ctx, int err, const char *name)
{
	return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, err,
			"%s: size is not set; set it to sizeof(struct %s)", name, name);
}

int tphbuf_priv_opts_in(struct tphbuf_ctx *ctx, void *dst, size_t known, const void *src,
			const char *name)
{
	int ret = sized_in(dst, known, src);

	if (ret == -E2BIG)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, ret,
				"%s: a field is set that this version of the library does not know; use a newer libtphbuf",
				name);
	return ret ? fail_size(ctx, ret, name) : 0;
}

int tphbuf_priv_info_out(struct tphbuf_ctx *ctx, void *dst, const void *src, size_t known,
			 const char *name)
{
	int ret = sized_out(dst, src, known);

	return ret ? fail_size(ctx, ret, name) : 0;
}

const char *tphbuf_priv_sysfs_root(const struct tphbuf_ctx *ctx)
{
	return ctx->sysfs_root;
}
