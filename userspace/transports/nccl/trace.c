// SPDX-License-Identifier: MIT
/*
 * TPHBUF_NET_TRACE=FILE: a JSON object for each call that had an effect, one a line,
 * appended with one write. %p in FILE is the process. Calls that only said "not
 * yet" are counted in the line of the call that ended the wait.
 * Names are short and fixed; docs/transports.md lists them, nccl-net-check --replay reads them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

static atomic_int trace_fd = -1;

void net_trace_open(const char *file)
{
	char name[320];
	const char *pid = strstr(file, "%p");
	int fd;

	if (!file[0] || atomic_load(&trace_fd) >= 0)
		return;
	if (pid)
		snprintf(name, sizeof(name), "%.*s%d%s", (int)(pid - file), file, getpid(), pid + 2);
	else
		snprintf(name, sizeof(name), "%s", file);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0) {
		net_warn("TPHBUF_NET_TRACE: cannot open %s: %s", name, strerror(errno));
		return;
	}
	atomic_store(&trace_fd, fd);
}

void net_trace_close(void)
{
	int fd = atomic_exchange(&trace_fd, -1);

	if (fd >= 0)
		close(fd);
}

bool net_tracing(void)
{
	return atomic_load_explicit(&trace_fd, memory_order_relaxed) >= 0;
}

void net_trace(const char *call, enum nccl_result result, const char *fmt, ...)
{
	char line[2048], thread[17] = "";
	struct timespec now;
	size_t used;
	va_list ap;

	if (!net_tracing())
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	prctl(PR_GET_NAME, thread);
	for (char *c = thread; *c; c++) {
		if (*c == '"' || *c == '\\' || *c < ' ')
			*c = '?';
	}
	used = (size_t)
		snprintf(line, sizeof(line),
			 "{\"call\":\"%s\",\"pid\":%d,\"us\":%lld,\"thread\":\"%s\",\"result\":%d",
			 call, getpid(), now.tv_sec * 1000000ll + now.tv_nsec / 1000, thread,
			 (int)result);
	if (fmt[0]) {
		line[used++] = ',';
		va_start(ap, fmt);
		used += (size_t)vsnprintf(line + used, sizeof(line) - used - 3, fmt, ap);
		va_end(ap);
		if (used > sizeof(line) - 3)
			used = sizeof(line) - 3;
	}
	line[used++] = '}';
	line[used++] = '\n';
	if (write(atomic_load(&trace_fd), line, used) < 0)
		net_trace_close();
}
