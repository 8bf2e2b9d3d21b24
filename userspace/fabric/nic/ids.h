/* SPDX-License-Identifier: MIT */
/*
 * Id allocator: the numbers that commands hand to the driver, and the objects they name.
 * An id is used again only after all others have been handed out.
 */
#ifndef NIC_IDS_H
#define NIC_IDS_H

#include <stdint.h>

struct nic_ids {
	void **slot;
	uint32_t size;	/* power of two */
	uint32_t first; /* lowest id handed out */
	uint32_t next;
	uint32_t used;
};
int nic_ids_init(struct nic_ids *ids, uint32_t first, uint32_t size);
void nic_ids_fini(struct nic_ids *ids); /* the caller has freed the objects */
int nic_ids_alloc(struct nic_ids *ids, void *object, uint32_t *id); /* -ENOSPC */
void *nic_ids_find(const struct nic_ids *ids, uint32_t id);	    /* NULL: no such id */
void *nic_ids_remove(struct nic_ids *ids, uint32_t id);

#endif
