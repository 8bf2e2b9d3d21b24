// SPDX-License-Identifier: MIT
/* The tphbuf command: subcommand table, failure report, exit codes. */
#define _GNU_SOURCE	/* strerrorname_np */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct command * const commands[] = {
	&cmd_list, &cmd_info, &cmd_topo, &cmd_doctor, &cmd_export, &cmd_tag,
	&cmd_show, &cmd_register, &cmd_selftest, &cmd_serve, &cmd_attach,
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("usage: tphbuf COMMAND [OPTIONS]\n\n"
	      "Device memory as dma-bufs with PCIe TPH steering tags.\n\n"
	      "commands:\n", out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\ntphbuf COMMAND --help tells more and shows an example.\n"
	      "exit status: 0 done, 1 failed, 2 wrong usage, 4 not supported here\n",
	      out);
}

static void add_error(struct cli *cli, const char *stage, const char *name,
		      int number, const char *text)
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

int cli_fail(struct cli *cli, int err)
{
	enum tphbuf_stage stage = tphbuf_ctx_error_stage(cli->ctx);
	const char *text = tphbuf_ctx_error(cli->ctx);

	if (stage == TPHBUF_STAGE_ARGUMENT)
		fprintf(stderr, "tphbuf %s: %s\n", cli->command->name, text);
	else
		fprintf(stderr, "tphbuf %s: %s failed: %s\n",
			cli->command->name, tphbuf_stage_name(stage), text);
	add_error(cli, tphbuf_stage_name(stage), strerrorname_np(-err), -err,
		  text);
	/* A peer that talks nonsense says nothing about this machine. */
	if (tphbuf_is_unsupported(err) &&
	    !(stage == TPHBUF_STAGE_SHARE && err == -EPROTO))
		return CLI_UNSUPPORTED;
	return stage == TPHBUF_STAGE_ARGUMENT ? CLI_USAGE : CLI_FAILURE;
}

int cli_fail_text(struct cli *cli, int code, const char *stage,
		  const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tphbuf %s: %s\n", cli->command->name, text);
	add_error(cli, stage, NULL, 0, text);
	return code;
}

static void log_to_stderr(void *arg, enum tphbuf_log_level level,
			  const char *text)
{
	(void)arg;
	/* cli_fail() reports errors. */
	if (level != TPHBUF_LOG_ERROR)
		fprintf(stderr, "tphbuf: %s\n", text);
}

static int run(struct cli *cli, struct options *opts)
{
	struct tphbuf_ctx_opts ctx_opts = {
		.size = sizeof(ctx_opts),
		.sysfs_root = cli->sysfs_root,
		.dev_root = cli->dev_root,
		.proc_root = cli->proc_root,
		.log = cli->verbose ? log_to_stderr : NULL,
		.log_level = TPHBUF_LOG_DEBUG,
	};
	int ret;

	ret = tphbuf_ctx_new(&ctx_opts, &cli->ctx);
	if (ret)
		return cli_fail_text(cli, CLI_FAILURE, "argument",
				     "out of memory");
	ret = vendor_load(cli, opts);
	if (ret == CLI_OK)
		ret = cli->command->run(cli, opts);
	tphbuf_ctx_free(cli->ctx);
	vendor_unload(cli);
	return ret;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct cli cli = { .command = command, .color = color_wanted() };
	struct options opts = { .bar = -1, .gid_index = -1, .mode = -1 };
	int ret;

	ret = options_parse(&cli, &opts, argc, argv);
	if (ret == OPTIONS_RUN)
		ret = run(&cli, &opts);
	/* Already printed by those that go on after their answer. */
	if (cli.json)
		print_json(cli.json);
	cJSON_Delete(cli.json);
	options_free(&opts);
	free(cli.roots);
	if (fflush(stdout) && !ret) {
		perror("tphbuf: write");
		ret = CLI_FAILURE;
	}
	return ret;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("tphbuf %d.%d\n", TPHBUF_VERSION_MAJOR,
		       TPHBUF_VERSION_MINOR);
		return CLI_OK;
	}
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return run_command(commands[i], argc - 1, argv + 1);
	fprintf(stderr, "tphbuf: there is no command '%s'; see tphbuf --help\n",
		argv[1]);
	return CLI_USAGE;
}
