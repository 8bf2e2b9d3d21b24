// SPDX-License-Identifier: MIT
/*
 * DMA: route, move, account.
 *
 * The cost of a request depends on the number of pieces, not of TLPs: TLPs are
 * counted by arithmetic and written out one by one only in a trace.
 */
#include <errno.h>
#include <string.h>

#include "fabric/core/dma.h"
#include "fabric/core/fabric.h"
#include "fabric/core/mem.h"

/* Destination of a part of the request. target NULL: guest memory at host. */
struct piece {
	struct fab_device *target;
	unsigned int bar;
	uint64_t bar_off;
	uint8_t *host;		       /* NULL: trapped part of a BAR */
	uint64_t run;		       /* bytes from here on */
	const struct fab_range *range; /* of the last piece in guest memory: the next is there as a rule */
};

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint32_t min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void resolve_bar(struct piece *piece)
{
	const struct fab_bar *bar = &piece->target->bar[piece->bar];
	uint64_t off = piece->bar_off;

	if (off >= bar->map_offset && off - bar->map_offset < bar->map_size) {
		piece->host = (uint8_t *)bar->host + (off - bar->map_offset);
		piece->run = bar->map_size - (off - bar->map_offset);
	} else {
		piece->host = NULL;
		piece->run =
			(off < bar->map_offset && bar->map_size ? bar->map_offset : bar->size) - off;
	}
}

/* The guest memory with an address. range: where the last one was, or NULL */
static const struct fab_range *find_memory(const struct fab_dma *req, uint64_t addr,
					   const struct fab_range *range)
{
	if (range && fab_range_has(range, addr))
		return range;
	return fab_mem_range(req->dev->mem, addr, req->write ? FAB_MEM_WRITE : FAB_MEM_READ);
}

static inline bool resolve(const struct fab_dma *req, uint64_t addr, struct piece *piece)
{
	const struct fab_range *range;

	piece->target = fab_fabric_route(req->dev->fabric, addr, &piece->bar, &piece->bar_off);
	if (piece->target == req->dev)
		return false; /* a switch does not route a request back to its ingress port */
	if (piece->target) {
		resolve_bar(piece);
		return true;
	}
	range = find_memory(req, addr, piece->range);
	piece->range = range;
	if (!range)
		return false;
	piece->host = (uint8_t *)range->host + (addr - range->iova);
	piece->run = range->size - (addr - range->iova);
	return true;
}

/* Trapped registers are accessed as a CPU would: naturally aligned, 8 bytes at most. */
static void move_registers(const struct fab_dma *req, const struct piece *piece, uint32_t off,
			   uint32_t len, fab_dma_piece_fn fn, void *ctx)
{
	const struct fab_device_ops *ops = piece->target->ops;
	uint64_t at = piece->bar_off, end = at + len;
	uint8_t data[8];
	uint32_t step;

	for (; at < end; at += step, off += step) {
		step = at & 7 ? 1u << __builtin_ctzll(at) : 8;
		while (step > end - at)
			step /= 2;
		if (req->write) {
			memset(data, 0, sizeof(data));
			fn(ctx, data, off, step);
			ops->bar_write(piece->target, piece->bar, at, data, step);
		} else {
			memset(data, 0, sizeof(data));
			ops->bar_read(piece->target, piece->bar, at, data, step);
			fn(ctx, data, off, step);
		}
	}
}

/* TLPs to one target that are not recorded yet. count 0: none */
struct record {
	struct fab_tlp_run run;
	struct fab_device *target;
	unsigned int bar;
};

static void flush(const struct fab_dma *req, struct record *record)
{
	const struct fab_tlp_run *run = &record->run;
	struct fab_sent *sent = &req->dev->sent[run->origin];

	if (!run->count)
		return;
	sent->tlps += run->count;
	sent->bytes += run->len;
	if (run->tph.th)
		sent->tagged += run->count;
	fab_tally_add(record->target ? &record->target->bar[record->bar].tally :
				       &req->dev->to_memory,
		      run);
	if (req->dev->fabric->trace)
		fab_trace(req->dev->fabric, run, record->target, record->bar);
	if (record->target && record->target->ops->tlps_received)
		record->target->ops->tlps_received(record->target, record->bar, run);
	record->run.count = 0;
}

/* Those who see addresses get each piece by itself. */
static bool may_wait(const struct fab_dma *req, const struct fab_device *target)
{
	return !req->dev->fabric->trace && !(target && target->ops->tlps_received);
}

/* count TLPs of len bytes in all, the first at addr: recorded apart from those before */
static void begin_run(const struct fab_dma *req, struct fab_device *target, unsigned int bar,
		      uint64_t addr, uint32_t len, uint32_t count, struct record *record)
{
	struct fab_tlp_run *run = &record->run;

	flush(req, record);
	run->addr = addr;
	run->len = len;
	run->count = count;
	record->target = target;
	record->bar = bar;
	if (!may_wait(req, target))
		flush(req, record);
}

/* The same, together with those before if they went to the same target */
static void account(const struct fab_dma *req, struct fab_device *target, unsigned int bar,
		    uint64_t addr, uint32_t len, uint32_t count, struct record *record)
{
	struct fab_tlp_run *run = &record->run;

	if (run->count && target == record->target && bar == record->bar) {
		run->count += count;
		run->len += len;
		return;
	}
	begin_run(req, target, bar, addr, len, count, record);
}

static void init_record(const struct fab_dma *req, struct record *record)
{
	struct fab_tlp_run *run = &record->run;

	run->kind = req->write ? FAB_TLP_MWR : FAB_TLP_MRD;
	run->origin = req->origin;
	run->requester = req->dev;
	run->max_payload = req->write ? req->dev->max_payload : req->dev->max_read_request;
	run->tph = req->tph;
	run->count = 0;
}

/* The piece at byte off of a range, and its length in the range */
static int next_piece(const struct fab_dma *req, uint64_t addr, uint32_t len, uint32_t off,
		      struct piece *piece, uint32_t *n)
{
	if (addr + off < addr || !resolve(req, addr + off, piece)) {
		req->dev->errors_unsupported++;
		return -EFAULT;
	}
	*n = (uint32_t)min64(len - off, piece->run);
	return 0;
}

/* base: offset of the range in the data */
static int move(const struct fab_dma *req, uint64_t addr, uint32_t len, uint32_t base,
		struct record *record, fab_dma_piece_fn fn, void *ctx)
{
	struct piece piece = { .range = NULL };
	uint32_t off, n;
	int ret;

	for (off = 0; off < len; off += n) {
		ret = next_piece(req, addr, len, off, &piece, &n);
		if (ret)
			return ret;
		if (piece.host)
			fn(ctx, piece.host, base + off, n);
		else
			move_registers(req, &piece, base + off, n, fn, ctx);
		account(req, piece.target, piece.bar, addr + off, n,
			fab_tlp_count(addr + off, n, record->run.max_payload), record);
	}
	return 0;
}

static int check_master(const struct fab_dma *req)
{
	if (req->dev->master)
		return 0;
	req->dev->errors_no_master++;
	return -EACCES;
}

int fab_dma(const struct fab_dma *req, fab_dma_piece_fn fn, void *ctx)
{
	struct record record;
	int ret = check_master(req);

	if (ret)
		return ret;
	init_record(req, &record);
	ret = move(req, req->addr, req->len, 0, &record, fn, ctx);
	flush(req, &record);
	return ret;
}

int fab_dma_spans(const struct fab_dma *req, const struct fab_span *span, uint32_t n, uint32_t base,
		  fab_dma_piece_fn fn, void *ctx)
{
	struct record record;
	uint32_t i;
	int ret = check_master(req);

	if (ret)
		return ret;
	init_record(req, &record);
	for (i = 0; i < n && !ret; i++) {
		ret = move(req, span[i].addr, span[i].len, base, &record, fn, ctx);
		base += span[i].len;
	}
	flush(req, &record);
	return ret;
}

/* What fab_dma_gather() has collected, and room for more */
struct gather {
	struct fab_bytes *bytes;
	uint32_t max, count, done;
	bool over;		       /* registers come next, or there is no room */
	const struct fab_range *range; /* as in struct piece */
	struct record record;
};

/* One span, of any kind and in any number of pieces */
static int gather_span(const struct fab_dma *req, const struct fab_span *span, struct gather *gather)
{
	struct piece piece = { .range = gather->range };
	uint32_t off, n;
	int ret;

	for (off = 0; off < span->len; off += n) {
		gather->over = gather->count == gather->max;
		if (gather->over)
			return 0;
		ret = next_piece(req, span->addr, span->len, off, &piece, &n);
		if (ret)
			return ret;
		gather->over = !piece.host;
		if (gather->over)
			return 0;
		gather->bytes[gather->count++] = (struct fab_bytes){ piece.host, n };
		gather->done += n;
		begin_run(req, piece.target, piece.bar, span->addr + off, n,
			  fab_tlp_count(span->addr + off, n, gather->record.run.max_payload),
			  &gather->record);
	}
	gather->range = piece.range;
	return 0;
}

/*
 * The first of n spans and those behind it that lie in the same range of guest memory: one look-up, and one account for
 * all. Returns their number; 0 if a BAR has a part of that range, or if there is a trace.
 */
static uint32_t gather_memory(const struct fab_dma *req, const struct fab_span *span, uint32_t n,
			      struct gather *gather)
{
	const struct fab_range *range = find_memory(req, span->addr, gather->range);
	const uint32_t max_payload = gather->record.run.max_payload;
	struct fab_bytes *bytes = gather->bytes + gather->count;
	uint32_t i, len = 0, tlps = 0;

	if (!range || !may_wait(req, NULL) ||
	    fab_fabric_claims(req->dev->fabric, range->iova, range->size))
		return 0;
	for (i = 0; i < n; i++) {
		const uint64_t off = span[i].addr - range->iova; /* huge if it is below */

		if (off >= range->size || span[i].len > range->size - off)
			break;
		bytes[i] = (struct fab_bytes){ (uint8_t *)range->host + off, span[i].len };
		tlps += fab_tlp_count(span[i].addr, span[i].len, max_payload);
		len += span[i].len;
	}
	if (i)
		account(req, NULL, 0, span->addr, len, tlps, &gather->record);
	gather->count += i;
	gather->done += len;
	gather->range = range;
	return i;
}

int fab_dma_gather(const struct fab_dma *req, const struct fab_span *span, uint32_t n,
		   struct fab_bytes *bytes, uint32_t max, uint32_t *count, uint32_t *done)
{
	struct gather gather;
	uint32_t i = 0, known;
	int ret = check_master(req);

	*count = *done = 0;
	if (ret)
		return ret;
	gather.bytes = bytes;
	gather.max = max;
	gather.count = gather.done = 0;
	gather.over = false;
	gather.range = NULL;
	init_record(req, &gather.record);
	while (i < n && !ret && !gather.over) {
		known = gather_memory(req, &span[i], min32(n - i, max - gather.count), &gather);
		i += known;
		if (!known)
			ret = gather_span(req, &span[i++], &gather);
	}
	flush(req, &gather.record);
	*count = gather.count;
	*done = gather.done;
	return ret;
}

void fab_dma_copy_in(void *ctx, void *host, uint32_t off, uint32_t len)
{
	memcpy((uint8_t *)ctx + off, host, len);
}

void fab_dma_copy_out(void *ctx, void *host, uint32_t off, uint32_t len)
{
	memcpy(host, (const uint8_t *)ctx + off, len);
}

int fab_dma_read(struct fab_device *dev, enum fab_origin origin, uint64_t addr, void *buf,
		 uint32_t len)
{
	struct fab_dma req = {
		.dev = dev, .write = false, .origin = origin, .addr = addr, .len = len
	};

	return fab_dma(&req, fab_dma_copy_in, buf);
}

int fab_dma_write(struct fab_device *dev, enum fab_origin origin, uint64_t addr, const void *buf,
		  uint32_t len)
{
	struct fab_dma req = { .dev = dev, .write = true, .origin = origin, .addr = addr, .len = len };

	return fab_dma(&req, fab_dma_copy_out, (void *)buf);
}
