/* SPDX-License-Identifier: MIT */
/* Memory of a test program for transports: of the host, or of a device, mapped for the CPU. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stddef.h>

#include <tphbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memory {
	char *addr;
	size_t size;
	struct tphbuf_buffer *buf; /* NULL: of the host */
};

/*
 * "host", or "BDF" or "BDF,TAG" for the first bytes of BAR 2 with a tag such as st=0x5a,ph=2.
 * Ends the program with a message on failure. Of the device it stays until the program ends.
 */
void memory_get(struct memory *memory, const char *text, size_t size);

/* Bytes that depend on @seed and on their place, and whether they are there. */
void memory_fill(char *p, size_t size, unsigned int seed);
int memory_is(const char *p, size_t size, unsigned int seed);

#ifdef __cplusplus
}
#endif

#endif
