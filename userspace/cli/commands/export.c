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
		printf("The buffer ends with this command; --hold keeps it, --exec runs a program with it.\n");
	source_close(&src);
	return ret;
}

const struct command cmd_export = {
	.id = COMMAND_EXPORT,
	.name = "export",
	.summary = "export BAR ranges as a dma-buf; run a program with it",
	.operands = "BDF",
	.about = "Exports ranges of a BAR (default: the whole BAR) as one dma-buf and tags it.\n"
		 "The dma-buf lives while the device is open, that is, while this process runs:\n"
		 "--hold waits for a signal, --exec runs a program that inherits the dma-buf and\n"
		 "finds TPHBUF_FD, TPHBUF_LENGTH, TPHBUF_BDF, TPHBUF_BAR and TPHBUF_TAG in its\n"
		 "environment. The exit status is the program's.\n",
	.example = "export 0000:03:00.0 --bar 2 --range 0+1M --tag st=0x5a,ph=2 \\\n"
		   "                --exec ./my-importer",
	.takes_bdf = true,
	.completion = { COMPLETE_FUNCTION },
	.run = run,
};
