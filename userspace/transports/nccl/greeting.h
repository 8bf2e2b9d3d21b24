/* SPDX-License-Identifier: MIT */
/* The first message of each end of a connection. */
#ifndef TRANSPORTS_NCCL_GREETING_H
#define TRANSPORTS_NCCL_GREETING_H

#include "net.h"

#define GREETING_MAGIC	 0x3146554248505431ull
#define GREETING_VERSION 1

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
