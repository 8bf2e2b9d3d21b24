/* SPDX-License-Identifier: MIT */
/*
 * The only path from a device to memory. Checks Bus Master Enable, routes each address as a
 * switch does (BARs of functions of this fabric first,
 * guest memory after that, Unsupported Request otherwise), splits by
 * MPS or MRRS and 4 KiB, and records every TLP at the requester's trace and at the
 * completer.
 */
#ifndef FAB_DMA_H
#define FAB_DMA_H

#include "fabric/core/device.h"

struct fab_dma {
	struct fab_device *dev; /* requester */
	bool write;		/* MWr, else MRd */
	enum fab_origin origin;
	uint64_t addr; /* bus address */
	uint32_t len;
	struct fab_tph tph;
};

/*
 * Called once for each piece that is contiguous in this process: read from, or write to, exactly
 * host[0..len), which belongs to byte off of the request. host is valid during the call only.
 * TLPs are recorded after the piece, those of several pieces for one target together.
 */
typedef void (*fab_dma_piece_fn)(void *ctx, void *host, uint32_t off, uint32_t len);

/* Bus addresses that follow each other; len is not 0. */
struct fab_span {
	uint64_t addr;
	uint32_t len;
};

/* 0; -EACCES bus master off; -EFAULT Unsupported Request (pieces before it have been done). */
int fab_dma(const struct fab_dma *req, fab_dma_piece_fn fn, void *ctx);
/*
 * The same for n spans that follow each other in the data, not in memory: instead of addr and len of the request. base:
 * offset of the first byte, for fn.
 */
int fab_dma_spans(const struct fab_dma *req, const struct fab_span *span, uint32_t n, uint32_t base,
		  fab_dma_piece_fn fn, void *ctx);

/* Memory in this process */
struct fab_bytes {
	uint8_t *host;
	uint32_t len;
};

/*
 * The pieces of such a request instead of a call for each: those before the first one that is registers, *count of them and
 * *done bytes in all; at most max. They are valid until the loop goes on. Return as fab_dma().
 */
int fab_dma_gather(const struct fab_dma *req, const struct fab_span *span, uint32_t n,
		   struct fab_bytes *bytes, uint32_t max, uint32_t *count, uint32_t *done);

/* Piece functions for a buffer ctx of len bytes: from memory into it, and from it to memory. */
void fab_dma_copy_in(void *ctx, void *host, uint32_t off, uint32_t len);
void fab_dma_copy_out(void *ctx, void *host, uint32_t off, uint32_t len);

/* A request with one buffer and no hint. */
int fab_dma_read(struct fab_device *dev, enum fab_origin origin, uint64_t addr, void *buf,
		 uint32_t len);
int fab_dma_write(struct fab_device *dev, enum fab_origin origin, uint64_t addr, const void *buf,
		  uint32_t len);

#endif
