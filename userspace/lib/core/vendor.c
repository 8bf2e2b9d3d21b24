// SPDX-License-Identifier: MIT
/* Names for tags: the hooks of a context, see <tphbuf/vendor.h>. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/vendor.h>

#include "lib/core/internal.h"
#include "util/sized.h"

struct vendor {
	struct vendor *next;
	struct tphbuf_vendor ops;
	char *name;
	void *data;
};

static void vendor_free(struct vendor *vendor)
{
	if (vendor->ops.release)
		vendor->ops.release(vendor->data);
	free(vendor->name);
	free(vendor);
}

void vendors_free(struct tphbuf_ctx *ctx)
{
	struct vendor *vendor;

	while ((vendor = ctx->vendors)) {
		ctx->vendors = vendor->next;
		vendor_free(vendor);
	}
}

static int vendor_new(struct tphbuf_ctx *ctx, const struct tphbuf_vendor *ops, void *data)
{
	struct vendor *vendor, **end;

	if (!ops->name || !ops->name[0] || !ops->resolve)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"tphbuf_vendor: no name or no resolve(); set both");
	vendor = calloc(1, sizeof(*vendor));
	if (!vendor)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_ARGUMENT);
	vendor->name = strdup(ops->name);
	if (!vendor->name) {
		free(vendor);
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_ARGUMENT);
	}
	vendor->ops = *ops;
	vendor->ops.name = vendor->name;
	vendor->data = data;
	for (end = &ctx->vendors; *end; end = &(*end)->next)
		;
	*end = vendor;
	return 0;
}

int tphbuf_vendor_add(struct tphbuf_ctx *ctx, const struct tphbuf_vendor *ops, void *data)
{
	struct tphbuf_vendor o = { 0 };
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!ops)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"no hook; pass a struct tphbuf_vendor");
	ret = ctx_opts_in(ctx, &o, ops, tphbuf_vendor);
	if (!ret)
		ret = vendor_new(ctx, &o, data);
	/* A structure of the wrong size has no release() to be trusted. */
	if (ret && o.release)
		o.release(data);
	return ret;
}

/* Is @text meant to be the text form? It starts with one of its words. */
static bool is_text_form(const char *text)
{
	return !strcmp(text, "none") || !strncmp(text, "st=", 3) || !strncmp(text, "xst=", 4) ||
	       !strncmp(text, "ph=", 3);
}

/* Ask the hooks. 0 or a recorded error. */
static int resolve(struct tphbuf_device *dev, const struct tphbuf_pci_info *info, const char *text,
		   struct tphbuf_tag *tag)
{
	struct vendor *v;
	int ret;

	for (v = dev->ctx->vendors; v; v = v->next) {
		struct tphbuf_tag found = { 0 };
		const char *why = "refused";

		if (v->ops.match && !v->ops.match(v->data, info))
			continue;
		ret = v->ops.resolve(v->data, info, text, &found, &why);
		if (ret == -ENOENT)
			continue;
		if (!ret)
			ret = tphbuf_tag_check(&found, TPHBUF_TAG_MASK, &why);
		if (ret)
			return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, ret,
					"%s: tag '%s': %s (says %s)", dev->bdf, text, why, v->name);
		*tag = found;
		return 0;
	}
	return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -ENOENT,
			"%s: nobody knows a tag '%s'; use st=N,ph=N or xst=N,ph=N, or add the vendor's library",
			dev->bdf, text);
}

int tphbuf_vendor_tag(struct tphbuf_device *dev, const char *text, struct tphbuf_tag *tag)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	const char *why;
	int ret;

	if (!dev)
		return -EINVAL;
	if (!text || !tag)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"no text, or no place for the tag; pass both");
	if (is_text_form(text)) {
		ret = tphbuf_tag_parse(text, tag, &why);
		return ret ? ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, ret, "tag '%s': %s", text,
				      why) :
			     0;
	}
	ret = tphbuf_device_info(dev, &info);
	return ret ? ret : resolve(dev, &info, text, tag);
}

int tphbuf_vendor_describe(struct tphbuf_device *dev, const struct tphbuf_tag *tag, char *buf,
			   size_t size)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	const char *why;
	struct vendor *v;
	int ret;

	if (!dev)
		return -EINVAL;
	if (!tag || !buf || !size)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"no tag, or no place for its name; pass both");
	ret = tphbuf_tag_check(tag, TPHBUF_TAG_MASK, &why);
	if (ret)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, ret, "tag: %s", why);
	ret = tphbuf_device_info(dev, &info);
	if (ret)
		return ret;
	for (v = dev->ctx->vendors; v; v = v->next) {
		if (!v->ops.describe || (v->ops.match && !v->ops.match(v->data, &info)))
			continue;
		ret = v->ops.describe(v->data, &info, tag, buf, size);
		if (ret >= 0)
			break;
	}
	if (!v)
		ret = tphbuf_tag_format(tag, buf, size);
	if (ret == -ENOSPC || (ret >= 0 && (size_t)ret >= size))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -ENOSPC,
				"the name of the tag does not fit into %zu bytes; give more", size);
	return ret;
}
