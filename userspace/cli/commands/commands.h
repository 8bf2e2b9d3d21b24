/* SPDX-License-Identifier: MIT */
/* All subcommands. */
#ifndef CLI_COMMANDS_COMMANDS_H
#define CLI_COMMANDS_COMMANDS_H

#include "cli/command.h"

extern const struct command cmd_list;
extern const struct command cmd_info;
extern const struct command cmd_export;
extern const struct command cmd_tag;
extern const struct command cmd_register;
extern const struct command cmd_topo;
extern const struct command cmd_doctor;
extern const struct command cmd_show;
extern const struct command cmd_serve;
extern const struct command cmd_attach;
extern const struct command cmd_selftest;
extern const struct command cmd_steer;

#endif
