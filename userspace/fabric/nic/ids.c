// SPDX-License-Identifier: MIT
/*
 * Numbers given to the driver -> objects.
 *
 * A number comes back only after all others have been given out, so that a
 * stale one (a doorbell in flight, a completion not yet polled) names nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "fabric/nic/nic.h"

int nic_table_init(struct nic_table *table, uint32_t first, uint32_t size)
{
	void **slot = calloc(size, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*table = (struct nic_table){ .slot = slot, .first = first, .size = size };
	return 0;
}

void nic_table_fini(struct nic_table *table)
{
	free(table->slot);
	*table = (struct nic_table){ 0 };
}

int nic_table_add(struct nic_table *table, void *object, uint32_t *number)
{
	uint32_t mask = table->size - 1;

	if (table->used == table->size)
		return -ENOSPC;
	while (table->slot[table->next & mask])
		table->next++;
	*number = table->first + (table->next & mask);
	table->slot[table->next++ & mask] = object;
	table->used++;
	return 0;
}

void *nic_table_get(const struct nic_table *table, uint32_t number)
{
	uint32_t index = number - table->first;

	return index < table->size ? table->slot[index] : NULL;
}

void *nic_table_del(struct nic_table *table, uint32_t number)
{
	void *object = nic_table_get(table, number);

	if (object) {
		table->slot[number - table->first] = NULL;
		table->used--;
	}
	return object;
}
