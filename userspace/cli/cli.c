// SPDX-License-Identifier: MIT
/* How a failure is reported. */
#define _GNU_SOURCE /* strerrorname_np */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/text.h"

static void add_error(struct cli *cli, const char *stage, const char *name, int number,
		      const char *text)
{
	cJSON *error;

	if (!cli->json)
		return;
	cJSON_DeleteItemFromObject(cli->json, "ok");
	cJSON_AddBoolToObject(cli->json, "ok", false);
	error = cJSON_AddObjectToObject(cli->json, "error");
	cJSON_AddStringToObject(error, "stage", stage);
	json_add_string_or_null(error, "errno", name);
	cJSON_AddNumberToObject(error, "number", number);
	cJSON_AddStringToObject(error, "text", text);
}

static int fail_at(struct cli *cli, enum tphbuf_stage stage, int err, const char *text)
{
	if (stage == TPHBUF_STAGE_ARGUMENT)
		say(stderr, "tphbuf %s: %s\n", cli->command->name, text);
	else
		say(stderr, "tphbuf %s: %s failed: %s\n", cli->command->name,
		    tphbuf_stage_name(stage), text);
	add_error(cli, tphbuf_stage_name(stage), strerrorname_np(-err), -err, text);
	/* A malformed peer message is not a sign of missing support. */
	if (tphbuf_is_unsupported(err) && !(stage == TPHBUF_STAGE_SHARE && err == -EPROTO))
		return CLI_UNSUPPORTED;
	return stage == TPHBUF_STAGE_ARGUMENT ? CLI_USAGE : CLI_FAILURE;
}

int cli_fail(struct cli *cli, int err)
{
	return fail_at(cli, tphbuf_ctx_error_stage(cli->ctx), err, tphbuf_ctx_error(cli->ctx));
}

int cli_fail_errno(struct cli *cli, enum tphbuf_stage stage, int err, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%.200s: %s", what, tphbuf_explain(stage, err));
	return fail_at(cli, stage, err, text);
}

int cli_fail_text(struct cli *cli, int code, const char *stage, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_clean(text);
	fprintf(stderr, "tphbuf%s%s: %s\n", cli->command ? " " : "",
		cli->command ? cli->command->name : "", text);
	add_error(cli, stage, NULL, 0, text);
	return code;
}
