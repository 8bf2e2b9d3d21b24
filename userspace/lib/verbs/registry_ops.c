// SPDX-License-Identifier: MIT
/* A registry (tphbuf/registry.h) of memory regions. */
#include <tphbuf/mr.h>

#include "lib/core/sister.h"

/* @arg: NULL or the caller's options for all regions, see mr.h. */
static int reg(void *arg, const struct tphbuf_registry_request *request, void **object)
{
	struct tphbuf_mr_opts o;
	struct tphbuf_mr *mr;
	int ret;

	ret = ctx_opts_in(tphbuf_priv_buffer_ctx(request->buf), &o, arg, tphbuf_mr_opts);
	if (ret)
		return ret;
	o.size = sizeof(o);
	o.flags &= ~TPHBUF_MR_IOVA;
	o.iova = 0;
	o.access = request->access;
	o.offset = request->offset;
	o.length = request->length;
	/* The registry's own buffer has no device to ask for the tag. */
	if (!o.tag && request->tag && request->tag->valid)
		o.tag = request->tag;
	ret = tphbuf_mr_register(request->buf, request->domain, &o, &mr);
	if (!ret)
		*object = mr;
	return ret;
}

static void unreg(void *arg, void *object)
{
	(void)arg;
	/* Fails only while a memory window is bound, which dma-bufs allow not. */
	tphbuf_mr_deregister(object);
}

const struct tphbuf_registry_ops *tphbuf_mr_registry_ops(void)
{
	static const struct tphbuf_registry_ops ops = {
		.size = sizeof(ops),
		.reg = reg,
		.unreg = unreg,
	};

	return &ops;
}

struct tphbuf_mr *tphbuf_registration_mr(const struct tphbuf_registration *region)
{
	return tphbuf_registration_object(region);
}
