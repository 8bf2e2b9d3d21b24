/* SPDX-License-Identifier: MIT */
/*
 * Memory keys: checks and translation. nic_mkey_access() is the only function that reaches
 * payload memory.
 */
#ifndef NIC_MKEY_H
#define NIC_MKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/dma.h"
#include "fabric/nic/status.h"

struct nic;

enum nic_key_access {
	NIC_LOCAL_READ = 1,
	NIC_LOCAL_WRITE = 2,
	NIC_REMOTE_READ = 4,
	NIC_REMOTE_WRITE = 8,
	NIC_REMOTE_ATOMIC = 16,
};

struct nic_mkey {
	uint32_t number; /* index: key >> 8 */
	uint8_t variant; /* key & 0xff */
	bool free;	 /* not usable until UMR clears it */
	bool umr_en;
	uint8_t mode;	/* MLX5_MKC_ACCESS_MODE_PA / MTT / ... */
	uint8_t access; /* enum nic_key_access */
	bool length64;
	uint32_t pd;
	uint64_t start, len;
	uint8_t page_shift;
	uint64_t *mtt; /* bus addresses with present bits (low 2), host byte order */
	uint32_t mtts;
	bool tph_en; /* mkc.pcie_tph_en */
	uint8_t tph_ph;
	uint8_t tph_index; /* mkc.pcie_tph_steering_tag_index */
};

/* Where a work request has met an absent translation. */
struct nic_missing {
	struct nic *nic; /* of the key; NULL: nowhere so far. May be gone when the fault is over */
	uint32_t key;
	bool write;
	bool failed; /* the page fault ended in error: the access fails, whatever the key says by now */
	uint64_t va;  /* first byte without translation */
	uint32_t len; /* from there to the end of the access */
};

/* One access to memory by key. */
struct nic_access {
	uint32_t key;
	uint32_t pd;
	uint8_t need;		/* enum nic_key_access bits */
	bool write;		/* MWr; else MRd */
	enum fab_origin origin; /* 0: payload */
	uint64_t va;
	uint32_t len;
	struct nic_missing *missing; /* of the work request; NULL: it cannot wait for a page fault */
};

/*
 * Check key, variant, free, PD, access bits and bounds; translate; issue DMA with the key's hint.
 * fn sees the pieces with off counted from 0 of this access. len 0 is checked for the key only when need != 0
 * and never touches memory. NIC_LOCAL_PROT: key, PD, access or bounds; NIC_FAULT: translation not present,
 * access->missing tells where; NIC_LOCAL_ACCESS: the same without access->missing or after its fault has failed;
 * NIC_REMOTE_OP: the bus answered with an error.
 */
enum nic_status nic_mkey_access(struct nic *nic, const struct nic_access *access,
				fab_dma_piece_fn fn, void *ctx);
/*
 * The same in two steps, for an access in parts: after nic_mkey_open() nothing is checked, so the key must stay as it is,
 * which it does within one item of the loop's work: commands and work requests are others.
 * off and len are within the access; fn sees the pieces with off counted from 0 of the part.
 */
struct nic_range {
	const struct nic_mkey *mkey; /* NULL: no bytes */
	uint64_t va;
	struct fab_dma req;
};
enum nic_status nic_mkey_open(struct nic *nic, const struct nic_access *access,
			      struct nic_range *range);
enum nic_status nic_range_move(const struct nic_range *range, uint32_t off, uint32_t len,
			       fab_dma_piece_fn fn, void *ctx);
/* As fab_dma_gather() */
enum nic_status nic_range_gather(const struct nic_range *range, uint32_t off, uint32_t len,
				 struct fab_bytes *bytes, uint32_t max, uint32_t *count,
				 uint32_t *done);
/* The checks of nic_mkey_access() alone: must pass for the whole range before the first byte moves. */
enum nic_status nic_mkey_check(struct nic *nic, const struct nic_access *access);
struct nic_mkey *nic_mkey_get(struct nic *nic,
			      uint32_t key); /* number and variant match, else NULL */
void nic_mkey_free(struct nic *nic, struct nic_mkey *mkey);
bool nic_mkey_valid(const struct nic_mkey *mkey); /* page size and bounds make sense, or the key is free */
/* Translation entries of a key, all not present. -ENOSPC: over the NIC's limit. */
int nic_mkey_alloc_mtt(struct nic *nic, struct nic_mkey *mkey, uint32_t entries);

#endif
