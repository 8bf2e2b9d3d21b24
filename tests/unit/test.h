/* SPDX-License-Identifier: MIT */
/* Common header of the unit tests: cmocka, and a fixture on the fake machine. */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <tphbuf/tphbuf.h>

#include "tests/mock/fake.h"
#include "tests/mock/fault.h"

/* The number of calls of one operation is far below this. */
#define MAX_FAULTS 600

#define NR(array)  (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	unsigned int fds;
};

/* Machine and context; with device; with a 64 KiB buffer of BAR 2. */
int fixture_ctx(void **state);
int fixture_device(void **state);
int fixture_buffer(void **state);
/* Closes everything; fails the test if a descriptor is left open. */
int fixture_close(void **state);

#define TEST(fn, level) cmocka_unit_test_setup_teardown(fn, fixture_##level, fixture_close)

/* The failure was recorded: stage, and a text that mentions @part. */
void assert_error_at(const struct tphbuf_ctx *ctx, enum tphbuf_stage stage, const char *part);

/*
 * Run @op once for each call it makes, failing that call. @op must release its resources and
 * return the result of the library; it may succeed despite the failure. No descriptor may be left
 * open, and every failure has a message.
 */
typedef int (*fault_op)(struct fixture *f);
void sweep_faults(struct fixture *f, fault_op op);

/* A periodic signal that interrupts system calls; 0 stops it. */
void interrupt_every(long us);

#endif
