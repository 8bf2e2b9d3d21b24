/* SPDX-License-Identifier: MIT */
/* A buffer to register with a fake NIC, and the kernel's possible reports about the region. */
#ifndef UNIT_MR_RIG_H
#define UNIT_MR_RIG_H

#include <tphbuf/mr.h>

#include "tests/mock/verbs.h"
#include "tests/unit/test.h"

#define LENGTH 0x10000

/* A region with st=0x5a,ph=2, with xst=0x1234,ph=2, and with none for a reason. */
extern const struct fake_mr_tph tph_st;
extern const struct fake_mr_tph tph_xst;
extern const struct fake_mr_tph tph_none;

/* Both tags: st=0x5a,xst=0x1234,ph=2 */
extern const struct tphbuf_tag tag_both;

/* Register the buffer and deregister it. Return: of the registration */
int try_register(struct fixture *f, const struct tphbuf_mr_opts *opts);

/* cmocka: a buffer and a fake NIC; the end fails if a region is left. */
int fixture_mr(void **state);
int close_mr(void **state);
#define MR_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_mr, close_mr)

#endif
