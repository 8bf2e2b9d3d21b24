// SPDX-License-Identifier: MIT
/* PCI addresses: what is accepted is canonical, and stays so. */
#include <tphbuf/device.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char bdf[TPHBUF_BDF_MAX], again[TPHBUF_BDF_MAX];

	if (!tphbuf_bdf_parse(text, bdf)) {
		promise(memchr(bdf, '\0', sizeof(bdf)));
		promise(!tphbuf_bdf_parse(bdf, again));
		promise(!strcmp(bdf, again));
		promise(!strchr(bdf, '/'));
	}
	free(text);
	return 0;
}
