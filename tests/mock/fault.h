/* SPDX-License-Identifier: MIT */
/*
 * Failure at the n-th system or allocation call of the code under test.
 *
 * The wrappers (-Wl,--wrap) ask fault_hits() first. Disarmed, they count
 * nothing, so tests may use the same calls for themselves.
 */
#ifndef MOCK_FAULT_H
#define MOCK_FAULT_H

#include <stdbool.h>

/* Let the @nth call from now fail, 1 being the next. */
void fault_arm(unsigned int nth);

/* Disarm. True if the call that was to fail happened. */
bool fault_disarm(void);

/* The number of calls since fault_arm(), up to the failing one. */
unsigned int fault_calls(void);

/* For wrappers: true if this is the call that must fail. */
bool fault_hits(void);

#endif
