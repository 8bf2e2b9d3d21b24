// SPDX-License-Identifier: MIT
/* Words of the kernel's command line, see cmdline.h. */
#include <string.h>

#include "util/cmdline.h"

bool cmdline_has(const char *cmdline, const char *word)
{
	size_t len = strlen(word);
	const char *p = cmdline;

	while ((p = strstr(p, word))) {
		char before = p == cmdline ? ' ' : p[-1];

		if (strchr(" ,=", before) && strchr(" ,\n", p[len]))
			return true;
		p += len;
	}
	return false;
}
