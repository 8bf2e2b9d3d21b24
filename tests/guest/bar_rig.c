// SPDX-License-Identifier: MIT
#include "tests/guest/bar_rig.h"

#include <string.h>

#include "tests/harness/args.h"

const struct tphbuf_range whole = { 0, 4 * MiB };

void ok(struct rig *rig, int ret, const char *what)
{
	require(!ret, "%s: %s (%s)", what, strerror(-ret), tphbuf_ctx_error(rig->ctx));
}

void rig_open(struct rig *rig, const char *bdf, const char *nic, const char *peer)
{
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts) };

	memset(rig, 0, sizeof(*rig));
	require(!tphbuf_ctx_new(&opts, &rig->ctx), "no context");
	ok(rig, tphbuf_device_open(rig->ctx, bdf, NULL, &rig->dev), "open");
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory decoding");
	port_open(&rig->bar_port, nic);
	port_open(&rig->host_port, peer);
	memory_alloc(&rig->host, &rig->host_port, 2 * MiB, REMOTE);
	link_open(&rig->host_side, &rig->host_port, &rig->bar_side, &rig->bar_port, NULL);
	tally_clear(rig->dev);
}

void rig_close(struct rig *rig)
{
	link_close(&rig->host_side, &rig->bar_side);
	memory_free(&rig->host);
	port_close(&rig->bar_port);
	port_close(&rig->host_port);
	tphbuf_device_close(rig->dev);
	tphbuf_ctx_free(rig->ctx);
}

void relink(struct rig *rig)
{
	link_close(&rig->host_side, &rig->bar_side);
	link_open(&rig->host_side, &rig->host_port, &rig->bar_side, &rig->bar_port, NULL);
}

struct tphbuf_tag tag_of(const char *text)
{
	struct tphbuf_tag tag;
	const char *why;

	require(!tphbuf_tag_parse(text, &tag, &why), "%s: %s", text, why);
	return tag;
}

struct uverbs_tph tph_of(struct target *target)
{
	struct ibv_mr *mr = tphbuf_mr_ibv(target->mr);
	struct uverbs_tph tph;
	int ret = uverbs_query_tph(mr->context, mr->handle, &tph);

	require(!ret, "QUERY_MR: %s", strerror(-ret));
	return tph;
}

void target_register(struct rig *rig, struct target *target, bool must_apply)
{
	struct tphbuf_mr_opts opts = { .size = sizeof(opts) };

	ok(rig, tphbuf_mr_register(target->buf, rig->bar_port.pd, &opts, &target->mr), "register");
	require(!must_apply || tph_of(target).state == IB_UVERBS_MR_TPH_APPLIED,
		"registered in state %u", tph_of(target).state);
}

void target_open(struct rig *rig, struct target *target, const struct tphbuf_range *ranges,
		 size_t n, const char *tag_text)
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

void target_close(struct rig *rig, struct target *target)
{
	if (target->mr)
		ok(rig, tphbuf_mr_deregister(target->mr), "deregister");
	tphbuf_buffer_close(target->buf);
}

static int request(struct rig *rig, uint64_t addr, uint32_t rkey, enum ibv_wr_opcode opcode,
		   uint32_t len)
{
	struct ibv_sge sge = { .addr = (uintptr_t)rig->host.addr,
			       .length = len,
			       .lkey = rig->host.mr->lkey };
	struct ibv_send_wr wr = {
		.opcode = opcode,
		.sg_list = &sge,
		.num_sge = 1,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { .remote_addr = addr, .rkey = rkey },
	};
	struct ibv_send_wr *bad;

	return ibv_post_send(rig->host_side.qp, &wr, &bad);
}

void transfer_to(struct rig *rig, uint64_t addr, uint32_t rkey, enum ibv_wr_opcode opcode,
		 uint32_t len)
{
	int ret = request(rig, addr, rkey, opcode, len);

	require(!ret, "ibv_post_send: %s", strerror(ret));
}

void transfer(struct rig *rig, struct target *target, enum ibv_wr_opcode opcode, uint64_t off,
	      uint32_t len)
{
	transfer_to(rig, tphbuf_mr_iova(target->mr) + off, tphbuf_mr_ibv(target->mr)->rkey, opcode,
		    len);
}

bool try_transfer(struct rig *rig, struct target *target, enum ibv_wr_opcode opcode, uint32_t len)
{
	return !request(rig, tphbuf_mr_iova(target->mr), tphbuf_mr_ibv(target->mr)->rkey, opcode,
			len);
}

void write_and_compare(struct rig *rig, struct target *target, uint64_t off, uint32_t len,
		       uint32_t seed)
{
	fill(rig->host.addr, len, seed);
	transfer(rig, target, IBV_WR_RDMA_WRITE, off, len);
	poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
	compare("BAR", target->cpu + off, len, seed, 0);
}

void expect(struct rig *rig, uint32_t width, uint32_t st, uint32_t ph)
{
	struct tally tally;

	tally_read(rig->dev, &tally);
	tally_expect(&tally, width, st, ph);
	tally_clear(rig->dev);
}

void expect_both(struct rig *rig, uint32_t ph)
{
	expect(rig, rig->ext ? 16 : 8, rig->ext ? 0x1234 : 0x5a, ph);
}

int bar_main(int argc, char **argv, const struct bar_test *tests, size_t n)
{
	struct rig rig;
	bool ext;

	args_count(argc, 5, 5, "TEST BDF NIC PEER ext|8bit");
	ext = !args_word("WIDTH", argv[5], "ext|8bit");
	for (size_t i = 0; i < n; i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		rig_open(&rig, argv[2], argv[3], argv[4]);
		rig.ext = ext;
		tests[i].run(&rig);
		rig_close(&rig);
		return 0;
	}
	args_bad("TEST '%s' is not one of this program", argv[1]);
}
