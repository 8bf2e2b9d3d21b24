// SPDX-License-Identifier: MIT
/*
 * net_retag TEST BDF PLUGIN ext|8bit: the owner of a buffer sets another tag while NCCL's network plugin has it
 * registered. The endpoint's tally shows what each message carried. The plugin's first device is the NIC.
 */
#include <stdio.h>
#include <string.h>

#include <tphbuf/tphbuf.h>

#include "tests/guest/rdma.h"
#include "tests/guest/tally.h"
#include "tests/harness/args.h"
#include "userspace/transports/check/check.h"

#define SIZE 100000

static const struct tphbuf_tag tags[] = {
	{ TPHBUF_TAG_ST | TPHBUF_TAG_XST, .st = 0x5a, .xst = 0x1234, .ph = 2 },
	{ TPHBUF_TAG_ST | TPHBUF_TAG_XST, .st = 0x66, .xst = 0x4321, .ph = 1 },
};

struct owner {
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	char *cpu;
	bool ext;
};

static void holds(const char *why)
{
	require(!why, "%s", why);
}

static void owner_open(struct owner *owner, const char *bdf)
{
	static const struct tphbuf_range range = { 0, 1u << 20 };
	struct tphbuf_export_opts opts = { .size = sizeof(opts), .tag = &tags[0] };
	void *addr;

	require(!tphbuf_ctx_new(NULL, &owner->ctx), "no context");
	require(!tphbuf_device_open(owner->ctx, bdf, NULL, &owner->dev) &&
			!tphbuf_buffer_export(owner->dev, 2, &range, 1, &opts, &owner->buf) &&
			!tphbuf_buffer_map(owner->buf, &addr),
		"%s", tphbuf_ctx_error(owner->ctx));
	owner->cpu = addr;
	tally_clear(owner->dev);
}

static void set_tag(struct owner *owner, int which)
{
	require(!tphbuf_buffer_tag_set(owner->buf, &tags[which]), "%s",
		tphbuf_ctx_error(owner->ctx));
}

/* NIC and CPU lose their mappings; the NIC maps again when it is used. */
static void revoke_and_bring_back(struct owner *owner)
{
	require(!tphbuf_device_memory(owner->dev, false) && !tphbuf_device_memory(owner->dev, true),
		"%s", tphbuf_ctx_error(owner->ctx));
}

static struct region reg(struct pair *pair, struct owner *owner)
{
	struct region r = { .data = owner->cpu, .size = SIZE, .comm = pair->recv };
	enum nccl_result result = np_reg_dmabuf(pair->p, pair->recv, owner->cpu, SIZE, 0,
						tphbuf_buffer_fd(owner->buf), &r.mr);

	require(!result, "regMrDmaBuf: result %d", (int)result);
	return r;
}

/* A message into the buffer; NULL, or the plugin's error */
static const char *message(struct pair *pair, struct region *to, unsigned int seed)
{
	struct region from;
	const char *why;

	holds(region_new(&from, pair->p, pair->send, SIZE));
	pattern_fill(from.data, SIZE, seed);
	why = pair_transfer(pair, &from, SIZE, to, SIZE, NULL);
	if (!why)
		require(pattern_differs(to->data, SIZE, seed) == SIZE, "the data is wrong");
	region_free(&from, pair->p);
	return why;
}

/* Since the last look all writes carried this tag. */
static void carried(struct owner *owner, int which)
{
	struct tally tally;

	tally_read(owner->dev, &tally);
	tally_expect(&tally, owner->ext ? 16 : 8, owner->ext ? tags[which].xst : tags[which].st,
		     tags[which].ph);
	tally_clear(owner->dev);
}

/* A region keeps its tag, one that is registered after the new tag was set has that. */
static void test_again(struct owner *owner, struct plugin *p)
{
	struct region old, new;
	struct pair pair;

	holds(pair_open(&pair, p));
	old = reg(&pair, owner);
	holds(message(&pair, &old, 1));
	carried(owner, 0);
	set_tag(owner, 1);
	holds(message(&pair, &old, 2));
	carried(owner, 0);
	new = reg(&pair, owner);
	holds(message(&pair, &new, 3));
	carried(owner, 1);
	require(!np_dereg(p, pair.recv, old.mr), "deregMr");
	holds(message(&pair, &new, 4));
	carried(owner, 1);
	require(!np_dereg(p, pair.recv, new.mr), "deregMr");
	pair_end(&pair);
}

/* After a revocation a region with an old tag is an error, and no write arrives. */
static void test_revoked(struct owner *owner, struct plugin *p)
{
	struct region region;
	struct tally tally;
	struct pair pair;
	const char *why;

	holds(pair_open(&pair, p));
	region = reg(&pair, owner);
	holds(message(&pair, &region, 1));
	carried(owner, 0);
	set_tag(owner, 1);
	revoke_and_bring_back(owner);
	why = message(&pair, &region, 2);
	require(why, "a message through a region with a stale tag is done without an error");
	printf("%s\n", why);
	tally_read(owner->dev, &tally);
	require(!tally.writes, "%lu writes arrived with a stale tag", (unsigned long)tally.writes);
	require(!np_dereg(p, pair.recv, region.mr), "deregMr");
	pair_close(&pair);
	holds(pair_connect(&pair, p, pair.ctx));
	region = reg(&pair, owner);
	holds(message(&pair, &region, 3));
	carried(owner, 1);
	require(!np_dereg(p, pair.recv, region.mr), "deregMr");
	pair_end(&pair);
}

int main(int argc, char **argv)
{
	struct owner owner = { 0 };
	struct plugin p;
	bool again;

	args_count(argc, 4, 4, "again|revoked BDF PLUGIN ext|8bit");
	again = !args_word("TEST", argv[1], "again|revoked");
	owner.ext = !args_word("WIDTH", argv[4], "ext|8bit");
	check_verbose = true;
	owner_open(&owner, argv[2]);
	holds(plugin_load(&p, argv[3], release_named("2.28")));
	if (again)
		test_again(&owner, &p);
	else
		test_revoked(&owner, &p);
	return 0;
}
