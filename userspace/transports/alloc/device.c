// SPDX-License-Identifier: MIT
/* The memory of TPHBUF_ALLOC. Device and buffer stay open until the process ends: nothing says when its last user is gone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"

static int export(struct tphbuf_device *dev, const struct alloc_config *config, void **base,
		  uint64_t *length)
{
	struct tphbuf_region region = { .size = sizeof(region) };
	struct tphbuf_export_opts opts = { .size = sizeof(opts) };
	struct tphbuf_range range = config->range;
	struct tphbuf_buffer *buf;
	int ret;

	ret = tphbuf_device_memory(dev, true);
	if (!ret)
		ret = tphbuf_device_region(dev, config->bar, &region);
	if (ret)
		return ret;
	if (!range.length && range.offset < region.length)
		range.length = region.length - range.offset;
	if (config->tag.valid)
		opts.tag = &config->tag;
	ret = tphbuf_buffer_export(dev, config->bar, &range, 1, &opts, &buf);
	if (ret)
		return ret;
	ret = tphbuf_buffer_map(buf, base);
	if (ret) {
		tphbuf_buffer_close(buf);
		return ret;
	}
	*length = range.length;
	return 0;
}

int alloc_device_open(const struct alloc_config *config, void **base, uint64_t *length, char *why,
		      size_t size)
{
	struct tphbuf_device *dev = NULL;
	struct tphbuf_ctx *ctx;
	int ret = tphbuf_ctx_new(NULL, &ctx);

	if (ret) {
		snprintf(why, size, "%s", strerror(-ret));
		return ret;
	}
	ret = tphbuf_device_open(ctx, config->bdf, NULL, &dev);
	if (!ret)
		ret = export(dev, config, base, length);
	if (!ret)
		return 0;
	snprintf(why, size, "%s", tphbuf_ctx_error(ctx));
	tphbuf_device_close(dev);
	tphbuf_ctx_free(ctx);
	return ret;
}
