/* SPDX-License-Identifier: MIT */
/* Whether a memory region carries a tag, from what the kernel tracks. */
#ifndef TPHBUF_APPLIED_H
#define TPHBUF_APPLIED_H

#include <tphbuf/mr.h>

/* What is known of a region. */
struct region_facts {
	uint32_t dev_index; /* of the RDMA device */
	uint32_t lkey;
	uint64_t length;
	int32_t mrn;	     /* the kernel's number, -1 if not known */
	bool of_this_thread; /* which has registered it; else of any */
};

/*
 * Find the region of this process and say what it carries. Return: 0 or -errno
 * of netlink.
 */
int applied_query(const struct region_facts *region, struct tphbuf_applied *applied);

#endif
