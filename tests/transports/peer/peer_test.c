// SPDX-License-Identifier: MIT
/* peer_test PLUGIN COPY-HOOK: greetings, messages and interfaces that no plugin gives. TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/args.h"
#include "tests/transports/peer/peer.h"

struct plugin plugin;
const char *copy_library;

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

	args_count(argc, 2, 2, "PLUGIN COPY_LIBRARY");
	copy_library = argv[2];
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
	return results_end();
}
