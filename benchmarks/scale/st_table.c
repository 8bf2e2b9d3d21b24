// SPDX-License-Identifier: MIT
#include "st_table.h"

#include <string.h>

void st_table_init(struct st_table *table, unsigned int entries, unsigned int limit)
{
	memset(table, 0, sizeof(*table));
	table->entries = entries;
	table->limit = limit;
}

/* Whether @a is overwritten rather than @b. Neither has users. */
static int older(const struct st_entry *a, const struct st_entry *b)
{
	if (!a->written || !b->written)
		return b->written;
	return a->released < b->released;
}

/* Index of the entry that holds @tag, or of the one to overwrite; -1: all have users. */
static int find(const struct st_table *table, uint64_t tag)
{
	int best = -1;

	for (int i = 0; i < (int)table->entries; i++) {
		const struct st_entry *entry = &table->entry[i];

		if (entry->written && entry->tag == tag)
			return i;
		if (!entry->users && (best < 0 || older(entry, &table->entry[best])))
			best = i;
	}
	return best;
}

int st_table_get(struct st_table *table, uint64_t tag)
{
	int index = find(table, tag);
	struct st_entry *entry;

	if (index < 0)
		return -1;
	entry = &table->entry[index];
	if (!entry->users && table->used >= table->limit)
		return -1;
	if (!entry->written || entry->tag != tag) {
		*entry = (struct st_entry){ .tag = tag, .written = 1 };
		table->writes++;
	}
	if (!entry->users++)
		table->used++;
	return index;
}

void st_table_put(struct st_table *table, int index)
{
	struct st_entry *entry = &table->entry[index];

	if (!--entry->users) {
		table->used--;
		entry->released = ++table->releases;
	}
}
