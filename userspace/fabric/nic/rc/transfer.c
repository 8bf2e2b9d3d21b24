// SPDX-License-Identifier: MIT
/*
 * Bytes from one gather list to another with a single copy: for every
 * contiguous piece of the source the destination is accessed, and the copy
 * happens inside that access. Both ends go through nic_mkey_access(), so both
 * are checked again for each part of a long message, and the TLPs of both carry
 * their own key's hint.
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

/* One range that is contiguous by address on both sides. */
struct copy {
	struct nic *to_nic;
	struct nic_access to;
	const uint8_t *from; /* the source piece in this process */
	enum nic_status to_status;
};

static void put_piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	const struct copy *copy = ctx;

	/* Both keys may name the same memory. */
	memmove(host, copy->from + off, len);
}

static void take_piece(void *ctx, void *host, uint32_t off, uint32_t len)
{
	struct copy *copy = ctx;
	struct nic_access to = copy->to;

	if (copy->to_status != NIC_OK)
		return;
	to.va += off;
	to.len = len;
	copy->from = host;
	copy->to_status = nic_mkey_access(copy->to_nic, &to, put_piece, copy);
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
	struct copy copy = { .to_nic = to->side->nic, .to = cursor_access(to, len, true) };
	enum nic_status status = NIC_OK;
	const uint8_t *host = cursor_host(from);

	if (host) {
		take_piece(&copy, (void *)host, 0, len);
	} else {
		struct nic_access access = cursor_access(from, len, false);

		status = nic_mkey_access(from->side->nic, &access, take_piece, &copy);
	}
	*blame = copy.to_status != NIC_OK ? to->side : from->side;
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
