/* SPDX-License-Identifier: MIT */
/*
 * One client connection: framing of vfio-user messages on a stream.
 *
 * Nothing here waits. A client that stops in the middle of a message keeps
 * only its own connection waiting; one that does not read its answers is not
 * listened to until it does.
 */
#ifndef SRV_CONN_H
#define SRV_CONN_H

#include "fabric/core/fabric.h"

struct srv_conn;

/* Serve dev to the client at sock (taken, also on failure). closed is called once, when the connection has ended. */
int srv_conn_new(struct fab_device *dev, int sock, void (*closed)(void *ctx), void *ctx,
		 struct srv_conn **conn);
/* The client has closed its end; what it had sent before may still be unread. */
bool srv_conn_hung_up(const struct srv_conn *conn);
/* End it from this side; closed is not called. The device is detached. */
void srv_conn_free(struct srv_conn *conn);

#endif
