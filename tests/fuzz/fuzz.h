/* SPDX-License-Identifier: MIT */
/*
 * Common header of the fuzz targets. A target feeds its bytes to one parser and aborts if the
 * parser violates its contract; sanitizers find other errors.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that the parser guarantees. */
#define promise(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* An input that is read field by field. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/* The next bytes, at most 8, the first one highest; what is missing counts as nothing. */
static inline uint64_t fuzz_take64(struct fuzz_input *in, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- && in->size) {
		value = value << 8 | *in->data++;
		in->size--;
	}
	return value;
}

/* The same for at most 4 bytes. */
static inline uint32_t fuzz_take(struct fuzz_input *in, unsigned int bytes)
{
	return (uint32_t)fuzz_take64(in, bytes);
}

/* The bytes as a string in an allocation of exact size, so that reads past its end show. */
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
