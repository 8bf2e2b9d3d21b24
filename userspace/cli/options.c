// SPDX-License-Identifier: MIT
/* The command line: options by getopt_long(3) from the table, then operands. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/exec.h"
#include "cli/json.h"
#include "cli/option_values.h"
#include "cli/options.h"

/* getopt_long() value of option 0: above every character. */
#define OPT_BASE    256
#define MAX_OPTIONS 64

void options_find_json(struct cli *cli, int argc, char **argv)
{
	const struct command *command = cli->command;
	bool execs = command && option_is_for(option_find("exec"), command);
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--") || (execs && !strcmp(argv[i], "--exec")))
			return;
		if (strcmp(argv[i], "--json"))
			continue;
		cli->json = cJSON_CreateObject();
		cJSON_AddNumberToObject(cli->json, "schema_version", JSON_SCHEMA_VERSION);
		json_add_string_or_null(cli->json, "command", command ? command->name : NULL);
		cJSON_AddBoolToObject(cli->json, "ok", true);
		return;
	}
}

/* --exec ends the options: the rest of @argv is the command. */
static int find_exec(struct parse *p, int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--exec") && strcmp(argv[i], "--"))
			continue;
		if (!option_is_for(option_find("exec"), p->cli->command))
			break;
		if (i + 1 == *argc)
			return cli_fail_text(p->cli, CLI_USAGE, "argument",
					     "--exec: no command; put it after --exec");
		p->opts->exec = &argv[i + 1];
		*argc = i;
		break;
	}
	return OPTIONS_RUN;
}

static int finish_ranges(struct parse *p)
{
	if (!p->has_offset && !p->has_length)
		return OPTIONS_RUN;
	if (p->opts->nr_ranges)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--offset and --length exclude --range; use either");
	if (!p->has_length)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--offset without --length; give both");
	return add_range(p, &p->single);
}

/* Whether required option @option was given. */
static bool is_given(const struct parse *p, const struct option_desc *option)
{
	if (option->take == take_bar)
		return p->opts->bar >= 0;
	return *(const char *const *)((const char *)p->opts + option->offset);
}

static int check_required(struct parse *p)
{
	const struct command *command = p->cli->command;
	const struct option_desc *option;
	size_t i;

	for (i = 0; (option = option_at(i)); i++)
		if (option->required & COMMAND_BIT(command->id) && !is_given(p, option))
			return cli_fail_text(p->cli, CLI_USAGE, "argument",
					     "--%s is missing; give --%s %s, see tphbuf %s --help",
					     option->name, option->name, option->arg, command->name);
	return OPTIONS_RUN;
}

static int take_operands(struct parse *p, int argc, char **argv)
{
	const struct command *command = p->cli->command;
	char bdf[TPHBUF_BDF_MAX];

	if (command->takes_bdf) {
		if (optind >= argc)
			return cli_fail_text(p->cli, CLI_USAGE, "argument",
					     "no device; give its PCI address, see tphbuf %s --help",
					     command->name);
		p->opts->bdf = argv[optind++];
		if (tphbuf_bdf_parse(p->opts->bdf, bdf))
			return bad_value(p, "device", p->opts->bdf,
					 "not a PCI address; use the form 0000:03:00.0");
	}
	while (optind < argc && p->opts->nr_args < command->max_args)
		p->opts->args[p->opts->nr_args++] = argv[optind++];
	if (p->opts->nr_args < command->min_args)
		return cli_fail_text(p->cli, CLI_USAGE, "argument", "no %s; see tphbuf %s --help",
				     command->arg_name, command->name);
	if (optind < argc)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "unexpected argument '%s'; see tphbuf %s --help", argv[optind],
				     command->name);
	return OPTIONS_RUN;
}

static int finish(struct parse *p, int argc, char **argv)
{
	int ret = take_operands(p, argc, argv);

	if (ret == OPTIONS_RUN)
		ret = check_required(p);
	if (ret != OPTIONS_RUN)
		return ret;
	if (p->opts->exec && p->opts->hold)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--hold and --exec exclude each other; use either");
	ret = finish_ranges(p);
	if (ret != OPTIONS_RUN)
		return ret;
	ret = exec_check(p->cli, p->opts);
	return ret == CLI_OK ? OPTIONS_RUN : ret;
}

/* @typed: the option as typed, without its value. */
static int unknown_option(struct cli *cli, const char *typed)
{
	return cli_fail_text(cli, CLI_USAGE, "argument",
			     "%.*s is not an option of this command; see tphbuf %s --help",
			     (int)strcspn(typed, "="), typed, cli->command->name);
}

/* Where getopt_long() found the option that it has just taken. */
static const char *typed_option(char **argv)
{
	return argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)];
}

/*
 * getopt_long() takes every unambiguous prefix of a name. An option added
 * later would change the meaning of such a prefix.
 */
static int check_option(struct cli *cli, const char *typed, const struct option_desc *option)
{
	size_t len = strcspn(typed, "=");

	if (!option_is_for(option, cli->command))
		return unknown_option(cli, typed);
	if (len == strlen(option->name) + 2)
		return OPTIONS_RUN;
	return cli_fail_text(cli, CLI_USAGE, "argument",
			     "%.*s is not an option, --%s is; write it out, see tphbuf %s --help",
			     (int)len, typed, option->name, cli->command->name);
}

/* Options that getopt_long() refuses. */
static int bad_option(struct cli *cli, int c, char **argv)
{
	const char *typed = argv[optind - 1];
	char letter[] = { '-', (char)optopt, '\0' };
	const struct option_desc *option;

	if (!optopt)
		return unknown_option(cli, typed);
	if (optopt < OPT_BASE)
		return unknown_option(cli, letter);
	option = option_at((size_t)(optopt - OPT_BASE));
	if (check_option(cli, typed, option) != OPTIONS_RUN)
		return CLI_USAGE;
	return cli_fail_text(cli, CLI_USAGE, "argument", "--%s %s; see tphbuf %s --help",
			     option->name, c == ':' ? "needs a value" : "takes no value",
			     cli->command->name);
}

static int take_next(struct parse *p, int c, char **argv)
{
	const struct option_desc *option;

	if (c == ':' || c == '?')
		return bad_option(p->cli, c, argv);
	if (c == 'h') {
		option = option_find("help");
	} else {
		option = option_at((size_t)(c - OPT_BASE));
		if (check_option(p->cli, typed_option(argv), option) != OPTIONS_RUN)
			return CLI_USAGE;
	}
	/* find_exec() has cut off what ends the options. */
	return option->take ? option->take(p, option, optarg) : OPTIONS_RUN;
}

static void fill_long_options(struct option *longs)
{
	const struct option_desc *option;
	size_t i;

	for (i = 0; i + 1 < MAX_OPTIONS && (option = option_at(i)); i++)
		longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->arg && option->take ? required_argument : no_argument,
			.val = OPT_BASE + (int)i,
		};
	longs[i] = (struct option){ 0 };
}

int options_parse(struct cli *cli, struct options *opts, int argc, char **argv)
{
	struct parse p = { .cli = cli, .opts = opts };
	struct option longs[MAX_OPTIONS];
	int c, ret;

	ret = find_exec(&p, &argc, argv);
	if (ret != OPTIONS_RUN)
		return ret;
	fill_long_options(longs);
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) >= 0) {
		ret = take_next(&p, c, argv);
		if (ret != OPTIONS_RUN)
			return ret;
	}
	return finish(&p, argc, argv);
}

void options_free(struct options *opts)
{
	free(opts->ranges);
}
