/* SPDX-License-Identifier: MIT */
/*
 * Witness registers of the DMA engine: BAR1, trapped, little endian. They present what arrived at
 * host memory, what others have sent to the memory of the engine, and the TPH state of the function
 * itself, to whoever can map the BAR: with vfio in between, config space may show something else.
 *
 * Every register is accessed as a whole; other reads give zero, other writes have no effect.
 * Counters are kept over resets.
 */
#ifndef ENG_WITNESS_H
#define ENG_WITNESS_H

#define ENG_WIT_SIZE 0x1000

/* name			offset	   bits	access */
#define ENG_WIT_MAGIC	   0x00 /* 32 ro  ENG_WIT_MAGIC_VALUE */
#define ENG_WIT_CLEAR	   0x04 /* 32 wo  any value: rows and counters to zero */
#define ENG_WIT_TPH_CTRL   0x08 /* 32 ro  TPH requester control register */
#define ENG_WIT_TPH_WRITES 0x0c /* 32 ro  config writes to the TPH requester capability */
#define ENG_WIT_ENTRY	   0x10 /* 32 rw  selects an entry of the table in the capability */
#define ENG_WIT_ENTRY_ST   0x14 /* 32 ro  its steering tag, 0 if there is none */
#define ENG_WIT_RESETS	   0x18 /* 32 ro  resets of the function */
#define ENG_WIT_SIDE	   0x1c /* 32 rw  of which TLPs the rows are: ENG_WIT_SENT, ENG_WIT_ARRIVED */

#define ENG_WIT_SENT	   0 /* to host memory, by the engine */
#define ENG_WIT_ARRIVED	   1 /* at the memory of the engine, from other functions */

/* TLPs of one kind and one processing hint; zeros when ROW is not below ROWS */
#define ENG_WIT_ROWS	    0x20 /* 32 ro */
#define ENG_WIT_ROW	    0x24 /* 32 rw  selects the row */
#define ENG_WIT_ROW_TH	    0x28 /* 32 ro  1: hint present */
#define ENG_WIT_ROW_WIDTH   0x2c /* 32 ro  of the steering tag: 8 or 16; 0 without hint */
#define ENG_WIT_ROW_ST	    0x30 /* 32 ro  steering tag */
#define ENG_WIT_ROW_PH	    0x34 /* 32 ro  processing hint, 0..3 */
#define ENG_WIT_ROW_TLPS    0x38 /* 32 ro */
#define ENG_WIT_ROW_WRITE   0x3c /* 32 ro  1: MWr, 0: MRd */

#define ENG_WIT_MSIX_TABLE  0x800
#define ENG_WIT_MSIX_PBA    0xe00

#define ENG_WIT_MAGIC_VALUE 0x57485054 /* "TPHW" in memory */

#endif
