// SPDX-License-Identifier: MIT
/* Options from the environment, and lines on standard error: a preloaded library has no other place for either. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload.h"

void preload_read_options(struct preload *preload)
{
	static const char *const names[] = {
		[PRELOAD_TAG_IGNORE] = "ignore",
		[PRELOAD_TAG_PREFER] = "prefer",
		[PRELOAD_TAG_REQUIRE] = "require",
	};
	const char *tag = getenv("TPHBUF_PRELOAD_TAG"), *verbose = getenv("TPHBUF_PRELOAD_VERBOSE");
	int i;

	preload->verbose = verbose && strcmp(verbose, "") && strcmp(verbose, "0");
	preload->tag = tag && *tag ? PRELOAD_TAG_WRONG : PRELOAD_TAG_PREFER;
	for (i = 0; i < PRELOAD_TAG_WRONG; i++)
		if (tag && !strcmp(tag, names[i]))
			preload->tag = (enum preload_tag)i;
	if (preload->tag == PRELOAD_TAG_WRONG)
		preload_say("TPHBUF_PRELOAD_TAG=%s: use require, prefer or ignore; until then no device memory is registered",
			    tag);
}

void preload_say(const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tphbuf-preload: %s\n", text); /* one write: lines of threads do not mix */
}
