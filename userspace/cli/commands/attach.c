// SPDX-License-Identifier: MIT
/* tphbuf attach: receive a buffer that another process serves. */
#include <stdio.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/commands/commands.h"
#include "cli/commands/register.h"
#include "cli/exec.h"
#include "cli/format.h"
#include "cli/hold.h"
#include "cli/json.h"
#include "cli/listen.h"
#include "cli/rdma.h"
#include "cli/source.h"

#define CONNECT_MS 10000 /* for a listener whose backlog is full */

static const char *trust_text(enum tphbuf_tag_trust trust)
{
	switch (trust) {
	case TPHBUF_TAG_CONFIRMED:
		return "confirmed by the kernel";
	case TPHBUF_TAG_CORRECTED:
		return "corrected by the kernel";
	default:
		return "claimed by the sender";
	}
}

static void print_received(const struct tphbuf_share_info *info, bool tag_too)
{
	char text[TPHBUF_TAG_TEXT_MAX];

	printf("from        process %d of user %u%s%s\n", info->pid, info->uid,
	       info->label[0] ? ": " : "", info->label);
	printf("source      %s%s\n", tphbuf_source_name(info->source),
	       info->has_device ? ", with its device" : "");
	if (tag_too)
		printf("tag         %s, %s\n", tag_text(&info->tag, text), trust_text(info->trust));
}

static void json_add_received(cJSON *json, const struct tphbuf_share_info *info)
{
	cJSON *object = cJSON_AddObjectToObject(json, "received");

	cJSON_AddNumberToObject(object, "pid", info->pid);
	cJSON_AddNumberToObject(object, "uid", info->uid);
	json_add_string_or_null(object, "label", info->label);
	cJSON_AddStringToObject(object, "source", tphbuf_source_name(info->source));
	cJSON_AddBoolToObject(object, "device", info->has_device);
	cJSON_AddStringToObject(object, "tag_trust", trust_text(info->trust));
	json_add_namespaces(object, "supported", info->supported);
}

static void answer(struct cli *cli, const struct source *src, bool tag_too)
{
	if (!cli->json) {
		print_received(src->received, tag_too);
		if (tag_too)
			print_source(src);
		return;
	}
	json_add_received(cli->json, src->received);
	if (tag_too) {
		json_add_source(cli->json, src);
		json_add_tag(cli->json, "tag", &src->received->tag);
	}
}

/* With a registration the rest of the answer is that of tphbuf register. */
static int with_rdma(struct cli *cli, const struct options *opts, const struct source *src)
{
	struct rdma rdma;
	int ret;

	if (opts->require && !src->received->tag.valid)
		return cli_fail_text(cli, CLI_FAILURE, "share",
				     "--require: the buffer came without a tag; serve it with --tag");
	ret = rdma_open(cli, opts->ibdev, &rdma);
	if (ret != CLI_OK)
		return ret;
	answer(cli, src, false);
	ret = register_source(cli, opts, src, rdma.pd);
	rdma_close(&rdma);
	return ret;
}

static int use(struct cli *cli, const struct options *opts, const struct source *src)
{
	if (opts->ibdev)
		return with_rdma(cli, opts, src);
	answer(cli, src, true);
	if (opts->exec)
		return exec_with_buffer(cli, opts, src);
	return opts->hold ? hold(cli) : CLI_OK;
}

static int run(struct cli *cli, struct options *opts)
{
	struct tphbuf_receive_opts receive_opts = {
		.size = sizeof(receive_opts),
		.timeout_ms = (uint32_t)opts->timeout * 1000,
	};
	struct tphbuf_share_info info = { .size = sizeof(info) };
	struct source src = { .received = &info };
	int sock, ret;

	if (!opts->ibdev && (opts->require || opts->has_iova))
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "--require and --iova need a registration; give --ibdev NAME");
	if (opts->ibdev && opts->exec)
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "--ibdev and --exec exclude each other; use either");
	ret = listen_connect(opts->args[0], CONNECT_MS, &sock);
	if (ret)
		return cli_fail_errno(cli, TPHBUF_STAGE_SHARE, ret, opts->args[0]);
	ret = tphbuf_buffer_receive(cli->ctx, sock, &receive_opts, &info, &src.buf);
	close(sock);
	if (ret)
		return cli_fail(cli, ret);
	ret = use(cli, opts, &src);
	tphbuf_buffer_close(src.buf);
	return ret;
}

const struct command cmd_attach = {
	.id = COMMAND_ATTACH,
	.name = "attach",
	.summary = "receive a buffer from tphbuf serve; register it or run a program",
	.operands = "SOCKET",
	.about = "Connects to the socket of tphbuf serve, or of a program that calls\n"
		 "tphbuf_buffer_send(), receives the buffer and shows it with its description.\n"
		 "--ibdev registers the buffer, as register does; --require then fails unless the\n"
		 "tag that came with the buffer is confirmed. --exec runs a program, as export\n"
		 "does.\n",
	.example = "attach /run/acc.sock --ibdev mlx5_0 --require --hold",
	.arg_name = "socket",
	.min_args = 1,
	.max_args = 1,
	.completion = { COMPLETE_FILE },
	.run = run,
};
