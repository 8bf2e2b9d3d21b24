// SPDX-License-Identifier: MIT
/*
 * SET, GET, writes to config space, vectors, resets and reads of the mapped MSI-X table at random, in
 * rounds, while the device writes to host memory. Every answer is one that the rules permit, no TLP
 * carries a tag that firmware has not given for a CPU of the caller, and after each round the device
 * works as if nothing had been.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fabric/engine/regs.h"
#include "tests/guest/random.h"
#include "tests/guest/steer_ops.h"

#define ROUND_SECONDS 2
#define CPUS	      2

enum job { JOB_SET, JOB_GET, JOB_CONFIG, JOB_VECTORS, JOB_RESET, JOB_SYSFS, JOB_TRAFFIC, NR_JOBS };

static const char *const job_names[NR_JOBS] = { "SET",	 "GET",		"config space", "vectors",
						"reset", "sysfs reset", "transfers" };

struct shared {
	struct steer *rig;
	uint32_t entries, vectors;
	bool unsafe;
	atomic_bool over;
};

struct worker {
	pthread_t thread;
	struct shared *shared;
	enum job job;
	uint64_t random;
	unsigned long done;
};

/* SET of CPUs that exist or not: all or nothing, and never a third answer */
static void do_set(struct worker *w)
{
	uint32_t n = w->shared->entries, cpus[8], want = 0;
	uint16_t first = (uint16_t)random_below(&w->random, n);
	uint16_t count = (uint16_t)(1 + random_below(&w->random, n - first < 8 ? n - first : 8));
	int ret;

	for (uint32_t i = 0; i < count; i++) {
		cpus[i] = random_chance(&w->random, 80) ? random_below(&w->random, CPUS) :
							  VFIO_TPH_ST_CLEAR;
		if (random_chance(&w->random, 3))
			cpus[i] = 4096;
		want |= cpus[i] == 4096;
	}
	ret = steer_set(w->shared->rig, random_below(&w->random, 2), first, count, cpus);
	/* EIO: the device does not take the tags during a reset by sysfs. */
	require(want ? ret == -EINVAL : !ret || ret == -EIO, "SET: %s", strerror(-ret));
}

static void do_get(struct worker *w)
{
	const uint32_t known = VFIO_TPH_ST_VALID | VFIO_TPH_ST_MASK | VFIO_TPH_ST_EXT_VALID |
			       VFIO_TPH_ST_EXT_MASK;
	uint32_t tags[4];
	int ret = steer_get(w->shared->rig, 0, 4, tags);

	expect_errno("GET", ret, w->shared->unsafe ? 0 : -EPERM);
	for (int i = 0; !ret && i < 4; i++)
		require(!(tags[i] & ~known), "GET: 0x%x", tags[i]);
}

/* The register by bytes, words and dwords; what reads back is allowed. */
static void do_config(struct worker *w)
{
	uint32_t len = 1u << random_below(&w->random, 3), value = (uint32_t)random_next(&w->random);
	uint32_t off = len * random_below(&w->random, 4 / len), ctrl;

	cfg_put(w->shared->rig, FAB_TPH_CTRL + off,
		random_chance(&w->random, 50) ? ENABLE(EXT, IV) >> 8 * off : value, len);
	ctrl = ctrl_get(w->shared->rig);
	if (ctrl & FAB_TPH_CTRL_REQ_EN)
		require((ctrl & 7) == IV || (ctrl & 7) == NS ||
				(w->shared->unsafe && (ctrl & 7) == DS),
			"enabled in mode %u", ctrl & 7);
	require(ctrl >> 8 != 2, "reserved type of requests");
	if (!w->shared->unsafe)
		require(!cfg_get(w->shared->rig, FAB_TPH_ST_TABLE, 4), "the table can be read");
}

static void do_vectors(struct worker *w)
{
	uint32_t n = w->shared->vectors;
	struct {
		struct vfio_irq_set head;
		int32_t fds[8];
	} request = { .head = { .index = VFIO_PCI_MSIX_IRQ_INDEX,
				.flags = VFIO_IRQ_SET_ACTION_TRIGGER } };
	uint32_t count = n ? random_below(&w->random, n + 1) : 0;

	if (!n)
		return;
	request.head.start = count && random_chance(&w->random, 30) ?
				     random_below(&w->random, n - count + 1) :
				     0;
	request.head.count = count;
	request.head.argsz = (uint32_t)(sizeof(request.head) + 4 * count);
	request.head.flags |= count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE;
	for (uint32_t i = 0; i < count; i++)
		request.fds[i] = eventfd(0, EFD_CLOEXEC);
	/* EINVAL: a start above 0 while no vector is enabled */
	require(!ioctl(w->shared->rig->dev.fd, VFIO_DEVICE_SET_IRQS, &request) || errno == EINVAL,
		"vectors: %m");
	for (uint32_t i = 0; i < count; i++)
		close(request.fds[i]);
}

static void do_reset(struct worker *w)
{
	int ret = vfio_reset(w->shared->rig->dev.fd);

	require(!ret || ret == -EAGAIN, "reset: %s", strerror(-ret)); /* EAGAIN: another reset */
	usleep(20000);
}

/* This reset does not take vfio's locks. */
static void do_sysfs(struct worker *w)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", w->shared->rig->bdf);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	/* EAGAIN: another reset */
	require(write(fd, "1", 1) == 1 || errno == EAGAIN, "%s: %m", path);
	close(fd);
	usleep(30000);
}

static void put(struct steer *rig, uint32_t reg, uint32_t value)
{
	/* Lost during a reset by sysfs */
	if (pwrite(rig->dev.fd, &value, 4, (off_t)(rig->dev.regs + reg)) != 4)
		return;
}

/* By entry, so that every tag comes from the table. A reset may end it. */
static void do_traffic(struct worker *w)
{
	struct steer *rig = w->shared->rig;
	uint32_t status = ENG_BUSY;

	put(rig, ENG_ADDR_LO, STEER_IOVA);
	put(rig, ENG_ADDR_HI, 0);
	put(rig, ENG_LENGTH, 4096);
	put(rig, ENG_VALUE, (uint32_t)w->random);
	put(rig, ENG_HINT, HINT_ENTRY(random_below(&w->random, w->shared->entries)));
	put(rig, ENG_START, 1);
	for (int i = 0; i < 100 && status == ENG_BUSY; i++)
		if (pread(rig->dev.fd, &status, 4, (off_t)(rig->dev.regs + ENG_STATUS)) != 4)
			return;
}

static void (*const jobs[NR_JOBS])(struct worker *w) = {
	do_set, do_get, do_config, do_vectors, do_reset, do_sysfs, do_traffic,
};

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&w->shared->over)) {
		jobs[w->job](w);
		w->done++;
	}
	return NULL;
}

static bool given_by_firmware(uint32_t width, uint32_t st)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		if (width == 16 ? st == TAG_EXT(cpu) || st == TAG_PM_EXT(cpu) :
				  st == TAG(cpu) || st == TAG_PM(cpu))
			return true;
	return !st;
}

static void check_wire(struct steer *rig)
{
	uint32_t rows = witness_get(rig, ENG_WIT_ROWS);

	for (uint32_t row = 0; row < rows; row++) {
		uint32_t width, st;

		witness_put(rig, ENG_WIT_ROW, row);
		width = witness_get(rig, ENG_WIT_ROW_WIDTH);
		st = witness_get(rig, ENG_WIT_ROW_ST);
		require(!width || given_by_firmware(width, st), "a TLP carried %u-bit tag 0x%x",
			width, st);
	}
}

/*
 * vfio switches memory on while vectors are allocated, and then restores the command register that it has
 * read, which may be that of a function in reset if the reset is one by sysfs.
 */
static void memory_on(struct steer *rig)
{
	const uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	require(pwrite(rig->dev.fd, &command, 2, (off_t)(rig->dev.config + PCI_COMMAND)) == 2,
		"command register: %m");
}

/* The same from a known state: set, enabled, and on the wire. */
static void works(struct shared *s)
{
	const uint32_t cpu = 1;

	ctrl_put(s->rig, 0);
	expect_ctrl(s->rig, "after the round", 0);
	for (uint32_t i = 0; i < s->entries; i++)
		expect_errno("SET", steer_set(s->rig, 0, (uint16_t)i, 1, &cpu), 0);
	ctrl_put(s->rig, ENABLE(EXT, IV));
	expect_ctrl(s->rig, "after the round", ENABLE(EXT, IV));
	if ((cfg_get(s->rig, PCI_TPH_CAP, 4) & PCI_TPH_CAP_LOC_MASK) == PCI_TPH_LOC_CAP)
		for (uint32_t i = 0; i < s->entries; i++)
			expect_wire(s->rig, "after the round", HINT_ENTRY(i), 16, TAG_EXT(1));
}

static void run_round(struct shared *s, struct worker *workers)
{
	witness_put(s->rig, ENG_WIT_CLEAR, 1);
	atomic_store(&s->over, false);
	for (int i = 0; i < NR_JOBS; i++)
		require(!pthread_create(&workers[i].thread, NULL, work, &workers[i]), "no thread");
	sleep(ROUND_SECONDS);
	atomic_store(&s->over, true);
	for (int i = 0; i < NR_JOBS; i++)
		pthread_join(workers[i].thread, NULL);
	memory_on(s->rig);
	check_wire(s->rig);
	works(s);
}

static uint32_t vectors_of(struct steer *rig)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX };

	require(!ioctl(rig->dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), "vectors: %m");
	return info.count < 8 ? info.count : 8;
}

void test_stress(struct steer *rig, const char *seconds)
{
	struct shared shared = { .rig = rig,
				 .entries = table_size(rig),
				 .vectors = vectors_of(rig),
				 .unsafe = !steer_probe(rig, VFIO_DEVICE_FEATURE_GET) };
	struct worker workers[NR_JOBS] = { 0 };
	uint64_t seed = random_seed(getenv("SEED"));

	printf("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < NR_JOBS; i++)
		workers[i] = (struct worker){ .shared = &shared,
					      .job = (enum job)i,
					      .random = seed + (uint64_t)i * 0x10001 };
	for (int left = (int)args_number("ARGUMENT", seconds, 1, 86400); left > 0;
	     left -= ROUND_SECONDS)
		run_round(&shared, workers);
	ctrl_put(rig, 0);
	for (int i = 0; i < NR_JOBS; i++) {
		printf("%-14s %8lu\n", job_names[i], workers[i].done);
		require(workers[i].done, "%s was never done", job_names[i]);
	}
}
