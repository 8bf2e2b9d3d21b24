// SPDX-License-Identifier: MIT
/*
 * The subnet administrator: what a datagram asks for, and the answer. Kept between requests are
 * groups, members, and of each port the last request that has an answer in several datagrams.
 *
 * Left out: NodeRecord, PortInfoRecord and other descriptions of the subnet, ServiceRecord,
 * InformInfo (nothing of the subnet ever changes, so there are no reports).
 */
#include <endian.h>
#include <string.h>

#include "fabric/subnet/sa.h"

/* CapabilityMask2 of ClassPortInfo (include/rdma/ib_sa.h: IB_SA_CAP_MASK2_SENDONLY_FULL_MEM_SUPPORT). */
#define CAP2_SEND_ONLY_FULL_MEMBER (1u << 12)
#define CAP2_SHIFT		   5
#define RESPONSE_TIME		   8u /* 4.096 us * 2^8 */

static uint16_t class_port_info(struct subnet_query *query)
{
	const struct umad_class_port_info info = {
		.base_ver = UMAD_BASE_VERSION,
		.class_ver = UMAD_SA_CLASS_VERSION,
		.cap_mask = htobe16(UMAD_SA_CAP_MASK_IS_UD_MCAST_SUP),
		.cap_mask2_resp_time =
			htobe32(CAP2_SEND_ONLY_FULL_MEMBER << CAP2_SHIFT | RESPONSE_TIME),
	};

	subnet_found(query, &info, sizeof(info));
	return UMAD_STATUS_SUCCESS;
}

static const struct {
	uint16_t attribute;
	uint8_t method;
	uint16_t (*answer)(struct subnet_query *query);
} requests[] = {
	{ UMAD_ATTR_CLASS_PORT_INFO, UMAD_METHOD_GET, class_port_info },
	{ UMAD_SA_ATTR_PATH_REC, UMAD_METHOD_GET, subnet_path_query },
	{ UMAD_SA_ATTR_PATH_REC, UMAD_SA_METHOD_GET_TABLE, subnet_path_query },
	{ UMAD_SA_ATTR_MCMEMBER_REC, UMAD_METHOD_GET, subnet_member_query },
	{ UMAD_SA_ATTR_MCMEMBER_REC, UMAD_SA_METHOD_GET_TABLE, subnet_member_query },
	{ UMAD_SA_ATTR_MCMEMBER_REC, UMAD_METHOD_SET, subnet_member_join },
	{ UMAD_SA_ATTR_MCMEMBER_REC, UMAD_SA_METHOD_DELETE, subnet_member_leave },
};

/* Of the record, the part that falls into this segment. */
void subnet_found(struct subnet_query *query, const void *record, uint32_t bytes)
{
	const uint32_t start = query->found * bytes, room = sizeof(query->out->data);
	uint32_t from = start > query->skip ? start : query->skip, to = start + bytes;

	if (to > query->skip + room)
		to = query->skip + room;
	if (from < to)
		memcpy(query->out->data + (from - query->skip),
		       (const uint8_t *)record + (from - start), to - from);
	query->out->attr_offset = htobe16((uint16_t)(bytes / 8));
	query->found++;
}

uint32_t subnet_answer_bytes(const struct subnet_query *query)
{
	return query->found * be16toh(query->out->attr_offset) * 8u;
}

/* A Get has exactly one record. */
static uint16_t check_number(const struct subnet_query *query)
{
	if (query->in->mad_hdr.method == UMAD_SA_METHOD_GET_TABLE)
		return subnet_answer_bytes(query) > SUBNET_MAX_SEGMENTS * sizeof(query->out->data) ?
			       SUBNET_STATUS(NO_RESOURCES) :
			       UMAD_STATUS_SUCCESS;
	if (!query->found)
		return SUBNET_STATUS(NO_RECORDS);
	return query->found > 1 ? SUBNET_STATUS(TOO_MANY_RECORDS) : UMAD_STATUS_SUCCESS;
}

static uint16_t dispatch(struct subnet_query *query)
{
	const struct umad_hdr *header = &query->in->mad_hdr;
	bool method_known = false;
	uint16_t status;
	size_t i;

	if (header->base_version != UMAD_BASE_VERSION ||
	    header->class_version != UMAD_SA_CLASS_VERSION)
		return UMAD_STATUS_BAD_VERSION;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		method_known |= requests[i].method == header->method;
		if (requests[i].method != header->method ||
		    requests[i].attribute != be16toh(header->attr_id))
			continue;
		status = requests[i].answer(query);
		return status == UMAD_STATUS_SUCCESS ? check_number(query) : status;
	}
	return method_known ? UMAD_STATUS_ATTR_NOT_SUPPORTED : UMAD_STATUS_METHOD_NOT_SUPPORTED;
}

/* Of the class, and no response. */
static bool is_for_sa(const struct umad_sa_packet *in)
{
	return in->mad_hdr.mgmt_class == UMAD_CLASS_SUBN_ADM &&
	       !(in->mad_hdr.method & UMAD_METHOD_RESP_MASK) &&
	       in->mad_hdr.method != UMAD_METHOD_TRAP_REPRESS;
}

/* A part of a multi-packet transfer other than data. */
static bool is_control(const struct umad_sa_packet *in)
{
	return in->rmpp_hdr.rmpp_rtime_flags & SUBNET_RMPP_ACTIVE &&
	       in->rmpp_hdr.rmpp_type != SUBNET_RMPP_DATA;
}

static void start_answer(struct umad_sa_packet *out, const struct umad_sa_packet *in)
{
	memset(out, 0, sizeof(*out));
	out->mad_hdr = in->mad_hdr;
	out->mad_hdr.base_version = UMAD_BASE_VERSION;
	out->mad_hdr.class_version = UMAD_SA_CLASS_VERSION;
	out->mad_hdr.method |= UMAD_METHOD_RESP_MASK;
	out->mad_hdr.status = 0;
	out->comp_mask = in->comp_mask;
}

uint16_t subnet_answer(struct subnet_query *query)
{
	uint16_t status;

	start_answer(query->out, query->in);
	query->mask = be64toh(query->in->comp_mask);
	query->found = 0;
	status = dispatch(query);
	if (status != UMAD_STATUS_SUCCESS) {
		start_answer(query->out, query->in);
		query->out->mad_hdr.status = htobe16(status);
	}
	return status;
}

static bool ignored(struct subnet_port *from)
{
	from->ignored++;
	return false;
}

bool subnet_sa_request(struct subnet_port *from, const void *mad, uint32_t len,
		       uint8_t answer[SUBNET_MAD_BYTES])
{
	struct umad_sa_packet in, out;
	struct subnet_query query = { .from = from, .in = &in, .out = &out };

	_Static_assert(sizeof(in) == SUBNET_MAD_BYTES, "umad_sa_packet");
	from->requests++;
	if (len != sizeof(in))
		return ignored(from);
	memcpy(&in, mad, sizeof(in));
	if (!is_for_sa(&in))
		return ignored(from);
	if (is_control(&in))
		return subnet_table_control(from, &in) ? subnet_sa_next(from, answer) :
							 ignored(from);
	if (subnet_answer(&query) != UMAD_STATUS_SUCCESS)
		from->refused++;
	else if (in.mad_hdr.method == UMAD_SA_METHOD_GET_TABLE)
		subnet_table_start(&query);
	memcpy(answer, &out, sizeof(out));
	return true;
}
