// SPDX-License-Identifier: MIT
/* Contract points about registration. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "dmabuf.h"

#define NO_DMABUF "SKIP this machine has no /dev/udmabuf"

static const char *takes_dmabufs(struct plugin *p)
{
	struct nccl_props_v12 props;

	TRY(np_properties(p, 0, &props));
	return props.ptr_support & NCCL_PTR_DMABUF ? NULL : "SKIP the plugin takes no dma-bufs";
}

struct other_thread {
	struct pair *pair;
	atomic_int stop;
	const char *why;
	int rounds;
};

static void *register_all_the_time(void *arg)
{
	struct other_thread *t = arg;
	struct region r;

	while (!atomic_load(&t->stop) || t->rounds < 50) {
		t->why = region_new(&r, t->pair->p, t->pair->recv, 65536);
		if (t->why)
			return NULL;
		region_free(&r, t->pair->p);
		t->rounds++;
	}
	return NULL;
}

static const char *c10_register_in_traffic(struct plugin *p)
{
	struct other_thread other = { 0 };
	struct region from, to;
	struct pair pair;
	pthread_t thread;
	const char *why = NULL;

	HOLDS(pair_prepare(&pair, p, 100000, &from, &to));
	other.pair = &pair;
	pthread_create(&thread, NULL, register_all_the_time, &other);
	for (unsigned int i = 0; i < 200 && !why; i++) {
		pattern_fill(from.data, 100000, i);
		why = pair_transfer(&pair, &from, 100000, &to, 100000, NULL);
		if (!why && pattern_differs(to.data, 100000, i) != 100000)
			why = reason("message %u is wrong", i);
	}
	atomic_store(&other.stop, 1);
	pthread_join(thread, NULL);
	return why ? why : other.why;
}

/* Receive @size bytes of pattern into a dma-buf's region; look at it through the exporter's mapping. */
static const char *receive_into(struct pair *pair, void *data, void *mr, const char *map,
				size_t size, unsigned int seed)
{
	struct region from, to = { .data = data, .mr = mr };

	HOLDS(region_new(&from, pair->p, pair->send, size));
	pattern_fill(from.data, size, seed);
	HOLDS(pair_transfer(pair, &from, size, &to, size, NULL));
	NEED(pattern_differs(map, size, seed) == size, "byte %zu did not arrive in this dma-buf",
	     pattern_differs(map, size, seed));
	region_free(&from, pair->p);
	return NULL;
}

static const char *c11_number_reused(struct plugin *p)
{
	char *map[2], *address = (char *)0x700000000000;
	void *mr[2];
	struct pair pair;
	const char *why;
	int first, fd;

	HOLDS(pair_open(&pair, p));
	HOLDS(takes_dmabufs(p));
	first = dmabuf_new(65536, &map[0]);
	if (first < 0)
		return NO_DMABUF;
	TRY(np_reg_dmabuf(p, pair.recv, address, 65536, 0, first, &mr[0]));
	close(first);
	fd = dmabuf_new(65536, &map[1]);
	if (fd != first && dup2(fd, first) == first)
		close(fd);
	TRY(np_reg_dmabuf(p, pair.recv, address + 65536, 65536, 0, first, &mr[1]));
	close(first);
	for (unsigned int i = 0; i < 2; i++) {
		why = receive_into(&pair, address + 65536 * i, mr[i], map[i], 65536, i + 1);
		if (why)
			return reason("dma-buf %u: %s", i, why);
	}
	TRY(np_dereg(p, pair.recv, mr[0]));
	TRY(np_dereg(p, pair.recv, mr[1]));
	pair_end(&pair);
	return NULL;
}

static const char *refuses(struct pair *pair, int fd, size_t size, uint64_t offset, const char *what)
{
	void *mr = NULL;

	if (!np_reg_dmabuf(pair->p, pair->recv, (void *)0x700000000000, size, offset, fd, &mr))
		return reason("%s was registered", what);
	return NULL;
}

static const char *c12_bad_ranges(struct plugin *p)
{
	char name[] = "/tmp/nccl-net-check.XXXXXX", *map;
	struct pair pair;
	void *mr;
	int file, fd;

	HOLDS(pair_open(&pair, p));
	HOLDS(takes_dmabufs(p));
	file = mkstemp(name);
	unlink(name);
	if (ftruncate(file, 65536))
		return "no file for the test";
	HOLDS(refuses(&pair, -1, 4096, 0, "descriptor -1"));
	HOLDS(refuses(&pair, 4000, 4096, 0, "a descriptor that is not open"));
	HOLDS(refuses(&pair, file, 4096, 0, "a file"));
	close(file);
	fd = dmabuf_new(65536, &map);
	if (fd < 0)
		return NULL; /* what needs no dma-buf was tested */
	HOLDS(refuses(&pair, fd, 65537, 0, "more than the dma-buf has"));
	HOLDS(refuses(&pair, fd, 4096, 65536, "what lies behind the dma-buf"));
	HOLDS(refuses(&pair, fd, 4096, UINT64_MAX - 100, "an offset that wraps"));
	/* Offset and address need only agree within a page; the size may be odd. */
	TRY(np_reg_dmabuf(p, pair.recv, (void *)0x700000000123, 777, 0x4123, fd, &mr));
	HOLDS(receive_into(&pair, (void *)0x700000000123, mr, map + 0x4123, 777, 5));
	for (size_t i = 0; i < 65536; i++)
		NEED(!map[i] || (i >= 0x4123 && i < 0x4123 + 777),
		     "byte %#zx outside the region was written", i);
	close(fd);
	return NULL;
}

static const char *c13_overlapping(struct plugin *p)
{
	struct region from, whole, again, inner, small[2];
	struct pair pair;
	const char *why;
	void *mr;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &whole));
	again = inner = small[0] = small[1] = whole;
	TRY(np_reg(p, pair.recv, whole.data, 65536, NCCL_PTR_HOST, &again.mr));
	inner.data = whole.data + 5000;
	TRY(np_reg(p, pair.recv, inner.data, 1000, NCCL_PTR_HOST, &inner.mr));
	for (int i = 0; i < 2; i++) {
		small[i].data = whole.data + 16384 + 100 * i;
		TRY(np_reg(p, pair.recv, small[i].data, 100, NCCL_PTR_HOST, &small[i].mr));
	}
	mr = whole.mr;
	TRY(np_dereg(p, pair.recv, mr)); /* the others stay */
	pattern_fill(from.data, 65536, 9);
	if ((why = pair_transfer(&pair, &from, 65536, &again, 65536, NULL)))
		return reason("the same range twice: %s", why);
	if ((why = pair_transfer(&pair, &from, 1000, &inner, 1000, NULL)))
		return reason("a range inside another: %s", why);
	for (int i = 0; i < 2; i++) {
		if ((why = pair_transfer(&pair, &from, 100, &small[i], 100, NULL)))
			return reason("two small buffers in one page: %s", why);
		NEED(pattern_differs(small[i].data, 100, 9) == 100, "small buffer %d is wrong", i);
	}
	NEED(pattern_differs(inner.data, 1000, 9) == 1000, "the inner range is wrong");
	return NULL;
}

static const char *c14_same_address(struct plugin *p)
{
	char *map[2], *address = (char *)0x700000000000;
	struct pair pair;
	const char *why;
	void *mr[2];
	int fd;

	HOLDS(pair_open(&pair, p));
	HOLDS(takes_dmabufs(p));
	for (unsigned int i = 0; i < 2; i++) {
		fd = dmabuf_new(65536, &map[i]);
		if (fd < 0)
			return NO_DMABUF;
		TRY(np_reg_dmabuf(p, pair.recv, address, 65536, 0, fd, &mr[i]));
		close(fd);
		why = receive_into(&pair, address, mr[i], map[i], 65536, i + 1);
		if (why)
			return reason("export %u at one address: %s", i, why);
	}
	return NULL;
}

const struct point points_memory[] = {
	{ "C10", "registration by another thread during traffic", c10_register_in_traffic },
	{ "C11", "the descriptor is closed after regMrDmaBuf, its number reused", c11_number_reused },
	{ "C12", "odd ranges are exact; what is no dma-buf or too large is refused", c12_bad_ranges },
	{ "C13", "ranges registered twice, inside each other, and in one page", c13_overlapping },
	{ "C14", "a new dma-buf at the same address is a new region", c14_same_address },
	{ NULL, NULL, NULL },
};
