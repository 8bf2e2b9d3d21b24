/* SPDX-License-Identifier: MIT */
/*
 * The TPH tag as a value: a processing hint and a steering tag in one or
 * both of the two namespaces PCIe defines (PCIe 6.x, 2.2.7.1). The 8-bit
 * and the 16-bit (Extended) tag are separate numbers, even below 256.
 *
 * One text form is used by every tool:
 *
 *	st=0x5a,ph=2            8-bit tag
 *	xst=0x1234,ph=1         16-bit tag
 *	st=0x5a,xst=0x1234,ph=1 both
 *	none                    no tag
 *
 * Numbers are decimal or hexadecimal with 0x. ph may be left out and is 0
 * then. The order is free; a key may be given once.
 */
#ifndef TPHBUF_TAG_H
#define TPHBUF_TAG_H

#include <tphbuf/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of tphbuf_tag.valid and of a set of namespaces */
#define TPHBUF_TAG_ST	    (1u << 0) /* 8-bit steering tag */
#define TPHBUF_TAG_XST	    (1u << 1) /* 16-bit Extended steering tag */
#define TPHBUF_TAG_MASK	    (TPHBUF_TAG_ST | TPHBUF_TAG_XST)

#define TPHBUF_PH_MAX	    3
#define TPHBUF_TAG_TEXT_MAX 32 /* longest text form with its NUL */

/**
 * struct tphbuf_tag - a tag
 * @valid: which of @st and @xst carry a value; 0 is "no tag"
 * @xst: Extended steering tag, 16 bits
 * @st: steering tag, 8 bits
 * @ph: processing hint 0..3, shared by both; 0 if @valid is 0
 *
 * A tag of zero is a legal tag; only @valid says whether one is present.
 */
struct tphbuf_tag {
	uint32_t valid;
	uint16_t xst;
	uint8_t st;
	uint8_t ph;
};

/**
 * tphbuf_tag_parse() - read the text form
 * @text: the text
 * @tag: the result; unchanged on failure
 * @why: NULL, or where a static sentence about the failure goes
 *
 * Return: 0 or -EINVAL.
 */
TPHBUF_API int tphbuf_tag_parse(const char *text, struct tphbuf_tag *tag, const char **why);

/**
 * tphbuf_tag_format() - write the text form
 * @tag: a valid tag
 * @buf: the result
 * @size: size of @buf, TPHBUF_TAG_TEXT_MAX is always enough
 *
 * Return: length without the NUL, -EINVAL for a malformed tag, -ENOSPC.
 */
TPHBUF_API int tphbuf_tag_format(const struct tphbuf_tag *tag, char *buf, size_t size);

/**
 * tphbuf_tag_check() - whether a device can consume a tag
 * @tag: the tag
 * @supported: set of namespaces, or TPHBUF_TAG_MASK to check the form only
 * @why: NULL, or where a static sentence about the failure goes
 *
 * Return: 0, -EINVAL for a malformed tag, -EOPNOTSUPP if it uses a namespace
 * outside @supported.
 */
TPHBUF_API int tphbuf_tag_check(const struct tphbuf_tag *tag, uint32_t supported, const char **why);

/**
 * tphbuf_tag_equal() - same namespaces, same tags in them, same hint
 * @a: one of the two
 * @b: the other one
 */
TPHBUF_API bool tphbuf_tag_equal(const struct tphbuf_tag *a, const struct tphbuf_tag *b);

#ifdef __cplusplus
}
#endif

#endif
