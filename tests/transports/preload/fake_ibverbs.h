/* SPDX-License-Identifier: MIT */
#ifndef FAKE_IBVERBS_H
#define FAKE_IBVERBS_H

#include <infiniband/verbs.h>

/* The last call that arrived */
struct fake_calls {
	const char *by;
	uint64_t offset, iova, mask;
	int access;
};

extern struct fake_calls fake_calls;
extern struct ibv_pd fake_pd;

#endif
