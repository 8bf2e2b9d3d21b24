// SPDX-License-Identifier: MIT
#include "tests/guest/foreign.h"

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/rdma.h"

int foreign_memfd(size_t len)
{
	int memfd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	require(memfd >= 0 && !ftruncate(memfd, (off_t)len) &&
			!fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK),
		"memfd: %m");
	return memfd;
}

int foreign_udmabuf(int memfd, size_t len)
{
	struct udmabuf_create create = { .memfd = (uint32_t)memfd,
					 .flags = UDMABUF_FLAGS_CLOEXEC,
					 .size = len };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;

	require(dev >= 0, "/dev/udmabuf: %m");
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	require(fd >= 0, "UDMABUF_CREATE: %m");
	close(dev);
	return fd;
}

int foreign_heap_buffer(size_t len)
{
	struct dma_heap_allocation_data data = { .len = len, .fd_flags = O_RDWR | O_CLOEXEC };
	int dev = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);

	require(dev >= 0, "/dev/dma_heap/system: %m");
	require(!ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &data), "DMA_HEAP_IOCTL_ALLOC: %m");
	close(dev);
	return (int)data.fd;
}
