/* SPDX-License-Identifier: MIT */
/* --vendor LIBRARY. */
#ifndef CLI_VENDOR_H
#define CLI_VENDOR_H

#include "cli/cli.h"
#include "cli/options.h"

/* Load opts->vendor into cli->ctx. Return: CLI_OK or exit code. */
int vendor_load(struct cli *cli, const struct options *opts);
void vendor_unload(struct cli *cli);

#endif
