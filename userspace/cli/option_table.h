/* SPDX-License-Identifier: MIT */
/*
 * The options of the command line, each described once: parser, help, bash
 * completion and the check of the man page read this table.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/complete.h"

struct parse;

struct option_desc {
	const char *name; /* without the dashes */
	const char *arg;  /* name of its value in help texts; NULL: takes none */
	const char *help;
	uint32_t commands; /* set of COMMAND_BIT() that take it */
	uint32_t required; /* set of those that need it */
	enum completion completion;
	/* Store @value. Return: OPTIONS_RUN or exit code. NULL: ends the options. */
	int (*take)(struct parse *p, const struct option_desc *option, const char *value);
	size_t offset; /* in struct options, where @take stores it */
	int min, max;  /* of a number */
};

/* Option number @index in the order of the help, NULL after the last. */
const struct option_desc *option_at(size_t index);
const struct option_desc *option_find(const char *name);

static inline bool option_is_for(const struct option_desc *option, const struct command *command)
{
	return option->commands & COMMAND_BIT(command->id);
}

#endif
