// SPDX-License-Identifier: MIT
/*
 * The subnet administrator: one datagram in, at most one out, nothing kept between requests but
 * groups and members. A table that does not fit into one datagram (three records) is refused with
 * "no resources", because the model has no multi-packet transfer (RMPP).
 *
 * Left out: NodeRecord, PortInfoRecord and other descriptions of the subnet, ServiceRecord,
 * InformInfo (nothing of the subnet ever changes, so there are no reports).
 */
#include <endian.h>
#include <string.h>

#include "fabric/subnet/sa.h"

/* RMPP (InfiniBand 13.6.2). paylen counts the SA header from sm_key to comp_mask, too. */
#define RMPP_TYPE_DATA	  1u
#define RMPP_ACTIVE	  0x01u
#define RMPP_FIRST	  0x02u
#define RMPP_LAST	  0x04u
#define RMPP_NO_RESP_TIME (0x1fu << 3)
#define SA_HEADER_BYTES	  20u

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

void subnet_found(struct subnet_query *query, const void *record, uint32_t bytes)
{
	uint32_t off = query->found * bytes;

	query->out->attr_offset = htobe16((uint16_t)(bytes / 8));
	if (off + bytes <= sizeof(query->out->data))
		memcpy(query->out->data + off, record, bytes);
	query->found++;
}

static uint32_t answer_bytes(const struct subnet_query *query)
{
	return query->found * be16toh(query->out->attr_offset) * 8u;
}

static void make_table(const struct subnet_query *query)
{
	query->out->rmpp_hdr = (struct umad_rmpp_hdr){
		.rmpp_version = UMAD_RMPP_VERSION,
		.rmpp_type = RMPP_TYPE_DATA,
		.rmpp_rtime_flags = RMPP_ACTIVE | RMPP_FIRST | RMPP_LAST | RMPP_NO_RESP_TIME,
		.seg_num = htobe32(1),
		.paylen_newwin = htobe32(SA_HEADER_BYTES + answer_bytes(query)),
	};
}

/* A Get has exactly one record. */
static uint16_t check_number(const struct subnet_query *query)
{
	if (query->in->mad_hdr.method == UMAD_SA_METHOD_GET_TABLE)
		return answer_bytes(query) > sizeof(query->out->data) ? SUBNET_STATUS(NO_RESOURCES) :
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

/* What is no request: responses, and the parts of a multi-packet transfer other than data. */
static bool is_request(const struct umad_sa_packet *in)
{
	if (in->mad_hdr.mgmt_class != UMAD_CLASS_SUBN_ADM ||
	    in->mad_hdr.method & UMAD_METHOD_RESP_MASK ||
	    in->mad_hdr.method == UMAD_METHOD_TRAP_REPRESS)
		return false;
	return !(in->rmpp_hdr.rmpp_rtime_flags & RMPP_ACTIVE) ||
	       in->rmpp_hdr.rmpp_type == RMPP_TYPE_DATA;
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
	uint16_t status;

	_Static_assert(sizeof(in) == SUBNET_MAD_BYTES, "umad_sa_packet");
	from->requests++;
	if (len != sizeof(in))
		return ignored(from);
	memcpy(&in, mad, sizeof(in));
	if (!is_request(&in))
		return ignored(from);
	start_answer(&out, &in);
	query.mask = be64toh(in.comp_mask);
	status = dispatch(&query);
	if (status != UMAD_STATUS_SUCCESS) {
		from->refused++;
		start_answer(&out, &in);
		out.mad_hdr.status = htobe16(status);
	} else if (in.mad_hdr.method == UMAD_SA_METHOD_GET_TABLE) {
		make_table(&query);
	}
	memcpy(answer, &out, sizeof(out));
	return true;
}
