// SPDX-License-Identifier: MIT
/* Text of tags: an accepted tag prints to a text that parses to the same tag. */
#include <tphbuf/tag.h>

#include "tests/fuzz/fuzz.h"

/* The value of a key in an accepted text, or -1; no key stands there twice. */
static __int128 value_of(const char *text, const char *key)
{
	__int128 value = -1;

	for (; text; text = strchr(text, ',')) {
		text += *text == ',';
		if (strncmp(text, key, strlen(key)) != 0)
			continue;
		promise(value < 0);
		text += strlen(key);
		value = fuzz_number(text, strcspn(text, ","));
	}
	return value;
}

static void check_values(const char *text, const struct tphbuf_tag *tag)
{
	const __int128 st = value_of(text, "st="), xst = value_of(text, "xst="),
		       ph = value_of(text, "ph=");

	if (!strcmp(text, "none"))
		return;
	promise(tag->valid & TPHBUF_TAG_ST ? st == tag->st : st < 0);
	promise(tag->valid & TPHBUF_TAG_XST ? xst == tag->xst : xst < 0);
	promise(ph < 0 ? !tag->ph : ph == tag->ph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), printed[TPHBUF_TAG_TEXT_MAX];
	struct tphbuf_tag tag = { 0 }, again = { 0 };
	const char *why = NULL;

	if (tphbuf_tag_parse(text, &tag, &why)) {
		promise(why && why[0]);
	} else {
		check_values(text, &tag);
		promise(tphbuf_tag_format(&tag, printed, sizeof(printed)) >= 0);
		promise(!tphbuf_tag_parse(printed, &again, &why));
		promise(tphbuf_tag_equal(&tag, &again));
	}
	free(text);
	return 0;
}
