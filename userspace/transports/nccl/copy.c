// SPDX-License-Identifier: MIT
/*
 * The copy hook of the loop back end: TPHBUF_NET_COPY names "cuda" or a shared library
 * of the vendor (tphbuf/transport.h). One for the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "net.h"

static const struct tphbuf_net_copy *hook;
static void *hook_state, *library;

int net_copy_open(const char *name)
{
	int err;

	if (!name[0] || !strcmp(name, "none"))
		return 0;
	if (!strcmp(name, "cuda")) {
		hook = &net_copy_cuda;
	} else {
		library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
		if (!library) {
			net_warn("TPHBUF_NET_COPY: %s", dlerror());
			return -ELIBACC;
		}
		hook = dlsym(library, TPHBUF_NET_COPY_SYMBOL);
		if (!hook || hook->size < sizeof(*hook)) {
			net_warn("TPHBUF_NET_COPY: %s does not define %s of this version", name,
				 TPHBUF_NET_COPY_SYMBOL);
			err = -ELIBBAD;
			goto fail;
		}
	}
	err = hook->open(&hook_state);
	if (!err)
		return 0;
	net_warn("TPHBUF_NET_COPY: %s cannot start: %s", name, strerror(-err));
fail:
	hook = NULL;
	if (library)
		dlclose(library);
	library = NULL;
	return err;
}

void net_copy_close(void)
{
	if (hook)
		hook->close(hook_state);
	hook = NULL;
	if (library)
		dlclose(library);
	library = NULL;
}

/* NULL: there is none */
const struct tphbuf_net_copy *net_copy(void **state)
{
	*state = hook_state;
	return hook;
}
