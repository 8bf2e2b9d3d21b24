// SPDX-License-Identifier: MIT
/* Tables whose columns are as wide as their content, and colours. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define CELL_MAX    512
#define GAP	    2
#define MAX_COLUMNS 12

struct cell {
	char *text;
	enum color color;
};

struct table {
	size_t columns;
	size_t used;
	size_t room;
	struct cell *cells; /* row after row, the first is the head */
	bool failed;
};

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

struct table *table_new(const char *const *heads, size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));
	size_t i;

	if (!table)
		return NULL;
	table->columns = columns;
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
	size_t width[MAX_COLUMNS];
	size_t i, column;

	for (column = 0; column < table->columns; column++)
		width[column] = width_of(table, column);
	for (i = 0; i < table->used; i++) {
		const struct cell *cell = &table->cells[i];

		column = i % table->columns;
		printf("%s%s%s", color_start(cli, cell->color), cell->text,
		       color_end(cli, cell->color));
		if (column + 1 == table->columns)
			putchar('\n');
		else if (!rest_is_empty(table, i))
			printf("%*s", (int)(width[column] - strlen(cell->text)) + GAP, "");
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
