/* SPDX-License-Identifier: MIT */
/* Machines on which paths are read: an accelerator's function, a NIC, and the bridges between them. */
#ifndef UNIT_TOPO_RIG_H
#define UNIT_TOPO_RIG_H

#include <linux/pci_regs.h>

#include "tests/mock/machine.h"
#include "tests/unit/test.h"

#define MEM    "0000:03:00.0"
#define NIC    "0000:04:00.0"
#define ROOT   "pci0000:00/0000:00:01.0"
#define SWITCH ROOT "/0000:01:00.0"
#define ACS_ON 0x1d /* the bits that Linux sets: SV, RR, CR, UF */

#define HOST(ids)                            \
	{ .path = "pci0000:00/0000:00:00.0", \
	  .vendor = (ids) >> 16,             \
	  .device = (ids) & 0xffff,          \
	  .class_code = 0x060000,            \
	  .type = PCI_EXP_TYPE_RC_END,       \
	  .acs = MACHINE_NO_ACS,             \
	  .group = 0 }
#define UNKNOWN_HOST 0x808629c0u
#define SKYLAKE_HOST 0x80862020u
#define HASWELL_HOST 0x80862f00u

#define BRIDGE(p, t, a)           \
	{ .path = (p),            \
	  .vendor = 0x104c,       \
	  .device = 0x8232,       \
	  .class_code = 0x060400, \
	  .type = (t),            \
	  .acs = (a),             \
	  .completer = 3,         \
	  .group = 1 }
#define MEMORY_FN(p)                     \
	{ .path = (p),                   \
	  .vendor = 0x1234,              \
	  .device = 0x5448,              \
	  .class_code = 0x120000,        \
	  .type = PCI_EXP_TYPE_ENDPOINT, \
	  .completer = 3,                \
	  .acs = MACHINE_NO_ACS,         \
	  .driver = "vfio-pci",          \
	  .group = 12 }
#define NIC_FN(p)                        \
	{ .path = (p),                   \
	  .vendor = 0x15b3,              \
	  .device = 0x1023,              \
	  .class_code = 0x020700,        \
	  .type = PCI_EXP_TYPE_ENDPOINT, \
	  .completer = 0,                \
	  .acs = MACHINE_NO_ACS,         \
	  .driver = "mlx5_core",         \
	  .rdma = "mlx5_0",              \
	  .requester = MACHINE_REQ_XST,  \
	  .enabled = MACHINE_REQ_XST,    \
	  .group = 13 }

/* Two endpoints under one switch; [5] and [6] are the ends. */
extern struct machine_fn under_switch[8];

/* A context that is independent of the processor that runs the tests. */
int topo_setup(void **state);

/* The path from NIC to MEM; it can be read. */
struct tphbuf_topo_result judge(struct fixture *f);

#define TOPO_TEST(fn) cmocka_unit_test_setup_teardown(fn, topo_setup, fixture_close)

#endif
