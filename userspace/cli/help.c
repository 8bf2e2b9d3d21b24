// SPDX-License-Identifier: MIT
/* The text of --help: the words of the command, and its options from the table. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/option_table.h"

/* "--bar N" */
static int label(const struct option_desc *option, char *text, size_t size)
{
	return snprintf(text, size, "--%s%s%s", option->name, option->arg ? " " : "",
			option->arg ? option->arg : "");
}

static void print_usage(const struct command *command)
{
	const struct option_desc *option;
	char text[64];
	size_t i;

	printf("usage: tphbuf %s", command->name);
	if (command->operands)
		printf(" %s", command->operands);
	for (i = 0; (option = option_at(i)); i++) {
		if (!(option->required & COMMAND_BIT(command->id)))
			continue;
		label(option, text, sizeof(text));
		printf(" %s", text);
	}
	printf(" [OPTION]...\n");
}

static void print_options(const struct command *command)
{
	const struct option_desc *option;
	int width = 0, len;
	char text[64];
	size_t i;

	for (i = 0; (option = option_at(i)); i++) {
		len = option_is_for(option, command) ? label(option, text, sizeof(text)) : 0;
		if (len > width)
			width = len;
	}
	for (i = 0; (option = option_at(i)); i++) {
		if (!option_is_for(option, command))
			continue;
		label(option, text, sizeof(text));
		printf("  %-*s  %s\n", width, text, option->help);
	}
}

void help_print(const struct command *command)
{
	print_usage(command);
	printf("\n%s\n", command->about);
	print_options(command);
	printf("\nexample: tphbuf %s\n", command->example);
}
