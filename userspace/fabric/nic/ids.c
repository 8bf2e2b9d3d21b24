// SPDX-License-Identifier: MIT
/*
 * Id allocator (ids.h).
 *
 * An id is reused only after all others have been given out, so that a
 * stale one (a doorbell in flight, a completion not yet polled) names nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "fabric/nic/ids.h"

int nic_ids_init(struct nic_ids *ids, uint32_t first, uint32_t size)
{
	void **slot = calloc(size, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*ids = (struct nic_ids){ .slot = slot, .first = first, .size = size };
	return 0;
}

void nic_ids_fini(struct nic_ids *ids)
{
	free(ids->slot);
	*ids = (struct nic_ids){ 0 };
}

int nic_ids_alloc(struct nic_ids *ids, void *object, uint32_t *id)
{
	uint32_t mask = ids->size - 1;

	if (ids->used == ids->size)
		return -ENOSPC;
	while (ids->slot[ids->next & mask])
		ids->next++;
	*id = ids->first + (ids->next & mask);
	ids->slot[ids->next++ & mask] = object;
	ids->used++;
	return 0;
}

void *nic_ids_find(const struct nic_ids *ids, uint32_t id)
{
	uint32_t index = id - ids->first;

	return index < ids->size ? ids->slot[index] : NULL;
}

void *nic_ids_remove(struct nic_ids *ids, uint32_t id)
{
	void *object = nic_ids_find(ids, id);

	if (object) {
		ids->slot[id - ids->first] = NULL;
		ids->used--;
	}
	return object;
}
