// SPDX-License-Identifier: MIT
/* The tables of commands and options: help, parser and completion agree. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/option_table.h"
#include "tests/unit/cli_run.h"
#include "version.h"

/* Call @fn with each option for each command. */
static void each_pair(void (*fn)(const struct command *command, const struct option_desc *option))
{
	static const char *const names[] = {
		"list", "info",	    "topo",	"doctor", "export", "tag",
		"show", "register", "selftest", "serve",  "attach", "steer",
	};
	const struct option_desc *option;
	size_t i, k;

	assert_int_equal(NR(names), NR_COMMANDS);
	for (i = 0; i < NR(names); i++)
		for (k = 0; (option = option_at(k)); k++)
			fn(command_find(names[i]), option);
}

static void check_entry(const struct command *command, const struct option_desc *option)
{
	assert_true(option->name[0] && option->help[0]);
	assert_int_equal(option->required & ~option->commands, 0);
	/* Only --exec, which ends the options, is stored by the parser itself. */
	assert_int_equal(!option->take, !strcmp(option->name, "exec"));
	assert_ptr_equal(option_find(option->name), option);
	assert_non_null(command);
}

static void the_table_is_consistent(void **state)
{
	(void)state;
	each_pair(check_entry);
	assert_null(option_find("nonsense"));
	assert_null(command_find("nonsense"));
}

static void check_help(const struct command *command, const struct option_desc *option)
{
	char line[64], text[160];

	snprintf(line, sizeof(line), "%s --help", command->name);
	run(line);
	snprintf(text, sizeof(text), "  --%s%s%s  ", option->name, option->arg ? " " : "",
		 option->arg ? option->arg : "");
	assert_int_equal(!!strstr(result.out, text), option_is_for(option, command));
	if (!option_is_for(option, command))
		return;
	assert_non_null(strstr(result.out, option->help));
	/* The usage line shows what is required. */
	snprintf(text, sizeof(text), " --%s %s", option->name, option->arg ? option->arg : "");
	*strchr(result.out, '\n') = '\0';
	assert_int_equal(!!strstr(result.out, text),
			 !!(option->required & COMMAND_BIT(command->id)));
}

static void help_shows_each_option(void **state)
{
	(void)state;
	if (cli_on_valgrind())
		skip();
	each_pair(check_help);
}

static void check_parser(const struct command *command, const struct option_desc *option)
{
	char line[96], text[96];
	bool refused;

	/* An empty value, or a value for an option that has none. */
	snprintf(line, sizeof(line), "%s --%s%s", command->name, option->name,
		 option->arg ? "=" : "=x");
	run(line);
	snprintf(text, sizeof(text), "--%s is not an option of this command", option->name);
	refused = strstr(result.err, text);
	assert_int_equal(refused, !option_is_for(option, command));
	if (refused)
		assert_int_equal(result.code, 2);
}

static void parser_accepts_exactly_the_options_of_a_command(void **state)
{
	(void)state;
	if (cli_on_valgrind())
		skip();
	each_pair(check_parser);
}

static void print_of(void *arg, const struct command *command)
{
	char line[64];

	(void)arg;
	snprintf(line, sizeof(line), "%s --help", command->name);
	assert_run(line, 0, "\nexample: tphbuf ", "");
	snprintf(line, sizeof(line), "%s --json -h", command->name);
	assert_run(line, 0, "usage: tphbuf", "");
	assert_int_equal(result.out[0], 'u');
	snprintf(line, sizeof(line), "  %s ", command->name);
	assert_run("--help", 0, line, "");
}

static void help_shows_an_example(void **state)
{
	(void)state;
	command_each(print_of, NULL);
	assert_run("help", 0, "commands:", "");
	assert_run("--version", 0, "tphbuf " PROGRAM_VERSION "\n", "");
}

static void check_completion(const struct command *command, const struct option_desc *option)
{
	char line[64], text[64];

	snprintf(line, sizeof(line), "__complete %s --", command->name);
	run(line);
	snprintf(text, sizeof(text), "--%s\n", option->name);
	assert_int_equal(!!strstr(result.out, text), option_is_for(option, command));
}

static void completion_offers_each_option(void **state)
{
	(void)state;
	if (cli_on_valgrind())
		skip();
	each_pair(check_completion);
}

/* Words before the current one, which is the last. */
static void completion_follows_the_words(void **state)
{
	static const struct {
		const char *words, *offered, *not_offered;
	} cases[] = {
		{ "x", "list\n", "__complete" },
		{ "export x", FAKE_BDF, "mlx5_0" },
		{ "export --bar x", "5\n", FAKE_BDF },
		{ "export --bar 2 x", FAKE_BDF, "5\n6" },
		{ "export --bar 2 03:00.0 x", "", "0" },
		{ "export --noiommu x", FAKE_BDF, "--" },
		{ "export --tag x", "st=\nxst=\nnone\n", FAKE_BDF },
		{ "export --backend x", "iommufd\n", FAKE_BDF },
		{ "topo x", "mlx5_0\n", "--" },
		{ "topo 03:00.0 x", FAKE_BDF, "--" },
		{ "selftest x", FAKE_BDF, "mlx5_0" },
		{ "selftest 03:00.0 x", "mlx5_0", FAKE_BDF },
		{ "attach x", ":files\n", FAKE_BDF },
		{ "attach --ibdev x", "mlx5_0\n", ":files" },
		{ "list --root x", ":directories\n", "--" },
		{ "list x", "", "0" },
		{ "show x", "1\n", "self" },
		{ "serve --count x", "", FAKE_BDF },
		{ "export 03:00.0 --exec x", ":program 3\n", FAKE_BDF },
		{ "export -- ls x", ":program 2\n", FAKE_BDF },
		{ "list -- x", "", ":program" },
		{ "nonsense x", "", "list" },
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < NR(cases); i++) {
		snprintf(line, sizeof(line), "__complete %s", cases[i].words);
		assert_run(line, 0, cases[i].offered, "");
		if (strstr(result.out, cases[i].not_offered))
			fail_msg("%s offers %s", line, result.out);
	}
	assert_run("__complete", 2, "", "");
}

static void a_machine_without_devices_offers_nothing(void **state)
{
	(void)state;
	fake_remove("sys");
	assert_run("__complete topo x", 0, "", "");
	assert_string_equal(result.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(the_table_is_consistent),
		CLI_TEST(help_shows_each_option),
		CLI_TEST(parser_accepts_exactly_the_options_of_a_command),
		CLI_TEST(help_shows_an_example),
		CLI_TEST(completion_offers_each_option),
		CLI_TEST(completion_follows_the_words),
		CLI_TEST(a_machine_without_devices_offers_nothing),
	};

	return cmocka_run_group_tests_name("cli_options", tests, NULL, NULL);
}
