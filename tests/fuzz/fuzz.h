/* SPDX-License-Identifier: MIT */
/*
 * What fuzz targets share. A target gets bytes, feeds them to one parser and
 * aborts if the parser breaks a promise; sanitizers find the rest.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the parser. */
#define promise(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* The bytes as a string of its own allocation, so that reads behind it show. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
