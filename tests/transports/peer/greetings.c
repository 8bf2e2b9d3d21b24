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

int dial(const struct handle *h)
{
	int fd = socket(h->addr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !connect(fd, &h->addr.any, sizeof(h->addr.in)), "connect");
	return fd;
}

/* A peer that greets as it should */
static int peer_of(const struct handle *h)
{
	int fd = dial(h);
	struct greeting g;

	fill(&g, h->token);
	give(fd, &g, sizeof(g));
	return fd;
}

void open_listener(struct listener *l)
{
	char bytes[NCCL_HANDLE_SIZE];

	init(&l->ctx);
	must(!np_listen(&plugin, l->ctx, 0, bytes, &l->comm), "listen");
	memcpy(&l->handle, bytes, sizeof(l->handle));
}

void close_listener(struct listener *l)
{
	np_close_listen(&plugin, l->comm);
	np_finalize(&plugin, l->ctx);
}

void accept_nobody(struct listener *l)
{
	void *comm;

	must(!np_accept(&plugin, l->comm, &comm) && !comm, "accept");
}

static void accept_until_dropped(struct listener *l)
{
	while (!has_said("dropped"))
		accept_nobody(l);
}

static enum nccl_result accept_one(struct listener *l, void **comm)
{
	enum nccl_result got = NCCL_SUCCESS;

	*comm = NULL;
	while (!got && !*comm)
		got = np_accept(&plugin, l->comm, comm);
	return got;
}

/* Whether a peer that greets as it should gets through */
static bool gets_through(struct listener *l)
{
	int peer = peer_of(&l->handle);
	void *comm;
	bool ok;

	ok = !accept_one(l, &comm) && !np_close_recv(&plugin, comm);
	close(peer);
	return ok;
}

void open_receiver(struct rig *rig)
{
	struct listener l;
	struct greeting g;

	open_listener(&l);
	rig->ctx = l.ctx;
	rig->fd = peer_of(&l.handle);
	must(!accept_one(&l, &rig->comm), "accept");
	take(rig->fd, &g, sizeof(g));
	np_close_listen(&plugin, l.comm);
	must(!np_reg(&plugin, rig->comm, rig->data, sizeof(rig->data), check_memory, &rig->mr),
	     "regMr");
}

/* A socket of the test that listens, and the handle that names it */
static int listening_socket(struct handle *h)
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
	     "listening socket");
	return fd;
}

/* The plugin's end of a connection to a socket of the test */
struct dialer {
	void *ctx, *comm;
	char bytes[NCCL_HANDLE_SIZE];
};

static void open_dialer(struct dialer *d, const struct handle *h)
{
	memset(d, 0, sizeof(*d));
	init(&d->ctx);
	memcpy(d->bytes, h, sizeof(*h));
}

static enum nccl_result connect_once_more(struct dialer *d)
{
	return np_connect(&plugin, d->ctx, 0, d->bytes, &d->comm);
}

static enum nccl_result connect_to_the_end(struct dialer *d)
{
	enum nccl_result got = NCCL_SUCCESS;

	while (!got && !d->comm)
		got = connect_once_more(d);
	return got;
}

/* Takes the greeting of @d, which calls connect until it is there; returns the connection. */
static int take_greeting(struct dialer *d, int listening, struct greeting *g)
{
	int fd;

	must(!connect_once_more(d), "connect");
	fd = accept(listening, NULL, NULL);
	while (!d->comm && recv(fd, g, sizeof(*g), MSG_PEEK | MSG_DONTWAIT) != sizeof(*g))
		must(!connect_once_more(d), "connect");
	take(fd, g, sizeof(*g));
	return fd;
}

void open_sender(struct rig *rig)
{
	struct dialer d;
	struct greeting g;
	struct handle h;
	int listening = listening_socket(&h);

	open_dialer(&d, &h);
	rig->fd = take_greeting(&d, listening, &g);
	close(listening);
	must(!memcmp(g.token, h.token, sizeof(g.token)), "the token");
	give(rig->fd, &g, sizeof(g));
	must(!connect_to_the_end(&d), "connect");
	rig->ctx = d.ctx;
	rig->comm = d.comm;
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
	struct listener l;
	struct greeting g;
	char name[120], one;

	open_listener(&l);
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		int stranger = dial(&l.handle);
		bool ok;

		fill(&g, l.handle.token);
		wrongs[i].change(&g);
		give(stranger, &g, sizeof(g));
		accept_until_dropped(&l);
		ok = has_said(wrongs[i].text) && recv(stranger, &one, 1, 0) == 0;
		close(stranger);
		snprintf(name, sizeof(name), "a listener drops a peer: %s", wrongs[i].text);
		result(ok && gets_through(&l), name);
	}
	close_listener(&l);
}

static void half_a_greeting(void)
{
	struct listener l;
	struct greeting g;
	void *comm;
	int peer;

	open_listener(&l);
	peer = dial(&l.handle);
	fill(&g, l.handle.token);
	give(peer, &g, sizeof(g) - 1);
	for (int i = 0; i < 100; i++)
		accept_nobody(&l);
	result(!has_said("dropped"), "a greeting without its last byte is waited for");
	give(peer, (char *)&g + sizeof(g) - 1, 1);
	result(!accept_one(&l, &comm), "with it, the connection is made");
	np_close_recv(&plugin, comm);
	close(peer);
	peer = dial(&l.handle);
	give(peer, &g, sizeof(g) / 2);
	close(peer);
	accept_until_dropped(&l);
	result(has_said("it closed before it said who it is"), "a peer that closes is dropped");
	close_listener(&l);
}

/* Without a limit of their own, silent strangers give place to the next; else the time ends them. */
static void silent_strangers(void)
{
	struct listener l;
	int silent[17];
	char one;

	open_listener(&l);
	for (int i = 0; i < 17; i++) {
		silent[i] = dial(&l.handle);
		accept_nobody(&l);
		if (i < 16)
			must(!has_said("dropped"), "sixteen may wait");
		usleep(2000);
	}
	result(has_said("too many at one port") && recv(silent[0], &one, 1, MSG_DONTWAIT) == 0 &&
		       recv(silent[1], &one, 1, MSG_DONTWAIT) < 0,
	       "of seventeen strangers the oldest gives place");
	result(gets_through(&l), "a peer gets through");
	for (int i = 0; i < 17; i++)
		close(silent[i]);
	close_listener(&l);
}

/* The listener's end of the connection has descriptor 0. */
static void peer_at_descriptor_0(void)
{
	int copy = dup(0), peer;
	struct listener l;
	void *comm;

	open_listener(&l);
	peer = peer_of(&l.handle);
	close(0);
	result(!accept_one(&l, &comm) && fcntl(0, F_GETFD) >= 0, "a peer at descriptor 0");
	np_close_recv(&plugin, comm);
	result(fcntl(0, F_GETFD) < 0, "which is closed, too");
	must(dup2(copy, 0) == 0, "dup2");
	close(copy);
	close(peer);
	close_listener(&l);
}

/* It has said who it is, and is gone before the answer. */
static void gone_before_the_answer(void)
{
	const struct linger linger = { .l_onoff = 1 };
	struct listener l;
	void *comm;
	int peer;

	open_listener(&l);
	peer = peer_of(&l.handle);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(peer);
	answer("a peer that is gone before the answer", accept_one(&l, &comm), NCCL_REMOTE_ERROR,
	       "accept: the peer is gone");
	close_listener(&l);
}

static void time_limit_of_a_listener(void)
{
	struct listener l;
	int stranger;
	char one;

	open_listener(&l);
	stranger = dial(&l.handle);
	accept_until_dropped(&l);
	result(has_said("it did not say who it is within the time limit") &&
		       recv(stranger, &one, 1, 0) == 0,
	       "a silent stranger is dropped after the time limit");
	close(stranger);
	close_listener(&l);
}

static void time_limit_of_a_connect(void)
{
	struct dialer d;
	struct handle h;
	int listening = listening_socket(&h);

	open_dialer(&d, &h);
	answer("a listener that never answers", connect_to_the_end(&d), NCCL_REMOTE_ERROR,
	       "Connection timed out");
	np_finalize(&plugin, d.ctx);
	close(listening);
}

static void time_limits(void)
{
	setenv("TPHBUF_NET_TIMEOUT_MS", "100", 1);
	time_limit_of_a_listener();
	time_limit_of_a_connect();
	unsetenv("TPHBUF_NET_TIMEOUT_MS");
}

/* The result of a connect that gets the first @size bytes of its greeting back, changed, and then the end */
static enum nccl_result answered_with(void (*change)(struct greeting *g), size_t size)
{
	enum nccl_result got;
	struct greeting g;
	struct dialer d;
	struct handle h;
	int fd, listening = listening_socket(&h);

	open_dialer(&d, &h);
	fd = take_greeting(&d, listening, &g);
	change(&g);
	give(fd, &g, size);
	close(fd);
	close(listening);
	got = connect_to_the_end(&d);
	if (d.comm)
		np_close_send(&plugin, d.comm);
	np_finalize(&plugin, d.ctx);
	return got;
}

static void nobody_listens(void)
{
	struct dialer d;
	struct handle h;

	close(listening_socket(&h));
	open_dialer(&d, &h);
	answer("nobody listens", connect_to_the_end(&d), NCCL_REMOTE_ERROR, "Connection refused");
	np_finalize(&plugin, d.ctx);
}

static void at_a_connect(void)
{
	char name[120];

	result(!answered_with(no_change, sizeof(struct greeting)), "the answer of a listener");
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		snprintf(name, sizeof(name), "a connect refuses an answer: %s", wrongs[i].text);
		answer(name, answered_with(wrongs[i].change, sizeof(struct greeting)),
		       NCCL_REMOTE_ERROR, wrongs[i].text);
	}
	answer("half an answer, then the end", answered_with(no_change, 30), NCCL_REMOTE_ERROR,
	       "the peer did not complete the connection: Connection reset by peer");
	nobody_listens();
}

void greetings(void)
{
	at_a_listener();
	half_a_greeting();
	silent_strangers();
	peer_at_descriptor_0();
	gone_before_the_answer();
	time_limits();
	at_a_connect();
}
