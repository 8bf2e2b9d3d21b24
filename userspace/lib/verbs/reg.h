/* SPDX-License-Identifier: MIT */
/* The three calls that register a dma-buf, behind one. */
#ifndef TPHBUF_REG_H
#define TPHBUF_REG_H

#include <infiniband/verbs.h>

#include <tphbuf/mr.h>

/*
 * Register @fd as @o says: ibv_reg_dmabuf_mr(), ibv_reg_mr_ex() for a DMA
 * handle, mlx5dv_reg_dmabuf_mr() for data direct. @o is checked and complete.
 * Return: 0, -errno, -ELIBACC if this machine's rdma-core lacks the call.
 */
int reg_dmabuf(struct ibv_pd *pd, int fd, const struct tphbuf_mr_opts *o,
	       struct ibv_mr **mr);

#endif
