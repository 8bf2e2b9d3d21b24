/* SPDX-License-Identifier: MIT */
/* Keep the buffer until a signal. */
#ifndef CLI_HOLD_H
#define CLI_HOLD_H

#include "cli/cli.h"

/* Print the answer, then wait for SIGINT, SIGTERM or SIGHUP. Return: CLI_OK or exit code. */
int hold(struct cli *cli);

#endif
