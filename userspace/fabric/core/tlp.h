/* SPDX-License-Identifier: MIT */
/*
 * The fabric's description of a transaction layer packet.
 *
 * A TLP is never built byte by byte; it is described. One description can stand
 * for a run of TLPs that differ in address only (a 1 MiB write at MPS 256 is a
 * run of 4096), so that accounting is cheap without a trace.
 */
#ifndef FAB_TLP_H
#define FAB_TLP_H

#include <stdbool.h>
#include <stdint.h>

struct fab_device;

enum fab_tlp_kind { FAB_TLP_MRD, FAB_TLP_MWR };

/* TLP processing hint of one request (PCIe 6.0, 2.2.7.1). th == false: all else is 0. */
struct fab_tph {
	bool th;       /* TH bit: hints are present */
	bool extended; /* 16-bit steering tag (needs the TPH TLP prefix) */
	uint8_t ph;    /* processing hint, 0..3 */
	uint16_t st;   /* steering tag; <= 0xff unless extended */
};

/* The purpose of the TLP; for the trace and for "control structures carry no tag". */
enum fab_origin {
	FAB_ORIGIN_PAYLOAD, /* message data, by mkey */
	FAB_ORIGIN_WQE,	    /* work queue fetch */
	FAB_ORIGIN_CQE,
	FAB_ORIGIN_EQE,
	FAB_ORIGIN_DOORBELL, /* doorbell record */
	FAB_ORIGIN_COMMAND,  /* firmware command queue and mailboxes */
	FAB_ORIGIN_XLT,	     /* translation tables fetched by UMR */
	FAB_ORIGIN_COUNT,
};

/* count TLPs of one kind and hint that cover [addr, addr + len) of the target */
struct fab_tlp_run {
	enum fab_tlp_kind kind;
	enum fab_origin origin;
	struct fab_device *requester;
	uint64_t addr; /* bus address */
	uint32_t len;
	uint32_t max_payload; /* size at which the run was split, besides 4 KiB: MPS or MRRS, bytes */
	uint32_t count;
	struct fab_tph tph;
};

const char *fab_kind_name(enum fab_tlp_kind kind); /* "MRd", "MWr" */
const char *fab_origin_name(enum fab_origin origin);

/* The number of TLPs for [addr, addr + len), split at multiples of max_payload (a power of two <= 4096). */
static inline uint32_t fab_tlp_count(uint64_t addr, uint32_t len, uint32_t max_payload)
{
	unsigned int shift = (unsigned int)__builtin_ctz(max_payload);

	return len ? (uint32_t)(((addr + len - 1) >> shift) - (addr >> shift) + 1) : 0;
}

/* Counters per (kind, TH, width, ST, PH): grows up to FAB_TALLY_MAX rows, then counts into "other". */
#define FAB_TALLY_MAX 4096

struct fab_tally_row {
	enum fab_tlp_kind kind;
	struct fab_tph tph;
	uint64_t tlps;
	uint64_t bytes;
};

struct fab_tally {
	struct fab_tally_row *rows; /* in order of first appearance */
	uint32_t nrows;
	uint32_t last;	     /* row of the last run, which the next one usually matches */
	uint16_t *slot;	     /* open hash of row number + 1, FAB_TALLY_SLOTS entries */
	uint64_t other_tlps; /* TLPs without a row */
	uint64_t other_bytes;
};

/* A zeroed tally is empty. */
void fab_tally_add(struct fab_tally *tally, const struct fab_tlp_run *run);
void fab_tally_clear(struct fab_tally *tally); /* back to empty, memory released */

/* A column of a row, for registers of a device; 0 if there is no such row. Width: 16, 8, or 0 without a hint. */
enum fab_tally_column {
	FAB_ROW_IS_WRITE,
	FAB_ROW_TH,
	FAB_ROW_WIDTH,
	FAB_ROW_ST,
	FAB_ROW_PH,
	FAB_ROW_TLPS,
	FAB_ROW_BYTES
};
uint64_t fab_tally_column(const struct fab_tally *tally, uint64_t row, enum fab_tally_column column);

#endif
