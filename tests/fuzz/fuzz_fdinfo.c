// SPDX-License-Identifier: MIT
/* fdinfo texts: the names end. The output functions clean them. */
#include "cli/fdinfo.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdinfo info;

	/* Without NUL: the parser gets a length. The memory of an input is of exactly its size. */
	if (!fdinfo_parse((const char *)data, size, &info))
		promise(info.exporter[0]);
	promise(memchr(info.exporter, '\0', sizeof(info.exporter)));
	promise(memchr(info.name, '\0', sizeof(info.name)));
	return 0;
}
