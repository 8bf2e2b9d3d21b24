// SPDX-License-Identifier: MIT
/*
 * The buffers a registry knows, and their tags: registry.h. The registry has
 * descriptors of its own, so that it depends on no object of a caller.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/registry/registry.h"
#include "util/fd.h"

#define NEVER_SEEN UINT64_MAX

struct known *known_find(struct tphbuf_registry *reg, const struct tphbuf_identity *identity)
{
	struct known *known;

	for (known = reg->known; known; known = known->next)
		if (same_identity(&known->identity, identity))
			return known;
	return NULL;
}

static void known_free(struct known *known)
{
	unsigned int i;

	tphbuf_buffer_close(known->buf);
	fd_close(known->device_fd);
	for (i = 0; i < known->nr_clocks; i++)
		clock_put(known->clock[i].clock);
	free(known);
}

/*
 * Record a device that answers tag queries, for a buffer known without one. It
 * must be the buffer's own device, as all callers use the record.
 */
static int learn_device(struct tphbuf_registry *reg, struct known *known, struct tphbuf_device *dev)
{
	struct tphbuf_tag_state state;
	int fd, ret;

	if (!dev || known->device_fd >= 0)
		return 0;
	fd = fcntl(dev->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0)
		return ctx_fail_errno(reg->ctx, TPHBUF_STAGE_IMPORT, -errno, "%s", dev->bdf);
	ret = tag_read(fd, known->buf->fd, &state);
	if (ret && !tphbuf_is_unsupported(ret)) {
		fd_close(fd);
		return ctx_fail_errno(reg->ctx, TPHBUF_STAGE_TAG, ret, "%s", dev->bdf);
	}
	write_lock(reg);
	known->device_fd = fd;
	write_unlock(reg);
	return 0;
}

static void learn_clock(struct tphbuf_registry *reg, struct known *known, struct tag_clock *clock)
{
	unsigned int i;

	if (!clock || known->many_clocks)
		return;
	for (i = 0; i < known->nr_clocks; i++)
		if (known->clock[i].clock == clock)
			return;
	write_lock(reg);
	if (known->nr_clocks == KNOWN_CLOCKS) {
		known->many_clocks = true;
	} else {
		clock_get(clock);
		known->clock[known->nr_clocks++] = (struct known_clock){ clock, NEVER_SEEN };
	}
	write_unlock(reg);
}

static int known_new(struct tphbuf_registry *reg, int fd, struct known **knownp)
{
	struct known *known = calloc(1, sizeof(*known));
	int ret;

	if (!known)
		return ctx_fail_nomem(reg->ctx, TPHBUF_STAGE_IMPORT);
	ret = tphbuf_buffer_import(reg->ctx, fd, NULL, &known->buf);
	if (ret) {
		free(known);
		return ret;
	}
	known->identity = known->buf->identity;
	known->device_fd = -1;
	known->next = reg->known;
	reg->known = known;
	*knownp = known;
	return 0;
}

int known_get(struct tphbuf_registry *reg, const struct tphbuf_identity *identity, int fd,
	      struct tphbuf_device *dev, struct tag_clock *clock, struct known **knownp)
{
	struct known *known = known_find(reg, identity);
	int ret;

	if (!known) {
		ret = known_new(reg, fd, &known);
		if (ret)
			return ret;
	}
	known->users++;
	ret = learn_device(reg, known, dev);
	if (ret) {
		known_put(reg, known);
		return ret;
	}
	learn_clock(reg, known, clock);
	*knownp = known;
	return 0;
}

void known_put(struct tphbuf_registry *reg, struct known *known)
{
	struct known **link = &reg->known;

	if (--known->users)
		return;
	while (*link != known)
		link = &(*link)->next;
	*link = known->next;
	known_free(known);
}

int known_read_tag(struct known *known, struct clock_times *before)
{
	struct tphbuf_tag_state state = { 0 };
	unsigned int i;
	bool changed;
	int ret;

	if (known->device_fd < 0)
		return 0;
	/* Before the tag: a change in between is seen next time. */
	for (i = 0; i < known->nr_clocks; i++)
		before->time[i] = __atomic_load_n(&known->clock[i].clock->changes, __ATOMIC_ACQUIRE);
	ret = tag_read(known->device_fd, known->buf->fd, &state);
	if (ret && !tphbuf_is_unsupported(ret))
		return ret;
	changed = !known->tag_was_read || !tphbuf_tag_equal(&state.tag, &known->tag);
	known->tag = state.tag;
	known->tag_was_read = true;
	return changed;
}

void known_settle(struct known *known, const struct clock_times *before)
{
	unsigned int i;

	if (known->device_fd < 0)
		return;
	for (i = 0; i < known->nr_clocks; i++)
		__atomic_store_n(&known->clock[i].seen, before->time[i], __ATOMIC_RELAXED);
}
