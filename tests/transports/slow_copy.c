// SPDX-License-Identifier: MIT
/*
 * A copy hook for tests: "device memory" is the process's own, but a copy happens only at
 * the fifth poll, and host chunks are few. A plugin that uses bytes before poll() reports
 * completion, or fails a transfer for lack of a chunk, is detected.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/transport.h>

#define CHUNKS 2 /* one for each direction */

struct op {
	void *dst;
	const void *src;
	size_t length;
	int polls;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *chunks[CHUNKS];
static int used[CHUNKS];

static int slow_open(void **state)
{
	*state = NULL;
	return 0;
}

static void slow_close(void *state)
{
	(void)state;
	for (int i = 0; i < CHUNKS; i++) {
		free(chunks[i]);
		chunks[i] = NULL;
	}
}

static int slow_check(void *state, const void *device, size_t length)
{
	(void)state;
	return device && length ? 0 : -EFAULT;
}

static void *slow_alloc(void *state, size_t length, int to_device)
{
	void *chunk = NULL;

	(void)state;
	pthread_mutex_lock(&lock);
	for (int i = !!to_device; i < CHUNKS && !chunk; i += 2) {
		if (used[i])
			continue;
		if (!chunks[i])
			chunks[i] = malloc(length);
		used[i] = 1;
		chunk = chunks[i];
	}
	pthread_mutex_unlock(&lock);
	return chunk;
}

static void slow_free(void *state, void *host)
{
	(void)state;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < CHUNKS; i++) {
		if (chunks[i] == host)
			used[i] = 0;
	}
	pthread_mutex_unlock(&lock);
}

static int slow_start(void *state, void *device, void *host, size_t length, int to_device, void **op)
{
	struct op *made = malloc(sizeof(*made));

	(void)state;
	if (!made)
		return -ENOMEM;
	*made = (struct op){
		.dst = to_device ? device : host,
		.src = to_device ? host : device,
		.length = length,
	};
	*op = made;
	return 0;
}

static int slow_poll(void *state, void *op)
{
	struct op *o = op;

	(void)state;
	if (++o->polls < 5)
		return 0;
	memcpy(o->dst, o->src, o->length);
	free(o);
	return 1;
}

const struct tphbuf_net_copy tphbuf_net_copy_v1 = {
	.size = sizeof(tphbuf_net_copy_v1),
	.name = "slow",
	.open = slow_open,
	.close = slow_close,
	.check = slow_check,
	.alloc = slow_alloc,
	.free = slow_free,
	.start = slow_start,
	.poll = slow_poll,
};
