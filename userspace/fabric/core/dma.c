// SPDX-License-Identifier: MIT
/*
 * DMA: route, move, account.
 *
 * The cost of a request depends on the number of pieces, not of TLPs: TLPs are
 * counted by arithmetic and written out one by one only in a trace.
 */
#include <errno.h>
#include <string.h>

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/dma.h"
#include "fabric/core/fabric.h"
#include "fabric/core/mem.h"

/* Destination of a part of the request. target NULL: guest memory at host. */
struct piece {
	struct fab_device *target;
	unsigned int bar;
	uint64_t bar_off;
	uint8_t *host; /* NULL: trapped part of a BAR */
	uint64_t run;  /* bytes from here on */
};

static uint64_t min64(uint64_t a, uint64_t b)
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

static bool resolve(const struct fab_dma *req, uint64_t addr, struct piece *piece)
{
	piece->target = fab_fabric_route(req->dev->fabric, addr, &piece->bar, &piece->bar_off);
	if (piece->target == req->dev)
		return false; /* a switch does not route a request back to its ingress port */
	if (piece->target) {
		resolve_bar(piece);
		return true;
	}
	piece->host = fab_mem_at(req->dev->mem, addr, req->write ? FAB_MEM_WRITE : FAB_MEM_READ,
				 &piece->run);
	return piece->host != NULL;
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

static void account(const struct fab_dma *req, const struct piece *piece,
		    const struct fab_tlp_run *run)
{
	struct fab_sent *sent = &req->dev->sent[run->origin];

	sent->tlps += run->count;
	sent->bytes += run->len;
	if (run->tph.th)
		sent->tagged += run->count;
	fab_tally_add(piece->target ? &piece->target->bar[piece->bar].tally : &req->dev->to_memory,
		      run);
	if (req->dev->fabric->trace)
		fab_trace(req->dev->fabric, run, piece->target, piece->bar);
	if (piece->target && piece->target->ops->tlps_received)
		piece->target->ops->tlps_received(piece->target, piece->bar, run);
}

int fab_dma(const struct fab_dma *req, fab_dma_piece_fn fn, void *ctx)
{
	struct fab_tlp_run run = {
		.kind = req->write ? FAB_TLP_MWR : FAB_TLP_MRD,
		.origin = req->origin,
		.requester = req->dev,
		.max_payload = req->write ? fab_cfg_mps(req->dev) : fab_cfg_mrrs(req->dev),
		.tph = req->tph,
	};
	struct piece piece;
	uint32_t off = 0;

	if (!fab_device_bus_master(req->dev)) {
		req->dev->errors_no_master++;
		return -EACCES;
	}
	while (off < req->len) {
		run.addr = req->addr + off;
		if (run.addr < req->addr || !resolve(req, run.addr, &piece)) {
			req->dev->errors_unsupported++;
			return -EFAULT;
		}
		run.len = (uint32_t)min64(req->len - off, piece.run);
		run.count = fab_tlp_count(run.addr, run.len, run.max_payload);
		if (piece.host)
			fn(ctx, piece.host, off, run.len);
		else
			move_registers(req, &piece, off, run.len, fn, ctx);
		account(req, &piece, &run);
		off += run.len;
	}
	return 0;
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
