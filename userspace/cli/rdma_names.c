// SPDX-License-Identifier: MIT
/* RDMA devices as sysfs lists them, see rdma_names.h. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rdma_names.h"

static int compare(const void *a, const void *b)
{
	const struct rdma_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* @name fits. False if memory ran out. */
static bool add(struct cli *cli, struct rdma_names *names, const char *name)
{
	struct rdma_name *more = realloc(names->list, (names->n + 1) * sizeof(*more));

	if (!more)
		return false;
	names->list = more;
	more += names->n++;
	memcpy(more->name, name, strlen(name) + 1);
	if (tphbuf_pci_find(cli->ctx, name, more->bdf))
		more->bdf[0] = '\0';
	return true;
}

bool rdma_names_read(struct cli *cli, struct rdma_names *names)
{
	struct dirent *entry;
	char path[PATH_MAX];
	bool ok = true;
	DIR *dir;

	memset(names, 0, sizeof(*names));
	snprintf(path, sizeof(path), "%s/class/infiniband",
		 cli->sysfs_root ? cli->sysfs_root : "/sys");
	dir = opendir(path);
	while (dir && ok && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < TPHBUF_NAME_MAX)
			ok = add(cli, names, entry->d_name);
	if (dir)
		closedir(dir);
	if (names->n)
		qsort(names->list, names->n, sizeof(*names->list), compare);
	return ok;
}

void rdma_names_free(struct rdma_names *names)
{
	free(names->list);
	memset(names, 0, sizeof(*names));
}

const char *rdma_names_text(const struct rdma_names *names, const char *bdf, char *text, size_t size)
{
	size_t used = 0, i;

	text[0] = '\0';
	for (i = 0; i < names->n && used < size; i++)
		if (!strcmp(names->list[i].bdf, bdf))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 names->list[i].name);
	return text;
}

void json_add_rdma_names(cJSON *json, const struct rdma_names *names, const char *bdf)
{
	cJSON *array = cJSON_AddArrayToObject(json, "rdma_devices");
	size_t i;

	for (i = 0; i < names->n; i++)
		if (!strcmp(names->list[i].bdf, bdf))
			cJSON_AddItemToArray(array, cJSON_CreateString(names->list[i].name));
}
