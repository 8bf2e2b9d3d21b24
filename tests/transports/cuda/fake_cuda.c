// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/transports/cuda/fake_cuda.h"

struct fake_cuda fake_cuda;

static int fails(const char *call)
{
	if (!fake_cuda.fail_call || strcmp(call, fake_cuda.fail_call) || --fake_cuda.fail_nth)
		return 0;
	fake_cuda.fail_call = NULL;
	return fake_cuda.fail_error;
}

static int make(const char *call, void **object, int *count)
{
	int err = fails(call);

	if (!err) {
		*object = calloc(1, sizeof(int));
		++*count;
	}
	return err;
}

static int unmake(void *object, int *count)
{
	free(object);
	--*count;
	return 0;
}

int cuInit(unsigned int flags)
{
	return flags ? 1 : fails("cuInit");
}

int cuDeviceGet(int *dev, int ordinal)
{
	*dev = ordinal;
	return fails("cuDeviceGet");
}

int cuDevicePrimaryCtxRetain(void **ctx, int dev)
{
	int err = dev == 3 ? fails("cuDevicePrimaryCtxRetain") : 101;

	*ctx = &fake_cuda;
	fake_cuda.contexts += !err;
	return err;
}

int cuDevicePrimaryCtxRelease_v2(int dev)
{
	(void)dev;
	fake_cuda.contexts--;
	return 0;
}

int cuCtxPushCurrent_v2(void *ctx)
{
	(void)ctx;
	fake_cuda.pushed++;
	return 0;
}

int cuCtxPopCurrent_v2(void **ctx)
{
	(void)ctx;
	fake_cuda.pushed--;
	return 0;
}

/* Memory of device 3 */
int cuPointerGetAttribute(void *value, int attribute, uintptr_t ptr)
{
	int answer = attribute == 2 ? (fake_cuda.host ? 1 : 2) : 3;

	(void)ptr;
	memcpy(value, &answer, sizeof(answer));
	return fails("cuPointerGetAttribute");
}

int cuMemHostAlloc(void **host, size_t size, unsigned int flags)
{
	int err = flags == 1 ? fails("cuMemHostAlloc") : 1;

	if (!err) {
		*host = malloc(size);
		fake_cuda.pinned++;
	}
	return err;
}

int cuMemFreeHost(void *host)
{
	return unmake(host, &fake_cuda.pinned);
}

int cuStreamCreate(void **stream, unsigned int flags)
{
	fake_cuda.stream_flags = flags;
	return make("cuStreamCreate", stream, &fake_cuda.streams);
}

int cuStreamDestroy_v2(void *stream)
{
	return unmake(stream, &fake_cuda.streams);
}

int cuEventCreate(void **event, unsigned int flags)
{
	(void)flags;
	return make("cuEventCreate", event, &fake_cuda.events);
}

int cuEventDestroy_v2(void *event)
{
	return unmake(event, &fake_cuda.events);
}

/* An event is the number of looks at it until its copy is done. */
int cuEventRecord(void *event, void *stream)
{
	(void)stream;
	*(int *)event = 1;
	return fails("cuEventRecord");
}

#ifndef OLD_CUDA
int cuEventQuery(void *event)
{
	int err = fails("cuEventQuery");

	return err ? err : (*(int *)event)-- > 0 ? 600 : 0;
}
#endif

static int copy(const char *call, void *dst, const void *src, size_t size)
{
	int err = fails(call);

	if (!err)
		memcpy(dst, src, size);
	fake_cuda.copies++;
	return err;
}

int cuMemcpyHtoDAsync_v2(uintptr_t dst, const void *src, size_t size, void *stream)
{
	(void)stream;
	return copy("cuMemcpyHtoDAsync", (void *)dst, src, size);
}

int cuMemcpyDtoHAsync_v2(void *dst, uintptr_t src, size_t size, void *stream)
{
	(void)stream;
	return copy("cuMemcpyDtoHAsync", dst, (const void *)src, size);
}
