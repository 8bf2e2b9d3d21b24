// SPDX-License-Identifier: MIT
/* Libraries for --reduce: one that adds, and (WRONG_SUM) one that forgets the last value. */
#include <stdint.h>

#include <tphbuf/transport.h>

#ifdef WRONG_SUM
#define LESS 1
#else
#define LESS 0
#endif

static int sum_u32(void *dst, const void *src, size_t n)
{
	const uint32_t *from = src;
	uint32_t *to = dst;

	for (size_t i = 0; i + LESS < n; i++)
		to[i] += from[i];
	return 0;
}

__attribute__((visibility("default"))) const struct tphbuf_reduce tphbuf_reduce_v1 = {
	.size = sizeof(tphbuf_reduce_v1),
	.sum_u32 = sum_u32,
};
