// SPDX-License-Identifier: MIT
/* The DMA engine with an exporter that revokes and changes tags at any time. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/engine_rig.h"

#define SECONDS 4
#define LENGTH	(64 * KiB)

static const struct tphbuf_range range = { 64 * KiB, LENGTH };

struct worker {
	struct rig *rig;
	int dmabuf;
	volatile bool stop;
	uint64_t done, revoked, other;
	int error;		   /* a failure that the exporter's state does not explain */
	uint64_t fills_a, fills_b; /* successful ones, by the tag that the driver reported */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count(struct worker *worker, int ret)
{
	if (!ret)
		worker->done++;
	else if (ret == -ENODEV)
		worker->revoked++;
	else
		worker->error = ret;
}

static void *fill_loop(void *arg)
{
	struct worker *worker = arg;
	uint32_t a = worker->rig->width == 16 ? 0x1234 : 0x5a,
		 b = worker->rig->width == 16 ? 0x2222 : 0x11;
	struct tph_engine_fill fill;
	int ret;

	while (!worker->stop && !worker->error) {
		ret = try_fill(worker->rig->engine, 0, LENGTH, 1, &fill);
		count(worker, ret);
		if (ret)
			usleep(200);
		else if (fill.hint_width == worker->rig->width && fill.hint_tag == a &&
			 fill.hint_ph == 2)
			worker->fills_a++;
		else if (fill.hint_width == worker->rig->width && fill.hint_tag == b &&
			 fill.hint_ph == 1)
			worker->fills_b++;
		else
			worker->other++;
	}
	return NULL;
}

static void *import_loop(void *arg)
{
	struct worker *worker = arg;
	struct tph_engine_fill fill;
	int ret;

	while (!worker->stop && !worker->error) {
		ret = import_fd(worker->rig->engine, worker->dmabuf);
		count(worker, ret);
		if (!ret && (worker->done & 3) == 3)
			count(worker, try_fill(worker->rig->engine, 0, 4096, 1, &fill));
		if ((worker->done & 15) == 15)
			require(!import_fd(worker->rig->engine, -1), "importing nothing");
	}
	return NULL;
}

/* Revoke, set the other tag, restore, for some seconds. */
static void upset(struct rig *rig, struct target *target, struct worker *worker,
		  void *(*loop)(void *))
{
	double end = now() + SECONDS;
	unsigned int rounds = 0;
	pthread_t thread;

	require(!pthread_create(&thread, NULL, loop, worker), "pthread_create");
	while (now() < end && !worker->error) {
		memory(rig, false);
		set_tag(rig, target, rounds & 1 ? TAG_A : TAG_B);
		memory(rig, true);
		usleep(1000 * (rounds % 7));
		rounds++;
	}
	worker->stop = true;
	pthread_join(thread, NULL);
	require(!worker->error, "%s after %lu successes", strerror(-worker->error),
		(unsigned long)worker->done);
	require(worker->done > 10 && worker->revoked,
		"%lu successes, %lu refusals: nothing was tested", (unsigned long)worker->done,
		(unsigned long)worker->revoked);
}

/*
 * Every write that arrived belongs to a fill that succeeded and has the tag which the driver
 * reported for it.
 */
void test_race_with_fill(struct rig *rig)
{
	struct worker worker = { .rig = rig };
	uint64_t per_fill = LENGTH / rig->mps, a = 0, b = 0;
	struct target target;
	struct tally tally;

	target_open(rig, &target, &range, 1, TAG_A);
	import(rig, &target);
	upset(rig, &target, &worker, fill_loop);
	tally_read(rig->dev, &tally);
	for (unsigned int i = 0; i < tally.nrows; i++) {
		require(tally.row[i].write && tally.row[i].width == rig->width,
			"a TLP without tag or of another width");
		if (tally.row[i].ph == 2)
			a += tally.row[i].tlps;
		else
			b += tally.row[i].tlps;
	}
	require(!worker.other && worker.fills_a && worker.fills_b,
		"%lu fills with neither tag, %lu and %lu with one", (unsigned long)worker.other,
		(unsigned long)worker.fills_a, (unsigned long)worker.fills_b);
	require(a == worker.fills_a * per_fill && b == worker.fills_b * per_fill,
		"%lu and %lu writes arrived instead of %lu and %lu", (unsigned long)a,
		(unsigned long)b, (unsigned long)(worker.fills_a * per_fill),
		(unsigned long)(worker.fills_b * per_fill));
	target_close(&target);
}

/* The exporter may invalidate an attachment before dma_buf_dynamic_attach() returns to the importer. */
void test_race_with_import(struct rig *rig)
{
	struct worker worker = { .rig = rig };
	struct target target;

	target_open(rig, &target, &range, 1, TAG_A);
	worker.dmabuf = tphbuf_buffer_fd(target.buf);
	upset(rig, &target, &worker, import_loop);
	set_tag(rig, &target, TAG_A);
	import(rig, &target);
	tally_clear(rig->dev);
	fill_tagged(rig, &target, 0, target.len, 2, TAG_A);
	target_close(&target);
}
