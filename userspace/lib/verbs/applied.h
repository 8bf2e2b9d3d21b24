/* SPDX-License-Identifier: MIT */
/* Whether a memory region carries a tag, from what the kernel tracks. */
#ifndef TPHBUF_APPLIED_H
#define TPHBUF_APPLIED_H

#include <tphbuf/mr.h>

/*
 * Find the region with @lkey and @length of this process on RDMA device
 * @dev_index and say what it carries. Return: 0 or -errno of netlink.
 */
int applied_query(uint32_t dev_index, uint32_t lkey, uint64_t length,
		  struct tphbuf_applied *applied);

#endif
