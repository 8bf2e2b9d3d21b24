// SPDX-License-Identifier: MIT
/* Text of tags: an accepted tag prints to a text that parses to the same tag. */
#include <tphbuf/tag.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), printed[TPHBUF_TAG_TEXT_MAX];
	struct tphbuf_tag tag = { 0 }, again = { 0 };
	const char *why = NULL;

	if (tphbuf_tag_parse(text, &tag, &why)) {
		promise(why && why[0]);
	} else {
		promise(tphbuf_tag_format(&tag, printed, sizeof(printed)) >= 0);
		promise(!tphbuf_tag_parse(printed, &again, &why));
		promise(tphbuf_tag_equal(&tag, &again));
	}
	free(text);
	return 0;
}
