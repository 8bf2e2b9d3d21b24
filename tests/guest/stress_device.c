// SPDX-License-Identifier: MIT
/* Operations of the stress on the device and on the buffers exported from it. */
#include "tests/guest/stress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BAR_MEMORY 2
#define BAR_PAGES  0x4000u /* 64 MiB */
#define OPEN_TRIES 50000   /* of 200 us each */

static void slot_put(int slot, int fd)
{
	require(dup3(fd, slot, O_CLOEXEC) == slot, "dup3: %m");
}

static int slot_new(void)
{
	int fd = fcntl(stress.nothing, F_DUPFD_CLOEXEC, 3);

	require(fd >= 0, "fcntl: %m");
	return fd;
}

/* Calls that run on the old open keep it alive for a while; the device opens once only. */
static void open_into_slot(struct device *dev)
{
	int ret = -EBUSY;

	for (int i = 0; i < OPEN_TRIES && ret == -EBUSY; i++) {
		ret = vfio_open(&dev->now, dev->bdf);
		if (ret)
			usleep(200);
	}
	require(!ret, "open: %s", strerror(-ret));
	ret = vfio_memory(dev->now.fd, dev->now.config, true);
	require(!ret, "memory on after open: %s", strerror(-ret));
	slot_put(dev->slot, dev->now.fd);
	close(dev->now.fd);
}

void device_first_open(struct device *dev, const char *bdf)
{
	dev->bdf = bdf;
	dev->slot = slot_new();
	pthread_mutex_init(&dev->reopen, NULL);
	for (int i = 0; i < SLOTS; i++) {
		stress.buffer[i].slot = slot_new();
		atomic_store(&stress.buffer[i].owner, UNKNOWN);
		pthread_mutex_init(&stress.buffer[i].exchange, NULL);
	}
	open_into_slot(dev);
}

void device_last_close(struct device *dev)
{
	close(dev->slot);
	close(dev->now.iommufd);
	for (int i = 0; i < SLOTS; i++)
		close(stress.buffer[i].slot);
}

void op_reopen(struct worker *w)
{
	struct device *dev = &stress.dev;

	if (pthread_mutex_trylock(&dev->reopen))
		return;
	stamp_begin(&dev->life);
	slot_put(dev->slot, stress.nothing);
	close(dev->now.iommufd);
	open_into_slot(dev);
	stamp_end(&dev->life);
	pthread_mutex_unlock(&dev->reopen);
	answer(w, OP_REOPEN, 0, ANY(0));
}

void op_reset(struct worker *w)
{
	struct device *dev = &stress.dev;
	unsigned int life = stamp_now(&dev->life);
	int ret;

	stamp_begin(&dev->memory);
	ret = vfio_reset(dev->slot);
	stamp_end(&dev->memory);
	/* EAGAIN: the device's lock is held, for instance by another reset */
	answer(w, OP_RESET, ret,
	       stamp_is(&dev->life, life) ? ANY(0, -EAGAIN) : ANY(0, -EAGAIN, -EBADF));
}

/* Off, and on again after a moment. */
void op_memory(struct worker *w)
{
	struct device *dev = &stress.dev;
	unsigned int life = stamp_now(&dev->life);
	int off, on;

	stamp_begin(&dev->memory);
	off = vfio_memory(dev->slot, dev->now.config, false);
	usleep(random_below(&w->random, 3000));
	on = vfio_memory(dev->slot, dev->now.config, true);
	stamp_end(&dev->memory);
	answer(w, OP_MEMORY, off ?: on, stamp_is(&dev->life, life) ? ANY(0) : ANY(0, -EBADF));
}

/* One to three ranges anywhere in the BAR that add up to BUFFER_SIZE. */
static uint32_t make_ranges(struct worker *w, struct vfio_region_dma_range *ranges)
{
	const uint32_t pages = BUFFER_SIZE >> 12;
	uint32_t n = 1 + random_below(&w->random, 3), left = pages, i;

	for (i = 0; i < n; i++) {
		uint32_t len = i == n - 1 ? left : 1 + random_below(&w->random, left - (n - 1 - i));

		ranges[i].offset = (uint64_t)random_below(&w->random, BAR_PAGES - pages) << 12;
		ranges[i].length = (uint64_t)len << 12;
		left -= len;
	}
	return n;
}

void op_export(struct worker *w)
{
	struct buffer *buffer = &stress.buffer[random_below(&w->random, SLOTS)];
	struct vfio_region_dma_range ranges[3];
	uint32_t n = make_ranges(w, ranges);
	unsigned int life;
	int fd;

	pthread_mutex_lock(&buffer->exchange);
	life = stamp_now(&stress.dev.life);
	fd = vfio_export(stress.dev.slot, BAR_MEMORY, ranges, n);
	if (fd >= 0) {
		stamp_begin(&buffer->stamp);
		slot_put(buffer->slot, fd);
		close(fd);
		atomic_store(&buffer->owner, stamp_is(&stress.dev.life, life) ? life : UNKNOWN);
		stamp_end(&buffer->stamp);
	}
	pthread_mutex_unlock(&buffer->exchange);
	answer(w, OP_EXPORT, fd < 0 ? fd : 0,
	       stamp_is(&stress.dev.life, life) ? ANY(0) : ANY(0, -EBADF));
}

void buffer_empty(struct buffer *buffer)
{
	pthread_mutex_lock(&buffer->exchange);
	stamp_begin(&buffer->stamp);
	slot_put(buffer->slot, stress.nothing);
	atomic_store(&buffer->owner, UNKNOWN);
	stamp_end(&buffer->stamp);
	pthread_mutex_unlock(&buffer->exchange);
}

void op_release(struct worker *w)
{
	buffer_empty(&stress.buffer[random_below(&w->random, SLOTS)]);
	answer(w, OP_RELEASE, 0, ANY(0));
}

/*
 * SET and GET: EBADF where device or buffer is not there, EINVAL for a buffer of an earlier open. Only
 * 0 is permitted if the buffer is of an open that lasted for the whole call.
 */
static void answer_feature(struct worker *w, enum op op, int ret, bool certain)
{
	answer(w, op, ret, certain ? ANY(0) : ANY(0, -EBADF, -EINVAL));
}

void op_set(struct worker *w)
{
	uint32_t slot = random_below(&w->random, SLOTS);
	struct buffer *buffer = &stress.buffer[slot];
	tph_t tph = tag_make(slot, random_below(&w->random, 3), random_below(&w->random, 4));
	unsigned int life = stamp_now(&stress.dev.life), owner = atomic_load(&buffer->owner);
	unsigned int others = stamp_now(&buffer->stamp);
	bool certain;
	int ret;

	tph.dmabuf_fd = buffer->slot;
	stamp_begin(&buffer->stamp);
	ret = vfio_tph(stress.dev.slot, VFIO_DEVICE_FEATURE_SET, &tph);
	certain = stamp_is(&stress.dev.life, life) && owner == life && others != UNKNOWN &&
		  atomic_load(&buffer->stamp.begun) == others + 1;
	stamp_end(&buffer->stamp);
	answer_feature(w, OP_SET, ret, certain);
}

void op_get(struct worker *w)
{
	uint32_t slot = random_below(&w->random, SLOTS);
	struct buffer *buffer = &stress.buffer[slot];
	unsigned int now = stamp_now(&buffer->stamp), life = stamp_now(&stress.dev.life);
	unsigned int owner = atomic_load(&buffer->owner);
	tph_t tph = { .dmabuf_fd = buffer->slot };
	int ret = vfio_tph(stress.dev.slot, VFIO_DEVICE_FEATURE_GET, &tph);

	if (!ret) {
		tag_verify(&tph, slot, "GET");
		require(tph.supported == (VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT),
			"supported is 0x%x", tph.supported);
	}
	answer_feature(w, OP_GET, ret,
		       stamp_is(&buffer->stamp, now) && stamp_is(&stress.dev.life, life) &&
			       owner == life);
}

void op_probe(struct worker *w)
{
	unsigned int life = stamp_now(&stress.dev.life);
	tph_t tph = { 0 };
	int ret = vfio_tph(stress.dev.slot, VFIO_DEVICE_FEATURE_PROBE, &tph);

	answer(w, OP_PROBE, ret, stamp_is(&stress.dev.life, life) ? ANY(0) : ANY(0, -EBADF));
}
