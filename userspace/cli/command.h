/* SPDX-License-Identifier: MIT */
/* A subcommand: what it takes and what it does. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

struct command {
	const char *name;
	const char *summary;
	const char *help;
	uint64_t accepts;     /* set of enum opt */
	const char *arg_name; /* "PCI address"; for min_args */
	size_t min_args;      /* beside the BDF of OPT_BDF */
	size_t max_args;
	bool ibdev_optional; /* with OPT_IBDEV */
	int (*run)(struct cli *cli, struct options *opts);
};

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);
/* Call @fn for each, in the order of the help. */
void command_each(void (*fn)(void *arg, const struct command *command), void *arg);

#endif
