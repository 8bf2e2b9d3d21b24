// SPDX-License-Identifier: MIT
/* PCI addresses: an accepted address is canonical, and parsing it again gives the same. */
#include <stdio.h>
#include <tphbuf/device.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char bdf[TPHBUF_BDF_MAX], again[TPHBUF_BDF_MAX];

	if (!tphbuf_bdf_parse(text, bdf)) {
		unsigned int domain, bus, device, fn;

		promise(sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &device, &fn) == 4);
		promise(bus <= 0xff && device <= 0x1f && fn <= 7);
		promise(memchr(bdf, '\0', sizeof(bdf)));
		promise(!tphbuf_bdf_parse(bdf, again));
		promise(!strcmp(bdf, again));
		promise(!strchr(bdf, '/'));
	}
	free(text);
	return 0;
}
