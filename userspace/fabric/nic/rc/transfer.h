/* SPDX-License-Identifier: MIT */
/*
 * Moves bytes from one gather list to another with a single copy.
 */
#ifndef NIC_TRANSFER_H
#define NIC_TRANSFER_H

#include <stdint.h>

#include "fabric/nic/status.h"

struct nic;
struct nic_missing;

struct nic_sge {
	uint32_t len;
	uint32_t lkey;
	uint64_t addr;
	const uint8_t *host; /* not NULL: bytes of this process instead of key and address (source only) */
};

/* One end of a transfer: by key in the memory of nic, or bytes of this process (source only). */
struct nic_side {
	struct nic *nic;
	uint32_t pd;
	uint8_t need; /* enum nic_key_access bits */
	const struct nic_sge *sge;
	uint32_t nsge;
	const uint8_t *host;	     /* not NULL: instead of all above */
	struct nic_missing *missing; /* see struct nic_access */
};
/* NIC_OK if the first len bytes may be accessed */
enum nic_status nic_side_check(const struct nic_side *side, uint32_t len);
/*
 * Copy bytes [skip, skip + len) of from to the same place of to. Lists shorter than that end the copy early.
 * *blame says whose access failed.
 */
enum nic_status nic_transfer(const struct nic_side *from, const struct nic_side *to, uint32_t skip,
			     uint32_t len, const struct nic_side **blame);

#endif
