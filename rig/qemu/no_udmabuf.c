// SPDX-License-Identifier: MIT
/*
 * Preloaded into QEMU: enables a virtio-gpu with blob resources on a host without /dev/udmabuf.
 *
 * QEMU only checks that the node opens. Here it is /dev/null, so later ioctls of QEMU fail and a
 * blob has no memory on the host: there is no display. The guest's driver does not depend on that.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

typedef int (*open_fn)(const char *path, int flags, ...);

static int open_next(const char *name, const char *path, int flags, mode_t mode)
{
	open_fn next = (open_fn)dlsym(RTLD_NEXT, name);

	return next(strcmp(path, "/dev/udmabuf") ? path : "/dev/null", flags, mode);
}

#define WRAPPER(name)                                       \
	int name(const char *path, int flags, ...)          \
	{                                                   \
		mode_t mode = 0;                            \
		va_list ap;                                 \
		if (flags & (O_CREAT | __O_TMPFILE)) {      \
			va_start(ap, flags);                \
			mode = va_arg(ap, mode_t);          \
			va_end(ap);                         \
		}                                           \
		return open_next(#name, path, flags, mode); \
	}

WRAPPER(open)
WRAPPER(open64)
