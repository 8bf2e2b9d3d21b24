/* SPDX-License-Identifier: MIT */
/*
 * Multicast groups and their members. A group exists while it has a full member; the broadcast
 * group of IPoIB always does.
 */
#ifndef SUBNET_GROUP_H
#define SUBNET_GROUP_H

#include <infiniband/umad_sa_mcm.h>

#include "fabric/subnet/subnet.h"

/* Join states of members that get the group's packets, and of those that keep the group. */
#define SUBNET_RECEIVES (UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER | UMAD_SA_MCM_JOIN_STATE_NON_MEMBER)
#define SUBNET_KEEPS \
	(UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER | UMAD_SA_MCM_JOIN_STATE_SEND_ONLY_FULL_MEMBER)

struct subnet_member {
	const struct subnet_port *port;
	uint8_t state; /* UMAD_SA_MCM_JOIN_STATE_x; not 0 */
	struct subnet_member *next;
};

struct subnet_group {
	struct umad_sa_mcmember_record record; /* of the group: no port, no join state, no selectors */
	bool permanent;
	struct subnet_member *members;
	struct subnet_group *next;
};

struct subnet {
	struct subnet_port *ports;
	struct subnet_group *groups;
	uint16_t next_mlid;	/* offset from the first */
	uint32_t next_assigned; /* of group addresses that the SA chooses */
};

int subnet_group_first(struct subnet *subnet); /* the broadcast group; -ENOMEM */
void subnet_group_free_all(struct subnet *subnet);

struct subnet_group *subnet_group_find(const struct subnet *subnet, const uint8_t mgid[16]);
/*
 * Make a group without members: the caller adds one. An address of zeros is replaced by a free
 * one. NULL: out of memory or multicast LIDs.
 */
struct subnet_group *subnet_group_new(struct subnet *subnet,
				      const struct umad_sa_mcmember_record *record);

uint8_t subnet_group_state(const struct subnet_group *group,
			   const struct subnet_port *port); /* 0: no member */
/* Add join states of a port. -ENOSPC: too many memberships of the port; -ENOMEM. */
int subnet_group_join(struct subnet_group *group, struct subnet_port *port, uint8_t state);
/* Take join states away, if the port has them. A group that nothing keeps is gone afterwards. */
void subnet_group_leave(struct subnet_group *group, struct subnet_port *port, uint8_t state);
void subnet_group_leave_all(struct subnet_port *port);

#endif
