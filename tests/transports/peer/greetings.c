// SPDX-License-Identifier: MIT
/* The rendezvous with a peer that says something else, nothing, or only a part. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/transports/peer/peer.h"

void give(int fd, const void *data, size_t size)
{
	must(send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size, "send");
}

void take(int fd, void *data, size_t size)
{
	must(recv(fd, data, size, MSG_WAITALL) == (ssize_t)size, "recv");
}

static void fill(struct greeting *g, const uint8_t *token)
{
	memset(g, 0, sizeof(*g));
	g->magic = GREETING_MAGIC;
	g->version = GREETING_VERSION;
	strcpy(g->backend, "loop");
	memcpy(g->token, token, sizeof(g->token));
}

static int dial(const struct handle *h)
{
	int fd = socket(h->addr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !connect(fd, &h->addr.any, sizeof(h->addr.in)), "connect");
	return fd;
}

static enum nccl_result accept_one(void *listen_comm, void **comm)
{
	enum nccl_result got = NCCL_SUCCESS;

	*comm = NULL;
	while (!got && !*comm)
		got = np_accept(&plugin, listen_comm, comm);
	return got;
}

void open_receiver(struct rig *rig)
{
	char bytes[NCCL_HANDLE_SIZE];
	struct greeting g;
	void *listen_comm;
	struct handle h;

	init(&rig->ctx);
	must(!np_listen(&plugin, rig->ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	rig->fd = dial(&h);
	fill(&g, h.token);
	give(rig->fd, &g, sizeof(g));
	must(!accept_one(listen_comm, &rig->comm), "accept");
	take(rig->fd, &g, sizeof(g));
	np_close_listen(&plugin, listen_comm);
	must(!np_reg(&plugin, rig->comm, rig->data, sizeof(rig->data), NCCL_PTR_HOST, &rig->mr),
	     "regMr");
}

/* A listener of ours, and the handle that names it */
static int listener(struct handle *h)
{
	static const uint8_t token[16] = "a token of ours";
	socklen_t size = sizeof(h->addr.in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(h, 0, sizeof(*h));
	h->magic = GREETING_MAGIC;
	memcpy(h->token, token, sizeof(token));
	h->addr.in.sin_family = AF_INET;
	h->addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && !bind(fd, &h->addr.any, size) && !listen(fd, 4) &&
		     !getsockname(fd, &h->addr.any, &size),
	     "listener");
	return fd;
}

void open_sender(struct rig *rig)
{
	char bytes[NCCL_HANDLE_SIZE] = "";
	struct greeting g;
	struct handle h;
	int fd;

	init(&rig->ctx);
	fd = listener(&h);
	memcpy(bytes, &h, sizeof(h));
	must(!np_connect(&plugin, rig->ctx, 0, bytes, &rig->comm), "connect");
	rig->fd = accept(fd, NULL, NULL);
	close(fd);
	while (!rig->comm && recv(rig->fd, &g, sizeof(g), MSG_PEEK | MSG_DONTWAIT) != sizeof(g))
		must(!np_connect(&plugin, rig->ctx, 0, bytes, &rig->comm), "connect");
	take(rig->fd, &g, sizeof(g));
	must(!memcmp(g.token, h.token, sizeof(g.token)), "the token");
	give(rig->fd, &g, sizeof(g));
	while (!rig->comm)
		must(!np_connect(&plugin, rig->ctx, 0, bytes, &rig->comm), "connect");
	must(!np_reg(&plugin, rig->comm, rig->data, sizeof(rig->data), NCCL_PTR_HOST, &rig->mr),
	     "regMr");
}

void close_rig(struct rig *rig, bool sends)
{
	np_dereg(&plugin, rig->comm, rig->mr);
	if (sends)
		np_close_send(&plugin, rig->comm);
	else
		np_close_recv(&plugin, rig->comm);
	np_finalize(&plugin, rig->ctx);
	close(rig->fd);
}

static void no_change(struct greeting *g)
{
	(void)g;
}

static void wrong_magic(struct greeting *g)
{
	g->magic++;
}

static void wrong_version(struct greeting *g)
{
	g->version++;
}

static void wrong_token(struct greeting *g)
{
	g->token[15] ^= 1;
}

static void wrong_backend(struct greeting *g)
{
	strcpy(g->backend, "verbs");
}

static const struct wrong {
	void (*change)(struct greeting *g);
	const char *text;
} wrongs[] = {
	{ wrong_magic, "it does not speak this plugin's protocol" },
	{ wrong_version, "it is another version of this plugin" },
	{ wrong_token, "it does not have the token of this connection" },
	{ wrong_backend, "it uses another TPHBUF_NET_BACKEND" },
};

/* Each stranger is dropped with a line, and the peer that comes after it gets through. */
static void at_a_listener(void)
{
	char bytes[NCCL_HANDLE_SIZE], name[120];
	void *ctx, *listen_comm, *comm;
	struct greeting g;
	struct handle h;

	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		int stranger = dial(&h), peer;
		bool ok;

		fill(&g, h.token);
		wrongs[i].change(&g);
		give(stranger, &g, sizeof(g));
		while (!has_said("dropped"))
			must(!np_accept(&plugin, listen_comm, &comm) && !comm, "accept");
		ok = has_said(wrongs[i].text) && recv(stranger, bytes, 1, 0) == 0;
		close(stranger);
		peer = dial(&h);
		fill(&g, h.token);
		give(peer, &g, sizeof(g));
		ok = ok && !accept_one(listen_comm, &comm) && !np_close_recv(&plugin, comm);
		close(peer);
		snprintf(name, sizeof(name), "a listener drops a peer: %s", wrongs[i].text);
		result(ok, name);
	}
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
}

static void half_a_greeting(void)
{
	char bytes[NCCL_HANDLE_SIZE];
	void *ctx, *listen_comm, *comm = NULL;
	struct greeting g;
	struct handle h;
	int peer;

	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	peer = dial(&h);
	fill(&g, h.token);
	give(peer, &g, sizeof(g) - 1);
	for (int i = 0; i < 100; i++)
		must(!np_accept(&plugin, listen_comm, &comm), "accept");
	result(!comm && !has_said("dropped"), "a greeting without its last byte is waited for");
	give(peer, (char *)&g + sizeof(g) - 1, 1);
	result(!accept_one(listen_comm, &comm), "with it, the connection is made");
	np_close_recv(&plugin, comm);
	close(peer);
	peer = dial(&h);
	give(peer, &g, sizeof(g) / 2);
	close(peer);
	while (!has_said("dropped"))
		must(!np_accept(&plugin, listen_comm, &comm), "accept");
	result(!comm && has_said("it closed before it said who it is"),
	       "a peer that closes is dropped");
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
}

/* Without a limit of their own, silent strangers give place to the next; else the time ends them. */
static void silent_strangers(void)
{
	void *ctx, *listen_comm, *comm;
	char bytes[NCCL_HANDLE_SIZE];
	struct greeting g;
	int silent[17], peer;
	struct handle h;

	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	for (int i = 0; i < 17; i++) {
		silent[i] = dial(&h);
		must(!np_accept(&plugin, listen_comm, &comm), "accept");
		if (i < 16)
			must(!has_said("dropped"), "sixteen may wait");
		usleep(2000);
	}
	result(has_said("too many at one port") && recv(silent[0], bytes, 1, MSG_DONTWAIT) == 0 &&
		       recv(silent[1], bytes, 1, MSG_DONTWAIT) < 0,
	       "of seventeen strangers the oldest gives place");
	peer = dial(&h);
	fill(&g, h.token);
	give(peer, &g, sizeof(g));
	result(!accept_one(listen_comm, &comm), "a peer gets through");
	np_close_recv(&plugin, comm);
	close(peer);
	for (int i = 0; i < 17; i++)
		close(silent[i]);
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
}

/* The listener's end of the connection has descriptor 0. */
static void peer_at_descriptor_0(void)
{
	void *ctx, *listen_comm, *comm;
	char bytes[NCCL_HANDLE_SIZE];
	int copy = dup(0), peer;
	struct greeting g;
	struct handle h;

	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	peer = dial(&h);
	fill(&g, h.token);
	give(peer, &g, sizeof(g));
	close(0);
	result(!accept_one(listen_comm, &comm) && fcntl(0, F_GETFD) >= 0, "a peer at descriptor 0");
	np_close_recv(&plugin, comm);
	result(fcntl(0, F_GETFD) < 0, "which is closed, too");
	must(dup2(copy, 0) == 0, "dup2");
	close(copy);
	close(peer);
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
}

/* It has said who it is, and is gone before the answer. */
static void gone_before_the_answer(void)
{
	const struct linger linger = { .l_onoff = 1 };
	char bytes[NCCL_HANDLE_SIZE];
	void *ctx, *listen_comm, *comm = NULL;
	enum nccl_result got;
	struct greeting g;
	struct handle h;
	int peer;

	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	peer = dial(&h);
	fill(&g, h.token);
	give(peer, &g, sizeof(g));
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(peer);
	got = accept_one(listen_comm, &comm);
	answer("a peer that is gone before the answer", got, NCCL_REMOTE_ERROR,
	       "accept: the peer is gone");
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
}

static void time_limit(void)
{
	char bytes[NCCL_HANDLE_SIZE] = "", one;
	void *ctx, *listen_comm, *comm = NULL;
	enum nccl_result got = NCCL_SUCCESS;
	int stranger, ours;
	struct handle h;

	setenv("TPHBUF_NET_TIMEOUT_MS", "100", 1);
	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	memcpy(&h, bytes, sizeof(h));
	stranger = dial(&h);
	while (!has_said("dropped"))
		must(!np_accept(&plugin, listen_comm, &comm), "accept");
	result(has_said("it did not say who it is within the time limit") &&
		       recv(stranger, &one, 1, 0) == 0,
	       "a silent stranger is dropped after the time limit");
	close(stranger);
	np_close_listen(&plugin, listen_comm);
	ours = listener(&h);
	memcpy(bytes, &h, sizeof(h));
	while (!got && !comm)
		got = np_connect(&plugin, ctx, 0, bytes, &comm);
	answer("a listener that never answers", got, NCCL_REMOTE_ERROR, "Connection timed out");
	np_finalize(&plugin, ctx);
	close(ours);
	unsetenv("TPHBUF_NET_TIMEOUT_MS");
}

/* The answer of a listener of ours; NULL: it closes instead. */
static enum nccl_result connect_to(void (*change)(struct greeting *g), size_t size)
{
	enum nccl_result got = NCCL_SUCCESS;
	char bytes[NCCL_HANDLE_SIZE] = "";
	void *ctx, *comm = NULL;
	int fd, peer = -1, ours;
	struct greeting g;
	struct handle h;

	init(&ctx);
	ours = listener(&h);
	memcpy(bytes, &h, sizeof(h));
	got = np_connect(&plugin, ctx, 0, bytes, &comm);
	fd = accept(ours, NULL, NULL);
	while (!got && !comm && peer < 0) {
		got = np_connect(&plugin, ctx, 0, bytes, &comm);
		if (recv(fd, &g, sizeof(g), MSG_PEEK | MSG_DONTWAIT) == sizeof(g))
			peer = fd;
	}
	take(fd, &g, sizeof(g));
	change(&g);
	give(fd, &g, size);
	close(fd);
	close(ours);
	while (!got && !comm)
		got = np_connect(&plugin, ctx, 0, bytes, &comm);
	if (comm)
		np_close_send(&plugin, comm);
	np_finalize(&plugin, ctx);
	return got;
}

static void at_a_connect(void)
{
	char bytes[NCCL_HANDLE_SIZE] = "", name[120];
	enum nccl_result got = NCCL_SUCCESS;
	void *ctx, *comm = NULL;
	struct handle h;

	result(!connect_to(no_change, sizeof(struct greeting)), "the answer of a listener");
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		snprintf(name, sizeof(name), "a connect refuses an answer: %s", wrongs[i].text);
		answer(name, connect_to(wrongs[i].change, sizeof(struct greeting)),
		       NCCL_REMOTE_ERROR, wrongs[i].text);
	}
	answer("half an answer, then the end", connect_to(no_change, 30), NCCL_REMOTE_ERROR,
	       "the peer did not complete the connection: Connection reset by peer");
	init(&ctx);
	close(listener(&h));
	memcpy(bytes, &h, sizeof(h));
	while (!got && !comm)
		got = np_connect(&plugin, ctx, 0, bytes, &comm);
	answer("nobody listens", got, NCCL_REMOTE_ERROR, "Connection refused");
	np_finalize(&plugin, ctx);
}

void greetings(void)
{
	at_a_listener();
	half_a_greeting();
	silent_strangers();
	peer_at_descriptor_0();
	gone_before_the_answer();
	time_limit();
	at_a_connect();
}
