/* SPDX-License-Identifier: MIT */
/*
 * Register file of the endpoint: BAR0, trapped, little endian.
 *
 * Reports the TLPs that have arrived at BAR2, the endpoint's memory. 64-bit
 * registers may be read as two halves, but only a 64-bit read is consistent
 * while traffic runs. A read of part of a register gives that part; a write
 * takes effect only when it covers exactly one writable register. All other bytes
 * of the BAR read as zero and ignore writes.
 *
 * Counters are kept over function level reset, because vfio resets a function
 * whenever it is opened. EP_CLEAR, or a new VM, clears them.
 */
#ifndef EP_REGS_H
#define EP_REGS_H

#define EP_PCI_VENDOR 0x1234
#define EP_PCI_DEVICE 0x5448
#define EP_PCI_CLASS  0x120000 /* processing accelerator */

#define EP_REGS_BAR   0
#define EP_REGS_SIZE  0x10000
#define EP_MEMORY_BAR 2

/* name			offset	   bits	access */
#define EP_MAGIC       0x0000 /* 32 ro  EP_MAGIC_VALUE */
#define EP_VERSION     0x0004 /* 32 ro  of this map */
#define EP_MEMORY_SIZE 0x0008 /* 64 ro  size of BAR2 */
#define EP_CLEAR       0x0010 /* 32 wo  any value: all counters and rows to zero */
#define EP_ROWS	       0x0014 /* 32 ro  rows of the tally */
#define EP_MWR_TLPS    0x0020 /* 64 ro  memory writes that arrived at BAR2 */
#define EP_MWR_BYTES   0x0028 /* 64 ro */
#define EP_MWR_TAGGED  0x0030 /* 64 ro  those with TH set */
#define EP_MRD_TLPS    0x0038 /* 64 ro  memory reads */
#define EP_MRD_BYTES   0x0040 /* 64 ro */
#define EP_MRD_TAGGED  0x0048 /* 64 ro */
#define EP_OTHER_TLPS  0x0050 /* 64 ro  TLPs in no row, the tally was full; in no other counter */

/* One row of the tally: TLPs of one kind and one processing hint. Zeros when EP_ROW is not below EP_ROWS. */
#define EP_ROW		 0x0080 /* 32 rw  selects the row */
#define EP_ROW_KIND	 0x0084 /* 32 ro  EP_KIND_* */
#define EP_ROW_TH	 0x0088 /* 32 ro  1: hint present */
#define EP_ROW_WIDTH	 0x008c /* 32 ro  of the steering tag: 8 or 16; 0 without hint */
#define EP_ROW_ST	 0x0090 /* 32 ro  steering tag */
#define EP_ROW_PH	 0x0094 /* 32 ro  processing hint, 0..3 */
#define EP_ROW_TLPS	 0x0098 /* 64 ro */
#define EP_ROW_BYTES	 0x00a0 /* 64 ro */

#define EP_MSIX_TABLE	 0x8000 /* the endpoint raises no interrupt */
#define EP_MSIX_PBA	 0xc000

#define EP_MAGIC_VALUE	 0x54504845 /* "EHPT" in memory */
#define EP_VERSION_VALUE 2	    /* 1 had a copy benchmark */
#define EP_KIND_MRD	 0	    /* the values of FAB_ROW_IS_WRITE */
#define EP_KIND_MWR	 1

#endif
