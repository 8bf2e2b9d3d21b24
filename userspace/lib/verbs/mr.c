// SPDX-License-Identifier: MIT
/*
 * Memory regions over buffers. The only place that sees the verbs error
 * convention (NULL and errno; positive errno).
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tphbuf/mr.h>

#include "lib/core/sister.h"
#include "lib/verbs/applied.h"
#include "lib/verbs/reg.h"

#define NAME_TEXT_MAX 160

#define MR_FLAGS      (TPHBUF_MR_REQUIRE | TPHBUF_MR_IOVA | TPHBUF_MR_DATA_DIRECT)
/* Access flags that the kernel accepts for dma-bufs: uverbs_std_types_mr.c. */
#define ALLOWED_ACCESS                                                               \
	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ | \
	 IBV_ACCESS_REMOTE_ATOMIC | IBV_ACCESS_RELAXED_ORDERING)
#define DEFAULT_ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)

struct tphbuf_mr {
	struct tphbuf_buffer *buf;
	struct tphbuf_ctx *ctx; /* of @buf */
	struct ibv_mr *ibv;
	uint64_t iova;
	uint64_t length;
};

/* "0000:03:00.0 BAR2 with mlx5_0 (0000:05:00.0)" */
static void describe(struct tphbuf_buffer *buf, struct ibv_pd *pd, char *text, size_t size)
{
	struct tphbuf_ctx *ctx = tphbuf_priv_buffer_ctx(buf);
	struct ibv_device *nic = pd->context->device;
	char path[PATH_MAX], target[PATH_MAX], source[64];
	const char *nic_bdf = NULL;
	ssize_t n = -1;

	if (tphbuf_buffer_bar(buf) >= 0)
		snprintf(source, sizeof(source), "%s BAR%d",
			 tphbuf_device_bdf(tphbuf_buffer_device(buf)), tphbuf_buffer_bar(buf));
	else
		snprintf(source, sizeof(source), "dma-buf descriptor %d", tphbuf_buffer_fd(buf));
	if ((size_t)snprintf(path, sizeof(path), "%s/class/infiniband/%s/device",
			     tphbuf_priv_sysfs_root(ctx), ibv_get_device_name(nic)) < sizeof(path))
		n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		nic_bdf = strrchr(target, '/');
	}
	snprintf(text, size, "%s with %s%s%.20s%s", source, ibv_get_device_name(nic),
		 nic_bdf ? " (" : "", nic_bdf ? nic_bdf + 1 : "", nic_bdf ? ")" : "");
}

static int check_access(struct tphbuf_ctx *ctx, int access)
{
	const char *reason;

	if (access & ~ALLOWED_ACCESS)
		reason = "has bits that dma-bufs cannot have; use local write, remote write, read, atomic, and relaxed ordering only";
	else if (access & (IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_ATOMIC) &&
		 !(access & IBV_ACCESS_LOCAL_WRITE))
		reason = "allows remote but not local writes; add IBV_ACCESS_LOCAL_WRITE";
	else
		return 0;
	return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL, "access 0x%x %s", (unsigned int)access,
			reason);
}

static int check_iova(struct tphbuf_ctx *ctx, const struct tphbuf_mr_opts *o)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (o->iova % page != o->offset % page)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"iova 0x%" PRIx64 " and offset 0x%" PRIx64
				" lie at different places in their pages; use 0x%" PRIx64
				", or no TPHBUF_MR_IOVA",
				o->iova, o->offset, o->iova - o->iova % page + o->offset % page);
	if (o->iova + (o->length - 1) < o->iova)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"iova 0x%" PRIx64 " with length 0x%" PRIx64
				" wraps around 64 bits; use a smaller iova",
				o->iova, o->length);
	return 0;
}

/* Fill in the defaults of @o and check it for a buffer of @total bytes. */
static int check_opts(struct tphbuf_ctx *ctx, uint64_t total, struct tphbuf_mr_opts *o)
{
	int ret;

	if (o->flags & ~MR_FLAGS)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"unknown flags 0x%x; use the TPHBUF_MR_ bits", o->flags & ~MR_FLAGS);
	if (o->dmah && o->flags & (TPHBUF_MR_REQUIRE | TPHBUF_MR_DATA_DIRECT))
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"a DMA handle takes the place of the buffer's tag; give it without TPHBUF_MR_REQUIRE and TPHBUF_MR_DATA_DIRECT");
	if (o->offset >= total)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"offset 0x%" PRIx64 " is after the end of the buffer (0x%" PRIx64
				" bytes); use a smaller offset",
				o->offset, total);
	if (!o->length)
		o->length = total - o->offset;
	if (o->length > total - o->offset)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"0x%" PRIx64 "+0x%" PRIx64
				" ends after the end of the buffer (0x%" PRIx64
				" bytes); use a smaller length",
				o->offset, o->length, total);
	if (!o->access)
		o->access = DEFAULT_ACCESS;
	ret = check_access(ctx, o->access);
	if (ret)
		return ret;
	if (o->flags & TPHBUF_MR_IOVA)
		return check_iova(ctx, o);
	o->iova = o->offset; /* lies at the same place in its page */
	return 0;
}

/* The tag that has to be applied; valid == 0 if only "some tag" is known. */
static int wanted_tag(struct tphbuf_buffer *buf, const struct tphbuf_mr_opts *o,
		      struct tphbuf_tag *tag)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	const char *why;
	int ret;

	memset(tag, 0, sizeof(*tag));
	if (o->tag) {
		ret = tphbuf_tag_check(o->tag, TPHBUF_TAG_MASK, &why);
		if (ret || !o->tag->valid)
			return ctx_fail(tphbuf_priv_buffer_ctx(buf), TPHBUF_STAGE_ARGUMENT, -EINVAL,
					"the tag to require is wrong: %s",
					ret ? why : "it is empty; give one");
		*tag = *o->tag;
		return 0;
	}
	if (!tphbuf_buffer_device(buf))
		return 0;
	ret = tphbuf_buffer_tag_get(buf, &state);
	if (ret)
		return ret;
	if (!state.tag.valid)
		return ctx_fail(tphbuf_priv_buffer_ctx(buf), TPHBUF_STAGE_REGISTER, -ENODATA,
				"a tag is required but the buffer has none; set it before registering");
	*tag = state.tag;
	return 0;
}

/* The NIC sends one namespace; it must be one of @wanted, unchanged. */
static bool tag_matches(const struct tphbuf_tag *applied, const struct tphbuf_tag *wanted)
{
	struct tphbuf_tag part = *wanted;

	if (!wanted->valid)
		return true;
	part.valid &= applied->valid;
	return part.valid && tphbuf_tag_equal(applied, &part);
}

/* Ask the kernel about @ibv. 0 or a recorded error. */
static int query(struct tphbuf_ctx *ctx, const struct ibv_mr *ibv, struct tphbuf_applied *applied)
{
	struct ibv_device *nic = ibv->context->device;
	int index = ibv_get_device_index(nic);
	int ret;

	if (index < 0)
		return ctx_fail(ctx, TPHBUF_STAGE_APPLIED, -EOPNOTSUPP,
				"%s: the kernel gives it no device index; use Linux 5.1 or later",
				ibv_get_device_name(nic));
	ret = applied_query(ibv, (uint32_t)index, applied);
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_APPLIED, ret, "%s",
				      ibv_get_device_name(nic));
	return 0;
}

/*
 * Make sure that @mr carries @wanted. The kernel's IB_UVERBS_MR_TPH_REQUIRE
 * would refuse the registration itself, but only the provider of libibverbs
 * can make a region, and it has no input for the flag; the errors are the same.
 */
static int require_applied(const struct tphbuf_mr *mr, const struct tphbuf_tag *wanted)
{
	char is[TPHBUF_TAG_TEXT_MAX], should[TPHBUF_TAG_TEXT_MAX];
	char text[NAME_TEXT_MAX];
	struct tphbuf_applied applied;
	int ret;

	ret = query(mr->ctx, mr->ibv, &applied);
	if (ret)
		return ret;
	if (applied.state == TPHBUF_APPLIED_YES && tag_matches(&applied.tag, wanted))
		return 0;
	describe(mr->buf, mr->ibv->pd, text, sizeof(text));
	if (applied.state == TPHBUF_APPLIED_NO)
		return ctx_fail(mr->ctx, TPHBUF_STAGE_REGISTER, applied_error(&applied),
				"%s: the tag is required but not applied: %s", text, applied.reason);
	if (applied.state == TPHBUF_APPLIED_UNKNOWN)
		return ctx_fail(mr->ctx, TPHBUF_STAGE_REGISTER, applied_error(&applied),
				"%s: the tag is required but its use cannot be confirmed: %s", text,
				applied.reason);
	tphbuf_tag_format(&applied.tag, is, sizeof(is));
	tphbuf_tag_format(wanted, should, sizeof(should));
	return ctx_fail(mr->ctx, TPHBUF_STAGE_REGISTER, -EAGAIN,
			"%s: the NIC applies %s, not %s, because the tag was changed meanwhile; register again",
			text, is, should);
}

/* Read what the registers say of the route to @dev. Return: false if they cannot be read. */
static bool read_route(struct tphbuf_ctx *ctx, struct tphbuf_device *dev, const char *nic,
		       struct tphbuf_topo_result *result)
{
	struct tphbuf_topo *topo;

	if (tphbuf_topo_read(ctx, tphbuf_device_bdf(dev), nic, &topo))
		return false;
	tphbuf_topo_get_result(topo, result);
	tphbuf_topo_free(topo);
	return true;
}

/*
 * Record what the registers say of the route if @err may be a refused route.
 * The kernel may have refused by what it saw at the first attach of the pair.
 * Return: true if something was recorded.
 */
static bool route_failed(struct tphbuf_mr *mr, struct ibv_pd *pd, int err)
{
	struct tphbuf_device *dev = tphbuf_buffer_device(mr->buf);
	struct tphbuf_topo_result r = { .size = sizeof(r) };
	const char *nic = ibv_get_device_name(pd->context->device);
	const char *bdf;

	if (!dev || (err != -EINVAL && err != -EREMOTEIO) || !read_route(mr->ctx, dev, nic, &r))
		return false;
	bdf = tphbuf_device_bdf(dev);
	if (r.route == TPHBUF_ROUTE_REFUSED)
		ctx_fail(mr->ctx, TPHBUF_STAGE_REGISTER, err,
			 "p2pdma refuses the route between %s and %s, because %s; %s, then bind %s to its driver again, because the kernel keeps the route of the first attach",
			 bdf, nic, r.reason, r.remedy, bdf);
	else if (err == -EREMOTEIO)
		ctx_fail(mr->ctx, TPHBUF_STAGE_REGISTER, err,
			 "p2pdma refuses the route between %s and %s, although %s now; the kernel keeps the route of the first attach: bind %s to its driver again, so that it looks again",
			 bdf, nic, r.reason, bdf);
	else
		ctx_fail(mr->ctx, TPHBUF_STAGE_REGISTER, err,
			 "the kernel refuses %s for %s, although %s now; if p2pdma is the reason (see dmesg), the kernel keeps the route of the first attach: bind %s to its driver again, so that it looks again",
			 bdf, nic, r.reason, bdf);
	return true;
}

/* Say why registering has failed with @ret. Return: @ret. */
static int reg_failed(struct tphbuf_mr *mr, struct ibv_pd *pd, const struct tphbuf_mr_opts *o,
		      int ret)
{
	struct tphbuf_ctx *ctx = mr->ctx;
	char text[NAME_TEXT_MAX];

	if (route_failed(mr, pd, ret))
		return ret;
	describe(mr->buf, pd, text, sizeof(text));
	if (ret == -ELIBACC)
		return ctx_fail(ctx, TPHBUF_STAGE_REGISTER, ret,
				"%s: this rdma-core has no %s; install %s", text,
				o->dmah ? "ibv_reg_mr_ex()" : "mlx5dv_reg_dmabuf_mr()",
				o->dmah ? "version 60 or later" :
					  "the provider libmlx5 of version 54 or later");
	if (ret == -EOPNOTSUPP && o->flags & TPHBUF_MR_DATA_DIRECT)
		return ctx_fail(ctx, TPHBUF_STAGE_REGISTER, ret,
				"%s: data direct pins the buffer, and its exporter wants to be able to revoke it, or the NIC has no data direct; register without TPHBUF_MR_DATA_DIRECT",
				text);
	return ctx_fail_errno(ctx, TPHBUF_STAGE_REGISTER, ret, "%s", text);
}

/* Register @buf, which the region takes over on success. */
static int register_held(struct tphbuf_buffer *buf, const struct buffer_facts *facts,
			 struct ibv_pd *pd, const struct tphbuf_mr_opts *opts,
			 struct tphbuf_mr **mrp)
{
	struct tphbuf_tag wanted = { 0 };
	struct tphbuf_mr_opts o;
	struct tphbuf_mr *mr;
	int ret;

	ret = ctx_opts_in(facts->ctx, &o, opts, tphbuf_mr_opts);
	if (ret)
		return ret;
	if (!pd || !mrp)
		return ctx_fail_null(facts->ctx, "pd and mr");
	ret = check_opts(facts->ctx, facts->length, &o);
	if (!ret && o.flags & TPHBUF_MR_REQUIRE)
		ret = wanted_tag(buf, &o, &wanted);
	if (ret)
		return ret;
	mr = malloc(sizeof(*mr));
	if (!mr)
		return ctx_fail_nomem(facts->ctx, TPHBUF_STAGE_REGISTER);
	*mr = (struct tphbuf_mr){
		.buf = buf,
		.ctx = facts->ctx,
		.iova = o.iova,
		.length = o.length,
	};
	ret = reg_dmabuf(pd, facts->fd, &o, &mr->ibv);
	if (ret) {
		reg_failed(mr, pd, &o, ret);
		goto err_free;
	}
	if (o.flags & TPHBUF_MR_REQUIRE) {
		ret = require_applied(mr, &wanted);
		if (ret)
			goto err_dereg;
	}
	*mrp = mr;
	return 0;

err_dereg:
	ibv_dereg_mr(mr->ibv);
err_free:
	free(mr);
	return ret;
}

int tphbuf_mr_register(struct tphbuf_buffer *buf, struct ibv_pd *pd,
		       const struct tphbuf_mr_opts *opts, struct tphbuf_mr **mrp)
{
	struct buffer_facts facts;
	int ret;

	if (!buf)
		return -EINVAL;
	tphbuf_priv_buffer_get(buf, &facts);
	ret = register_held(buf, &facts, pd, opts, mrp);
	if (ret)
		tphbuf_buffer_close(buf);
	return ret;
}

int tphbuf_mr_deregister(struct tphbuf_mr *mr)
{
	char text[NAME_TEXT_MAX];
	int err;

	if (!mr)
		return 0;
	err = ibv_dereg_mr(mr->ibv);
	if (err) {
		describe(mr->buf, mr->ibv->pd, text, sizeof(text));
		return ctx_fail_errno(mr->ctx, TPHBUF_STAGE_REGISTER, -err, "%s: deregister", text);
	}
	tphbuf_buffer_close(mr->buf);
	free(mr);
	return 0;
}

struct ibv_mr *tphbuf_mr_ibv(const struct tphbuf_mr *mr)
{
	return mr ? mr->ibv : NULL;
}

uint64_t tphbuf_mr_iova(const struct tphbuf_mr *mr)
{
	return mr ? mr->iova : 0;
}

uint64_t tphbuf_mr_length(const struct tphbuf_mr *mr)
{
	return mr ? mr->length : 0;
}

static int get_applied(struct tphbuf_ctx *ctx, const struct ibv_mr *ibv,
		       struct tphbuf_applied *applied)
{
	struct tphbuf_applied a;
	int ret;

	if (!ibv || !applied)
		return ctx_fail_null(ctx, "mr and applied");
	ret = query(ctx, ibv, &a);
	if (ret)
		return ret;
	return ctx_info_out(ctx, applied, &a, tphbuf_applied);
}

int tphbuf_mr_applied(struct tphbuf_mr *mr, struct tphbuf_applied *applied)
{
	if (!mr)
		return -EINVAL;
	return get_applied(mr->ctx, mr->ibv, applied);
}

int tphbuf_ibv_applied(struct tphbuf_ctx *ctx, struct ibv_mr *mr, struct tphbuf_applied *applied)
{
	if (!ctx)
		return -EINVAL;
	return get_applied(ctx, mr, applied);
}
