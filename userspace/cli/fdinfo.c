// SPDX-License-Identifier: MIT
/* The text of fdinfo files of dma-bufs, see fdinfo.h. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cli/fdinfo.h"

/* Copy a name; what does not fit is cut off. */
static void take_name(const char *text, size_t len, char *to, size_t size)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, text, len);
	to[len] = '\0';
}

static bool take_u64(const char *text, size_t len, uint64_t *value)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum))
			return false;
	}
	*value = sum;
	return len;
}

int fdinfo_parse(const char *text, size_t len, struct fdinfo *info)
{
	const char *end = text + len;
	bool has_size = false, has_exporter = false;
	uint64_t users;

	memset(info, 0, sizeof(*info));
	while (text < end) {
		const char *line = text, *eol, *colon, *value;
		size_t key, rest;

		eol = memchr(line, '\n', (size_t)(end - line));
		if (!eol)
			eol = end;
		text = eol + 1;
		colon = memchr(line, ':', (size_t)(eol - line));
		if (!colon)
			continue;
		key = (size_t)(colon - line);
		for (value = colon + 1; value < eol && (*value == '\t' || *value == ' '); value++)
			;
		rest = (size_t)(eol - value);
		if (key == 4 && !memcmp(line, "size", 4)) {
			has_size = take_u64(value, rest, &info->size);
		} else if (key == 5 && !memcmp(line, "count", 5)) {
			if (take_u64(value, rest, &users) && users <= INT32_MAX)
				info->users = (int64_t)users;
		} else if (key == 8 && !memcmp(line, "exp_name", 8)) {
			take_name(value, rest, info->exporter, sizeof(info->exporter));
			has_exporter = info->exporter[0];
		} else if (key == 4 && !memcmp(line, "name", 4)) {
			take_name(value, rest, info->name, sizeof(info->name));
		}
	}
	return has_size && has_exporter ? 0 : -EINVAL;
}
