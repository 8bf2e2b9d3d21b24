// SPDX-License-Identifier: MIT
/*
 * TPHBUF_NET_MEMORY names a library of the vendor that knows which dma-buf an address
 * belongs to (tphbuf/transport.h). One for the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "net.h"

static const struct tphbuf_net_memory *hook;
static void *library;

int net_memory_open(const char *name)
{
	if (!name[0])
		return 0;
	library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		net_warn("TPHBUF_NET_MEMORY: %s", dlerror());
		return -ELIBACC;
	}
	hook = dlsym(library, TPHBUF_NET_MEMORY_SYMBOL);
	if (hook && hook->size >= sizeof(*hook) && hook->resolve)
		return 0;
	net_warn("TPHBUF_NET_MEMORY: %s does not define %s of this version", name,
		 TPHBUF_NET_MEMORY_SYMBOL);
	net_memory_close();
	return -ELIBBAD;
}

void net_memory_close(void)
{
	hook = NULL;
	if (library)
		dlclose(library);
	library = NULL;
}

bool net_memory_known(void)
{
	return hook;
}

int net_memory_resolve(const void *addr, size_t length, int *fd, uint64_t *offset)
{
	int err = hook->resolve(addr, length, fd, offset);

	if (err)
		net_warn("regMr: %zu bytes at %p: %s does not know their dma-buf: %s", length, addr,
			 hook->name, strerror(-err));
	return err;
}
