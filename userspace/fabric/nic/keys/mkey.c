// SPDX-License-Identifier: MIT
/*
 * Memory keys: the only way to payload memory.
 *
 * A key is index << 8 | variant. Mode PA: addresses are bus addresses. Mode
 * MTT: a table of pages of one size; the region may begin inside the first of
 * them. An entry holds a bus address and presence bits for reads and writes; 0
 * is not present: the access fails, or its work request waits for a page fault.
 *
 * A range is checked completely (key, bounds, presence) before its first byte
 * moves. All requests of an access carry the key's hint.
 */
#include <errno.h>
#include <stdlib.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/status.h"

#define MIN_PAGE_SHIFT 12
#define MAX_PAGE_SHIFT 51
#define SPANS	       64u /* translated at a time */

struct nic_mkey *nic_mkey_get(struct nic *nic, uint32_t key)
{
	struct nic_mkey *mkey = nic_ids_find(&nic->mkeys, key >> 8);

	return mkey && mkey->variant == (key & 0xff) ? mkey : NULL;
}

int nic_mkey_alloc_mtt(struct nic *nic, struct nic_mkey *mkey, uint32_t entries)
{
	if (entries > NIC_MAX_MTT - nic->mtt_entries)
		return -ENOSPC;
	mkey->mtt = calloc(entries ? entries : 1, sizeof(*mkey->mtt));
	if (!mkey->mtt)
		return -ENOMEM;
	mkey->mtts = entries;
	nic->mtt_entries += entries;
	return 0;
}

void nic_mkey_free(struct nic *nic, struct nic_mkey *mkey)
{
	nic->mtt_entries -= mkey->mtts;
	free(mkey->mtt);
	free(mkey);
}

bool nic_mkey_valid(const struct nic_mkey *mkey)
{
	uint64_t last;

	if (mkey->free || mkey->mode == MLX5_MKC_ACCESS_MODE_PA)
		return true;
	if (mkey->page_shift < MIN_PAGE_SHIFT || mkey->page_shift > MAX_PAGE_SHIFT)
		return false;
	/* A region may end with the last address there is, so its last byte counts, not its end. */
	return mkey->length64 || !mkey->len ||
	       !__builtin_add_overflow(mkey->start, mkey->len - 1, &last);
}

/* Offset of va from the start of the first page. */
static bool mtt_offset(const struct nic_mkey *mkey, uint64_t va, uint64_t *off)
{
	uint64_t first = mkey->start & ((1ull << mkey->page_shift) - 1);

	return !__builtin_add_overflow(va - mkey->start, first, off);
}

static bool in_bounds(const struct nic_mkey *mkey, uint64_t va, uint32_t len)
{
	uint64_t last;

	if (__builtin_add_overflow(va, (uint64_t)len - 1, &last))
		return false;
	if (mkey->length64)
		return true;
	return va >= mkey->start && len <= mkey->len && va - mkey->start <= mkey->len - len;
}

/* True if the page fault that this access waited for ended in error */
static bool fault_failed(const struct nic *nic, const struct nic_access *access)
{
	const struct nic_missing *missing = access->missing;

	return missing && missing->failed && missing->nic == nic && missing->key == access->key &&
	       missing->write == access->write && missing->va - access->va < access->len;
}

static enum nic_status absent(struct nic *nic, const struct nic_access *access, uint64_t skip)
{
	struct nic_missing *missing = access->missing;

	nic->page_faults++;
	if (!missing || missing->failed)
		return NIC_LOCAL_ACCESS;
	*missing = (struct nic_missing){ .nic = nic,
					 .key = access->key,
					 .write = access->write,
					 .va = access->va + skip,
					 .len = (uint32_t)(access->len - skip) };
	return NIC_FAULT;
}

static bool all_present(const uint64_t *entry, uint64_t count, uint64_t need)
{
	uint64_t all = need, i;

	for (i = 0; i < count; i++)
		all &= entry[i];
	return all == need;
}

static enum nic_status check_present(struct nic *nic, const struct nic_mkey *mkey,
				     const struct nic_access *access)
{
	uint64_t need = access->write ? NIC_MTT_WRITE : NIC_MTT_READ, off, index, last;

	if (!mtt_offset(mkey, access->va, &off) ||
	    __builtin_add_overflow(off, (uint64_t)access->len - 1, &last))
		return NIC_LOCAL_PROT;
	last >>= mkey->page_shift;
	if (last >= mkey->mtts)
		return NIC_LOCAL_PROT;
	if (fault_failed(nic, access))
		return NIC_LOCAL_ACCESS;
	index = off >> mkey->page_shift;
	if (all_present(&mkey->mtt[index], last - index + 1, need))
		return NIC_OK;
	for (; index <= last; index++) {
		uint64_t page = index << mkey->page_shift;

		if (!(mkey->mtt[index] & need))
			return absent(nic, access, page > off ? page - off : 0);
	}
	return NIC_OK;
}

static enum nic_status check(struct nic *nic, const struct nic_access *access,
			     const struct nic_mkey **found)
{
	const struct nic_mkey *mkey;

	if (!access->len && !access->need)
		return NIC_OK;
	mkey = nic_mkey_get(nic, access->key);
	if (!mkey || mkey->free || mkey->pd != access->pd ||
	    (mkey->access & access->need) != access->need)
		return NIC_LOCAL_PROT;
	*found = mkey;
	if (!access->len)
		return NIC_OK;
	if (!in_bounds(mkey, access->va, access->len))
		return NIC_LOCAL_PROT;
	if (mkey->mode == MLX5_MKC_ACCESS_MODE_PA)
		return NIC_OK;
	return check_present(nic, mkey, access);
}

enum nic_status nic_mkey_check(struct nic *nic, const struct nic_access *access)
{
	const struct nic_mkey *mkey;

	return check(nic, access, &mkey);
}

/* Entries of the table from byte off of it; those that follow each other in memory are one span. */
static uint32_t mtt_spans(const struct nic_mkey *mkey, uint64_t off, uint32_t len,
			  struct fab_span *span, uint32_t *taken)
{
	const uint64_t page = 1ull << mkey->page_shift;
	const uint64_t *entry = &mkey->mtt[off >> mkey->page_shift];
	uint64_t skip = off & (page - 1);
	uint32_t left = len, n;

	for (n = 0; n < SPANS && left; n++) {
		const uint64_t addr = (*entry++ & -page) + skip;
		uint64_t bytes = page - skip;

		for (; bytes < left && (*entry & -page) == addr + bytes; entry++)
			bytes += page;
		if (bytes > left)
			bytes = left;
		span[n] = (struct fab_span){ addr, (uint32_t)bytes };
		left -= (uint32_t)bytes;
		skip = 0;
	}
	*taken = len - left;
	return n;
}

/* Bus addresses of part [off, off + len) of a range, or of the first *taken bytes of it; returns the number of spans. */
static uint32_t range_spans(const struct nic_range *range, uint32_t off, uint32_t len,
			    struct fab_span *span, uint32_t *taken)
{
	uint64_t at = range->va + off;

	if (range->mkey->mode != MLX5_MKC_ACCESS_MODE_PA) {
		mtt_offset(range->mkey, at, &at);
		return mtt_spans(range->mkey, at, len, span, taken);
	}
	*span = (struct fab_span){ at, len };
	*taken = len;
	return 1;
}

enum nic_status nic_mkey_open(struct nic *nic, const struct nic_access *access,
			      struct nic_range *range)
{
	const struct nic_mkey *mkey = NULL;
	enum nic_status status = check(nic, access, &mkey);

	if (status != NIC_OK)
		return status;
	*range = (struct nic_range){
		.mkey = access->len ? mkey : NULL,
		.va = access->va,
		.req = { .dev = &nic->dev, .write = access->write, .origin = access->origin }
	};
	if (range->mkey && mkey->tph_en)
		range->req.tph = fab_cfg_tph(&nic->dev, mkey->tph_ph, mkey->tph_index);
	return NIC_OK;
}

enum nic_status nic_range_move(const struct nic_range *range, uint32_t off, uint32_t len,
			       fab_dma_piece_fn fn, void *ctx)
{
	struct fab_span span[SPANS];
	uint32_t done, taken, n;

	if (!range->mkey)
		return NIC_OK;
	for (done = 0; done < len; done += taken) {
		n = range_spans(range, off + done, len - done, span, &taken);
		if (fab_dma_spans(&range->req, span, n, done, fn, ctx))
			return NIC_REMOTE_OP;
	}
	return NIC_OK;
}

enum nic_status nic_range_gather(const struct nic_range *range, uint32_t off, uint32_t len,
				 struct fab_bytes *bytes, uint32_t max, uint32_t *count,
				 uint32_t *done)
{
	struct fab_span span[SPANS];
	uint32_t taken, n = range_spans(range, off, len, span, &taken);

	return fab_dma_gather(&range->req, span, n, bytes, max, count, done) ? NIC_REMOTE_OP :
									       NIC_OK;
}

enum nic_status nic_mkey_access(struct nic *nic, const struct nic_access *access,
				fab_dma_piece_fn fn, void *ctx)
{
	struct nic_range range;
	enum nic_status status = nic_mkey_open(nic, access, &range);

	return status == NIC_OK ? nic_range_move(&range, 0, access->len, fn, ctx) : status;
}
