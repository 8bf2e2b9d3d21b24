// SPDX-License-Identifier: MIT
/* Numbers as people type them, see number.h. */
#include <errno.h>

#include "util/number.h"

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int number_parse(const char *text, size_t len, uint64_t *value)
{
	uint64_t base = 10, sum = 0;
	size_t i = 0;

	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		i = 2;
	}
	if (i == len)
		return -EINVAL;
	for (; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0 || (uint64_t)digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			return -ERANGE;
	}
	*value = sum;
	return 0;
}
