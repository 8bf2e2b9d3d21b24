/* SPDX-License-Identifier: MIT */
/* Standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"

/*
 * Print cli->json, if any, and check that all output is written. Called before
 * a command blocks or runs a program, and at the end. Return: CLI_OK, or CLI_FAILURE after a message.
 */
int finish_output(struct cli *cli);

#endif
