/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's RDMA resource tracking says about the memory regions of
 * a device (NETLINK_RDMA, RDMA_NLDEV_CMD_RES_MR_GET: "rdma resource show mr").
 */
#ifndef TPHBUF_NLDEV_H
#define TPHBUF_NLDEV_H

#include <stdbool.h>
#include <stdint.h>

#define NLDEV_REASON_MAX 32

/* One region. The tph fields are the driver's own attributes. */
struct nldev_mr {
	bool has_mrn, has_lkey, has_pid, has_length;
	bool of_kernel; /* not of a process */
	uint32_t mrn;
	uint32_t lkey;
	uint32_t pid;
	uint64_t length;

	bool has_tph; /* the driver says whether it sends a tag */
	bool tph;
	uint32_t st;
	uint32_t st_width; /* 8 or 16 */
	uint32_t ph;
	uint64_t stale_faults;
	char reason[NLDEV_REASON_MAX]; /* one word */
};

/* Called once for each region; a negative value ends the walk. */
typedef int (*nldev_mr_fn)(void *arg, const struct nldev_mr *mr);

/*
 * Walk the regions of RDMA device number @dev_index.
 * Return: 0, what @fn ended with, or -errno of netlink.
 */
int nldev_walk_mr(uint32_t dev_index, nldev_mr_fn fn, void *arg);

#endif
