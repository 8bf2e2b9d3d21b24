// SPDX-License-Identifier: MIT
/*
 * rc_ops TEST NIC [NIC]: each operation of a reliable connection between two queue pairs, with data
 * comparison at odd sizes and offsets, and each error with the status it must have. Host memory only;
 * bar_ops.c does the same into an accelerator's BAR.
 */
#include "tests/guest/rdma.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/args.h"

#define AREA (2u << 20)
#define REMOTE                                                                       \
	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE | \
	 IBV_ACCESS_REMOTE_ATOMIC)

static const uint32_t sizes[] = { 1,   3,    63,   64,	 65,	     255,	    256,
				  257, 4095, 4096, 4097, 65536 + 13, (1u << 20) + 3 };
static const uint32_t offsets[] = { 0, 1, 7, 4093 };

#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))

struct rig {
	struct port pa, pb;
	struct side a, b;
	struct memory ma, mb;
};

static void rig_open(struct rig *rig, const char *na, const char *nb, const struct link_opts *opts)
{
	port_open(&rig->pa, na);
	port_open(&rig->pb, nb);
	memory_alloc(&rig->ma, &rig->pa, AREA, REMOTE);
	memory_alloc(&rig->mb, &rig->pb, AREA, REMOTE);
	link_open(&rig->a, &rig->pa, &rig->b, &rig->pb, opts);
}

static void rig_close(struct rig *rig)
{
	link_close(&rig->a, &rig->b);
	memory_free(&rig->ma);
	memory_free(&rig->mb);
	port_close(&rig->pa);
	port_close(&rig->pb);
}

static struct ibv_sge local(const struct rig *rig, uint32_t off, uint32_t len)
{
	return (struct ibv_sge){ .addr = (uintptr_t)rig->ma.addr + off,
				 .length = len,
				 .lkey = rig->ma.mr->lkey };
}

static void request(struct rig *rig, enum ibv_wr_opcode opcode, struct ibv_sge *sge, int nsge,
		    uint32_t off, unsigned int flags)
{
	struct ibv_send_wr wr = {
		.opcode = opcode,
		.sg_list = sge,
		.num_sge = nsge,
		.send_flags = IBV_SEND_SIGNALED | flags,
		.imm_data = htobe32(0x12345678),
		.wr.rdma = { .remote_addr = (uintptr_t)rig->mb.addr + off, .rkey = rig->mb.mr->rkey },
	};

	post(&rig->a, &wr);
}

/* The message is exactly at its destination, and the surrounding bytes are untouched. */
static void landed(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed)
{
	uint32_t after = AREA - off - len < 64 ? AREA - off - len : 64;

	all_zero("before the message", rig->mb.addr, off);
	compare("message", rig->mb.addr + off, len, seed, 0);
	all_zero("after the message", rig->mb.addr + off + len, after);
	memset(rig->mb.addr, 0, off + len);
}

static void each(struct rig *rig,
		 void (*op)(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed))
{
	for (size_t s = 0; s < ARRAY(sizes); s++)
		for (size_t o = 0; o < ARRAY(offsets); o++)
			op(rig, offsets[o], sizes[s], (uint32_t)(s * 16 + o + 1));
}

static void op_write(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed)
{
	struct ibv_sge sge = local(rig, 5, len);

	fill(rig->ma.addr + 5, len, seed);
	request(rig, IBV_WR_RDMA_WRITE, &sge, 1, off, 0);
	poll_ok(&rig->a, IBV_WC_RDMA_WRITE);
	landed(rig, off, len, seed);
}

static void op_read(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed)
{
	struct ibv_sge sge = local(rig, 9, len);

	fill(rig->mb.addr + off, len, seed);
	memset(rig->ma.addr, 0, len + 128);
	request(rig, IBV_WR_RDMA_READ, &sge, 1, off, 0);
	poll_ok(&rig->a, IBV_WC_RDMA_READ);
	all_zero("before the data read", rig->ma.addr, 9);
	compare("data read", rig->ma.addr + 9, len, seed, 0);
	all_zero("after the data read", rig->ma.addr + 9 + len, 64);
	memset(rig->mb.addr, 0, off + len);
}

static void receive(struct rig *rig, uint32_t off, uint32_t len)
{
	post_receive(&rig->b, (uintptr_t)rig->mb.addr + off, len, rig->mb.mr->lkey);
}

static void received(struct rig *rig, uint32_t len, bool imm)
{
	struct ibv_wc wc = poll_any(&rig->b);

	require(wc.status == IBV_WC_SUCCESS, "receive: %s", ibv_wc_status_str(wc.status));
	require(wc.byte_len == len, "receive says %u bytes instead of %u", wc.byte_len, len);
	require(!!(wc.wc_flags & IBV_WC_WITH_IMM) == imm, "immediate flag is wrong");
	require(!imm || wc.imm_data == htobe32(0x12345678), "immediate is %08x",
		be32toh(wc.imm_data));
}

static void op_send(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed)
{
	struct ibv_sge sge = local(rig, 5, len);
	bool imm = seed & 1;

	fill(rig->ma.addr + 5, len, seed);
	receive(rig, off, len + 11);
	request(rig, imm ? IBV_WR_SEND_WITH_IMM : IBV_WR_SEND, &sge, 1, 0, 0);
	poll_ok(&rig->a, IBV_WC_SEND);
	received(rig, len, imm);
	landed(rig, off, len, seed);
}

static void op_write_imm(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed)
{
	struct ibv_sge sge = local(rig, 0, len);

	fill(rig->ma.addr, len, seed);
	receive(rig, 0, 0);
	request(rig, IBV_WR_RDMA_WRITE_WITH_IMM, &sge, 1, off, 0);
	poll_ok(&rig->a, IBV_WC_RDMA_WRITE);
	received(rig, len, true);
	landed(rig, off, len, seed);
}

static void op_gather(struct rig *rig, uint32_t off, uint32_t len, uint32_t seed)
{
	struct ibv_sge sge[3] = {
		local(rig, 0, len / 3),
		local(rig, len / 3, len / 2),
	};
	uint32_t rest = len - len / 3 - len / 2;

	sge[2] = local(rig, len / 3 + len / 2, rest);
	if (!sge[0].length || !sge[1].length)
		return;
	fill(rig->ma.addr, len, seed);
	request(rig, IBV_WR_RDMA_WRITE, sge, 3, off, 0);
	poll_ok(&rig->a, IBV_WC_RDMA_WRITE);
	landed(rig, off, len, seed);
}

static void test_each(const char *na, const char *nb,
		      void (*op)(struct rig *, uint32_t, uint32_t, uint32_t))
{
	struct rig rig;

	rig_open(&rig, na, nb, NULL);
	each(&rig, op);
	rig_close(&rig);
}

static void atomic(struct rig *rig, enum ibv_wr_opcode opcode, uint32_t off, uint64_t compare_add,
		   uint64_t swap)
{
	struct ibv_sge sge = local(rig, 16, 8);
	struct ibv_send_wr wr = { .opcode = opcode,
				  .sg_list = &sge,
				  .num_sge = 1,
				  .send_flags = IBV_SEND_SIGNALED,
				  .wr.atomic = { .remote_addr = (uintptr_t)rig->mb.addr + off,
						 .rkey = rig->mb.mr->rkey,
						 .compare_add = compare_add,
						 .swap = swap } };

	post(&rig->a, &wr);
}

/* Both values as the CPU reads them: the byte order of the host, at both ends. */
static void expect_words(struct rig *rig, uint32_t off, uint64_t target, uint64_t answer)
{
	uint64_t word[2];

	memcpy(&word[0], rig->mb.addr + off, 8);
	memcpy(&word[1], rig->ma.addr + 16, 8);
	require(word[0] == target, "target holds %llx instead of %llx", (unsigned long long)word[0],
		(unsigned long long)target);
	require(word[1] == answer, "answer is %llx instead of %llx", (unsigned long long)word[1],
		(unsigned long long)answer);
}

static void test_atomics(const char *na, const char *nb)
{
	struct link_opts opts = { .rnr_retry = 7,
				  .remote_access = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE |
						   IBV_ACCESS_REMOTE_ATOMIC };
	uint64_t value = 0x1122334455667788;
	struct rig rig;

	rig_open(&rig, na, nb, &opts);
	for (uint32_t off = 0; off <= 4096; off += 2048 - 8) {
		memcpy(rig.mb.addr + off, &value, 8);
		atomic(&rig, IBV_WR_ATOMIC_FETCH_AND_ADD, off, 3, 0);
		poll_ok(&rig.a, IBV_WC_FETCH_ADD);
		expect_words(&rig, off, value + 3, value);
		atomic(&rig, IBV_WR_ATOMIC_CMP_AND_SWP, off, value, 1);
		poll_ok(&rig.a, IBV_WC_COMP_SWAP);
		expect_words(&rig, off, value + 3, value + 3);
		atomic(&rig, IBV_WR_ATOMIC_CMP_AND_SWP, off, value + 3, 1);
		poll_ok(&rig.a, IBV_WC_COMP_SWAP);
		expect_words(&rig, off, 1, value + 3);
	}
	atomic(&rig, IBV_WR_ATOMIC_FETCH_AND_ADD, 4, 1, 0);
	poll_status(&rig.a, IBV_WC_REM_INV_REQ_ERR);
	rig_close(&rig);
}

static void test_inline(const char *na, const char *nb)
{
	struct link_opts opts = { .rnr_retry = 7, .max_inline = 200 };
	struct rig rig;

	rig_open(&rig, na, nb, &opts);
	for (uint32_t len = 1; len <= 200; len += 13) {
		uint8_t data[256];
		struct ibv_sge sge = { .addr = (uintptr_t)data, .length = len };

		fill(data, len, len);
		request(&rig, IBV_WR_RDMA_WRITE, &sge, 1, 3, IBV_SEND_INLINE);
		poll_ok(&rig.a, IBV_WC_RDMA_WRITE);
		landed(&rig, 3, len, len);
	}
	rig_close(&rig);
}

/* More work requests than the queue holds, several times around, only the last of each batch signalled. */
static void test_wrap(const char *na, const char *nb)
{
	struct link_opts opts = { .rnr_retry = 7, .depth = 16 };
	struct rig rig;

	rig_open(&rig, na, nb, &opts);
	for (uint32_t batch = 0; batch < 200; batch++) {
		fill(rig.ma.addr, 8 * 100, batch);
		for (uint32_t i = 0; i < 8; i++) {
			struct ibv_sge sge = local(&rig, i * 100, 100);
			struct ibv_send_wr wr = {
				.opcode = IBV_WR_RDMA_WRITE,
				.sg_list = &sge,
				.num_sge = 1,
				.send_flags = i == 7 ? IBV_SEND_SIGNALED : 0,
				.wr.rdma = { .remote_addr = (uintptr_t)rig.mb.addr + i * 100,
					     .rkey = rig.mb.mr->rkey },
			};

			post(&rig.a, &wr);
		}
		poll_ok(&rig.a, IBV_WC_RDMA_WRITE);
		compare("batch", rig.mb.addr, 8 * 100, batch, 0);
	}
	rig_close(&rig);
}

/*
 * After the first error every later request is flushed, and so are the peer's receives if the
 * error was the peer's.
 */
static void expect_error(struct rig *rig, enum ibv_wc_status status)
{
	struct ibv_sge sge = local(rig, 0, 8);

	poll_status(&rig->a, status);
	request(rig, IBV_WR_RDMA_WRITE, &sge, 1, 0, 0);
	poll_status(&rig->a, IBV_WC_WR_FLUSH_ERR);
	all_zero("remote memory", rig->mb.addr, AREA);
}

static void test_bad_rkey(const char *na, const char *nb)
{
	struct rig rig;
	struct ibv_sge sge;
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE,
				  .sg_list = &sge,
				  .num_sge = 1,
				  .send_flags = IBV_SEND_SIGNALED };

	for (int i = 0; i < 4; i++) {
		rig_open(&rig, na, nb, NULL);
		sge = local(&rig, 0, 100);
		fill(rig.ma.addr, 100, 1);
		wr.wr.rdma.rkey = rig.mb.mr->rkey;
		wr.wr.rdma.remote_addr = (uintptr_t)rig.mb.addr;
		switch (i) {
		case 0:
			wr.wr.rdma.rkey ^= 0x100;
			break; /* another index */
		case 1:
			wr.wr.rdma.rkey ^= 1;
			break; /* another variant */
		case 2:
			wr.wr.rdma.remote_addr += AREA - 99;
			break; /* one byte too far */
		case 3:
			wr.wr.rdma.remote_addr -= 1;
			break; /* one byte too early */
		}
		post(&rig.a, &wr);
		expect_error(&rig, IBV_WC_REM_ACCESS_ERR);
		rig_close(&rig);
	}
}

static void test_bad_lkey(const char *na, const char *nb)
{
	struct rig rig;
	struct ibv_sge sge;

	for (int i = 0; i < 2; i++) {
		rig_open(&rig, na, nb, NULL);
		sge = local(&rig, 0, 100);
		if (i)
			sge.addr += AREA - 99;
		else
			sge.lkey ^= 0x100;
		request(&rig, IBV_WR_RDMA_WRITE, &sge, 1, 0, 0);
		expect_error(&rig, IBV_WC_LOC_PROT_ERR);
		rig_close(&rig);
	}
}

static void test_no_permission(const char *na, const char *nb)
{
	struct link_opts opts = { .rnr_retry = 7, .remote_access = IBV_ACCESS_REMOTE_READ };
	struct rig rig;
	struct ibv_sge sge;

	rig_open(&rig, na, nb, &opts);
	sge = local(&rig, 0, 100);
	request(&rig, IBV_WR_RDMA_WRITE, &sge, 1, 0, 0);
	expect_error(&rig, IBV_WC_REM_INV_REQ_ERR);
	rig_close(&rig);
}

static void test_receive_too_small(const char *na, const char *nb)
{
	struct rig rig;
	struct ibv_sge sge;

	rig_open(&rig, na, nb, NULL);
	sge = local(&rig, 0, 100);
	receive(&rig, 0, 99);
	receive(&rig, 0, 99);
	request(&rig, IBV_WR_SEND, &sge, 1, 0, 0);
	poll_status(&rig.a, IBV_WC_REM_INV_REQ_ERR);
	poll_status(&rig.b, IBV_WC_LOC_LEN_ERR);
	poll_status(&rig.b, IBV_WC_WR_FLUSH_ERR);
	rig_close(&rig);
}

static void test_rnr(const char *na, const char *nb)
{
	struct link_opts opts = { .rnr_retry = 7 };
	struct rig rig;
	struct ibv_sge sge;

	rig_open(&rig, na, nb, &opts);
	sge = local(&rig, 0, 100);
	fill(rig.ma.addr, 100, 42);
	request(&rig, IBV_WR_SEND, &sge, 1, 0, 0);
	require(poll_nothing(&rig.a, 200), "a send without a receive completed");
	receive(&rig, 10, 100);
	poll_ok(&rig.a, IBV_WC_SEND);
	received(&rig, 100, false);
	landed(&rig, 10, 100, 42);
	rig_close(&rig);

	opts.rnr_retry = 1;
	rig_open(&rig, na, nb, &opts);
	sge = local(&rig, 0, 100);
	request(&rig, IBV_WR_SEND, &sge, 1, 0, 0);
	expect_error(&rig, IBV_WC_RNR_RETRY_EXC_ERR);
	rig_close(&rig);
}

static void test_peer_not_ready(const char *na, const char *nb)
{
	struct link_opts opts = {
		.rnr_retry = 7, .retry = 2, .timeout = 8, .leave_peer_in_init = true
	};
	struct rig rig;
	struct ibv_sge sge;

	rig_open(&rig, na, nb, &opts);
	sge = local(&rig, 0, 100);
	request(&rig, IBV_WR_RDMA_WRITE, &sge, 1, 0, 0);
	expect_error(&rig, IBV_WC_RETRY_EXC_ERR);
	rig_close(&rig);
}

static void test_flush(const char *na, const char *nb)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_ERR };
	struct rig rig;

	rig_open(&rig, na, nb, NULL);
	for (int i = 0; i < 5; i++)
		receive(&rig, 0, 100);
	require(!ibv_modify_qp(rig.b.qp, &attr, IBV_QP_STATE), "modify to ERR: %m");
	for (int i = 0; i < 5; i++)
		poll_status(&rig.b, IBV_WC_WR_FLUSH_ERR);
	require(poll_nothing(&rig.b, 50), "more completions than receives");
	rig_close(&rig);
}

static const struct {
	const char *name;
	void (*op)(struct rig *, uint32_t, uint32_t, uint32_t);
	void (*test)(const char *, const char *);
} tests[] = {
	{ "write", op_write, NULL },
	{ "read", op_read, NULL },
	{ "send", op_send, NULL },
	{ "write_imm", op_write_imm, NULL },
	{ "gather", op_gather, NULL },
	{ "atomics", NULL, test_atomics },
	{ "inline", NULL, test_inline },
	{ "wrap", NULL, test_wrap },
	{ "bad_rkey", NULL, test_bad_rkey },
	{ "bad_lkey", NULL, test_bad_lkey },
	{ "no_permission", NULL, test_no_permission },
	{ "receive_too_small", NULL, test_receive_too_small },
	{ "rnr", NULL, test_rnr },
	{ "peer_not_ready", NULL, test_peer_not_ready },
	{ "flush", NULL, test_flush },
};

int main(int argc, char **argv)
{
	args_count(argc, 2, 3, "TEST NIC [NIC]");
	for (size_t i = 0; i < ARRAY(tests); i++) {
		const char *peer = argv[argc - 1];

		if (strcmp(tests[i].name, argv[1]))
			continue;
		if (tests[i].op)
			test_each(argv[2], peer, tests[i].op);
		else
			tests[i].test(argv[2], peer);
		return 0;
	}
	args_bad("TEST '%s' is not one of this program", argv[1]);
}
