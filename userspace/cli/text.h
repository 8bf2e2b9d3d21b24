/* SPDX-License-Identifier: MIT */
/* Text of arguments, sysfs and other processes, for terminals and JSON. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdio.h>
#include <cjson/cJSON.h>

/*
 * Make text of other origin safe for a terminal and for JSON. Invalid UTF-8
 * and control characters become '?'; an incomplete character at the end is
 * removed.
 */
void text_clean(char *text);
/* The strings of @json and all below it; control characters stay. */
void json_clean(cJSON *json);
/* One line, or a part of one, as fprintf() has it, cleaned. */
void say(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
