// SPDX-License-Identifier: MIT
/*
 * Memory of the verbs back end. A dma-buf's region has the offset in the buffer as its
 * address on the wire, so that the caller's address need not agree with it in any page.
 * Relaxed ordering is not asked for: payload must be there before what announces it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/mr.h>

#include "verbs.h"

#define WHY_MAX 256

enum nccl_result verbs_reg(struct net_device *dev, struct net_mr *mr)
{
	struct verbs_device *v = dev->state;
	struct ibv_mr *ibv;

	if (mr->type == NCCL_PTR_CUDA) {
		net_warn("regMr: device memory at %p by its address: the kernel pins host memory only; the dma-buf is needed: by regMrDmaBuf, or from a library that TPHBUF_NET_MEMORY names",
			 (void *)mr->data);
		return NCCL_INVALID_USAGE;
	}
	ibv = ibv_reg_mr(v->pd, mr->data, mr->size, VERBS_ACCESS);
	if (!ibv) {
		net_warn("regMr: %zu bytes at %p on %s: %s%s", mr->size, (void *)mr->data,
			 dev->name, strerror(errno),
			 errno == EFAULT ? "; a mapped BAR cannot be pinned, give its dma-buf" :
			 errno == ENOMEM ? "; look at ulimit -l" :
					   "");
		return NCCL_SYSTEM_ERROR;
	}
	mr->object = ibv;
	mr->iova = (uintptr_t)mr->data;
	mr->lkey = ibv->lkey;
	mr->rkey = ibv->rkey;
	return NCCL_SUCCESS;
}

void verbs_unreg(struct net_mr *mr)
{
	if (mr->region)
		tphbuf_registration_put(mr->region);
	else if (mr->object)
		ibv_dereg_mr(mr->object);
}

/* True if the registry made a region during the last call of this thread, and did not find one. */
static _Thread_local bool made;

static int make_region(void *arg, const struct tphbuf_registry_request *request, void **object)
{
	made = true;
	return tphbuf_mr_registry_ops()->reg(arg, request, object);
}

static void unmake_region(void *arg, void *object)
{
	tphbuf_mr_registry_ops()->unreg(arg, object);
}

static const struct tphbuf_registry_ops registry_ops = {
	.size = sizeof(registry_ops),
	.reg = make_region,
	.unreg = unmake_region,
};

int verbs_registry_new(struct verbs_device *v, struct net_device *dev)
{
	struct tphbuf_registry_opts opts = { .size = sizeof(opts),
					     .ops = &registry_ops,
					     .limit = TPHBUF_REGISTRY_MAX };

	v->mr_opts = calloc(1, sizeof(*v->mr_opts));
	if (!v->mr_opts)
		return -ENOMEM;
	v->mr_opts->size = sizeof(*v->mr_opts);
	if (net_config()->tag == NET_TAG_REQUIRE)
		v->mr_opts->flags = TPHBUF_MR_REQUIRE;
	opts.arg = v->mr_opts;
	return tphbuf_registry_new(v->ctx, &opts, &dev->registry);
}

/* What the kernel says about the tag of a region, with the device's lock */
static int applied_to(struct verbs_device *v, struct ibv_mr *ibv, struct tphbuf_applied *applied)
{
	memset(applied, 0, sizeof(*applied));
	applied->size = sizeof(*applied);
	return tphbuf_ibv_applied(v->ctx, ibv, applied);
}

static struct ibv_mr *ibv_of(const struct net_mr *mr)
{
	return tphbuf_mr_ibv(tphbuf_registration_mr(mr->region));
}

/*
 * A region that was there already may have a tag that its owner, another process perhaps, has
 * replaced since. Only a new region can tell: register a page of the buffer.
 * Return: 1 if a new region would carry something else, 0, -errno with @why.
 */
static int tag_changed(struct net_device *dev, const struct net_mr *mr, int fd,
		       struct tphbuf_identity *identity, char *why)
{
	struct tphbuf_applied then = { 0 }, now = { .size = sizeof(now) };
	struct verbs_device *v = dev->state;
	struct tphbuf_mr_opts opts = *v->mr_opts;
	struct tphbuf_buffer *buf = NULL;
	struct tphbuf_mr *page = NULL;
	int err;

	opts.access = VERBS_ACCESS;
	opts.length = 1;
	pthread_mutex_lock(&v->lock);
	err = tphbuf_buffer_import(v->ctx, fd, NULL, &buf);
	if (!err)
		err = tphbuf_mr_register(buf, v->pd, &opts, &page);
	if (!err)
		err = tphbuf_mr_applied(page, &now);
	if (!err)
		err = applied_to(v, ibv_of(mr), &then);
	if (!err)
		err = then.state != now.state || then.cause != now.cause ||
		      !tphbuf_tag_equal(&then.tag, &now.tag);
	if (err < 0)
		snprintf(why, WHY_MAX, "%s", tphbuf_ctx_error(v->ctx));
	if (buf)
		*identity = tphbuf_buffer_identity(buf);
	if (page)
		tphbuf_mr_deregister(page);
	tphbuf_buffer_close(buf);
	pthread_mutex_unlock(&v->lock);
	return err;
}

static int get_region(struct net_device *dev, struct net_mr *mr, uint64_t offset, int fd, char *why)
{
	struct tphbuf_identity identity;
	int err, changed;

	for (;;) {
		made = false;
		err = tphbuf_registry_get_fd(dev->registry, dev->domain, fd, offset, mr->size,
					     VERBS_ACCESS, &mr->region);
		if (err)
			tphbuf_registry_error(dev->registry, why, WHY_MAX);
		if (err || made || net_config()->tag == NET_TAG_IGNORE)
			return err;
		changed = tag_changed(dev, mr, fd, &identity, why);
		if (!changed)
			return 0;
		tphbuf_registration_put(mr->region);
		mr->region = NULL;
		if (changed < 0)
			return changed;
		tphbuf_registry_invalidate(dev->registry, &identity);
	}
}

/* One line for each buffer: what tag its requests carry. */
static void say_tag(struct net_device *dev, const struct net_mr *mr)
{
	struct verbs_device *v = dev->state;
	char text[TPHBUF_TAG_TEXT_MAX] = "none";
	struct tphbuf_applied applied;
	int err;

	pthread_mutex_lock(&v->lock);
	err = applied_to(v, ibv_of(mr), &applied);
	pthread_mutex_unlock(&v->lock);
	if (err)
		net_info("region %u: %zu bytes on %s, tag unknown: %s", mr->id, mr->size, dev->name,
			 strerror(-err));
	else if (applied.state == TPHBUF_APPLIED_YES &&
		 tphbuf_tag_format(&applied.tag, text, sizeof(text)) > 0)
		net_info("region %u: %zu bytes on %s, tag %s applied", mr->id, mr->size, dev->name,
			 text);
	else
		net_info("region %u: %zu bytes on %s, no tag applied: %s", mr->id, mr->size,
			 dev->name, applied.reason);
}

enum nccl_result verbs_reg_dmabuf(struct net_device *dev, struct net_mr *mr, uint64_t offset, int fd)
{
	char why[WHY_MAX] = "";
	int err;

	err = get_region(dev, mr, offset, fd, why);
	if (err) {
		net_warn("regMrDmaBuf: %zu bytes at offset %llu of descriptor %d on %s: %s%s",
			 mr->size, (unsigned long long)offset, fd, dev->name,
			 why[0] ? why : strerror(-err),
			 net_config()->tag == NET_TAG_REQUIRE ? " (TPHBUF_NET_TAG=require)" : "");
		return err == -EINVAL || err == -EBADF ? NCCL_INVALID_ARGUMENT : NCCL_SYSTEM_ERROR;
	}
	mr->iova = offset;
	mr->lkey = ibv_of(mr)->lkey;
	mr->rkey = ibv_of(mr)->rkey;
	if (net_config()->tag != NET_TAG_IGNORE)
		say_tag(dev, mr);
	return NCCL_SUCCESS;
}
