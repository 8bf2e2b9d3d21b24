/* SPDX-License-Identifier: MIT */
/*
 * Output side of a non-blocking unix stream: data that the peer does not accept at once is queued
 * in order.
 */
#ifndef SRV_STREAM_H
#define SRV_STREAM_H

#include <stdbool.h>
#include <stddef.h>

struct srv_chunk;

struct srv_out {
	struct srv_chunk *first, **last;
	size_t bytes; /* waiting */
};

void srv_out_init(struct srv_out *out);
void srv_out_clear(struct srv_out *out);

/* Send or queue len bytes; fd >= 0 goes with the first byte and is borrowed until then. */
int srv_out_send(struct srv_out *out, int sock, const void *data, size_t len, int fd);
/* Send queued data as far as the peer accepts it. */
int srv_out_flush(struct srv_out *out, int sock);

/* Listening SOCK_STREAM socket at path, non-blocking; a stale socket there is replaced. fd or -errno. */
int srv_listen(const char *path);
int srv_accept(int listen_fd); /* fd or -errno; non-blocking */

#endif
