/* SPDX-License-Identifier: MIT */
/* Colours of standard output. */
#ifndef CLI_COLOR_H
#define CLI_COLOR_H

#include <stdbool.h>

#include "cli/cli.h"

enum color { COLOR_NONE, COLOR_GOOD, COLOR_WARN, COLOR_BAD, COLOR_DIM, NR_COLORS };
bool color_wanted(void);
const char *color_start(const struct cli *cli, enum color color);
const char *color_end(const struct cli *cli, enum color color);

#endif
