/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_SHARE_H
#define TPHBUF_SHARE_H 
#include <tphbuf/buffer.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_LABEL_MAX 40
#define TPHBUF_SEND_DEVICE (1u << 0)
struct tphbuf_send_opts {
 size_t size;
 uint32_t flags;
 const char *label;
 uint32_t timeout_ms;
};
TPHBUF_API int tphbuf_buffer_send(struct tphbuf_buffer *buf, int sock,
      const struct tphbuf_send_opts *opts);
enum tphbuf_tag_trust {
 TPHBUF_TAG_CLAIMED,
 TPHBUF_TAG_CONFIRMED,
 TPHBUF_TAG_CORRECTED,
};
struct tphbuf_share_info {
 size_t size;
 uint64_t length;
 struct tphbuf_identity identity;
 struct tphbuf_tag tag;
 uint32_t supported;
 enum tphbuf_tag_trust trust;
 enum tphbuf_source source;
 int32_t bar;
 char bdf[TPHBUF_BDF_MAX];
 char label[TPHBUF_LABEL_MAX];
 const struct tphbuf_range *ranges;
 size_t nr_ranges;
 bool has_device;
 int32_t pid;
 uint32_t uid;
};
struct tphbuf_receive_opts {
 size_t size;
 struct tphbuf_device *dev;
 uint32_t timeout_ms;
};
TPHBUF_API int tphbuf_buffer_receive(struct tphbuf_ctx *ctx, int sock,
         const struct tphbuf_receive_opts *opts,
         struct tphbuf_share_info *info, struct tphbuf_buffer **buf);
#ifdef __cplusplus
}
#endif
#endif
