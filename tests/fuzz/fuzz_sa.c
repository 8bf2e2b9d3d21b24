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

static struct subnet_port port[PORTS] = { { .lid = 1, .guid = 0xa1 },
					  { .lid = 2, .guid = 0xa2 },
					  { .lid = 3, .guid = 0xa3 } };

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
static void check_transfer(struct subnet_port *from)
{
	uint8_t answer[SUBNET_MAD_BYTES];
	uint32_t n = 0;

	while (subnet_sa_next(from, answer))
		promise(++n < SUBNET_MAX_SEGMENTS);
	promise(from->transfer.segments <= SUBNET_MAX_SEGMENTS);
}

/* Each member is a port with join states, each group has what keeps it and a LID of its own. */
static void check_groups(void)
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

/* Ports and subnet are made once. */
static void open_subnet(struct subnet_port kept[PORTS], struct subnet *kept_subnet)
{
	uint32_t i;

	for (i = 0; i < PORTS; i++)
		promise(!subnet_port_add(&port[i], i ? &port[0] : NULL));
	memcpy(kept, port, sizeof(port));
	*kept_subnet = *port[0].subnet;
}

/* Groups end with their members, but for the first; the rest is as it was. */
static void reset(const struct subnet_port kept[PORTS], const struct subnet *kept_subnet)
{
	struct subnet *subnet = port[0].subnet;
	uint32_t i;

	for (i = 0; i < PORTS; i++) {
		subnet_port_reset(&port[i]);
		promise(!port[i].memberships);
	}
	promise(subnet->groups == kept_subnet->groups && !subnet->groups->next);
	promise(!subnet->groups->members);
	*subnet = *kept_subnet;
	memcpy(port, kept, sizeof(port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct subnet_port kept[PORTS];
	static struct subnet kept_subnet;
	uint8_t answer[SUBNET_MAD_BYTES];
	uint32_t i, len;

	if (!port[0].subnet)
		open_subnet(kept, &kept_subnet);
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
		check_groups();
		data += len;
		size -= len;
	}
	reset(kept, &kept_subnet);
	return 0;
}
