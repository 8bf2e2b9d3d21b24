// SPDX-License-Identifier: MIT
/* Byte counts and ranges: values are those of a parser of this file; a refused text does not change the result. */
#include <tphbuf/buffer.h>

#include "tests/fuzz/fuzz.h"

#define UNTOUCHED 0x5aa55aa55aa55aa5u

/* -1: no byte count */
static __int128 bytes_of(const char *text, size_t len)
{
	static const char suffixes[] = "kKmMgG";
	const char *suffix = len && text[len - 1] ? strchr(suffixes, text[len - 1]) : NULL;
	const unsigned int shift = suffix ? 10 + (unsigned int)(suffix - suffixes) / 2 * 10 : 0;
	__int128 number = fuzz_number(text, shift ? len - 1 : len);

	if (number < 0 || number << shift > UINT64_MAX)
		return -1;
	return number << shift;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tphbuf_range range = { UNTOUCHED, UNTOUCHED };
	char *text = fuzz_text(data, size);
	uint64_t value = UNTOUCHED;
	const char *why = NULL;

	if (tphbuf_size_parse(text, &value, &why)) {
		promise(why && why[0]);
		promise(value == UNTOUCHED);
		promise(bytes_of(text, strlen(text)) < 0);
	} else {
		promise(bytes_of(text, strlen(text)) == value);
	}
	why = NULL;
	if (tphbuf_range_parse(text, &range, &why)) {
		promise(why && why[0]);
		promise(range.offset == UNTOUCHED && range.length == UNTOUCHED);
	} else {
		const char *plus = strchr(text, '+');

		promise(plus && bytes_of(text, (size_t)(plus - text)) == range.offset);
		promise(bytes_of(plus + 1, strlen(plus + 1)) == range.length);
	}
	free(text);
	return 0;
}
