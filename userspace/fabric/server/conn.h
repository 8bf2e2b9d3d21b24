/* SPDX-License-Identifier: MIT */
/*
 * One client connection: framing of vfio-user messages on a stream.
 *
 * No call blocks. A client that stops in the middle of a message delays only its own connection;
 * messages of a client that does not read its answers are not read until it does.
 */
#ifndef SRV_CONN_H
#define SRV_CONN_H

#include "fabric/core/fabric.h"

struct srv_conn;

/*
 * Serve dev to the client at sock (taken, also on failure). closed is called once, when the
 * connection has ended.
 */
int srv_conn_new(struct fab_device *dev, int sock, void (*closed)(void *ctx), void *ctx,
		 struct srv_conn **conn);
/* True if the client has closed its end; earlier messages may still be unread. */
bool srv_conn_hung_up(const struct srv_conn *conn);
/* Ends the connection without a call of closed. The device is detached. */
void srv_conn_free(struct srv_conn *conn);

#endif
