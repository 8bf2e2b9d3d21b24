/* SPDX-License-Identifier: MIT */
/* RDMA devices as sysfs lists them: a PCI function may have several, software has none. */
#ifndef CLI_RDMA_NAMES_H
#define CLI_RDMA_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "cli/cli.h"

struct rdma_name {
	char name[TPHBUF_NAME_MAX];
	char bdf[TPHBUF_BDF_MAX]; /* "" without a PCI function: rxe, siw */
};

struct rdma_names {
	struct rdma_name *list;
	size_t n;
};

/* All RDMA devices, sorted by name. Return: false if memory ran out. */
bool rdma_names_read(struct cli *cli, struct rdma_names *names);
void rdma_names_free(struct rdma_names *names);
/* Those of function @bdf, those of its sub-functions included: "mlx5_0, mlx5_5". */
const char *rdma_names_text(const struct rdma_names *names, const char *bdf, char *text,
			    size_t size);
void json_add_rdma_names(cJSON *json, const struct rdma_names *names, const char *bdf);

#endif
