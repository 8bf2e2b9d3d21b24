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
		.xmit_data = (port->xmit.octets + port->multicast_xmit.octets) / WORD,
		.rcv_data = (port->rcv.octets + port->multicast_rcv.octets) / WORD,
		.xmit_packets = port->xmit.packets + port->multicast_xmit.packets,
		.rcv_packets = port->rcv.packets + port->multicast_rcv.packets,
	};
}

/* Counters stop at the end of their range. */
static uint32_t saturated(uint64_t value)
{
	return htobe32(value < UINT32_MAX ? (uint32_t)value : UINT32_MAX);
}

static void class_port_info(struct nic *nic, const uint8_t *asked, uint8_t *data)
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
}

static bool port_exists(uint8_t port_select)
{
	return port_select == 1 || port_select == ALL_PORTS;
}

static void get_counters(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	const struct totals sum = totals(&nic->port);
	struct counters counters;

	memcpy(&counters, asked, sizeof(counters));
	memset(counters.errors, 0, sizeof(counters.errors));
	counters.xmit_data = saturated(sum.xmit_data);
	counters.rcv_data = saturated(sum.rcv_data);
	counters.xmit_packets = saturated(sum.xmit_packets);
	counters.rcv_packets = saturated(sum.rcv_packets);
	counters.xmit_wait = 0;
	memcpy(data, &counters, sizeof(counters));
}

static void get_extended(struct nic *nic, const uint8_t *asked, uint8_t *data)
{
	const struct totals sum = totals(&nic->port);
	struct counters_extended counters;

	memcpy(&counters, asked, sizeof(counters));
	counters.reserved2 = 0;
	counters.xmit_data = htobe64(sum.xmit_data);
	counters.rcv_data = htobe64(sum.rcv_data);
	counters.xmit_packets = htobe64(sum.xmit_packets);
	counters.rcv_packets = htobe64(sum.rcv_packets);
	counters.unicast_xmit = htobe64(nic->port.xmit.packets);
	counters.unicast_rcv = htobe64(nic->port.rcv.packets);
	counters.multicast_xmit = htobe64(nic->port.multicast_xmit.packets);
	counters.multicast_rcv = htobe64(nic->port.multicast_rcv.packets);
	memcpy(data, &counters, sizeof(counters));
}

/* A bit of counter_select, and the counters of the port that it clears; both may be the same. */
struct selected {
	uint16_t bit;
	size_t counter[2]; /* offsets */
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
	SELECT(0x1000, xmit.octets, multicast_xmit.octets),
	SELECT(0x2000, rcv.octets, multicast_rcv.octets),
	SELECT(0x4000, xmit.packets, multicast_xmit.packets),
	SELECT(0x8000, rcv.packets, multicast_rcv.packets),
	{ 0 },
};

static const struct selected extended[] = {
	SELECT(0x0001, xmit.octets, multicast_xmit.octets),
	SELECT(0x0002, rcv.octets, multicast_rcv.octets),
	SELECT(0x0004, xmit.packets, multicast_xmit.packets),
	SELECT(0x0008, rcv.packets, multicast_rcv.packets),
	SELECT(0x0010, xmit.packets, xmit.packets),
	SELECT(0x0020, rcv.packets, rcv.packets),
	SELECT(0x0040, multicast_xmit.packets, multicast_xmit.packets),
	SELECT(0x0080, multicast_rcv.packets, multicast_rcv.packets),
	{ 0 },
};

static void clear(struct nic_port_counters *port, const uint8_t *asked, const struct selected *row)
{
	uint16_t select = (uint16_t)(asked[2] << 8 | asked[3]);

	for (; row->bit; row++) {
		if (!(select & row->bit))
			continue;
		*(uint64_t *)((char *)port + row->counter[0]) = 0;
		*(uint64_t *)((char *)port + row->counter[1]) = 0;
	}
}

static const struct attribute {
	uint16_t id;
	void (*get)(struct nic *nic, const uint8_t *asked, uint8_t *data);
	const struct selected *clears; /* by Set; NULL: no Set */
} attributes[] = {
	{ UMAD_ATTR_CLASS_PORT_INFO, class_port_info, NULL },
	{ COUNTERS, get_counters, plain },
	{ COUNTERS_EXTENDED, get_extended, extended },
};

bool nic_pma_is_request(const uint8_t *mad, uint32_t len)
{
	struct umad_hdr header;

	if (len != SUBNET_MAD_BYTES)
		return false;
	memcpy(&header, mad, sizeof(header));
	return header.mgmt_class == UMAD_CLASS_PERF_MGMT && !(header.method & UMAD_METHOD_RESP_MASK);
}

static const struct attribute *find(uint16_t id)
{
	size_t i;

	for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].id == id)
			return &attributes[i];
	return NULL;
}

static uint16_t dispatch(struct nic *nic, const struct pma_packet *in, uint8_t *data)
{
	const struct attribute *attribute = find(be16toh(in->header.attr_id));
	bool set = in->header.method == UMAD_METHOD_SET;

	if (in->header.base_version != UMAD_BASE_VERSION ||
	    in->header.class_version != CLASS_VERSION)
		return UMAD_STATUS_BAD_VERSION;
	if (!set && in->header.method != UMAD_METHOD_GET)
		return UMAD_STATUS_METHOD_NOT_SUPPORTED;
	if (!attribute || (set && !attribute->clears))
		return UMAD_STATUS_ATTR_NOT_SUPPORTED;
	if (attribute->clears && !port_exists(in->data[1]))
		return UMAD_STATUS_INVALID_ATTR_VALUE;
	if (set)
		clear(&nic->port, in->data, attribute->clears);
	attribute->get(nic, in->data, data);
	return UMAD_STATUS_SUCCESS;
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
