// SPDX-License-Identifier: MIT
/* Sockets of hand-overs: cli/listen.c, also with other processes that bind the same name. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/listen.h"
#include "tests/unit/test.h"

/* A socket accepts connections from the moment that its name exists. */
static void visible_socket_accepts_connections(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int status, fd, i, connected = 0;
	pid_t pid;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", fake_root());
	pid = fork();
	if (!pid) {
		/* The listeners stay open, so that no connection is refused. */
		for (i = 0; i < 300; i++) {
			if (listen_open(address.sun_path, 0600, &fd))
				_exit(1);
			usleep(200);
			unlink(address.sun_path);
		}
		_exit(0);
	}
	do {
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			connected++;
		else if (errno != ENOENT && errno != EAGAIN)
			fail_msg("after %d connections: %s", connected, strerror(errno));
		close(fd);
	} while (!waitpid(pid, &status, WNOHANG));
	assert_int_equal(status, 0);
	assert_true(connected > 0);
}

/* The listener accepts no connection: a second process that binds its name does not wait. */
static void a_busy_listener_is_not_waited_for(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener, other, waiting[64], n = 0;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", fake_root());
	assert_int_equal(listen_open(address.sun_path, 0600, &listener), 0);
	do {
		assert_in_range(n, 0, 63);
		waiting[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	} while (!connect(waiting[n++], (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(errno, EAGAIN);
	alarm(10);
	assert_int_equal(listen_open(address.sun_path, 0600, &other), -EADDRINUSE);
	alarm(0);
	while (n)
		close(waiting[--n]);
	close(listener);
}

#define STARTERS 6

struct said {
	int ret;
	pid_t pid;
};

/* Listen once @go is closed; write the result to @said; keep the socket until @end is closed. */
static void starter(const char *path, int go, int said, int end)
{
	struct said what = { .pid = getpid() };
	char byte;
	int fd;

	srand((unsigned int)getpid());
	if (read(go, &byte, 1))
		_exit(1);
	what.ret = listen_open(path, 0600, &fd);
	if (write(said, &what, sizeof(what)) != sizeof(what))
		_exit(1);
	_exit(read(end, &byte, 1) ? 1 : 0);
}

static void one_round_of_starters(const char *path)
{
	int go[2], said[2], end[2], i, fd, status, winners = 0;
	struct said what, winner = { 0 };
	struct ucred peer;
	socklen_t size = sizeof(peer);

	assert_int_equal(pipe(go) | pipe(said) | pipe(end), 0);
	for (i = 0; i < STARTERS; i++) {
		if (fork())
			continue;
		close(go[1]);
		close(end[1]);
		starter(path, go[0], said[1], end[0]);
	}
	close(go[1]);
	for (i = 0; i < STARTERS; i++) {
		assert_int_equal(read(said[0], &what, sizeof(what)), sizeof(what));
		if (what.ret) {
			assert_int_equal(what.ret, -EADDRINUSE);
			continue;
		}
		winners++;
		winner = what;
	}
	assert_int_equal(winners, 1);
	/* A client connects to that listener. */
	assert_int_equal(listen_connect(path, 10000, &fd), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	assert_int_equal(peer.pid, winner.pid);
	close(fd);
	close(end[1]);
	for (i = 0; i < STARTERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	close(go[0]);
	close(said[0]);
	close(said[1]);
	close(end[0]);
}

/* Of several processes that start at once on one path, one gets the name, and its socket works. */
static void one_of_many_starters_listens(void **state)
{
	char path[100], other[110];
	int round;
	glob_t left;

	(void)state;
	snprintf(path, sizeof(path), "%s/sock", fake_root());
	snprintf(other, sizeof(other), "%s~*", path);
	/* Each process checks the stale socket before another has replaced it. */
	fake.rename_delay_us = 3000;
	for (round = 0; round < 100; round++) {
		/* In every second round the stale socket of the previous one exists. */
		if (round & 1)
			assert_int_equal(access(path, F_OK), 0);
		else
			unlink(path);
		one_round_of_starters(path);
		assert_int_equal(glob(other, 0, NULL, &left), GLOB_NOMATCH);
	}
}

static void leave_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

/* A process died before its socket had its final name: the remains are removed. */
static void leftovers_of_a_dead_starter_are_removed(void **state)
{
	char path[90], other[100];
	glob_t left;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/sock", fake_root());
	snprintf(other, sizeof(other), "%s~new", path);
	leave_socket(other);
	fake_text("sock~lock", "");
	assert_int_equal(listen_open(path, 0600, &fd), 0);
	close(fd);
	snprintf(other, sizeof(other), "%s~*", path);
	assert_int_equal(glob(other, 0, NULL, &left), GLOB_NOMATCH);
	/* A file that is not a socket is kept. */
	fake_text("sock~new", "precious");
	assert_int_equal(listen_open(path, 0600, &fd), -EADDRINUSE);
	assert_int_equal(access(fake_path("sock~new"), F_OK), 0);
	unlink(fake_path("sock~new"));
	/* A symbolic link is not followed. */
	fake_link("sock~lock", "elsewhere");
	assert_int_equal(listen_open(path, 0600, &fd), -ELOOP);
	assert_int_not_equal(access(fake_path("elsewhere"), F_OK), 0);
}

/* The wait for another starting process is limited. */
static void a_slow_starter_is_waited_for(void **state)
{
	char path[100];
	int fd, lock;

	(void)state;
	snprintf(path, sizeof(path), "%s/sock", fake_root());
	fake_text("sock~lock", "");
	lock = open(fake_path("sock~lock"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	alarm(20);
	assert_int_equal(listen_open(path, 0600, &fd), -EBUSY);
	assert_non_null(strstr(tphbuf_explain(TPHBUF_STAGE_SHARE, EBUSY), "~lock"));
	alarm(0);
	assert_int_not_equal(access(path, F_OK), 0);
	if (!fork()) {
		usleep(100000);
		unlink(fake_path("sock~lock"));
		flock(lock, LOCK_UN);
		_exit(0);
	}
	assert_int_equal(listen_open(path, 0600, &fd), 0);
	assert_true(wait(NULL) > 0);
	close(fd);
	close(lock);
}

/* CONFIG_FILE_LOCKING=n */
static void a_kernel_without_locks_will_do(void **state)
{
	char path[100];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/sock", fake_root());
	fake_fail_call("flock", ENOSYS);
	assert_int_equal(listen_open(path, 0600, &fd), 0);
	close(fd);
	fake_fail_call("flock", ENOLCK);
	assert_int_equal(listen_open(path, 0600, &fd), -ENOLCK);
	fake_fail_call(NULL, 0);
	unlink(path);
}

/* The backlog is full: the wait of a client is limited. */
static void listener_that_never_accepts_times_out(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval t = { 1, 1 };
	socklen_t size = sizeof(t);
	int listener, fd, waiting[64], n = 0;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", fake_root());
	assert_int_equal(listen_open(address.sun_path, 0600, &listener), 0);
	/* A connected socket has no send timeout. */
	assert_int_equal(listen_connect(address.sun_path, 10000, &fd), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, &size), 0);
	assert_int_equal(t.tv_sec | t.tv_usec, 0);
	close(fd);
	do {
		assert_in_range(n, 0, 63);
		waiting[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	} while (!connect(waiting[n++], (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(listen_connect(address.sun_path, 50, &fd), -ETIMEDOUT);
	interrupt_every(5000);
	assert_int_equal(listen_connect(address.sun_path, 50, &fd), -ETIMEDOUT);
	interrupt_every(0);
	while (n)
		close(waiting[--n]);
	close(listener);
}

static int op_connect(struct fixture *f)
{
	char path[100];
	int listener, a = -1, b = -1, ret;

	(void)f;
	snprintf(path, sizeof(path), "%s/sock", fake_root());
	ret = listen_open(path, 0600, &listener);
	if (ret)
		return ret;
	ret = listen_connect(path, 1000, &a);
	if (!ret)
		ret = listen_accept(listener, 1000, &b);
	close(a);
	close(b);
	close(listener);
	unlink(path);
	return ret;
}

static void sockets_by_path(void **state)
{
	char path[200], text[4096];
	int listener, other, a, b;
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/sock", fake_root());
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(listen_open(text, 0600, &a), -ENAMETOOLONG);
	assert_int_equal(listen_connect(text, 10, &a), -ENAMETOOLONG);
	/* It fits, the name that it has before it listens does not. */
	snprintf(text, sizeof(text), "%s/%0*d", fake_root(),
		 (int)(sizeof(((struct sockaddr_un *)NULL)->sun_path) - 2 - strlen(fake_root())), 0);
	assert_int_equal(listen_open(text, 0600, &a), -ENAMETOOLONG);
	assert_int_equal(listen_connect(text, 10, &a), -ENOENT);
	strcat(text, "0");
	assert_int_equal(listen_connect(text, 10, &a), -ENAMETOOLONG);
	assert_int_equal(listen_connect(path, 10, &a), -ENOENT);
	assert_int_equal(listen_accept(999, 1, &a), -EBADF);

	assert_int_equal(listen_open(path, 0640, &listener), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* A process listens there. */
	assert_int_equal(listen_open(path, 0600, &other), -EADDRINUSE);
	assert_int_equal(listen_connect(path, 1000, &a), 0);
	/* The first connection is the probe of the attempt to listen. */
	assert_int_equal(listen_accept(listener, 1000, &b), 0);
	close(b);
	assert_int_equal(listen_accept(listener, 1000, &b), 0);
	assert_int_equal(write(b, "x", 1), 1);
	assert_int_equal(read(a, text, sizeof(text)), 1);
	close(a);
	close(b);
	assert_int_equal(listen_accept(listener, 20, &b), -ETIMEDOUT);
	close(listener);
	assert_int_equal(listen_connect(path, 10, &a), -ECONNREFUSED);
	/* A stale socket is replaced, a file is not. */
	assert_int_equal(listen_open(path, 0600, &listener), 0);
	close(listener);
	unlink(path);
	fake_text("sock", "precious");
	assert_int_equal(listen_open(path, 0600, &a), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, strlen("precious"));
}

static void no_failing_call_leaves_a_descriptor(void **state)
{
	struct fixture *f = *state;
	unsigned int n, fds = fake_count_fds();
	bool hit = true;

	for (n = 1; hit; n++) {
		assert_true(n < MAX_FAULTS);
		fault_arm(n);
		op_connect(f);
		hit = fault_disarm();
		assert_int_equal(fake_count_fds(), fds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sockets_by_path, ctx),
		TEST(no_failing_call_leaves_a_descriptor, ctx),
		TEST(visible_socket_accepts_connections, ctx),
		TEST(a_busy_listener_is_not_waited_for, ctx),
		TEST(one_of_many_starters_listens, ctx),
		TEST(leftovers_of_a_dead_starter_are_removed, ctx),
		TEST(a_slow_starter_is_waited_for, ctx),
		TEST(a_kernel_without_locks_will_do, ctx),
		TEST(listener_that_never_accepts_times_out, ctx),
	};

	return cmocka_run_group_tests_name("cli_listen", tests, NULL, NULL);
}
