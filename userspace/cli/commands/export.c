// SPDX-License-Identifier: MIT
/* tphbuf export: a dma-buf of BAR ranges, held or handed to a program. */
#include <stdio.h>

#include "cli/answer.h"
#include "cli/commands/commands.h"
#include "cli/exec.h"
#include "cli/hold.h"
#include "cli/source.h"

static int run(struct cli *cli, struct options *opts)
{
	struct source src;
	int ret;

	ret = source_open(cli, opts, &src);
	if (ret)
		return ret;
	ret = answer_source(cli, opts, &src);
	if (ret == CLI_OK && opts->exec)
		ret = exec_with_buffer(cli, opts, &src);
	else if (ret == CLI_OK && opts->hold)
		ret = hold(cli);
	else if (ret == CLI_OK && !cli->json)
		printf("The buffer is gone now; --hold keeps it, --exec hands it to a program.\n");
	source_close(&src);
	return ret;
}

const struct command cmd_export = {
	.name = "export",
	.summary = "export BAR ranges as a dma-buf; run a program with it",
	.help = "usage: tphbuf export BDF --bar N [--range OFFSET+LENGTH]... [--tag TAG]\n"
		"                     [--hold | --exec COMMAND [ARGUMENT]...]\n"
		"\n"
		"Exports ranges of a BAR (the whole BAR if none is given) as one dma-buf and\n"
		"tags it. The dma-buf lives while the device is open, so while this process\n"
		"does: --hold waits for ^C, --exec runs a program that inherits the dma-buf\n"
		"and finds TPHBUF_FD, TPHBUF_LENGTH, TPHBUF_BDF, TPHBUF_BAR and TPHBUF_TAG in\n"
		"its environment. The exit status is the program's.\n"
		"\n" HELP_RANGES "  --tag TAG              st=N,ph=N or xst=N,ph=N or both\n"
		"  --hold                 keep the buffer until ^C\n"
		"  --exec COMMAND ...     run COMMAND; must come last\n" HELP_DEVICE HELP_OUTPUT "\n"
		"example: tphbuf export 0000:03:00.0 --bar 2 --range 0+1M --tag st=0x5a,ph=2 \\\n"
		"                --exec ./my-importer\n",
	.accepts = ACCEPT_BUFFER | ACCEPT(OPT_TAG) | ACCEPT(OPT_HOLD) | ACCEPT(OPT_EXEC),
	.run = run,
};
