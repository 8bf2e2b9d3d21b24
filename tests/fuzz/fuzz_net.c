// SPDX-License-Identifier: MIT
/*
 * Messages of a peer of the network plugin: an announcement is complete and within limits, a part
 * belongs to a receive, a greeting has the listener's token.
 */
#include "tests/fuzz/fuzz.h"
#include "userspace/transports/nccl/greeting.h"
#include "userspace/transports/nccl/loop.h"
#include "userspace/transports/nccl/verbs.h"

static void announcement(const uint8_t *data)
{
	static struct net_comm comm;
	struct loop_cts msg;
	struct net_cts cts;
	uint32_t index, before = comm.cts_tail;

	memcpy(&msg, data, sizeof(msg));
	if (!loop_cts_read(&msg, &cts))
		return;
	promise(cts.n >= 1 && cts.n <= NET_MAX_RECVS);
	if (!net_cts_add(&comm, &cts)) {
		promise(comm.cts_tail == before);
		return;
	}
	promise(comm.cts_tail == before + 1 && comm.cts_tail - comm.cts_head <= NET_SLOTS);
	for (uint32_t i = 0; i < cts.n; i++) {
		promise(cts.part[i].size <= NET_MAX_BYTES);
		if (net_cts_match(&comm, cts.part[i].tag, &index))
			net_cts_take(&comm, &comm.cts[comm.cts_head % NET_SLOTS], index);
	}
}

static void part(const uint8_t *data)
{
	static struct net_request req = { .seq = 5, .n = 3 };
	struct net_request *active[NET_SLOTS] = { [5] = &req }, *found;
	struct loop_part msg;

	memcpy(&msg, data, sizeof(msg));
	req.part[0].size = 100;
	req.part[1].arrived = true;
	req.part[2].size = NET_MAX_BYTES;
	found = loop_part_find(&msg, active);
	promise(!found || (found == &req && msg.seq == 5 && msg.index != 1 && msg.index < 3 &&
			   msg.size <= req.part[msg.index].size));
}

const struct net_config *net_config(void)
{
	static const struct net_config config = { .backend = "verbs" };

	return &config;
}

/* An accepted greeting names its sender, and has no more queue pairs than fit. */
static void greeting(const uint8_t *data)
{
	static const uint8_t token[16] = "0123456789abcde";
	struct verbs_blob blob;
	struct greeting msg;

	memcpy(&msg, data, sizeof(msg));
	memcpy(&blob, msg.blob, sizeof(blob));
	promise(greeting_check(&msg, token) ||
		(msg.magic == GREETING_MAGIC && !memcmp(msg.token, token, sizeof(token)) &&
		 !strcmp(msg.backend, "verbs")));
	promise(!verbs_blob_ok(&blob) || (blob.n_qps - 1 < VERBS_MAX_QPS));
}

/* The ring is written by the peer without a limit. */
static void ring(const uint8_t *data)
{
	static struct net_comm comm;
	struct verbs_cts msg;
	struct net_cts cts;

	memcpy(&msg, data, sizeof(msg));
	verbs_cts_read(&msg, comm.cts_tail, &cts);
	if (!net_cts_add(&comm, &cts))
		return;
	promise(cts.n >= 1 && cts.n <= NET_MAX_RECVS);
	comm.cts_head = comm.cts_tail;
}

/* Each message is as long as its reader wants; what is missing is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union {
		struct loop_cts cts;
		struct loop_part part;
		struct greeting greeting;
		struct verbs_cts verbs;
		uint8_t bytes[1];
	} msg;

	memset(&msg, 0, sizeof(msg));
	memcpy(&msg, data, size < sizeof(msg) ? size : sizeof(msg));
	announcement(msg.bytes);
	part(msg.bytes);
	greeting(msg.bytes);
	ring(msg.bytes);
	return 0;
}
