// SPDX-License-Identifier: MIT
/* The subnet administrator: malformed requests, paths, multicast groups and their members. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include <infiniband/sa.h>
#include <infiniband/umad_sa_mcm.h>

#include "fabric/subnet/subnet.h"

#define SA_STATUS(code) ((uint16_t)(UMAD_SA_STATUS_##code << 8))
#define PORTS		3u

#define MCM(component)	UMAD_SA_MCM_COMP_MASK_##component
#define JOIN		(MCM(MGID) | MCM(PORT_GID) | MCM(JOIN_STATE))
#define CREATE		(JOIN | MCM(QKEY) | MCM(PKEY) | MCM(TCLASS) | MCM(SL) | MCM(FLOW_LABEL))
#define FULL		UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER
#define NON		UMAD_SA_MCM_JOIN_STATE_NON_MEMBER
#define SEND_ONLY	UMAD_SA_MCM_JOIN_STATE_SEND_ONLY_NON_MEMBER
#define SEND_ONLY_FULL	UMAD_SA_MCM_JOIN_STATE_SEND_ONLY_FULL_MEMBER

/* Components of a PathRecord */
#define DGID 4ull
#define SGID 8ull
#define DLID 0x10ull
#define SLID 0x20ull
#define PKEY (1ull << 13)

static const uint8_t broadcast[16] = { 0xff, 0x12, 0x40, 0x1b, 0xff, 0xff, 0,	 0,
				       0,    0,	   0,	 0,    0xff, 0xff, 0xff, 0xff };

static struct subnet_port port[PORTS];
static struct umad_sa_packet in, out;

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < PORTS; i++) {
		port[i] = (struct subnet_port){ .lid = (uint16_t)(10 + i), .guid = 0xa0 + i };
		assert_int_equal(subnet_port_add(&port[i], i ? &port[0] : NULL), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < PORTS; i++)
		subnet_port_remove(&port[i]);
	return 0;
}

static void start(uint8_t method, uint16_t attribute, uint64_t mask)
{
	memset(&in, 0, sizeof(in));
	in.mad_hdr.base_version = UMAD_BASE_VERSION;
	in.mad_hdr.mgmt_class = UMAD_CLASS_SUBN_ADM;
	in.mad_hdr.class_version = UMAD_SA_CLASS_VERSION;
	in.mad_hdr.method = method;
	in.mad_hdr.tid = htobe64(0x1234567890abcdef);
	in.mad_hdr.attr_id = htobe16(attribute);
	in.comp_mask = htobe64(mask);
}

/* Status of the answer, in host order */
static uint16_t ask(unsigned int from)
{
	memset(&out, 0x5a, sizeof(out));
	assert_true(subnet_sa_request(&port[from], &in, sizeof(in), (uint8_t *)&out));
	assert_int_equal(out.mad_hdr.method, in.mad_hdr.method | UMAD_METHOD_RESP_MASK);
	assert_int_equal(out.mad_hdr.tid, in.mad_hdr.tid);
	assert_int_equal(out.mad_hdr.attr_id, in.mad_hdr.attr_id);
	assert_int_equal(out.mad_hdr.mgmt_class, UMAD_CLASS_SUBN_ADM);
	return be16toh(out.mad_hdr.status);
}

/* --- malformed requests --- */

static void wrong_lengths_get_no_answer(void **state)
{
	static uint8_t mad[1024];
	const uint32_t lengths[] = { 0, 1, 24, 255, 257, 1024 };
	uint8_t answer[SUBNET_MAD_BYTES] = { 0 };
	unsigned int i;

	(void)state;
	start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	memcpy(mad, &in, sizeof(in));
	for (i = 0; i < 6; i++)
		assert_false(subnet_sa_request(&port[0], mad, lengths[i], answer));
	assert_int_equal(port[0].requests, 6);
	assert_int_equal(port[0].ignored, 6);
	assert_int_equal(answer[0], 0);
}

static void what_is_no_request_gets_no_answer(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		start((uint8_t)i, UMAD_ATTR_CLASS_PORT_INFO, 0);
		if (i & UMAD_METHOD_RESP_MASK || i == UMAD_METHOD_TRAP_REPRESS)
			assert_false(subnet_sa_request(&port[0], &in, sizeof(in), (uint8_t *)&out));
		else
			ask(0);
	}
	for (i = 0; i < 256; i++) {
		start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
		in.mad_hdr.mgmt_class = (uint8_t)i;
		if (i != UMAD_CLASS_SUBN_ADM)
			assert_false(subnet_sa_request(&port[0], &in, sizeof(in), (uint8_t *)&out));
	}
	/* RMPP: acknowledgement, stop, abort, unknown */
	for (i = 2; i < 6; i++) {
		start(UMAD_SA_METHOD_GET_TABLE, UMAD_SA_ATTR_PATH_REC, 0);
		in.rmpp_hdr.rmpp_version = 1;
		in.rmpp_hdr.rmpp_type = (uint8_t)i;
		in.rmpp_hdr.rmpp_rtime_flags = 1;
		assert_false(subnet_sa_request(&port[0], &in, sizeof(in), (uint8_t *)&out));
	}
}

static void versions_methods_attributes(void **state)
{
	static const uint16_t refused[] = { UMAD_SA_ATTR_NODE_REC,
					    UMAD_SA_ATTR_PORT_INFO_REC,
					    UMAD_SA_ATTR_SERVICE_REC,
					    UMAD_ATTR_INFORM_INFO,
					    UMAD_ATTR_NOTICE,
					    0,
					    0xffff };
	unsigned int i;

	(void)state;
	start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	in.mad_hdr.base_version = 2;
	assert_int_equal(ask(0), UMAD_STATUS_BAD_VERSION);
	start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	in.mad_hdr.class_version = 1;
	assert_int_equal(ask(0), UMAD_STATUS_BAD_VERSION);
	start(UMAD_SA_METHOD_GET_MULTI, UMAD_SA_ATTR_MULTI_PATH_REC, 0);
	assert_int_equal(ask(0), UMAD_STATUS_METHOD_NOT_SUPPORTED);
	start(0, UMAD_SA_ATTR_PATH_REC, 0);
	assert_int_equal(ask(0), UMAD_STATUS_METHOD_NOT_SUPPORTED);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		start(UMAD_METHOD_SET, refused[i], UINT64_MAX);
		assert_int_equal(ask(0), UMAD_STATUS_ATTR_NOT_SUPPORTED);
		start(UMAD_SA_METHOD_GET_TABLE, refused[i], 0);
		assert_int_equal(ask(0), UMAD_STATUS_ATTR_NOT_SUPPORTED);
	}
	start(UMAD_METHOD_SET, UMAD_SA_ATTR_PATH_REC, 0);
	assert_int_equal(ask(0), UMAD_STATUS_ATTR_NOT_SUPPORTED);
	assert_int_equal(port[0].refused, port[0].requests);
}

static void class_port_info(void **state)
{
	struct umad_class_port_info *info = (struct umad_class_port_info *)out.data;

	(void)state;
	start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	assert_int_equal(ask(0), 0);
	assert_int_equal(info->base_ver, 1);
	assert_int_equal(info->class_ver, 2);
	assert_int_equal(be16toh(info->cap_mask), UMAD_SA_CAP_MASK_IS_UD_MCAST_SUP);
	assert_int_equal(umad_class_cap_mask2(info), 1 << 12);
}

/* --- paths --- */

static struct ibv_path_record *path_start(uint8_t method, uint64_t mask)
{
	struct ibv_path_record *path = (struct ibv_path_record *)in.data;

	start(method, UMAD_SA_ATTR_PATH_REC, mask);
	path->service_id = htobe64(0x106);
	subnet_port_gid(&port[0], path->sgid.raw);
	subnet_port_gid(&port[1], path->dgid.raw);
	path->slid = htobe16(port[0].lid);
	path->dlid = htobe16(port[1].lid);
	path->pkey = htobe16(0xffff);
	return path;
}

static void a_path_connects_two_ports(void **state)
{
	static const uint64_t masks[] = { SGID | DGID, SLID | DLID, SGID | DLID | PKEY,
					  SGID | SLID | DGID | DLID };
	const struct ibv_path_record *path = (struct ibv_path_record *)out.data;
	uint8_t gid[16];
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		path_start(UMAD_METHOD_GET, masks[i]);
		assert_int_equal(ask(0), 0);
		assert_int_equal(be16toh(path->slid), 10);
		assert_int_equal(be16toh(path->dlid), 11);
		subnet_port_gid(&port[1], gid);
		assert_memory_equal(path->dgid.raw, gid, 16);
		subnet_port_gid(&port[0], gid);
		assert_memory_equal(path->sgid.raw, gid, 16);
		assert_int_equal(be64toh(path->service_id), 0x106);
		assert_int_equal(be16toh(path->pkey), 0xffff);
		assert_int_equal(path->mtu, 2 << 6 | 5);
		assert_int_equal(path->rate, 2 << 6 | 16);
		assert_int_equal(path->reversible_numpath, 0x81);
	}
	/* to the own port */
	subnet_port_gid(&port[0], path_start(UMAD_METHOD_GET, SGID | DGID)->dgid.raw);
	assert_int_equal(ask(0), 0);
	assert_int_equal(path->slid, path->dlid);
}

static void paths_that_do_not_exist(void **state)
{
	static const struct {
		uint64_t mask;
		uint8_t mtu, rate, lifetime;
		uint16_t status;
	} rows[] = {
		{ 3ull << 16, 0 << 6 | 5, 0, 0, SA_STATUS(NO_RECORDS) }, /* more than 4096 */
		{ 3ull << 16, 0 << 6 | 4, 0, 0, 0 },
		{ 3ull << 16, 1 << 6 | 5, 0, 0, SA_STATUS(NO_RECORDS) }, /* less than 4096 */
		{ 3ull << 16, 2 << 6 | 4, 0, 0, SA_STATUS(NO_RECORDS) }, /* exactly 2048 */
		{ 3ull << 16, 2 << 6 | 5, 0, 0, 0 },
		{ 3ull << 16, 3 << 6, 0, 0, 0 }, /* the best */
		{ 3ull << 16, 0 << 6 | 63, 0, 0, SA_STATUS(NO_RECORDS) },
		{ 1ull << 17, 2 << 6 | 4, 0, 0, 0 }, /* without selector */
		{ 3ull << 18, 0, 0 << 6 | 17, 0, SA_STATUS(NO_RECORDS) },
		{ 3ull << 18, 0, 0 << 6 | 13, 0, SA_STATUS(NO_RECORDS) }, /* 112 Gb/s */
		{ 3ull << 18, 0, 0 << 6 | 9, 0, 0 },
		{ 3ull << 18, 0, 1 << 6 | 13, 0, 0 },
		{ 3ull << 18, 0, 1 << 6 | 63, 0, SA_STATUS(NO_RECORDS) },
		{ 3ull << 20, 0, 0, 1 << 6 | 14, SA_STATUS(NO_RECORDS) },
		{ 3ull << 20, 0, 0, 1 << 6 | 15, 0 },
	};
	struct ibv_path_record *path;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		path = path_start(UMAD_METHOD_GET, SGID | DGID | rows[i].mask);
		path->mtu = rows[i].mtu;
		path->rate = rows[i].rate;
		path->packetlifetime = rows[i].lifetime;
		if (ask(0) != rows[i].status)
			fail_msg("row %u: status 0x%x", i, be16toh(out.mad_hdr.status));
	}
	path_start(UMAD_METHOD_GET, SGID | DGID | PKEY)->pkey = htobe16(0x8001);
	assert_int_equal(ask(0), SA_STATUS(NO_RECORDS));
	path_start(UMAD_METHOD_GET, SGID | DGID)->dgid.raw[15] ^= 0x40;
	assert_int_equal(ask(0), SA_STATUS(NO_RECORDS));
	path_start(UMAD_METHOD_GET, SGID | DLID)->dlid = htobe16(SUBNET_SM_LID);
	assert_int_equal(ask(0), SA_STATUS(NO_RECORDS));
	path_start(UMAD_METHOD_GET, SGID | DGID)->sgid.raw[0] = 0;
	assert_int_equal(ask(0), SA_STATUS(INVALID_GID));
	path_start(UMAD_METHOD_GET, SGID | DGID | DLID)->dlid = htobe16(port[2].lid);
	assert_int_equal(ask(0), SA_STATUS(NO_RECORDS)); /* GID and LID of different ports */
	path_start(UMAD_METHOD_GET, SGID);
	assert_int_equal(ask(0), SA_STATUS(INSUF_COMPS));
	path_start(UMAD_METHOD_GET, DGID);
	assert_int_equal(ask(0), SA_STATUS(INSUF_COMPS));
	path_start(UMAD_METHOD_GET, 0);
	assert_int_equal(ask(0), SA_STATUS(INSUF_COMPS));
}

/* Acknowledge a segment; the next one is in out, if there is one. */
static bool acknowledge(unsigned int from, uint8_t type, uint32_t segment, uint32_t window)
{
	start(UMAD_SA_METHOD_GET_TABLE, UMAD_SA_ATTR_PATH_REC, 0);
	in.rmpp_hdr.rmpp_version = 1;
	in.rmpp_hdr.rmpp_type = type;
	in.rmpp_hdr.rmpp_rtime_flags = 1;
	in.rmpp_hdr.seg_num = htobe32(segment);
	in.rmpp_hdr.paylen_newwin = htobe32(window);
	return subnet_sa_request(&port[from], &in, sizeof(in), (uint8_t *)&out);
}

static void a_short_table_is_one_datagram(void **state)
{
	const struct ibv_path_record *paths = (struct ibv_path_record *)out.data;
	uint8_t next[SUBNET_MAD_BYTES];

	(void)state;
	path_start(UMAD_SA_METHOD_GET_TABLE, SGID);
	assert_int_equal(ask(0), 0);
	assert_int_equal(out.rmpp_hdr.rmpp_version, 1);
	assert_int_equal(out.rmpp_hdr.rmpp_type, 1);
	assert_int_equal(out.rmpp_hdr.rmpp_rtime_flags & 7, 7);
	assert_int_equal(be32toh(out.rmpp_hdr.seg_num), 1);
	assert_int_equal(be32toh(out.rmpp_hdr.paylen_newwin), 20 + PORTS * sizeof(*paths));
	assert_int_equal(be16toh(out.attr_offset), sizeof(*paths) / 8);
	assert_int_equal(be16toh(paths[2].dlid), 12);
	assert_false(subnet_sa_next(&port[0], next));
	assert_false(acknowledge(0, 2, 1, 65));
	assert_int_equal(port[0].ignored, 0);
	path_start(UMAD_SA_METHOD_GET_TABLE, SGID | DLID)->dlid = 0;
	assert_int_equal(ask(0), 0);
	assert_int_equal(be32toh(out.rmpp_hdr.paylen_newwin), 20);
}

/* Nine paths: 576 bytes in three segments. */
static void a_long_table_is_sent_by_segments(void **state)
{
	uint8_t stream[600];
	const struct ibv_path_record *paths = (struct ibv_path_record *)stream;
	unsigned int i;

	(void)state;
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(ask(0), 0);
	assert_int_equal(out.rmpp_hdr.rmpp_rtime_flags & 7, 3); /* active, first */
	assert_int_equal(be32toh(out.rmpp_hdr.paylen_newwin), 3 * 20 + 576);
	memcpy(stream, out.data, 200);
	assert_false(subnet_sa_next(&port[0], (uint8_t *)&out)); /* the window is 1 */
	assert_true(acknowledge(0, 2, 1, 65));
	assert_int_equal(be32toh(out.rmpp_hdr.seg_num), 2);
	assert_int_equal(out.rmpp_hdr.rmpp_rtime_flags & 7, 1);
	memcpy(stream + 200, out.data, 200);
	assert_true(subnet_sa_next(&port[0], (uint8_t *)&out));
	assert_int_equal(be32toh(out.rmpp_hdr.seg_num), 3);
	assert_int_equal(out.rmpp_hdr.rmpp_rtime_flags & 7, 5); /* active, last */
	assert_int_equal(be32toh(out.rmpp_hdr.paylen_newwin), 20 + 176);
	memcpy(stream + 400, out.data, 200);
	assert_false(subnet_sa_next(&port[0], (uint8_t *)&out));
	for (i = 0; i < 9; i++) {
		assert_int_equal(be16toh(paths[i].slid), 10 + i / 3);
		assert_int_equal(be16toh(paths[i].dlid), 10 + i % 3);
	}
	assert_false(acknowledge(0, 2, 3, 65));
	assert_int_equal(port[0].ignored, 0);
	assert_false(acknowledge(0, 2, 3, 65)); /* the transfer is over */
	assert_int_equal(port[0].ignored, 1);
}

/* Windows and segments out of range, another port or transaction, stop, abort, reset. */
static void transfers_that_are_disturbed(void **state)
{
	unsigned int i;

	(void)state;
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(ask(0), 0);
	assert_false(acknowledge(1, 2, 1, 65));
	assert_int_equal(port[1].ignored, 1);
	assert_false(acknowledge(0, 2, 1, 1)); /* no further segment is wanted */
	assert_false(acknowledge(0, 2, 0, 0));
	assert_true(acknowledge(0, 2, 1, UINT32_MAX));
	assert_true(subnet_sa_next(&port[0], (uint8_t *)&out));
	assert_false(subnet_sa_next(&port[0], (uint8_t *)&out));
	assert_false(acknowledge(0, 2, UINT32_MAX, UINT32_MAX));
	assert_int_equal(port[0].transfer.segments, 0);
	for (i = 3; i < 6; i++) { /* stop, abort, unknown */
		path_start(UMAD_SA_METHOD_GET_TABLE, 0);
		assert_int_equal(ask(0), 0);
		assert_false(acknowledge(0, (uint8_t)i, 1, 65));
		assert_false(acknowledge(0, 2, 1, 65));
	}
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(ask(0), 0);
	assert_true(acknowledge(0, 2, 1, 3));
	assert_true(acknowledge(0, 2, 2, 1)); /* a window never becomes smaller */
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	in.mad_hdr.tid ^= 1; /* this is the transaction of the acknowledgements no more */
	assert_int_equal(in.mad_hdr.tid == out.mad_hdr.tid, 0);
	assert_true(subnet_sa_request(&port[0], &in, sizeof(in), (uint8_t *)&out));
	assert_false(acknowledge(0, 2, 1, 65));
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(ask(0), 0);
	subnet_port_reset(&port[0]);
	assert_false(acknowledge(0, 2, 1, 65));
}

/* The port of the query goes between two segments. */
static void a_table_that_vanishes_ends(void **state)
{
	struct subnet_port guest = { .lid = 99, .guid = 99 };
	struct ibv_path_record *path;

	(void)state;
	assert_int_equal(subnet_port_add(&guest, &port[2]), 0);
	path = path_start(UMAD_SA_METHOD_GET_TABLE, SLID);
	path->slid = htobe16(99);
	assert_int_equal(ask(0), 0);
	assert_int_equal(port[0].transfer.segments, 2);
	subnet_port_remove(&guest);
	assert_false(acknowledge(0, 2, 1, 65));
	assert_int_equal(port[0].transfer.segments, 0);
}

/* --- multicast --- */

static struct umad_sa_mcmember_record *member_start(uint8_t method, uint64_t mask,
						    unsigned int from, uint8_t group)
{
	struct umad_sa_mcmember_record *record = (struct umad_sa_mcmember_record *)in.data;

	start(method, UMAD_SA_ATTR_MCMEMBER_REC, mask);
	memcpy(record->mgid, broadcast, sizeof(broadcast));
	record->mgid[15] = group;
	subnet_port_gid(&port[from], record->portgid);
	record->qkey = htobe32(0x0b1b);
	record->pkey = htobe16(0xffff);
	record->scope_state = FULL;
	return record;
}

static uint16_t join(unsigned int from, uint8_t group, uint8_t states)
{
	member_start(UMAD_METHOD_SET, CREATE, from, group)->scope_state = states;
	return ask(from);
}

static uint16_t leave(unsigned int from, uint8_t group, uint8_t states)
{
	member_start(UMAD_SA_METHOD_DELETE, JOIN, from, group)->scope_state = states;
	return ask(from);
}

static const struct umad_sa_mcmember_record *answered(void)
{
	return (const struct umad_sa_mcmember_record *)out.data;
}

static uint16_t mlid(void)
{
	return be16toh(answered()->mlid);
}

static bool exists(uint8_t group)
{
	member_start(UMAD_METHOD_GET, MCM(MGID), 0, group);
	return ask(0) == 0;
}

static void broadcast_group_is_there(void **state)
{
	(void)state;
	member_start(UMAD_METHOD_SET, JOIN | MCM(PKEY), 1, 0xff);
	assert_int_equal(ask(1), 0);
	assert_int_equal(mlid(), SUBNET_MULTICAST_LID);
	assert_int_equal(be32toh(answered()->qkey), 0x0b1b);
	assert_int_equal(answered()->mtu, 2 << 6 | 5);
	assert_int_equal(answered()->scope_state, 2 << 4 | FULL);
	assert_true(subnet_forwards(&port[1], SUBNET_MULTICAST_LID));
	assert_false(subnet_forwards(&port[0], SUBNET_MULTICAST_LID));
	assert_int_equal(leave(1, 0xff, FULL), 0);
	assert_false(subnet_forwards(&port[1], SUBNET_MULTICAST_LID));
	assert_true(exists(0xff)); /* the only group without members */
}

static void first_full_member_makes_the_group(void **state)
{
	uint16_t first;

	(void)state;
	member_start(UMAD_METHOD_SET, JOIN | MCM(PKEY), 0, 1);
	assert_int_equal(ask(0), SA_STATUS(INSUF_COMPS));
	assert_int_equal(join(0, 1, NON), SA_STATUS(REQ_INVALID));
	assert_int_equal(join(0, 1, SEND_ONLY), SA_STATUS(REQ_INVALID));
	assert_false(exists(1));
	assert_int_equal(join(0, 1, FULL), 0);
	first = mlid();
	assert_true(first > SUBNET_MULTICAST_LID);
	assert_int_equal(join(1, 1, NON), 0);
	assert_int_equal(mlid(), first);
	assert_int_equal(join(2, 2, SEND_ONLY_FULL), 0);
	assert_int_not_equal(mlid(), first);
	assert_false(subnet_forwards(&port[2], mlid())); /* it sends only */
	assert_true(subnet_forwards(&port[0], first));
	assert_true(subnet_forwards(&port[1], first));
	assert_int_equal(leave(0, 1, FULL), 0);
	assert_false(exists(1)); /* a group without full member is gone, with its other members */
	assert_false(subnet_forwards(&port[1], first));
	assert_int_equal(port[1].memberships, 0);
}

static void join_states_add_up(void **state)
{
	uint16_t lid;

	(void)state;
	assert_int_equal(join(0, 1, FULL), 0);
	lid = mlid();
	assert_int_equal(join(0, 1, SEND_ONLY), 0);
	assert_int_equal(answered()->scope_state & 0xf, FULL | SEND_ONLY);
	assert_int_equal(leave(0, 1, NON), SA_STATUS(REQ_INVALID));
	assert_int_equal(leave(0, 1, FULL | NON), SA_STATUS(REQ_INVALID));
	assert_true(subnet_forwards(&port[0], lid));
	assert_int_equal(port[0].memberships, 1);
	assert_int_equal(leave(0, 1, FULL | SEND_ONLY), 0);
	assert_int_equal(leave(0, 1, FULL), SA_STATUS(REQ_INVALID));
	assert_int_equal(port[0].memberships, 0);
}

/* Another Q_Key, MTU, rate, lifetime, class, partition, path than the group has. */
static void a_group_stays_with_its_last_full_member(void **state)
{
	uint16_t lid;

	(void)state;
	assert_int_equal(join(0, 1, FULL | SEND_ONLY), 0);
	lid = mlid();
	assert_int_equal(join(1, 1, FULL), 0);
	assert_int_equal(leave(0, 1, SEND_ONLY), 0);
	assert_true(subnet_forwards(&port[0], lid)); /* a full member still */
	assert_int_equal(port[0].memberships, 1);
	assert_int_equal(leave(0, 1, FULL), 0);
	assert_true(exists(1));
	assert_true(subnet_forwards(&port[1], lid));
	assert_int_equal(leave(1, 1, FULL), 0);
	assert_false(exists(1));
}

static void values_of_the_group_bind_its_members(void **state)
{
	static const struct {
		uint64_t mask;
		struct umad_sa_mcmember_record record;
		bool valid;
	} rows[] = {
		{ MCM(QKEY), { .qkey = 1 }, false },
		{ MCM(MTU_SEL) | MCM(MTU), { .mtu = 2 << 6 | 4 }, false },
		{ MCM(MTU_SEL) | MCM(MTU), { .mtu = 2 << 6 | 5 }, true },
		{ MCM(MTU_SEL) | MCM(MTU), { .mtu = 0 << 6 | 3 }, true },
		{ MCM(MTU_SEL) | MCM(MTU), { .mtu = 0 << 6 | 5 }, false },
		{ MCM(MTU), { .mtu = 4 }, true },
		{ MCM(RATE_SEL) | MCM(RATE), { .rate = 2 << 6 | 3 }, false },
		{ MCM(RATE_SEL) | MCM(RATE), { .rate = 2 << 6 | 16 }, true },
		{ MCM(LIFE_TIME_SEL) | MCM(LIFE_TIME), { .pkt_life = 2 << 6 | 3 }, false },
		{ MCM(TCLASS), { .tclass = 1 }, false },
		{ MCM(PKEY), { .pkey = 0x0100 }, false },
		{ MCM(PKEY), { .pkey = 0xff7f }, true }, /* limited member */
		{ MCM(SL), { .sl_flow_hop = 0x10 }, false },
		{ MCM(FLOW_LABEL), { .sl_flow_hop = 0x0100 }, false },
		{ MCM(HOP_LIMIT), { .sl_flow_hop = 0x01000000 }, false },
		{ 0, { .sl_flow_hop = 0xffffffff }, true },
		{ MCM(SCOPE), { .scope_state = 5 << 4 }, false },
		{ MCM(SCOPE), { .scope_state = 2 << 4 }, true },
		{ MCM(MLID), { .mlid = 0x00c1 }, false },
	};
	struct umad_sa_mcmember_record *record;
	uint8_t portgid[16];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		record = member_start(UMAD_METHOD_SET, JOIN | rows[i].mask, 0, 0xff);
		memcpy(portgid, record->portgid, sizeof(portgid));
		*record = rows[i].record;
		memcpy(record->mgid, broadcast, sizeof(broadcast));
		memcpy(record->portgid, portgid, sizeof(portgid));
		record->scope_state |= FULL;
		if (ask(0) != (rows[i].valid ? 0 : SA_STATUS(REQ_INVALID)))
			fail_msg("row %u: status 0x%x", i, be16toh(out.mad_hdr.status));
	}
}

static void values_of_a_new_group(void **state)
{
	struct umad_sa_mcmember_record *record;

	(void)state;
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(MTU_SEL) | MCM(MTU) | MCM(HOP_LIMIT), 0,
			      1);
	record->mtu = 2 << 6 | 4;
	record->tclass = 9;
	record->sl_flow_hop = htobe32(0x30012342);
	assert_int_equal(ask(0), 0);
	assert_int_equal(answered()->mtu, 2 << 6 | 4);
	assert_int_equal(answered()->rate, 2 << 6 | 16);
	assert_int_equal(answered()->tclass, 9);
	assert_int_equal(be32toh(answered()->sl_flow_hop), 0x30012342);
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(MTU_SEL) | MCM(MTU), 0, 2);
	record->mtu = 2 << 6 | 6; /* more than the ports have */
	assert_int_equal(ask(0), SA_STATUS(REQ_INVALID));
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(RATE_SEL) | MCM(RATE), 0, 2);
	record->rate = 2 << 6 | 17;
	assert_int_equal(ask(0), SA_STATUS(REQ_INVALID));
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(RATE_SEL) | MCM(RATE), 0, 2);
	record->rate = 2 << 6 | 0; /* no rate */
	assert_int_equal(ask(0), SA_STATUS(REQ_INVALID));
	member_start(UMAD_METHOD_SET, CREATE, 0, 2)->pkey = htobe16(0x8001);
	assert_int_equal(ask(0), SA_STATUS(REQ_INVALID));
	member_start(UMAD_METHOD_SET, CREATE, 0, 2)->mgid[0] = 0xfe; /* unicast */
	assert_int_equal(ask(0), SA_STATUS(REQ_INVALID));
	assert_int_equal(port[0].memberships, 1);
}

static void members_are_ports_of_their_own(void **state)
{
	(void)state;
	member_start(UMAD_METHOD_SET, CREATE, 1, 1);
	assert_int_equal(ask(0), SA_STATUS(REQ_DENIED)); /* for another port */
	member_start(UMAD_METHOD_SET, CREATE, 0, 1)->portgid[15] ^= 0x80;
	assert_int_equal(ask(0), SA_STATUS(INVALID_GID));
	assert_int_equal(join(0, 1, 0), SA_STATUS(REQ_INVALID)); /* no join state */
	assert_int_equal(join(1, 1, FULL), 0);
	member_start(UMAD_SA_METHOD_DELETE, JOIN, 1, 1);
	assert_int_equal(ask(0), SA_STATUS(REQ_DENIED));
	assert_true(exists(1));
	member_start(UMAD_SA_METHOD_DELETE, JOIN & ~MCM(MGID), 1, 1);
	assert_int_equal(ask(1), SA_STATUS(INSUF_COMPS));
	member_start(UMAD_METHOD_SET, CREATE & ~(uint64_t)MCM(PORT_GID), 1, 1);
	assert_int_equal(ask(1), SA_STATUS(INSUF_COMPS));
}

static void administrator_chooses_an_address(void **state)
{
	static const uint8_t none[16];
	uint8_t first[16];

	(void)state;
	memset(member_start(UMAD_METHOD_SET, CREATE, 0, 0)->mgid, 0, 16);
	assert_int_equal(ask(0), 0);
	memcpy(first, answered()->mgid, sizeof(first));
	assert_int_equal(first[0], 0xff);
	memcpy(member_start(UMAD_METHOD_SET, CREATE, 0, 0)->mgid, none, 16);
	assert_int_equal(ask(0), 0);
	assert_memory_not_equal(first, answered()->mgid, 16);
	assert_int_equal(port[0].memberships, 2);
}

static void queries_find_groups_and_members(void **state)
{
	uint8_t gid[16];

	(void)state;
	assert_int_equal(join(1, 1, FULL), 0);
	member_start(UMAD_METHOD_GET, MCM(MGID), 0, 1);
	assert_int_equal(ask(0), 0);
	assert_int_equal(answered()->scope_state & 0xf, 0);
	member_start(UMAD_METHOD_GET, MCM(MGID) | MCM(PORT_GID), 1, 1);
	assert_int_equal(ask(0), 0);
	assert_int_equal(answered()->scope_state & 0xf, FULL);
	subnet_port_gid(&port[1], gid);
	assert_memory_equal(answered()->portgid, gid, 16);
	member_start(UMAD_METHOD_GET, MCM(MGID) | MCM(PORT_GID), 0, 1);
	assert_int_equal(ask(0), SA_STATUS(NO_RECORDS));
	member_start(UMAD_METHOD_GET, MCM(PORT_GID), 0, 1)->portgid[0] = 0;
	assert_int_equal(ask(0), SA_STATUS(INVALID_GID));
	member_start(UMAD_METHOD_GET, 0, 0, 1);
	assert_int_equal(ask(0), SA_STATUS(TOO_MANY_RECORDS));
	member_start(UMAD_SA_METHOD_GET_TABLE, 0, 0, 1);
	assert_int_equal(ask(0), 0);
	assert_int_equal(be32toh(out.rmpp_hdr.paylen_newwin), 20 + 2 * 56);
	assert_int_equal(be16toh(out.attr_offset), 7);
	join(1, 2, FULL);
	join(1, 3, FULL);
	member_start(UMAD_SA_METHOD_GET_TABLE, 0, 0, 1);
	assert_int_equal(ask(0), 0);
	assert_int_equal(port[0].transfer.bytes, 4 * 56);
}

/* A LID is given again only after all others, and never while its group exists. */
static void group_lids_are_not_shared(void **state)
{
	uint16_t kept, before = 0;
	uint32_t i;

	(void)state;
	assert_int_equal(join(1, 1, FULL), 0);
	kept = mlid();
	for (i = 0; i < SUBNET_PERMISSIVE_LID - SUBNET_MULTICAST_LID + 10u; i++) {
		assert_int_equal(join(0, 2, FULL), 0);
		assert_int_not_equal(mlid(), SUBNET_MULTICAST_LID); /* of the broadcast group */
		assert_int_not_equal(mlid(), kept);
		assert_int_not_equal(mlid(), before);
		before = mlid();
		assert_int_equal(leave(0, 2, FULL), 0);
	}
}

/* A port that joins without end meets its limit, and the others can still join. */
static void memberships_are_bounded(void **state)
{
	struct umad_sa_mcmember_record *record;
	uint32_t i;

	(void)state;
	for (i = 0; i < 2 * SUBNET_MAX_MEMBERSHIPS; i++) {
		record = member_start(UMAD_METHOD_SET, CREATE, 0, 1);
		record->mgid[10] = (uint8_t)(i >> 8);
		record->mgid[11] = (uint8_t)i;
		assert_int_equal(ask(0), i < SUBNET_MAX_MEMBERSHIPS ? 0 : SA_STATUS(NO_RESOURCES));
	}
	assert_int_equal(port[0].memberships, SUBNET_MAX_MEMBERSHIPS);
	assert_int_equal(join(0, 0xff, FULL), SA_STATUS(NO_RESOURCES));
	assert_int_equal(join(1, 0xff, FULL), 0);
	assert_int_equal(join(1, 2, FULL), 0);
	subnet_port_reset(&port[0]);
	assert_int_equal(port[0].memberships, 0);
	assert_int_equal(join(0, 0xff, FULL), 0);
}

static void a_port_that_goes_leaves_its_groups(void **state)
{
	struct subnet_port guest = { .lid = 99, .guid = 99 };
	uint8_t mad[SUBNET_MAD_BYTES];
	uint16_t lid;

	(void)state;
	assert_int_equal(subnet_port_add(&guest, &port[2]), 0);
	member_start(UMAD_METHOD_SET, CREATE, 0, 1);
	subnet_port_gid(&guest, ((struct umad_sa_mcmember_record *)in.data)->portgid);
	assert_true(subnet_sa_request(&guest, &in, sizeof(in), mad));
	assert_int_equal(guest.memberships, 1);
	assert_int_equal(join(0, 1, NON), 0);
	lid = mlid();
	subnet_port_remove(&guest);
	subnet_port_remove(&guest); /* again: nothing */
	assert_false(exists(1));
	assert_false(subnet_forwards(&port[0], lid));
	assert_int_equal(port[0].memberships, 0);
	path_start(UMAD_METHOD_GET, SGID | DLID)->dlid = htobe16(99);
	assert_int_equal(ask(0), SA_STATUS(NO_RECORDS));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(wrong_lengths_get_no_answer),
		TEST(what_is_no_request_gets_no_answer),
		TEST(versions_methods_attributes),
		TEST(class_port_info),
		TEST(a_path_connects_two_ports),
		TEST(paths_that_do_not_exist),
		TEST(a_short_table_is_one_datagram),
		TEST(a_long_table_is_sent_by_segments),
		TEST(transfers_that_are_disturbed),
		TEST(a_table_that_vanishes_ends),
		TEST(broadcast_group_is_there),
		TEST(first_full_member_makes_the_group),
		TEST(join_states_add_up),
		TEST(a_group_stays_with_its_last_full_member),
		TEST(values_of_the_group_bind_its_members),
		TEST(values_of_a_new_group),
		TEST(members_are_ports_of_their_own),
		TEST(administrator_chooses_an_address),
		TEST(queries_find_groups_and_members),
		TEST(group_lids_are_not_shared),
		TEST(memberships_are_bounded),
		TEST(a_port_that_goes_leaves_its_groups),
	};

	return cmocka_run_group_tests_name("subnet", tests, NULL, NULL);
}
