// SPDX-License-Identifier: MIT
/* tphbuf serve: hand a tagged buffer to each process that connects to a socket. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/commands/commands.h"
#include "cli/listen.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/text.h"

#define DEFAULT_MODE 0600

/* Limit of one wait: a signal that comes before it takes effect after it. */
#define ACCEPT_MS 500

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Without SA_RESTART, so that the wait for a peer ends. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = stop };
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int answer(struct cli *cli, const struct options *opts, const struct source *src)
{
	int ret = answer_source(cli, opts, src);

	if (ret != CLI_OK)
		return ret;
	if (cli->json)
		cJSON_AddStringToObject(cli->json, "socket", opts->socket);
	else
		say(stdout, "socket      %s\n", opts->socket);
	return finish_output(cli);
}

/* An error of one peer does not end the service. */
static bool hand_over(struct cli *cli, const struct options *opts, const struct source *src,
		      int sock)
{
	struct tphbuf_send_opts send_opts = {
		.size = sizeof(send_opts),
		.flags = opts->hand_device ? TPHBUF_SEND_DEVICE : 0,
		.label = opts->label,
	};
	int ret = tphbuf_buffer_send(src->buf, sock, &send_opts);

	if (ret)
		say(stderr, "tphbuf serve: %s\n", tphbuf_ctx_error(cli->ctx));
	else if (cli->verbose)
		fprintf(stderr, "tphbuf: handed over\n");
	return !ret;
}

static int serve(struct cli *cli, const struct options *opts, const struct source *src, int listener)
{
	int handed = 0, sock, ret;

	while (!stopped && (!opts->count || handed < opts->count)) {
		ret = listen_accept(listener, ACCEPT_MS, &sock);
		if (ret == -EINTR || ret == -ETIMEDOUT)
			continue;
		if (ret)
			return cli_fail_errno(cli, TPHBUF_STAGE_SHARE, ret, opts->socket);
		handed += hand_over(cli, opts, src, sock);
		close(sock);
	}
	return CLI_OK;
}

static int run(struct cli *cli, struct options *opts)
{
	struct source src;
	int listener, ret;

	catch_signals();
	ret = source_open(cli, opts, &src);
	if (ret != CLI_OK)
		return ret;
	ret = listen_open(opts->socket, opts->mode < 0 ? DEFAULT_MODE : (unsigned int)opts->mode,
			  &listener);
	if (ret) {
		ret = cli_fail_errno(cli, TPHBUF_STAGE_SHARE, ret, opts->socket);
	} else {
		ret = answer(cli, opts, &src);
		if (ret == CLI_OK)
			ret = serve(cli, opts, &src, listener);
		unlink(opts->socket);
		close(listener);
	}
	source_close(&src);
	return ret;
}

const struct command cmd_serve = {
	.id = COMMAND_SERVE,
	.name = "serve",
	.summary = "hand a tagged buffer to processes that connect to a socket",
	.operands = "BDF",
	.about = "Exports ranges of a BAR (default: the whole BAR) and hands the buffer, with tag\n"
		 "and description, to each process that connects to a unix socket (tphbuf attach,\n"
		 "or tphbuf_buffer_receive() in a program), until a signal. Every user with write\n"
		 "permission on the socket gets the buffer. The buffer ends with this process,\n"
		 "unless --device hands over the device, which gives the receiver full control\n"
		 "of it.\n",
	.example = "serve 0000:03:00.0 --bar 2 --range 0+1M --tag st=0x5a,ph=2 \\\n"
		   "                --socket /run/acc.sock --mode 0660",
	.takes_bdf = true,
	.completion = { COMPLETE_FUNCTION },
	.run = run,
};
