// SPDX-License-Identifier: MIT
/* tphbuf register: a tagged buffer as memory region, and whether its tag is applied. */
#include <inttypes.h>
#include <stdio.h>

#include <tphbuf/mr.h>

#include "cli/answer.h"
#include "cli/commands/commands.h"
#include "cli/commands/register.h"
#include "cli/format.h"
#include "cli/hold.h"
#include "cli/json.h"
#include "cli/rdma.h"
#include "cli/source.h"
#include "cli/text.h"

static const char *state_text(enum tphbuf_applied_state state)
{
	switch (state) {
	case TPHBUF_APPLIED_YES:
		return "yes";
	case TPHBUF_APPLIED_NO:
		return "no";
	default:
		return "unknown";
	}
}

static void add_mr(cJSON *json, const char *ibdev, const struct tphbuf_mr *mr,
		   const struct tphbuf_applied *applied)
{
	cJSON *object = cJSON_AddObjectToObject(json, "mr");

	cJSON_AddStringToObject(object, "ibdev", ibdev);
	json_add_hex(object, "lkey", tphbuf_mr_ibv(mr)->lkey);
	json_add_hex(object, "rkey", tphbuf_mr_ibv(mr)->rkey);
	json_add_hex(object, "iova", tphbuf_mr_iova(mr));
	json_add_u64(object, "length", tphbuf_mr_length(mr));
	object = cJSON_AddObjectToObject(json, "applied");
	cJSON_AddStringToObject(object, "state", state_text(applied->state));
	json_add_tag(object, "tag", &applied->tag);
	json_add_string_or_null(object, "code", applied->code);
	json_add_string_or_null(object, "reason", applied->reason);
	json_add_u64(object, "stale_faults", applied->stale_faults);
}

static void print_mr(const char *ibdev, const struct tphbuf_mr *mr,
		     const struct tphbuf_applied *applied)
{
	char text[TPHBUF_TAG_TEXT_MAX];

	say(stdout, "rdma        %s, lkey 0x%x, rkey 0x%x", ibdev, tphbuf_mr_ibv(mr)->lkey,
	    tphbuf_mr_ibv(mr)->rkey);
	printf("\niova        0x%" PRIx64 "+0x%" PRIx64 "\n", tphbuf_mr_iova(mr),
	       tphbuf_mr_length(mr));
	say(stdout, "applied     %s%s%s\n", state_text(applied->state),
	    applied->state == TPHBUF_APPLIED_YES ? ", " : ": ",
	    applied->state == TPHBUF_APPLIED_YES ? tag_text(&applied->tag, text) : applied->reason);
}

static int answer(struct cli *cli, const struct options *opts, const struct source *src,
		  struct tphbuf_mr *mr)
{
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	int ret;

	ret = tphbuf_mr_applied(mr, &applied);
	if (ret)
		return cli_fail(cli, ret);
	ret = answer_source(cli, opts, src);
	if (ret != CLI_OK)
		return ret;
	if (cli->json)
		add_mr(cli->json, opts->ibdev, mr, &applied);
	else
		print_mr(opts->ibdev, mr, &applied);
	return CLI_OK;
}

int register_source(struct cli *cli, const struct options *opts, const struct source *src,
		    struct ibv_pd *pd)
{
	struct tphbuf_mr_opts mr_opts = {
		.size = sizeof(mr_opts),
		.flags = (opts->require ? TPHBUF_MR_REQUIRE : 0) |
			 (opts->has_iova ? TPHBUF_MR_IOVA : 0),
		.iova = opts->iova,
		.tag = opts->require && src->received ? &src->received->tag : NULL,
	};
	struct tphbuf_mr *mr;
	int ret, err;

	ret = tphbuf_mr_register(src->buf, pd, &mr_opts, &mr);
	if (ret)
		return cli_fail(cli, ret);
	ret = answer(cli, opts, src, mr);
	if (ret == CLI_OK && opts->hold)
		ret = hold(cli);
	err = tphbuf_mr_deregister(mr);
	return err && ret == CLI_OK ? cli_fail(cli, err) : ret;
}

static int run(struct cli *cli, struct options *opts)
{
	struct source src;
	struct rdma rdma;
	int ret;

	if (opts->require && !opts->has_tag)
		return cli_fail_text(cli, CLI_USAGE, "argument", "--require needs --tag TAG");
	ret = rdma_open(cli, opts->ibdev, &rdma);
	if (ret)
		return ret;
	ret = source_open(cli, opts, &src);
	if (ret == CLI_OK) {
		ret = register_source(cli, opts, &src, rdma.pd);
		source_close(&src);
	}
	rdma_close(&rdma);
	return ret;
}

const struct command cmd_register = {
	.id = COMMAND_REGISTER,
	.name = "register",
	.summary = "export, tag and register with an RDMA device; show the result",
	.operands = "BDF",
	.about = "Exports ranges of a BAR (default: the whole BAR), tags the buffer, registers it\n"
		 "with an RDMA device and shows the descriptor, the tag as the kernel has it, the\n"
		 "keys, and whether the RDMA driver applies the tag.\n",
	.example = "register 0000:03:00.0 --bar 2 --range 0+1M --ibdev mlx5_0 \\\n"
		   "                --tag st=0x5a,ph=2 --require",
	.takes_bdf = true,
	.completion = { COMPLETE_FUNCTION },
	.run = run,
};
