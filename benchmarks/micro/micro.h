/* SPDX-License-Identifier: MIT */
/* Shared by the measurements in the guest: a NIC by its name. */
#ifndef MICRO_H
#define MICRO_H

#include <infiniband/verbs.h>
#include <string.h>

#include "benchmarks/micro/clock.h"

/* A protection domain of the NIC, or NULL and errno */
static inline struct ibv_pd *open_pd(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx = NULL;

	for (int i = 0; list && list[i] && !ctx; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			ctx = ibv_open_device(list[i]);
	ibv_free_device_list(list);
	return ctx ? ibv_alloc_pd(ctx) : NULL;
}

#endif
