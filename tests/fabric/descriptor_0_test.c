// SPDX-License-Identifier: MIT
/* A fabric that is started without standard input: any of its files may have descriptor 0. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fabric/server/input.h"
#include "fabric/server/server.h"
#include "fabric/server/stream.h"
#include "tests/fabric/toy.h"

static int kept; /* standard input */

static int setup(void **state)
{
	(void)state;
	kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return kept < 0;
}

static int teardown(void **state)
{
	(void)state;
	return dup2(kept, STDIN_FILENO) != STDIN_FILENO || close(kept);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* fd becomes descriptor 0. */
static void move_to_0(int fd)
{
	assert_true(fd > 0);
	assert_int_equal(dup2(fd, 0), 0);
	close(fd);
}

static void the_loop(void **state)
{
	struct fab_fabric *fabric;

	(void)state;
	close(0);
	fabric = toy_fabric();
	assert_true(is_open(0));
	assert_false(fab_loop_step(fabric->loop, 0));
	fab_fabric_free(fabric);
	assert_false(is_open(0));
}

static void memory_of_a_bar(void **state)
{
	struct fab_fabric *fabric = toy_fabric();
	struct toy *toy;

	(void)state;
	close(0);
	toy = toy_add(fabric, "toy", &toy_opts);
	assert_int_equal(toy->dev.bar[0].fd, 0);
	assert_non_null(toy->dev.bar[0].host);
	fab_fabric_free(fabric);
	assert_false(is_open(0));
}

static void an_interrupt(void **state)
{
	struct fab_fabric *fabric = toy_fabric();
	struct toy *toy = toy_add(fabric, "toy", &toy_opts);
	uint64_t value = 0;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), same = dup(event);

	(void)state;
	move_to_0(event);
	fab_device_set_irq(&toy->dev, 1, 0);
	fab_device_irq(&toy->dev, 1);
	assert_int_equal(read(same, &value, sizeof(value)), sizeof(value));
	assert_int_equal(value, 1);
	fab_device_set_irq(&toy->dev, 1, -1);
	assert_false(is_open(0));
	assert_int_equal(dup(same), 0);
	fab_device_set_irq(&toy->dev, FAB_VECTORS, 0); /* no such vector */
	assert_false(is_open(0));
	close(same);
	fab_fabric_free(fabric);
}

static void guest_memory(void **state)
{
	struct fab_mem *mem;
	uint64_t run;

	(void)state;
	assert_int_equal(fab_mem_new(&mem), 0);
	move_to_0(toy_memory(FAB_MEM_PAGE));
	assert_int_equal(fab_mem_map(mem, 0, FAB_MEM_PAGE, 0, 0, FAB_MEM_READ), 0);
	assert_non_null(toy_mem_at(mem, 0, FAB_MEM_READ, &run));
	fab_mem_free(mem);
	close(0);
}

/* Sends a file with a byte, and receives it as descriptor 0. */
static void a_file_of_a_message(void **state)
{
	struct srv_header header = { .size = sizeof(header) };
	static struct srv_in in;
	struct srv_out out;
	struct srv_msg msg = { .nfds = 0 };
	int sock[2], file = toy_memory(FAB_MEM_PAGE);
	struct stat sent, came;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	assert_int_equal(fstat(file, &sent), 0);
	move_to_0(file);
	srv_out_init(&out);
	assert_int_equal(srv_out_send(&out, sock[0], &header, sizeof(header), 0), 0);
	close(0);
	srv_in_start(&in, &msg);
	assert_int_equal(srv_in_receive(&in, sock[1], &msg), 1);
	assert_int_equal(msg.nfds, 1);
	assert_int_equal(msg.fds[0], 0);
	assert_int_equal(fstat(0, &came), 0);
	assert_int_equal(came.st_ino, sent.st_ino);
	srv_in_clear(&in, &msg);
	assert_false(is_open(0));
	close(sock[0]);
	close(sock[1]);
}

static int connect_to(const char *dir, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(sock > 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s.sock", dir, name);
	assert_int_equal(connect(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return sock;
}

static void step(struct srv *srv)
{
	while (fab_loop_step(srv->fabric->loop, 0))
		;
}

/* A server whose client, or whose user of the control socket, is accepted as descriptor 0. */
static void a_connection(const char *dir, const char *name)
{
	static const struct srv_header version = { .command = SRV_VERSION,
						   .size = sizeof(version) + 4 };
	char *argv[] = { "server", "--dir", (char *)dir, "--endpoint", "a,bar-mb=1", NULL };
	char error[256] = "", bytes[512] = "";
	struct srv_opts opts;
	struct srv *srv;
	int sock;

	assert_int_equal(srv_options_parse(&opts, 5, argv, error, sizeof(error)), 0);
	assert_int_equal(srv_new(&opts, NULL, NULL, &srv, error, sizeof(error)), 0);
	sock = connect_to(dir, name);
	close(0);
	step(srv);
	assert_true(is_open(0));
	if (!strcmp(name, "control")) {
		assert_int_equal(write(sock, "clear\n", 6), 6);
	} else {
		memcpy(bytes, &version, sizeof(version));
		assert_int_equal(write(sock, bytes, version.size), version.size);
	}
	step(srv);
	assert_true(recv(sock, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	srv_free(srv);
	assert_false(is_open(0));
	assert_int_equal(recv(sock, bytes, sizeof(bytes), MSG_DONTWAIT), 0);
	close(sock);
	assert_int_equal(dup2(kept, 0), 0);
}

/* The control socket's own */
static void a_listener(const char *dir)
{
	char *argv[] = { "server", "--dir", (char *)dir, "--endpoint", "a,bar-mb=1", NULL };
	char error[256] = "", bytes[64];
	struct srv_control *control;
	struct srv_opts opts;
	struct srv *srv;
	int sock;

	assert_int_equal(srv_options_parse(&opts, 5, argv, error, sizeof(error)), 0);
	assert_int_equal(srv_new(&opts, NULL, NULL, &srv, error, sizeof(error)), 0);
	close(0);
	assert_int_equal(srv_control_new(srv, &control), 0);
	assert_true(is_open(0));
	sock = connect_to(dir, "control");
	assert_int_equal(write(sock, "clear\n", 6), 6);
	step(srv);
	assert_true(recv(sock, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	srv_control_free(control);
	assert_false(is_open(0));
	srv_free(srv);
	close(sock);
	assert_int_equal(dup2(kept, 0), 0);
}

static void sockets(void **state)
{
	char dir[] = "/tmp/fabric-test.XXXXXX", path[64];
	int sock;

	(void)state;
	assert_non_null(mkdtemp(dir));
	a_connection(dir, "a");
	a_connection(dir, "control");
	a_listener(dir);
	snprintf(path, sizeof(path), "%s/x.sock", dir);
	close(0);
	assert_int_equal(srv_listen(path), 0);
	sock = connect_to(dir, "x");
	assert_true(is_open(0));
	close(sock);
	close(0);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_loop),	    TEST(memory_of_a_bar),     TEST(an_interrupt),
		TEST(guest_memory), TEST(a_file_of_a_message), TEST(sockets),
	};

	return cmocka_run_group_tests_name("descriptor 0", tests, NULL, NULL);
}
