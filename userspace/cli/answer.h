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
 * Print where @src lies, and its tag if it was asked for or came with it: a
 * kernel that knows no tags is fine otherwise. Return: CLI_OK or exit code.
 */
int answer_source(struct cli *cli, const struct options *opts, const struct source *src);

#endif
