// SPDX-License-Identifier: MIT
/* The table of subcommands. */
#include <string.h>

#include "cli/commands/commands.h"

static const struct command *const commands[NR_COMMANDS] = {
	[COMMAND_LIST] = &cmd_list,	    [COMMAND_INFO] = &cmd_info,
	[COMMAND_TOPO] = &cmd_topo,	    [COMMAND_DOCTOR] = &cmd_doctor,
	[COMMAND_EXPORT] = &cmd_export,	    [COMMAND_TAG] = &cmd_tag,
	[COMMAND_SHOW] = &cmd_show,	    [COMMAND_REGISTER] = &cmd_register,
	[COMMAND_SELFTEST] = &cmd_selftest, [COMMAND_SERVE] = &cmd_serve,
	[COMMAND_ATTACH] = &cmd_attach,	    [COMMAND_STEER] = &cmd_steer,
};

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
