// SPDX-License-Identifier: MIT
/*
 * tphbuf selftest: RDMA into a BAR and back, compared with what the CPU reads
 * there. The content of the range is restored.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/mr.h>

#include "cli/answer.h"
#include "cli/color.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/rc_pair.h"
#include "cli/rc_transfer.h"
#include "cli/rdma.h"
#include "cli/source.h"
#include "cli/text.h"

/* Enough for several payloads and page boundaries, and quick to compare. */
#define DEFAULT_LENGTH (64u << 10)
#define MAX_LENGTH     (16u << 20)

struct selftest {
	struct cli *cli;
	const struct options *opts;
	struct source src;
	struct rdma nic, second; /* second.context NULL: the same */
	struct rc_pair pair;
	struct tphbuf_mr *target;
	struct tphbuf_applied applied;
	void *bar;
	uint8_t *saved, *host;
	struct ibv_mr *host_mr;
	uint32_t length;
};

static void close_all(struct selftest *t)
{
	rc_pair_close(&t->pair);
	if (t->host_mr)
		ibv_dereg_mr(t->host_mr);
	if (t->target)
		tphbuf_mr_deregister(t->target);
	free(t->host);
	free(t->saved);
	source_close(&t->src);
	rdma_close(&t->second);
	rdma_close(&t->nic);
}

/* The NIC that responds to the requests writes into the BAR. */
static const struct rdma *writer(const struct selftest *t)
{
	return t->second.context ? &t->second : &t->nic;
}

static int open_devices(struct selftest *t)
{
	const struct options *opts = t->opts;
	int ret;

	ret = rdma_open(t->cli, opts->args[0], &t->nic);
	if (ret == CLI_OK && opts->nr_args > 1)
		ret = rdma_open(t->cli, opts->args[1], &t->second);
	return ret == CLI_OK ? source_open(t->cli, opts, &t->src) : ret;
}

static int prepare_bar(struct selftest *t)
{
	struct tphbuf_mr_opts mr_opts = {
		.size = sizeof(mr_opts),
		.flags = t->opts->require ? TPHBUF_MR_REQUIRE : 0,
	};
	uint64_t length = tphbuf_buffer_length(t->src.buf);
	int ret;

	if (length > MAX_LENGTH)
		return cli_fail_text(t->cli, CLI_USAGE, "argument",
				     "the range is longer than 16 MiB; give a smaller --length");
	t->length = (uint32_t)length;
	t->applied.size = sizeof(t->applied);
	ret = tphbuf_buffer_map(t->src.buf, &t->bar);
	if (!ret)
		ret = tphbuf_mr_register(t->src.buf, writer(t)->pd, &mr_opts, &t->target);
	if (!ret)
		ret = tphbuf_mr_applied(t->target, &t->applied);
	return ret ? cli_fail(t->cli, ret) : CLI_OK;
}

static int prepare_host(struct selftest *t)
{
	t->saved = malloc(t->length);
	t->host = malloc(t->length);
	if (!t->saved || !t->host)
		return cli_fail_text(t->cli, CLI_FAILURE, "rdma",
				     "out of memory; give a smaller --length");
	t->host_mr = ibv_reg_mr(t->nic.pd, t->host, t->length, IBV_ACCESS_LOCAL_WRITE);
	if (!t->host_mr)
		return cli_fail_text(t->cli, CLI_FAILURE, "rdma",
				     "%s: cannot register %u bytes of this process (%s); raise the memlock limit (ulimit -l)",
				     t->nic.name, t->length, strerror(errno));
	return CLI_OK;
}

/* Not periodic in any power of two, so that a shifted copy shows. */
static uint8_t pattern(uint32_t pass, uint32_t pos)
{
	uint32_t x = pos * 2654435761u + pass * 40503u;

	return (uint8_t)(x >> 24 ^ x >> 13);
}

/* BARs are read and written by the CPU in words. */
static void copy_words(void *to, const void *from, uint32_t length)
{
	volatile uint32_t *t = to;
	const volatile uint32_t *f = from;
	uint32_t i;

	for (i = 0; i < length / 4; i++)
		t[i] = f[i];
}

static int compare(struct selftest *t, const char *what, uint32_t pass)
{
	uint32_t i, bad = 0, first = 0;

	for (i = 0; i < t->length; i++) {
		if (t->host[i] == pattern(pass, i))
			continue;
		if (!bad++)
			first = i;
	}
	if (!bad)
		return CLI_OK;
	return cli_fail_text(t->cli, CLI_FAILURE, "compare",
			     "%s: %u of %u bytes differ, the first at offset 0x%x (0x%02x instead of 0x%02x); the memory is not plain memory, or the route corrupts",
			     what, bad, t->length, first, t->host[first], pattern(pass, first));
}

static int transfer(struct selftest *t, enum ibv_wr_opcode opcode)
{
	struct rc_request r = {
		.opcode = opcode,
		.addr = t->host,
		.lkey = t->host_mr->lkey,
		.length = t->length,
		.remote_addr = tphbuf_mr_iova(t->target),
		.rkey = tphbuf_mr_ibv(t->target)->rkey,
	};

	return rc_transfer(t->cli, &t->pair, &r);
}

static void fill(struct selftest *t, uint32_t pass)
{
	uint32_t i;

	for (i = 0; i < t->length; i++)
		t->host[i] = pattern(pass, i);
}

/* Write by RDMA, read by RDMA and CPU; write by CPU, read by RDMA. */
static int measure(struct selftest *t)
{
	int ret;

	fill(t, 1);
	ret = transfer(t, IBV_WR_RDMA_WRITE);
	/*
	 * A completion means that the responder has accepted the data. An RDMA
	 * read pushes earlier writes to the device, so it comes first.
	 */
	memset(t->host, 0, t->length);
	if (ret == CLI_OK)
		ret = transfer(t, IBV_WR_RDMA_READ);
	if (ret == CLI_OK)
		ret = compare(t, "RDMA write, RDMA read", 1);
	if (ret != CLI_OK)
		return ret;
	copy_words(t->host, t->bar, t->length);
	ret = compare(t, "RDMA write, CPU read", 1);
	if (ret != CLI_OK)
		return ret;
	fill(t, 2);
	copy_words(t->bar, t->host, t->length);
	memset(t->host, 0, t->length);
	ret = transfer(t, IBV_WR_RDMA_READ);
	return ret == CLI_OK ? compare(t, "CPU write, RDMA read", 2) : ret;
}

static const char *tag_use(const struct selftest *t, char *text)
{
	if (t->applied.state == TPHBUF_APPLIED_YES)
		return tag_text(&t->applied.tag, text);
	return t->applied.state == TPHBUF_APPLIED_NO ? "no" : "unknown";
}

static int answer(struct selftest *t)
{
	char text[TPHBUF_TAG_TEXT_MAX];
	cJSON *object;

	if (t->cli->json) {
		json_add_source(t->cli->json, &t->src);
		object = cJSON_AddObjectToObject(t->cli->json, "selftest");
		cJSON_AddStringToObject(object, "requester", t->nic.name);
		cJSON_AddStringToObject(object, "writer", writer(t)->name);
		json_add_u64(object, "bytes", t->length);
		cJSON_AddBoolToObject(object, "tag_applied", t->applied.state == TPHBUF_APPLIED_YES);
		json_add_tag(object, "tag", &t->applied.tag);
		json_add_string_or_null(object, "reason", t->applied.reason);
		return CLI_OK;
	}
	print_source(&t->src);
	say(stdout, "writer      %s, requested by %s\n", writer(t)->name, t->nic.name);
	say(stdout, "tag applied %s%s%s\n", tag_use(t, text), t->applied.reason[0] ? ": " : "",
	    t->applied.reason);
	printf("%sequal%s       %u bytes by RDMA write, RDMA read and CPU\n",
	       color_start(t->cli, COLOR_GOOD), color_end(t->cli, COLOR_GOOD), t->length);
	return CLI_OK;
}

static int run(struct cli *cli, struct options *opts)
{
	struct tphbuf_range range = { .length = DEFAULT_LENGTH };
	struct selftest t = { .cli = cli, .opts = opts };
	int ret;

	if (opts->require && !opts->has_tag)
		return cli_fail_text(cli, CLI_USAGE, "argument", "--require needs --tag TAG");
	if (!opts->nr_ranges) {
		opts->ranges = malloc(sizeof(range));
		if (!opts->ranges)
			return cli_fail_text(cli, CLI_FAILURE, "argument", "out of memory");
		opts->ranges[opts->nr_ranges++] = range;
	}
	ret = open_devices(&t);
	if (ret == CLI_OK)
		ret = prepare_bar(&t);
	if (ret == CLI_OK)
		ret = prepare_host(&t);
	if (ret == CLI_OK)
		ret = rc_pair_open(cli, &t.pair, &t.nic, writer(&t), opts->port, opts->gid_index);
	if (ret == CLI_OK) {
		copy_words(t.saved, t.bar, t.length);
		ret = measure(&t);
		copy_words(t.bar, t.saved, t.length);
	}
	if (ret == CLI_OK)
		ret = answer(&t);
	close_all(&t);
	return ret;
}

const struct command cmd_selftest = {
	.id = COMMAND_SELFTEST,
	.name = "selftest",
	.summary = "write through a NIC into the BAR and compare",
	.operands = "BDF NIC [NIC2]",
	.about = "Exports a range of a BAR (default: its first 64 KiB; at most 16 MiB), registers\n"
		 "it with an RDMA device, writes into it by RDMA and compares what NIC and CPU\n"
		 "read there; then the same from the CPU to the NIC. Both queue pairs are on NIC,\n"
		 "or one is on NIC and one on NIC2, which then writes into the BAR. The range must\n"
		 "be plain memory; its content is restored.\n",
	.example = "selftest 0000:03:00.0 mlx5_0 --bar 2 --tag st=0x5a,ph=2 \\\n"
		   "                --require",
	.takes_bdf = true,
	.arg_name = "RDMA device",
	.min_args = 1,
	.max_args = 2,
	.completion = { COMPLETE_FUNCTION, COMPLETE_NIC, COMPLETE_NIC },
	.run = run,
};
