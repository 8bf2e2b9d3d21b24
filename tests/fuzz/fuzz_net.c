// SPDX-License-Identifier: MIT
/*
 * Messages of a peer of the network plugin: an announcement is complete and within limits, a part
 * belongs to a receive.
 */
#include "tests/fuzz/fuzz.h"
#include "userspace/transports/nccl/loop.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= sizeof(struct loop_cts))
		announcement(data);
	if (size >= sizeof(struct loop_part))
		part(data);
	return 0;
}
