/* SPDX-License-Identifier: MIT */
/* The text of --help. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* Usage, description, options and example of @command, on standard output. */
void help_print(const struct command *command);

#endif
