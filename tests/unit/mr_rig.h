/* SPDX-License-Identifier: MIT */
/* A buffer to register with a fake NIC, and what the kernel may say of the region. */
#ifndef UNIT_MR_RIG_H
#define UNIT_MR_RIG_H

#include "tests/mock/verbs.h"
#include "tests/unit/test.h"

#define LENGTH 0x10000

/* Attributes of a region without its tag, and of one on a kernel without the series. */
extern const struct fake_attr not_applied[];
extern const struct fake_attr old_kernel[];

/* A region with st=0x5a,ph=2, with xst=0x1234,ph=2, and with none for a reason. */
extern const struct fake_entry entry_st;
extern const struct fake_entry entry_xst;
extern const struct fake_entry entry_none;

/* cmocka: a buffer and a fake NIC; the end fails if a region is left. */
int fixture_mr(void **state);
int close_mr(void **state);

#endif
