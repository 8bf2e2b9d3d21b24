/* SPDX-License-Identifier: MIT */
/*
 * Size-prefixed structures: how option and information structures of the
 * public interface grow without breaking callers built against another
 * version. The first member is always "size_t size".
 */
#ifndef UTIL_SIZED_H
#define UTIL_SIZED_H

#include <stddef.h>

/*
 * Copy a caller's option structure @src into @dst of @known bytes.
 *
 * NULL @src gives zeros. A caller older than the library leaves the rest
 * zero; a newer one may pass more bytes if those are zero.
 *
 * Return: 0, -EINVAL (size does not even cover itself), -E2BIG (unknown field set).
 */
int sized_in(void *dst, size_t known, const void *src);

/*
 * Copy the library's @src of @known bytes to a caller's structure @dst,
 * which keeps its own size; bytes the library does not know become zero.
 *
 * Return: 0, -EINVAL (size does not even cover itself).
 */
int sized_out(void *dst, const void *src, size_t known);

#endif
