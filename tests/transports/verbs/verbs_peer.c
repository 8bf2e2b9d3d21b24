// SPDX-License-Identifier: MIT
/* A peer that breaks the protocol: what it writes is changed on the way. Each breach is an error of the peer, told in the log. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/transports/verbs/verbs_test.h"
#include "userspace/transports/nccl/greeting.h"
#include "userspace/transports/nccl/verbs.h"

static void (*change)(struct verbs_cts *cts);

static void at_announcements(struct ibv_send_wr *wr, void *data)
{
	if (wr->opcode == IBV_WR_RDMA_WRITE)
		change(data);
}

static void no_part(struct verbs_cts *cts)
{
	cts->n = 0;
}

static void nine_parts(struct verbs_cts *cts)
{
	cts->n = NET_MAX_RECVS + 1;
}

static void all_ones(struct verbs_cts *cts)
{
	memset(cts, 0xff, offsetof(struct verbs_cts, mark));
}

static void too_large(struct verbs_cts *cts)
{
	cts->part[0].size = NET_MAX_BYTES + 1;
}

static void last_too_large(struct verbs_cts *cts)
{
	cts->part[cts->n - 1].size = UINT64_MAX;
}

static void as_large_as_can_be(struct verbs_cts *cts)
{
	cts->part[0].size = NET_MAX_BYTES;
}

static void wrong_key(struct verbs_cts *cts)
{
	cts->part[0].rkey++;
}

static void wrong_address(struct verbs_cts *cts)
{
	cts->part[0].addr += ROOM;
}

static void larger(struct verbs_cts *cts)
{
	cts->part[0].size = 1000;
}

static void receivers(void)
{
	static const struct {
		const char *name;
		void (*change)(struct verbs_cts *cts);
		const char *text;
		bool sent; /* the message leaves, and its completion is the error */
	} cases[] = {
		{ "an announcement of no part", no_part, "announced what cannot be", false },
		{ "an announcement of nine parts", nine_parts, "announced what cannot be", false },
		{ "an announcement of ones", all_ones, "announced what cannot be", false },
		{ "a part of more than 1 GiB", too_large, "announced what cannot be", false },
		{ "a second part of 2^64 - 1 bytes", last_too_large, "announced what cannot be",
		  false },
		{ "a key that does not exist", wrong_key, "send: remote access error", true },
		{ "an address outside its region", wrong_address, "send: remote access error", true },
	};
	struct rig rig;
	void *send;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum nccl_result got;

		rig_open(&rig, "1");
		change = cases[i].change;
		fake_rdma.on_send = at_announcements;
		receive(&rig, 2, 100);
		got = send_one(&rig, 100, 1, &send);
		if (cases[i].sent && !got)
			got = finish(send, NULL);
		answer(cases[i].name, got, NCCL_REMOTE_ERROR, cases[i].text);
		rig_close(&rig);
	}
	rig_open(&rig, "1");
	change = as_large_as_can_be;
	fake_rdma.on_send = at_announcements;
	receive(&rig, 1, 100);
	result(!send_one(&rig, 100, 1, &send) && !finish(send, NULL), "a part of 1 GiB is possible");
	rig_close(&rig);
}

static uint32_t imm;
static size_t message_bytes = 100;
static unsigned int which, seen;

/* The immediate of message number @which becomes @imm. */
static void at_messages(struct ibv_send_wr *wr, void *data)
{
	(void)data;
	if (wr->opcode == IBV_WR_RDMA_WRITE_WITH_IMM && seen++ == which)
		wr->imm_data = htobe32(imm);
}

/* Three messages into two receives of two parts: @imm_wanted is what the @nth says */
static void sender(const char *name, unsigned int nth, uint32_t imm_wanted)
{
	enum nccl_result got = NCCL_SUCCESS;
	void *recv[2], *send;
	struct rig rig;

	rig_open(&rig, "1");
	imm = imm_wanted;
	which = nth;
	seen = 0;
	fake_rdma.on_send = at_messages;
	recv[0] = receive(&rig, 2, 100);
	recv[1] = receive(&rig, 2, 100);
	for (int i = 0; i < 3; i++)
		if (send_one(&rig, message_bytes, i % 2 + 1, &send) || finish(send, NULL))
			must("send");
	for (int i = 0; i < 1000 && !got; i++) {
		int done = 0;

		got = np_test(&plugin, recv[1], &done, NULL);
	}
	answer(name, got, NCCL_REMOTE_ERROR, "sent what no receive waits for");
	(void)recv;
	rig_close(&rig);
}

static void senders(void)
{
	enum nccl_result got = NCCL_SUCCESS;
	struct rig rig;
	void *recv, *send;

	sender("a part that its receive does not have", 0, 2 << 16);
	sender("a part far beyond", 0, 0xffff0000);
	sender("a receive that was not posted", 0, 2);
	sender("a part that has arrived already", 1, 0);
	sender("a receive that is done", 2, 1 << 16);
	message_bytes = 0;
	sender("a part that its receive does not have, of no bytes", 0, 2 << 16);
	message_bytes = 100;

	rig_open(&rig, "1");
	change = larger;
	fake_rdma.on_send = at_announcements;
	recv = receive(&rig, 1, 999);
	if (send_one(&rig, 1000, 1, &send))
		must("send");
	got = finish(recv, NULL);
	answer("a byte more than the receive has", got, NCCL_REMOTE_ERROR,
	       "sent what no receive waits for");
	rig_close(&rig);
}

/* A message that is larger than the receive: told at the sender, before anything is sent */
static void disagreement(void)
{
	struct rig rig;
	void *send;

	rig_open(&rig, "1");
	receive(&rig, 1, 100);
	answer("a message larger than the receive", send_one(&rig, 101, 1, &send),
	       NCCL_INVALID_USAGE, "101 bytes for a receive of 100; the ranks disagree on the size");
	result(fake_rdma.writes == 1, "nothing but the announcement was written");
	rig_close(&rig);
}

static void closes(void)
{
	enum nccl_result got = NCCL_SUCCESS;
	struct rig rig;
	void *recv, *req = NULL;

	rig_open(&rig, "1");
	recv = receive(&rig, 1, 100);
	np_dereg(&plugin, rig.from.comm, rig.from.mr);
	np_close_send(&plugin, rig.pair.send);
	rig.pair.send = NULL;
	answer("a sender that closes while a receive waits", finish(recv, NULL), NCCL_REMOTE_ERROR,
	       "the peer has closed the connection while a receive is outstanding");
	must(region_new(&rig.from, &plugin, rig.pair.recv, ROOM));
	rig_close(&rig);

	rig_open(&rig, "1");
	np_dereg(&plugin, rig.to.comm, rig.to.mr);
	np_close_recv(&plugin, rig.pair.recv);
	rig.pair.recv = NULL;
	while (!got)
		got = np_isend(&plugin, rig.pair.send, rig.from.data, 10, 1, rig.from.mr, &req);
	answer("a receiver that closes", got, NCCL_REMOTE_ERROR,
	       "the receiver has closed the connection");
	must(region_new(&rig.to, &plugin, rig.pair.send, ROOM));
	rig_close(&rig);
}

/* A connection by hand, whose greeting describes @n_qps queue pairs and an MTU */
static void described(const char *name, uint32_t n_qps, uint8_t mtu, enum nccl_result want)
{
	void *ctx = NULL, *listen_comm, *comm = NULL;
	struct verbs_blob blob = { .n_qps = n_qps, .mtu = mtu };
	enum nccl_result got = NCCL_SUCCESS;
	char bytes[NCCL_HANDLE_SIZE];
	struct greeting g = { .magic = GREETING_MAGIC,
			      .version = GREETING_VERSION,
			      .backend = "verbs" };
	struct handle h;
	int n, fd;

	fake_rdma_reset();
	if (np_init(&plugin, &ctx, keep_log) || np_devices(&plugin, &n) ||
	    np_listen(&plugin, ctx, 0, bytes, &listen_comm))
		must("listen");
	memcpy(&h, bytes, sizeof(h));
	memcpy(g.token, h.token, sizeof(g.token));
	for (unsigned int i = 0; i < VERBS_MAX_QPS; i++)
		blob.qpn[i] = 1000 + i;
	memcpy(g.blob, &blob, sizeof(blob));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, &h.addr.any, sizeof(h.addr.in)) || send(fd, &g, sizeof(g), 0) != sizeof(g))
		must("a peer by hand");
	while (!got && !comm)
		got = np_accept(&plugin, listen_comm, &comm);
	answer(name, got, want, want ? "the peer describes queue pairs that cannot be" : "");
	if (comm)
		np_close_recv(&plugin, comm);
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
	close(fd);
}

static void descriptions(void)
{
	described("a peer with one queue pair", 1, IBV_MTU_256, NCCL_SUCCESS);
	described("a peer with eight", VERBS_MAX_QPS, IBV_MTU_4096, NCCL_SUCCESS);
	described("no queue pair", 0, IBV_MTU_1024, NCCL_REMOTE_ERROR);
	described("nine queue pairs", VERBS_MAX_QPS + 1, IBV_MTU_1024, NCCL_REMOTE_ERROR);
	described("no MTU", 1, IBV_MTU_256 - 1, NCCL_REMOTE_ERROR);
	described("an MTU above 4096", 1, IBV_MTU_4096 + 1, NCCL_REMOTE_ERROR);
}

void strangers(void)
{
	descriptions();
	receivers();
	senders();
	disagreement();
	closes();
}
