/* SPDX-License-Identifier: MIT */
/*
 * The InfiniBand subnet that the NICs of a fabric form: one switch, one partition, one subnet
 * administrator (SA) at a LID of its own, multicast groups.
 *
 *   subnet   the ports
 *   sa       requests to the SA: header, dispatch, answer
 *   table    answers in several datagrams
 *   path     PathRecord
 *   member   MCMemberRecord: join, leave, query
 *   group    multicast groups and their members
 *   value    MTU, rate and lifetime of records, with selectors
 *
 * It has no subnet manager: ports are active with the LID of the command line. Layouts are those
 * of rdma-core (<infiniband/umad_sa.h>, <infiniband/sa.h>).
 */
#ifndef SUBNET_H
#define SUBNET_H

#include <stdbool.h>
#include <stdint.h>

#define SUBNET_PREFIX	       0xfe80000000000000ull /* default subnet prefix (InfiniBand 4.1.1) */
#define SUBNET_SM_LID	       0xbfffu /* the last unicast LID (InfiniBand 4.1.3); no port has it */
#define SUBNET_LID_MAX	       (SUBNET_SM_LID - 1)
#define SUBNET_MULTICAST_LID   0xc000u /* first of the multicast LIDs */
#define SUBNET_PERMISSIVE_LID  0xffffu
#define SUBNET_PKEY	       0xffffu /* default partition, full member; index 0 of every port */
#define SUBNET_MTU	       5u      /* IBTA encoding of 4096 bytes */
#define SUBNET_RATE	       16u     /* IBTA encoding of 100 Gb/s, as the ports' EDR 4x */
#define SUBNET_LIFETIME	       14u     /* 4.096 us * 2^14: packets take no time here */
#define SUBNET_MAD_BYTES       256u
#define SUBNET_MAX_MEMBERSHIPS 256u /* of a port; bounds the groups, too */
#define SUBNET_MAX_SEGMENTS    256u /* datagrams of one answer */

struct subnet;

/* An answer in several datagrams under way: the request is answered again for each. */
struct subnet_transfer {
	uint8_t request[SUBNET_MAD_BYTES];
	uint32_t bytes;	   /* of all records */
	uint32_t segments; /* 0: no transfer */
	uint32_t sent;
	uint32_t window; /* last segment that the requester has asked for */
};

/* Embedded in each NIC. */
struct subnet_port {
	struct subnet *subnet;
	struct subnet_port *next;
	uint16_t lid;
	uint64_t guid;
	uint32_t memberships;
	struct subnet_transfer transfer; /* the last one; a new one takes its place */
	/* counters for the report */
	uint64_t requests, refused, ignored; /* to the SA: all; with an error; without an answer */
};

/*
 * Add a port with its LID and GUID: to the subnet of another port, or, other NULL, to a new one.
 * The subnet ends with its last port. -ENOMEM
 */
int subnet_port_add(struct subnet_port *port, const struct subnet_port *other);
void subnet_port_remove(struct subnet_port *port); /* nothing, if it has not been added */
void subnet_port_reset(struct subnet_port *port);  /* leaves its groups, ends its transfer */

/*
 * A management datagram from a port to the SA. False: it gets no answer (wrong length or class, a
 * response, an acknowledgement of the last segment). After an answer, subnet_sa_next() has the
 * further datagrams that may be sent before the next acknowledgement, until it returns false.
 */
bool subnet_sa_request(struct subnet_port *from, const void *mad, uint32_t len,
		       uint8_t answer[SUBNET_MAD_BYTES]);
bool subnet_sa_next(struct subnet_port *from, uint8_t answer[SUBNET_MAD_BYTES]);

/* The switch forwards packets of a multicast LID to this port. */
bool subnet_forwards(const struct subnet_port *port, uint16_t mlid);

void subnet_port_gid(const struct subnet_port *port, uint8_t gid[16]);

#endif
