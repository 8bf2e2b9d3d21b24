// SPDX-License-Identifier: MIT
/*
 * A program that registers by address in each form that <infiniband/verbs.h> offers, linked with a library that has
 * libibverbs' symbols. Run with libtphbuf-preload.so, and without it. TAP.
 *
 *   preload_client [ex]    ex: the preloaded library has ibv_reg_mr_ex()
 */
#define _GNU_SOURCE /* memfd_create, dlvsym */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tphbuf/preload.h>

#include "tests/transports/preload/fake_ibverbs.h"

#define PAGE   4096u
#define DEVICE ((char *)0x7000000000)
#define DMABUF "ibv_reg_dmabuf_mr"
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

static char host[PAGE];
static int number, failed;
static int preloaded; /* TPHBUF_PRELOAD_TAG is ignore or require */
static int ex;

typedef struct ibv_mr *(*reg_fn)(void *addr, unsigned int access);

static struct ibv_mr *plain(void *addr, unsigned int access)
{
	(void)access;
	return ibv_reg_mr(&fake_pd, addr, PAGE, ACCESS);
}

static struct ibv_mr *plain_not_constant(void *addr, unsigned int access)
{
	return ibv_reg_mr(&fake_pd, addr, PAGE, access);
}

static struct ibv_mr *with_iova(void *addr, unsigned int access)
{
	(void)access;
	return ibv_reg_mr_iova(&fake_pd, addr, PAGE, 0x1000, ACCESS);
}

static struct ibv_mr *with_iova_not_constant(void *addr, unsigned int access)
{
	return ibv_reg_mr_iova(&fake_pd, addr, PAGE, 0x1000, access);
}

static struct ibv_mr *with_iova2(void *addr, unsigned int access)
{
	return ibv_reg_mr_iova2(&fake_pd, addr, PAGE, 0x1000, access);
}

static struct ibv_mr *extended(void *addr, uint64_t also, unsigned int access)
{
	struct ibv_mr_init_attr attr = {
		.length = PAGE,
		.access = (int)access,
		.comp_mask = also | IBV_REG_MR_MASK_ADDR | IBV_REG_MR_MASK_IOVA,
		.iova = 0x1000,
		.addr = addr,
	};

	return ibv_reg_mr_ex(&fake_pd, &attr);
}

static struct ibv_mr *with_attributes(void *addr, unsigned int access)
{
	return extended(addr, 0, access);
}

static struct ibv_mr *with_dma_handle(void *addr, unsigned int access)
{
	return extended(addr, IBV_REG_MR_MASK_DMAH, access);
}

/* As NCCL does: not through the global scope */
static struct ibv_mr *by_handle(void *addr, unsigned int access)
{
	void *library = dlopen("libibverbs.so.1", RTLD_NOW);
	struct ibv_mr *(*reg)(struct ibv_pd *pd, void *addr, size_t length, int access);
	void *symbol = library ? dlvsym(library, "ibv_reg_mr", "IBVERBS_1.1") : NULL;

	if (!symbol)
		return NULL;
	memcpy(&reg, &symbol, sizeof(symbol));
	dlclose(library);
	return reg(&fake_pd, addr, PAGE, (int)access);
}

/* A program from before libibverbs 1.1 */
struct ibv_mr *reg_mr_1_0(struct ibv_pd *pd, void *addr, size_t length, int access);
__asm__(".symver reg_mr_1_0, ibv_reg_mr@IBVERBS_1.0");

static struct ibv_mr *old_interface(void *addr, unsigned int access)
{
	return reg_mr_1_0(&fake_pd, addr, PAGE, (int)access);
}

static const struct {
	const char *name;
	reg_fn reg;
	const char *by; /* the function of libibverbs that gets it without conversion, */
	const char *to; /* and with it */
	enum { NEVER, ALWAYS, EX } converted;
} forms[] = {
	{ "ibv_reg_mr", plain, "ibv_reg_mr", DMABUF, ALWAYS },
	{ "ibv_reg_mr with variable access", plain_not_constant, "ibv_reg_mr_iova2", DMABUF, ALWAYS },
	{ "ibv_reg_mr_iova", with_iova, "ibv_reg_mr_iova", DMABUF, ALWAYS },
	{ "ibv_reg_mr_iova with variable access", with_iova_not_constant, "ibv_reg_mr_iova2",
	  DMABUF, ALWAYS },
	{ "ibv_reg_mr_iova2", with_iova2, "ibv_reg_mr_iova2", DMABUF, ALWAYS },
	{ "a handle of libibverbs", by_handle, "ibv_reg_mr", NULL, NEVER },
	{ "ibv_reg_mr of version 1.0", old_interface, "ibv_reg_mr of 1.0", NULL, NEVER },
	{ "ibv_reg_mr_ex", with_attributes, "ibv_reg_mr_ex", DMABUF, EX },
	{ "ibv_reg_mr_ex with a DMA handle", with_dma_handle, "ibv_reg_mr_ex", "ibv_reg_mr_ex", EX },
};

static void result(int ok, const char *form, const char *what)
{
	printf("%s %d - %s: %s\n", ok ? "ok" : "not ok", ++number, form, what);
	if (!ok) {
		failed = 1;
		printf("# by %s, offset 0x%lx, iova 0x%lx, access 0x%x: %s\n",
		       fake_calls.by ? fake_calls.by : "nothing", (unsigned long)fake_calls.offset,
		       (unsigned long)fake_calls.iova, (unsigned int)fake_calls.access,
		       strerror(errno));
	}
}

static int registers(reg_fn reg, void *addr, const char *by)
{
	struct ibv_mr *mr;
	int ok;

	memset(&fake_calls, 0, sizeof(fake_calls));
	errno = 0;
	mr = reg(addr, ACCESS);
	ok = mr && fake_calls.by && !strcmp(fake_calls.by, by) && mr->addr == addr &&
	     fake_calls.access == ACCESS;
	if (mr)
		ibv_dereg_mr(mr);
	return ok;
}

static int refused(reg_fn reg, void *addr)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = reg(addr, ACCESS);
	if (mr)
		ibv_dereg_mr(mr);
	return !mr && errno == EOPNOTSUPP;
}

/* A dma-buf whose address means nothing */
static void by_descriptor(int fd)
{
	struct ibv_mr_init_attr attr = {
		.length = PAGE,
		.access = ACCESS,
		.comp_mask = IBV_REG_MR_MASK_FD | IBV_REG_MR_MASK_FD_OFFSET,
		.addr = DEVICE,
		.fd = fd,
		.fd_offset = 3 * PAGE,
	};
	struct ibv_mr *mr = ibv_reg_mr_ex(&fake_pd, &attr);

	result(mr && !strcmp(fake_calls.by, "ibv_reg_mr_ex") && fake_calls.offset == 3 * PAGE,
	       "ibv_reg_mr_ex with a descriptor", "is left alone");
	if (mr)
		ibv_dereg_mr(mr);
}

static void moves(void)
{
	struct ibv_mr *mr = ibv_reg_mr(&fake_pd, host, PAGE, ACCESS);
	int ret;

	ret = ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, host + 1, PAGE - 1, 0);
	result(!ret && mr->addr == host + 1, "ibv_rereg_mr", "host memory is moved");
	errno = 0;
	ret = ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, DEVICE, PAGE, 0);
	if (preloaded)
		result(ret == IBV_REREG_MR_ERR_INPUT && errno == EOPNOTSUPP && mr->addr == host + 1,
		       "ibv_rereg_mr", "no move to device memory");
	else
		result(!ret && mr->addr == DEVICE, "ibv_rereg_mr", "is left alone");
	ibv_dereg_mr(mr);
}

int main(int argc, char **argv)
{
	const char *tag = getenv("TPHBUF_PRELOAD_TAG");
	int fd = memfd_create("dma-buf", MFD_CLOEXEC);
	int required = tag && !strcmp(tag, "require");
	size_t i;

	ex = argc > 1 && !strcmp(argv[1], "ex");
	preloaded = tag != NULL;
	if (fd < 0 || ftruncate(fd, 4 * PAGE) || preloaded != !!tphbuf_preload_add ||
	    (preloaded && tphbuf_preload_add(DEVICE, 2 * PAGE, fd, PAGE))) {
		puts("not ok 1 - the library is preloaded or not, as asked");
		return 1;
	}
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *name = forms[i].name;
		int converted = preloaded &&
				(forms[i].converted == ALWAYS || (forms[i].converted == EX && ex));

		result(registers(forms[i].reg, host, forms[i].by), name, "host memory as before");
		if (!converted)
			result(registers(forms[i].reg, DEVICE + PAGE, forms[i].by), name,
			       "is left alone");
		else if (required)
			result(refused(forms[i].reg, DEVICE + PAGE), name, "no tag, no region");
		else
			result(registers(forms[i].reg, DEVICE + PAGE, forms[i].to) &&
				       fake_calls.offset == 2 * PAGE &&
				       !(fake_calls.mask & IBV_REG_MR_MASK_ADDR),
			       name, "becomes a registration of the dma-buf");
	}
	by_descriptor(fd);
	moves();
	printf("1..%d\n", number);
	return failed;
}
