/* SPDX-License-Identifier: MIT */
/* One line of TAP for each fact, with NCCL's log since the last one if it does not hold. */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>

#include "tests/transports/kept_log.h"

void result(bool ok, const char *name);
/* The result is @want, and the log since the last line of TAP has @text. */
void answer(const char *name, enum nccl_result got, enum nccl_result want, const char *text);
/* The plan. Return the status of the program: 1 if a fact did not hold. */
int results_end(void);

#endif
