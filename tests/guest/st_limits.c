// SPDX-License-Identifier: MIT
/*
 * st_limits TEST BDF NIC PEER ext|8bit: the NIC's table of 64 steering tags is shared by all users. Of its 63
 * usable entries tags of dma-bufs take 48, and so do those of CPUs, see kernel/README.md. The tests small_table and
 * threads are for a table of 4.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "benchmarks/scale/st_table.h"
#include "tests/guest/bar_rig.h"
#include "tests/guest/uverbs.h"

#define USABLE	  63
#define ALL_LIMIT (USABLE - USABLE / 4)
#define FIRST_UID 1000

static const struct tphbuf_range range = { 0, MiB };

/* MRs of one buffer, whose tag is another for each. */
struct many {
	struct target target;
	struct tphbuf_mr *mr[USABLE + 1];
	unsigned int n;
};

static void set_tag(struct rig *rig, struct many *many, unsigned int tag)
{
	char text[64];
	struct tphbuf_tag parsed;

	snprintf(text, sizeof(text), "st=%u,xst=%u,ph=1", tag, 0x100 + tag);
	parsed = tag_of(text);
	ok(rig, tphbuf_buffer_tag_set(many->target.buf, &parsed), "set");
}

static void many_open(struct rig *rig, struct many *many)
{
	memset(many, 0, sizeof(*many));
	target_open(rig, &many->target, &range, 1, "none");
	ok(rig, tphbuf_mr_deregister(many->target.mr), "deregister");
	many->target.mr = NULL;
}

/* Register one more MR. Return: its tag is applied; if not, the kernel must say why. */
static bool add(struct rig *rig, struct many *many, struct ibv_pd *pd, unsigned int tag,
		uint32_t reason)
{
	struct tphbuf_mr_opts opts = { .size = sizeof(opts), .length = 4096 };
	struct target made;

	require(many->n < ARRAY(many->mr), "no room in the test");
	set_tag(rig, many, tag);
	ok(rig, tphbuf_mr_register(many->target.buf, pd, &opts, &many->mr[many->n]), "register");
	made = (struct target){ .mr = many->mr[many->n++] };
	if (tph_of(&made).state == IB_UVERBS_MR_TPH_APPLIED)
		return true;
	require(tph_of(&made).state == reason, "MR %u: state %u instead of %u", many->n,
		tph_of(&made).state, reason);
	return false;
}

static unsigned int add_until(struct rig *rig, struct many *many, struct ibv_pd *pd,
			      unsigned int first, uint32_t reason)
{
	unsigned int n = 0;

	while (many->n < USABLE && add(rig, many, pd, first + n, reason))
		n++;
	return n;
}

static void drop(struct rig *rig, struct many *many, unsigned int i)
{
	ok(rig, tphbuf_mr_deregister(many->mr[i]), "deregister");
	many->mr[i] = many->mr[--many->n];
}

static void many_close(struct rig *rig, struct many *many)
{
	while (many->n)
		drop(rig, many, many->n - 1);
	target_close(rig, &many->target);
}

/* All that dma-bufs may have. Entries come back, equal tags share one, CPU tags have their quarter. */
static void test_table_full(struct rig *rig)
{
	const struct uverbs_dmah_opts cpu = { .has_cpu = true, .has_ph = true };
	uint32_t handle;
	struct many many;
	unsigned int n;
	int ret;

	many_open(rig, &many);
	for (int round = 0; round < 2; round++) {
		n = add_until(rig, &many, rig->bar_port.pd, 0x40, IB_UVERBS_MR_TPH_TABLE_FULL);
		require(n == ALL_LIMIT, "%u tags instead of %u", n, ALL_LIMIT);
		require(add(rig, &many, rig->bar_port.pd, 0x40, 0),
			"an equal tag does not share the entry");
		drop(rig, &many, many.n - 1);
		ret = uverbs_dmah_alloc(rig->bar_port.ctx, &cpu, &handle);
		require(!ret, "the tag of a CPU beside %u of dma-bufs: %s", n, strerror(-ret));
		ret = uverbs_dmah_free(rig->bar_port.ctx, handle);
		require(!ret, "freeing the handle: %s", strerror(-ret));
		drop(rig, &many, 7); /* one that is applied */
		require(add(rig, &many, rig->bar_port.pd, 0xf0, 0),
			"the entry that came back is not available");
		while (many.n)
			drop(rig, &many, many.n - 1);
	}
	printf("table-full after %u tags\n", n);
	many_close(rig, &many);
}

/* Each of the 48 entries is written where its index points to: traffic with each. */
static void test_traffic_of_each(struct rig *rig)
{
	struct target target;
	struct many many;
	unsigned int n;

	many_open(rig, &many);
	n = add_until(rig, &many, rig->bar_port.pd, 0x40, IB_UVERBS_MR_TPH_TABLE_FULL);
	target_open(rig, &target, &range, 1, "none");
	for (unsigned int i = 0; i < n; i++) {
		fill(rig->host.addr, 300, i);
		transfer_to(rig, tphbuf_mr_iova(many.mr[i]), tphbuf_mr_ibv(many.mr[i])->rkey,
			    IBV_WR_RDMA_WRITE, 300);
		poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
		compare("BAR", target.cpu, 300, i, 0);
		expect(rig, rig->ext ? 16 : 8, (rig->ext ? 0x140 : 0x40) + i, 1);
	}
	target_close(rig, &target);
	many_close(rig, &many);
}

/* In a child without privilege: new tags, several times as many as the table has entries. */
static void neighbour(struct rig *rig, int report)
{
	unsigned int rounds = 0;
	struct many many;
	struct port port;

	port_open(&port, rig->bar_port.name);
	many_open(rig, &many);
	require(!setgid(FIRST_UID) && !setuid(FIRST_UID), "setuid: %m");
	do {
		require(add(rig, &many, port.pd, 0x40 + rounds % 0xb0, IB_UVERBS_MR_TPH_APPLIED),
			"round %u: no tag", rounds);
		drop(rig, &many, 0);
		rounds++;
	} while (rounds < 3 * USABLE);
	require(write(report, &rounds, sizeof(rounds)) == sizeof(rounds), "pipe: %m");
	exit(0);
}

/* Tags that come into use do not take the hints off the requests of others. */
static void test_neighbour(struct rig *rig)
{
	static const struct tphbuf_range elsewhere = { 8 * MiB, MiB };
	unsigned int rounds = 0, writes = 0;
	struct pollfd ended = { .events = POLLIN };
	int report[2], status;
	struct target target;
	pid_t pid;

	target_open(rig, &target, &elsewhere, 1, "st=0x5a,xst=0x1234,ph=2");
	require(!pipe(report), "pipe: %m");
	fflush(stdout);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid)
		neighbour(rig, report[1]);
	close(report[1]);
	ended.fd = report[0];
	tally_clear(rig->dev);
	for (; !poll(&ended, 1, 0); writes++)
		write_and_compare(rig, &target, writes % 1000, 20000, writes);
	require(writes > 10, "%u writes beside the neighbour", writes);
	require(waitpid(pid, &status, 0) == pid && !status, "the neighbour ended with %d", status);
	require(read(report[0], &rounds, sizeof(rounds)) == sizeof(rounds), "pipe: %m");
	expect_both(rig, 2);
	printf("%u writes, %u new tags meanwhile\n", writes, rounds);
	close(report[0]);
	target_close(rig, &target);
}

/* The tags of CPUs leave a part of the table to dma-bufs: with 3 usable entries 2 CPUs and 1 dma-buf. */
static void test_small_table(struct rig *rig)
{
	static const struct uverbs_dmah_opts cpus[] = {
		{ .has_cpu = true, .cpu = 0, .has_ph = true },
		{ .has_cpu = true, .cpu = 1, .has_ph = true },
		{ .has_cpu = true, .cpu = 0, .has_ph = true, .persistent = true },
	};
	uint32_t handles[ARRAY(cpus)];
	struct many many;
	int ret;

	for (size_t i = 0; i < ARRAY(cpus); i++) {
		ret = uverbs_dmah_alloc(rig->bar_port.ctx, &cpus[i], &handles[i]);
		require(ret == (i < 2 ? 0 : -EBUSY), "handle %zu: %d", i, ret);
	}
	many_open(rig, &many);
	require(add(rig, &many, rig->bar_port.pd, 0x80, 0), "no entry is left for a dma-buf");
	require(!add(rig, &many, rig->bar_port.pd, 0x81, IB_UVERBS_MR_TPH_TABLE_FULL),
		"more entries than the table has");
	/* the tag of CPU 0, which is in the table already */
	require(add(rig, &many, rig->bar_port.pd, 0x20, 0), "an equal tag does not share the entry");
	while (many.n)
		drop(rig, &many, many.n - 1);
	ret = uverbs_dmah_free(rig->bar_port.ctx, handles[0]);
	require(!ret, "freeing a handle: %s", strerror(-ret));
	require(add(rig, &many, rig->bar_port.pd, 0x80, 0) &&
			add(rig, &many, rig->bar_port.pd, 0x81, 0),
		"two dma-bufs beside one CPU");
	ret = uverbs_dmah_free(rig->bar_port.ctx, handles[1]);
	require(!ret, "freeing a handle: %s", strerror(-ret));
	require(!add(rig, &many, rig->bar_port.pd, 0x82, IB_UVERBS_MR_TPH_TABLE_FULL),
		"dma-bufs took what is reserved for CPUs");
	ret = uverbs_dmah_alloc(rig->bar_port.ctx, &cpus[0], &handles[0]);
	require(!ret, "no entry is left for a CPU: %d", ret);
	ret = uverbs_dmah_free(rig->bar_port.ctx, handles[0]);
	require(!ret, "freeing a handle: %s", strerror(-ret));
	many_close(rig, &many);
}

struct racer {
	struct rig *rig;
	int dmabuf;
	pthread_barrier_t *start;
	pthread_t thread;
	struct uverbs_mr mr;
	struct uverbs_tph tph;
};

/* Threads of one process, same lengths, one entry too few: each learns the truth about its own MR. */
static void *race(void *arg)
{
	struct racer *racer = arg;
	int ret;

	pthread_barrier_wait(racer->start);
	ret = uverbs_reg_dmabuf(racer->rig->bar_port.pd, racer->dmabuf, 4096, REMOTE,
				UVERBS_NO_DMAH, &racer->mr);
	require(!ret, "register: %s", strerror(-ret));
	ret = uverbs_query_tph(racer->rig->bar_port.ctx, racer->mr.handle, &racer->tph);
	require(!ret, "QUERY_MR: %s", strerror(-ret));
	return NULL;
}

static void test_threads(struct rig *rig)
{
	pthread_barrier_t start;
	struct racer racers[3];
	struct target targets[3];

	require(!setgid(FIRST_UID) && !setuid(FIRST_UID), "setuid: %m");
	require(!pthread_barrier_init(&start, NULL, ARRAY(racers)), "barrier");
	for (unsigned int i = 0; i < ARRAY(racers); i++) {
		struct tphbuf_range mine = { i * MiB, MiB };
		char text[64];

		snprintf(text, sizeof(text), "st=%u,xst=%u,ph=1", 0x80 + i, 0x180 + i);
		target_open(rig, &targets[i], &mine, 1, "none");
		ok(rig, tphbuf_mr_deregister(targets[i].mr), "deregister");
		targets[i].mr = NULL;
		ok(rig, tphbuf_buffer_tag_set(targets[i].buf, &(struct tphbuf_tag){ 0 }), "clear");
		struct tphbuf_tag tag = tag_of(text);

		ok(rig, tphbuf_buffer_tag_set(targets[i].buf, &tag), "set");
		racers[i] = (struct racer){ .rig = rig,
					    .dmabuf = tphbuf_buffer_fd(targets[i].buf),
					    .start = &start };
		require(!pthread_create(&racers[i].thread, NULL, race, &racers[i]), "no thread");
	}
	for (unsigned int i = 0, full = 0; i < ARRAY(racers); i++) {
		pthread_join(racers[i].thread, NULL);
		full += racers[i].tph.state == IB_UVERBS_MR_TPH_TABLE_FULL;
		require(full == 1 || i < 2, "%u of 3 got nothing", full);
	}
	for (unsigned int i = 0; i < ARRAY(racers); i++) {
		bool applied = racers[i].tph.state == IB_UVERBS_MR_TPH_APPLIED;

		tally_clear(rig->dev);
		transfer_to(rig, 0, racers[i].mr.rkey, IBV_WR_RDMA_WRITE, 300);
		poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
		if (applied)
			expect(rig, rig->ext ? 16 : 8, (rig->ext ? 0x180 : 0x80) + i, 1);
		else
			expect(rig, 0, 0, 0);
		require(!uverbs_dereg(rig->bar_port.ctx, &racers[i].mr), "deregister");
		target_close(rig, &targets[i]);
	}
}

/* The line of the driver's table for this tag, as "CPU users, dma-buf users, written"; false: there is none. */
static bool table_line(struct rig *rig, unsigned int tag, unsigned int line[3])
{
	char path[512], link[256], text[256];
	unsigned int index, seen;
	bool found = false;
	ssize_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/device", rig->bar_port.name);
	n = readlink(path, link, sizeof(link) - 1);
	require(n > 0, "%s: %m", path);
	link[n] = 0;
	snprintf(path, sizeof(path), "/sys/kernel/debug/mlx5/%s/steering_tags",
		 strrchr(link, '/') + 1);
	file = fopen(path, "re");
	require(file, "%s: %m", path);
	while (!found && fgets(text, sizeof(text), file))
		found = sscanf(text, "%u 0x%x %u %u %u", &index, &seen, &line[0], &line[1],
			       &line[2]) == 5 &&
			seen == tag;
	fclose(file);
	return found;
}

static void test_debugfs(struct rig *rig)
{
	static const struct uverbs_dmah_opts cpu = { .has_cpu = true, .cpu = 1, .has_ph = true };
	unsigned int line[3];
	uint32_t handle;
	struct many many;

	many_open(rig, &many);
	require(!uverbs_dmah_alloc(rig->bar_port.ctx, &cpu, &handle), "DMA handle");
	require(add(rig, &many, rig->bar_port.pd, 0x21, 0) &&
			add(rig, &many, rig->bar_port.pd, 0x21, 0),
		"the tag of the CPU for a dma-buf");
	require(table_line(rig, 0x21, line), "tag 0x21 is not in the table");
	require(line[0] == 1 && line[1] == 2 && line[2] == 1, "%u %u %u", line[0], line[1], line[2]);
	require(!table_line(rig, 0x99, line), "tag 0x99 is in the table");
	many_close(rig, &many);
	require(!uverbs_dmah_free(rig->bar_port.ctx, handle), "free");
	require(table_line(rig, 0x21, line) && !line[0] && !line[1], "users after the last went");
}

/* Which of @tags tags the NIC's table holds is what the model says. */
static void compare_table(struct rig *rig, const struct st_table *model, unsigned int tags)
{
	unsigned int line[3];

	for (unsigned int tag = 1; tag <= tags; tag++) {
		bool expected = false;

		for (unsigned int i = 0; i < model->entries; i++)
			expected |= model->entry[i].written && model->entry[i].tag == tag;
		require(table_line(rig, (rig->ext ? 0x100 : 0) + tag, line) == expected,
			"tag %u is %sin the table", tag, expected ? "not " : "");
	}
}

/* A random sequence of registrations: entries are taken, shared, kept and overwritten as in benchmarks/scale. */
static void test_model(struct rig *rig)
{
	const unsigned int tags = 160, steps = 600;
	unsigned int full = 0, seed = 1;
	int entry[USABLE + 1];
	struct st_table model;
	struct many many;

	st_table_init(&model, USABLE, ALL_LIMIT);
	many_open(rig, &many);
	for (unsigned int tag = 1; tag <= USABLE; tag++) { /* known content, known order */
		require(add(rig, &many, rig->bar_port.pd, tag, 0), "tag %u", tag);
		st_table_put(&model, st_table_get(&model, tag));
		drop(rig, &many, 0);
	}
	for (unsigned int step = 0; step < steps; step++) {
		unsigned int tag = 1 + (unsigned int)rand_r(&seed) % tags, victim;

		if (many.n < USABLE && rand_r(&seed) % 5 < 3) {
			bool applied =
				add(rig, &many, rig->bar_port.pd, tag, IB_UVERBS_MR_TPH_TABLE_FULL);

			entry[many.n - 1] = st_table_get(&model, tag);
			require(applied == (entry[many.n - 1] >= 0), "step %u, tag %u: %sapplied",
				step, tag, applied ? "" : "not ");
			full += !applied;
		} else if (many.n) {
			victim = (unsigned int)rand_r(&seed) % many.n;
			if (entry[victim] >= 0)
				st_table_put(&model, entry[victim]);
			entry[victim] = entry[many.n - 1];
			drop(rig, &many, victim);
		}
	}
	compare_table(rig, &model, tags);
	require(full > 10 && model.writes > 100, "%u without hint, %llu writes: too few to compare",
		full, (unsigned long long)model.writes);
	printf("%u steps, %u without hint\n", steps, full);
	many_close(rig, &many);
}

static const struct bar_test tests[] = {
	{ "model", test_model },	   { "debugfs", test_debugfs },
	{ "table_full", test_table_full }, { "traffic_of_each", test_traffic_of_each },
	{ "neighbour", test_neighbour },   { "small_table", test_small_table },
	{ "threads", test_threads },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
