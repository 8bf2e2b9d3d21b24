// SPDX-License-Identifier: MIT
/*
 * One client: messages in turn, an answer to each.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fabric/server/conn.h"
#include "fabric/server/input.h"
#include "fabric/server/proto.h"
#include "fabric/server/stream.h"

#define MESSAGES_PER_TURN 32	       /* then other clients are served */
#define OUTPUT_LIMIT	  (256u << 10) /* bytes waiting for the client before it is ignored */

struct srv_conn {
	struct srv_session session;
	struct fab_loop *loop;
	int sock;
	struct srv_out out;
	void (*closed)(void *ctx);
	void *ctx;
	struct srv_in in;
	struct srv_msg msg;
	_Alignas(8) uint8_t reply[SRV_MAX_BODY + sizeof(struct srv_header)];
};

static void start_message(struct srv_conn *conn)
{
	srv_in_start(&conn->in, &conn->msg);
	conn->msg.reply = conn->reply + sizeof(struct srv_header);
}

static int send_reply(struct srv_conn *conn, int error)
{
	const struct srv_header *header = &conn->msg.header;
	struct srv_header answer = { .id = header->id,
				     .command = header->command,
				     .flags = SRV_TYPE_REPLY };

	if (header->flags & SRV_NO_REPLY)
		return 0;
	if (error) {
		answer.flags |= SRV_ERROR;
		answer.error = (uint32_t)-error;
		conn->msg.reply_len = 0;
		conn->msg.reply_fd = -1;
	}
	answer.size = (uint32_t)sizeof(answer) + conn->msg.reply_len;
	memcpy(conn->reply, &answer, sizeof(answer));
	return srv_out_send(&conn->out, conn->sock, conn->reply, answer.size, conn->msg.reply_fd);
}

/* Command and reason; commands that do not exist are one kind. */
static uint64_t log_kind(const struct srv_conn *conn, int error)
{
	uint64_t command = conn->msg.header.command;

	return (command < SRV_COMMAND_COUNT ? command : SRV_COMMAND_COUNT) << 32 |
	       (uint64_t)(uint32_t)-error << 1 | (conn->msg.why ? 1 : 0);
}

/* Run the message that has arrived. -errno: the connection has ended. */
static int handle(struct srv_conn *conn)
{
	const struct srv_header *header = &conn->msg.header;
	struct fab_device *dev = conn->session.dev;
	bool framed = header->size == sizeof(*header) + conn->msg.len;
	bool end = !framed;
	int error, ret;

	error = framed && !conn->in.bad_files ? srv_proto_run(&conn->session, &conn->msg, &end) :
						-EINVAL;
	if (error)
		fab_log_kind(dev, log_kind(conn, error),
			     "%s refused: size %u flags 0x%x files %u: %s",
			     srv_proto_name(header->command), header->size, header->flags,
			     conn->msg.nfds, conn->msg.why ? conn->msg.why : strerror(-error));
	else if (dev->fabric->verbose > 1)
		fab_debug(dev, "%s size %u files %u", srv_proto_name(header->command), header->size,
			  conn->msg.nfds);
	srv_msg_close_files(&conn->msg);
	ret = send_reply(conn, error);
	if (!error)
		srv_proto_act(&conn->session, &conn->msg);
	return end ? -EPROTO : ret;
}

static int serve(struct srv_conn *conn)
{
	unsigned int i;
	int ret = srv_out_flush(&conn->out, conn->sock);

	for (i = 0; !ret && conn->out.bytes < OUTPUT_LIMIT; i++) {
		if (i >= MESSAGES_PER_TURN && !srv_in_waiting(&conn->in))
			break;
		ret = srv_in_receive(&conn->in, conn->sock, &conn->msg);
		if (ret <= 0)
			break;
		ret = handle(conn);
		start_message(conn);
	}
	if (ret)
		return ret;
	return fab_loop_watch(conn->loop, conn->sock, conn->out.bytes < OUTPUT_LIMIT,
			      conn->out.bytes > 0);
}

static void ready(void *ctx)
{
	struct srv_conn *conn = ctx;
	void (*closed)(void *) = conn->closed;
	void *closed_ctx = conn->ctx;
	int ret = serve(conn);

	if (!ret)
		return;
	fab_log(conn->session.dev, "client disconnected: %s",
		ret == -ECONNRESET ? "disconnected" : strerror(-ret));
	srv_conn_free(conn);
	closed(closed_ctx);
}

int srv_conn_new(struct fab_device *dev, int sock, void (*closed)(void *ctx), void *ctx,
		 struct srv_conn **out)
{
	struct srv_conn *conn = calloc(1, sizeof(*conn));
	int ret = -ENOMEM;

	if (!conn)
		goto err_close;
	conn->session.dev = dev;
	conn->loop = dev->fabric->loop;
	conn->sock = sock;
	conn->closed = closed;
	conn->ctx = ctx;
	srv_out_init(&conn->out);
	start_message(conn);
	ret = fab_loop_add_fd(conn->loop, sock, ready, conn);
	if (ret)
		goto err_free;
	*out = conn;
	return 0;

err_free:
	free(conn);
err_close:
	close(sock);
	return ret;
}

bool srv_conn_hung_up(const struct srv_conn *conn)
{
	struct pollfd pollfd = { .fd = conn->sock };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & (POLLHUP | POLLERR));
}

void srv_conn_free(struct srv_conn *conn)
{
	if (!conn)
		return;
	fab_loop_del_fd(conn->loop, conn->sock);
	close(conn->sock);
	srv_in_clear(&conn->in, &conn->msg);
	srv_out_clear(&conn->out);
	fab_device_detach(conn->session.dev);
	free(conn);
}
