// SPDX-License-Identifier: MIT
/*
 * tphbuf-fabric: PCIe functions for QEMU, on sockets.
 *
 * Exit status: 0; 1 for a failure; 2 for an invalid command line.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fabric/server/server.h"
#include "version.h"

static void log_line(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "tphbuf-fabric: %s\n", text);
}

static void stop(void *ctx)
{
	fab_loop_stop(ctx);
}

/* SIGTERM and SIGINT become events, so that the loop ends between two events. */
static int watch_signals(struct fab_loop *loop)
{
	sigset_t set;
	int fd, ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	ret = fab_loop_add_fd(loop, fd, stop, loop);
	if (ret)
		close(fd);
	return ret ? ret : fd;
}

/* The lowest real-time priority. The loop sleeps when it is idle, so other processes get CPU time. */
static int run_first(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) ? -errno : 0;
}

static int serve(const struct srv_opts *opts)
{
	char error[512] = "";
	struct srv *srv;
	int signals, ret;

	if (opts->realtime) {
		ret = run_first();
		if (ret) {
			fprintf(stderr, "tphbuf-fabric: --realtime: %s\n", strerror(-ret));
			return ret;
		}
	}
	ret = srv_new(opts, log_line, NULL, &srv, error, sizeof(error));
	if (ret) {
		log_line(NULL, error);
		return ret;
	}
	signals = watch_signals(srv->fabric->loop);
	if (signals < 0) {
		ret = signals;
		log_line(NULL, strerror(-ret));
		goto out;
	}
	fab_loop_move(srv->fabric->loop, opts->realtime);
	puts("ready");
	fflush(stdout);
	fab_loop_run(srv->fabric->loop);
	fab_loop_del_fd(srv->fabric->loop, signals);
	close(signals);
	ret = srv_save_report(srv);
	if (ret)
		fprintf(stderr, "tphbuf-fabric: %s: %s\n", opts->report, strerror(-ret));
out:
	srv_free(srv);
	return ret;
}

int main(int argc, char **argv)
{
	struct srv_opts opts;
	char error[512] = "";

	if (srv_options_parse(&opts, argc, argv, error, sizeof(error))) {
		fprintf(stderr, "tphbuf-fabric: %s; --help lists the options and their values\n",
			error);
		return 2;
	}
	if (opts.help) {
		fputs(srv_options_help, stdout);
		return 0;
	}
	if (opts.version) {
		puts("tphbuf-fabric " PROGRAM_VERSION);
		return 0;
	}
	return serve(&opts) ? 1 : 0;
}
