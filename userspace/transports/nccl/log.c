// SPDX-License-Identifier: MIT
/* Lines in NCCL's log. Without a logger there are none. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "net.h"

static _Atomic(nccl_logger) logger;

void net_set_logger(nccl_logger log)
{
	atomic_store(&logger, log);
}

void net_log(enum nccl_log_level level, const char *fmt, ...)
{
	nccl_logger log = atomic_load(&logger);
	char text[512];
	va_list ap;

	if (!log)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log(level, NCCL_LOG_INIT | NCCL_LOG_NET, "libnccl-net-tphbuf", 0, "NET/tphbuf: %s", text);
}
