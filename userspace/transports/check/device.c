// SPDX-License-Identifier: MIT
/* Memory in BARs, through libtphbuf: device.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/buffer.h>
#include <tphbuf/device.h>

#include "check.h"
#include "device.h"
#include "util/number.h"

#define MAX_DEVICES 4
#define MAX_TAGS    8
#define LAST_BAR    5
#define MAX_BUFFERS 16

struct device {
	char bdf[64];
	unsigned int bar;
	struct tphbuf_tag tags[MAX_TAGS];
	unsigned int n_tags;
	struct tphbuf_device *dev;
	size_t used; /* bytes of the BAR */
	struct tphbuf_buffer *buffers[MAX_BUFFERS];
	unsigned int n_buffers;
};

static struct device devices[MAX_DEVICES];
static int n_devices;
static struct tphbuf_ctx *ctx;

const char *device_set(const char *text)
{
	char copy[256], *bar, *tags, *save = NULL;
	struct device *device = &devices[n_devices];
	const char *why;
	uint64_t number;

	NEED(n_devices < MAX_DEVICES, "--device: at most %d devices", MAX_DEVICES);
	snprintf(copy, sizeof(copy), "%s", text);
	bar = strchr(copy, ',');
	NEED(bar, "--device: BDF,BAR[,TAG[/TAG...]] is expected");
	*bar++ = 0;
	tags = strchr(bar, ',');
	if (tags)
		*tags++ = 0;
	snprintf(device->bdf, sizeof(device->bdf), "%.63s", copy);
	NEED(!number_parse(bar, strlen(bar), &number) && number <= LAST_BAR,
	     "--device: BAR: %s is not a number from 0 to %d", bar, LAST_BAR);
	device->bar = (unsigned int)number;
	for (char *tag = tags ? strtok_r(tags, "/", &save) : NULL; tag;
	     tag = strtok_r(NULL, "/", &save)) {
		NEED(device->n_tags < MAX_TAGS, "--device: at most %d tags", MAX_TAGS);
		NEED(!tphbuf_tag_parse(tag, &device->tags[device->n_tags], &why),
		     "--device: tag %s: %s", tag, why);
		device->n_tags++;
	}
	n_devices++;
	return NULL;
}

int device_wanted(void)
{
	return n_devices;
}

static const char *library_error(void)
{
	return reason("%s", tphbuf_ctx_error(ctx));
}

const char *device_open(void)
{
	NEED(!tphbuf_ctx_new(NULL, &ctx), "no context of libtphbuf");
	for (int i = 0; i < n_devices; i++) {
		if (tphbuf_device_open(ctx, devices[i].bdf, NULL, &devices[i].dev))
			return library_error();
	}
	return NULL;
}

/* The rank's place among those of its device */
static unsigned int place(int rank, int ranks, int device)
{
	int first = rank;

	while (first > 0 && (first - 1) * n_devices / ranks == device)
		first--;
	return (unsigned int)(rank - first);
}

/* "ADDRESS,LENGTH,DESCRIPTOR;" of each buffer, for libraries of TPHBUF_NET_MEMORY */
static void add_to_list(const void *addr, uint64_t length, int fd)
{
	static char list[MAX_BUFFERS * 64];
	size_t used = strlen(list);

	snprintf(list + used, sizeof(list) - used, "%#jx,%#jx,%d;", (uintmax_t)(uintptr_t)addr,
		 (uintmax_t)length, fd);
	setenv("NCCL_NET_CHECK_RANGES", list, 1);
}

const char *device_export(int rank, int ranks, size_t size, int *fd, char **map)
{
	int index = rank * n_devices / ranks;
	struct device *device = &devices[index];
	struct tphbuf_range range = { device->used, (size + 4095) & ~4095ul };
	struct tphbuf_export_opts opts = { .size = sizeof(opts) };
	struct tphbuf_buffer **buf = &device->buffers[device->n_buffers];
	void *addr;

	NEED(device->n_buffers < MAX_BUFFERS, "more than %d buffers of one device", MAX_BUFFERS);
	if (device->n_tags)
		opts.tag = &device->tags[place(rank, ranks, index) % device->n_tags];
	/* The buffer lives as long as the process. */
	if (tphbuf_buffer_export(device->dev, device->bar, &range, 1, &opts, buf) ||
	    tphbuf_buffer_map(*buf, &addr))
		return library_error();
	device->n_buffers++;
	device->used += range.length;
	*map = addr;
	*fd = fcntl(tphbuf_buffer_fd(*buf), F_DUPFD_CLOEXEC, 0);
	NEED(*fd >= 0, "no descriptor");
	add_to_list(addr, range.length, *fd);
	return NULL;
}

const char *device_memory(int on)
{
	return tphbuf_device_memory(devices[0].dev, on) ? library_error() : NULL;
}

const char *device_reset(void)
{
	return tphbuf_device_reset(devices[0].dev) ? library_error() : NULL;
}

const char *device_retag(void)
{
	const struct tphbuf_tag other = {
		.valid = TPHBUF_TAG_ST | TPHBUF_TAG_XST, .st = 0xee, .xst = 0xeeee, .ph = 3
	};

	for (unsigned int i = 0; i < devices[0].n_buffers; i++) {
		if (tphbuf_buffer_tag_set(devices[0].buffers[i], &other))
			return library_error();
	}
	return NULL;
}
