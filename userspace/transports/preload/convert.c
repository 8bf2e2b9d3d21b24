// SPDX-License-Identifier: MIT
/* Registration of device memory by its address, and the tag of the region. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tphbuf/mr.h>

#include "preload.h"

/* Access flags that the kernel accepts for dma-bufs: uverbs_std_types_mr.c. */
#define DMABUF_ACCESS                                                                \
	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ | \
	 IBV_ACCESS_REMOTE_ATOMIC | IBV_ACCESS_RELAXED_ORDERING)
/*
 * Flags about the host's pages: a dma-buf is mapped on demand by its importer, and has no
 * huge pages to check. Optional ones may be dropped by definition.
 */
#define DROPPED_ACCESS (IBV_ACCESS_ON_DEMAND | IBV_ACCESS_HUGETLB | IBV_ACCESS_OPTIONAL_RANGE)

static void *refuse(int err, const char *why, const void *addr, size_t length)
{
	preload_say("%zu bytes at %p: %s", length, addr, why);
	errno = err;
	return NULL;
}

/* The access flags for the dma-buf. Return: 0 or an error. */
static int convert_access(unsigned int *access, const void *addr, size_t length)
{
	unsigned int kept = *access & ~(unsigned int)(DROPPED_ACCESS & ~DMABUF_ACCESS);
	unsigned int left = kept & ~(unsigned int)DMABUF_ACCESS;

	if (left) {
		preload_say("%zu bytes at %p: device memory cannot have access 0x%x (memory windows, zero based, flush); register without",
			    length, addr, left);
		return EINVAL;
	}
	*access = kept;
	return 0;
}

static const char *yes_or_reason(const struct tphbuf_applied *applied, char *text, size_t size)
{
	if (applied->state != TPHBUF_APPLIED_YES)
		return applied->reason;
	if (tphbuf_tag_format(&applied->tag, text, size) < 0)
		return "unknown";
	return text;
}

/* Ask the kernel about the tag of @mr. 0, or -errno with the reason in @why. */
static int ask_applied(struct ibv_mr *mr, struct tphbuf_applied *applied, char *why, size_t size)
{
	struct tphbuf_ctx *ctx;
	int ret = tphbuf_ctx_new(NULL, &ctx); /* of this thread alone */

	if (ret) {
		snprintf(why, size, "%s", strerror(-ret));
		return ret;
	}
	ret = tphbuf_ibv_applied(ctx, mr, applied);
	if (ret)
		snprintf(why, size, "%s", tphbuf_ctx_error(ctx));
	tphbuf_ctx_free(ctx);
	return ret;
}

/* Keep @mr or not, as TPHBUF_PRELOAD_TAG says. */
static struct ibv_mr *check_tag(const struct preload *preload, struct ibv_mr *mr, const void *addr,
				size_t length)
{
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	char text[TPHBUF_TAG_TEXT_MAX], why[512] = "";
	const char *nic = ibv_get_device_name(mr->context->device);
	bool yes;

	if (preload->tag == PRELOAD_TAG_IGNORE)
		return mr;
	yes = !ask_applied(mr, &applied, why, sizeof(why)) && applied.state == TPHBUF_APPLIED_YES;
	if (!yes && preload->tag == PRELOAD_TAG_REQUIRE) {
		preload_say("%zu bytes at %p with %s: the tag is required (TPHBUF_PRELOAD_TAG) but not applied: %s",
			    length, addr, nic,
			    why[0] ? why : yes_or_reason(&applied, text, sizeof(text)));
		preload->dereg_mr(mr);
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (!yes || preload->verbose)
		preload_say("%zu bytes at %p with %s: %s%s", length, addr, nic,
			    yes ? "tag applied: " : "no tag applied: ",
			    why[0] ? why : yes_or_reason(&applied, text, sizeof(text)));
	return mr;
}

/* Between ranges_begin() and ranges_end() */
static struct ibv_mr *reg_inside(const struct preload *preload, struct ibv_pd *pd,
				 const struct init_attr *want)
{
	struct init_attr attr = *want;
	unsigned int access = (unsigned int)attr.access;
	struct ibv_mr *mr;
	int err;

	if (preload->tag == PRELOAD_TAG_WRONG)
		return refuse(EINVAL, "TPHBUF_PRELOAD_TAG is wrong", want->addr, attr.length);
	err = convert_access(&access, want->addr, attr.length);
	if (err) {
		errno = err;
		return NULL;
	}
	attr.access = (int)access;
	attr.addr = NULL;
	errno = 0;
	if (attr.comp_mask & MASK_DMAH)
		mr = preload->reg_mr_ex(pd, &attr);
	else
		mr = preload->reg_dmabuf_mr(pd, attr.fd_offset, attr.length, attr.iova, attr.fd,
					    attr.access);
	if (!mr) {
		err = errno ? errno : EIO;
		preload_say("%zu bytes at %p as bytes 0x%llx of a dma-buf with %s: %s", attr.length,
			    want->addr, (unsigned long long)attr.fd_offset,
			    ibv_get_device_name(pd->context->device),
			    tphbuf_explain(TPHBUF_STAGE_REGISTER, err));
		errno = err;
		return NULL;
	}
	mr->addr = want->addr; /* as ibv_reg_mr() leaves it */
	return check_tag(preload, mr, want->addr, attr.length);
}

bool preload_reg_ex(const struct preload *preload, struct ibv_pd *pd, const struct init_attr *want,
		    struct ibv_mr **mr)
{
	struct init_attr attr = *want;
	enum range_place place;
	uint64_t offset = 0;
	int fd = -1;

	/* The whole address space, on demand: no registration of an address. */
	if (attr.access & IBV_ACCESS_ON_DEMAND && !attr.addr && attr.length == SIZE_MAX)
		return false;
	place = ranges_begin((uintptr_t)attr.addr, attr.length, &fd, &offset);
	if (place == RANGE_ACROSS)
		*mr = refuse(EFAULT,
			     "only a part is in one range of device memory; register each range by itself",
			     attr.addr, attr.length);
	if (place == RANGE_INSIDE) {
		attr.fd = fd;
		attr.fd_offset = offset;
		attr.comp_mask &= ~(uint64_t)MASK_ADDR;
		attr.comp_mask |= MASK_FD | MASK_FD_OFFSET | MASK_IOVA;
		*mr = reg_inside(preload, pd, &attr);
	}
	ranges_end();
	return place != RANGE_OUTSIDE;
}

bool preload_reg(const struct preload *preload, struct ibv_pd *pd, void *addr, size_t length,
		 uint64_t iova, unsigned int access, struct ibv_mr **mr)
{
	const struct init_attr attr = {
		.length = length,
		.access = (int)access,
		.comp_mask = MASK_IOVA | MASK_ADDR,
		.iova = iova,
		.addr = addr,
	};

	return preload_reg_ex(preload, pd, &attr, mr);
}

bool preload_refuses_rereg(int flags, const void *addr, size_t length)
{
	enum range_place place = RANGE_OUTSIDE;
	uint64_t offset;
	int fd;

	if (!(flags & IBV_REREG_MR_CHANGE_TRANSLATION))
		return false;
	place = ranges_begin((uintptr_t)addr, length, &fd, &offset);
	ranges_end();
	if (place == RANGE_OUTSIDE)
		return false;
	refuse(EOPNOTSUPP, "a region cannot be moved to device memory; register it anew", addr,
	       length);
	return true;
}
