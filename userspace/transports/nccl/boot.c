// SPDX-License-Identifier: MIT
/*
 * The rendezvous of two ranks: a TCP connection to the listener and a greeting in each
 * direction, without blocking. NCCL polls connect and accept of many connections from one
 * thread.
 *
 * A connection that does not send the listener's token within the time limit is dropped. Up
 * to PENDING connections wait at a listener, so that a slow one does not delay the others. A
 * connect ends only when the listener has answered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "greeting.h"
#include "net.h"

#define PENDING 16

_Static_assert(sizeof(struct handle) <= NCCL_HANDLE_SIZE, "the handle has 128 bytes");

/* A connection on its way: at the connecting rank, or pending at a listener */
struct net_half {
	struct net_half *next;
	struct net_ctx *ctx;
	struct net_comm *comm;
	uint64_t deadline; /* ms */
	uint64_t polls;
	enum { CONNECTING, SENDING, RECEIVING } stage;
	struct greeting out, in;
	size_t sent, got;
};

struct net_listen {
	uint32_t magic;
	uint32_t id;
	struct net_listen *next;
	struct net_ctx *ctx;
	struct net_device *dev;
	int fd;
	uint64_t polls;
	uint8_t token[16];
	struct {
		int fd; /* -1: free */
		uint64_t deadline;
		size_t got;
		struct greeting in;
	} pending[PENDING];
	struct net_half *answering;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void hex(const uint8_t *token, char *text)
{
	for (int i = 0; i < 16; i++)
		sprintf(text + 2 * i, "%02x", token[i]);
}

static void set_options(int fd)
{
	int one = 1, wait = 30000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &wait, sizeof(wait));
}

/* 1: all there, 0: not yet, -errno */
static int receive(int fd, void *buf, size_t size, size_t *got)
{
	ssize_t n = recv(fd, (char *)buf + *got, size - *got, MSG_DONTWAIT);

	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*got += (size_t)n;
	return *got == size;
}

static int transmit(int fd, const void *buf, size_t size, size_t *sent)
{
	ssize_t n = send(fd, (const char *)buf + *sent, size - *sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*sent += (size_t)n;
	return *sent == size;
}

enum nccl_result net_listen(struct net_ctx *ctx, int dev, void *handle, struct net_listen **listener)
{
	struct handle *h = handle;
	struct net_listen *l = calloc(1, sizeof(*l));
	char token[33];
	int err;

	memset(h, 0, NCCL_HANDLE_SIZE);
	if (!l)
		return NCCL_SYSTEM_ERROR;
	l->magic = NET_MAGIC_LISTEN;
	l->id = net_number();
	l->ctx = ctx;
	l->dev = net_device(dev);
	for (int i = 0; i < PENDING; i++)
		l->pending[i].fd = -1;
	if (!l->dev) {
		free(l);
		return NCCL_INVALID_ARGUMENT;
	}
	err = net_address_listen(net_config()->ifname, &l->fd, &h->addr);
	if (!err && getrandom(l->token, sizeof(l->token), 0) != sizeof(l->token))
		err = -EIO;
	if (err) {
		net_warn("listen: no TCP port for the rendezvous on %s: %s; set NCCL_SOCKET_IFNAME to an interface that is up",
			 net_config()->ifname[0] ? net_config()->ifname : "any interface",
			 strerror(-err));
		free(l);
		return NCCL_SYSTEM_ERROR;
	}
	h->magic = GREETING_MAGIC;
	memcpy(h->token, l->token, sizeof(h->token));
	net_lock();
	net_ctx_get(ctx);
	l->next = ctx->listens;
	ctx->listens = l;
	net_unlock();
	hex(l->token, token);
	net_trace("listen", NCCL_SUCCESS, "\"ctx\":%u,\"dev\":%d,\"listen\":%u,\"token\":\"%s\"",
		  ctx->id, dev, l->id, token);
	*listener = l;
	return NCCL_SUCCESS;
}

/* With the lock held; the half is in no list any more. */
static void half_free(struct net_half *half)
{
	if (half->comm)
		net_comm_free(half->comm);
	free(half);
}

static void half_unlink(struct net_half *half)
{
	struct net_half **p = &half->ctx->halves;

	while (*p && *p != half)
		p = &(*p)->next;
	if (*p)
		*p = half->next;
}

/* With the lock held: connects that NCCL gave up. */
void net_close_halves(struct net_ctx *ctx)
{
	struct net_half *half;

	while ((half = ctx->halves)) {
		ctx->halves = half->next;
		half_free(half);
	}
}

static enum nccl_result half_new(struct net_ctx *ctx, int dev, struct handle *h)
{
	struct net_half *half;
	struct net_device *device = net_device(dev);
	int err;

	if (!device)
		return NCCL_INVALID_ARGUMENT;
	half = calloc(1, sizeof(*half));
	if (!half)
		return NCCL_SYSTEM_ERROR;
	half->ctx = ctx;
	half->deadline = now_ms() + net_config()->timeout_ms;
	greeting_make(&half->out, h->token);
	half->comm = net_comm_new(ctx, device, true);
	if (!half->comm) {
		free(half);
		return NCCL_SYSTEM_ERROR;
	}
	half->comm->fd =
		socket(h->addr.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = half->comm->fd < 0 ? -errno : 0;
	if (!err && connect(half->comm->fd, &h->addr.any, net_address_size(&h->addr)) &&
	    errno != EINPROGRESS)
		err = -errno;
	if (err || device->backend->comm_open(half->comm, half->out.blob)) {
		if (err)
			net_warn("connect: the listener does not answer: %s", strerror(-err));
		net_lock();
		half_free(half);
		net_unlock();
		return err ? NCCL_REMOTE_ERROR : NCCL_SYSTEM_ERROR;
	}
	net_lock();
	half->next = ctx->halves;
	ctx->halves = half;
	net_unlock();
	h->half = half;
	return NCCL_SUCCESS;
}

/* 1: TCP is up, 0: not yet, -errno */
static int connected(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int err = 0;

	if (poll(&p, 1, 0) <= 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size))
		return -errno;
	return err ? -err : 1;
}

/* 1: greeted both ways, 0: not yet, -errno */
static int half_advance(struct net_half *half)
{
	int fd = half->comm->fd, got = 1;

	if (half->stage == CONNECTING) {
		got = connected(fd);
		if (got > 0)
			half->stage = SENDING;
	}
	if (half->stage == SENDING) {
		got = transmit(fd, &half->out, sizeof(half->out), &half->sent);
		if (got > 0)
			half->stage = RECEIVING;
	}
	if (half->stage == RECEIVING)
		got = receive(fd, &half->in, sizeof(half->in), &half->got);
	if (!got && now_ms() > half->deadline)
		return -ETIMEDOUT;
	return got;
}

static enum nccl_result half_done(struct net_half *half, const uint8_t *token,
				  struct net_comm **comm)
{
	const char *why = greeting_check(&half->in, token);
	enum nccl_result result;

	if (why) {
		net_warn("connect: the answer is not the listener's: %s", why);
		return NCCL_REMOTE_ERROR;
	}
	set_options(half->comm->fd);
	result = half->comm->dev->backend->comm_connect(half->comm, half->in.blob);
	if (!result) {
		*comm = half->comm;
		half->comm = NULL;
	}
	return result;
}

enum nccl_result net_connect(struct net_ctx *ctx, int dev, void *handle, struct net_comm **comm)
{
	struct handle *h = handle;
	enum nccl_result result = NCCL_SUCCESS;
	struct net_half *half;
	char token[33];
	int got;

	*comm = NULL;
	if (h->magic != GREETING_MAGIC) {
		net_warn("connect: the handle is not one of this plugin's; all ranks must load the same plugin");
		return NCCL_INVALID_USAGE;
	}
	hex(h->token, token);
	if (!h->half) {
		result = half_new(ctx, dev, h);
		if (result)
			net_trace("connect", result, "\"dev\":%d,\"token\":\"%s\"", dev, token);
		if (result)
			return result;
	}
	half = h->half;
	got = half_advance(half);
	half->polls++;
	if (!got)
		return NCCL_SUCCESS;
	if (got < 0) {
		net_warn("connect: the peer did not complete the connection: %s", strerror(-got));
		result = NCCL_REMOTE_ERROR;
	} else {
		result = half_done(half, h->token, comm);
	}
	net_trace("connect", result,
		  "\"ctx\":%u,\"dev\":%d,\"token\":\"%s\",\"comm\":%u,\"polls\":%llu", ctx->id, dev,
		  token, *comm ? (*comm)->id : 0, (unsigned long long)half->polls);
	h->half = NULL;
	net_lock();
	half_unlink(half);
	half_free(half);
	net_unlock();
	return result;
}

static void drop(struct net_listen *l, int i, const char *why)
{
	net_info("accept: dropped a connection: %s", why);
	close(l->pending[i].fd);
	l->pending[i].fd = -1;
}

/* Take what waits at the port; the oldest gives place when there are too many. */
static void take_connections(struct net_listen *l)
{
	int oldest, fd;

	while ((fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		oldest = 0;
		for (int i = 0; i < PENDING; i++) {
			if (l->pending[i].fd < 0) {
				oldest = i;
				break;
			}
			if (l->pending[i].deadline < l->pending[oldest].deadline)
				oldest = i;
		}
		if (l->pending[oldest].fd >= 0)
			drop(l, oldest, "too many at one port have not said who they are");
		l->pending[oldest].fd = fd;
		l->pending[oldest].got = 0;
		l->pending[oldest].deadline = now_ms() + net_config()->timeout_ms;
	}
}

/* A connection that has the token: make the local end, prepare the answer. */
static enum nccl_result answer(struct net_listen *l, int i)
{
	struct net_half *half = calloc(1, sizeof(*half));
	enum nccl_result result;

	if (!half)
		return NCCL_SYSTEM_ERROR;
	half->comm = net_comm_new(l->ctx, l->dev, false);
	if (!half->comm) {
		free(half);
		return NCCL_SYSTEM_ERROR;
	}
	half->ctx = l->ctx;
	half->comm->fd = l->pending[i].fd;
	half->deadline = l->pending[i].deadline;
	half->stage = SENDING;
	l->pending[i].fd = -1;
	set_options(half->comm->fd);
	greeting_make(&half->out, l->token);
	result = l->dev->backend->comm_open(half->comm, half->out.blob);
	if (!result)
		result = l->dev->backend->comm_connect(half->comm, l->pending[i].in.blob);
	if (result) {
		net_lock();
		half_free(half);
		net_unlock();
		return result;
	}
	l->answering = half;
	return NCCL_SUCCESS;
}

static enum nccl_result hear_pending(struct net_listen *l)
{
	const char *why;
	int got;

	for (int i = 0; i < PENDING && !l->answering; i++) {
		if (l->pending[i].fd < 0)
			continue;
		got = receive(l->pending[i].fd, &l->pending[i].in, sizeof(l->pending[i].in),
			      &l->pending[i].got);
		if (got < 0) {
			drop(l, i, "it closed before it said who it is");
		} else if (!got) {
			if (now_ms() > l->pending[i].deadline)
				drop(l, i, "it did not say who it is within the time limit");
		} else {
			why = greeting_check(&l->pending[i].in, l->token);
			if (why)
				drop(l, i, why);
			else
				return answer(l, i);
		}
	}
	return NCCL_SUCCESS;
}

enum nccl_result net_accept(struct net_listen *l, struct net_comm **comm)
{
	enum nccl_result result = NCCL_SUCCESS;
	struct net_half *half;
	int got = 0;

	*comm = NULL;
	l->polls++;
	take_connections(l);
	if (!l->answering)
		result = hear_pending(l);
	half = l->answering;
	if (!result && half) {
		got = transmit(half->comm->fd, &half->out, sizeof(half->out), &half->sent);
		if (!got && now_ms() > half->deadline)
			got = -ETIMEDOUT;
	}
	if (!result && !got)
		return NCCL_SUCCESS;
	if (got < 0) {
		net_warn("accept: the peer is gone: %s", strerror(-got));
		result = NCCL_REMOTE_ERROR;
	} else if (!result) {
		*comm = half->comm;
		half->comm = NULL;
	}
	net_trace("accept", result, "\"listen\":%u,\"comm\":%u,\"polls\":%llu", l->id,
		  *comm ? (*comm)->id : 0, (unsigned long long)l->polls);
	l->answering = NULL;
	if (half) {
		net_lock();
		half_free(half);
		net_unlock();
	}
	return result;
}

/* With the lock held. */
static void listen_free(struct net_listen *l)
{
	struct net_listen **p = &l->ctx->listens;

	while (*p && *p != l)
		p = &(*p)->next;
	if (*p)
		*p = l->next;
	for (int i = 0; i < PENDING; i++) {
		if (l->pending[i].fd >= 0)
			close(l->pending[i].fd);
	}
	if (l->answering)
		half_free(l->answering);
	close(l->fd);
	l->magic = 0;
	net_ctx_put(l->ctx);
	free(l);
}

void net_close_listens(struct net_ctx *ctx)
{
	while (ctx->listens)
		listen_free(ctx->listens);
}

enum nccl_result net_close_listen(struct net_listen *l)
{
	net_trace("closeListen", NCCL_SUCCESS, "\"listen\":%u", l->id);
	net_lock();
	listen_free(l);
	net_unlock();
	return NCCL_SUCCESS;
}
