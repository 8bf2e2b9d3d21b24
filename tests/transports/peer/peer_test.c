// SPDX-License-Identifier: MIT
/* peer_test PLUGIN: greetings, messages and interfaces that no plugin gives. TAP. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/transports/peer/peer.h"

struct plugin plugin;
static char said[8192];
static int number, failed;

static void keep_log(enum nccl_log_level level, unsigned long flags, const char *file, int line,
		     const char *fmt, ...)
{
	size_t used = strlen(said);
	va_list ap;

	(void)level;
	(void)flags;
	(void)file;
	(void)line;
	va_start(ap, fmt);
	vsnprintf(said + used, sizeof(said) - used, fmt, ap);
	va_end(ap);
}

void result(bool ok, const char *name)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, name);
	if (!ok)
		printf("# the log: %s\n", said);
	failed |= !ok;
	said[0] = '\0';
}

void answer(const char *name, enum nccl_result got, enum nccl_result want, const char *text)
{
	if (got != want)
		printf("# result %d, not %d\n", (int)got, (int)want);
	result(got == want && strstr(said, text), name);
}

void must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! %s; the log: %s\n", what, said);
	exit(1);
}

bool has_said(const char *text)
{
	return strstr(said, text);
}

void init(void **ctx)
{
	int n = 0;

	*ctx = NULL;
	must(!np_init(&plugin, ctx, keep_log) && !np_devices(&plugin, &n) && n == 1, "init");
	said[0] = '\0';
}

int main(int argc, char **argv)
{
	int fds;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(120); /* a call that nothing ends */
	must(!plugin_load(&plugin, argv[1], release_named("2.28")), "load");
	fds = fds_open();
	greetings();
	messages();
	odds();
	interfaces();
	result(fds_open() == fds, "no descriptor is left");
	tables();
	printf("1..%d\n", number);
	return failed;
}
