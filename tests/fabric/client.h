/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user client and its server process. Calls that must succeed assert; every wait is
 * limited to CLIENT_SECONDS.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fabric/server/proto.h"

#define CLIENT_SECONDS 10

struct server {
	pid_t pid;
	char dir[32];
};

/* Fork a server with this command line, after --dir. */
void server_start(struct server *server, const char *arguments);
/* Stop the server: it must exit with status 0, which includes no leak. */
void server_stop(struct server *server);
int server_wait(struct server *server);		      /* wait for its exit: the exit status */
unsigned int server_fds(const struct server *server); /* number of its open files */
int server_control(const struct server *server);      /* a connection to its control socket */
void server_ask(const struct server *server, const char *command, char *answer, size_t size);

struct client {
	int sock;
	uint16_t id;
};

struct answer {
	struct srv_header header;
	uint8_t body[SRV_MAX_BODY];
	uint32_t len;
	int fd; /* -1: none */
};

void client_connect(struct client *client, const struct server *server, const char *name);
void client_open(struct client *client, const struct server *server,
		 const char *name); /* and agree on the version */
void client_close(struct client *client);

/* Bytes as they are, with files. */
void client_write(struct client *client, const void *data, size_t len, const int *fds,
		  unsigned int nfds);
/* One message; its id. */
uint16_t client_send(struct client *client, unsigned int command, uint32_t flags, const void *body,
		     uint32_t len, const int *fds, unsigned int nfds);
bool client_receive(struct client *client, struct answer *answer); /* false: the server has hung up */
/* Send and receive: 0 or the errno of the answer. The answer must match the command. */
int client_call(struct client *client, unsigned int command, const void *body, uint32_t len,
		const int *fds, unsigned int nfds, struct answer *answer);
void client_check(struct client *client); /* the connection works */

int client_read_region(struct client *client, uint32_t region, uint64_t off, void *to,
		       uint32_t count);
int client_write_region(struct client *client, uint32_t region, uint64_t off, const void *from,
			uint32_t count);
int client_map(struct client *client, uint64_t addr, uint64_t size, int fd, uint64_t offset);
int client_unmap(struct client *client, uint64_t addr, uint64_t size);

#endif
