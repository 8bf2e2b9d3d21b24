/* SPDX-License-Identifier: MIT */
/* Where a listener is, and the first message of each end of a connection. */
#ifndef TRANSPORTS_NCCL_GREETING_H
#define TRANSPORTS_NCCL_GREETING_H

#include "address.h"
#include "net.h"

#define GREETING_MAGIC	 0x3146554248505431ull
#define GREETING_VERSION 1

/* In the 128 bytes that NCCL carries from the listener to the connecting rank */
struct handle {
	uint64_t magic;
	uint8_t token[16];
	union net_address addr;
	struct net_half *half; /* the connecting rank's */
};

struct greeting {
	uint64_t magic;
	uint32_t version;
	char backend[16];
	uint8_t token[16];
	uint8_t blob[NET_BLOB];
};

void greeting_make(struct greeting *out, const uint8_t *token);
/* NULL, or what is wrong with it */
const char *greeting_check(const struct greeting *in, const uint8_t *token);

#endif
