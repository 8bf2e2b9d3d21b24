// SPDX-License-Identifier: MIT
/* Colours, if standard output takes them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/color.h"

/* https://no-color.org: any value but the empty one switches colours off. */
bool color_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && no[0]) && term && strcmp(term, "dumb") && isatty(STDOUT_FILENO);
}

const char *color_start(const struct cli *cli, enum color color)
{
	static const char *const codes[NR_COLORS] = {
		[COLOR_NONE] = "",	  [COLOR_GOOD] = "\033[32m", [COLOR_WARN] = "\033[33m",
		[COLOR_BAD] = "\033[31m", [COLOR_DIM] = "\033[2m",
	};

	return cli->color ? codes[color] : "";
}

const char *color_end(const struct cli *cli, enum color color)
{
	return cli->color && color != COLOR_NONE ? "\033[0m" : "";
}
