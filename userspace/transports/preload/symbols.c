// SPDX-License-Identifier: MIT
/*
 * The functions that take the place of libibverbs': symbols of the same name and version (preload.map), which the
 * dynamic linker finds first in a preloaded library.
 *
 * The macros ibv_reg_mr() and ibv_reg_mr_iova() of verbs.h call ibv_reg_mr_iova2() for access flags
 * that are no constant. A caller that looks its functions up in a handle of libibverbs (dlvsym, as NCCL does)
 * does not come here.
 */
#define _GNU_SOURCE /* dlvsym, RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "preload.h"

#undef ibv_reg_mr
#undef ibv_reg_mr_iova

#define EXPORT __attribute__((visibility("default")))

static struct {
	struct preload preload;
	struct ibv_mr *(*reg_mr)(struct ibv_pd *pd, void *addr, size_t length, int access);
	struct ibv_mr *(*reg_mr_iova)(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				      int access);
	struct ibv_mr *(*reg_mr_iova2)(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				       unsigned int access);
	int (*rereg_mr)(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
			int access);
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void *function, const char *name, const char *version)
{
	void *symbol = version ? dlvsym(RTLD_NEXT, name, version) : dlsym(RTLD_NEXT, name);

	memcpy(function, &symbol, sizeof(symbol));
}

static void start_once(void)
{
	preload_read_options(&real.preload);
	find(&real.preload.reg_dmabuf_mr, "ibv_reg_dmabuf_mr", "IBVERBS_1.12");
#ifdef HAVE_IBV_REG_MR_EX
	find(&real.preload.reg_mr_ex, "ibv_reg_mr_ex", NULL);
#endif
	find(&real.preload.dereg_mr, "ibv_dereg_mr", "IBVERBS_1.1");
	find(&real.reg_mr, "ibv_reg_mr", "IBVERBS_1.1");
	find(&real.reg_mr_iova, "ibv_reg_mr_iova", "IBVERBS_1.7");
	find(&real.reg_mr_iova2, "ibv_reg_mr_iova2", "IBVERBS_1.8");
	find(&real.rereg_mr, "ibv_rereg_mr", "IBVERBS_1.1");
}

/* This library is linked with libibverbs, so each function is there. */
static const struct preload *start(void)
{
	pthread_once(&once, start_once);
	return &real.preload;
}

EXPORT struct ibv_mr *ibv_reg_mr(struct ibv_pd *pd, void *addr, size_t length, int access)
{
	struct ibv_mr *mr;

	if (preload_reg(start(), pd, addr, length, (uintptr_t)addr, (unsigned int)access, &mr))
		return mr;
	return real.reg_mr(pd, addr, length, access);
}

EXPORT struct ibv_mr *ibv_reg_mr_iova(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				      int access)
{
	struct ibv_mr *mr;

	if (preload_reg(start(), pd, addr, length, iova, (unsigned int)access, &mr))
		return mr;
	return real.reg_mr_iova(pd, addr, length, iova, access);
}

EXPORT struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
				       unsigned int access)
{
	struct ibv_mr *mr;

	if (preload_reg(start(), pd, addr, length, iova, access, &mr))
		return mr;
	return real.reg_mr_iova2(pd, addr, length, iova, access);
}

#ifdef HAVE_IBV_REG_MR_EX
/* Only where rdma-core has it: programs ask with dlsym() whether it is there. */
EXPORT struct ibv_mr *ibv_reg_mr_ex(struct ibv_pd *pd, struct ibv_mr_init_attr *attr)
{
	struct init_attr want;
	struct ibv_mr *mr;

	memcpy(&want, attr, sizeof(want));
	if (want.comp_mask & MASK_ADDR && preload_reg_ex(start(), pd, &want, &mr))
		return mr;
	return start()->reg_mr_ex(pd, (struct init_attr *)attr);
}
#endif

EXPORT int ibv_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
			int access)
{
	start();
	if (preload_refuses_rereg(flags, addr, length))
		return IBV_REREG_MR_ERR_INPUT;
	return real.rereg_mr(mr, flags, pd, addr, length, access);
}
