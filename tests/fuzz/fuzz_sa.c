// SPDX-License-Identifier: MIT
/*
 * Datagrams to the subnet administrator of the fabric: any number of requests of 256 bytes, each
 * after a byte that says which port sends it; the rest is a request that is too short. Answers
 * keep to their request, groups and members to their limits.
 */
#include <endian.h>

#include "fabric/subnet/group.h"
#include "tests/fuzz/fuzz.h"

#define PORTS 3u

static void check_answer(const uint8_t *request, const uint8_t *answer)
{
	struct umad_hdr asked, got;

	memcpy(&asked, request, sizeof(asked));
	memcpy(&got, answer, sizeof(got));
	promise(asked.mgmt_class == UMAD_CLASS_SUBN_ADM && got.mgmt_class == asked.mgmt_class);
	promise(!(asked.method & UMAD_METHOD_RESP_MASK));
	promise(got.method == (asked.method | UMAD_METHOD_RESP_MASK));
	promise(got.tid == asked.tid && got.attr_id == asked.attr_id);
}

/* The further datagrams come to an end. */
static void check_transfer(struct subnet_port *port)
{
	uint8_t answer[SUBNET_MAD_BYTES];
	uint32_t n = 0;

	while (subnet_sa_next(port, answer))
		promise(++n < SUBNET_MAX_SEGMENTS);
	promise(port->transfer.segments <= SUBNET_MAX_SEGMENTS);
}

/* Each member is a port with join states, each group has what keeps it and a LID of its own. */
static void check_groups(const struct subnet_port *port)
{
	const struct subnet *subnet = port[0].subnet;
	uint32_t members[PORTS] = { 0 }, i;
	const struct subnet_group *group, *other;
	bool kept;

	for (group = subnet->groups; group; group = group->next) {
		promise(group->record.mgid[0] == 0xff);
		promise(be16toh(group->record.mlid) >= SUBNET_MULTICAST_LID);
		promise(be16toh(group->record.mlid) < SUBNET_PERMISSIVE_LID);
		for (other = group->next; other; other = other->next) {
			promise(other->record.mlid != group->record.mlid);
			promise(memcmp(other->record.mgid, group->record.mgid, 16) != 0);
		}
		for (kept = group->permanent, i = 0; i < PORTS; i++) {
			members[i] += subnet_group_state(group, &port[i]) != 0;
			kept |= (subnet_group_state(group, &port[i]) & SUBNET_KEEPS) != 0;
		}
		promise(kept);
	}
	for (i = 0; i < PORTS; i++)
		promise(members[i] == port[i].memberships && members[i] <= SUBNET_MAX_MEMBERSHIPS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subnet_port port[PORTS] = { { .lid = 1, .guid = 0xa1 },
					   { .lid = 2, .guid = 0xa2 },
					   { .lid = 3, .guid = 0xa3 } };
	uint8_t answer[SUBNET_MAD_BYTES];
	uint32_t i, len;

	for (i = 0; i < PORTS; i++)
		if (subnet_port_add(&port[i], i ? &port[0] : NULL))
			abort();
	while (size > 1) {
		i = data[0] % PORTS;
		data++;
		size--;
		len = size < SUBNET_MAD_BYTES ? (uint32_t)size : SUBNET_MAD_BYTES;
		if (subnet_sa_request(&port[i], data, len, answer)) {
			promise(len == SUBNET_MAD_BYTES);
			check_answer(data, answer);
			check_transfer(&port[i]);
		}
		check_groups(port);
		data += len;
		size -= len;
	}
	for (i = 0; i < PORTS; i++)
		subnet_port_remove(&port[i]);
	return 0;
}
