/* SPDX-License-Identifier: MIT */
/*
 * What the fabric's endpoint has counted, read through its register BAR (vfio region access).
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>
#include <tphbuf/device.h>

struct tally_row {
	bool write; /* MWr, else MRd */
	bool th;    /* carries a hint */
	uint32_t width, st, ph;
	uint64_t tlps;
};

#define TALLY_ROWS 64

struct tally {
	uint64_t writes, writes_tagged, reads, reads_tagged;
	unsigned int nrows;
	struct tally_row row[TALLY_ROWS];
};

/* dev stays open. All end the program when the device is not the fabric's endpoint. */
void tally_read(struct tphbuf_device *dev, struct tally *tally);
void tally_clear(struct tphbuf_device *dev);

/* Every write of the tally carries exactly (width, st, ph), or no hint for width 0; else the program ends. */
void tally_expect(const struct tally *tally, uint32_t width, uint32_t st, uint32_t ph);

#endif
