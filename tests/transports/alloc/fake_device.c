// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/transports/alloc/fake_device.h"

struct fake_device fake_device;

static bool fails(const char *function)
{
	const char *wanted = getenv("FAKE_FAIL");

	return wanted && !strcmp(wanted, function);
}

const char *tphbuf_ctx_error(const struct tphbuf_ctx *ctx)
{
	(void)ctx;
	return "the fake device fails";
}

int tphbuf_device_open(struct tphbuf_ctx *ctx, const char *bdf,
		       const struct tphbuf_device_opts *opts, struct tphbuf_device **dev)
{
	(void)ctx;
	(void)opts;
	fake_device.opens++;
	fake_device.from_malloc = malloc(128u << 10);
	strncpy(fake_device.bdf, bdf, sizeof(fake_device.bdf) - 1);
	if (fails("open"))
		return -ENODEV;
	fake_device.open_devices++;
	*dev = (struct tphbuf_device *)&fake_device;
	return 0;
}

void tphbuf_device_close(struct tphbuf_device *dev)
{
	fake_device.open_devices -= dev != NULL;
}

int tphbuf_device_memory(struct tphbuf_device *dev, bool on)
{
	(void)dev;
	fake_device.memory = on;
	return fails("memory") ? -EIO : 0;
}

int tphbuf_device_region(struct tphbuf_device *dev, unsigned int index, struct tphbuf_region *region)
{
	(void)dev;
	fake_device.bar = index;
	region->length = FAKE_BAR_BYTES;
	return fails("region") ? -EIO : 0;
}

int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n_ranges,
			 const struct tphbuf_export_opts *opts, struct tphbuf_buffer **buf)
{
	(void)dev;
	if (fails("export") || bar != fake_device.bar || n_ranges != 1)
		return -EIO;
	fake_device.range = *ranges;
	if (opts->tag)
		fake_device.tag = *opts->tag;
	fake_device.open_buffers++;
	*buf = (struct tphbuf_buffer *)&fake_device;
	return 0;
}

int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr)
{
	(void)buf;
	if (fails("map"))
		return -EIO;
	fake_device.base = mmap(NULL, FAKE_BAR_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*addr = fake_device.base;
	return fake_device.base == MAP_FAILED ? -ENOMEM : 0;
}

void tphbuf_buffer_close(struct tphbuf_buffer *buf)
{
	fake_device.open_buffers -= buf != NULL;
}
