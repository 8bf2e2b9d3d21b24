// SPDX-License-Identifier: MIT
/*
 * bar_ops TEST BDF NIC PEER: RDMA into an accelerator's BAR through a dma-buf MR on NIC, from PEER's host
 * memory, with the tag as the fabric's endpoint saw it.
 */
#include <stdio.h>
#include <string.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#include "rdma.h"
#include "tally.h"

#define MiB	(1u << 20)
#define REMOTE	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE)
#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))

struct rig {
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	struct port bar_port, host_port;
	struct side bar_side, host_side;
	struct memory host;
	bool ext;		/* the BAR's NIC sends Extended TPH */
};

/* One exported and registered range, mapped for the CPU too. */
struct target {
	struct tphbuf_buffer *buf;
	struct tphbuf_mr *mr;
	uint8_t *cpu;
	uint64_t len;
};

static void ok(struct rig *rig, int ret, const char *what)
{
	require(!ret, "%s: %s (%s)", what, strerror(-ret), tphbuf_ctx_error(rig->ctx));
}

static void rig_open(struct rig *rig, char **argv)
{
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts) };

	memset(rig, 0, sizeof(*rig));
	require(!tphbuf_ctx_new(&opts, &rig->ctx), "no context");
	ok(rig, tphbuf_device_open(rig->ctx, argv[2], NULL, &rig->dev), "open");
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory decoding");
	port_open(&rig->bar_port, argv[3]);
	port_open(&rig->host_port, argv[4]);
	memory_alloc(&rig->host, &rig->host_port, 2 * MiB, REMOTE);
	link_open(&rig->host_side, &rig->host_port, &rig->bar_side, &rig->bar_port, NULL);
	tally_clear(rig->dev);
}

static void rig_close(struct rig *rig)
{
	link_close(&rig->host_side, &rig->bar_side);
	memory_free(&rig->host);
	port_close(&rig->bar_port);
	port_close(&rig->host_port);
	tphbuf_device_close(rig->dev);
	tphbuf_ctx_free(rig->ctx);
}

static struct tphbuf_tag tag_of(const char *text)
{
	struct tphbuf_tag tag;
	const char *why;

	require(!tphbuf_tag_parse(text, &tag, &why), "%s: %s", text, why);
	return tag;
}

static void target_register(struct rig *rig, struct target *target, bool must_apply)
{
	struct tphbuf_mr_opts opts = { .size = sizeof(opts), .flags = must_apply ? TPHBUF_MR_REQUIRE : 0 };

	ok(rig, tphbuf_mr_register(target->buf, rig->bar_port.pd, &opts, &target->mr), "register");
}

static void target_open(struct rig *rig, struct target *target, const struct tphbuf_range *ranges, size_t n,
			const char *tag_text)
{
	struct tphbuf_tag tag = tag_of(tag_text);
	struct tphbuf_export_opts opts = { .size = sizeof(opts), .tag = tag.valid ? &tag : NULL };
	void *cpu;

	memset(target, 0, sizeof(*target));
	ok(rig, tphbuf_buffer_export(rig->dev, 2, ranges, n, &opts, &target->buf), "export");
	target->len = tphbuf_buffer_length(target->buf);
	ok(rig, tphbuf_buffer_map(target->buf, &cpu), "map");
	target->cpu = cpu;
	memset(target->cpu, 0, target->len);
	target_register(rig, target, tag.valid != 0);
}

static void target_close(struct rig *rig, struct target *target)
{
	if (target->mr)
		ok(rig, tphbuf_mr_deregister(target->mr), "deregister");
	tphbuf_buffer_close(target->buf);
}

/* One work request between the host memory and the target. */
static void transfer(struct rig *rig, struct target *target, enum ibv_wr_opcode opcode, uint64_t off, uint32_t len)
{
	struct ibv_sge sge = { .addr = (uintptr_t)rig->host.addr, .length = len, .lkey = rig->host.mr->lkey };
	struct ibv_send_wr wr = {
		.opcode = opcode, .sg_list = &sge, .num_sge = 1, .send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { .remote_addr = tphbuf_mr_iova(target->mr) + off, .rkey = tphbuf_mr_ibv(target->mr)->rkey },
	};

	post(&rig->host_side, &wr);
}

static void write_and_compare(struct rig *rig, struct target *target, uint64_t off, uint32_t len, uint32_t seed)
{
	fill(rig->host.addr, len, seed);
	transfer(rig, target, IBV_WR_RDMA_WRITE, off, len);
	poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
	compare("BAR", target->cpu + off, len, seed, 0);
}

static void expect(struct rig *rig, uint32_t width, uint32_t st, uint32_t ph)
{
	struct tally tally;

	tally_read(rig->dev, &tally);
	tally_expect(&tally, width, st, ph);
	tally_clear(rig->dev);
}

/* What the BAR's NIC makes of "st=0x5a,xst=0x1234,ph=N": the namespace it can send. */
static void expect_both(struct rig *rig, uint32_t ph)
{
	expect(rig, rig->ext ? 16 : 8, rig->ext ? 0x1234 : 0x5a, ph);
}

static const struct tphbuf_range whole = { 0, 4 * MiB };

static void test_sizes(struct rig *rig)
{
	static const uint32_t sizes[] = { 1, 63, 64, 65, 255, 257, 4095, 4096, 4097, 65536 + 13, MiB + 3 };
	static const uint64_t offsets[] = { 0, 1, 4093, MiB - 1 };
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	for (size_t s = 0; s < ARRAY(sizes); s++)
		for (size_t o = 0; o < ARRAY(offsets); o++)
			write_and_compare(rig, &target, offsets[o], sizes[s], (uint32_t)(s * 8 + o));
	expect_both(rig, 2);
	target_close(rig, &target);
}

static void test_untagged(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &whole, 1, "none");
	write_and_compare(rig, &target, 5, 100000, 1);
	expect(rig, 0, 0, 0);
	target_close(rig, &target);
}

/* A tag in the other namespace only is not applied, visibly, and never substituted. */
static void test_other_namespace(struct rig *rig)
{
	struct tphbuf_tag tag = tag_of(rig->ext ? "st=0x5a,ph=1" : "xst=0x5a,ph=1");
	struct tphbuf_mr_opts require_tag = { .size = sizeof(require_tag), .flags = TPHBUF_MR_REQUIRE };
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	struct tphbuf_mr *mr;
	struct target target;

	target_open(rig, &target, &whole, 1, "none");
	ok(rig, tphbuf_mr_deregister(target.mr), "deregister");
	ok(rig, tphbuf_buffer_tag_set(target.buf, &tag), "set");
	require(tphbuf_mr_register(target.buf, rig->bar_port.pd, &require_tag, &mr) == -ENODATA,
		"a tag the NIC cannot send passed 'require'");
	target_register(rig, &target, false);
	ok(rig, tphbuf_mr_applied(target.mr, &applied), "applied");
	require(applied.state == TPHBUF_APPLIED_NO && applied.reason[0], "state %d, reason '%s'", applied.state, applied.reason);
	write_and_compare(rig, &target, 0, 10000, 3);
	expect(rig, 0, 0, 0);
	target_close(rig, &target);
}

static void test_ph(struct rig *rig)
{
	struct target target;
	char text[64];

	for (uint32_t ph = 0; ph <= 3; ph++) {
		snprintf(text, sizeof(text), "st=0x5a,xst=0x1234,ph=%u", ph);
		target_open(rig, &target, &whole, 1, text);
		write_and_compare(rig, &target, 0, 5000, ph);
		expect_both(rig, ph);
		target_close(rig, &target);
	}
}

/* Set, replace and clear before registration: the last one counts. */
static void test_replace_and_clear(struct rig *rig)
{
	struct tphbuf_tag first = tag_of("st=0x11,xst=0x2222,ph=1"), second = tag_of("st=0x5a,xst=0x1234,ph=3");
	struct target target;

	target_open(rig, &target, &whole, 1, "none");
	ok(rig, tphbuf_mr_deregister(target.mr), "deregister");
	ok(rig, tphbuf_buffer_tag_set(target.buf, &first), "set");
	ok(rig, tphbuf_buffer_tag_set(target.buf, &second), "replace");
	target_register(rig, &target, true);
	write_and_compare(rig, &target, 0, 5000, 1);
	expect_both(rig, 3);
	ok(rig, tphbuf_mr_deregister(target.mr), "deregister");
	ok(rig, tphbuf_buffer_tag_clear(target.buf), "clear");
	target_register(rig, &target, false);
	write_and_compare(rig, &target, 0, 5000, 2);
	expect(rig, 0, 0, 0);
	target_close(rig, &target);
}

/* SET while an MR exists: that MR keeps the tag it was mapped with. */
static void test_set_while_mapped(struct rig *rig)
{
	struct tphbuf_tag later = tag_of("st=0x11,xst=0x2222,ph=1");
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	write_and_compare(rig, &target, 0, 5000, 1);
	ok(rig, tphbuf_buffer_tag_set(target.buf, &later), "set while mapped");
	write_and_compare(rig, &target, 0, 5000, 2);
	expect_both(rig, 2);
	target_close(rig, &target);
}

/* Two ranges of one BAR with two tags at the same time. */
static void test_two_tags(struct rig *rig)
{
	static const struct tphbuf_range low = { 0, MiB }, high = { 8 * MiB, MiB };
	struct target a, b;
	struct tally tally;
	uint64_t seen_a = 0, seen_b = 0;

	target_open(rig, &a, &low, 1, "st=0x5a,xst=0x1234,ph=2");
	target_open(rig, &b, &high, 1, "st=0x66,xst=0x4321,ph=1");
	for (uint32_t i = 0; i < 20; i++)
		write_and_compare(rig, i & 1 ? &b : &a, i * 100, 4000 + i, i);
	tally_read(rig->dev, &tally);
	for (unsigned int i = 0; i < tally.nrows; i++) {
		uint32_t st = tally.row[i].st;

		require(tally.row[i].th && tally.row[i].write, "a TLP without hint");
		if (st == (rig->ext ? 0x1234u : 0x5au) && tally.row[i].ph == 2)
			seen_a += tally.row[i].tlps;
		else if (st == (rig->ext ? 0x4321u : 0x66u) && tally.row[i].ph == 1)
			seen_b += tally.row[i].tlps;
		else
			fail("a TLP with tag 0x%x ph %u", st, tally.row[i].ph);
	}
	require(seen_a && seen_b, "one of the two tags was not seen");
	target_close(rig, &a);
	target_close(rig, &b);
}

/* Ranges out of order and apart: bytes land in the order of the ranges. */
static void test_ranges(struct rig *rig)
{
	static const struct tphbuf_range ranges[] = { { 9 * MiB, MiB }, { MiB, 8192 }, { 20 * MiB, 4096 } };
	struct target target;

	target_open(rig, &target, ranges, ARRAY(ranges), "st=0x5a,xst=0x1234,ph=2");
	require(target.len == MiB + 12288, "length %lu", (unsigned long)target.len);
	write_and_compare(rig, &target, 0, (uint32_t)target.len, 5);
	write_and_compare(rig, &target, MiB - 7, 8192 + 20, 6);
	expect_both(rig, 2);
	target_close(rig, &target);
}

static void relink(struct rig *rig)
{
	link_close(&rig->host_side, &rig->bar_side);
	link_open(&rig->host_side, &rig->host_port, &rig->bar_side, &rig->bar_port, NULL);
}

/* While the device's memory is off its buffers are revoked: a write fails and nothing arrives. */
static void write_while_revoked(struct rig *rig, struct target *target)
{
	ok(rig, tphbuf_device_memory(rig->dev, false), "memory off");
	transfer(rig, target, IBV_WR_RDMA_WRITE, 0, 5000);
	poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
	relink(rig);
}

/* Revoked and brought back with the tag unchanged: the same MR carries the same tag again. */
static void test_revoke(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	write_and_compare(rig, &target, 0, 5000, 1);
	write_while_revoked(rig, &target);
	write_and_compare(rig, &target, 0, 5000, 2);
	expect_both(rig, 2);
	target_close(rig, &target);
}

/* Another tag was set in between: the MR must fail, no TLP may carry the old tag, the old tag brings it back. */
static void test_revoke_and_retag(struct rig *rig)
{
	struct tphbuf_tag old = tag_of("st=0x5a,xst=0x1234,ph=2"), other = tag_of("st=0x11,xst=0x2222,ph=1");
	struct target target;
	struct tally tally;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	write_and_compare(rig, &target, 0, 5000, 1);
	write_while_revoked(rig, &target);
	ok(rig, tphbuf_buffer_tag_set(target.buf, &other), "set another tag");
	tally_clear(rig->dev);
	transfer(rig, &target, IBV_WR_RDMA_WRITE, 0, 5000);
	poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
	tally_read(rig->dev, &tally);
	require(!tally.writes, "%lu writes arrived with a stale tag", (unsigned long)tally.writes);
	ok(rig, tphbuf_buffer_tag_set(target.buf, &old), "set the old tag");
	relink(rig);
	write_and_compare(rig, &target, 0, 5000, 2);
	expect_both(rig, 2);
	target_close(rig, &target);
}

static void test_read_back(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	fill(target.cpu + 77, 70000, 9);
	transfer(rig, &target, IBV_WR_RDMA_READ, 77, 70000);
	poll_ok(&rig->host_side, IBV_WC_RDMA_READ);
	compare("read from the BAR", rig->host.addr, 70000, 9, 0);
	target_close(rig, &target);
}

/* Registering and deregistering many times leaves nothing behind: the last round works as the first. */
static void test_register_loop(struct rig *rig)
{
	struct target target;
	char text[64];

	for (uint32_t i = 0; i < 300; i++) {
		uint32_t st = i % 100;

		snprintf(text, sizeof(text), "st=%u,xst=%u,ph=%u", st, 0x100 + st, i & 3);
		target_open(rig, &target, &whole, 1, text);
		if (i % 50 == 49) {
			tally_clear(rig->dev);
			write_and_compare(rig, &target, i, 300, i);
			expect(rig, rig->ext ? 16 : 8, rig->ext ? 0x100 + st : st, i & 3);
		}
		target_close(rig, &target);
	}
}

static const struct {
	const char *name;
	void (*run)(struct rig *rig);
} tests[] = {
	{ "sizes", test_sizes }, { "untagged", test_untagged }, { "other_namespace", test_other_namespace },
	{ "ph", test_ph }, { "replace_and_clear", test_replace_and_clear },
	{ "set_while_mapped", test_set_while_mapped }, { "two_tags", test_two_tags }, { "ranges", test_ranges },
	{ "revoke", test_revoke }, { "revoke_and_retag", test_revoke_and_retag },
	{ "read_back", test_read_back }, { "register_loop", test_register_loop },
};

int main(int argc, char **argv)
{
	struct rig rig;

	require(argc == 6, "usage: bar_ops TEST BDF NIC PEER ext|8bit");
	for (size_t i = 0; i < ARRAY(tests); i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		rig_open(&rig, argv);
		rig.ext = !strcmp(argv[5], "ext");
		tests[i].run(&rig);
		rig_close(&rig);
		return 0;
	}
	fail("no test %s", argv[1]);
}
