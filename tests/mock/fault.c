// SPDX-License-Identifier: MIT
/* Failure at the n-th call, and the allocation wrappers; see fault.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/fault.h"

static unsigned int countdown, calls;
static bool hit;

void fault_arm(unsigned int nth)
{
	countdown = nth;
	calls = 0;
	hit = false;
}

bool fault_disarm(void)
{
	countdown = 0;
	return hit;
}

unsigned int fault_calls(void)
{
	return calls;
}

bool fault_hits(void)
{
	if (!countdown)
		return false;
	calls++;
	if (--countdown)
		return false;
	hit = true;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
void *__real_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
	if (fault_hits()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (fault_hits()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	if (fault_hits()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	if (fault_hits()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_strdup(s);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (fault_hits()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_aligned_alloc(alignment, size);
}
