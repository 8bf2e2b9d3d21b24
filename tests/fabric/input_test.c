// SPDX-License-Identifier: MIT
/* Messages out of a stream: however the bytes arrive, each message has its own bytes and its own files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fabric/server/input.h"

#define HEADER ((uint32_t)sizeof(struct srv_header))

struct stream {
	int sock[2]; /* client, server */
	struct srv_in in;
	struct srv_msg msg;
	uint16_t sent;
};

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int setup(void **state)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	assert_non_null(stream);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream->sock), 0);
	srv_in_start(&stream->in, &stream->msg);
	*state = stream;
	return 0;
}

static int teardown(void **state)
{
	struct stream *stream = *state;

	srv_in_clear(&stream->in, &stream->msg);
	close(stream->sock[0]);
	close(stream->sock[1]);
	free(stream);
	return 0;
}

/* Sends len bytes with files by one call. */
static void put(struct stream *stream, const void *data, size_t len, const int *fds, unsigned int n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SRV_MAX_FDS * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (n) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(stream->sock[0], &msg, 0), len);
}

static uint8_t content(uint16_t id, uint32_t at)
{
	return (uint8_t)(id * 31u + at);
}

/* Makes the next message, body bytes long; its length. */
static uint32_t make(struct stream *stream, uint8_t *to, uint32_t body)
{
	struct srv_header header = { .id = stream->sent++, .command = 7, .size = HEADER + body };
	uint32_t i;

	memcpy(to, &header, HEADER);
	for (i = 0; i < body; i++)
		to[HEADER + i] = content(header.id, i);
	return header.size;
}

static void send_one(struct stream *stream, uint32_t body, const int *fds, unsigned int n)
{
	uint8_t *bytes = malloc(HEADER + body);

	assert_non_null(bytes);
	put(stream, bytes, make(stream, bytes, body), fds, n);
	free(bytes);
}

/* Takes what a message that is complete must be. */
static void take(struct stream *stream, uint16_t id, uint32_t body, const int *fds, unsigned int n)
{
	struct srv_msg *msg = &stream->msg;
	struct stat sent, came;
	unsigned int i;

	assert_int_equal(msg->header.id, id);
	assert_int_equal(msg->len, body);
	for (i = 0; i < body; i++)
		assert_int_equal(((const uint8_t *)msg->body)[i], content(id, i));
	assert_int_equal(msg->nfds, n);
	assert_false(stream->in.bad_files);
	for (i = 0; i < n; i++) {
		assert_int_equal(fstat(fds[i], &sent), 0);
		assert_int_equal(fstat(msg->fds[i], &came), 0);
		assert_int_equal(sent.st_ino, came.st_ino);
	}
	srv_in_start(&stream->in, msg);
}

/* A message, in as many turns as needed: 0 ends a turn, and the socket may still be readable. */
static int next(struct stream *stream)
{
	int ret, turns;

	for (turns = 0; turns < 3; turns++) {
		ret = srv_in_receive(&stream->in, stream->sock[1], &stream->msg);
		if (ret)
			break;
	}
	return ret;
}

static void waiting_messages_keep_their_files(void **state)
{
	struct stream *stream = *state;
	int pipes[4];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(pipes + 2), 0);
	send_one(stream, 24, NULL, 0);
	send_one(stream, 32, pipes, 1);
	send_one(stream, 0, NULL, 0);
	send_one(stream, 0, NULL, 0);
	send_one(stream, 20, pipes + 1, 3);
	send_one(stream, 32, pipes, 1);
	send_one(stream, 24, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 0, 24, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 1, 32, pipes, 1);
	assert_int_equal(next(stream), 1);
	take(stream, 2, 0, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 3, 0, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 4, 20, pipes + 1, 3);
	assert_int_equal(next(stream), 1);
	take(stream, 5, 32, pipes, 1);
	assert_int_equal(next(stream), 1);
	take(stream, 6, 24, NULL, 0);
	assert_int_equal(next(stream), 0);
	for (int i = 0; i < 4; i++)
		close(pipes[i]);
}

/* Doorbells that wait together are taken by one read, and an empty socket is not read again in that turn. */
static void one_read_takes_what_waits(void **state)
{
	struct stream *stream = *state;
	uint16_t id;

	for (id = 0; id < 20; id++)
		send_one(stream, 24, NULL, 0);
	for (id = 0; id < 20; id++) {
		assert_int_equal(srv_in_receive(&stream->in, stream->sock[1], &stream->msg), 1);
		take(stream, id, 24, NULL, 0);
		assert_int_equal(srv_in_waiting(&stream->in), id < 19);
	}
	send_one(stream, 24, NULL, 0); /* comes during the turn: left to the next one */
	assert_int_equal(srv_in_receive(&stream->in, stream->sock[1], &stream->msg), 0);
	assert_int_equal(srv_in_receive(&stream->in, stream->sock[1], &stream->msg), 1);
	take(stream, id, 24, NULL, 0);
}

/* What fills the room of a read is not all that waits. */
static void a_full_read_is_followed_by_another(void **state)
{
	struct stream *stream = *state;
	uint16_t id;

	for (id = 0; id <= SRV_AHEAD / 64; id++)
		send_one(stream, 64 - HEADER, NULL, 0);
	for (id = 0; id <= SRV_AHEAD / 64; id++) {
		assert_int_equal(srv_in_receive(&stream->in, stream->sock[1], &stream->msg), 1);
		take(stream, id, 64 - HEADER, NULL, 0);
	}
}

static void messages_in_single_bytes(void **state)
{
	static const uint32_t bodies[] = { 0, 1, 24, 32 };
	struct stream *stream = *state;
	uint8_t bytes[64];
	uint32_t i, at, len;
	int fd = eventfd(0, EFD_CLOEXEC);

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		len = make(stream, bytes, bodies[i]);
		for (at = 0; at + 1 < len; at++) {
			put(stream, bytes + at, 1, &fd, at == 3);
			assert_int_equal(next(stream), 0);
		}
		put(stream, bytes + at, 1, NULL, 0);
		assert_int_equal(next(stream), 1);
		assert_int_equal(stream->msg.nfds, 1);
		srv_msg_close_files(&stream->msg);
		take(stream, (uint16_t)i, bodies[i], NULL, 0);
	}
	close(fd);
}

static void a_long_body_is_read_into_place(void **state)
{
	struct stream *stream = *state;

	send_one(stream, 24, NULL, 0);
	send_one(stream, SRV_AHEAD, NULL, 0);
	send_one(stream, SRV_MAX_BODY, NULL, 0);
	send_one(stream, SRV_AHEAD - HEADER, NULL, 0);
	send_one(stream, 24, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 0, 24, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 1, SRV_AHEAD, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 2, SRV_MAX_BODY, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 3, SRV_AHEAD - HEADER, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 4, 24, NULL, 0);
	assert_int_equal(next(stream), 0);
}

static void an_impossible_size_is_reported(void **state)
{
	static const uint32_t sizes[] = { 0, 15, HEADER + SRV_MAX_BODY + 1, UINT32_MAX };
	struct stream *stream = *state;
	uint32_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct srv_header header = { .size = sizes[i] };

		put(stream, &header, sizeof(header), NULL, 0);
		assert_int_equal(next(stream), 1);
		assert_int_equal(stream->msg.len, 0);
		assert_int_equal(stream->msg.header.size, sizes[i]);
		srv_in_start(&stream->in, &stream->msg);
	}
}

static void files_of_dropped_bytes_are_closed(void **state)
{
	struct stream *stream = *state;
	int fd = eventfd(0, EFD_CLOEXEC), fds[SRV_MAX_FDS];
	unsigned int i, before = open_files();

	for (i = 0; i < SRV_MAX_FDS; i++)
		fds[i] = fd;
	send_one(stream, 24, NULL, 0);
	send_one(stream, 24, fds, SRV_MAX_FDS);
	assert_int_equal(next(stream),
			 1); /* the first; the files of the second are in this process */
	assert_int_equal(open_files(), before + SRV_MAX_FDS);
	srv_in_clear(&stream->in, &stream->msg);
	assert_int_equal(open_files(), before);
	assert_false(srv_in_waiting(&stream->in));
	close(fd);
}

static void the_end_comes_after_the_messages(void **state)
{
	struct stream *stream = *state;

	send_one(stream, 24, NULL, 0);
	send_one(stream, 8, NULL, 0);
	shutdown(stream->sock[0], SHUT_WR);
	assert_int_equal(next(stream), 1);
	take(stream, 0, 24, NULL, 0);
	assert_int_equal(next(stream), 1);
	take(stream, 1, 8, NULL, 0);
	assert_true(next(stream) < 0);
}

/* Not for lack of data: the connection cannot go on. */
static void a_read_that_fails_is_reported(void **state)
{
	struct stream *stream = *state;

	assert_int_equal(srv_in_receive(&stream->in, -1, &stream->msg), -EBADF);
	assert_int_equal(next(stream), 0);
}

/* Messages of random lengths and files, taken at random times. */
static void random_traffic(void **state)
{
	struct stream *stream = *state;
	int fds[3] = { memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC),
		       memfd_create("c", MFD_CLOEXEC) };
	struct {
		uint32_t body;
		unsigned int n;
	} queue[16] = { { 0, 0 } };
	unsigned int put_at = 0, take_at = 0, before = open_files(), round;

	srandom(5);
	for (round = 0; round < 5000; round++) {
		if (put_at - take_at < 16 && random() % 2) {
			queue[put_at % 16].body = (uint32_t)(random() % (random() % 8 ? 64 : 3000));
			queue[put_at % 16].n = random() % 4 ? 0 : (unsigned int)random() % 4;
			send_one(stream, queue[put_at % 16].body, fds, queue[put_at % 16].n);
			put_at++;
		} else if (put_at != take_at) {
			assert_int_equal(next(stream), 1);
			take(stream, (uint16_t)take_at, queue[take_at % 16].body, fds,
			     queue[take_at % 16].n);
			take_at++;
		}
	}
	for (; put_at != take_at; take_at++) {
		assert_int_equal(next(stream), 1);
		take(stream, (uint16_t)take_at, queue[take_at % 16].body, fds,
		     queue[take_at % 16].n);
	}
	assert_int_equal(open_files(), before);
	for (round = 0; round < 3; round++)
		close(fds[round]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_impossible_size_is_reported),	TEST(files_of_dropped_bytes_are_closed),
		TEST(the_end_comes_after_the_messages), TEST(waiting_messages_keep_their_files),
		TEST(one_read_takes_what_waits),	TEST(a_full_read_is_followed_by_another),
		TEST(messages_in_single_bytes),		TEST(a_long_body_is_read_into_place),
		TEST(a_read_that_fails_is_reported),	TEST(random_traffic),
	};

	return cmocka_run_group_tests_name("server input", tests, NULL, NULL);
}
