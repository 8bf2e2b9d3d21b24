// SPDX-License-Identifier: MIT
/* Addresses that stand for bytes of buffers: registry.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/registry.h"

static int check(struct tphbuf_registry *reg, uint64_t addr, uint64_t length,
		 const struct tphbuf_buffer *buf, uint64_t offset)
{
	size_t place = range_place(reg, addr);
	const struct addr_range *below, *above;

	if (!length || addr + length - 1 < addr || offset >= buf->length ||
	    length > buf->length - offset)
		return fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			    "0x%" PRIx64 "+0x%" PRIx64 " is empty, wraps, or is longer than the buffer from 0x%" PRIx64 "; use a smaller length",
			    addr, length, offset);
	below = place ? &reg->range[place - 1] : NULL;
	above = place < reg->nr_ranges ? &reg->range[place] : NULL;
	if ((below && addr - below->addr < below->length) ||
	    (above && above->addr - addr < length))
		return fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -EEXIST,
			    "0x%" PRIx64 "+0x%" PRIx64 " overlaps a range that is there; remove that first",
			    addr, length);
	return 0;
}

/* New arrays, so that readers are kept out only for the exchange. */
static int insert(struct tphbuf_registry *reg, const struct addr_range *range)
{
	size_t place = range_place(reg, range->addr), n = reg->nr_ranges, i;
	struct addr_range *array, *old = reg->range;
	uint64_t *addr, *old_addr = reg->range_addr;

	array = malloc((n + 1) * sizeof(*array));
	addr = malloc((n + 1) * sizeof(*addr));
	if (!array || !addr) {
		free(array);
		free(addr);
		return fail_nomem(reg->ctx, TPHBUF_STAGE_REGISTER);
	}
	for (i = 0; i <= n; i++) {
		array[i] = i == place ? *range : old[i - (i > place)];
		addr[i] = array[i].addr;
	}
	write_lock(reg);
	reg->range = array;
	reg->range_addr = addr;
	reg->nr_ranges = n + 1;
	write_unlock(reg);
	free(old);
	free(old_addr);
	return 0;
}

int tphbuf_registry_add_range(struct tphbuf_registry *reg, uint64_t addr,
			      uint64_t length, struct tphbuf_buffer *buf,
			      uint64_t offset)
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
			fail_errno(reg->ctx, TPHBUF_STAGE_IMPORT, ret,
				   "descriptor %d", buf->fd);
	}
	if (!ret)
		ret = known_get(reg, &identity, buf->fd, buf->dev,
				buf->ctx->clock, &range.known);
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
	struct known *known;
	size_t place;
	int ret = 0;

	if (!reg)
		return -EINVAL;
	pthread_mutex_lock(&reg->mutex);
	place = range_place(reg, addr);
	if (!place || reg->range[place - 1].addr != addr) {
		ret = fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -ENOENT,
			   "no range starts at 0x%" PRIx64 "; give the address it was added with",
			   addr);
		goto out;
	}
	known = reg->range[place - 1].known;
	write_lock(reg);
	memmove(&reg->range[place - 1], &reg->range[place],
		(reg->nr_ranges - place) * sizeof(*reg->range));
	memmove(&reg->range_addr[place - 1], &reg->range_addr[place],
		(reg->nr_ranges - place) * sizeof(*reg->range_addr));
	reg->nr_ranges--;
	write_unlock(reg);
	known_put(reg, known);
out:
	pthread_mutex_unlock(&reg->mutex);
	return ret;
}
