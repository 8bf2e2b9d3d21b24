/* SPDX-License-Identifier: MIT */
/*
 * The server: a fabric, one socket for each function, one for control.
 */
#ifndef SRV_SERVER_H
#define SRV_SERVER_H

#include "fabric/server/options.h"

struct srv;
struct srv_control;
struct srv_conn;

struct srv_function {
	struct srv *srv;
	struct fab_device *dev;
	struct srv_conn *conn; /* NULL: no client */
	int listen_fd;
	char path[SRV_DIR_MAX + SRV_NAME_MAX + 8];
};

struct srv {
	const struct srv_opts *opts;
	struct fab_fabric *fabric;
	struct srv_control *control;
	unsigned int nfunctions;
	struct srv_function function[SRV_MAX_FUNCTIONS];
};

/* opts must outlive the server. error: a one-line explanation of a failure. */
int srv_new(const struct srv_opts *opts, void (*log)(void *ctx, const char *text), void *log_ctx,
	    struct srv **srv, char *error, size_t size);
void srv_free(struct srv *srv);
int srv_save_report(struct srv *srv); /* to the file of --report; 0 without one */

/* control.c */
int srv_control_new(struct srv *srv, struct srv_control **control);
void srv_control_free(struct srv_control *control);

#endif
