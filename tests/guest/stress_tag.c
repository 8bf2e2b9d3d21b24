// SPDX-License-Identifier: MIT
#include "tests/guest/stress.h"

#include <unistd.h>

#include "fabric/endpoint/regs.h"

#define TAGS	 3	 /* of a slot in a round */
#define ROUNDS	 20	 /* until 8-bit tags come back */
#define EXT_BASE 0x1000u /* 16-bit tags are never 8-bit ones */

static uint32_t tag_8bit(unsigned int slot, unsigned int k)
{
	return (stress.round % ROUNDS) * SLOTS * TAGS + slot * TAGS + k;
}

static uint32_t tag_ext(unsigned int slot, unsigned int k)
{
	return EXT_BASE + (stress.round % 0x1000) * SLOTS * TAGS + slot * TAGS + k;
}

static uint32_t hint_of(uint32_t tag)
{
	return (tag ^ tag >> 2 ^ tag >> 4) & 3;
}

/* Both tags of a buffer share one hint, that of the 8-bit tag. */
tph_t tag_make(unsigned int slot, unsigned int k, uint32_t flags)
{
	tph_t tph = { .flags = flags };

	if (flags & VFIO_DMA_BUF_TPH_ST)
		tph.steering_tag = (uint8_t)tag_8bit(slot, k);
	if (flags & VFIO_DMA_BUF_TPH_ST_EXT)
		tph.steering_tag_ext = (uint16_t)tag_ext(slot, k);
	if (flags) {
		tph.ph = (uint8_t)hint_of(tag_8bit(slot, k));
		atomic_fetch_or(&stress.tags, 1u << (slot * TAGS + k));
	}
	return tph;
}

/* Index of a tag among those of this round; ends the program if the tag was not set. */
static unsigned int index_of(uint32_t tag, uint32_t first, uint32_t ph, const char *where)
{
	uint32_t index = tag - first;

	require(tag >= first && index < SLOTS * TAGS,
		"%s: tag 0x%x belongs to another round (this one has 0x%x..0x%x)", where, tag,
		first, first + SLOTS * TAGS - 1);
	require(atomic_load(&stress.tags) & 1u << index, "%s: tag 0x%x was not set in this round",
		where, tag);
	require(ph == hint_of(tag_8bit(0, 0) + index), "%s: tag 0x%x with ph %u, of another tag",
		where, tag, ph);
	return index;
}

void tag_verify(const tph_t *tph, unsigned int slot, const char *where)
{
	unsigned int st = UNKNOWN, ext = UNKNOWN;

	require(!(tph->flags & ~(uint32_t)(VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT)),
		"%s: flags 0x%x", where, tph->flags);
	if (tph->flags & VFIO_DMA_BUF_TPH_ST)
		st = index_of(tph->steering_tag, tag_8bit(0, 0), tph->ph, where);
	else
		require(!tph->steering_tag, "%s: 8-bit tag 0x%x without its flag", where,
			tph->steering_tag);
	if (tph->flags & VFIO_DMA_BUF_TPH_ST_EXT)
		ext = index_of(tph->steering_tag_ext, tag_ext(0, 0), tph->ph, where);
	else
		require(!tph->steering_tag_ext, "%s: 16-bit tag 0x%x without its flag", where,
			tph->steering_tag_ext);
	require(st == UNKNOWN || ext == UNKNOWN || st == ext, "%s: two tags of different SETs",
		where);
	require((st == UNKNOWN || st / TAGS == slot) && (ext == UNKNOWN || ext / TAGS == slot),
		"%s: tag of another buffer", where);
	require(tph->flags || !tph->ph, "%s: ph %u without tag", where, tph->ph);
}

static bool reg(uint32_t off, uint64_t *value, size_t len)
{
	*value = 0;
	return pread(stress.dev.slot, value, len, (off_t)(stress.dev.now.regs + off)) ==
	       (ssize_t)len;
}

static bool set(uint32_t off, uint32_t value)
{
	return pwrite(stress.dev.slot, &value, sizeof(value), (off_t)(stress.dev.now.regs + off)) ==
	       sizeof(value);
}

/* A reset in between makes the endpoint show row 0 again: a row may be read twice, but no row is invented. */
static bool read_row(uint32_t i, struct tag_row *row)
{
	uint64_t width, st, ph;

	if (!set(EP_ROW, i) || !reg(EP_ROW_WIDTH, &width, 4) || !reg(EP_ROW_ST, &st, 4) ||
	    !reg(EP_ROW_PH, &ph, 4))
		return false;
	*row = (struct tag_row){ .width = (uint32_t)width, .st = (uint32_t)st, .ph = (uint32_t)ph };
	return true;
}

/* Calls verify for each row; false: the device was not accessible. */
static bool each_row(void (*verify)(const struct tag_row *row, const void *arg), const void *arg)
{
	unsigned int memory = stamp_now(&stress.dev.memory);
	uint64_t rows;
	struct tag_row row;

	if (!reg(EP_ROWS, &rows, 4))
		return false;
	for (uint32_t i = 0; i < rows; i++) {
		if (!read_row(i, &row) || !stamp_is(&stress.dev.memory, memory))
			return false;
		verify(&row, arg);
	}
	return true;
}

static void verify_round(const struct tag_row *row, const void *arg)
{
	(void)arg;
	if (row->width == 8)
		index_of(row->st, tag_8bit(0, 0), row->ph, "TLP");
	else if (row->width == 16)
		index_of(row->st, tag_ext(0, 0), row->ph, "TLP");
}

bool tags_verify_tally(void)
{
	return each_row(verify_round, NULL) && set(EP_CLEAR, 1);
}

struct wanted {
	struct tag_row row;
	bool or_none;
};

static void verify_exact(const struct tag_row *row, const void *arg)
{
	const struct wanted *want = arg;

	if (!row->width && want->or_none)
		return;
	require(row->width == want->row.width && row->st == want->row.st && row->ph == want->row.ph,
		"a TLP with %u-bit tag 0x%x ph %u instead of %u-bit 0x%x ph %u", row->width,
		row->st, row->ph, want->row.width, want->row.st, want->row.ph);
}

bool tags_verify_exact(const tph_t *tph, uint32_t width, bool table_written)
{
	struct wanted want = { .or_none = table_written };

	if (width == 8 && tph->flags & VFIO_DMA_BUF_TPH_ST)
		want.row = (struct tag_row){ 8, tph->steering_tag, tph->ph };
	else if (width == 16 && tph->flags & VFIO_DMA_BUF_TPH_ST_EXT)
		want.row = (struct tag_row){ 16, tph->steering_tag_ext, tph->ph };
	return each_row(verify_exact, &want);
}
