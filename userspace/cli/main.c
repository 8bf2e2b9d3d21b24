// SPDX-License-Identifier: MIT
/* The tphbuf command. */
#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/color.h"
#include "cli/complete.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text.h"
#include "version.h"

static void print_summary(void *out, const struct command *command)
{
	fprintf(out, "  %-10s %s\n", command->name, command->summary);
}

static void usage(FILE *out)
{
	fputs("usage: tphbuf COMMAND [OPTION]...\n\n"
	      "Device memory as dma-bufs with PCIe TPH steering tags.\n\n"
	      "commands:\n",
	      out);
	command_each(print_summary, out);
	fputs("\ntphbuf COMMAND --help describes a command and shows an example.\n"
	      "tphbuf --version prints the version.\n"
	      "exit status: 0 done, 1 failed, 2 wrong usage, 4 not supported\n",
	      out);
}

static void log_to_stderr(void *arg, enum tphbuf_log_level level, const char *text)
{
	(void)arg;
	/* cli_fail() reports errors. */
	if (level != TPHBUF_LOG_ERROR)
		say(stderr, "tphbuf: %s\n", text);
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
		return cli_fail_text(cli, CLI_FAILURE, "argument", "out of memory; free some");
	ret = cli->command->run(cli, opts);
	tphbuf_ctx_free(cli->ctx);
	return ret;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	struct options opts = {
		.bar = -1, .gid_index = -1, .mode = -1, .entry = -1, .mode_wanted = -1
	};
	int ret;

	ret = options_parse(cli, &opts, argc, argv);
	if (ret == OPTIONS_RUN)
		ret = run(cli, &opts);
	options_free(&opts);
	free(cli->roots);
	return ret;
}

/* "tphbuf --json list": the command comes first. */
static int no_command(struct cli *cli, const char *word)
{
	if (word[0] == '-')
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "%s stands in the place of the command; put the command first, see tphbuf --help",
				     word);
	return cli_fail_text(cli, CLI_USAGE, "argument",
			     "there is no command '%s'; see tphbuf --help", word);
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("tphbuf " PROGRAM_VERSION);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "__complete"))
		return complete(argc - 2, argv + 2);
	cli->command = command_find(argv[1]);
	options_find_json(cli, argc, argv);
	return cli->command ? run_command(cli, argc - 1, argv + 1) : no_command(cli, argv[1]);
}

/*
 * With standard output closed, the descriptor of an opened device would be
 * standard output, and the answer would be written to the device.
 */
static bool fill_standard_fds(void)
{
	int fd, got;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* Neither read nor written: EBADF, as before. */
		got = open("/", O_PATH);
		if (got == fd)
			continue;
		if (got >= 0)
			close(got);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct cli cli = { .color = color_wanted() };
	int ret;

	if (!fill_standard_fds()) {
		fputs("tphbuf: standard input, output or error is closed; open it\n", stderr);
		return CLI_FAILURE;
	}
	ret = dispatch(&cli, argc, argv);
	/* Commands that continue after their answer have printed it. */
	if (finish_output(&cli) != CLI_OK)
		ret = CLI_FAILURE;
	return ret;
}
