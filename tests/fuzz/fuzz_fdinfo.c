// SPDX-License-Identifier: MIT
/* fdinfo texts: the names end. The output functions clean them. */
#include "cli/fdinfo.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdinfo info;
	char *text = fuzz_text(data, size);

	/* Without its NUL: the parser gets a length. */
	text = realloc(text, size ? size : 1);
	promise(text);
	if (!fdinfo_parse(text, size, &info))
		promise(info.exporter[0]);
	promise(memchr(info.exporter, '\0', sizeof(info.exporter)));
	promise(memchr(info.name, '\0', sizeof(info.name)));
	free(text);
	return 0;
}
