/* SPDX-License-Identifier: MIT */
/* The argument of ibv_reg_mr_ex(): struct ibv_mr_init_attr. */
#ifndef LIB_VERBS_INIT_ATTR_H
#define LIB_VERBS_INIT_ATTR_H

#include <infiniband/verbs.h>
#include <stddef.h>
#include <stdint.h>

/* Not every rdma-core has it (60.0 and later); later ones append to it. */
struct init_attr {
	size_t length;
	int access;
	uint64_t comp_mask;
	uint64_t iova;
	void *addr;
	int fd;
	uint64_t fd_offset;
	struct ibv_dmah *dmah;
};

/* enum ibv_mr_init_attr_mask */
enum {
	MASK_IOVA = 1 << 0,
	MASK_ADDR = 1 << 1,
	MASK_FD = 1 << 2,
	MASK_FD_OFFSET = 1 << 3,
	MASK_DMAH = 1 << 4,
};

#ifdef HAVE_IBV_REG_MR_EX
#define SAME(field)                                                      \
	_Static_assert(offsetof(struct init_attr, field) ==              \
			       offsetof(struct ibv_mr_init_attr, field), \
		       #field)
SAME(length);
SAME(access);
SAME(comp_mask);
SAME(iova);
SAME(addr);
SAME(fd);
SAME(fd_offset);
SAME(dmah);
#define SAME_MASK(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours)
SAME_MASK(MASK_IOVA, IBV_REG_MR_MASK_IOVA);
SAME_MASK(MASK_ADDR, IBV_REG_MR_MASK_ADDR);
SAME_MASK(MASK_FD, IBV_REG_MR_MASK_FD);
SAME_MASK(MASK_FD_OFFSET, IBV_REG_MR_MASK_FD_OFFSET);
SAME_MASK(MASK_DMAH, IBV_REG_MR_MASK_DMAH);
#undef SAME_MASK
#undef SAME
#endif

#endif
