// SPDX-License-Identifier: MIT
/* tphbuf tag: operations on the tag of a new buffer, in the order given. */
#include <stdio.h>

#include "cli/answer.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/source.h"

static const char *const op_names[] = {
	[TAG_OP_SET] = "set",
	[TAG_OP_CLEAR] = "clear",
	[TAG_OP_GET] = "get",
	[TAG_OP_PROBE] = "probe",
};

static void show(const struct cli *cli, cJSON *steps, enum tag_op op,
		 const struct tphbuf_tag_state *state)
{
	char text[TPHBUF_TAG_TEXT_MAX];
	cJSON *step;

	if (!cli->json) {
		printf("%-6s -> tag %s, device takes %s\n", op_names[op],
		       tag_text(&state->tag, text), namespaces_text(state->supported));
		return;
	}
	step = cJSON_CreateObject();
	cJSON_AddItemToArray(steps, step);
	cJSON_AddStringToObject(step, "op", op_names[op]);
	json_add_tag(step, "tag", &state->tag);
	json_add_namespaces(step, "supported", state->supported);
}

/* One operation, then the tag as the kernel has it. */
static int step(struct tphbuf_buffer *buf, const struct options *opts, size_t i,
		struct tphbuf_tag_state *state)
{
	enum tag_op op = opts->tag_ops[i].op;
	uint32_t supported;
	int ret = 0;

	if (op == TAG_OP_SET)
		ret = tphbuf_buffer_tag_set(buf, &opts->tag_ops[i].tag);
	else if (op == TAG_OP_CLEAR)
		ret = tphbuf_buffer_tag_clear(buf);
	else if (op == TAG_OP_PROBE)
		ret = tphbuf_buffer_tag_probe(buf, &supported);
	return ret ? ret : tphbuf_buffer_tag_get(buf, state);
}

static int steps(struct cli *cli, const struct options *opts, struct tphbuf_buffer *buf)
{
	cJSON *array = NULL;
	size_t i;
	int ret;

	if (cli->json)
		array = cJSON_AddArrayToObject(cli->json, "steps");
	for (i = 0; i < opts->nr_tag_ops; i++) {
		struct tphbuf_tag_state state = { .size = sizeof(state) };

		ret = step(buf, opts, i, &state);
		if (ret)
			return cli_fail(cli, ret);
		show(cli, array, opts->tag_ops[i].op, &state);
	}
	return CLI_OK;
}

static int run(struct cli *cli, struct options *opts)
{
	struct source src;
	int ret;

	if (!opts->nr_tag_ops)
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "no operation; give --set TAG, --get, --clear or --probe");
	ret = source_open(cli, opts, &src);
	if (ret)
		return ret;
	if (cli->json)
		json_add_source(cli->json, &src);
	else
		print_source(&src);
	ret = steps(cli, opts, src.buf);
	source_close(&src);
	return ret;
}

const struct command cmd_tag = {
	.id = COMMAND_TAG,
	.name = "tag",
	.summary = "set, read, clear and probe the tag of a BAR range",
	.operands = "BDF",
	.about = "Exports ranges of a BAR (default: the whole BAR) and carries out --set, --clear,\n"
		 "--get and --probe in the order given. After each operation the tag is read back\n"
		 "from the kernel and shown. The tag ends with the buffer, when the command exits:\n"
		 "this shows what device and kernel can do. For a tagged buffer in use see\n"
		 "export --tag and register.\n",
	.example = "tag 0000:03:00.0 --bar 2 --range 0+64K --set st=0x5a,ph=2 \\\n"
		   "                --clear",
	.takes_bdf = true,
	.completion = { COMPLETE_FUNCTION },
	.run = run,
};
