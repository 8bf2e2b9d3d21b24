/* SPDX-License-Identifier: MIT */
/*
 * Register file of the DMA engine: BAR0, trapped, little endian. The other
 * description of it is rig/modules/tph_engine.c.
 *
 * A transfer fills [address, address + length) of the bus with a 32-bit value.
 * Set it up, write 1 to ENG_START, poll ENG_STATUS until it is not busy.
 *
 * Every register has 32 bits and is accessed as a whole. The engine refuses a
 * write of another width, outside of the registers, to a read-only one, with
 * a reserved bit set, or while it is busy: the register keeps its value and
 * the next start fails, so that no transfer runs with a setting of an earlier
 * one. Reads that are not of one whole register give zero.
 */
#ifndef ENG_REGS_H
#define ENG_REGS_H

#define ENG_PCI_VENDOR	0x1234
#define ENG_PCI_DEVICE	0x5445
#define ENG_PCI_CLASS	0x088000 /* system peripheral */

#define ENG_REGS_BAR	0
#define ENG_WITNESS_BAR 1 /* witness.h; with the MSI-X table, if there are vectors */
#define ENG_MEMORY_BAR	2 /* memory, if the engine is a completer */
#define ENG_REGS_SIZE	0x1000

/* name			offset	   access, bits that are not reserved */
#define ENG_MAGIC    0x00 /* ro  ENG_MAGIC_VALUE */
#define ENG_ADDR_LO  0x08 /* rw  31:2 of the bus address */
#define ENG_ADDR_HI  0x0c /* rw  63:32 of the bus address */
#define ENG_LENGTH   0x10 /* rw  20:2; bytes, 4 to ENG_LENGTH_MAX */
#define ENG_VALUE    0x14 /* rw  what to fill with */
#define ENG_HINT     0x18 /* rw  ENG_HINT_*; tag 15:0, or entry */
#define ENG_START    0x1c /* wo  0; 1 starts a transfer */
#define ENG_STATUS   0x20 /* ro  ENG_IDLE to ENG_FAILED */
#define ENG_REGS_END 0x24

/*
 * The hint of each TLP. The engine sends the tag that the register names, or, with ENG_HINT_ENTRY,
 * that of an entry of its steering tag table: in Interrupt Vector Mode the entry of the vector to
 * which the transfer belongs.
 */
#define ENG_HINT_PRESENT  0x80000000u
#define ENG_HINT_ENTRY	  0x40000000u
#define ENG_HINT_PH_SHIFT 16
#define ENG_HINT_PH	  0x00030000u
#define ENG_HINT_TAG	  0x0000ffffu

#define ENG_IDLE	  0 /* since reset */
#define ENG_BUSY	  1
#define ENG_DONE	  2
#define ENG_FAILED	  3 /* not started, or an address could not be written */

#define ENG_MAGIC_VALUE	  0x45485054 /* "TPHE" in memory */
#define ENG_LENGTH_MAX	  0x100000u

#endif
