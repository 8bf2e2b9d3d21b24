// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "tests/transports/fail_calloc.h"

unsigned int fail_calloc;

void *__libc_calloc(size_t n, size_t size);

void *calloc(size_t n, size_t size)
{
	if (fail_calloc && !--fail_calloc) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_calloc(n, size);
}
