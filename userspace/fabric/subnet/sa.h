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

struct subnet_query {
	struct subnet_port *from;
	const struct umad_sa_packet *in;
	uint64_t mask; /* components of the record that are given; bits of the attribute */
	struct umad_sa_packet *out;
	uint32_t found; /* records; only those that fit are in the answer */
};

/* Append a record to the answer. Every record of an answer has the same length. */
void subnet_found(struct subnet_query *query, const void *record, uint32_t bytes);

/* The attributes: status in host order, records by subnet_found(). */
uint16_t subnet_path_query(struct subnet_query *query);	  /* path.c: Get and GetTable */
uint16_t subnet_member_query(struct subnet_query *query); /* member.c: Get and GetTable */
uint16_t subnet_member_join(struct subnet_query *query);  /* Set */
uint16_t subnet_member_leave(struct subnet_query *query); /* Delete */

#endif
