/* SPDX-License-Identifier: MIT */
/* Registration of a buffer, for the commands that end in one. */
#ifndef CLI_COMMANDS_REGISTER_H
#define CLI_COMMANDS_REGISTER_H

#include <infiniband/verbs.h>

#include "cli/options.h"
#include "cli/source.h"

/*
 * Register a buffer, show it, hold it if opts say so. A
 * received buffer is required to carry the tag that came with it.
 * Return: CLI_OK or exit code.
 */
int register_source(struct cli *cli, const struct options *opts, const struct source *src,
		    struct ibv_pd *pd);

#endif
