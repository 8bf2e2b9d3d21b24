// SPDX-License-Identifier: MIT
/*
 * Bytes from one gather list to another with a single copy. The pieces of the
 * source, which are single pages as a rule, are collected; then the destination
 * is accessed, and the copy happens inside that access. A source of registers is
 * read piece by piece. Both ends are checked again for each part of a long
 * message, and the TLPs of both carry their own key's hint.
 */
#include <string.h>

#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/rc/transfer.h"
#include "fabric/nic/status.h"

/* Position in a side's list. */
struct cursor {
	const struct nic_side *side;
	uint32_t index;
	uint32_t off; /* in sge[index] */
};

#define PIECES	       64u

#define LINE_BYTES     64u /* of the cache */
#define PREFETCH_BYTES (8u * LINE_BYTES)

/* One range that is contiguous by address on both sides. */
struct copy {
	struct nic_range to;
	struct fab_bytes piece[PIECES]; /* of the source */
	uint32_t count;
	const struct fab_bytes *next; /* piece of the next byte */
	uint32_t skip;		      /* bytes of it that are done */
	uint32_t base;		      /* offset of the part that is read piece by piece */
	enum nic_status to_status;
};

/* The prefetcher of a processor stops at the end of a page, so the first lines of the next pages are asked for here. */
static void prefetch(const uint8_t *from, const uint8_t *to)
{
	for (uint32_t off = 0; off < PREFETCH_BYTES; off += LINE_BYTES) {
		__builtin_prefetch(from + off);
		__builtin_prefetch(to + off, 1);
	}
}

static void put_pieces(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct copy *copy = ctx;
	const struct fab_bytes *from = copy->next, *last = &copy->piece[copy->count - 1];
	uint32_t skip = copy->skip, n;
	uint8_t *to = host;

	(void)off; /* the calls follow each other */
	for (; len; to += n, len -= n) {
		n = from->len - skip < len ? from->len - skip : len;
		if (from != last)
			prefetch(from[1].host, to + n);
		/* Both keys may name the same memory. */
		memmove(to, from->host + skip, n);
		skip += n;
		if (skip == from->len) {
			from++;
			skip = 0;
		}
	}
	copy->next = from;
	copy->skip = skip;
}

/* The collected pieces to byte off of the destination */
static void put(struct copy *copy, uint32_t off, uint32_t len)
{
	copy->next = copy->piece;
	copy->skip = 0;
	copy->to_status = nic_range_move(&copy->to, off, len, put_pieces, copy);
}

/* Of a source of registers */
static void take_piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct copy *copy = ctx;

	if (copy->to_status != NIC_OK)
		return;
	copy->piece[0] = (struct fab_bytes){ host, len };
	copy->count = 1;
	put(copy, copy->base + off, len);
}

static enum nic_status move(const struct nic_range *from, struct copy *copy, uint32_t len)
{
	enum nic_status status = NIC_OK;
	uint32_t off, done;

	for (off = 0; off < len && status == NIC_OK && copy->to_status == NIC_OK; off += done) {
		status = nic_range_gather(from, off, len - off, copy->piece, PIECES, &copy->count,
					  &done);
		if (done)
			put(copy, off, done);
		if (status != NIC_OK || done)
			continue;
		copy->base = off;
		done = len - off;
		status = nic_range_move(from, off, done, take_piece, copy);
	}
	return status;
}

static bool cursor_left(struct cursor *cursor, uint32_t *left)
{
	const struct nic_side *side = cursor->side;

	if (side->host) {
		*left = UINT32_MAX - cursor->off;
		return true;
	}
	while (cursor->index < side->nsge && cursor->off >= side->sge[cursor->index].len) {
		cursor->off -= side->sge[cursor->index].len;
		cursor->index++;
	}
	if (cursor->index == side->nsge)
		return false;
	*left = side->sge[cursor->index].len - cursor->off;
	return true;
}

static struct nic_access cursor_access(const struct cursor *cursor, uint32_t len, bool write)
{
	const struct nic_sge *sge = &cursor->side->sge[cursor->index];

	return (struct nic_access){ .key = sge->lkey,
				    .pd = cursor->side->pd,
				    .need = cursor->side->need,
				    .write = write,
				    .va = sge->addr + cursor->off,
				    .len = len,
				    .missing = cursor->side->missing };
}

/* Where the bytes are if they are in this process, else NULL */
static const uint8_t *cursor_host(const struct cursor *cursor)
{
	const struct nic_side *side = cursor->side;

	if (side->host)
		return side->host + cursor->off;
	return side->sge[cursor->index].host ? side->sge[cursor->index].host + cursor->off : NULL;
}

static enum nic_status copy_range(const struct cursor *from, const struct cursor *to, uint32_t len,
				  const struct nic_side **blame)
{
	const struct nic_access target = cursor_access(to, len, true);
	const uint8_t *host = cursor_host(from);
	struct nic_range source = { .mkey = NULL };
	enum nic_status status = NIC_OK;
	struct copy copy;

	*blame = from->side;
	if (!host) {
		const struct nic_access access = cursor_access(from, len, false);

		status = nic_mkey_open(from->side->nic, &access, &source);
	}
	if (status != NIC_OK)
		return status;
	copy.to_status = nic_mkey_open(to->side->nic, &target, &copy.to);
	if (host && copy.to_status == NIC_OK) {
		copy.piece[0] = (struct fab_bytes){ (uint8_t *)host, len };
		copy.count = 1;
		put(&copy, 0, len);
	} else if (copy.to_status == NIC_OK) {
		status = move(&source, &copy, len);
	}
	if (copy.to_status != NIC_OK)
		*blame = to->side;
	return copy.to_status != NIC_OK ? copy.to_status : status;
}

enum nic_status nic_transfer(const struct nic_side *from, const struct nic_side *to, uint32_t skip,
			     uint32_t len, const struct nic_side **blame)
{
	struct cursor source = { .side = from, .off = skip }, target = { .side = to, .off = skip };
	uint32_t source_left, target_left, n;
	enum nic_status status;

	while (len && cursor_left(&source, &source_left) && cursor_left(&target, &target_left)) {
		n = source_left < target_left ? source_left : target_left;
		if (n > len)
			n = len;
		status = copy_range(&source, &target, n, blame);
		if (status != NIC_OK)
			return status;
		source.off += n;
		target.off += n;
		len -= n;
	}
	return NIC_OK;
}

enum nic_status nic_side_check(const struct nic_side *side, uint32_t len)
{
	uint32_t i;

	if (side->host)
		return NIC_OK;
	for (i = 0; i < side->nsge && len; i++) {
		const struct nic_sge *sge = &side->sge[i];
		struct nic_access access = {
			.key = sge->lkey,
			.pd = side->pd,
			.need = side->need,
			.va = sge->addr,
			.len = sge->len < len ? sge->len : len,
			.write = side->need &
				 (NIC_LOCAL_WRITE | NIC_REMOTE_WRITE | NIC_REMOTE_ATOMIC),
			.missing = side->missing,
		};
		enum nic_status status = sge->host ? NIC_OK : nic_mkey_check(side->nic, &access);

		if (status != NIC_OK)
			return status;
		len -= access.len;
	}
	return len ? NIC_LOCAL_LENGTH : NIC_OK;
}
