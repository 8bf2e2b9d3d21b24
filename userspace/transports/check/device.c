// SPDX-License-Identifier: MIT
/* Memory in a BAR, through libtphbuf. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/buffer.h>
#include <tphbuf/device.h>

#include "check.h"
#include "device.h"

#define MAX_TAGS 8

static struct {
	char bdf[64];
	unsigned int bar;
	struct tphbuf_tag tags[MAX_TAGS];
	unsigned int n_tags;
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
} device;

const char *device_set(const char *text)
{
	char copy[256], *bar, *tags, *save = NULL;
	const char *why;

	snprintf(copy, sizeof(copy), "%s", text);
	bar = strchr(copy, ',');
	NEED(bar, "--device: BDF,BAR[,TAG[/TAG...]] is expected");
	*bar++ = 0;
	tags = strchr(bar, ',');
	if (tags)
		*tags++ = 0;
	snprintf(device.bdf, sizeof(device.bdf), "%.63s", copy);
	device.bar = (unsigned int)strtoul(bar, NULL, 10);
	for (char *tag = tags ? strtok_r(tags, "/", &save) : NULL; tag && device.n_tags < MAX_TAGS;
	     tag = strtok_r(NULL, "/", &save)) {
		NEED(!tphbuf_tag_parse(tag, &device.tags[device.n_tags], &why),
		     "--device: tag %s: %s", tag, why);
		device.n_tags++;
	}
	return NULL;
}

int device_wanted(void)
{
	return device.bdf[0] != 0;
}

const char *device_open(void)
{
	if (tphbuf_ctx_new(NULL, &device.ctx))
		return "no context";
	if (tphbuf_device_open(device.ctx, device.bdf, NULL, &device.dev))
		return reason("%s", tphbuf_ctx_error(device.ctx));
	return NULL;
}

void device_close(void)
{
	tphbuf_device_close(device.dev);
	tphbuf_ctx_free(device.ctx);
	device.dev = NULL;
	device.ctx = NULL;
}

const char *device_export(int rank, size_t offset, size_t size, int *fd, char **map)
{
	struct tphbuf_range range = { .offset = offset, .length = size };
	struct tphbuf_export_opts opts = { .size = sizeof(opts) };
	struct tphbuf_buffer *buf;
	void *addr;

	if (device.n_tags)
		opts.tag = &device.tags[(unsigned int)rank % device.n_tags];
	if (tphbuf_buffer_export(device.dev, device.bar, &range, 1, &opts, &buf) ||
	    tphbuf_buffer_map(buf, &addr))
		return reason("%s", tphbuf_ctx_error(device.ctx));
	*map = addr;
	/* The buffer lives as long as the process. */
	*fd = fcntl(tphbuf_buffer_fd(buf), F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? "no descriptor" : NULL;
}

const char *device_revoke(void)
{
	return tphbuf_device_memory(device.dev, false) ? reason("%s", tphbuf_ctx_error(device.ctx)) :
							 NULL;
}
