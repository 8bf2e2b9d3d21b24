/* SPDX-License-Identifier: MIT */
/*
 * Verbs that the guest's rdma-core does not have, by the kernel's ioctl interface: DMA handles, a dma-buf MR
 * with one, the state of the hint of a dma-buf MR, and a re-registration that bypasses the check
 * of libibverbs. All return 0 or -errno.
 */
#ifndef UVERBS_H
#define UVERBS_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#define UVERBS_NO_DMAH UINT32_MAX

struct uverbs_dmah_opts {
	bool has_cpu; /* with the steering tag of that CPU for volatile memory */
	uint32_t cpu;
	bool persistent; /* that for persistent memory instead */
	bool has_ph;
	uint8_t ph;
};

struct uverbs_mr {
	uint32_t handle, lkey, rkey;
};

struct uverbs_tph {
	uint32_t state; /* enum ib_uverbs_mr_tph_state */
	uint16_t st;
	uint8_t st_width, ph;
	uint64_t stale_faults;
};

int uverbs_dmah_alloc(struct ibv_context *ctx, const struct uverbs_dmah_opts *opts,
		      uint32_t *handle);
int uverbs_dmah_free(struct ibv_context *ctx, uint32_t handle);

/* The first len bytes of a dma-buf, at address 0. dmah may be UVERBS_NO_DMAH. */
int uverbs_reg_dmabuf(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t dmah,
		      struct uverbs_mr *mr);
/* The same, with IB_UVERBS_MR_TPH_* flags; and by the other method that registers dma-bufs. */
int uverbs_reg_dmabuf_flags(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t dmah,
			    uint32_t tph_flags, struct uverbs_mr *mr);
int uverbs_reg_dmabuf_old(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t tph_flags,
			  struct uverbs_mr *mr);
/* Host memory, at its own address. */
int uverbs_reg_addr(struct ibv_pd *pd, void *addr, uint64_t len, int access, uint32_t dmah,
		    struct uverbs_mr *mr);
/* The same with IB_UVERBS_MR_TPH_* flags, which must fail. */
int uverbs_reg_addr_flags(struct ibv_pd *pd, void *addr, uint64_t len, int access,
			  uint32_t tph_flags);
/* The answer of QUERY_MR for the MR with this handle (mr->handle of an MR of libibverbs). */
int uverbs_query_tph(struct ibv_context *ctx, uint32_t handle, struct uverbs_tph *tph);
int uverbs_dereg(struct ibv_context *ctx, const struct uverbs_mr *mr);

/* Other access rights for an MR of libibverbs. */
int uverbs_rereg_access(struct ibv_mr *mr, struct ibv_pd *pd, int access);

#endif
