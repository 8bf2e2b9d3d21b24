// SPDX-License-Identifier: MIT
/* Size-prefixed structures, see sized.h. */
#include <errno.h>
#include <string.h>

#include "util/sized.h"

int sized_in(void *dst, size_t known, const void *src)
{
	const unsigned char *bytes = src;
	size_t size, i;

	memset(dst, 0, known);
	if (!src)
		return 0;
	memcpy(&size, src, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	for (i = known; i < size; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(dst, src, size < known ? size : known);
	return 0;
}

int sized_out(void *dst, const void *src, size_t known)
{
	size_t size;

	memcpy(&size, dst, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	memcpy(dst, src, size < known ? size : known);
	if (size > known)
		memset((char *)dst + known, 0, size - known);
	memcpy(dst, &size, sizeof(size));
	return 0;
}
