/* SPDX-License-Identifier: MIT */
/*
 * Model of a NIC's steering tag table as the mlx5 patches manage it (drivers/net/ethernet/mellanox/mlx5/core/lib/st.c):
 * an entry keeps its tag after its last user went; of the entries without users the one that has been without for the
 * longest time is overwritten first. The test st_limits "model" compares it with the driver.
 */
#ifndef SCALE_ST_TABLE_H
#define SCALE_ST_TABLE_H

#include <stdint.h>

#define ST_TABLE_MAX 64

struct st_entry {
	uint64_t tag;
	uint64_t released;
	uint32_t users;
	int written;
};

struct st_table {
	unsigned int entries;
	unsigned int limit; /* of entries with users; the driver reserves the others for CPUs */
	unsigned int used;  /* entries with users */
	uint64_t releases;
	uint64_t writes; /* of entries, since the start */
	struct st_entry entry[ST_TABLE_MAX];
};

/* @entries: 1 to ST_TABLE_MAX; @limit: 1 to @entries. */
void st_table_init(struct st_table *table, unsigned int entries, unsigned int limit);

/*
 * Index of an entry that holds @tag, with one user more; -1 if as many entries as may
 * be in use are, with other tags.
 */
int st_table_get(struct st_table *table, uint64_t tag);

/* One user less of the entry @index. */
void st_table_put(struct st_table *table, int index);

#endif
