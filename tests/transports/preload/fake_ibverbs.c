// SPDX-License-Identifier: MIT
/*
 * Stands for libibverbs.so.1: symbols of the same names and versions, each of which notes that it was called.
 * Interposition is what the test is about, so no device is behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/transports/preload/fake_ibverbs.h"

#undef ibv_reg_mr
#undef ibv_reg_mr_iova

static struct ibv_device device = { .name = "fake0" };
static struct ibv_context context = { .device = &device };

struct fake_calls fake_calls;
struct ibv_pd fake_pd = { .context = &context };

static struct ibv_mr *made(const char *by, void *addr, size_t length, int access)
{
	struct ibv_mr *mr = calloc(1, sizeof(*mr));

	fake_calls.by = by;
	fake_calls.access = access;
	if (mr) {
		mr->context = &context;
		mr->pd = &fake_pd;
		mr->addr = addr;
		mr->length = length;
	}
	return mr;
}

struct ibv_mr *reg_mr_1_1(struct ibv_pd *pd, void *addr, size_t length, int access);
struct ibv_mr *reg_mr_1_1(struct ibv_pd *pd, void *addr, size_t length, int access)
{
	(void)pd;
	return made("ibv_reg_mr", addr, length, access);
}
__asm__(".symver reg_mr_1_1, ibv_reg_mr@@IBVERBS_1.1");

/* The interface before version 1.1 has other structures. */
struct ibv_mr *reg_mr_1_0(struct ibv_pd *pd, void *addr, size_t length, int access);
struct ibv_mr *reg_mr_1_0(struct ibv_pd *pd, void *addr, size_t length, int access)
{
	(void)pd;
	return made("ibv_reg_mr of 1.0", addr, length, access);
}
__asm__(".symver reg_mr_1_0, ibv_reg_mr@IBVERBS_1.0");

struct ibv_mr *ibv_reg_mr_iova(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
			       int access)
{
	(void)pd;
	fake_calls.iova = iova;
	return made("ibv_reg_mr_iova", addr, length, access);
}

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				unsigned int access)
{
	(void)pd;
	fake_calls.iova = iova;
	return made("ibv_reg_mr_iova2", addr, length, (int)access);
}

struct ibv_mr *ibv_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
				 int fd, int access)
{
	(void)pd;
	(void)fd;
	fake_calls.offset = offset;
	fake_calls.iova = iova;
	return made("ibv_reg_dmabuf_mr", NULL, length, access);
}

struct ibv_mr *ibv_reg_mr_ex(struct ibv_pd *pd, struct ibv_mr_init_attr *attr)
{
	(void)pd;
	fake_calls.offset = attr->fd_offset;
	fake_calls.iova = attr->iova;
	fake_calls.mask = attr->comp_mask;
	return made("ibv_reg_mr_ex", attr->addr, attr->length, attr->access);
}

int ibv_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
		 int access)
{
	(void)flags;
	(void)pd;
	(void)access;
	fake_calls.by = "ibv_rereg_mr";
	mr->addr = addr;
	mr->length = length;
	return 0;
}

int ibv_dereg_mr(struct ibv_mr *mr)
{
	free(mr);
	return 0;
}

const char *ibv_get_device_name(struct ibv_device *of)
{
	return of->name;
}

int ibv_get_device_index(struct ibv_device *of)
{
	(void)of;
	return -1;
}
