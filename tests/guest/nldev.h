/* SPDX-License-Identifier: MIT */
/*
 * What the RDMA subsystem reports by netlink (RDMA_NL_NLDEV), as the command `rdma` reads it. Every
 * call checks its result and ends the program on failure.
 */
#ifndef NLDEV_H
#define NLDEV_H

#include <stdbool.h>
#include <stdint.h>

/* The attributes of an MR that concern the hint of its dma-buf. */
struct nldev_mr {
	unsigned int found; /* MRs of this length */
	bool has_state, has_stale_faults, has_values;
	uint32_t state; /* enum ib_uverbs_mr_tph_state */
	uint64_t stale_faults;
	uint8_t st_width, ph;
	uint16_t st;
};

/* The MRs of the RDMA device of this length; the attributes are those of the last one. */
struct nldev_mr nldev_mr(const char *device, uint64_t length);

/* The pools in which the device keeps memory keys for reuse, those with hints included. */
unsigned int nldev_pools(const char *device);
/* Seconds after which an unused key is destroyed; the kernel's default is 60. Needs CAP_NET_ADMIN. */
void nldev_set_aging(const char *device, uint32_t seconds);

#endif
