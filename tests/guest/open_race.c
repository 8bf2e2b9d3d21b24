// SPDX-License-Identifier: MIT
/*
 * open_race BDF ext|8bit|none: the tag widths of the device, probed while sysfs resets the
 * device. Config space of a device in reset reads as all-ones, which looks like Extended TPH.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <tphbuf/tphbuf.h>
#include <unistd.h>

#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define RESETS 10
#define OPENS  15
#define TRIES  100

struct resetter {
	char path[128];
	pthread_t thread;
	atomic_bool stop;
	atomic_uint resets;
};

static void *resetter_run(void *arg)
{
	struct resetter *resetter = arg;
	int fd = open(resetter->path, O_WRONLY | O_CLOEXEC);

	require(fd >= 0, "%s: %m", resetter->path);
	while (!atomic_load(&resetter->stop)) {
		/* EAGAIN and the like: another reset is in progress */
		if (pwrite(fd, "1", 1, 0) == 1)
			atomic_fetch_add(&resetter->resets, 1);
		usleep(1000);
	}
	close(fd);
	return NULL;
}

static void resetter_start(struct resetter *resetter)
{
	atomic_store(&resetter->stop, false);
	require(!pthread_create(&resetter->thread, NULL, resetter_run, resetter), "no thread");
}

static void resetter_stop(struct resetter *resetter)
{
	atomic_store(&resetter->stop, true);
	pthread_join(resetter->thread, NULL);
}

/* The tag widths that the device supports, by PROBE and by GET. */
static uint32_t supported_by(struct tphbuf_ctx *ctx, struct tphbuf_device *dev)
{
	static const struct tphbuf_range range = { 0, 0x10000 };
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	int ret = tphbuf_device_tag_probe(dev);
	struct tphbuf_buffer *buf;

	if (ret == -EOPNOTSUPP)
		return 0;
	require(!ret, "PROBE: %s", tphbuf_ctx_error(ctx));
	require(!tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf), "export: %s",
		tphbuf_ctx_error(ctx));
	require(!tphbuf_buffer_tag_get(buf, &state), "GET: %s", tphbuf_ctx_error(ctx));
	tphbuf_buffer_close(buf);
	return state.supported;
}

static uint32_t expected(const char *completer)
{
	static const uint32_t tags[] = { TPHBUF_TAG_ST | TPHBUF_TAG_XST, TPHBUF_TAG_ST, 0 };

	return tags[args_word("COMPLETER", completer, "ext|8bit|none")];
}

/* An open device: its supported tag widths are known, also during a reset. */
static void ask_while_reset(struct tphbuf_ctx *ctx, const char *bdf, uint32_t want,
			    struct resetter *resetter)
{
	unsigned int asked = 0, before = atomic_load(&resetter->resets);
	struct tphbuf_device *dev;

	require(!tphbuf_device_open(ctx, bdf, NULL, &dev), "open: %s", tphbuf_ctx_error(ctx));
	require(supported_by(ctx, dev) == want, "supported 0x%x before any reset",
		supported_by(ctx, dev));
	resetter_start(resetter);
	while (atomic_load(&resetter->resets) < before + RESETS) {
		uint32_t supported = supported_by(ctx, dev);

		require(supported == want, "question %u: supported 0x%x instead of 0x%x", asked,
			supported, want);
		asked++;
	}
	resetter_stop(resetter);
	tphbuf_device_close(dev);
	printf("asked %u times during %d resets\n", asked, RESETS);
}

/*
 * Open during a reset. vfio's open and the reset both save config space without mutual exclusion:
 * in 7.3 one may restore the all-ones that the other has read, Initiate Function Level Reset
 * included. An open may therefore find a device that does not respond. The supported tag widths
 * are known since enumeration. Afterwards the device is unsuitable for other tests.
 */
static void open_while_reset(struct tphbuf_ctx *ctx, const char *bdf, uint32_t want,
			     struct resetter *resetter)
{
	unsigned int opened = 0, busy = 0;
	struct tphbuf_device *dev;

	resetter_start(resetter);
	for (unsigned int i = 0; i < TRIES && opened < OPENS; i++) {
		uint32_t supported;

		if (tphbuf_device_open(ctx, bdf, NULL,
				       &dev)) { /* vfio's open resets too and does not wait */
			busy++;
			usleep(500);
			continue;
		}
		supported = supported_by(ctx, dev);
		require(supported == want, "open %u: supported 0x%x of a device with 0x%x", opened,
			supported, want);
		tphbuf_device_close(dev);
		opened++;
	}
	resetter_stop(resetter);
	printf("%u opens, %u failed because of a reset, %u resets\n", opened, busy,
	       atomic_load(&resetter->resets));
	require(opened, "no open succeeded");
}

int main(int argc, char **argv)
{
	struct resetter resetter = { .stop = false };
	struct tphbuf_ctx *ctx;
	uint32_t want;

	args_count(argc, 2, 2, "BDF ext|8bit|none");
	want = expected(argv[2]);
	require(!tphbuf_ctx_new(NULL, &ctx), "no context");
	snprintf(resetter.path, sizeof(resetter.path), "/sys/bus/pci/devices/%s/reset", argv[1]);
	ask_while_reset(ctx, argv[1], want, &resetter);
	if (!(want & TPHBUF_TAG_XST))
		open_while_reset(ctx, argv[1], want, &resetter);
	tphbuf_ctx_free(ctx);
	return 0;
}
