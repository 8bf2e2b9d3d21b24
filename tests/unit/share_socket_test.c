// SPDX-License-Identifier: MIT
/* The socket of a hand-over while others look at it or want its name: lib/share_socket.c. */
#define _GNU_SOURCE
#include <glob.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/test.h"

/* Who sees the socket can connect to it, however soon. */
static void sockets_listen_when_they_are_seen(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int status, fd, i, connected = 0;
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock",
		 fake_root());
	pid = fork();
	if (!pid) {
		/* Left open, so that none is ever refused for its end. */
		for (i = 0; i < 300; i++) {
			if (tphbuf_share_listen(f->ctx, address.sun_path, 0600,
						&fd))
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
			fail_msg("after %d connections: %s", connected,
				 strerror(errno));
		close(fd);
	} while (!waitpid(pid, &status, WNOHANG));
	assert_int_equal(status, 0);
	assert_true(connected > 0);
}

/* A listener that takes nobody in: whoever else wants its name does not wait. */
static void a_busy_listener_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener, other, waiting[64], n = 0;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock",
		 fake_root());
	assert_int_equal(tphbuf_share_listen(f->ctx, address.sun_path, 0600,
					     &listener), 0);
	do {
		assert_in_range(n, 0, 63);
		waiting[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	} while (!connect(waiting[n++], (struct sockaddr *)&address,
			  sizeof(address)));
	assert_int_equal(errno, EAGAIN);
	alarm(10);
	assert_int_equal(tphbuf_share_listen(f->ctx, address.sun_path, 0600,
					     &other), -EADDRINUSE);
	alarm(0);
	while (n)
		close(waiting[--n]);
	close(listener);
}

#define STARTERS	6

/* Listen when @go ends; say how that went at @said; keep it until @end ends. */
static void starter(struct fixture *f, const char *path, int go, int said,
		    int end)
{
	int fd, ret;
	char byte;

	if (read(go, &byte, 1))
		_exit(1);
	ret = tphbuf_share_listen(f->ctx, path, 0600, &fd);
	if (write(said, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	_exit(read(end, &byte, 1) ? 1 : 0);
}

static void one_round_of_starters(struct fixture *f, const char *path)
{
	int go[2], said[2], end[2], i, fd, ret, status, winners = 0;

	assert_int_equal(pipe(go) | pipe(said) | pipe(end), 0);
	for (i = 0; i < STARTERS; i++) {
		if (fork())
			continue;
		close(go[1]);
		close(end[1]);
		starter(f, path, go[0], said[1], end[0]);
	}
	close(go[1]);
	for (i = 0; i < STARTERS; i++) {
		assert_int_equal(read(said[0], &ret, sizeof(ret)), sizeof(ret));
		if (!ret)
			winners++;
		else
			assert_int_equal(ret, -EADDRINUSE);
	}
	assert_int_equal(winners, 1);
	assert_int_equal(tphbuf_share_connect(f->ctx, path, &fd), 0);
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

/* Of several that start at once on one path, one gets it, and it works. */
static void one_of_many_starters_listens(void **state)
{
	struct fixture *f = *state;
	char path[100], other[110];
	int round;
	glob_t left;

	snprintf(path, sizeof(path), "%s/sock", fake_root());
	snprintf(other, sizeof(other), "%s~*", path);
	for (round = 0; round < 100; round++) {
		/* In every second round the last one's stale socket is there. */
		if (round & 1)
			assert_int_equal(access(path, F_OK), 0);
		else
			unlink(path);
		one_round_of_starters(f, path);
		assert_int_equal(glob(other, 0, NULL, &left), GLOB_NOMATCH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sockets_listen_when_they_are_seen, buffer),
		TEST(a_busy_listener_is_not_waited_for, buffer),
		TEST(one_of_many_starters_listens, buffer),
	};

	return cmocka_run_group_tests_name("share_socket", tests, NULL, NULL);
}
