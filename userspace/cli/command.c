// SPDX-License-Identifier: MIT
/* The table of subcommands. */
#include <string.h>

#include "cli/commands/commands.h"

static const struct command *const commands[] = {
	&cmd_list, &cmd_info,	  &cmd_topo,	 &cmd_doctor, &cmd_export, &cmd_tag,
	&cmd_show, &cmd_register, &cmd_selftest, &cmd_serve,  &cmd_attach,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	return NULL;
}

void command_each(void (*fn)(void *arg, const struct command *command), void *arg)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		fn(arg, commands[i]);
}
