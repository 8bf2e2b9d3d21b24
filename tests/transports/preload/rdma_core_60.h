/* SPDX-License-Identifier: MIT */
/* What <infiniband/verbs.h> of rdma-core 60 declares besides; included first where the host's is older. */
#ifndef RDMA_CORE_60_H
#define RDMA_CORE_60_H

#include <infiniband/verbs.h>
#include <stddef.h>
#include <stdint.h>

struct ibv_dmah;

enum ibv_mr_init_attr_mask {
	IBV_REG_MR_MASK_IOVA = 1 << 0,
	IBV_REG_MR_MASK_ADDR = 1 << 1,
	IBV_REG_MR_MASK_FD = 1 << 2,
	IBV_REG_MR_MASK_FD_OFFSET = 1 << 3,
	IBV_REG_MR_MASK_DMAH = 1 << 4,
};

struct ibv_mr_init_attr {
	size_t length;
	int access;
	uint64_t comp_mask;
	uint64_t iova;
	void *addr;
	int fd;
	uint64_t fd_offset;
	struct ibv_dmah *dmah;
};

struct ibv_mr *ibv_reg_mr_ex(struct ibv_pd *pd, struct ibv_mr_init_attr *attr);

#endif
