/* SPDX-License-Identifier: MIT */
/*
 * Config space constants that are newer than the oldest <linux/pci_regs.h>
 * this is built with (Debian 12). Names follow the header with a FAB_ prefix;
 * PCIe 6.0, sections 7.5.3.15 and 7.9.13.
 */
#ifndef FAB_PCI_H
#define FAB_PCI_H

#include <linux/pci_regs.h>

#define FAB_EXP_DEVCAP2_TPH_COMP_SHIFT 12 /* TPH Completer Supported, 2 bits */
#define FAB_EXP_DEVCAP2_EE_PREFIX      (1u << 21)
#define FAB_EXP_DEVCAP2_EE_PREFIX_1    (1u << 22) /* at most one prefix */

#define FAB_TPH_CAP_ST_NS	       (1u << 0)
#define FAB_TPH_CAP_ST_IV	       (1u << 1)
#define FAB_TPH_CAP_ST_DS	       (1u << 2)
#define FAB_TPH_CAP_EXT		       (1u << 8)

#define FAB_TPH_CTRL		       8 /* offset in the capability */
#define FAB_TPH_CTRL_MODE	       0x00000007u
#define FAB_TPH_CTRL_MODE_NS	       0u
#define FAB_TPH_CTRL_MODE_IV	       1u
#define FAB_TPH_CTRL_MODE_DS	       2u
#define FAB_TPH_CTRL_REQ_EN_SHIFT      8
#define FAB_TPH_CTRL_REQ_EN	       0x00000300u
#define FAB_TPH_ST_TABLE	       12 /* offset in the capability */
#define FAB_TPH_ST_MAX		       64 /* entries that fit in the capability */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "config space is kept in host order");

#endif
