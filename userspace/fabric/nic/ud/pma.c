// SPDX-License-Identifier: MIT
/*
 * PortCounters and PortCountersExtended of the only port: traffic. All error counters are 0.
 * Set clears those that counter_select names; QUERY_VPORT_COUNTER reports the same counters.
 */
#include <endian.h>
#include <stddef.h>
#include <string.h>

#include <infiniband/umad_types.h>

#include "fabric/nic/counters.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/ud/pma.h"

#define CLASS_VERSION	  1u
#define COUNTERS	  0x0012u /* PortCounters */
#define COUNTERS_EXTENDED 0x001du
#define CAP_EXTENDED	  0x0200u /* CapabilityMask: PortCountersExtended */
#define RESPONSE_TIME	  8u	  /* 4.096 us * 2^8 */
#define ALL_PORTS	  0xffu
#define WORD		  4u /* data counters are in units of 4 octets */

/* Data of the class (InfiniBand 16.1.1): after 40 reserved bytes. */
struct pma_packet {
	struct umad_hdr header;
	uint8_t reserved[40];
	uint8_t data[192];
};

/* InfiniBand 16.1.3.5; errors are all 0 and have no names here. */
struct counters {
	uint8_t reserved, port_select;
	uint16_t counter_select;
	uint8_t errors[20];
	uint32_t xmit_data, rcv_data, xmit_packets, rcv_packets;
	uint32_t xmit_wait;
};

/* InfiniBand 16.1.4.11 */
struct counters_extended {
	uint8_t reserved, port_select;
	uint16_t counter_select;
	uint32_t reserved2;
	uint64_t xmit_data, rcv_data, xmit_packets, rcv_packets;
	uint64_t unicast_xmit, unicast_rcv, multicast_xmit, multicast_rcv;
};

_Static_assert(sizeof(struct pma_packet) == SUBNET_MAD_BYTES, "MAD");
_Static_assert(sizeof(struct counters) == 44, "PortCounters");
_Static_assert(sizeof(struct counters_extended) == 72, "PortCountersExtended");

struct totals {
	uint64_t xmit_data, rcv_data, xmit_packets, rcv_packets;
};

static struct totals totals(const struct nic_port_counters *port)
{
	return (struct totals){
		.xmit_data = (port->xmit_octets + port->multicast_xmit_octets) / WORD,
		.rcv_data = (port->rcv_octets + port->multicast_rcv_octets) / WORD,
		.xmit_packets = port->xmit_packets + port->multicast_xmit_packets,
		.rcv_packets = port->rcv_packets + port->multicast_rcv_packets,
	};
}

/* Counters stop at the end of their range. */
static uint32_t saturated(uint64_t value)
{
	return htobe32(value < UINT32_MAX ? (uint32_t)value : UINT32_MAX);
}

static uint16_t class_port_info(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	const struct umad_class_port_info info = {
		.base_ver = UMAD_BASE_VERSION,
		.class_ver = CLASS_VERSION,
		.cap_mask = htobe16(CAP_EXTENDED),
		.cap_mask2_resp_time = htobe32(RESPONSE_TIME),
	};

	(void)nic;
	(void)asked;
	memcpy(data, &info, sizeof(info));
	return UMAD_STATUS_SUCCESS;
}

static bool port_exists(uint8_t port_select)
{
	return port_select == 1 || port_select == ALL_PORTS;
}

static uint16_t get_counters(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	const struct totals sum = totals(&nic->port);
	struct counters counters;

	memcpy(&counters, asked, sizeof(counters));
	if (!port_exists(counters.port_select))
		return UMAD_STATUS_INVALID_ATTR_VALUE;
	memset(counters.errors, 0, sizeof(counters.errors));
	counters.xmit_data = saturated(sum.xmit_data);
	counters.rcv_data = saturated(sum.rcv_data);
	counters.xmit_packets = saturated(sum.xmit_packets);
	counters.rcv_packets = saturated(sum.rcv_packets);
	counters.xmit_wait = 0;
	memcpy(data, &counters, sizeof(counters));
	return UMAD_STATUS_SUCCESS;
}

static uint16_t get_extended(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	const struct totals sum = totals(&nic->port);
	struct counters_extended counters;

	memcpy(&counters, asked, sizeof(counters));
	if (!port_exists(counters.port_select))
		return UMAD_STATUS_INVALID_ATTR_VALUE;
	counters.reserved2 = 0;
	counters.xmit_data = htobe64(sum.xmit_data);
	counters.rcv_data = htobe64(sum.rcv_data);
	counters.xmit_packets = htobe64(sum.xmit_packets);
	counters.rcv_packets = htobe64(sum.rcv_packets);
	counters.unicast_xmit = htobe64(nic->port.xmit_packets);
	counters.unicast_rcv = htobe64(nic->port.rcv_packets);
	counters.multicast_xmit = htobe64(nic->port.multicast_xmit_packets);
	counters.multicast_rcv = htobe64(nic->port.multicast_rcv_packets);
	memcpy(data, &counters, sizeof(counters));
	return UMAD_STATUS_SUCCESS;
}

/* Which counters of the port a bit of counter_select stands for. */
struct selected {
	uint16_t bit;
	size_t counter[2]; /* offsets; both may be the same */
};
#define SELECT(bit, a, b)                                             \
	{                                                             \
		bit,                                                  \
		{                                                     \
			offsetof(struct nic_port_counters, a),        \
				offsetof(struct nic_port_counters, b) \
		}                                                     \
	}

static const struct selected plain[] = {
	SELECT(0x1000, xmit_octets, multicast_xmit_octets),
	SELECT(0x2000, rcv_octets, multicast_rcv_octets),
	SELECT(0x4000, xmit_packets, multicast_xmit_packets),
	SELECT(0x8000, rcv_packets, multicast_rcv_packets),
};

static const struct selected extended[] = {
	SELECT(0x0001, xmit_octets, multicast_xmit_octets),
	SELECT(0x0002, rcv_octets, multicast_rcv_octets),
	SELECT(0x0004, xmit_packets, multicast_xmit_packets),
	SELECT(0x0008, rcv_packets, multicast_rcv_packets),
	SELECT(0x0010, xmit_packets, xmit_packets),
	SELECT(0x0020, rcv_packets, rcv_packets),
	SELECT(0x0040, multicast_xmit_packets, multicast_xmit_packets),
	SELECT(0x0080, multicast_rcv_packets, multicast_rcv_packets),
};

static void clear(struct nic_port_counters *port, const uint8_t *asked, const struct selected *rows,
		  size_t n)
{
	uint16_t select = (uint16_t)(asked[2] << 8 | asked[3]);
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(select & rows[i].bit))
			continue;
		*(uint64_t *)((char *)port + rows[i].counter[0]) = 0;
		*(uint64_t *)((char *)port + rows[i].counter[1]) = 0;
	}
}

static uint16_t set_counters(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	if (!port_exists(asked[1]))
		return UMAD_STATUS_INVALID_ATTR_VALUE;
	clear(&nic->port, asked, plain, sizeof(plain) / sizeof(plain[0]));
	return get_counters(nic, asked, data);
}

static uint16_t set_extended(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	if (!port_exists(asked[1]))
		return UMAD_STATUS_INVALID_ATTR_VALUE;
	clear(&nic->port, asked, extended, sizeof(extended) / sizeof(extended[0]));
	return get_extended(nic, asked, data);
}

static const struct {
	uint16_t attribute;
	uint8_t method;
	uint16_t (*run)(struct nic *nic, const uint8_t *asked, uint8_t *data);
} requests[] = {
	{ UMAD_ATTR_CLASS_PORT_INFO, UMAD_METHOD_GET, class_port_info },
	{ COUNTERS, UMAD_METHOD_GET, get_counters },
	{ COUNTERS, UMAD_METHOD_SET, set_counters },
	{ COUNTERS_EXTENDED, UMAD_METHOD_GET, get_extended },
	{ COUNTERS_EXTENDED, UMAD_METHOD_SET, set_extended },
};

bool nic_pma_is_request(const uint8_t *mad, uint32_t len)
{
	struct umad_hdr header;

	if (len != SUBNET_MAD_BYTES)
		return false;
	memcpy(&header, mad, sizeof(header));
	return header.mgmt_class == UMAD_CLASS_PERF_MGMT && !(header.method & UMAD_METHOD_RESP_MASK);
}

static uint16_t dispatch(struct nic *nic, const struct pma_packet *in, uint8_t *data)
{
	bool method_known = false;
	size_t i;

	if (in->header.base_version != UMAD_BASE_VERSION ||
	    in->header.class_version != CLASS_VERSION)
		return UMAD_STATUS_BAD_VERSION;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		method_known |= requests[i].method == in->header.method;
		if (requests[i].method == in->header.method &&
		    requests[i].attribute == be16toh(in->header.attr_id))
			return requests[i].run(nic, in->data, data);
	}
	return method_known ? UMAD_STATUS_ATTR_NOT_SUPPORTED : UMAD_STATUS_METHOD_NOT_SUPPORTED;
}

void nic_pma_answer(struct nic *nic, const uint8_t request[SUBNET_MAD_BYTES],
		    uint8_t answer[SUBNET_MAD_BYTES])
{
	struct pma_packet in, out = { 0 };

	memcpy(&in, request, sizeof(in));
	out.header = in.header;
	out.header.base_version = UMAD_BASE_VERSION;
	out.header.class_version = CLASS_VERSION;
	out.header.method |= UMAD_METHOD_RESP_MASK;
	out.header.status = htobe16(dispatch(nic, &in, out.data));
	memcpy(answer, &out, sizeof(out));
}
