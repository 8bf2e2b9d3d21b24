// SPDX-License-Identifier: MIT
/*
 * Messages of a peer of the network plugin: an announcement is complete and within limits, a part
 * belongs to a receive, a greeting has the listener's token.
 */
#include "tests/fuzz/fuzz.h"
#include "userspace/transports/nccl/greeting.h"
#include "userspace/transports/nccl/loop.h"
#include "userspace/transports/nccl/verbs.h"

/* Announcements and sends of an input: all slots are taken, and some of them again. */
#define QUEUE_WORK (NET_SLOTS + 64)

static void announcement(const uint8_t *data)
{
	static struct net_comm comm;
	struct loop_cts msg;
	struct net_cts cts;
	uint32_t index, before = comm.cts_tail;

	memcpy(&msg, data, sizeof(msg));
	if (data[0] & 1) { /* a head that makes sense, in half of the inputs */
		msg.kind = LOOP_CTS;
		msg.n = data[0] >> 4;
		msg.reserved = 0;
	}
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
	static struct net_request *const active[NET_SLOTS] = { [5] = &req };
	struct net_request *found;
	struct loop_part msg;

	memcpy(&msg, data, sizeof(msg));
	if (data[0] & 1) {
		msg.kind = LOOP_PART;
		msg.seq = 5;
		msg.index = data[0] >> 5;
		msg.reserved = 0;
	}
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

/*
 * Many announcements, and sends that take their parts: each byte is a step. One is kept if it follows the last one, has
 * parts, and there is a slot; sends take each part of the oldest once.
 */
static void queue(struct fuzz_input *in)
{
	static struct net_comm comm;
	struct net_cts cts = { 0 };
	uint32_t index, times, work = QUEUE_WORK;
	bool fits;

	comm.cts_head = comm.cts_tail = 0u - fuzz_take(in, 1); /* past the largest number */
	while (in->size && work) {
		uint8_t step = (uint8_t)fuzz_take(in, 1);

		for (times = 1u << (step & 7); times && work; times--, work--) {
			if (step & 0x80) {
				struct net_cts *oldest = net_cts_match(&comm, step >> 4 & 3, &index);

				promise(!oldest || comm.cts_head != comm.cts_tail);
				promise(!oldest ||
					(index < oldest->n && !(oldest->taken >> index & 1)));
				if (oldest)
					net_cts_take(&comm, oldest, index);
				continue;
			}
			cts.seq = comm.cts_tail + (step >> 6);
			cts.n = step >> 4 & 3;
			for (index = 0; index < cts.n; index++)
				cts.part[index].tag = (int32_t)index;
			fits = comm.cts_tail - comm.cts_head < NET_SLOTS && cts.n &&
			       cts.seq == comm.cts_tail;
			promise(net_cts_add(&comm, &cts) == fits);
		}
	}
}

/* Each message is as long as its reader wants; what is missing is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
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
	queue(&in);
	return 0;
}
