/* SPDX-License-Identifier: MIT */
/*
 * Memory regions over buffers, and whether their tag is in use.
 *
 * These functions live in a library of their own, libtphbuf-verbs.so.1
 * (pkg-config tphbuf-verbs). A caller that registers has a protection domain
 * and so is linked with libibverbs already; a caller that only exports and
 * tags through vfio links libtphbuf alone and needs no RDMA stack installed.
 * A split library, unlike dlopen(), leaves the dependency visible to the
 * linker and to packagers.
 *
 * What a completion error means after registration: when the device is
 * reset, closed or has its memory decoding switched off, its dma-bufs are
 * revoked. No call fails then; work requests that touch the memory complete
 * with IBV_WC_LOC_PROT_ERR or, on the other side, IBV_WC_REM_ACCESS_ERR; see
 * tphbuf_explain_wc().
 */
#ifndef TPHBUF_MR_H
#define TPHBUF_MR_H

#include <tphbuf/buffer.h>
#include <tphbuf/registry.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ibv_dmah;
struct ibv_mr;
struct ibv_pd;
struct tphbuf_mr;

/* Whether the requests of a region carry a tag */
enum tphbuf_applied_state {
	TPHBUF_APPLIED_UNKNOWN, /* the kernel does not tell */
	TPHBUF_APPLIED_NO,	/* requests carry no tag of the buffer */
	TPHBUF_APPLIED_YES,	/* requests carry the tag of the buffer */
};

/**
 * enum tphbuf_cause - why a region carries its tag or not
 *
 * The kernel's enum ib_uverbs_mr_tph_state. A later kernel may report other
 * values. In brackets the error of tphbuf_mr_register() with
 * TPHBUF_MR_REQUIRE.
 */
enum tphbuf_cause {
	TPHBUF_CAUSE_UNKNOWN = -1,    /* the kernel does not tell (-EPROTONOSUPPORT) */
	TPHBUF_CAUSE_NOT_DMABUF,      /* not a region of a dma-buf (-EINVAL) */
	TPHBUF_CAUSE_APPLIED,	      /* requests carry the tag */
	TPHBUF_CAUSE_DRIVER,	      /* RDMA driver without support (-EOPNOTSUPP) */
	TPHBUF_CAUSE_EXPORTER,	      /* exporter without support (-EMEDIUMTYPE) */
	TPHBUF_CAUSE_UNTAGGED,	      /* the buffer has no tag (-ENODATA) */
	TPHBUF_CAUSE_OTHER_NAMESPACE, /* no tag of the width that the NIC sends (-EPROTOTYPE) */
	TPHBUF_CAUSE_HOST_BRIDGE,     /* no route below a common switch (-EXDEV) */
	TPHBUF_CAUSE_NIC_DISABLED,    /* the NIC sends no TPH requests (-ENXIO) */
	TPHBUF_CAUSE_TAG_RANGE,	      /* tag above 0xff, NIC without ST table (-ERANGE) */
	TPHBUF_CAUSE_TABLE_FULL,      /* no entry left in the ST table (-ENOSPC) */
	TPHBUF_CAUSE_TABLE_ERROR,     /* the ST table could not be written (-EIO) */
	TPHBUF_CAUSE_DATA_DIRECT,     /* another function sends the requests (-EREMOTE) */
	TPHBUF_CAUSE_DMAH,	      /* carries the hint of a DMA handle (-EEXIST) */
	TPHBUF_CAUSE_CHANGED,	      /* no hint, and the tag changed since (-EAGAIN) */
};

/**
 * struct tphbuf_applied - what the kernel says about a registered region
 * @size: sizeof(struct tphbuf_applied)
 * @state: whether a tag is applied
 * @cause: why, as a number
 * @tag: the tag the NIC sends: one namespace, and the hint; if @state is YES
 * @reason: a sentence why @state is NO or UNKNOWN; empty for YES
 * @code: the reason of a NO as a word ("nic-disabled"), or as a number if this
 *	library does not know it; empty otherwise
 * @stale_faults: number of page faults of the NIC that failed after a
 *	revocation because the buffer had another tag by then
 *
 * The answer is about the moment of the call: a region that carried its tag
 * reports TPHBUF_CAUSE_NIC_DISABLED when TPH of the NIC is off. It needs no
 * privilege (UVERBS_METHOD_QUERY_MR by the region's handle).
 */
struct tphbuf_applied {
	size_t size;
	enum tphbuf_applied_state state;
	enum tphbuf_cause cause;
	struct tphbuf_tag tag;
	char reason[256];
	char code[32];
	uint64_t stale_faults;
};

/* Bits of tphbuf_mr_opts.flags */
#define TPHBUF_MR_REQUIRE     (1u << 0) /* fail if the tag is not applied */
#define TPHBUF_MR_IOVA	      (1u << 1) /* use tphbuf_mr_opts.iova */
#define TPHBUF_MR_DATA_DIRECT (1u << 2) /* mlx5: through the data direct function */

/**
 * struct tphbuf_mr_opts - options of tphbuf_mr_register()
 * @size: sizeof(struct tphbuf_mr_opts)
 * @flags: TPHBUF_MR_ bits
 * @access: IBV_ACCESS_ bits; 0 means local write, remote write, remote read
 * @offset: first byte of the buffer to register
 * @length: bytes; 0 means to the end of the buffer
 * @iova: address of the first byte in work requests, with TPHBUF_MR_IOVA.
 *	It must lie at the same place in its page as @offset. Without the flag
 *	@offset itself is used, which always does.
 * @tag: the tag that must be applied, with TPHBUF_MR_REQUIRE; for buffers
 *	whose device is not open here, for instance tphbuf_share_info.tag. NULL
 *	means the buffer's own tag, or any tag if that cannot be read.
 * @dmah: NULL, or a DMA handle of ibv_alloc_dmah() (rdma-core 60). Its hint
 *	is the caller's word about host memory; the kernel prefers it to the
 *	tag of the buffer, so it does not go together with TPHBUF_MR_REQUIRE.
 */
struct tphbuf_mr_opts {
	size_t size;
	uint32_t flags;
	int32_t access;
	uint64_t offset;
	uint64_t length;
	uint64_t iova;
	const struct tphbuf_tag *tag;
	struct ibv_dmah *dmah;
};

/**
 * tphbuf_mr_register() - register a buffer with an RDMA device
 * @buf: the buffer; the region keeps it open
 * @pd: protection domain, owned by the caller, who frees it after the region
 * @opts: options or NULL
 * @mr: where the region goes
 *
 * With TPHBUF_MR_REQUIRE the buffer must have a tag and the kernel must say
 * that the region carries it, as the buffer has it; otherwise the region is
 * deregistered again and the call fails with the error of its enum
 * tphbuf_cause, or -ENODATA for a reason that this library does not know.
 * Without it, a tag that is not applied shows in tphbuf_mr_applied() only.
 *
 * Return: 0; -EINVAL (offset, length, iova, flags, or the kernel: no
 * peer-to-peer route), -EAGAIN (the tag kept changing), -ENODEV (the buffer is revoked), -EOPNOTSUPP
 * (the RDMA driver cannot import it; TPHBUF_MR_DATA_DIRECT with a buffer that
 * can be revoked), -ELIBACC (this rdma-core lacks the call that @opts->dmah or
 * TPHBUF_MR_DATA_DIRECT needs), others of ibv_reg_dmabuf_mr().
 */
TPHBUF_API int tphbuf_mr_register(struct tphbuf_buffer *buf, struct ibv_pd *pd,
				  const struct tphbuf_mr_opts *opts, struct tphbuf_mr **mr);

/**
 * tphbuf_mr_deregister() - undo tphbuf_mr_register()
 * @mr: memory region
 *
 * Return: 0, or -errno of ibv_dereg_mr() (for instance -EBUSY while a memory
 * window is bound); the region is still there then.
 */
TPHBUF_API int tphbuf_mr_deregister(struct tphbuf_mr *mr);

/**
 * tphbuf_mr_ibv() - the verbs region with its keys, owned by the library
 * @mr: memory region
 */
TPHBUF_API struct ibv_mr *tphbuf_mr_ibv(const struct tphbuf_mr *mr);

/**
 * tphbuf_mr_iova() - address of its first byte in work requests
 * @mr: memory region
 */
TPHBUF_API uint64_t tphbuf_mr_iova(const struct tphbuf_mr *mr);

/**
 * tphbuf_mr_length() - bytes registered
 * @mr: memory region
 */
TPHBUF_API uint64_t tphbuf_mr_length(const struct tphbuf_mr *mr);

/**
 * tphbuf_mr_applied() - ask the kernel whether the region carries a tag
 * @mr: memory region
 * @applied: result; @applied->size set by the caller
 *
 * That the kernel cannot tell is an answer (UNKNOWN), not a failure. A failure
 * is recorded in the buffer's context; that of a registry's region is the
 * registry's own, which its threads share: use tphbuf_ibv_applied() there.
 *
 * Return: 0, -EINVAL, -ENOMEM, errors of netlink and of the ioctl.
 */
TPHBUF_API int tphbuf_mr_applied(struct tphbuf_mr *mr, struct tphbuf_applied *applied);

/**
 * tphbuf_ibv_applied() - the same for a region the caller registered itself
 * @ctx: context for errors
 * @mr: from ibv_reg_dmabuf_mr()
 * @applied: result; @applied->size set by the caller
 *
 * Return: as tphbuf_mr_applied().
 */
TPHBUF_API int tphbuf_ibv_applied(struct tphbuf_ctx *ctx, struct ibv_mr *mr,
				  struct tphbuf_applied *applied);

/**
 * tphbuf_explain_wc() - what a completion status means for a dma-buf region
 * @status: enum ibv_wc_status
 *
 * Return: a static sentence with cause and remedy, never NULL.
 */
TPHBUF_API const char *tphbuf_explain_wc(int status);

/**
 * tphbuf_mr_registry_ops() - let a registry keep memory regions
 *
 * For tphbuf_registry_opts.ops. The domain of the get functions is the struct
 * ibv_pd, access is IBV_ACCESS_ bits (0 as in tphbuf_mr_opts).
 * tphbuf_registry_opts.arg is NULL, or a struct tphbuf_mr_opts that outlives
 * the registry, of which @flags without TPHBUF_MR_IOVA, @tag and @dmah count.
 * Regions have the offset in the buffer as their iova.
 */
TPHBUF_API const struct tphbuf_registry_ops *tphbuf_mr_registry_ops(void);

/**
 * tphbuf_registration_mr() - the memory region in a region of such a registry
 * @region: region
 */
TPHBUF_API struct tphbuf_mr *tphbuf_registration_mr(const struct tphbuf_registration *region);

#ifdef __cplusplus
}
#endif

#endif
