// SPDX-License-Identifier: MIT
/*
 * tphbuf serve and attach: the command on one side of the socket, this
 * process on the other.
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/mock/verbs.h"
#include "cli/listen.h"
#include "tests/unit/cli_run.h"

#define SERVE "serve 03:00.0 --bar 2 --length 64K"

static const char *socket_path(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s", fake_path("s"));
	return path;
}

/* "COMMAND --socket PATH" or "COMMAND PATH". */
static const char *with_socket(const char *line, const char *option)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s %s%s", line, option, socket_path());
	return text;
}

static void usage_errors_are_2(void **state)
{
	static const char *const lines[][2] = {
		{ "serve", "no device" },
		{ "serve 03:00.0", "--bar is missing" },
		{ SERVE, "--socket is missing; give --socket PATH" },
		{ SERVE " --socket", "--socket needs a value" },
		{ SERVE " --socket /tmp/s --mode 888", "permission bits" },
		{ SERVE " --socket /tmp/s --mode 4755", "permission bits" },
		{ SERVE " --socket /tmp/s --mode rw", "permission bits" },
		{ SERVE " --socket /tmp/s --count x", "must be between 1 and 1000000" },
		{ SERVE " --socket /tmp/s --count 1000001", "between 1 and 1000000" },
		{ SERVE " --socket /tmp/s --count 0", "between 1 and 1000000" },
		{ SERVE " --socket=", "must not be empty" },
		{ SERVE " --socket /tmp/s --label bad\tlabel", "at most 39 characters" },
		{ SERVE " --socket /tmp/s --count 1 --label "
			"0123456789012345678901234567890123456789",
		  "at most 39 characters" },
		{ SERVE " --socket /tmp/s --exec true", "is not an option" },
		{ SERVE " --socket /tmp/s extra", "unexpected argument" },
		{ SERVE " --socket /tmp/s --tag st=256", "8 bits" },
		{ "attach", "no socket" },
		{ "attach a b", "unexpected argument" },
		{ "attach a --require", "give --ibdev" },
		{ "attach a --iova 4096", "give --ibdev" },
		{ "attach a --ibdev mlx5_0 --exec true", "exclude each other" },
		{ "attach a --hold --exec true", "exclude each other" },
		{ "attach a --timeout 86401", "between 1 and 86400" },
		{ "attach a --timeout 0", "between 1 and 86400" },
		{ "attach a --bar 2", "--bar is not an option" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(lines); i++)
		assert_run(lines[i][0], 2, "", lines[i][1]);
}

static void help_shows_an_example(void **state)
{
	(void)state;
	assert_run("serve --help", 0, "example: tphbuf serve", "");
	assert_run("attach --help", 0, "example: tphbuf attach", "");
}

static void failures_are_1(void **state)
{
	char line[1024];

	(void)state;
	assert_run("attach /nonexistent/s", 1, "", "share failed");
	fake_text("file", "");
	snprintf(line, sizeof(line), "attach %s", fake_path("file"));
	assert_run(line, 1, "", "share failed");
	assert_run(SERVE " --socket /nonexistent/s", 1, "", "share failed");
	memset(line, 'x', 300);
	snprintf(line + 300, sizeof(line) - 300, " ");
	memcpy(line, "attach ", 7);
	assert_run(line, 1, "", "share failed");
}

/* Start the command and wait until @path is there. */
static pid_t start_serve(const char *options, int out, int err)
{
	char line[1024];
	struct stat st;
	pid_t pid;
	int i;

	snprintf(line, sizeof(line), SERVE " --socket %s %s", socket_path(), options);
	unlink(socket_path());
	pid = start(line, 0, out, err);
	for (i = 0; i < 2000 && stat(socket_path(), &st); i++)
		usleep(5000);
	return pid;
}

static void end(pid_t pid, int out, int err, int code)
{
	waitpid(pid, &result.status, 0);
	read_back(out, result.out);
	read_back(err, result.err);
	if (!WIFEXITED(result.status) || WEXITSTATUS(result.status) != code)
		fail_msg("status %x instead of exit %d\n%s%s", result.status, code, result.out,
			 result.err);
}

/* Receives at the peer. Return: number of descriptors. */
static unsigned int receive(int sock, char *data, size_t size)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = { data, size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	unsigned int n, i;
	int fds[4];

	assert_true(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) > 0);
	header = CMSG_FIRSTHDR(&msg);
	if (!header)
		return 0;
	n = (unsigned int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(header), n * sizeof(int));
	for (i = 0; i < n; i++)
		close(fds[i]);
	return n;
}

static void serve_hands_out_and_ends(void **state)
{
	int out = temp_file(), err = temp_file(), sock, i;
	char data[65536];
	struct stat st;
	pid_t pid;

	(void)state;
	pid = start_serve("--count 2 --mode 0640 --tag st=1 --label "
			  "012345678901234567890123456789012345678",
			  out, err);
	assert_int_equal(stat(socket_path(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	for (i = 0; i < 2; i++) {
		assert_int_equal(listen_connect(socket_path(), 10000, &sock), 0);
		assert_int_equal(receive(sock, data, sizeof(data)), 1);
		close(sock);
	}
	end(pid, out, err, 0);
	assert_non_null(strstr(result.out, "st=0x01"));
	assert_non_null(strstr(result.out, "socket      "));
	assert_int_not_equal(stat(socket_path(), &st), 0);
}

static void serve_hands_the_device_on_request(void **state)
{
	int out = temp_file(), err = temp_file(), sock;
	char data[65536];
	pid_t pid = start_serve("--count 1 --device --json", out, err);

	(void)state;
	assert_int_equal(listen_connect(socket_path(), 10000, &sock), 0);
	assert_int_equal(receive(sock, data, sizeof(data)), 2);
	close(sock);
	end(pid, out, err, 0);
	assert_non_null(strstr(result.out, "schema_version"));
}

static void serve_ends_with_a_signal(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct stat st;
	size_t i;

	(void)state;
	for (i = 0; i < NR(signals); i++) {
		int out = temp_file(), err = temp_file();
		pid_t pid = start_serve("", out, err);

		kill(pid, signals[i]);
		end(pid, out, err, 0);
		assert_int_not_equal(stat(socket_path(), &st), 0);
	}
}

/* A misbehaving peer does not affect the others. */
static void serve_survives_a_failed_hand_over(void **state)
{
	int out = temp_file(), err = temp_file(), sock;
	char data[16];
	pid_t pid;

	(void)state;
	fake_fail_feature(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH, EIO);
	pid = start_serve("", out, err);
	assert_int_equal(listen_connect(socket_path(), 10000, &sock), 0);
	assert_int_equal(recv(sock, data, sizeof(data), 0), 0);
	close(sock);
	assert_int_equal(listen_connect(socket_path(), 10000, &sock), 0);
	close(sock);
	kill(pid, SIGTERM);
	end(pid, out, err, 0);
	assert_non_null(strstr(result.err, "tphbuf serve: "));
}

/* Run "attach SOCKET OPTIONS" with output to @out; this process serves f->buf. */
static void attach_to(struct fixture *f, const char *options, int code, int out)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.label = "slice 3",
	};
	int err = temp_file(), listener, sock;
	char line[1024];
	pid_t pid;

	unlink(socket_path());
	assert_int_equal(listen_open(socket_path(), 0600, &listener), 0);
	snprintf(line, sizeof(line), "attach %s %s", socket_path(), options);
	pid = start(line, 0, out, err);
	assert_int_equal(listen_accept(listener, 10000, &sock), 0);
	assert_int_equal(tphbuf_buffer_send(f->buf, sock, &send), 0);
	end(pid, out, err, code);
	close(sock);
	close(listener);
}

static void attach(struct fixture *f, const char *options, int code)
{
	attach_to(f, options, code, temp_file());
}

static void attach_loses_no_answer(void **state)
{
	static const char *const lines[] = {
		"",
		"--json",
		"--hold",
		"--hold --json",
		"--exec ls /ran/all/the/same",
		"--ibdev mlx5_0",
		"--ibdev mlx5_0 --hold --json",
	};
	size_t i;

	for (i = 0; i < NR(lines); i++) {
		attach_to(*state, lines[i], 1, open("/dev/full", O_WRONLY));
		assert_non_null(strstr(result.err, "cannot write to standard output"));
		attach_to(*state, lines[i], 1, CLOSED_FD);
		assert_non_null(strstr(result.err, "cannot write to standard output"));
		assert_null(strstr(result.err, "held by"));
		assert_null(strstr(result.err, "/ran/all"));
	}
}

static void tag_the_buffer(struct fixture *f)
{
	struct tphbuf_tag tag = { .valid = TPHBUF_TAG_ST, .st = 0x5a, .ph = 2 };

	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag), 0);
}

static void attach_shows_the_received_buffer(void **state)
{
	struct fixture *f = *state;
	cJSON *json;

	tag_the_buffer(f);
	attach(f, "", 0);
	assert_non_null(strstr(result.out, "slice 3"));
	assert_non_null(strstr(result.out, "device      " FAKE_BDF " BAR2"));
	assert_non_null(strstr(result.out, "st=0x5a,ph=2, claimed by the sender"));
	attach(f, "--json", 0);
	json = cJSON_Parse(result.out);
	assert_string_equal(at(json, "received", "label"), "slice 3");
	assert_string_equal(at(json, "tag", "text"), "st=0x5a,ph=2");
	assert_string_equal(at(json, "buffer", "bdf"), FAKE_BDF);
	cJSON_Delete(json);
	attach(f, "--exec printenv TPHBUF_TAG TPHBUF_LENGTH TPHBUF_BDF TPHBUF_BAR", 0);
	assert_non_null(strstr(result.out, "st=0x5a,ph=2\n65536\n" FAKE_BDF "\n2\n"));
}

static void attach_registers(void **state)
{
	struct fixture *f = *state;

	attach(f, "--ibdev mlx5_0 --require", 1);
	assert_non_null(strstr(result.err, "without a tag"));
	tag_the_buffer(f);
	attach(f, "--ibdev rxe0", 1);
	assert_non_null(strstr(result.err, "no RDMA device rxe0"));
	attach(f, "--ibdev mlx5_0 --require", 1);
	assert_non_null(strstr(result.err, "register failed"));
	fake_verbs.tph = fake_applied_st;
	attach(f, "--ibdev mlx5_0 --require", 0);
	assert_non_null(strstr(result.out, "applied     yes, st=0x5a,ph=2"));
	attach(f, "--ibdev mlx5_0 --require --json", 0);
	assert_non_null(strstr(result.out, "\"lkey\""));
}

static void attach_refuses_nonsense(void **state)
{
	static const char *const messages[] = { "x", "hello, world", "" };
	size_t i;

	(void)state;
	for (i = 0; i < NR(messages); i++) {
		int out = temp_file(), err = temp_file(), listener, sock;
		pid_t pid;

		assert_int_equal(listen_open(socket_path(), 0600, &listener), 0);
		pid = start(with_socket("attach", ""), 0, out, err);
		assert_int_equal(listen_accept(listener, 10000, &sock), 0);
		if (messages[i][0])
			send(sock, messages[i], strlen(messages[i]), 0);
		close(sock);
		end(pid, out, err, 1);
		assert_non_null(strstr(result.err, "share failed"));
		close(listener);
	}
}

static int share_setup(void **state)
{
	fake_verbs_setup();
	return fixture_buffer(state);
}

#define SHARE_TEST(fn) cmocka_unit_test_setup_teardown(fn, share_setup, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(usage_errors_are_2),
		CLI_TEST(help_shows_an_example),
		CLI_TEST(failures_are_1),
		CLI_TEST(serve_hands_out_and_ends),
		CLI_TEST(serve_hands_the_device_on_request),
		CLI_TEST(serve_ends_with_a_signal),
		CLI_TEST(serve_survives_a_failed_hand_over),
		SHARE_TEST(attach_loses_no_answer),
		SHARE_TEST(attach_shows_the_received_buffer),
		SHARE_TEST(attach_registers),
		SHARE_TEST(attach_refuses_nonsense),
	};

	return cmocka_run_group_tests_name("cli_share", tests, NULL, NULL);
}
