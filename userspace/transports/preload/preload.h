/* SPDX-License-Identifier: MIT */
/*
 * libtphbuf-preload.so: registrations by address become registrations of the dma-buf
 * that the address stands for.
 *
 * ranges.c knows the addresses, convert.c makes the registration and asks for its tag,
 * symbols.c has the functions that replace those of libibverbs.
 */
#ifndef TRANSPORTS_PRELOAD_H
#define TRANSPORTS_PRELOAD_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/verbs/init_attr.h"

/* How the addresses of a registration lie */
enum range_place {
	RANGE_OUTSIDE, /* of all ranges */
	RANGE_INSIDE,  /* in one range as a whole */
	RANGE_ACROSS,  /* a border of a range */
};

/* ranges.c. Between begin and end no range goes away; begin says where addr+length lies, and for INSIDE in which dma-buf. */
enum range_place ranges_begin(uint64_t addr, uint64_t length, int *fd, uint64_t *offset);
void ranges_end(void);

enum preload_tag { PRELOAD_TAG_IGNORE, PRELOAD_TAG_PREFER, PRELOAD_TAG_REQUIRE, PRELOAD_TAG_WRONG };

/* What convert.c works with: options, and the functions of libibverbs; reg_mr_ex is NULL before rdma-core 60. */
struct preload {
	enum preload_tag tag;
	bool verbose;
	struct ibv_mr *(*reg_dmabuf_mr)(struct ibv_pd *pd, uint64_t offset, size_t length,
					uint64_t iova, int fd, int access);
	struct ibv_mr *(*reg_mr_ex)(struct ibv_pd *pd, struct init_attr *attr);
	int (*dereg_mr)(struct ibv_mr *mr);
};

/* config.c */
void preload_read_options(struct preload *preload);
void preload_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * convert.c: register by address if the address is device memory.
 * Return: false if it is not, and nothing has happened. Else *@mr is the region, or NULL with errno.
 */
bool preload_reg(const struct preload *preload, struct ibv_pd *pd, void *addr, size_t length,
		 uint64_t iova, unsigned int access, struct ibv_mr **mr);
bool preload_reg_ex(const struct preload *preload, struct ibv_pd *pd, const struct init_attr *attr,
		    struct ibv_mr **mr);
/* True with errno if a region of host memory is to be moved to device memory, which cannot be. */
bool preload_refuses_rereg(int flags, const void *addr, size_t length);

#endif
