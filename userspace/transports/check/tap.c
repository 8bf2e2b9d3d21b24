// SPDX-License-Identifier: MIT
/* Each point in a process of its own, with a deadline; what a process has open. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

bool check_verbose;
int check_deadline_s = 30; /* on a loaded machine calls are slow */
int check_memory = NCCL_PTR_HOST;

const char *reason(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return text ? text : "no memory for the reason";
}

void check_log(enum nccl_log_level level, unsigned long flags, const char *file, int line,
	       const char *fmt, ...)
{
	char text[600];
	va_list ap;

	(void)flags;
	(void)file;
	(void)line;
	if (!check_verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "# %s %s\n", level == NCCL_LOG_WARN ? "WARN" : "INFO", text);
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = -2; /* . and .. */

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

int fds_open(void)
{
	return entries("/proc/self/fd");
}

int threads_running(void)
{
	return entries("/proc/self/task");
}

static void child(point_fn run, struct plugin *p, int fd)
{
	const char *why = plugin_load(p, p->name, p->as);
	size_t n;

	if (!why)
		why = run(p);
	n = why ? strlen(why) : 0;

	if (n && write(fd, why, n) < 0)
		_exit(3);
	_exit(0);
}

/* Read the reason until the process ends or the time is up. */
static bool hear(int fd, char *text, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t got = 0;
	ssize_t n;

	while (poll(&pfd, 1, check_deadline_s * 1000) > 0) {
		n = read(fd, text + got, size - 1 - got);
		if (n <= 0) {
			text[got] = 0;
			return true;
		}
		got += (size_t)n;
	}
	return false;
}

const char *run_apart(point_fn run, struct plugin *p)
{
	static char text[1024];
	int ends[2], status;
	pid_t pid;

	text[0] = 0;
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC))
		return "no pipe";
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		child(run, p, ends[1]);
	}
	setpgid(pid, pid);
	close(ends[1]);
	if (!hear(ends[0], text, sizeof(text))) {
		snprintf(text, sizeof(text), "no end within %d s: a call hangs or blocks",
			 check_deadline_s);
		kill(-pid, SIGKILL);
	}
	close(ends[0]);
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (!text[0] && WIFSIGNALED(status))
		snprintf(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
	else if (!text[0] && WEXITSTATUS(status))
		snprintf(text, sizeof(text), "ended with status %d", WEXITSTATUS(status));
	return text[0] ? text : NULL;
}
