// SPDX-License-Identifier: MIT
/*
 * mr_scale BDF NIC PEER ext|8bit COUNT [PROCESSES]: what one more tagged MR costs while COUNT are registered. The MRs are
 * of 48 buffers in the BAR with 48 distinct tags, as many as a NIC's table holds for dma-bufs. With PROCESSES each of
 * them registers COUNT MRs of its own, one process after the other, and keeps them.
 *
 * Prints lines "WHAT first|last US", while there are 100 to 200 and while there are COUNT: create (a registration for
 * which the driver makes a memory key), register and deregister (with keys of the driver's pool), empty (a deregistration
 * into a pool that holds no key), fault (a page fault that maps an MR again after the BAR was off) and show (a dump of all MRs by netlink, a share for each). All are CPU time of
 * the thread, for a fault also that of the kernel's workers: run with a clock that counts instructions
 * (benchmarks/guest/scale.sh). "curve WHAT LIVE US" is the mean of the last 250 registrations or deregistrations, and a
 * share of a dump. "memory KIB" is kernel memory for each MR. Every tag must be applied, and be on the wire.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/micro/clock.h"
#include "tests/guest/bar_rig.h"
#include "tests/guest/nldev.h"
#include "tests/harness/args.h"

#define BUFFERS	   48u
#define BUFFER_LEN 0x10000u
#define WINDOW	   100u
#define FAULTS	   50u
#define DUMPS	   6
#define STEP	   250u /* MRs for one point of a curve */

struct scale {
	struct rig rig;
	const char *nic;
	struct tphbuf_buffer *buf[BUFFERS];
	struct ibv_mr **mr;
	unsigned int count;
};

static unsigned int tag_number(const struct scale *scale, unsigned int buffer)
{
	return (scale->rig.ext ? 0x1000 : 0x40) + buffer;
}

static void export_buffers(struct scale *scale)
{
	for (unsigned int i = 0; i < BUFFERS; i++) {
		const struct tphbuf_range range = { (uint64_t)i * BUFFER_LEN, BUFFER_LEN };
		struct tphbuf_export_opts opts = { .size = sizeof(opts) };
		struct tphbuf_tag tag;
		char text[64];

		snprintf(text, sizeof(text), scale->rig.ext ? "xst=%u,ph=1" : "st=%u,ph=1",
			 tag_number(scale, i));
		tag = tag_of(text);
		opts.tag = &tag;
		ok(&scale->rig,
		   tphbuf_buffer_export(scale->rig.dev, 2, &range, 1, &opts, &scale->buf[i]),
		   "export");
	}
}

static struct ibv_mr *reg(struct ibv_pd *pd, const struct scale *scale, unsigned int i)
{
	struct ibv_mr *mr = ibv_reg_dmabuf_mr(pd, 0, BUFFER_LEN, 0,
					      tphbuf_buffer_fd(scale->buf[i % BUFFERS]), REMOTE);

	require(mr, "MR %u: %m", i);
	return mr;
}

static void write_to(struct scale *scale, unsigned int i)
{
	transfer_to(&scale->rig, 0, scale->mr[i]->rkey, IBV_WR_RDMA_WRITE, 64);
	poll_ok(&scale->rig.host_side, IBV_WC_RDMA_WRITE);
}

/* CPU time of the kernel's workers, which serve page faults */
static double workers_us(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	double sum = 0;

	require(proc, "/proc: %m");
	while ((entry = readdir(proc))) {
		char path[300], name[32] = "";
		clockid_t clock;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = atoi(entry->d_name) ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "kworker", 7) &&
		    !clock_getcpuclockid(atoi(entry->d_name), &clock))
			sum += clock_us(clock);
		fclose(file);
	}
	closedir(proc);
	return sum;
}

/* CPU time of a dump, a share for each MR */
static double dump_us(struct scale *scale, unsigned int live)
{
	double start = thread_us(), us;
	struct nldev_mr found = nldev_mr(scale->nic, BUFFER_LEN);

	us = (thread_us() - start) / live;
	require(found.found == live && found.state == IB_UVERBS_MR_TPH_APPLIED,
		"netlink reports %u MRs of %u, state %u", found.found, live, found.state);
	return us;
}

static void measure_dumps(struct scale *scale, const char *when, unsigned int live)
{
	for (int i = 0; i < DUMPS; i++)
		printf("show %s %.3f\n", when, dump_us(scale, live));
}

/* One more time for the curve of what; *sum is that of the times since its last point. */
static void curve(const char *what, unsigned int live, double us, double *sum)
{
	*sum += us;
	if (live % STEP)
		return;
	printf("curve %s %u %.3f\n", what, live, *sum / STEP);
	*sum = 0;
}

/* All MRs lose their mapping; a few are used again. */
static void measure_faults(struct scale *scale, const char *when, unsigned int live)
{
	double start = thread_us();

	ok(&scale->rig, tphbuf_device_memory(scale->rig.dev, false), "memory off");
	ok(&scale->rig, tphbuf_device_memory(scale->rig.dev, true), "memory on");
	printf("revoke %s %.3f\n", when, (thread_us() - start) / live);
	for (unsigned int i = 0; i < FAULTS; i++) {
		start = workers_us();
		write_to(scale, i);
		printf("fault %s %.2f\n", when, workers_us() - start);
	}
}

static double dereg_us(struct scale *scale, unsigned int i)
{
	double start = thread_us(), us;
	int ret = ibv_dereg_mr(scale->mr[i]);

	us = thread_us() - start;
	require(!ret, "deregistration of MR %u: %s", i, strerror(ret));
	return us;
}

/*
 * Each buffer has a pool, which holds no key while all MRs are registered for the first time: the first deregistration
 * allocates a page for keys and starts the pool's aging. The MRs are registered again.
 */
static void measure_empty_pools(struct scale *scale, const char *when, unsigned int live)
{
	for (unsigned int i = live - BUFFERS; i < live; i++)
		printf("empty %s %.2f\n", when, dereg_us(scale, i));
	for (unsigned int i = live - BUFFERS; i < live; i++)
		scale->mr[i] = reg(scale->rig.bar_port.pd, scale, i);
}

/* what: how the times are called in the output */
static void register_all(struct scale *scale, const char *what, bool others)
{
	double sum = 0;

	for (unsigned int i = 0; i < scale->count; i++) {
		double start = thread_us(), us;

		scale->mr[i] = reg(scale->rig.bar_port.pd, scale, i);
		us = thread_us() - start;
		curve(what, i + 1, us, &sum);
		if (others && (i + 1) % (8 * STEP) == 0)
			printf("curve show %u %.3f\n", i + 1, dump_us(scale, i + 1));
		if (i >= WINDOW && i < 2 * WINDOW)
			printf("%s first %.2f\n", what, us);
		else if (i >= scale->count - WINDOW)
			printf("%s last %.2f\n", what, us);
		if (others && i + 1 == WINDOW) {
			measure_dumps(scale, "first", WINDOW);
			measure_faults(scale, "first", WINDOW);
		}
		if (!others && i + 1 == 2 * WINDOW)
			measure_empty_pools(scale, "first", i + 1);
	}
}

/* The first one of each buffer is into a pool without keys and belongs to no window. */
static void deregister_all(struct scale *scale, bool print)
{
	unsigned int last = scale->count - BUFFERS;
	double sum = 0;

	for (unsigned int i = scale->count; i--;) {
		double us = dereg_us(scale, i);

		if (print)
			curve("deregister", i, us, &sum);
		if (print && i >= last - WINDOW && i < last)
			printf("deregister last %.2f\n", us);
		else if (print && i >= WINDOW && i < 2 * WINDOW)
			printf("deregister first %.2f\n", us);
	}
}

/* A write by one MR of each buffer: 48 rows in the tally, each with its tag. */
static void check_wire(struct scale *scale)
{
	struct tally tally;
	bool seen[BUFFERS] = { false };

	tally_clear(scale->rig.dev);
	for (unsigned int i = 0; i < BUFFERS; i++)
		write_to(scale, scale->count - BUFFERS + i);
	tally_read(scale->rig.dev, &tally);
	require(tally.nrows == BUFFERS && tally.writes == tally.writes_tagged,
		"%u rows, %llu of %llu writes with a hint", tally.nrows,
		(unsigned long long)tally.writes_tagged, (unsigned long long)tally.writes);
	for (unsigned int i = 0; i < tally.nrows; i++) {
		unsigned int buffer = tally.row[i].st - tag_number(scale, 0);

		require(buffer < BUFFERS && !seen[buffer] && tally.row[i].ph == 1,
			"a write with the tag 0x%x", tally.row[i].st);
		seen[buffer] = true;
	}
	printf("tags %u\n", tally.nrows);
}

/* Memory that the kernel holds, KiB: slabs, and pages that belong to no file and no process. */
static long kernel_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	long total = 0, value;
	char line[128], name[64];

	require(file, "/proc/meminfo: %m");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %ld", name, &value) != 2)
			continue;
		if (!strcmp(name, "MemTotal"))
			total += value;
		if (!strcmp(name, "MemFree") || !strcmp(name, "Buffers") ||
		    !strcmp(name, "Cached") || !strcmp(name, "AnonPages"))
			total -= value;
	}
	fclose(file);
	return total;
}

static void one_process(struct scale *scale)
{
	long before = kernel_kib();

	register_all(scale, "create", false);
	printf("memory %.3f\n", (double)(kernel_kib() - before) / scale->count);
	check_wire(scale);
	measure_empty_pools(scale, "last", scale->count);
	deregister_all(scale, false);
	register_all(scale, "register", true);
	measure_dumps(scale, "last", scale->count);
	measure_faults(scale, "last", scale->count);
	deregister_all(scale, true);
}

/* Registers, tells the parent, and keeps the MRs until the parent ends. */
static void child(struct scale *scale, const char *when, int ready, int end)
{
	struct port port;
	char byte = 0;

	port_open(&port, scale->nic);
	for (unsigned int i = 0; i < scale->count; i++) {
		double start = thread_us();

		reg(port.pd, scale, i);
		if (when && i)
			printf("process %s %.2f\n", when, thread_us() - start);
	}
	fflush(stdout);
	require(write(ready, &byte, 1) == 1, "pipe: %m");
	require(read(end, &byte, 1) >= 0, "pipe: %m");
	exit(0);
}

static void many_processes(struct scale *scale, unsigned int processes)
{
	int ready[2], end[2], status;
	long before = kernel_kib();
	char byte;

	require(!pipe(ready) && !pipe(end), "pipe: %m");
	for (unsigned int i = 0; i < processes; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		require(pid >= 0, "fork: %m");
		if (!pid) {
			close(end[1]);
			close(ready[0]);
			child(scale,
			      i == 1		 ? "first" :
			      i == processes - 1 ? "last" :
						   NULL,
			      ready[1], end[0]);
		}
		if (!i)
			before = kernel_kib();
		require(read(ready[0], &byte, 1) == 1, "process %u failed", i);
	}
	printf("process.memory %.3f\n",
	       (double)(kernel_kib() - before) / (scale->count * processes));
	close(end[1]);
	while (wait(&status) > 0)
		require(!status, "a process ended with %d", status);
}

int main(int argc, char **argv)
{
	struct scale scale = { .count = 0 };
	unsigned int processes = 0;
	bool ext;

	args_count(argc, 5, 6, "BDF NIC PEER ext|8bit COUNT [PROCESSES]");
	scale.nic = argv[2];
	ext = !args_word("WIDTH", argv[4], "ext|8bit");
	scale.count =
		(unsigned int)args_number("COUNT", argv[5], argc == 7 ? 1 : 3 * WINDOW, 1000000);
	if (argc == 7)
		processes = (unsigned int)args_number("PROCESSES", argv[6], 2, 10000);
	rig_open(&scale.rig, argv[1], argv[2], argv[3]);
	scale.rig.ext = ext;
	scale.mr = calloc(scale.count, sizeof(*scale.mr));
	require(scale.mr, "out of memory");
	export_buffers(&scale);
	if (processes)
		many_processes(&scale, processes);
	else
		one_process(&scale);
	for (unsigned int i = 0; i < BUFFERS; i++)
		tphbuf_buffer_close(scale.buf[i]);
	free(scale.mr);
	rig_close(&scale.rig);
	return 0;
}
