/* SPDX-License-Identifier: MIT */
/* Run a program that inherits the buffer. */
#ifndef CLI_EXEC_H
#define CLI_EXEC_H

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/source.h"

/*
 * Check that the program of --exec exists, before anything is done.
 * Return: CLI_OK, also without --exec, or exit code.
 */
int exec_check(struct cli *cli, const struct options *opts);
int exec_with_buffer(struct cli *cli, const struct options *opts, const struct source *src);

#endif
