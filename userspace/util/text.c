// SPDX-License-Identifier: MIT
/* Text of others, see text.h. */
#include "util/text.h"

void text_plain(const char *text, size_t len, char *to, size_t size)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size; i++)
		to[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
	to[i] = '\0';
}
