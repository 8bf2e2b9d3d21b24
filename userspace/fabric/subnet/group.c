// SPDX-License-Identifier: MIT
/*
 * Multicast groups and their members.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/subnet/group.h"
#include "fabric/subnet/value.h"

#define MLIDS (SUBNET_PERMISSIVE_LID - SUBNET_MULTICAST_LID)

/*
 * IPv4 broadcast of IPoIB in the default partition (RFC 4391, 4): link-local scope, signature
 * 0x401b. Q_Key as OpenSM chooses it.
 */
static const uint8_t broadcast_mgid[16] = { 0xff, 0x12, 0x40, 0x1b, 0xff, 0xff, 0,    0,
					    0,	  0,	0,    0,    0xff, 0xff, 0xff, 0xff };
#define BROADCAST_QKEY 0x0b1bu

/* Groups whose address the SA chooses: transient, signature 0xa01b (InfiniBand 4.1.1). */
static const uint8_t assigned_mgid[16] = { 0xff, 0x12, 0xa0, 0x1b };

static bool mlid_taken(const struct subnet *subnet, uint16_t mlid)
{
	const struct subnet_group *group;

	for (group = subnet->groups; group; group = group->next)
		if (be16toh(group->record.mlid) == mlid)
			return true;
	return false;
}

/* 0: none is free. A LID is used again only after all others. */
static uint16_t take_mlid(struct subnet *subnet)
{
	uint32_t tries;
	uint16_t mlid;

	for (tries = 0; tries < MLIDS; tries++) {
		mlid = (uint16_t)(SUBNET_MULTICAST_LID + subnet->next_mlid);
		subnet->next_mlid = (uint16_t)((subnet->next_mlid + 1) % MLIDS);
		if (!mlid_taken(subnet, mlid))
			return mlid;
	}
	return 0;
}

static void assign_mgid(struct subnet *subnet, uint8_t mgid[16])
{
	uint32_t number;

	memcpy(mgid, assigned_mgid, 16);
	do {
		number = htobe32(++subnet->next_assigned);
		memcpy(mgid + 12, &number, sizeof(number));
	} while (subnet_group_find(subnet, mgid));
}

struct subnet_group *subnet_group_find(const struct subnet *subnet, const uint8_t mgid[16])
{
	struct subnet_group *group;

	for (group = subnet->groups; group; group = group->next)
		if (!memcmp(group->record.mgid, mgid, 16))
			return group;
	return NULL;
}

struct subnet_group *subnet_group_new(struct subnet *subnet,
				      const struct umad_sa_mcmember_record *record)
{
	static const uint8_t none[16];
	struct subnet_group *group, **link;
	uint16_t mlid = take_mlid(subnet);

	group = mlid ? calloc(1, sizeof(*group)) : NULL;
	if (!group)
		return NULL;
	group->record = *record;
	group->record.mlid = htobe16(mlid);
	if (!memcmp(record->mgid, none, 16))
		assign_mgid(subnet, group->record.mgid);
	group->record.scope_state = (uint8_t)(group->record.mgid[1] << 4);
	for (link = &subnet->groups; *link; link = &(*link)->next)
		;
	*link = group;
	return group;
}

int subnet_group_first(struct subnet *subnet)
{
	struct umad_sa_mcmember_record record = {
		.qkey = htobe32(BROADCAST_QKEY),
		.mtu = SUBNET_MTU,
		.pkey = htobe16(SUBNET_PKEY),
		.rate = SUBNET_RATE,
		.pkt_life = SUBNET_LIFETIME,
	};
	struct subnet_group *group;

	memcpy(record.mgid, broadcast_mgid, sizeof(record.mgid));
	group = subnet_group_new(subnet, &record);
	if (!group)
		return -ENOMEM;
	group->permanent = true;
	return 0;
}

static void group_free(struct subnet *subnet, struct subnet_group *group)
{
	struct subnet_group **link = &subnet->groups;
	struct subnet_member *member;

	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	while ((member = group->members)) {
		group->members = member->next;
		free(member);
	}
	free(group);
}

void subnet_group_free_all(struct subnet *subnet)
{
	while (subnet->groups)
		group_free(subnet, subnet->groups);
}

static struct subnet_member **member_link(struct subnet_group *group, const struct subnet_port *port)
{
	struct subnet_member **link = &group->members;

	while (*link && (*link)->port != port)
		link = &(*link)->next;
	return link;
}

uint8_t subnet_group_state(const struct subnet_group *group, const struct subnet_port *port)
{
	const struct subnet_member *member;

	for (member = group->members; member; member = member->next)
		if (member->port == port)
			return member->state;
	return 0;
}

int subnet_group_join(struct subnet_group *group, struct subnet_port *port, uint8_t state)
{
	struct subnet_member **link = member_link(group, port);

	if (*link) {
		(*link)->state |= state;
		return 0;
	}
	if (port->memberships == SUBNET_MAX_MEMBERSHIPS)
		return -ENOSPC;
	*link = calloc(1, sizeof(**link));
	if (!*link)
		return -ENOMEM;
	(*link)->port = port;
	(*link)->state = state;
	port->memberships++;
	return 0;
}

static bool is_kept(const struct subnet_group *group)
{
	const struct subnet_member *member;

	for (member = group->members; member; member = member->next)
		if (member->state & SUBNET_KEEPS)
			return true;
	return group->permanent;
}

/* Members that do not keep the group lose their membership with it. */
static void forget_members(struct subnet *subnet, const struct subnet_group *group)
{
	struct subnet_port *port;

	for (port = subnet->ports; port; port = port->next)
		if (subnet_group_state(group, port))
			port->memberships--;
}

void subnet_group_leave(struct subnet_group *group, struct subnet_port *port, uint8_t state)
{
	struct subnet_member **link = member_link(group, port), *member = *link;

	if (member)
		member->state &= (uint8_t)~state;
	if (member && !member->state) {
		*link = member->next;
		free(member);
		port->memberships--;
	}
	if (is_kept(group))
		return;
	forget_members(port->subnet, group);
	group_free(port->subnet, group);
}

void subnet_group_leave_all(struct subnet_port *port)
{
	struct subnet_group *group, *next;

	for (group = port->subnet->groups; group; group = next) {
		next = group->next;
		subnet_group_leave(group, port, UINT8_MAX);
	}
}
