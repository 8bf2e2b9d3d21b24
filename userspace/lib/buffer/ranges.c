// SPDX-License-Identifier: MIT
/*
 * BAR ranges: reading them from text, and checking them before the kernel
 * does, because its -EINVAL does not say which range is wrong, nor why.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/internal.h"
#include "util/number.h"

static const char *parse_size(const char *text, size_t len, uint64_t *value)
{
	unsigned int shift = 0;
	uint64_t number;
	int ret;

	if (len) {
		switch (text[len - 1]) {
		case 'G':
		case 'g':
			shift += 10;
			/* fall through */
		case 'M':
		case 'm':
			shift += 10;
			/* fall through */
		case 'K':
		case 'k':
			shift += 10;
			len--;
			break;
		default:
			break;
		}
	}
	ret = number_parse(text, len, &number);
	if (ret == -EINVAL)
		return "not a byte count; use decimal or 0x hexadecimal with an optional K, M or G";
	if (ret || number << shift >> shift != number)
		return "the byte count does not fit in 64 bits; use a smaller one";
	*value = number << shift;
	return NULL;
}

int tphbuf_size_parse(const char *text, uint64_t *value, const char **why)
{
	const char *reason = "text and size must not be NULL";

	if (text && value)
		reason = parse_size(text, strlen(text), value);
	if (reason && why)
		*why = reason;
	return reason ? -EINVAL : 0;
}

int tphbuf_range_parse(const char *text, struct tphbuf_range *range, const char **why)
{
	const char *reason = "text and range must not be NULL";
	struct tphbuf_range r;
	const char *plus;

	if (!text || !range)
		goto out;
	plus = strchr(text, '+');
	reason = "a range is OFFSET+LENGTH, for example 0x10000+64K";
	if (!plus)
		goto out;
	reason = parse_size(text, (size_t)(plus - text), &r.offset);
	if (!reason)
		reason = parse_size(plus + 1, strlen(plus + 1), &r.length);
	if (!reason)
		*range = r;
out:
	if (reason && why)
		*why = reason;
	return reason ? -EINVAL : 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct tphbuf_range *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Refuse @ranges, each of which fits the BAR, if two have a byte in common. */
static int check_overlap(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n)
{
	struct tphbuf_range *sorted;
	int ret = 0;
	size_t i;

	if (n == 1)
		return 0;
	sorted = malloc(n * sizeof(*sorted));
	if (!sorted)
		return ctx_fail_nomem(dev->ctx, TPHBUF_STAGE_EXPORT);
	memcpy(sorted, ranges, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_offset);
	for (i = 1; i < n && !ret; i++)
		if (sorted[i].offset - sorted[i - 1].offset < sorted[i - 1].length)
			ret = ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				       "%s BAR%u: the ranges 0x%" PRIx64 "+0x%" PRIx64
				       " and 0x%" PRIx64 "+0x%" PRIx64
				       " overlap; give each byte once",
				       dev->bdf, bar, sorted[i - 1].offset, sorted[i - 1].length,
				       sorted[i].offset, sorted[i].length);
	free(sorted);
	return ret;
}

static bool range_fits(const struct tphbuf_range *range, uint64_t in_page, uint64_t bar_size)
{
	return range->length && !((range->offset | range->length) & in_page) &&
	       range->offset < bar_size && range->length <= bar_size - range->offset;
}

/* Say what is wrong with a range that does not fit. */
static int range_failed(struct tphbuf_device *dev, unsigned int bar,
			const struct tphbuf_range *range)
{
	uint64_t in_page = dev->ctx->page_size - 1;
	uint64_t bar_size = dev->bar[bar].size;
	const char *reason;

	if (!range->length)
		reason = "is empty; give a length";
	else if (range->offset & in_page)
		reason = "does not start on a page; use a multiple of the page size as offset";
	else if (range->length & in_page)
		reason = "is not a whole number of pages; use a multiple of the page size as length";
	else if (range->offset + (range->length - 1) < range->offset)
		reason = "wraps around 64 bits; use a smaller offset or length";
	else if (range->offset >= bar_size)
		reason = "starts after the end of the BAR; use a smaller offset";
	else
		reason = "ends after the end of the BAR; use a smaller length";
	return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			"%s BAR%u (0x%" PRIx64 " bytes): the range 0x%" PRIx64 "+0x%" PRIx64 " %s",
			dev->bdf, bar, bar_size, range->offset, range->length, reason);
}

int ranges_check(struct tphbuf_device *dev, unsigned int bar, const struct tphbuf_range *ranges,
		 size_t n)
{
	size_t i;

	if (bar >= TPHBUF_NUM_BARS || !dev->bar[bar].size)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"%s has no BAR%u; see tphbuf info", dev->bdf, bar);
	if (!ranges || !n)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"%s BAR%u: no range; give at least one", dev->bdf, bar);
	if (n > TPHBUF_MAX_RANGES)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"%s BAR%u: %zu ranges are too many; give at most %u", dev->bdf, bar,
				n, TPHBUF_MAX_RANGES);
	for (i = 0; i < n; i++)
		if (!range_fits(&ranges[i], dev->ctx->page_size - 1, dev->bar[bar].size))
			return range_failed(dev, bar, &ranges[i]);
	return check_overlap(dev, bar, ranges, n);
}
