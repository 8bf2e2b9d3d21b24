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

/* Objects that the kernel dumps: how they are asked for, and the attribute by which a test tells them apart. */
struct nldev_kind {
	uint16_t command, table, entry, key;
};
extern const struct nldev_kind nldev_mrs; /* key: length */
extern const struct nldev_kind nldev_qps; /* key: number */

/* A dump that is read a message at a time: of all objects of the device, or (port not 0) of those of the port. */
struct nldev_dump {
	const struct nldev_kind *kind;
	int fd;
};
typedef void nldev_object_fn(void *ctx, uint64_t key);
void nldev_dump_start(struct nldev_dump *dump, const char *device, const struct nldev_kind *kind,
		      uint32_t port);
/*
 * Calls fn for each object of the next message; false: there is none, and the dump is closed. A message has less than
 * 4 KiB, and the kernel makes it when the one before is read.
 */
bool nldev_dump_next(struct nldev_dump *dump, nldev_object_fn *fn, void *ctx);

#endif
