/* SPDX-License-Identifier: MIT */
/*
 * The part of libibverbs and libnl that libtphbuf-verbs calls: registration
 * that can be told to fail, and a kernel that answers
 * RDMA_NLDEV_CMD_GET_CHARDEV and UVERBS_METHOD_QUERY_MR.
 *
 * Netlink messages are built with the real libnl, so the parser under test
 * sees real attributes.
 */
#ifndef MOCK_VERBS_H
#define MOCK_VERBS_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#define FAKE_LKEY      0x1800
#define FAKE_HANDLE    0x33
#define FAKE_DEV_INDEX 3

/* The answer of UVERBS_METHOD_QUERY_MR for every region; fake_verbs.tph. */
struct fake_mr_tph {
	bool old_kernel; /* has no outputs about TPH */
	uint32_t state;	 /* enum ib_uverbs_mr_tph_state */
	uint8_t st_width;
	uint16_t st;
	uint8_t ph;
	uint64_t stale_faults;
};

/* Of a region that carries st=0x5a,ph=2 */
extern const struct fake_mr_tph fake_applied_st;

struct fake_verbs {
	int reg_errno;	 /* ibv_reg_dmabuf_mr() fails with this */
	int dereg_errno; /* ibv_dereg_mr() returns this */
	bool no_devices;
	int open_errno;
	int pd_errno;
	bool no_mlx5; /* libmlx5 is not installed */
	int dev_index;
	unsigned int live_mrs;
	unsigned int live_pds;
	unsigned int live_contexts;
	/* The arguments of the last registration. */
	uint64_t offset, length, iova;
	int fd, access;
	enum { BY_REG_DMABUF, BY_REG_MR_EX, BY_DATA_DIRECT } by;
	struct ibv_dmah *dmah;
	int mlx5_access;
	struct fake_mr_tph tph;
	bool keep_tph;	   /* each region keeps what @tph was at its registration */
	bool no_driver_id; /* a kernel without RDMA_NLDEV_CMD_GET_CHARDEV */
	int query_errno;   /* UVERBS_METHOD_QUERY_MR fails with this */
};

extern struct fake_verbs fake_verbs;

void fake_verbs_setup(void);

/* What dlsym() finds: see drm.c. */
struct ibv_mr *fake_reg_data_direct(struct ibv_pd *pd, uint64_t offset, size_t length,
				    uint64_t iova, int fd, int access, int mlx5_access);
/* struct ibv_mr_init_attr as in rdma-core 60, which not every host has. */
struct fake_init_attr {
	size_t length;
	int access;
	uint64_t comp_mask, iova;
	void *addr;
	int fd;
	uint64_t fd_offset;
	struct ibv_dmah *dmah;
};
struct ibv_mr *fake_reg_mr_ex(struct ibv_pd *pd, struct fake_init_attr *attr);

struct ibv_pd *fake_pd(void);

/* Fail at this step with this libnl error, or kernel errno for KERNEL. */
enum fake_nl_step { NL_STEP_NONE, NL_STEP_CONNECT, NL_STEP_SEND, NL_STEP_RECV, NL_STEP_KERNEL };
void fake_netlink_fail(enum fake_nl_step step, int err);

#endif
