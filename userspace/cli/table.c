// SPDX-License-Identifier: MIT
/* Tables whose columns are as wide as their content. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "cli/text.h"

#define CELL_MAX 512
#define GAP	 2

struct cell {
	char *text;
	enum color color;
};

struct table {
	size_t columns;
	size_t *width; /* of each column */
	size_t used;
	size_t room;
	struct cell *cells; /* row after row, the first is the head */
	bool failed;
};

struct table *table_new(const char *const *heads, size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));
	size_t i;

	if (!table)
		return NULL;
	table->columns = columns;
	table->width = calloc(columns, sizeof(*table->width));
	table->failed = !table->width;
	for (i = 0; i < columns; i++)
		table_cell(table, COLOR_NONE, "%s", heads[i]);
	return table;
}

void table_cell(struct table *table, enum color color, const char *fmt, ...)
{
	char text[CELL_MAX];
	struct cell *more;
	va_list ap;

	if (!table || table->failed)
		return;
	if (table->used == table->room) {
		size_t room = table->room ? 2 * table->room : 64;

		more = realloc(table->cells, room * sizeof(*more));
		if (!more) {
			table->failed = true;
			return;
		}
		table->cells = more;
		table->room = room;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_clean(text);
	more = &table->cells[table->used];
	more->color = color;
	more->text = strdup(text);
	if (more->text)
		table->used++;
	else
		table->failed = true;
}

static size_t width_of(const struct table *table, size_t column)
{
	size_t i, width = 0;

	for (i = column; i < table->used; i += table->columns) {
		size_t len = strlen(table->cells[i].text);

		if (len > width)
			width = len;
	}
	return width;
}

/* No blanks at the end of a line. */
static bool rest_is_empty(const struct table *table, size_t i)
{
	for (i++; i % table->columns && i < table->used; i++)
		if (table->cells[i].text[0])
			return false;
	return true;
}

static void print(const struct table *table, const struct cli *cli)
{
	size_t i, column;

	for (column = 0; column < table->columns; column++)
		table->width[column] = width_of(table, column);
	for (i = 0; i < table->used; i++) {
		const struct cell *cell = &table->cells[i];

		column = i % table->columns;
		printf("%s%s%s", color_start(cli, cell->color), cell->text,
		       color_end(cli, cell->color));
		if (column + 1 == table->columns)
			putchar('\n');
		else if (!rest_is_empty(table, i))
			printf("%*s", (int)(table->width[column] - strlen(cell->text)) + GAP, "");
	}
}

void table_free(struct table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->used; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table->width);
	free(table);
}

int table_end(struct table *table, struct cli *cli)
{
	bool failed = !table || table->failed;

	if (!failed)
		print(table, cli);
	table_free(table);
	if (failed)
		return cli_fail_text(cli, CLI_FAILURE, "output", "out of memory; free some");
	return CLI_OK;
}
