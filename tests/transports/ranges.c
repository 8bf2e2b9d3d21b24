// SPDX-License-Identifier: MIT
/*
 * A library for TPHBUF_NET_MEMORY, as a vendor's: it knows the ranges that nccl-net-check names
 * in NCCL_NET_CHECK_RANGES, "ADDRESS,LENGTH,DESCRIPTOR;" for each. With RANGES_FILE it gives a
 * descriptor of that file instead, which is not a dma-buf.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/transport.h>

static int resolve(const void *addr, size_t length, int *fd, uint64_t *offset)
{
	const char *list = getenv("NCCL_NET_CHECK_RANGES"), *file = getenv("RANGES_FILE");
	unsigned long long start, size, at = (uintptr_t)addr;
	int number;

	*offset = 0;
	if (file) {
		*fd = open(file, O_RDONLY | O_CLOEXEC);
		return *fd < 0 ? -errno : 0;
	}
	for (; list && *list; list = strchr(list, ';') + 1) {
		if (sscanf(list, "%llx,%llx,%d;", &start, &size, &number) != 3)
			return -EPROTO;
		if (at < start || at - start > size || length > size - (at - start))
			continue;
		*offset = at - start;
		*fd = fcntl(number, F_DUPFD_CLOEXEC, 0);
		return *fd < 0 ? -errno : 0;
	}
	return -ENOENT;
}

__attribute__((visibility("default"))) const struct tphbuf_net_memory tphbuf_net_memory_v1 = {
	.size = sizeof(tphbuf_net_memory_v1),
	.name = "ranges",
	.resolve = resolve,
};
