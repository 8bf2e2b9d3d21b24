// SPDX-License-Identifier: MIT
/*
 * MCMemberRecord: join (Set), leave (Delete), query (Get, GetTable). A port joins and leaves only
 * for itself. The first full member makes the group, with the values it asks for
 * (InfiniBand 15.2.5.17).
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "fabric/subnet/group.h"
#include "fabric/subnet/sa.h"
#include "fabric/subnet/value.h"

#define HAS(query, component) ((query)->mask & UMAD_SA_MCM_COMP_MASK_##component)
#define HAS_BOTH(query, component) \
	(HAS(query, component##_SEL) && HAS(query, component)) /* a value and its selector */

#define NEEDED                                                         \
	(UMAD_SA_MCM_COMP_MASK_MGID | UMAD_SA_MCM_COMP_MASK_PORT_GID | \
	 UMAD_SA_MCM_COMP_MASK_JOIN_STATE)
#define NEEDED_TO_CREATE                                                                          \
	(UMAD_SA_MCM_COMP_MASK_QKEY | UMAD_SA_MCM_COMP_MASK_PKEY | UMAD_SA_MCM_COMP_MASK_TCLASS | \
	 UMAD_SA_MCM_COMP_MASK_SL | UMAD_SA_MCM_COMP_MASK_FLOW_LABEL)

#define PKEY_NUMBER 0x7fffu /* without the bit of full membership */
#define STATES	    0x0fu

/* sl_flow_hop: which bits a query gives. */
static uint32_t path_bits(const struct subnet_query *query)
{
	return (HAS(query, SL) ? 0xf0000000u : 0) | (HAS(query, FLOW_LABEL) ? 0x0fffff00u : 0) |
	       (HAS(query, HOP_LIMIT) ? 0xffu : 0);
}

static bool same_pkey(__be16 a, __be16 b)
{
	return ((be16toh(a) ^ be16toh(b)) & PKEY_NUMBER) == 0;
}

static bool values_match(const struct subnet_query *query,
			 const struct umad_sa_mcmember_record *asked,
			 const struct umad_sa_mcmember_record *group)
{
	if (HAS_BOTH(query, MTU) && !subnet_value_allowed(SUBNET_VALUE_MTU, asked->mtu, group->mtu))
		return false;
	if (HAS_BOTH(query, RATE) &&
	    !subnet_value_allowed(SUBNET_VALUE_RATE, asked->rate, group->rate))
		return false;
	return !HAS_BOTH(query, LIFE_TIME) ||
	       subnet_value_allowed(SUBNET_VALUE_LIFETIME, asked->pkt_life, group->pkt_life);
}

/* The components of a query that describe a group. Port and join state are those of a member. */
static bool group_matches(const struct subnet_query *query,
			  const struct umad_sa_mcmember_record *asked,
			  const struct umad_sa_mcmember_record *group)
{
	if (HAS(query, MGID) && memcmp(asked->mgid, group->mgid, sizeof(group->mgid)) != 0)
		return false;
	if ((HAS(query, QKEY) && asked->qkey != group->qkey) ||
	    (HAS(query, MLID) && asked->mlid != group->mlid) ||
	    (HAS(query, TCLASS) && asked->tclass != group->tclass) ||
	    (HAS(query, PKEY) && !same_pkey(asked->pkey, group->pkey)) ||
	    (HAS(query, SCOPE) && (asked->scope_state ^ group->scope_state) >> 4))
		return false;
	if (be32toh(asked->sl_flow_hop ^ group->sl_flow_hop) & path_bits(query))
		return false;
	return values_match(query, asked, group);
}

/* The group's record, with one member or none. */
static void found_member(struct subnet_query *query, const struct subnet_group *group,
			 const struct subnet_port *port, uint8_t state)
{
	struct umad_sa_mcmember_record record = group->record;

	record.mtu = umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_EXACTLY, record.mtu);
	record.rate = umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_EXACTLY, record.rate);
	record.pkt_life = umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_EXACTLY, record.pkt_life);
	record.scope_state |= state;
	if (port)
		subnet_port_gid(port, record.portgid);
	subnet_found(query, &record, sizeof(record));
}

static struct subnet_port *port_of(const struct subnet_query *query, const uint8_t gid[16])
{
	struct subnet_port *port;
	uint8_t own[16];

	for (port = query->from->subnet->ports; port; port = port->next) {
		subnet_port_gid(port, own);
		if (!memcmp(own, gid, sizeof(own)))
			return port;
	}
	return NULL;
}

uint16_t subnet_member_query(struct subnet_query *query)
{
	const struct subnet_group *group;
	struct umad_sa_mcmember_record asked;
	const struct subnet_port *port = NULL;
	uint8_t state = 0;

	memcpy(&asked, query->in->data, sizeof(asked));
	if (HAS(query, PORT_GID)) {
		port = port_of(query, asked.portgid);
		if (!port)
			return SUBNET_STATUS(INVALID_GID);
	}
	for (group = query->from->subnet->groups; group; group = group->next) {
		if (port)
			state = subnet_group_state(group, port);
		if ((port && !state) || !group_matches(query, &asked, &group->record))
			continue;
		found_member(query, group, port, state);
	}
	return UMAD_STATUS_SUCCESS;
}

/* What join and leave have in common: components, the port, states that exist. */
static uint16_t check_member(const struct subnet_query *query,
			     const struct umad_sa_mcmember_record *asked)
{
	if ((query->mask & NEEDED) != NEEDED)
		return SUBNET_STATUS(INSUF_COMPS);
	if (!(asked->scope_state & STATES))
		return SUBNET_STATUS(REQ_INVALID);
	if (!port_of(query, asked->portgid))
		return SUBNET_STATUS(INVALID_GID);
	return port_of(query, asked->portgid) == query->from ? UMAD_STATUS_SUCCESS :
							       SUBNET_STATUS(REQ_DENIED);
}

/* An address of a group, or zeros: the SA chooses one. */
static bool mgid_valid(const uint8_t mgid[16])
{
	static const uint8_t none[16];

	return mgid[0] == 0xff || !memcmp(mgid, none, sizeof(none));
}

static bool choose_values(const struct subnet_query *query,
			  const struct umad_sa_mcmember_record *asked,
			  struct umad_sa_mcmember_record *record)
{
	const uint8_t best = umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_LARGEST_AVAIL, 0);

	return subnet_value_choose(SUBNET_VALUE_MTU, HAS_BOTH(query, MTU) ? asked->mtu : best,
				   &record->mtu) &&
	       subnet_value_choose(SUBNET_VALUE_RATE, HAS_BOTH(query, RATE) ? asked->rate : best,
				   &record->rate) &&
	       subnet_value_choose(SUBNET_VALUE_LIFETIME,
				   HAS_BOTH(query, LIFE_TIME) ? asked->pkt_life : best,
				   &record->pkt_life);
}

static uint16_t create(struct subnet_query *query, const struct umad_sa_mcmember_record *asked,
		       struct subnet_group **group)
{
	struct umad_sa_mcmember_record record = {
		.qkey = asked->qkey,
		.tclass = asked->tclass,
		.pkey = htobe16(SUBNET_PKEY),
		.sl_flow_hop = asked->sl_flow_hop & htobe32(path_bits(query)),
	};

	if (!(asked->scope_state & SUBNET_KEEPS) || !mgid_valid(asked->mgid))
		return SUBNET_STATUS(REQ_INVALID);
	if ((query->mask & NEEDED_TO_CREATE) != NEEDED_TO_CREATE)
		return SUBNET_STATUS(INSUF_COMPS);
	if (!same_pkey(asked->pkey, record.pkey) || !choose_values(query, asked, &record))
		return SUBNET_STATUS(REQ_INVALID);
	memcpy(record.mgid, asked->mgid, sizeof(record.mgid));
	if (query->from->memberships == SUBNET_MAX_MEMBERSHIPS)
		return SUBNET_STATUS(NO_RESOURCES);
	*group = subnet_group_new(query->from->subnet, &record);
	return *group ? UMAD_STATUS_SUCCESS : SUBNET_STATUS(NO_RESOURCES);
}

/* The record of a request to join or leave, and its group, NULL if there is none. */
static uint16_t asked_member(const struct subnet_query *query,
			     struct umad_sa_mcmember_record *asked, struct subnet_group **group)
{
	memcpy(asked, query->in->data, sizeof(*asked));
	*group = subnet_group_find(query->from->subnet, asked->mgid);
	return check_member(query, asked);
}

uint16_t subnet_member_join(struct subnet_query *query)
{
	struct umad_sa_mcmember_record asked;
	struct subnet_group *group;
	uint16_t status = asked_member(query, &asked, &group);
	uint8_t state = asked.scope_state & STATES;

	if (status != UMAD_STATUS_SUCCESS)
		return status;
	if (!group)
		status = create(query, &asked, &group);
	else if (!group_matches(query, &asked, &group->record))
		status = SUBNET_STATUS(REQ_INVALID);
	if (status != UMAD_STATUS_SUCCESS)
		return status;
	if (subnet_group_join(group, query->from, state)) {
		subnet_group_leave(group, query->from, 0); /* ends one that was made for it */
		return SUBNET_STATUS(NO_RESOURCES);
	}
	found_member(query, group, query->from, subnet_group_state(group, query->from));
	return UMAD_STATUS_SUCCESS;
}

uint16_t subnet_member_leave(struct subnet_query *query)
{
	struct umad_sa_mcmember_record asked;
	struct subnet_group *group;
	uint16_t status = asked_member(query, &asked, &group);
	uint8_t state = asked.scope_state & STATES;

	if (status != UMAD_STATUS_SUCCESS)
		return status;
	if (!group || (subnet_group_state(group, query->from) & state) != state)
		return SUBNET_STATUS(REQ_INVALID);
	found_member(query, group, query->from, state);
	subnet_group_leave(group, query->from, state);
	return UMAD_STATUS_SUCCESS;
}
