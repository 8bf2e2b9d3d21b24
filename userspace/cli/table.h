/* SPDX-License-Identifier: MIT */
/* Tables whose columns are as wide as their content. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#include "cli/cli.h"
#include "cli/color.h"

struct table;
struct table *table_new(const char *const *heads, size_t columns);
/* One cell more, row after row; @text is copied. NULL tables are ignored. */
void table_cell(struct table *table, enum color color, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Print and free. Return: CLI_OK, or the exit code if memory ran out. */
int table_end(struct table *table, struct cli *cli);
void table_free(struct table *table);

#endif
