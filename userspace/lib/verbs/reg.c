// SPDX-License-Identifier: MIT
/*
 * The calls that register a dma-buf, see reg.h. Two of them are not in every
 * rdma-core (ibv_reg_mr_ex() came with 60.0) or are a provider's own, so they
 * are looked up when they are asked for; the library loads without them.
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/verbs/init_attr.h"
#include "lib/verbs/reg.h"

#define MLX5_LIBRARY "libmlx5.so.1"
#define DATA_DIRECT  (1 << 0) /* MLX5DV_REG_DMABUF_ACCESS_DATA_DIRECT */

typedef struct ibv_mr *(*reg_mr_ex_fn)(struct ibv_pd *pd, struct init_attr *attr);
typedef struct ibv_mr *(*reg_data_direct_fn)(struct ibv_pd *pd, uint64_t offset, size_t length,
					     uint64_t iova, int fd, int access, int mlx5_access);

static bool find(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol;
}

static int reg_dmah(struct ibv_pd *pd, int fd, const struct tphbuf_mr_opts *o, struct ibv_mr **mr)
{
	struct init_attr attr = {
		.length = o->length,
		.access = o->access,
		.comp_mask = MASK_IOVA | MASK_FD | MASK_FD_OFFSET | MASK_DMAH,
		.iova = o->iova,
		.fd = fd,
		.fd_offset = o->offset,
		.dmah = o->dmah,
	};
	reg_mr_ex_fn reg;

	if (!find(RTLD_DEFAULT, "ibv_reg_mr_ex", &reg))
		return -ELIBACC;
	errno = 0;
	return reg_result(reg(pd, &attr), mr);
}

static int reg_data_direct(struct ibv_pd *pd, int fd, const struct tphbuf_mr_opts *o,
			   struct ibv_mr **mr)
{
	reg_data_direct_fn reg;
	void *library;
	int ret = -ELIBACC;

	library = dlopen(MLX5_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return ret;
	errno = 0;
	if (find(library, "mlx5dv_reg_dmabuf_mr", &reg))
		ret = reg_result(reg(pd, o->offset, o->length, o->iova, fd, o->access, DATA_DIRECT),
				 mr);
	/* The region's code is the provider's, which libibverbs keeps loaded. */
	dlclose(library);
	return ret;
}

int reg_special(struct ibv_pd *pd, int fd, const struct tphbuf_mr_opts *o, struct ibv_mr **mr)
{
	return o->dmah ? reg_dmah(pd, fd, o, mr) : reg_data_direct(pd, fd, o, mr);
}
