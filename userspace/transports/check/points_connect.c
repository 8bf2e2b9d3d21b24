// SPDX-License-Identifier: MIT
/* Contract points about listen, connect, accept and close. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static const char *start(struct plugin *p, void **ctx)
{
	int n;

	TRY(np_init(p, ctx, check_log));
	TRY(np_devices(p, &n));
	NEED(n > 0, "%d devices", n);
	return NULL;
}

static const char *c5_handle(struct plugin *p)
{
	unsigned char handle[NCCL_HANDLE_SIZE + 64];
	void *ctx, *listen_comm;

	HOLDS(start(p, &ctx));
	memset(handle, 0xa5, sizeof(handle));
	TRY(np_listen(p, ctx, 0, handle, &listen_comm));
	for (size_t i = NCCL_HANDLE_SIZE; i < sizeof(handle); i++)
		NEED(handle[i] == 0xa5, "listen wrote to byte %zu of a handle of 128", i);
	TRY(np_close_listen(p, listen_comm));
	TRY(np_finalize(p, ctx));
	return NULL;
}

/* A call that waits lets the processor go: voluntary context switches count that on a loaded machine too. */
static const char *c6_non_blocking(struct plugin *p)
{
	char handle[NCCL_HANDLE_SIZE];
	void *ctx, *listen_comm, *send = NULL, *recv = NULL;
	struct rusage before, after;

	HOLDS(start(p, &ctx));
	TRY(np_listen(p, ctx, 0, handle, &listen_comm));
	getrusage(RUSAGE_THREAD, &before);
	/* NCCL's own Socket transport is done before the listener has accepted. */
	for (int i = 0; i < 100 && !send; i++)
		TRY(np_connect(p, ctx, 0, handle, &send));
	getrusage(RUSAGE_THREAD, &after);
	NEED(after.ru_nvcsw - before.ru_nvcsw < 20, "connect waited %ld times in 100 calls",
	     after.ru_nvcsw - before.ru_nvcsw);
	while (!send || !recv) {
		if (!recv)
			TRY(np_accept(p, listen_comm, &recv));
		if (!send)
			TRY(np_connect(p, ctx, 0, handle, &send));
	}
	np_close_send(p, send);
	np_close_recv(p, recv);
	np_close_listen(p, listen_comm);
	getrusage(RUSAGE_THREAD, &before);
	TRY(np_listen(p, ctx, 0, handle, &listen_comm));
	for (int i = 0; i < 100; i++)
		TRY(np_accept(p, listen_comm, &recv));
	getrusage(RUSAGE_THREAD, &after);
	NEED(after.ru_nvcsw - before.ru_nvcsw < 20, "accept waited %ld times in 100 calls",
	     after.ru_nvcsw - before.ru_nvcsw);
	np_close_listen(p, listen_comm);
	TRY(np_finalize(p, ctx));
	return NULL;
}

/* Descriptors of listening TCP sockets that are not in @known */
static int listening(int *fds, int max, const int *known, int n_known)
{
	int n = 0, on, seen;
	socklen_t size;

	for (int fd = 0; fd < 4096 && n < max; fd++) {
		size = sizeof(on);
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) || !on)
			continue;
		seen = 0;
		for (int i = 0; i < n_known; i++)
			seen |= known[i] == fd;
		if (!seen)
			fds[n++] = fd;
	}
	return n;
}

static int stranger(int listener)
{
	union {
		struct sockaddr any;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t size = sizeof(addr);
	int fd;

	if (getsockname(listener, &addr.any, &size))
		return -1;
	fd = socket(addr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &addr.any, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *c7_strangers(struct plugin *p)
{
	static const char junk[4096] = "GET / HTTP/1.0\r\n\r\n";
	int known[64], ports[8], n_known, n, fd;
	struct pair pair;

	memset(&pair, 0, sizeof(pair));
	HOLDS(start(p, &pair.ctx));
	pair.p = p;
	n_known = listening(known, 64, NULL, 0);
	TRY(np_listen(p, pair.ctx, 0, pair.handle, &pair.listen_comm));
	n = listening(ports, 8, known, n_known);
	if (!n)
		return "SKIP listen opens no TCP port";
	for (int i = 0; i < n; i++) {
		stranger(ports[i]); /* says nothing, stays */
		fd = stranger(ports[i]);
		if (fd >= 0 && write(fd, junk, sizeof(junk)) < 0)
			return "no stranger";
		fd = stranger(ports[i]);
		if (fd >= 0 && write(fd, "\n", 1) == 1)
			close(fd);
	}
	HOLDS(pair_join(&pair));
	return pair_message(&pair, 4096, 1);
}

static const char *c8_half_open(struct plugin *p)
{
	const struct release *as = p->as;
	char handle[8][NCCL_HANDLE_SIZE], name[256];
	void *ctx, *listen_comm, *send;
	int before = 0, after;
	const char *why;

	snprintf(name, sizeof(name), "%s", p->path);
	for (int round = 0; round < 3; round++) {
		if (!p->library && (why = plugin_load(p, name, as)))
			return why;
		HOLDS(start(p, &ctx));
		for (int i = 0; i < 8; i++) {
			TRY(np_listen(p, ctx, 0, handle[i], &listen_comm));
			for (int k = 0; k < 3; k++)
				TRY(np_connect(p, ctx, 0, handle[i], &send));
		}
		TRY(np_finalize(p, ctx));
		/* Before version 11 nothing tells the plugin but the end of the library. */
		if (p->version < 11)
			plugin_unload(p);
		after = fds_open();
		if (!round)
			before = after;
	}
	NEED(after <= before, "%d descriptors after one aborted communicator, %d after three",
	     before, after);
	return NULL;
}

static const char *c9_close_listen(struct plugin *p)
{
	struct pair pair;

	HOLDS(pair_open(&pair, p));
	TRY(np_close_listen(p, pair.listen_comm));
	pair.listen_comm = NULL;
	HOLDS(pair_message(&pair, 8192, 3));
	pair_end(&pair);
	return NULL;
}

static const char *c29_nothing_left(struct plugin *p)
{
	struct pair pair;
	int before = 0;
	void *ctx;

	HOLDS(start(p, &ctx));
	for (int i = 0; i < 20; i++) {
		HOLDS(pair_connect(&pair, p, ctx));
		HOLDS(pair_message(&pair, 4096, 1));
		pair_close(&pair);
		if (!i)
			before = fds_open();
	}
	NEED(fds_open() <= before, "%d descriptors after one connection, %d after twenty", before,
	     fds_open());
	TRY(np_finalize(p, ctx));
	return NULL;
}

const struct point points_connect[] = {
	{ "C5", "listen writes no more than 128 bytes of handle", c5_handle },
	{ "C6", "connect and accept return at once while the peer is not there", c6_non_blocking },
	{ "C7", "strangers on the port are dropped, the peer gets through", c7_strangers },
	{ "C8", "half-open connections of an aborted communicator are freed", c8_half_open },
	{ "C9", "closeListen right after accept leaves the connection usable", c9_close_listen },
	{ "C29", "twenty connections leave no descriptor open", c29_nothing_left },
	{ NULL, NULL, NULL },
};
