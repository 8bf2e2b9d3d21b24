// SPDX-License-Identifier: MIT
/* fdinfo texts: what is shown is printable and ends. */
#include "cli/fdinfo.h"
#include "tests/fuzz/fuzz.h"

static void promise_printable(const char *text, size_t size)
{
	size_t i;

	promise(memchr(text, '\0', size));
	for (i = 0; text[i]; i++)
		promise(text[i] >= ' ' && text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdinfo info;
	char *text = fuzz_text(data, size);

	/* Without its NUL: the parser gets a length. */
	text = realloc(text, size ? size : 1);
	promise(text);
	if (!fdinfo_parse(text, size, &info))
		promise(info.exporter[0]);
	promise_printable(info.exporter, sizeof(info.exporter));
	promise_printable(info.name, sizeof(info.name));
	free(text);
	return 0;
}
