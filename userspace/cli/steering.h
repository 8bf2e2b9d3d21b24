/* SPDX-License-Identifier: MIT */
/* What can be steered, as text or JSON. */
#ifndef CLI_STEERING_H
#define CLI_STEERING_H

#include "cli/cli.h"

void show_steering(const struct cli *cli, const struct tphbuf_steer_info *info);
/* The reason in place of it, which is no failure of the command. */
void show_no_steering(const struct cli *cli, const char *reason);

#endif
