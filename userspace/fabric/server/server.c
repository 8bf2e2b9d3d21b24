// SPDX-License-Identifier: MIT
/*
 * Creating the functions of the command line and accepting their clients.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "fabric/server/conn.h"
#include "fabric/server/server.h"
#include "fabric/server/stream.h"

static void client_gone(void *ctx)
{
	struct srv_function *function = ctx;
	struct srv *srv = function->srv;
	unsigned int i;

	function->conn = NULL;
	for (i = 0; i < srv->nfunctions; i++)
		if (srv->function[i].conn)
			return;
	if (srv->opts->once)
		fab_loop_stop(srv->fabric->loop);
}

static void client_arrived(void *ctx)
{
	struct srv_function *function = ctx;
	int sock = srv_accept(function->listen_fd), ret;

	if (sock < 0)
		return;
	if (function->conn &&
	    srv_conn_hung_up(function->conn)) { /* the hang-up event is still pending */
		srv_conn_free(function->conn);
		function->conn = NULL;
	}
	if (function->conn) {
		fab_log(function->dev, "second client refused");
		close(sock);
		return;
	}
	ret = srv_conn_new(function->dev, sock, client_gone, function, &function->conn);
	fab_log(function->dev, "client %s", ret ? strerror(-ret) : "connected");
}

static int create_device(struct srv *srv, const struct srv_spec *spec)
{
	struct nic *nic;

	switch (spec->kind) {
	case SRV_NIC:
		return nic_new(srv->fabric, spec->name, &spec->nic, &nic);
	case SRV_ENDPOINT:
		return ep_new(srv->fabric, spec->name, &spec->endpoint);
	case SRV_ENGINE:
		return eng_new(srv->fabric, spec->name, &spec->engine);
	}
	return -EINVAL;
}

static int add_function(struct srv *srv, const struct srv_spec *spec, char *error, size_t size)
{
	struct srv_function *function = &srv->function[srv->nfunctions];
	int ret;

	ret = create_device(srv, spec);
	if (ret) {
		snprintf(error, size, "%s: %s", spec->name, strerror(-ret));
		return ret;
	}
	function->srv = srv;
	function->dev = fab_fabric_find(srv->fabric, spec->name);
	snprintf(function->path, sizeof(function->path), "%s/%s.sock", srv->opts->dir, spec->name);
	function->listen_fd = srv_listen(function->path);
	ret = function->listen_fd;
	if (ret >= 0) {
		srv->nfunctions++;
		ret = fab_loop_add_fd(srv->fabric->loop, function->listen_fd, client_arrived,
				      function);
	}
	if (ret < 0)
		snprintf(error, size, "%s: %s", function->path, strerror(-ret));
	return ret < 0 ? ret : 0;
}

static int start(struct srv *srv, char *error, size_t size)
{
	unsigned int i;
	int ret;

	if (srv->opts->trace) {
		srv->fabric->trace = fopen(srv->opts->trace, "we");
		if (!srv->fabric->trace) {
			ret = -errno;
			snprintf(error, size, "%s: %s", srv->opts->trace, strerror(-ret));
			return ret;
		}
	}
	for (i = 0; i < srv->opts->nspecs; i++) {
		ret = add_function(srv, &srv->opts->spec[i], error, size);
		if (ret)
			return ret;
	}
	ret = srv_control_new(srv, &srv->control);
	if (ret)
		snprintf(error, size, "%s/control.sock: %s", srv->opts->dir, strerror(-ret));
	return ret;
}

int srv_new(const struct srv_opts *opts, void (*log)(void *ctx, const char *text), void *log_ctx,
	    struct srv **out, char *error, size_t size)
{
	struct srv *srv = calloc(1, sizeof(*srv));
	int ret = -ENOMEM;

	if (!srv)
		goto err;
	srv->opts = opts;
	ret = fab_fabric_new(&srv->fabric);
	if (ret)
		goto err;
	srv->fabric->log = log;
	srv->fabric->log_ctx = log_ctx;
	srv->fabric->verbose = opts->verbose;
	ret = start(srv, error, size);
	if (!ret) {
		*out = srv;
		return 0;
	}
	srv_free(srv);
	return ret;

err:
	snprintf(error, size, "%s", strerror(-ret));
	free(srv);
	return ret;
}

void srv_free(struct srv *srv)
{
	struct srv_function *function;

	if (!srv)
		return;
	for (function = srv->function; function < srv->function + srv->nfunctions; function++) {
		srv_conn_free(function->conn);
		fab_loop_del_fd(srv->fabric->loop, function->listen_fd);
		close(function->listen_fd);
		unlink(function->path);
	}
	srv_control_free(srv->control);
	fab_fabric_free(srv->fabric);
	free(srv);
}

static int write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	int ret = 0;

	if (!file)
		return -errno;
	if (fprintf(file, "%s\n", text) < 0)
		ret = -EIO;
	if (fclose(file) && !ret)
		ret = -errno;
	return ret;
}

int srv_save_report(struct srv *srv)
{
	char part[4096];
	cJSON *report;
	char *text;
	int ret = -ENOMEM;

	if (!srv->opts->report)
		return 0;
	if (snprintf(part, sizeof(part), "%s.part", srv->opts->report) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	report = fab_report(srv->fabric);
	text = cJSON_Print(report);
	if (text)
		ret = write_file(part, text);
	if (!ret && rename(part, srv->opts->report))
		ret = -errno;
	cJSON_free(text);
	cJSON_Delete(report);
	return ret;
}
