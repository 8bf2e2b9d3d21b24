// SPDX-License-Identifier: MIT
/*
 * The copy hook for CUDA: TPHBUF_NET_COPY=cuda. libcuda is looked up when it is asked
 * for; nothing of CUDA is needed to build.
 *
 * Copies run on a stream of their own that does not wait for the legacy stream: a kernel
 * of NCCL spins there until our copy is done. Chunks are pinned once, at the first
 * registration, because pinning may wait for running kernels.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "net.h"

#define CHUNKS			 32
#define CU_SUCCESS		 0
#define CU_NOT_READY		 600
#define CU_ATTRIBUTE_MEMORY_TYPE 2
#define CU_ATTRIBUTE_ORDINAL	 9
#define CU_MEMORY_DEVICE	 2
#define CU_STREAM_NON_BLOCKING	 1
#define CU_EVENT_NO_TIMING	 2
#define CU_HOST_PORTABLE	 1

static struct {
	pthread_mutex_t lock;
	void *library;
	int (*init)(unsigned int flags);
	int (*device_get)(int *dev, int ordinal);
	int (*ctx_retain)(void **ctx, int dev);
	int (*ctx_release)(int dev);
	int (*ctx_push)(void *ctx);
	int (*ctx_pop)(void **ctx);
	int (*attribute)(void *value, int attribute, uintptr_t ptr);
	int (*host_alloc)(void **host, size_t size, unsigned int flags);
	int (*host_free)(void *host);
	int (*stream_create)(void **stream, unsigned int flags);
	int (*stream_destroy)(void *stream);
	int (*event_create)(void **event, unsigned int flags);
	int (*event_destroy)(void *event);
	int (*event_record)(void *event, void *stream);
	int (*event_query)(void *event);
	int (*to_device)(uintptr_t dst, const void *src, size_t size, void *stream);
	int (*to_host)(void *dst, uintptr_t src, size_t size, void *stream);
	int dev;
	void *ctx, *stream;
	char *pinned;
	struct chunk {
		bool used;
		void *event;
	} chunks[CHUNKS];
} cuda = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct {
	const char *name;
	void **where;
} symbols[] = {
	{ "cuInit", (void **)&cuda.init },
	{ "cuDeviceGet", (void **)&cuda.device_get },
	{ "cuDevicePrimaryCtxRetain", (void **)&cuda.ctx_retain },
	{ "cuDevicePrimaryCtxRelease_v2", (void **)&cuda.ctx_release },
	{ "cuCtxPushCurrent_v2", (void **)&cuda.ctx_push },
	{ "cuCtxPopCurrent_v2", (void **)&cuda.ctx_pop },
	{ "cuPointerGetAttribute", (void **)&cuda.attribute },
	{ "cuMemHostAlloc", (void **)&cuda.host_alloc },
	{ "cuMemFreeHost", (void **)&cuda.host_free },
	{ "cuStreamCreate", (void **)&cuda.stream_create },
	{ "cuStreamDestroy_v2", (void **)&cuda.stream_destroy },
	{ "cuEventCreate", (void **)&cuda.event_create },
	{ "cuEventDestroy_v2", (void **)&cuda.event_destroy },
	{ "cuEventRecord", (void **)&cuda.event_record },
	{ "cuEventQuery", (void **)&cuda.event_query },
	{ "cuMemcpyHtoDAsync_v2", (void **)&cuda.to_device },
	{ "cuMemcpyDtoHAsync_v2", (void **)&cuda.to_host },
};

static int look_up(void)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		*symbols[i].where = dlsym(cuda.library, symbols[i].name);
		if (!*symbols[i].where) {
			net_warn("libcuda.so.1 does not define %s", symbols[i].name);
			return -ENOSYS;
		}
	}
	return cuda.init(0) == CU_SUCCESS ? 0 : -ENODEV;
}

static int cuda_open(void **state)
{
	int err;

	*state = &cuda;
	if (cuda.library)
		return 0;
	cuda.library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!cuda.library) {
		net_warn("%s", dlerror());
		return -ENOENT;
	}
	err = look_up();
	if (err) {
		dlclose(cuda.library);
		cuda.library = NULL;
	}
	return err;
}

static void cuda_close(void *state)
{
	(void)state;
	if (!cuda.ctx)
		return;
	cuda.ctx_push(cuda.ctx);
	for (int i = 0; i < CHUNKS; i++) {
		if (cuda.chunks[i].event)
			cuda.event_destroy(cuda.chunks[i].event);
		cuda.chunks[i].event = NULL;
	}
	if (cuda.pinned)
		cuda.host_free(cuda.pinned);
	if (cuda.stream)
		cuda.stream_destroy(cuda.stream);
	cuda.pinned = NULL;
	cuda.stream = NULL;
	cuda.ctx_pop(NULL);
	cuda.ctx_release(cuda.dev);
	cuda.ctx = NULL;
}

/* The stream and the chunks, on the device of the first registration. */
static int set_up(int ordinal)
{
	if (cuda.device_get(&cuda.dev, ordinal) || cuda.ctx_retain(&cuda.ctx, cuda.dev)) {
		cuda.ctx = NULL;
		return -ENODEV;
	}
	cuda.ctx_push(cuda.ctx);
	if (cuda.stream_create(&cuda.stream, CU_STREAM_NON_BLOCKING) ||
	    cuda.host_alloc((void **)&cuda.pinned, (size_t)CHUNKS * TPHBUF_NET_COPY_CHUNK,
			    CU_HOST_PORTABLE))
		goto fail;
	for (int i = 0; i < CHUNKS; i++) {
		if (cuda.event_create(&cuda.chunks[i].event, CU_EVENT_NO_TIMING))
			goto fail;
	}
	cuda.ctx_pop(NULL);
	return 0;
fail:
	cuda.ctx_pop(NULL);
	cuda_close(&cuda);
	return -ENOMEM;
}

static int cuda_check(void *state, const void *device, size_t length)
{
	int type = 0, ordinal = 0, err = 0;

	(void)state;
	(void)length;
	if (cuda.attribute(&type, CU_ATTRIBUTE_MEMORY_TYPE, (uintptr_t)device) ||
	    type != CU_MEMORY_DEVICE ||
	    cuda.attribute(&ordinal, CU_ATTRIBUTE_ORDINAL, (uintptr_t)device))
		return -EFAULT;
	pthread_mutex_lock(&cuda.lock);
	if (!cuda.ctx)
		err = set_up(ordinal);
	pthread_mutex_unlock(&cuda.lock);
	return err;
}

static void *cuda_alloc(void *state, size_t length, int to_device)
{
	void *chunk = NULL;

	(void)state;
	(void)length;
	pthread_mutex_lock(&cuda.lock);
	for (int i = !!to_device; i < CHUNKS && !chunk && cuda.pinned; i += 2) {
		if (!cuda.chunks[i].used) {
			cuda.chunks[i].used = true;
			chunk = cuda.pinned + (size_t)i * TPHBUF_NET_COPY_CHUNK;
		}
	}
	pthread_mutex_unlock(&cuda.lock);
	return chunk;
}

static struct chunk *chunk_of(const void *host)
{
	return &cuda.chunks[(size_t)((const char *)host - cuda.pinned) / TPHBUF_NET_COPY_CHUNK];
}

static void cuda_free(void *state, void *host)
{
	(void)state;
	pthread_mutex_lock(&cuda.lock);
	chunk_of(host)->used = false;
	pthread_mutex_unlock(&cuda.lock);
}

static int cuda_start(void *state, void *device, void *host, size_t length, int to_device, void **op)
{
	struct chunk *chunk = chunk_of(host);
	int err;

	(void)state;
	cuda.ctx_push(cuda.ctx);
	err = to_device ? cuda.to_device((uintptr_t)device, host, length, cuda.stream) :
			  cuda.to_host(host, (uintptr_t)device, length, cuda.stream);
	if (!err)
		err = cuda.event_record(chunk->event, cuda.stream);
	cuda.ctx_pop(NULL);
	if (err)
		net_warn("CUDA error %d starting a copy of %zu bytes", err, length);
	*op = chunk;
	return err ? -EIO : 0;
}

static int cuda_poll(void *state, void *op)
{
	struct chunk *chunk = op;
	int err = cuda.event_query(chunk->event);

	(void)state;
	if (err == CU_NOT_READY)
		return 0;
	return err ? -EIO : 1;
}

const struct tphbuf_net_copy net_copy_cuda = {
	.size = sizeof(net_copy_cuda),
	.name = "cuda",
	.open = cuda_open,
	.close = cuda_close,
	.check = cuda_check,
	.alloc = cuda_alloc,
	.free = cuda_free,
	.start = cuda_start,
	.poll = cuda_poll,
};
