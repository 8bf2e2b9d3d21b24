/* SPDX-License-Identifier: MIT */
/*
 * All functions below one switch, their shared state, and the report.
 */
#ifndef FAB_FABRIC_H
#define FAB_FABRIC_H

#include <stdio.h>

#include "fabric/core/device.h"
#include "fabric/core/loop.h"

struct cJSON;

struct fab_fabric {
	struct fab_loop *loop;
	struct fab_device *devices;		  /* owned */
	FILE *trace;				  /* JSON lines, one TLP a line, or NULL; owned */
	void (*log)(void *ctx, const char *text); /* may be NULL */
	void *log_ctx;
	int verbose;
	struct fab_bar *claimed;	/* BARs with a bus address, in the order of the functions */
	uint64_t claim_low, claim_high; /* bus addresses below and above are in none of them */
};

int fab_fabric_new(struct fab_fabric **fabric);
void fab_fabric_free(struct fab_fabric *fabric);
void fab_fabric_add(struct fab_fabric *fabric, struct fab_device *dev); /* takes dev */

struct fab_device *fab_fabric_find(struct fab_fabric *fabric, const char *name);
void fab_fabric_clear(struct fab_fabric *fabric); /* all counters of all functions */

/* After a change of a BAR's base: makes the list of claimed BARs. */
void fab_fabric_claim(struct fab_fabric *fabric);
struct fab_device *fab_fabric_claimed(struct fab_fabric *fabric, uint64_t addr, unsigned int *bar,
				      uint64_t *off);
bool fab_fabric_claimed_any(const struct fab_fabric *fabric, uint64_t addr, uint64_t last);
/* True if a BAR claims one of size addresses; size is not 0. */
static inline bool fab_fabric_claims(const struct fab_fabric *fabric, uint64_t addr, uint64_t size)
{
	const uint64_t last = addr + (size - 1);

	return last >= fabric->claim_low && addr <= fabric->claim_high &&
	       fab_fabric_claimed_any(fabric, addr, last);
}
/* The function and BAR that claim a bus address, memory decoding enabled; NULL: none. */
static inline struct fab_device *fab_fabric_route(struct fab_fabric *fabric, uint64_t addr,
						  unsigned int *bar, uint64_t *off)
{
	if (addr < fabric->claim_low || addr > fabric->claim_high)
		return NULL;
	return fab_fabric_claimed(fabric, addr, bar, off);
}

/*
 * The report as JSON: functions, TLPs sent, TLPs received at their BARs. NULL: out of memory. The
 * caller deletes it.
 */
struct cJSON *fab_report(struct fab_fabric *fabric);
struct cJSON *fab_report_tally(const struct fab_tally *tally); /* array of rows */
/* Write a run to the trace, one line for each TLP; target NULL is guest memory. */
void fab_trace(struct fab_fabric *fabric, const struct fab_tlp_run *run,
	       const struct fab_device *target, unsigned int bar);

/*
 * One line for humans, prefixed with the device's name. A guest can cause most messages without
 * limit, so each kind of message (fmt) of a device is written FAB_LOG_FIRST times, after
 * that at each power of ten with its count, until the counters of the device are cleared.
 */
#define FAB_LOG_FIRST 10
void fab_log(struct fab_device *dev, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * As fab_log(), with kinds of one fmt counted separately, so that a flood of one does not hide the
 * others. kind has few values, however hostile the guest: kinds past FAB_LOG_KINDS count as one.
 */
void fab_log_kind(struct fab_device *dev, uint64_t kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Only with -v, and then without limit. */
void fab_debug(struct fab_device *dev, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
