// SPDX-License-Identifier: MIT
/*
 * Time of a registry hit (tphbuf/registry.h), with all threads in parallel.
 *
 *	registry_lookup [REGIONS [THREADS [SECONDS]]]	10000 8 2
 *
 * Needs no RDMA and no device: the buffer is a udmabuf, and registration is a no-op. Prints for
 * each kind of lookup: hits, nanoseconds of CPU time for one get and put, and nanoseconds of wall
 * time times the number of usable CPUs. A lookup by descriptor measures system calls, of which
 * the fake machine makes more than a real one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU_COUNT */
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tphbuf/tphbuf.h>

#include "tests/harness/args.h"

#define PAGE	    4096ull
#define MAX_THREADS 64
#define BATCH	    1024

enum way { BY_BUFFER, BY_ADDRESS, BY_FD, NR_WAYS };

static const char *const way_names[] = { "buffer", "address", "descriptor" };

struct worker {
	pthread_t thread;
	uint64_t seed, hits, cpu_ns;
};

static struct tphbuf_registry *reg;
static struct tphbuf_buffer *buf;
static uint64_t regions = 10000;
static enum way way;
static int stop;

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	char text[300];

	tphbuf_registry_error(reg, text, sizeof(text));
	fprintf(stderr, "registry_lookup: %s: %s\n", what, text);
	exit(1);
}

static void look(uint64_t page)
{
	struct tphbuf_registration *region;
	int ret;

	if (way == BY_BUFFER)
		ret = tphbuf_registry_get(reg, NULL, buf, page * PAGE, 64, 0, &region);
	else if (way == BY_ADDRESS)
		ret = tphbuf_registry_get_addr(reg, NULL, page * PAGE, 64, 0, NULL, &region);
	else
		ret = tphbuf_registry_get_fd(reg, NULL, tphbuf_buffer_fd(buf), page * PAGE, 64, 0,
					     &region);
	if (ret)
		die("get");
	tphbuf_registration_put(region);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t x = w->seed;
	int i;

	w->hits = 0;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < BATCH; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			look((x >> 33) % regions);
		}
		w->hits += BATCH;
	}
	w->cpu_ns = now(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static int make(void *arg, const struct tphbuf_registry_request *request, void **object)
{
	(void)arg;
	(void)request;
	*object = &regions;
	return 0;
}

static void unmake(void *arg, void *object)
{
	(void)arg;
	(void)object;
}

static const struct tphbuf_registry_ops ops = { sizeof(ops), make, unmake };

static void measure(unsigned int threads, unsigned int seconds)
{
	struct timespec pause = { .tv_sec = seconds };
	static struct worker worker[MAX_THREADS];
	uint64_t start, wall, hits = 0, cpu = 0;
	unsigned int i;
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	stop = 0;
	start = now(CLOCK_MONOTONIC);
	for (i = 0; i < threads; i++) {
		worker[i].seed = i + 1;
		pthread_create(&worker[i].thread, NULL, work, &worker[i]);
	}
	nanosleep(&pause, NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < threads; i++)
		pthread_join(worker[i].thread, NULL);
	wall = now(CLOCK_MONOTONIC) - start;
	for (i = 0; i < threads; i++) {
		hits += worker[i].hits;
		cpu += worker[i].cpu_ns;
	}
	i = (unsigned int)CPU_COUNT(&cpus);
	if (i > threads)
		i = threads;
	printf("by %-10s %6u regions %2u threads: %11llu hits, %4llu ns CPU, %4llu ns wall each\n",
	       way_names[way], (unsigned int)regions, threads, (unsigned long long)hits,
	       (unsigned long long)(cpu / hits), (unsigned long long)(wall * i / hits));
}

int main(int argc, char **argv)
{
	struct tphbuf_registry_opts opts = { .size = sizeof(opts), .ops = &ops };
	unsigned int threads = 8, seconds = 2;
	struct tphbuf_ctx *ctx;
	uint64_t i;

	args_count(argc, 0, 3, "[REGIONS [THREADS [SECONDS]]]");
	if (argc > 1)
		regions = args_number("REGIONS", argv[1], 1, 1000000000);
	if (argc > 2)
		threads = (unsigned int)args_number("THREADS", argv[2], 1, MAX_THREADS);
	if (argc > 3)
		seconds = (unsigned int)args_number("SECONDS", argv[3], 1, 86400);
	opts.limit = (uint32_t)regions;
	if (tphbuf_ctx_new(NULL, &ctx))
		return 1;
	if (tphbuf_buffer_udmabuf(ctx, regions * PAGE, &buf) ||
	    tphbuf_registry_new(ctx, &opts, &reg)) {
		fprintf(stderr, "registry_lookup: %s\n", tphbuf_ctx_error(ctx));
		return 1;
	}
	for (i = 0; i < regions; i++) {
		if (tphbuf_registry_add_range(reg, i * PAGE, PAGE, buf, i * PAGE))
			die("add range");
		look(i);
	}
	for (way = 0; way < NR_WAYS; way++)
		measure(threads, seconds);
	tphbuf_registry_free(reg);
	tphbuf_buffer_close(buf);
	tphbuf_ctx_free(ctx);
	return 0;
}
