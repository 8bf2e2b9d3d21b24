// SPDX-License-Identifier: MIT
/*
 * Answers in several datagrams (RMPP, InfiniBand 13.6): the records as a stream of bytes, 200 in
 * each datagram. The requester acknowledges a segment and says up to which it takes further ones.
 * Each segment is made from the request again; records that have changed meanwhile are sent as
 * they are now. Nothing is sent twice: a requester that misses a segment asks again.
 */
#include <endian.h>
#include <string.h>

#include "fabric/subnet/sa.h"

#define RMPP_ACK	  2u
#define RMPP_FIRST	  0x02u
#define RMPP_LAST	  0x04u
#define RMPP_NO_RESP_TIME (0x1fu << 3)
#define SEGMENT_BYTES	  ((uint32_t)UMAD_LEN_SA_DATA)
#define SA_HEADER_BYTES	  20u /* sm_key to comp_mask: of each segment, counted by paylen */

/* The first segment has the length of all, the last its own. */
static void make_segment(const struct subnet_transfer *transfer, struct umad_sa_packet *out)
{
	const uint32_t n = transfer->sent, before = (transfer->segments - 1) * SEGMENT_BYTES;
	uint32_t flags = SUBNET_RMPP_ACTIVE | RMPP_NO_RESP_TIME, bytes = 0;

	if (n == transfer->segments) {
		flags |= RMPP_LAST;
		bytes = SA_HEADER_BYTES + transfer->bytes - before;
	}
	if (n == 1) {
		flags |= RMPP_FIRST;
		bytes = transfer->segments * SA_HEADER_BYTES + transfer->bytes;
	}
	out->rmpp_hdr = (struct umad_rmpp_hdr){
		.rmpp_version = UMAD_RMPP_VERSION,
		.rmpp_type = SUBNET_RMPP_DATA,
		.rmpp_rtime_flags = (uint8_t)flags,
		.seg_num = htobe32(n),
		.paylen_newwin = htobe32(bytes),
	};
}

void subnet_table_start(struct subnet_query *query)
{
	struct subnet_transfer *transfer = &query->from->transfer;
	const uint32_t bytes = subnet_answer_bytes(query);

	_Static_assert(sizeof(transfer->request) == sizeof(*query->in), "request");
	memcpy(transfer->request, query->in, sizeof(*query->in));
	transfer->bytes = bytes;
	transfer->segments = bytes ? (bytes - 1) / SEGMENT_BYTES + 1 : 1;
	transfer->sent = transfer->window = 1;
	make_segment(transfer, query->out);
}

/* Control datagrams have the header of the request (drivers/infiniband/core/mad_rmpp.c: format_ack()). */
static bool is_of_transaction(const struct umad_hdr *control, const struct umad_hdr *request)
{
	return control->tid == request->tid && control->attr_id == request->attr_id &&
	       control->method == request->method;
}

bool subnet_table_control(struct subnet_port *from, const struct umad_sa_packet *in)
{
	struct subnet_transfer *transfer = &from->transfer;
	const uint32_t acknowledged = be32toh(in->rmpp_hdr.seg_num),
		       window = be32toh(in->rmpp_hdr.paylen_newwin);
	struct umad_sa_packet request;

	memcpy(&request, transfer->request, sizeof(request));
	if (!transfer->segments || !is_of_transaction(&in->mad_hdr, &request.mad_hdr))
		return false;
	if (in->rmpp_hdr.rmpp_type != RMPP_ACK || acknowledged >= transfer->segments) {
		transfer->segments = 0;
		return true;
	}
	if (window > transfer->window)
		transfer->window = window < transfer->segments ? window : transfer->segments;
	return true;
}

bool subnet_sa_next(struct subnet_port *from, uint8_t answer[SUBNET_MAD_BYTES])
{
	struct subnet_transfer *transfer = &from->transfer;
	struct umad_sa_packet in, out;
	struct subnet_query query = { .from = from, .in = &in, .out = &out };

	if (!transfer->segments || transfer->sent >= transfer->window)
		return false;
	memcpy(&in, transfer->request, sizeof(in));
	query.skip = transfer->sent * SEGMENT_BYTES;
	if (subnet_answer(&query) != UMAD_STATUS_SUCCESS) { /* a port or group has gone */
		transfer->segments = 0;
		return false;
	}
	transfer->sent++;
	make_segment(transfer, &out);
	memcpy(answer, &out, sizeof(out));
	return true;
}
