// SPDX-License-Identifier: MIT
/* A dma-buf of a vfio device lives while its device is open: wait for a signal. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/hold.h"
#include "cli/output.h"

int hold(struct cli *cli)
{
	sigset_t set;
	int sig;

	if (finish_output(cli) != CLI_OK)
		return CLI_FAILURE;
	fprintf(stderr, "tphbuf: held by process %ld; stop it with ^C or SIGTERM\n", (long)getpid());
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &sig);
	return CLI_OK;
}
