// SPDX-License-Identifier: MIT
/*
 * bar_ops TEST BDF NIC PEER ext|8bit: RDMA into an accelerator's BAR through a dma-buf MR on NIC, from PEER's host
 * memory, with the tag as the fabric's endpoint saw it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/guest/bar_rig.h"

static void test_sizes(struct rig *rig)
{
	static const uint32_t sizes[] = { 1,	63,   64,   65,		255,	257,
					  4095, 4096, 4097, 65536 + 13, MiB + 3 };
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

/* A tag in the other namespace only is not applied, is reported as such, and is never substituted. */
static void test_other_namespace(struct rig *rig)
{
	struct tphbuf_tag tag = tag_of(rig->ext ? "st=0x5a,ph=1" : "xst=0x5a,ph=1");
	struct target target;

	target_open(rig, &target, &whole, 1, "none");
	ok(rig, tphbuf_mr_deregister(target.mr), "deregister");
	ok(rig, tphbuf_buffer_tag_set(target.buf, &tag), "set");
	target_register(rig, &target, false);
	require(tph_of(&target).state == IB_UVERBS_MR_TPH_OTHER_NAMESPACE, "state %u",
		tph_of(&target).state);
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
	struct tphbuf_tag first = tag_of("st=0x11,xst=0x2222,ph=1"),
			  second = tag_of("st=0x5a,xst=0x1234,ph=3");
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
	static const struct tphbuf_range ranges[] = { { 9 * MiB, MiB },
						      { MiB, 8192 },
						      { 20 * MiB, 4096 } };
	struct target target;

	target_open(rig, &target, ranges, ARRAY(ranges), "st=0x5a,xst=0x1234,ph=2");
	require(target.len == MiB + 12288, "length %lu", (unsigned long)target.len);
	write_and_compare(rig, &target, 0, (uint32_t)target.len, 5);
	write_and_compare(rig, &target, MiB - 7, 8192 + 20, 6);
	expect_both(rig, 2);
	target_close(rig, &target);
}

/* While memory decoding is off, the device's buffers are revoked: a write fails and no TLP arrives. */
static void write_while_revoked(struct rig *rig, struct target *target)
{
	ok(rig, tphbuf_device_memory(rig->dev, false), "memory off");
	transfer(rig, target, IBV_WR_RDMA_WRITE, 0, 5000);
	poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
	relink(rig);
}

/* Revoked and restored with the tag unchanged: the same MR carries the same tag again. */
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

/*
 * Restored with a state that differs from the MR's in the namespace that the NIC sends: the MR
 * must fail, no TLP may carry the old tag, and restoring the old state makes the MR work again. A
 * change in the other namespace has no effect.
 */
static void test_revoke_and_retag(struct rig *rig)
{
	const char *const first = "st=0x5a,xst=0x1234,ph=2";
	const char *const others[] = {
		"st=0x11,xst=0x2222,ph=1",
		"st=0x5a,xst=0x1234,ph=3",
		rig->ext ? "st=0x5a,xst=0,ph=2" : "st=0,xst=0x1234,ph=2",
		"none",
		rig->ext ? "st=0x5a,ph=2" : "xst=0x1234,ph=2",
	};
	struct tphbuf_tag old = tag_of(first), tag;
	struct target target;
	struct tally tally;

	target_open(rig, &target, &whole, 1, first);
	write_and_compare(rig, &target, 0, 5000, 1);
	tally_clear(rig->dev);
	for (size_t i = 0; i < ARRAY(others); i++) {
		write_while_revoked(rig, &target);
		tag = tag_of(others[i]);
		ok(rig, tphbuf_buffer_tag_set(target.buf, &tag), "set another tag");
		transfer(rig, &target, IBV_WR_RDMA_WRITE, 0, 5000);
		poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
		tally_read(rig->dev, &tally);
		require(!tally.writes, "%s: %lu writes arrived with a stale tag", others[i],
			(unsigned long)tally.writes);
		require(tph_of(&target).stale_faults == i + 1, "%s: %lu stale faults", others[i],
			(unsigned long)tph_of(&target).stale_faults);
		relink(rig);
	}
	ok(rig, tphbuf_buffer_tag_set(target.buf, &old), "set the old tag");
	write_and_compare(rig, &target, 0, 5000, 2);
	expect_both(rig, old.ph);
	target_close(rig, &target);
}

/* A tag set after the registration of an untagged MR: the MR continues to send no hint. */
static void test_revoke_and_tag(struct rig *rig)
{
	const char *const others[] = { "st=0x5a,xst=0x1234,ph=2", "st=0,xst=0,ph=0" };
	struct target target;

	target_open(rig, &target, &whole, 1, "none");
	write_and_compare(rig, &target, 0, 5000, 1);
	for (size_t i = 0; i < ARRAY(others); i++) {
		struct tphbuf_tag tag = tag_of(others[i]);

		write_while_revoked(rig, &target);
		ok(rig, tphbuf_buffer_tag_set(target.buf, &tag), "set a tag");
		write_and_compare(rig, &target, 0, 5000, 2 + (uint32_t)i);
		require(tph_of(&target).state == IB_UVERBS_MR_TPH_CHANGED &&
				!tph_of(&target).stale_faults,
			"%s: state %u", others[i], tph_of(&target).state);
	}
	expect(rig, 0, 0, 0);
	target_close(rig, &target);
}

static void test_revoke_and_retag_other_namespace(struct rig *rig)
{
	struct tphbuf_tag tag =
		tag_of(rig->ext ? "st=0x11,xst=0x1234,ph=2" : "st=0x5a,xst=0x2222,ph=2");
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	write_while_revoked(rig, &target);
	ok(rig, tphbuf_buffer_tag_set(target.buf, &tag), "set");
	write_and_compare(rig, &target, 0, 5000, 2);
	expect_both(rig, 2);
	target_close(rig, &target);
}

/* One buffer, an MR on each of two NICs at the same time: each sends the tag of its namespace. */
static void test_two_nics(struct rig *rig)
{
	struct tphbuf_mr_opts opts = { .size = sizeof(opts) };
	struct side from, into;
	struct target a, b;
	struct memory host;
	struct tally tally;

	target_open(rig, &a, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	b = (struct target){ .buf = a.buf, .cpu = a.cpu, .len = a.len };
	ok(rig, tphbuf_mr_register(b.buf, rig->host_port.pd, &opts, &b.mr), "register on the peer");
	memory_alloc(&host, &rig->bar_port, MiB, REMOTE);
	link_open(&from, &rig->bar_port, &into, &rig->host_port, NULL);
	for (uint32_t i = 0; i < 20; i++) {
		struct ibv_sge sge = { .addr = (uintptr_t)host.addr,
				       .length = 4000,
				       .lkey = host.mr->lkey };
		struct ibv_send_wr wr = {
			.opcode = IBV_WR_RDMA_WRITE,
			.sg_list = &sge,
			.num_sge = 1,
			.send_flags = IBV_SEND_SIGNALED,
			.wr.rdma = { .remote_addr = tphbuf_mr_iova(b.mr) + MiB,
				     .rkey = tphbuf_mr_ibv(b.mr)->rkey },
		};

		fill(host.addr, 4000, i + 100);
		post(&from, &wr);
		write_and_compare(rig, &a, 0, 4000, i);
		poll_ok(&from, IBV_WC_RDMA_WRITE);
		compare("BAR by the peer", b.cpu + MiB, 4000, i + 100, 0);
	}
	tally_read(rig->dev, &tally);
	require(tally.nrows == 2 && tally.writes_tagged == tally.writes,
		"%u different tags, %lu of %lu writes tagged", tally.nrows,
		(unsigned long)tally.writes_tagged, (unsigned long)tally.writes);
	for (unsigned int i = 0; i < 2; i++)
		require(tally.row[i].st == (tally.row[i].width == 16 ? 0x1234u : 0x5au) &&
				tally.row[i].ph == 2 && tally.row[i].tlps == tally.writes / 2,
			"%lu TLPs with %u-bit tag 0x%x ph %u", (unsigned long)tally.row[i].tlps,
			tally.row[i].width, tally.row[i].st, tally.row[i].ph);
	link_close(&from, &into);
	memory_free(&host);
	ok(rig, tphbuf_mr_deregister(b.mr), "deregister");
	target_close(rig, &a);
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

/* Repeated registration and deregistration leaks nothing: the last round works like the first. */
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

/*
 * A tag that every kind of NIC can send, also one without a steering tag table, is on each TLP of
 * some traffic.
 */
static void test_tag_on_every_tlp(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0xa5,ph=2");
	for (uint32_t i = 0; i < 20; i++)
		write_and_compare(rig, &target, i * 100, 70000, i);
	expect(rig, rig->ext ? 16 : 8, rig->ext ? 0xa5 : 0x5a, 2);
	target_close(rig, &target);
}

static const struct bar_test tests[] = {
	{ "tag_on_every_tlp", test_tag_on_every_tlp },
	{ "sizes", test_sizes },
	{ "untagged", test_untagged },
	{ "other_namespace", test_other_namespace },
	{ "ph", test_ph },
	{ "replace_and_clear", test_replace_and_clear },
	{ "set_while_mapped", test_set_while_mapped },
	{ "two_tags", test_two_tags },
	{ "ranges", test_ranges },
	{ "revoke", test_revoke },
	{ "revoke_and_retag", test_revoke_and_retag },
	{ "revoke_and_tag", test_revoke_and_tag },
	{ "revoke_and_retag_other_namespace", test_revoke_and_retag_other_namespace },
	{ "two_nics", test_two_nics },
	{ "read_back", test_read_back },
	{ "register_loop", test_register_loop },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
