/* SPDX-License-Identifier: MIT */
/* Whether a memory region carries a tag, as reported by the kernel. */
#ifndef TPHBUF_APPLIED_H
#define TPHBUF_APPLIED_H

#include <infiniband/verbs.h>

#include <tphbuf/mr.h>

/*
 * Ask the kernel about @mr, whose RDMA device has the number @dev_index. That
 * the kernel has no answer is an answer. 0 or -errno of netlink or the ioctl.
 */
int applied_query(const struct ibv_mr *mr, uint32_t dev_index, struct tphbuf_applied *applied);

/*
 * The error of a registration with TPHBUF_MR_REQUIRE that ended as @applied
 * says: what the kernel's own IB_UVERBS_MR_TPH_REQUIRE returns. 0 if applied.
 */
int applied_error(const struct tphbuf_applied *applied);

#endif
