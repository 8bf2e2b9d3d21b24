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

/* A number as the texts of the library have it, decimal or 0x hexadecimal; -1: none, or more than 64 bits. */
static inline __int128 fuzz_number(const char *text, size_t len)
{
	const unsigned int base = len > 2 && text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10;
	size_t i = base == 16 ? 2 : 0;
	__int128 sum = 0;

	if (i == len)
		return -1;
	for (; i < len; i++) {
		const char *digits = "0123456789abcdef";
		const char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] | 32) : text[i];
		const char *digit = c ? strchr(digits, c) : NULL;

		if (!digit || digit - digits >= (long)base)
			return -1;
		sum = sum * base + (digit - digits);
		if (sum > UINT64_MAX)
			return -1;
	}
	return sum;
}

#endif
