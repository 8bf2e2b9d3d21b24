// SPDX-License-Identifier: MIT
/*
 * The control socket: a command a line, an answer of one line of JSON,
 * {"ok": true, ...} or {"ok": false, "error": "..."}.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "fabric/nic/init_seg.h"
#include "fabric/nic/nic.h"
#include "fabric/server/server.h"
#include "fabric/server/stream.h"

#define LINE_MAX_BYTES 256
#define OUTPUT_LIMIT   (4u << 20)
#define PEERS	       8

struct peer {
	struct srv_control *control;
	int sock; /* -1: free */
	struct srv_out out;
	char line[LINE_MAX_BYTES];
	size_t have;
};

struct srv_control {
	struct srv *srv;
	int listen_fd;
	char path[SRV_DIR_MAX + 16];
	struct peer peer[PEERS];
};

/* The trace file is complete when a report is answered. */
static void flush_trace(struct srv *srv)
{
	if (srv->fabric->trace)
		fflush(srv->fabric->trace);
}

static int run_report(struct srv *srv, const char *args, cJSON *answer)
{
	cJSON *report = fab_report(srv->fabric);

	(void)args;
	flush_trace(srv);
	return cJSON_AddItemToObject(answer, "report", report) ? 0 : -ENOMEM;
}

static int run_save(struct srv *srv, const char *args, cJSON *answer)
{
	(void)args;
	(void)answer;
	flush_trace(srv);
	return srv->opts->report ? srv_save_report(srv) : -ENOENT;
}

static int run_clear(struct srv *srv, const char *args, cJSON *answer)
{
	(void)args;
	(void)answer;
	fab_fabric_clear(srv->fabric);
	return 0;
}

/* args: NIC fatal|ok */
static int run_health(struct srv *srv, const char *args, cJSON *answer)
{
	char name[LINE_MAX_BYTES], state[LINE_MAX_BYTES], rest;
	struct fab_device *dev;

	(void)answer;
	if (sscanf(args, "%255s %255s %c", name, state, &rest) != 2)
		return -EINVAL;
	dev = fab_fabric_find(srv->fabric, name);
	if (!dev || dev->ops != &nic_device_ops)
		return -ENODEV;
	if (strcmp(state, "fatal") && strcmp(state, "ok"))
		return -EINVAL;
	nic_set_fatal((struct nic *)dev, !strcmp(state, "fatal"));
	return 0;
}

static int run_quit(struct srv *srv, const char *args, cJSON *answer)
{
	(void)args;
	(void)answer;
	fab_loop_stop(srv->fabric->loop);
	return 0;
}

static const struct {
	const char *name;
	bool takes_args;
	int (*run)(struct srv *srv, const char *args, cJSON *answer);
} commands[] = {
	{ "report", false, run_report }, { "save", false, run_save }, { "clear", false, run_clear },
	{ "health", true, run_health },	 { "quit", false, run_quit },
};

/* Index of the command that line names; *args is the rest of the line. */
static unsigned int find_command(const char *line, const char **args)
{
	size_t len = strcspn(line, " ");
	unsigned int i;

	*args = line + len;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i].name) == len && !strncmp(commands[i].name, line, len) &&
		    (commands[i].takes_args || !**args))
			break;
	return i;
}

static cJSON *run_line(struct srv *srv, const char *line)
{
	cJSON *answer = cJSON_CreateObject();
	const char *args;
	unsigned int i = find_command(line, &args);
	int ret;

	if (i == sizeof(commands) / sizeof(commands[0])) {
		cJSON_AddBoolToObject(answer, "ok", false);
		cJSON_AddStringToObject(answer, "error", "unknown command");
		return answer;
	}
	ret = commands[i].run(srv, args, answer);
	cJSON_AddBoolToObject(answer, "ok", !ret);
	if (ret)
		cJSON_AddStringToObject(answer, "error", strerror(-ret));
	return answer;
}

static int answer_line(struct peer *peer, const char *line)
{
	cJSON *answer = run_line(peer->control->srv, line);
	char *text = cJSON_PrintUnformatted(answer);
	int ret = -ENOMEM;

	cJSON_Delete(answer);
	if (!text)
		return ret;
	ret = srv_out_send(&peer->out, peer->sock, text, strlen(text), -1);
	if (!ret)
		ret = srv_out_send(&peer->out, peer->sock, "\n", 1, -1);
	cJSON_free(text);
	return ret;
}

static void end_peer(struct peer *peer)
{
	fab_loop_del_fd(peer->control->srv->fabric->loop, peer->sock);
	close(peer->sock);
	srv_out_clear(&peer->out);
	peer->sock = -1;
}

/* Answer every whole line of the buffer and keep the rest. */
static int answer_lines(struct peer *peer)
{
	char *start = peer->line, *end;
	size_t left = peer->have;
	int ret;

	while ((end = memchr(start, '\n', left))) {
		*end = '\0';
		ret = answer_line(peer, start);
		if (ret)
			return ret;
		left -= (size_t)(end + 1 - start);
		start = end + 1;
	}
	memmove(peer->line, start, left);
	peer->have = left;
	return left < sizeof(peer->line) ? 0 : -EMSGSIZE;
}

static int serve_peer(struct peer *peer)
{
	ssize_t n;
	int ret = srv_out_flush(&peer->out, peer->sock);

	if (ret)
		return ret;
	if (peer->out.bytes < OUTPUT_LIMIT) {
		n = recv(peer->sock, peer->line + peer->have, sizeof(peer->line) - peer->have,
			 MSG_DONTWAIT);
		if (!n)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			peer->have += (size_t)n;
			ret = answer_lines(peer);
		}
	}
	if (ret)
		return ret;
	return fab_loop_watch(peer->control->srv->fabric->loop, peer->sock,
			      peer->out.bytes < OUTPUT_LIMIT, peer->out.bytes > 0);
}

static void peer_ready(void *ctx)
{
	if (serve_peer(ctx))
		end_peer(ctx);
}

static void peer_arrived(void *ctx)
{
	struct srv_control *control = ctx;
	int sock = srv_accept(control->listen_fd);
	struct peer *peer;

	if (sock < 0)
		return;
	for (peer = control->peer; peer < control->peer + PEERS && peer->sock >= 0; peer++)
		;
	if (peer == control->peer + PEERS ||
	    fab_loop_add_fd(control->srv->fabric->loop, sock, peer_ready, peer)) {
		close(sock);
		return;
	}
	peer->control = control;
	peer->sock = sock;
	peer->have = 0;
	srv_out_init(&peer->out);
}

int srv_control_new(struct srv *srv, struct srv_control **out)
{
	struct srv_control *control = calloc(1, sizeof(*control));
	unsigned int i;
	int ret;

	if (!control)
		return -ENOMEM;
	control->srv = srv;
	for (i = 0; i < PEERS; i++)
		control->peer[i].sock = -1;
	snprintf(control->path, sizeof(control->path), "%s/control.sock", srv->opts->dir);
	control->listen_fd = srv_listen(control->path);
	if (control->listen_fd < 0) {
		ret = control->listen_fd;
		free(control);
		return ret;
	}
	ret = fab_loop_add_fd(srv->fabric->loop, control->listen_fd, peer_arrived, control);
	if (ret) {
		srv_control_free(control);
		return ret;
	}
	*out = control;
	return 0;
}

void srv_control_free(struct srv_control *control)
{
	struct peer *peer;

	if (!control)
		return;
	for (peer = control->peer; peer < control->peer + PEERS; peer++) {
		if (peer->sock < 0)
			continue;
		srv_out_flush(&peer->out, peer->sock);
		end_peer(peer);
	}
	fab_loop_del_fd(control->srv->fabric->loop, control->listen_fd);
	close(control->listen_fd);
	unlink(control->path);
	free(control);
}
