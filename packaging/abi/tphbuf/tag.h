/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_TAG_H
#define TPHBUF_TAG_H 
#include <tphbuf/ctx.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_TAG_ST (1u << 0)
#define TPHBUF_TAG_XST (1u << 1)
#define TPHBUF_TAG_MASK (TPHBUF_TAG_ST | TPHBUF_TAG_XST)
#define TPHBUF_PH_MAX 3
#define TPHBUF_TAG_TEXT_MAX 32
struct tphbuf_tag {
 uint32_t valid;
 uint16_t xst;
 uint8_t st;
 uint8_t ph;
};
TPHBUF_API int tphbuf_tag_parse(const char *text, struct tphbuf_tag *tag, const char **why);
TPHBUF_API int tphbuf_tag_format(const struct tphbuf_tag *tag, char *buf, size_t size);
TPHBUF_API int tphbuf_tag_check(const struct tphbuf_tag *tag, uint32_t supported, const char **why);
TPHBUF_API bool tphbuf_tag_equal(const struct tphbuf_tag *a, const struct tphbuf_tag *b);
#ifdef __cplusplus
}
#endif
#endif
