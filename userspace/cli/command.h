/* SPDX-License-Identifier: MIT */
/* A subcommand: what it takes and what it does. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complete.h"
#include "cli/options.h"

/* In the order of the help. */
enum command_id {
	COMMAND_LIST,
	COMMAND_INFO,
	COMMAND_TOPO,
	COMMAND_DOCTOR,
	COMMAND_EXPORT,
	COMMAND_TAG,
	COMMAND_SHOW,
	COMMAND_REGISTER,
	COMMAND_SELFTEST,
	COMMAND_SERVE,
	COMMAND_ATTACH,
	COMMAND_STEER,
	NR_COMMANDS
};

#define COMMAND_BIT(id) (UINT32_C(1) << (id))

#define MAX_OPERANDS	3

struct command {
	enum command_id id;
	const char *name;
	const char *summary;
	const char *operands; /* as the usage line shows them, or NULL */
	const char *about;    /* description for --help */
	const char *example;  /* after "tphbuf " */
	bool takes_bdf;	      /* the first operand is a PCI address */
	const char *arg_name; /* what is missing with fewer than min_args */
	size_t min_args;      /* operands after the PCI address */
	size_t max_args;
	enum completion completion[MAX_OPERANDS]; /* of all operands */
	int (*run)(struct cli *cli, struct options *opts);
};

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);
/* Call @fn for each, in the order of the help. */
void command_each(void (*fn)(void *arg, const struct command *command), void *arg);

#endif
