// SPDX-License-Identifier: MIT
/*
 * Memory of the verbs back end. A dma-buf's region has the offset in the buffer as its
 * address on the wire, so that the caller's address need not agree with it in any page.
 * Relaxed ordering is not asked for: payload must be there before what announces it.
 */
#include <errno.h>
#include <string.h>

#include <tphbuf/mr.h>

#include "verbs.h"

enum nccl_result verbs_reg(struct net_device *dev, struct net_mr *mr)
{
	struct verbs_device *v = dev->state;
	struct ibv_mr *ibv;

	if (mr->type == NCCL_PTR_CUDA) {
		net_warn("regMr: device memory at %p by its address: the kernel pins host memory only; the dma-buf is needed (regMrDmaBuf)",
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

/* One line for each buffer: what tag its requests carry. */
static void say_tag(struct net_device *dev, const struct net_mr *mr, struct ibv_mr *ibv)
{
	struct verbs_device *v = dev->state;
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	char text[TPHBUF_TAG_TEXT_MAX] = "none";
	int err;

	pthread_mutex_lock(&v->lock);
	err = tphbuf_ibv_applied(v->ctx, ibv, &applied);
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
	struct ibv_mr *ibv;
	char why[256];
	int err;

	err = tphbuf_registry_get_fd(dev->registry, dev->domain, fd, offset, mr->size, VERBS_ACCESS,
				     &mr->region);
	if (err) {
		tphbuf_registry_error(dev->registry, why, sizeof(why));
		net_warn("regMrDmaBuf: %zu bytes at offset %llu of descriptor %d on %s: %s%s",
			 mr->size, (unsigned long long)offset, fd, dev->name,
			 why[0] ? why : strerror(-err),
			 net_config()->tag == NET_TAG_REQUIRE ? " (TPHBUF_NET_TAG=require)" : "");
		return err == -EINVAL || err == -EBADF ? NCCL_INVALID_ARGUMENT : NCCL_SYSTEM_ERROR;
	}
	ibv = tphbuf_mr_ibv(tphbuf_registration_mr(mr->region));
	mr->iova = offset;
	mr->lkey = ibv->lkey;
	mr->rkey = ibv->rkey;
	if (net_config()->tag != NET_TAG_IGNORE)
		say_tag(dev, mr, ibv);
	return NCCL_SUCCESS;
}
