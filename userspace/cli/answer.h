/* SPDX-License-Identifier: MIT */
/* The part of an answer that describes the buffer. */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <cjson/cJSON.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/source.h"

void json_add_source(cJSON *json, const struct source *src);
void print_source(const struct source *src);
/*
 * Print the place of @src, and its tag if one was requested or received: other
 * buffers work on a kernel without tags. Return: CLI_OK or exit code.
 */
int answer_source(struct cli *cli, const struct options *opts, const struct source *src);

#endif
