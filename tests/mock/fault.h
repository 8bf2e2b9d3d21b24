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

/* Stop; has the call that was to fail happened? */
bool fault_disarm(void);

/* How many calls there were since fault_arm(), up to the failing one. */
unsigned int fault_calls(void);

/* For wrappers: is this the call? */
bool fault_hits(void);

#endif
