// SPDX-License-Identifier: MIT
/*
 * TLP arithmetic and tallies.
 */
#include <stdlib.h>
#include <string.h>

#include "fabric/core/tlp.h"

#define TALLY_SLOTS (2 * FAB_TALLY_MAX) /* power of two, never more than half full */

const char *fab_kind_name(enum fab_tlp_kind kind)
{
	return kind == FAB_TLP_MWR ? "MWr" : "MRd";
}

const char *fab_origin_name(enum fab_origin origin)
{
	static const char *const name[FAB_ORIGIN_COUNT] = {
		[FAB_ORIGIN_PAYLOAD] = "payload",   [FAB_ORIGIN_WQE] = "wqe",
		[FAB_ORIGIN_CQE] = "cqe",	    [FAB_ORIGIN_EQE] = "eqe",
		[FAB_ORIGIN_DOORBELL] = "doorbell", [FAB_ORIGIN_COMMAND] = "command",
		[FAB_ORIGIN_XLT] = "xlt",
	};

	return (unsigned int)origin < FAB_ORIGIN_COUNT ? name[origin] : "?";
}

static bool row_matches(const struct fab_tally_row *row, const struct fab_tlp_run *run)
{
	return row->kind == run->kind && row->tph.th == run->tph.th &&
	       row->tph.extended == run->tph.extended && row->tph.ph == run->tph.ph &&
	       row->tph.st == run->tph.st;
}

static uint32_t run_hash(const struct fab_tlp_run *run)
{
	uint32_t key = run->tph.st | (uint32_t)run->tph.ph << 16 | (uint32_t)run->tph.th << 18 |
		       (uint32_t)run->tph.extended << 19 | (uint32_t)run->kind << 20;

	return key * 2654435761u; /* Knuth's multiplier */
}

/* Makes room for one more row: capacities are powers of two, so nrows alone shows that one is full. */
static bool tally_grow(struct fab_tally *tally)
{
	struct fab_tally_row *rows;
	uint32_t capacity = tally->nrows ? 2 * tally->nrows : 8;

	if (tally->nrows >= FAB_TALLY_MAX)
		return false;
	if (!tally->slot) {
		tally->slot = calloc(TALLY_SLOTS, sizeof(*tally->slot));
		if (!tally->slot)
			return false;
	}
	if (tally->nrows && (tally->nrows < 8 || (tally->nrows & (tally->nrows - 1))))
		return true;
	rows = realloc(tally->rows, capacity * sizeof(*rows));
	if (!rows)
		return false;
	tally->rows = rows;
	return true;
}

static struct fab_tally_row *tally_find(struct fab_tally *tally, const struct fab_tlp_run *run)
{
	struct fab_tally_row *row;
	uint32_t slot = run_hash(run) / (UINT32_MAX / TALLY_SLOTS + 1);

	if (tally->last < tally->nrows && row_matches(&tally->rows[tally->last], run))
		return &tally->rows[tally->last];
	while (tally->slot && tally->slot[slot]) {
		row = &tally->rows[tally->slot[slot] - 1];
		if (row_matches(row, run)) {
			tally->last = tally->slot[slot] - 1;
			return row;
		}
		slot = (slot + 1) % TALLY_SLOTS;
	}
	if (!tally_grow(tally))
		return NULL;
	tally->last = tally->nrows++;
	tally->slot[slot] = (uint16_t)tally->nrows;
	row = &tally->rows[tally->last];
	*row = (struct fab_tally_row){ .kind = run->kind, .tph = run->tph };
	return row;
}

void fab_tally_add(struct fab_tally *tally, const struct fab_tlp_run *run)
{
	struct fab_tally_row *row = tally_find(tally, run);

	if (!row) {
		tally->other_tlps += run->count;
		tally->other_bytes += run->len;
		return;
	}
	row->tlps += run->count;
	row->bytes += run->len;
}

void fab_tally_clear(struct fab_tally *tally)
{
	free(tally->rows);
	free(tally->slot);
	memset(tally, 0, sizeof(*tally));
}

uint64_t fab_tally_column(const struct fab_tally *tally, uint64_t index,
			  enum fab_tally_column column)
{
	const struct fab_tally_row *row;

	if (index >= tally->nrows)
		return 0;
	row = &tally->rows[index];
	switch (column) {
	case FAB_ROW_IS_WRITE:
		return row->kind == FAB_TLP_MWR;
	case FAB_ROW_TH:
		return row->tph.th;
	case FAB_ROW_WIDTH:
		return row->tph.th ? (row->tph.extended ? 16 : 8) : 0;
	case FAB_ROW_ST:
		return row->tph.st;
	case FAB_ROW_PH:
		return row->tph.ph;
	case FAB_ROW_TLPS:
		return row->tlps;
	case FAB_ROW_BYTES:
		return row->bytes;
	}
	return 0;
}
