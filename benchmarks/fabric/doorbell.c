// SPDX-License-Identifier: MIT
/*
 * RDMA WRITEs whose doorbells go through a vfio-user socket, as QEMU sends them: a process writes work requests into
 * shared memory, rings, and polls the completion queue; the fabric is another process. Both run at real-time
 * priority on CPUs of their own (the first two), so that other processes of the machine hardly count; then both on one.
 * Needs root, and two CPUs.
 *
 *	fab_doorbell	microseconds for each message, median of 9 runs: 8 bytes one at a time, and 64 bytes to 1 MiB with
 *			60 outstanding, beside a plain copy of 1 MiB
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fabric/server/conn.h"
#include "fabric/server/proto.h"
#include "tests/fabric/rc_rig.h"
#include "tests/harness/args.h"

#define MAX_SIZE (1u << 20)
#define WINDOW	 60u /* of the send queue's 64 */
#define RUNS	 9
#define UAR	 0x10800u

struct bench {
	struct rig_pair pair;
	struct nic_sge sge;
	struct rig_wr wr;
	int sock;
	pid_t server;
};

struct doorbell {
	struct srv_header header;
	struct srv_region_access access;
	uint32_t data[2];
};

static void die(const char *what)
{
	fprintf(stderr, "fab_doorbell: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The calling process at real-time priority on one CPU */
static void run_on(size_t cpu)
{
	const struct sched_param param = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_FIFO, &param))
		die("CPU or priority");
}

static void closed(void *ctx)
{
	fab_loop_stop(ctx);
}

static void serve(struct bench *bench, int sock, size_t cpu)
{
	struct fab_loop *loop = bench->pair.rig.fabric->loop;
	struct srv_conn *conn;

	run_on(cpu);
	if (srv_conn_new(&bench->pair.rig.nic[0]->dev, sock, closed, loop, &conn))
		die("connection");
	fab_loop_run(loop);
	_exit(0);
}

static void agree_on_version(struct bench *bench)
{
	struct {
		struct srv_header header;
		struct srv_version version;
	} ask = { .header = { .command = SRV_VERSION, .size = sizeof(ask) } };
	char answer[512];

	if (send(bench->sock, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask) ||
	    recv(bench->sock, answer, sizeof(answer), 0) <= 0)
		die("VERSION");
}

static void bench_open(struct bench *bench, size_t server_cpu)
{
	struct rig *rig = &bench->pair.rig;
	uint64_t source, target;
	int sock[2];

	rig_pair_open(&bench->pair, false);
	source = rig_alloc(rig, MAX_SIZE);
	target = rig_alloc(rig, MAX_SIZE);
	rig_fill(rig, source, MAX_SIZE, 1);
	bench->sge = (struct nic_sge){ .addr = RIG_VA + source,
				       .lkey = rig_key(rig->nic[0], bench->pair.pd[0],
						       NIC_LOCAL_READ, source, MAX_SIZE) };
	bench->wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
				     .sge = &bench->sge,
				     .nsge = 1,
				     .remote_va = RIG_VA + target,
				     .rkey = rig_key(rig->nic[1], bench->pair.pd[1],
						     NIC_REMOTE_WRITE, target, MAX_SIZE) };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock))
		die("socketpair");
	bench->sock = sock[0];
	bench->server = fork();
	if (bench->server < 0)
		die("fork");
	if (!bench->server) {
		close(sock[0]);
		serve(bench, sock[1], server_cpu);
	}
	close(sock[1]);
	agree_on_version(bench);
}

static void bench_close(struct bench *bench)
{
	close(bench->sock);
	waitpid(bench->server, NULL, 0);
	rig_pair_close(&bench->pair);
}

static void post(struct bench *bench)
{
	struct rig_qp *qp = &bench->pair.qp[0];
	struct doorbell doorbell = {
		.header = { .command = SRV_REGION_WRITE,
			    .size = sizeof(doorbell),
			    .flags = SRV_NO_REPLY },
		.access = { .offset = UAR, .count = sizeof(doorbell.data) },
		.data = { 0, htobe32(qp->qp->number << 8) },
	};
	uint32_t index;

	rig_post_quiet(qp, &bench->wr);
	index = htobe32(qp->sq_pi);
	memcpy((uint8_t *)rig_at(qp->rig, qp->dbr) + 4, &index, sizeof(index));
	if (send(bench->sock, &doorbell, sizeof(doorbell), 0) != (ssize_t)sizeof(doorbell))
		die("doorbell");
}

static double run(struct bench *bench, uint32_t bytes, uint32_t count, uint32_t window)
{
	uint32_t posted = 0, done = 0;
	double start = now_us();
	struct mlx5_cqe64 cqe;

	bench->sge.len = bytes;
	while (done < count) {
		while (posted < count && posted - done < window) {
			post(bench);
			posted++;
		}
		while (!rig_cq_poll(&bench->pair.cq[0], &cqe))
			;
		if (rig_cqe_opcode(&cqe) != MLX5_CQE_REQ)
			die("a completion with an error");
		done++;
	}
	return (now_us() - start) / count;
}

static double copy(struct bench *bench)
{
	uint8_t *from = rig_at(&bench->pair.rig, bench->sge.addr - RIG_VA);
	uint8_t *to = rig_at(&bench->pair.rig, bench->wr.remote_va - RIG_VA);
	double start = now_us();

	for (int i = 0; i < 300; i++) {
		memcpy(to, from, MAX_SIZE);
		__asm__ volatile("" : : "r"(to), "r"(from) : "memory");
	}
	return (now_us() - start) / 300;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(struct bench *bench, const char *cpus, uint32_t bytes, uint32_t count,
		   uint32_t window)
{
	double us[RUNS];

	for (int i = 0; i < RUNS; i++)
		us[i] = run(bench, bytes, count, window);
	qsort(us, RUNS, sizeof(us[0]), by_value);
	printf("%s: %7u bytes, %2u outstanding: %8.2f us\n", cpus, bytes, window, us[RUNS / 2]);
}

static void measure(const char *cpus, size_t client_cpu, size_t server_cpu)
{
	struct bench bench;
	double us[RUNS];

	bench_open(&bench, server_cpu);
	/* On one CPU the waiting side must let the server run: without priority. */
	if (client_cpu != server_cpu)
		run_on(client_cpu);
	report(&bench, cpus, 8, 3000, 1);
	report(&bench, cpus, 64, 3000, WINDOW);
	report(&bench, cpus, 4096, 3000, WINDOW);
	report(&bench, cpus, 65536, 1000, WINDOW);
	report(&bench, cpus, MAX_SIZE, 200, WINDOW);
	for (int i = 0; i < RUNS; i++)
		us[i] = copy(&bench);
	qsort(us, RUNS, sizeof(us[0]), by_value);
	printf("%s: %7u bytes, memcpy:         %8.2f us\n", cpus, MAX_SIZE, us[RUNS / 2]);
	bench_close(&bench);
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	pid_t pid;

	(void)argv;
	args_count(argc, 0, 0, "");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fputs("fab_doorbell: needs two CPUs\n", stderr);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	pid = fork(); /* priority and CPU end with this process */
	if (!pid) {
		measure("two CPUs", 0, 1);
		exit(0);
	}
	waitpid(pid, NULL, 0);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU");
	measure("one CPU", 0, 0);
	return 0;
}
