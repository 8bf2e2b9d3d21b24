// SPDX-License-Identifier: MIT
/*
 * Memory of the loop back end. The CPU reaches host memory by its address, a dma-buf by
 * mapping it, and other device memory through the copy hook.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/buffer.h>

#include "loop.h"

/* A region of the registry: the buffer mapped, or NULL where it cannot be mapped */
struct mapping {
	struct tphbuf_buffer *buf;
	void *addr; /* of the buffer's first byte */
};

static int map_region(void *arg, const struct tphbuf_registry_request *request, void **object)
{
	struct mapping *m = calloc(1, sizeof(*m));

	(void)arg;
	if (!m)
		return -ENOMEM;
	m->buf = request->buf;
	if (tphbuf_buffer_map(request->buf, &m->addr))
		m->addr = NULL;
	*object = m;
	return 0;
}

static void unmap_region(void *arg, void *object)
{
	struct mapping *m = object;

	(void)arg;
	tphbuf_buffer_unmap(m->buf); /* nothing if it is not mapped */
	free(m);
}

static const struct tphbuf_registry_ops map_ops = {
	.size = sizeof(map_ops),
	.reg = map_region,
	.unreg = unmap_region,
};

int loop_devices(struct net_device **devs, int *n)
{
	const struct tphbuf_registry_opts opts = {
		.size = sizeof(opts),
		.ops = &map_ops,
		.limit = TPHBUF_REGISTRY_MAX,
		.granule = TPHBUF_GRANULE_WHOLE,
	};
	struct net_device *dev = calloc(1, sizeof(*dev));
	struct tphbuf_ctx *ctx = NULL;
	void *state;
	int err;

	if (!dev)
		return -ENOMEM;
	strcpy(dev->name, "tphbuf_loop0");
	dev->guid = 0x7470686275660000ull;
	dev->speed = 10000;
	dev->port = 1;
	dev->backend = &net_loop;
	dev->domain = dev;
	dev->ptr_support = NCCL_PTR_HOST | NCCL_PTR_DMABUF | (net_copy(&state) ? NCCL_PTR_CUDA : 0);
	err = tphbuf_ctx_new(NULL, &ctx);
	if (!err)
		err = tphbuf_registry_new(ctx, &opts, &dev->registry);
	tphbuf_ctx_free(ctx);
	if (err) {
		net_warn("loop: no registry: %s", strerror(-err));
		free(dev);
		return err;
	}
	*devs = dev;
	*n = 1;
	return 0;
}

void loop_device_close(struct net_device *dev)
{
	if (tphbuf_registry_free(dev->registry))
		net_warn("loop: regions are still registered; they stay until the process ends");
}

/* Device memory by its address: only the copy hook can reach it. */
static enum nccl_result reg_by_hook(struct net_mr *mr, const char *why)
{
	void *state;
	const struct tphbuf_net_copy *copy = net_copy(&state);
	int err;

	if (!copy) {
		net_warn("regMr: %s, and there is no copy hook; set TPHBUF_NET_COPY to cuda or to the vendor's library, or TPHBUF_NET_MEMORY to one that knows its dma-buf",
			 why);
		return NCCL_INVALID_USAGE;
	}
	err = copy->check(state, mr->data, mr->size);
	if (!err)
		return NCCL_SUCCESS;
	net_warn("regMr: %s, and the copy hook %s does not reach %p: %s", why, copy->name,
		 (void *)mr->data, strerror(-err));
	return NCCL_INVALID_USAGE;
}

enum nccl_result loop_reg(struct net_device *dev, struct net_mr *mr)
{
	(void)dev;
	if (mr->type == NCCL_PTR_CUDA)
		return reg_by_hook(mr, "device memory by its address");
	mr->cpu = mr->data;
	return NCCL_SUCCESS;
}

void loop_unreg(struct net_mr *mr)
{
	if (mr->region)
		tphbuf_registration_put(mr->region);
}

enum nccl_result loop_reg_dmabuf(struct net_device *dev, struct net_mr *mr, uint64_t offset, int fd)
{
	enum nccl_result result = NCCL_SUCCESS;
	struct mapping *m;
	char why[160];
	int err;

	if (net_config()->tag == NET_TAG_REQUIRE) {
		net_warn("regMrDmaBuf: TPHBUF_NET_TAG=require, but the loop back end copies by CPU and applies no tag; use TPHBUF_NET_BACKEND=verbs");
		return NCCL_INVALID_USAGE;
	}
	err = tphbuf_registry_get_fd(dev->registry, dev->domain, fd, offset, mr->size, 0,
				     &mr->region);
	if (err) {
		tphbuf_registry_error(dev->registry, why, sizeof(why));
		net_warn("regMrDmaBuf: %zu bytes at offset %llu of descriptor %d: %s", mr->size,
			 (unsigned long long)offset, fd, why[0] ? why : strerror(-err));
		return err == -ENOMEM || err == -EMFILE ? NCCL_SYSTEM_ERROR : NCCL_INVALID_ARGUMENT;
	}
	m = tphbuf_registration_object(mr->region);
	if (m->addr)
		mr->cpu = (char *)m->addr + offset;
	else
		result = reg_by_hook(mr, "the dma-buf cannot be mapped");
	if (result) {
		tphbuf_registration_put(mr->region);
		return result;
	}
	if (net_config()->tag == NET_TAG_PREFER)
		net_info("region %u: %zu bytes, no tag applied: the loop back end copies by CPU",
			 mr->id, mr->size);
	return NCCL_SUCCESS;
}
