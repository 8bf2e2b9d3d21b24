/* SPDX-License-Identifier: MIT */
/*
 * A request to the SA while it is answered, and the attributes that answer it.
 */
#ifndef SUBNET_SA_H
#define SUBNET_SA_H

#include <infiniband/umad_sa.h>

#include "fabric/subnet/subnet.h"

/* Status of a class: the upper byte (InfiniBand 15.2.5). */
#define SUBNET_STATUS(code) ((uint16_t)(UMAD_SA_STATUS_##code << 8))

/* RMPP (InfiniBand 13.6.2) */
#define SUBNET_RMPP_DATA   1u
#define SUBNET_RMPP_ACTIVE 0x01u

struct subnet_query {
	struct subnet_port *from;
	const struct umad_sa_packet *in;
	uint64_t mask; /* components of the record that are given; bits of the attribute */
	struct umad_sa_packet *out;
	uint32_t skip;	/* bytes of the records that earlier segments have */
	uint32_t found; /* records, also those that are not in this segment */
};

/* Header and records of an answer; a status other than success has no records. In host order. */
uint16_t subnet_answer(struct subnet_query *query);
uint32_t subnet_answer_bytes(const struct subnet_query *query); /* of all records */

/* table.c: the first datagram of a table's answer. */
void subnet_table_start(struct subnet_query *query);
/* A datagram of a transfer that is not data: acknowledgement, stop, abort. False: of no transfer. */
bool subnet_table_control(struct subnet_port *from, const struct umad_sa_packet *in);

/* Append a record to the answer. Every record of an answer has the same length. */
void subnet_found(struct subnet_query *query, const void *record, uint32_t bytes);

/* The attributes: status in host order, records by subnet_found(). */
uint16_t subnet_path_query(struct subnet_query *query);	  /* path.c: Get and GetTable */
uint16_t subnet_member_query(struct subnet_query *query); /* member.c: Get and GetTable */
uint16_t subnet_member_join(struct subnet_query *query);  /* Set */
uint16_t subnet_member_leave(struct subnet_query *query); /* Delete */

#endif
