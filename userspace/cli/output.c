// SPDX-License-Identifier: MIT
/* Standard output: the JSON answer, and whether all of it was written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/text.h"

/* 0 or an errno value. */
static int print_json(cJSON *json)
{
	char *text;

	json_clean(json);
	text = cJSON_Print(json);
	if (!text)
		return ENOMEM;
	puts(text);
	free(text);
	return 0;
}

int finish_output(struct cli *cli)
{
	int err = 0;

	if (cli->json)
		err = print_json(cli->json);
	cJSON_Delete(cli->json);
	cli->json = NULL;
	if (fflush(stdout) && !err)
		err = errno;
	if (!err && !ferror(stdout))
		return CLI_OK;
	/* Each flush tries again what could not be written: one message. */
	if (!cli->output_failed)
		fprintf(stderr, "tphbuf: cannot write to standard output (%s)\n",
			err ? strerror(err) : "an earlier write failed");
	cli->output_failed = true;
	return CLI_FAILURE;
}
