// SPDX-License-Identifier: MIT
/* Byte counts and ranges: a refused text does not change the result. */
#include <tphbuf/buffer.h>

#include "tests/fuzz/fuzz.h"

#define UNTOUCHED 0x5aa55aa55aa55aa5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tphbuf_range range = { UNTOUCHED, UNTOUCHED };
	char *text = fuzz_text(data, size);
	uint64_t value = UNTOUCHED;
	const char *why = NULL;

	if (tphbuf_size_parse(text, &value, &why)) {
		promise(why && why[0]);
		promise(value == UNTOUCHED);
	}
	why = NULL;
	if (tphbuf_range_parse(text, &range, &why)) {
		promise(why && why[0]);
		promise(range.offset == UNTOUCHED && range.length == UNTOUCHED);
	} else {
		promise(strchr(text, '+'));
	}
	free(text);
	return 0;
}
