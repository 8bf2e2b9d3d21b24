// SPDX-License-Identifier: MIT
/*
 * PathRecord: between any two ports there is one path, in both directions, also from a port to
 * itself. A query names what it knows; Get needs source and destination.
 */
#include <endian.h>
#include <string.h>

#include <infiniband/sa.h>

#include "fabric/subnet/group.h"
#include "fabric/subnet/sa.h"
#include "fabric/subnet/value.h"

/* Components (include/rdma/ib_sa.h: IB_SA_PATH_REC_x). */
#define DGID	     (1ull << 2)
#define SGID	     (1ull << 3)
#define DLID	     (1ull << 4)
#define SLID	     (1ull << 5)
#define PKEY	     (1ull << 13)
#define MTU_SEL	     (1ull << 16)
#define MTU	     (1ull << 17)
#define RATE_SEL     (1ull << 18)
#define RATE	     (1ull << 19)
#define LIFETIME_SEL (1ull << 20)
#define LIFETIME     (1ull << 21)

#define REVERSIBLE   0x80u
#define PKEY_NUMBER  0x7fffu /* without the bit of full membership */

static bool has(const struct subnet_query *query, uint64_t bits)
{
	return (query->mask & bits) == bits;
}

static bool port_is(const struct subnet_port *port, const struct subnet_query *query,
		    uint64_t gid_bit, const uint8_t *gid, uint64_t lid_bit, __be16 lid)
{
	uint8_t own[16];

	subnet_port_gid(port, own);
	if (has(query, gid_bit) && memcmp(gid, own, sizeof(own)) != 0)
		return false;
	return !has(query, lid_bit) || be16toh(lid) == port->lid;
}

static bool values_allowed(const struct subnet_query *query, const struct ibv_path_record *asked)
{
	if (has(query, PKEY) && (be16toh(asked->pkey) & PKEY_NUMBER) != (SUBNET_PKEY & PKEY_NUMBER))
		return false;
	if (has(query, MTU_SEL | MTU) &&
	    !subnet_value_allowed(SUBNET_VALUE_MTU, asked->mtu, SUBNET_MTU))
		return false;
	if (has(query, RATE_SEL | RATE) &&
	    !subnet_value_allowed(SUBNET_VALUE_RATE, asked->rate, SUBNET_RATE))
		return false;
	return !has(query, LIFETIME_SEL | LIFETIME) ||
	       subnet_value_allowed(SUBNET_VALUE_LIFETIME, asked->packetlifetime, SUBNET_LIFETIME);
}

/* Service, flow label and classes are the user's: they come back as they were asked for. */
static void found_path(struct subnet_query *query, const struct ibv_path_record *asked,
		       const struct subnet_port *source, const struct subnet_port *target)
{
	struct ibv_path_record path = {
		.service_id = asked->service_id,
		.dlid = htobe16(target->lid),
		.slid = htobe16(source->lid),
		.flowlabel_hoplimit = asked->flowlabel_hoplimit & htobe32(0xfffff00),
		.tclass = asked->tclass,
		.reversible_numpath = REVERSIBLE | 1,
		.pkey = htobe16(SUBNET_PKEY),
		.qosclass_sl = asked->qosclass_sl & htobe16(0xfff0),
		.mtu = umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_EXACTLY, SUBNET_MTU),
		.rate = umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_EXACTLY, SUBNET_RATE),
		.packetlifetime =
			umad_sa_set_rate_mtu_or_life(UMAD_SA_SELECTOR_EXACTLY, SUBNET_LIFETIME),
	};

	subnet_port_gid(target, path.dgid.raw);
	subnet_port_gid(source, path.sgid.raw);
	subnet_found(query, &path, sizeof(path));
}

uint16_t subnet_path_query(struct subnet_query *query)
{
	const struct subnet_port *ports = query->from->subnet->ports, *source, *target;
	struct ibv_path_record asked;
	bool source_known = false;

	memcpy(&asked, query->in->data, sizeof(asked));
	if (query->in->mad_hdr.method == UMAD_METHOD_GET &&
	    (!(query->mask & (SGID | SLID)) || !(query->mask & (DGID | DLID))))
		return SUBNET_STATUS(INSUF_COMPS);
	for (source = ports; source; source = source->next) {
		if (!port_is(source, query, SGID, asked.sgid.raw, SLID, asked.slid))
			continue;
		source_known = true;
		for (target = ports; target; target = target->next)
			if (port_is(target, query, DGID, asked.dgid.raw, DLID, asked.dlid) &&
			    values_allowed(query, &asked))
				found_path(query, &asked, source, target);
	}
	return source_known ? UMAD_STATUS_SUCCESS : SUBNET_STATUS(INVALID_GID);
}
