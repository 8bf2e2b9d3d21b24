// SPDX-License-Identifier: MIT
#include "tests/guest/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/tphbuf.h>

static void check(struct tphbuf_ctx *ctx, int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "%s: %s\n", what, ctx ? tphbuf_ctx_error(ctx) : strerror(-ret));
	exit(1);
}

static void from_device(struct memory *memory, const char *text)
{
	struct tphbuf_export_opts opts = { .size = sizeof(opts) };
	struct tphbuf_range range = { .length = (memory->size + 4095) / 4096 * 4096 };
	struct tphbuf_device *dev;
	struct tphbuf_ctx *ctx = NULL;
	struct tphbuf_tag tag;
	char bdf[64];
	size_t n = strcspn(text, ",");

	snprintf(bdf, sizeof(bdf), "%.*s", (int)n, text);
	if (text[n]) {
		check(NULL, tphbuf_tag_parse(text + n + 1, &tag, NULL), "tag");
		opts.tag = &tag;
	}
	check(NULL, tphbuf_ctx_new(NULL, &ctx), "context");
	check(ctx, tphbuf_device_open(ctx, bdf, NULL, &dev), "device");
	check(ctx, tphbuf_device_memory(dev, true), "memory decoding");
	check(ctx, tphbuf_buffer_export(dev, 2, &range, 1, &opts, &memory->buf), "export");
	check(ctx, tphbuf_buffer_map(memory->buf, (void **)&memory->addr), "map");
}

void memory_get(struct memory *memory, const char *text, size_t size)
{
	*memory = (struct memory){ .size = size };
	if (strcmp(text, "host") != 0) {
		from_device(memory, text);
		return;
	}
	memory->addr = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
	check(NULL, memory->addr ? 0 : -12, "host memory");
}

static char byte(size_t i, unsigned int seed)
{
	return (char)(seed * 37 + i + (i >> 8) + (i >> 16));
}

void memory_fill(char *p, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		p[i] = byte(i, seed);
}

int memory_is(const char *p, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != byte(i, seed))
			return 0;
	return 1;
}
