// SPDX-License-Identifier: MIT
/*
 * Ranks as processes. The parent passes messages between them, as NCCL's bootstrap does;
 * the plugin's own connections go their own way.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define MAX_RANKS   16
#define MAX_MESSAGE 512

/* Between a rank and the parent; to -1 is the rank's result */
struct message {
	int from, to;
	size_t size;
	char data[MAX_MESSAGE];
};

static void post(int fd, int from, int to, const void *data, size_t size)
{
	struct message m = { .from = from, .to = to, .size = size };

	memcpy(m.data, data, size);
	if (write(fd, &m, sizeof(m)) != sizeof(m))
		_exit(3);
}

void world_give(struct world *w, int to, const void *data, size_t size)
{
	post(w->up, w->rank, to, data, size);
}

/* Messages that came before they were asked for */
static struct message waiting[256];
static int n_waiting;

static bool take_waiting(int from, void *data, size_t size)
{
	for (int i = 0; i < n_waiting; i++) {
		if (waiting[i].from != from)
			continue;
		memcpy(data, waiting[i].data, size);
		memmove(&waiting[i], &waiting[i + 1],
			(size_t)(--n_waiting - i) * sizeof(waiting[0]));
		return true;
	}
	return false;
}

static void read_message(struct world *w)
{
	if (n_waiting == 256 ||
	    read(w->up, &waiting[n_waiting], sizeof(waiting[0])) != sizeof(waiting[0]))
		_exit(3);
	n_waiting++;
}

void world_take(struct world *w, int from, void *data, size_t size)
{
	while (!take_waiting(from, data, size))
		read_message(w);
}

bool world_try(struct world *w, int from, void *data, size_t size)
{
	struct pollfd p = { .fd = w->up, .events = POLLIN };

	while (poll(&p, 1, 0) > 0)
		read_message(w);
	return take_waiting(from, data, size);
}

void world_barrier(struct world *w)
{
	char c = 0;

	if (w->rank) {
		world_give(w, 0, &c, 1);
		world_take(w, 0, &c, 1);
		return;
	}
	for (int i = 1; i < w->n; i++)
		world_take(w, i, &c, 1);
	for (int i = 1; i < w->n; i++)
		world_give(w, i, &c, 1);
}

static void rank_main(struct world *w, rank_fn fn, void *arg)
{
	const char *why;
	char text[MAX_MESSAGE];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	why = fn(w, arg);
	snprintf(text, sizeof(text), "%s", why ? why : "");
	post(w->up, w->rank, -1, text, strlen(text) + 1);
	_exit(0);
}

/* Pass messages on until each rank has told its result or is gone. */
static void serve(int *fd, int n, char *first_failure)
{
	struct pollfd polls[MAX_RANKS];
	struct message m;
	int left = n;

	for (int i = 0; i < n; i++)
		polls[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	while (left > 0 && poll(polls, (nfds_t)n, -1) > 0) {
		for (int i = 0; i < n; i++) {
			if (!polls[i].revents)
				continue;
			if (read(fd[i], &m, sizeof(m)) != sizeof(m)) {
				if (!first_failure[0])
					snprintf(first_failure, MAX_MESSAGE, "rank %d died", i);
				polls[i].fd = -1;
				left--;
			} else if (m.to >= 0) {
				if (write(fd[m.to], &m, sizeof(m)) != sizeof(m))
					continue;
			} else {
				m.data[MAX_MESSAGE - 1] = 0;
				if (m.data[0] && !first_failure[0])
					snprintf(first_failure, MAX_MESSAGE, "rank %d: %.400s", i,
						 m.data);
				polls[i].fd = -1;
				left--;
			}
		}
	}
}

const char *world_run(struct plugin *p, int n, rank_fn fn, void *arg)
{
	static char failure[MAX_MESSAGE];
	int fd[MAX_RANKS], ends[2];
	pid_t pid[MAX_RANKS];

	failure[0] = 0;
	if (n > MAX_RANKS)
		return "too many ranks";
	for (int i = 0; i < n; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
			return "no socket for a rank";
		pid[i] = fork();
		if (!pid[i]) {
			struct world w = { .rank = i, .n = n, .up = ends[1], .p = p };

			for (int k = 0; k < i; k++)
				close(fd[k]);
			close(ends[0]);
			rank_main(&w, fn, arg);
		}
		close(ends[1]);
		fd[i] = ends[0];
	}
	serve(fd, n, failure);
	for (int i = 0; i < n; i++) {
		close(fd[i]);
		waitpid(pid[i], NULL, 0);
	}
	return failure[0] ? failure : NULL;
}
