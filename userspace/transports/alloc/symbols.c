// SPDX-License-Identifier: MIT
/*
 * malloc() and its kin. An allocation whose size is between min and max comes from the device;
 * calloc() does not, because clearing a BAR is the owner's business.
 *
 * Device memory is never replaced by host memory: an allocation that the device cannot serve fails with
 * ENOMEM, and a line on standard error says why.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

#define EXPORT __attribute__((visibility("default")))
/* No call is needed to find such a variable, which would allocate. */
#define THREAD_OWN static __thread __attribute__((tls_model("initial-exec")))

/* glibc's own, until the real ones are found */
void *__libc_malloc(size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static struct {
	void *(*malloc)(size_t size);
	void *(*realloc)(void *p, size_t size);
	void *(*memalign)(size_t alignment, size_t size);
	void (*free)(void *p);
	size_t (*usable_size)(void *p);
} real = { __libc_malloc, __libc_realloc, __libc_memalign, __libc_free, NULL };

enum state { STATE_OFF, STATE_CLOSED, STATE_OPEN, STATE_FAILED };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct alloc_config config;
static struct arena arena;
static enum state state; /* changes once the constructor has run with the lock held only */
static pid_t owner;
THREAD_OWN bool inside; /* this thread is in this library, or in what it calls */

static void say(const char *text)
{
	fprintf(stderr, "tphbuf-alloc: %s\n", text);
}

static void find(void *function, const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol)
		memcpy(function, &symbol, sizeof(symbol));
}

__attribute__((constructor)) static void start(void)
{
	const char *text = getenv("TPHBUF_ALLOC");
	char why[300];

	find(&real.malloc, "malloc");
	find(&real.realloc, "realloc");
	find(&real.memalign, "memalign");
	find(&real.free, "free");
	find(&real.usable_size, "malloc_usable_size");
	if (!text || !*text)
		return;
	inside = true;
	if (alloc_config_parse(text, &config, why, sizeof(why))) {
		say(why);
		config.min = ALLOC_DEFAULT_MIN;
		config.max = UINT64_MAX;
		state = STATE_FAILED;
	} else {
		state = STATE_CLOSED;
	}
	inside = false;
}

/* With the lock held: the device is opened for the first allocation, not for each process of a script. */
static bool open_device(void)
{
	char why[600], line[700];
	uint64_t length = 0;
	void *base = NULL;

	if (state == STATE_CLOSED) {
		int ret = alloc_device_open(&config, &base, &length, why, sizeof(why));

		if (!ret && arena_init(&arena, base, length, (uint64_t)sysconf(_SC_PAGESIZE))) {
			snprintf(why, sizeof(why), "no memory for the state of the pages");
			ret = -ENOMEM;
		}
		owner = getpid();
		state = ret ? STATE_FAILED : STATE_OPEN;
		if (ret) {
			snprintf(line, sizeof(line), "no device memory: %s", why);
			say(line);
		}
	}
	return state == STATE_OPEN;
}

static bool wanted(size_t size)
{
	return state != STATE_OFF && !inside && size >= config.min && size <= config.max;
}

static void *take(size_t size, size_t alignment)
{
	char line[200];
	void *p = NULL;

	inside = true;
	pthread_mutex_lock(&lock);
	if (open_device()) {
		/* A child shares the pages with its parent, but not their state. */
		if (owner == getpid())
			p = arena_take(&arena, size, alignment);
		if (!p) {
			snprintf(line, sizeof(line), "%zu bytes: %s", size,
				 owner == getpid() ?
					 "no room left in the device memory; give a larger length" :
					 "a forked child gets no device memory; call exec first");
			say(line);
		}
	}
	pthread_mutex_unlock(&lock);
	inside = false;
	if (!p)
		errno = ENOMEM;
	return p;
}

/* True if @p is a block of the device. */
static bool ours(const void *p)
{
	return state == STATE_OPEN && arena_has(&arena, p);
}

static void give(void *p)
{
	bool ok = true;

	inside = true;
	pthread_mutex_lock(&lock);
	if (owner == getpid())
		ok = arena_give(&arena, p);
	pthread_mutex_unlock(&lock);
	inside = false;
	if (!ok) {
		say("free() of an address in device memory where no block begins");
		abort(); /* as glibc does */
	}
}

static size_t block_size(const void *p)
{
	size_t size;

	pthread_mutex_lock(&lock);
	size = arena_size(&arena, p);
	pthread_mutex_unlock(&lock);
	return size;
}

EXPORT void *malloc(size_t size)
{
	return wanted(size) ? take(size, 1) : real.malloc(size);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
	if (wanted(size) && alignment && !(alignment & (alignment - 1)))
		return take(size, alignment);
	return real.memalign(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

EXPORT int posix_memalign(void **p, size_t alignment, size_t size)
{
	int err = errno, ret;
	void *got;

	if (!alignment || alignment & (alignment - 1) || alignment % sizeof(void *))
		return EINVAL;
	got = memalign(alignment, size);
	ret = got || !size ? 0 : ENOMEM;
	errno = err;
	if (!ret)
		*p = got;
	return ret;
}

EXPORT void free(void *p)
{
	int err = errno;

	if (p && ours(p))
		give(p);
	else
		real.free(p);
	errno = err;
}

/* From device memory or into it by copying; else as ever. */
EXPORT void *realloc(void *p, size_t size)
{
	bool from_device = p && ours(p);
	size_t old;
	void *q;

	if (!from_device && (!wanted(size) || p))
		return real.realloc(p, size);
	if (from_device && !size) {
		free(p);
		return NULL;
	}
	old = from_device ? block_size(p) : 0;
	if (from_device && size <= old && wanted(size))
		return p;
	q = malloc(size);
	if (q && p) {
		memcpy(q, p, old < size ? old : size);
		free(p);
	}
	return q;
}

EXPORT size_t malloc_usable_size(void *p)
{
	if (p && ours(p))
		return block_size(p);
	return real.usable_size ? real.usable_size(p) : 0;
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void survive_fork(void)
{
	pthread_atfork(before_fork, after_fork, after_fork);
}
