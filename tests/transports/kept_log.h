/* SPDX-License-Identifier: MIT */
/* NCCL's log, kept for a test to look at. */
#ifndef KEPT_LOG_H
#define KEPT_LOG_H

#include "userspace/transports/nccl/abi.h"

extern char said[8192]; /* since the test emptied it, each message with its level */

void keep_log(enum nccl_log_level level, unsigned long flags, const char *file, int line,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
