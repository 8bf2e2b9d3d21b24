/* SPDX-License-Identifier: MIT */
/* Text of others. */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stddef.h>

/* Copied for a terminal: nothing that moves the cursor. Cut at @size. */
void text_plain(const char *text, size_t len, char *to, size_t size);

#endif
