// SPDX-License-Identifier: MIT
/* The tag as a value: text form, validity, comparison. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/internal.h"
#include "util/number.h"

/* The keys of the text form. */
enum tag_key { KEY_ST, KEY_XST, KEY_PH, NR_KEYS };

static const struct {
	const char *name;
	uint64_t max;
	const char *too_big;
} tag_keys[NR_KEYS] = {
	[KEY_ST] = { "st", UINT8_MAX,
		     "st is wider than 8 bits (0..0xff); use xst for a 16-bit Extended tag" },
	[KEY_XST] = { "xst", UINT16_MAX, "xst is wider than 16 bits (0..0xffff); use a smaller tag" },
	[KEY_PH] = { "ph", TPHBUF_PH_MAX, "ph is out of range; use 0 to 3" },
};

static int find_key(const char *text, size_t len)
{
	int key;

	for (key = 0; key < NR_KEYS; key++)
		if (strlen(tag_keys[key].name) == len && !memcmp(tag_keys[key].name, text, len))
			return key;
	return -1;
}

/* One "key=value" of @len characters. NULL, or what is wrong with it. */
static const char *parse_pair(const char *text, size_t len, uint64_t *values, unsigned int *seen)
{
	const char *eq = memchr(text, '=', len);
	uint64_t value;
	int key, ret;

	if (!eq)
		return "a part has no '='; write st=N, xst=N and ph=N separated by commas";
	key = find_key(text, (size_t)(eq - text));
	if (key < 0)
		return "unknown key; use st, xst and ph";
	if (*seen & 1u << key)
		return "a key is given twice; give each once";
	ret = number_parse(eq + 1, len - (size_t)(eq + 1 - text), &value);
	if (ret == -ERANGE || (!ret && value > tag_keys[key].max))
		return tag_keys[key].too_big;
	if (ret)
		return "a value is not a number; use decimal or 0x hexadecimal";
	values[key] = value;
	*seen |= 1u << key;
	return NULL;
}

static const char *parse(const char *text, struct tphbuf_tag *tag)
{
	uint64_t values[NR_KEYS] = { 0 };
	unsigned int seen = 0;
	const char *why;

	memset(tag, 0, sizeof(*tag));
	if (!strcmp(text, "none"))
		return NULL;
	for (;;) {
		size_t len = strcspn(text, ",");

		why = parse_pair(text, len, values, &seen);
		if (why)
			return why;
		if (!text[len])
			break;
		text += len + 1;
	}
	if (!(seen & (1u << KEY_ST | 1u << KEY_XST)))
		return "a hint alone is not a tag; add st=N or xst=N";
	if (seen & 1u << KEY_ST)
		tag->valid |= TPHBUF_TAG_ST;
	if (seen & 1u << KEY_XST)
		tag->valid |= TPHBUF_TAG_XST;
	tag->st = (uint8_t)values[KEY_ST];
	tag->xst = (uint16_t)values[KEY_XST];
	tag->ph = (uint8_t)values[KEY_PH];
	return NULL;
}

int tphbuf_tag_parse(const char *text, struct tphbuf_tag *tag, const char **why)
{
	const char *reason = "text and tag must not be NULL";
	struct tphbuf_tag t;

	if (text && tag)
		reason = parse(text, &t);
	if (reason) {
		if (why)
			*why = reason;
		return -EINVAL;
	}
	*tag = t;
	return 0;
}

int tphbuf_tag_format(const struct tphbuf_tag *tag, char *buf, size_t size)
{
	int n;

	if (!buf || tphbuf_tag_check(tag, TPHBUF_TAG_MASK, NULL))
		return -EINVAL;
	switch (tag->valid) {
	case 0:
		n = snprintf(buf, size, "none");
		break;
	case TPHBUF_TAG_ST:
		n = snprintf(buf, size, "st=0x%02x,ph=%u", tag->st, tag->ph);
		break;
	case TPHBUF_TAG_XST:
		n = snprintf(buf, size, "xst=0x%04x,ph=%u", tag->xst, tag->ph);
		break;
	default:
		n = snprintf(buf, size, "st=0x%02x,xst=0x%04x,ph=%u", tag->st, tag->xst, tag->ph);
		break;
	}
	return (size_t)n < size ? n : -ENOSPC;
}

int tphbuf_tag_check(const struct tphbuf_tag *tag, uint32_t supported, const char **why)
{
	const char *reason;
	int ret = -EINVAL;

	if (tag && !(tag->valid & ~(supported & TPHBUF_TAG_MASK)) && tag->ph <= TPHBUF_PH_MAX)
		return 0;
	if (!tag)
		reason = "tag must not be NULL";
	else if (tag->valid & ~TPHBUF_TAG_MASK)
		reason = "undefined namespace bits in the tag; use TPHBUF_TAG_ST and TPHBUF_TAG_XST only";
	else if (tag->ph > TPHBUF_PH_MAX)
		reason = "the processing hint is out of range; use 0 to 3";
	else
		ret = -EOPNOTSUPP;
	if (ret == -EOPNOTSUPP && tag->valid & ~supported & TPHBUF_TAG_XST)
		reason = "the device is not an Extended TPH completer; use an 8-bit tag (st=N)";
	else if (ret == -EOPNOTSUPP)
		reason = "the device is not a TPH completer; it takes no tag";
	if (why)
		*why = reason;
	return ret;
}

bool tphbuf_tag_equal(const struct tphbuf_tag *a, const struct tphbuf_tag *b)
{
	if (!a || !b || a->valid != b->valid)
		return false;
	if (!a->valid)
		return true;
	if (a->valid & TPHBUF_TAG_ST && a->st != b->st)
		return false;
	if (a->valid & TPHBUF_TAG_XST && a->xst != b->xst)
		return false;
	return a->ph == b->ph;
}
