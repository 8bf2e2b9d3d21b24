/* SPDX-License-Identifier: MIT */
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
enum tphbuf_applied_state {
 TPHBUF_APPLIED_UNKNOWN,
 TPHBUF_APPLIED_NO,
 TPHBUF_APPLIED_YES,
};
enum tphbuf_cause {
 TPHBUF_CAUSE_UNKNOWN = -1,
 TPHBUF_CAUSE_NOT_DMABUF,
 TPHBUF_CAUSE_APPLIED,
 TPHBUF_CAUSE_DRIVER,
 TPHBUF_CAUSE_EXPORTER,
 TPHBUF_CAUSE_UNTAGGED,
 TPHBUF_CAUSE_OTHER_NAMESPACE,
 TPHBUF_CAUSE_HOST_BRIDGE,
 TPHBUF_CAUSE_NIC_DISABLED,
 TPHBUF_CAUSE_TAG_RANGE,
 TPHBUF_CAUSE_TABLE_FULL,
 TPHBUF_CAUSE_TABLE_ERROR,
 TPHBUF_CAUSE_DATA_DIRECT,
 TPHBUF_CAUSE_DMAH,
 TPHBUF_CAUSE_CHANGED,
};
struct tphbuf_applied {
 size_t size;
 enum tphbuf_applied_state state;
 enum tphbuf_cause cause;
 struct tphbuf_tag tag;
 char reason[256];
 char code[32];
 uint64_t stale_faults;
};
#define TPHBUF_MR_REQUIRE (1u << 0)
#define TPHBUF_MR_IOVA (1u << 1)
#define TPHBUF_MR_DATA_DIRECT (1u << 2)
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
TPHBUF_API int tphbuf_mr_register(struct tphbuf_buffer *buf, struct ibv_pd *pd,
      const struct tphbuf_mr_opts *opts, struct tphbuf_mr **mr);
TPHBUF_API int tphbuf_mr_deregister(struct tphbuf_mr *mr);
TPHBUF_API struct ibv_mr *tphbuf_mr_ibv(const struct tphbuf_mr *mr);
TPHBUF_API uint64_t tphbuf_mr_iova(const struct tphbuf_mr *mr);
TPHBUF_API uint64_t tphbuf_mr_length(const struct tphbuf_mr *mr);
TPHBUF_API int tphbuf_mr_applied(struct tphbuf_mr *mr, struct tphbuf_applied *applied);
TPHBUF_API int tphbuf_ibv_applied(struct tphbuf_ctx *ctx, struct ibv_mr *mr,
      struct tphbuf_applied *applied);
TPHBUF_API const char *tphbuf_explain_wc(int status);
TPHBUF_API const struct tphbuf_registry_ops *tphbuf_mr_registry_ops(void);
TPHBUF_API struct tphbuf_mr *tphbuf_registration_mr(const struct tphbuf_registration *region);
#ifdef __cplusplus
}
#endif
#endif
