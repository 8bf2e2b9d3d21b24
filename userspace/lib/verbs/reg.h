/* SPDX-License-Identifier: MIT */
/* One interface to the three calls that register a dma-buf. */
#ifndef TPHBUF_REG_H
#define TPHBUF_REG_H

#include <errno.h>
#include <infiniband/verbs.h>

#include <tphbuf/mr.h>

/* ibv_reg_mr_ex() for a DMA handle, mlx5dv_reg_dmabuf_mr() for data direct */
int reg_special(struct ibv_pd *pd, int fd, const struct tphbuf_mr_opts *o, struct ibv_mr **mr);

/* What a call made of a region and errno. */
static inline int reg_result(struct ibv_mr *mr, struct ibv_mr **mrp)
{
	*mrp = mr;
	if (mr)
		return 0;
	return errno ? -errno : -EIO;
}

/*
 * Register @fd as @o says, which is checked and complete. Return: 0, -errno,
 * -ELIBACC if this machine's rdma-core lacks the call.
 */
static inline int reg_dmabuf(struct ibv_pd *pd, int fd, const struct tphbuf_mr_opts *o,
			     struct ibv_mr **mr)
{
	if (o->dmah || o->flags & TPHBUF_MR_DATA_DIRECT)
		return reg_special(pd, fd, o, mr);
	errno = 0;
	return reg_result(ibv_reg_dmabuf_mr(pd, o->offset, o->length, o->iova, fd, o->access), mr);
}

#endif
