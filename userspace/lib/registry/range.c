// SPDX-License-Identifier: MIT
/* Addresses that stand for bytes of buffers: registry.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/registry/registry.h"

static int check(struct tphbuf_registry *reg, uint64_t addr, uint64_t length,
		 const struct tphbuf_buffer *buf, uint64_t offset)
{
	const struct addr_index *index = &reg->index;
	size_t place = index_place(index, addr);
	const struct addr_range *below, *above;

	if (!length || addr + length - 1 < addr || offset >= buf->length ||
	    length > buf->length - offset)
		return ctx_fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"0x%" PRIx64 "+0x%" PRIx64
				" is empty, wraps, or is longer than the buffer from 0x%" PRIx64
				"; use a smaller length",
				addr, length, offset);
	below = place ? &index->range[place - 1] : NULL;
	above = place < index->nr ? &index->range[place] : NULL;
	if ((below && addr - below->addr < below->length) || (above && above->addr - addr < length))
		return ctx_fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -EEXIST,
				"0x%" PRIx64 "+0x%" PRIx64
				" overlaps a range that is there; remove that first",
				addr, length);
	return 0;
}

/* A new index, so that readers are kept out only for the exchange. */
static int insert(struct tphbuf_registry *reg, const struct addr_range *range)
{
	struct addr_index index, old = reg->index;
	size_t place = index_place(&old, range->addr);

	if (index_alloc(&index, old.nr + 1))
		return ctx_fail_nomem(reg->ctx, TPHBUF_STAGE_REGISTER);
	if (place)
		memcpy(index.range, old.range, place * sizeof(*range));
	index.range[place] = *range;
	if (place < old.nr)
		memcpy(&index.range[place + 1], &old.range[place],
		       (old.nr - place) * sizeof(*range));
	write_lock(reg);
	reg->index = index;
	write_unlock(reg);
	index_free(&old);
	return 0;
}

int tphbuf_registry_add_range(struct tphbuf_registry *reg, uint64_t addr, uint64_t length,
			      struct tphbuf_buffer *buf, uint64_t offset)
{
	struct addr_range range = { addr, length, offset, NULL };
	struct tphbuf_identity identity;
	int ret;

	if (!reg || !buf)
		return -EINVAL;
	pthread_mutex_lock(&reg->mutex);
	ret = check(reg, addr, length, buf, offset);
	if (!ret) {
		ret = buffer_identity(buf, &identity);
		if (ret)
			ctx_fail_errno(reg->ctx, TPHBUF_STAGE_IMPORT, ret, "descriptor %d", buf->fd);
	}
	if (!ret)
		ret = known_get(reg, &identity, buf->fd, buf->dev, buf->ctx->clock, &range.known);
	if (!ret) {
		ret = insert(reg, &range);
		if (ret)
			known_put(reg, range.known);
	}
	pthread_mutex_unlock(&reg->mutex);
	return ret;
}

int tphbuf_registry_remove_range(struct tphbuf_registry *reg, uint64_t addr)
{
	struct addr_index *index;
	struct known *known;
	size_t place;
	int ret = 0;

	if (!reg)
		return -EINVAL;
	index = &reg->index;
	pthread_mutex_lock(&reg->mutex);
	place = index_place(index, addr);
	if (!place || index->range[place - 1].addr != addr) {
		ret = ctx_fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -ENOENT,
			       "no range starts at 0x%" PRIx64
			       "; give the address it was added with",
			       addr);
		goto out;
	}
	known = index->range[place - 1].known;
	write_lock(reg);
	memmove(&index->range[place - 1], &index->range[place],
		(index->nr - place) * sizeof(*index->range));
	index->nr--;
	write_unlock(reg);
	known_put(reg, known);
out:
	pthread_mutex_unlock(&reg->mutex);
	return ret;
}
