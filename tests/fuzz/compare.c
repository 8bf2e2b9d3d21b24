// SPDX-License-Identifier: MIT
/*
 * libFuzzer hears of each comparison, to find values that would make it come out otherwise. Without value profiles it
 * makes nothing of one whose sides are equal, nor of bytes and halfwords, and most are of that kind: UBSan compares the
 * alignment of each pointer with 0. Those calls end here (linked with --wrap).
 */
#include <stdint.h>

#define QUIET(name, type)                   \
	void __wrap_##name(type a, type b); \
	void __wrap_##name(type a, type b)  \
	{                                   \
		(void)a;                    \
		(void)b;                    \
	}
/* A jump, not a call: the caller's address is part of what libFuzzer notes. */
#define IF_DIFFERENT(name, type)                                      \
	void __real_##name(type a, type b);                           \
	void __wrap_##name(type a, type b);                           \
	void __wrap_##name(type a, type b)                            \
	{                                                             \
		if (a == b)                                           \
			return;                                       \
		__attribute__((musttail)) return __real_##name(a, b); \
	}

QUIET(__sanitizer_cov_trace_cmp1, uint8_t)
QUIET(__sanitizer_cov_trace_const_cmp1, uint8_t)
QUIET(__sanitizer_cov_trace_cmp2, uint16_t)
QUIET(__sanitizer_cov_trace_const_cmp2, uint16_t)
IF_DIFFERENT(__sanitizer_cov_trace_cmp4, uint32_t)
IF_DIFFERENT(__sanitizer_cov_trace_const_cmp4, uint32_t)
IF_DIFFERENT(__sanitizer_cov_trace_cmp8, uint64_t)
IF_DIFFERENT(__sanitizer_cov_trace_const_cmp8, uint64_t)
