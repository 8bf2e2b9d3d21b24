// SPDX-License-Identifier: MIT
/* PCI addresses: an accepted address is canonical, and parsing it again gives the same. */
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
