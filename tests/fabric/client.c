// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fabric/server/server.h"
#include "tests/fabric/client.h"

#define ARGS 24

/* The child: as main() of the server, without signals. Never returns. */
static void serve(const char *dir, const char *arguments, int ready)
{
	char copy[512], error[256] = "", *argv[ARGS + 1] = { "server", "--dir", (char *)dir },
			*save = NULL, *word;
	struct srv_opts opts;
	struct srv *srv;
	int argc = 3;

	signal(SIGPIPE, SIG_IGN);
	snprintf(copy, sizeof(copy), "%s", arguments);
	for (word = strtok_r(copy, " ", &save); word && argc < ARGS;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (srv_options_parse(&opts, argc, argv, error, sizeof(error)) ||
	    srv_new(&opts, NULL, NULL, &srv, error, sizeof(error))) {
		fprintf(stderr, "server: %s\n", error);
		exit(3);
	}
	if (write(ready, "", 1) != 1)
		exit(4);
	close(ready);
	fab_loop_run(srv->fabric->loop);
	if (srv_save_report(srv))
		exit(5);
	srv_free(srv);
	exit(0);
}

void server_start(struct server *server, const char *arguments)
{
	int ready[2];
	char byte;

	strcpy(server->dir, "/tmp/fabric-test.XXXXXX");
	assert_non_null(mkdtemp(server->dir));
	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		close(ready[0]);
		serve(server->dir, arguments, ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

int server_wait(struct server *server)
{
	int status, i;

	for (i = 0; i < CLIENT_SECONDS * 100; i++) {
		if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
			server->pid = -1;
			assert_int_equal(rmdir(server->dir),
					 0); /* the server has removed its files */
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		usleep(10000);
	}
	kill(server->pid, SIGKILL);
	waitpid(server->pid, &status, 0);
	return -1;
}

static int connect_to(const char *dir, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = CLIENT_SECONDS };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(sock >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s.sock", dir, name);
	assert_int_equal(connect(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
	return sock;
}

int server_control(const struct server *server)
{
	return connect_to(server->dir, "control");
}

void server_ask(const struct server *server, const char *command, char *answer, size_t size)
{
	int sock = server_control(server);
	size_t have = 0;
	ssize_t n;

	assert_int_equal(send(sock, command, strlen(command), MSG_NOSIGNAL), strlen(command));
	assert_int_equal(send(sock, "\n", 1, MSG_NOSIGNAL), 1);
	while (!have || answer[have - 1] != '\n') {
		assert_true(have + 1 < size);
		n = recv(sock, answer + have, size - 1 - have, 0);
		assert_true(n > 0);
		have += (size_t)n;
	}
	answer[have] = '\0';
	close(sock);
}

void server_stop(struct server *server)
{
	char answer[64];

	server_ask(server, "quit", answer, sizeof(answer));
	assert_int_equal(server_wait(server), 0);
}

unsigned int server_fds(const struct server *server)
{
	char path[64];
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void client_connect(struct client *client, const struct server *server, const char *name)
{
	client->sock = connect_to(server->dir, name);
	client->id = 100;
}

void client_open(struct client *client, const struct server *server, const char *name)
{
	static const char version[] = "\0\0\0\0{\"capabilities\":{\"max_msg_fds\":16}}";
	struct answer answer;

	client_connect(client, server, name);
	assert_int_equal(client_call(client, SRV_VERSION, version, sizeof(version), NULL, 0, &answer),
			 0);
}

void client_close(struct client *client)
{
	close(client->sock);
	client->sock = -1;
}

void client_write(struct client *client, const void *data, size_t len, const int *fds,
		  unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (nfds) {
		assert_true(nfds <= 64);
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
	}
	n = sendmsg(client->sock, &msg, MSG_NOSIGNAL);
	assert_int_equal(n, len);
}

uint16_t client_send(struct client *client, unsigned int command, uint32_t flags, const void *body,
		     uint32_t len, const int *fds, unsigned int nfds)
{
	struct srv_header header = { .id = client->id++,
				     .command = (uint16_t)command,
				     .flags = flags,
				     .size = (uint32_t)sizeof(header) + len };
	uint8_t *data = malloc(header.size);

	assert_non_null(data);
	memcpy(data, &header, sizeof(header));
	if (len)
		memcpy(data + sizeof(header), body, len);
	client_write(client, data, header.size, fds, nfds);
	free(data);
	return header.id;
}

/* Exactly len bytes, with at most one file. false: end of the stream. */
static bool receive_bytes(struct client *client, void *to, size_t len, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = to, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg;
	ssize_t n;

	while (iov.iov_len) {
		n = recvmsg(client->sock, &msg, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EAGAIN)
			fail_msg("no answer in %d s", CLIENT_SECONDS);
		if (n <= 0)
			return false;
		cmsg = CMSG_FIRSTHDR(&msg);
		if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
		iov.iov_base = (uint8_t *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return true;
}

bool client_receive(struct client *client, struct answer *answer)
{
	answer->fd = -1;
	if (!receive_bytes(client, &answer->header, sizeof(answer->header), &answer->fd))
		return false;
	assert_in_range(answer->header.size, sizeof(answer->header),
			sizeof(answer->header) + sizeof(answer->body));
	answer->len = answer->header.size - (uint32_t)sizeof(answer->header);
	return receive_bytes(client, answer->body, answer->len, &answer->fd);
}

int client_call(struct client *client, unsigned int command, const void *body, uint32_t len,
		const int *fds, unsigned int nfds, struct answer *answer)
{
	uint16_t id = client_send(client, command, SRV_TYPE_COMMAND, body, len, fds, nfds);

	assert_true(client_receive(client, answer));
	assert_int_equal(answer->header.id, id);
	assert_int_equal(answer->header.command, command);
	if (answer->header.flags == (SRV_TYPE_REPLY | SRV_ERROR)) {
		assert_int_equal(answer->len, 0);
		assert_int_not_equal(answer->header.error, 0);
		return (int)answer->header.error;
	}
	assert_int_equal(answer->header.flags, SRV_TYPE_REPLY);
	assert_int_equal(answer->header.error, 0);
	return 0;
}

void client_check(struct client *client)
{
	const uint32_t info[4] = { sizeof(info) };
	struct answer answer;

	assert_int_equal(client_call(client, SRV_DEVICE_GET_INFO, info, sizeof(info), NULL, 0,
				     &answer),
			 0);
	assert_int_equal(answer.len, sizeof(info));
}

int client_read_region(struct client *client, uint32_t region, uint64_t off, void *to,
		       uint32_t count)
{
	struct srv_region_access access = { .offset = off, .region = region, .count = count };
	struct answer answer;
	int error = client_call(client, SRV_REGION_READ, &access, sizeof(access), NULL, 0, &answer);

	if (error)
		return error;
	assert_int_equal(answer.len, sizeof(access) + count);
	assert_memory_equal(answer.body, &access, sizeof(access));
	memcpy(to, answer.body + sizeof(access), count);
	return 0;
}

int client_write_region(struct client *client, uint32_t region, uint64_t off, const void *from,
			uint32_t count)
{
	struct {
		struct srv_region_access access;
		uint8_t data[SRV_MAX_XFER];
	} request = { .access = { .offset = off, .region = region, .count = count } };
	struct answer answer;
	int error;

	memcpy(request.data, from, count);
	error = client_call(client, SRV_REGION_WRITE, &request,
			    (uint32_t)sizeof(request.access) + count, NULL, 0, &answer);
	if (error)
		return error;
	assert_int_equal(answer.len, sizeof(request.access));
	assert_memory_equal(answer.body, &request.access, sizeof(request.access));
	return 0;
}

int client_map(struct client *client, uint64_t addr, uint64_t size, int fd, uint64_t offset)
{
	struct srv_dma_map map = { .argsz = sizeof(map),
				   .flags = SRV_DMA_FLAG_READ | SRV_DMA_FLAG_WRITE,
				   .offset = offset,
				   .addr = addr,
				   .size = size };
	struct answer answer;
	int error = client_call(client, SRV_DMA_MAP, &map, sizeof(map), &fd, fd >= 0, &answer);

	if (!error)
		assert_int_equal(answer.len, 0);
	return error;
}

int client_unmap(struct client *client, uint64_t addr, uint64_t size)
{
	struct srv_dma_unmap unmap = { .argsz = sizeof(unmap), .addr = addr, .size = size };
	struct answer answer;
	int error = client_call(client, SRV_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, &answer);

	if (!error) {
		assert_int_equal(answer.len, sizeof(unmap));
		assert_memory_equal(answer.body, &unmap, sizeof(unmap));
	}
	return error;
}
