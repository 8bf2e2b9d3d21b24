// SPDX-License-Identifier: MIT
/* Sums in the memory of a rank: by the vendor's library, or by the CPU. */
#include <dlfcn.h>
#include <string.h>

#include <tphbuf/transport.h>

#include "collective.h"

static const struct tphbuf_reduce *hook;

const char *reduce_load(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return reason("--reduce: %s", dlerror());
	hook = dlsym(handle, TPHBUF_REDUCE_SYMBOL);
	if (!hook || hook->size < sizeof(*hook) || !hook->sum_u32)
		return reason("--reduce: %s does not define %s", library, TPHBUF_REDUCE_SYMBOL);
	return NULL;
}

const char *reduce_add(unsigned char *sum, const unsigned char *data, size_t count, size_t width)
{
	uint32_t *words = (uint32_t *)(void *)sum;
	const uint32_t *more = (const uint32_t *)(const void *)data;
	int err;

	if (width == 1) {
		for (size_t i = 0; i < count; i++)
			sum[i] = (unsigned char)(sum[i] + data[i]);
		return NULL;
	}
	if (hook) {
		err = hook->sum_u32(words, more, count);
		return err ? reason("sum_u32 of --reduce: %s", strerror(-err)) : NULL;
	}
	for (size_t i = 0; i < count; i++)
		words[i] += more[i];
	return NULL;
}
