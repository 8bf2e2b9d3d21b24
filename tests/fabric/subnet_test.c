// SPDX-License-Identifier: MIT
/* The subnet administrator: malformed requests, paths, tables in several datagrams. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/subnet_rig.h"

static void wrong_lengths_get_no_answer(void **state)
{
	static uint8_t mad[1024];
	const uint32_t lengths[] = { 0, 1, 24, 255, 257, 1024 };
	uint8_t answer[SUBNET_MAD_BYTES] = { 0 };
	unsigned int i;

	(void)state;
	sa_start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	memcpy(mad, &sa_in, sizeof(sa_in));
	for (i = 0; i < 6; i++)
		assert_false(subnet_sa_request(&sa_port[0], mad, lengths[i], answer));
	assert_int_equal(sa_port[0].requests, 6);
	assert_int_equal(sa_port[0].ignored, 6);
	assert_int_equal(answer[0], 0);
}

static void what_is_no_request_gets_no_answer(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		sa_start((uint8_t)i, UMAD_ATTR_CLASS_PORT_INFO, 0);
		if (i & UMAD_METHOD_RESP_MASK || i == UMAD_METHOD_TRAP_REPRESS)
			assert_false(subnet_sa_request(&sa_port[0], &sa_in, sizeof(sa_in),
						       (uint8_t *)&sa_out));
		else
			sa_ask(0);
	}
	for (i = 0; i < 256; i++) {
		sa_start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
		sa_in.mad_hdr.mgmt_class = (uint8_t)i;
		if (i != UMAD_CLASS_SUBN_ADM)
			assert_false(subnet_sa_request(&sa_port[0], &sa_in, sizeof(sa_in),
						       (uint8_t *)&sa_out));
	}
	/* RMPP: acknowledgement, stop, abort, unknown */
	for (i = 2; i < 6; i++) {
		sa_start(UMAD_SA_METHOD_GET_TABLE, UMAD_SA_ATTR_PATH_REC, 0);
		sa_in.rmpp_hdr.rmpp_version = 1;
		sa_in.rmpp_hdr.rmpp_type = (uint8_t)i;
		sa_in.rmpp_hdr.rmpp_rtime_flags = 1;
		assert_false(
			subnet_sa_request(&sa_port[0], &sa_in, sizeof(sa_in), (uint8_t *)&sa_out));
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
	sa_start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	sa_in.mad_hdr.base_version = 2;
	assert_int_equal(sa_ask(0), UMAD_STATUS_BAD_VERSION);
	sa_start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	sa_in.mad_hdr.class_version = 1;
	assert_int_equal(sa_ask(0), UMAD_STATUS_BAD_VERSION);
	sa_start(UMAD_SA_METHOD_GET_MULTI, UMAD_SA_ATTR_MULTI_PATH_REC, 0);
	assert_int_equal(sa_ask(0), UMAD_STATUS_METHOD_NOT_SUPPORTED);
	sa_start(0, UMAD_SA_ATTR_PATH_REC, 0);
	assert_int_equal(sa_ask(0), UMAD_STATUS_METHOD_NOT_SUPPORTED);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		sa_start(UMAD_METHOD_SET, refused[i], UINT64_MAX);
		assert_int_equal(sa_ask(0), UMAD_STATUS_ATTR_NOT_SUPPORTED);
		sa_start(UMAD_SA_METHOD_GET_TABLE, refused[i], 0);
		assert_int_equal(sa_ask(0), UMAD_STATUS_ATTR_NOT_SUPPORTED);
	}
	sa_start(UMAD_METHOD_SET, UMAD_SA_ATTR_PATH_REC, 0);
	assert_int_equal(sa_ask(0), UMAD_STATUS_ATTR_NOT_SUPPORTED);
	assert_int_equal(sa_port[0].refused, sa_port[0].requests);
}

static void class_port_info(void **state)
{
	struct umad_class_port_info *info = (struct umad_class_port_info *)sa_out.data;

	(void)state;
	sa_start(UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(info->base_ver, 1);
	assert_int_equal(info->class_ver, 2);
	assert_int_equal(be16toh(info->cap_mask), UMAD_SA_CAP_MASK_IS_UD_MCAST_SUP);
	assert_int_equal(umad_class_cap_mask2(info), 1 << 12);
}

static void a_path_connects_two_ports(void **state)
{
	static const uint64_t masks[] = { SGID | DGID, SLID | DLID, SGID | DLID | PKEY,
					  SGID | SLID | DGID | DLID };
	const struct ibv_path_record *path = (struct ibv_path_record *)sa_out.data;
	uint8_t gid[16];
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		path_start(UMAD_METHOD_GET, masks[i]);
		assert_int_equal(sa_ask(0), 0);
		assert_int_equal(be16toh(path->slid), 10);
		assert_int_equal(be16toh(path->dlid), 11);
		subnet_port_gid(&sa_port[1], gid);
		assert_memory_equal(path->dgid.raw, gid, 16);
		subnet_port_gid(&sa_port[0], gid);
		assert_memory_equal(path->sgid.raw, gid, 16);
		assert_int_equal(be64toh(path->service_id), 0x106);
		assert_int_equal(be16toh(path->pkey), 0xffff);
		assert_int_equal(path->mtu, 2 << 6 | 5);
		assert_int_equal(path->rate, 2 << 6 | 16);
		assert_int_equal(path->reversible_numpath, 0x81);
	}
	/* to the own port */
	subnet_port_gid(&sa_port[0], path_start(UMAD_METHOD_GET, SGID | DGID)->dgid.raw);
	assert_int_equal(sa_ask(0), 0);
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
		if (sa_ask(0) != rows[i].status)
			fail_msg("row %u: status 0x%x", i, be16toh(sa_out.mad_hdr.status));
	}
	path_start(UMAD_METHOD_GET, SGID | DGID | PKEY)->pkey = htobe16(0x8001);
	assert_int_equal(sa_ask(0), SA_STATUS(NO_RECORDS));
	path_start(UMAD_METHOD_GET, SGID | DGID)->dgid.raw[15] ^= 0x40;
	assert_int_equal(sa_ask(0), SA_STATUS(NO_RECORDS));
	path_start(UMAD_METHOD_GET, SGID | DLID)->dlid = htobe16(SUBNET_SM_LID);
	assert_int_equal(sa_ask(0), SA_STATUS(NO_RECORDS));
	path_start(UMAD_METHOD_GET, SGID | DGID)->sgid.raw[0] = 0;
	assert_int_equal(sa_ask(0), SA_STATUS(INVALID_GID));
	path_start(UMAD_METHOD_GET, SGID | DGID | DLID)->dlid = htobe16(sa_port[2].lid);
	assert_int_equal(sa_ask(0), SA_STATUS(NO_RECORDS)); /* GID and LID of different ports */
	path_start(UMAD_METHOD_GET, SGID);
	assert_int_equal(sa_ask(0), SA_STATUS(INSUF_COMPS));
	path_start(UMAD_METHOD_GET, DGID);
	assert_int_equal(sa_ask(0), SA_STATUS(INSUF_COMPS));
	path_start(UMAD_METHOD_GET, 0);
	assert_int_equal(sa_ask(0), SA_STATUS(INSUF_COMPS));
}

/* Acknowledge a segment; the next one is in sa_out, if there is one. */
static bool acknowledge(unsigned int from, uint8_t type, uint32_t segment, uint32_t window)
{
	sa_start(UMAD_SA_METHOD_GET_TABLE, UMAD_SA_ATTR_PATH_REC, 0);
	sa_in.rmpp_hdr.rmpp_version = 1;
	sa_in.rmpp_hdr.rmpp_type = type;
	sa_in.rmpp_hdr.rmpp_rtime_flags = 1;
	sa_in.rmpp_hdr.seg_num = htobe32(segment);
	sa_in.rmpp_hdr.paylen_newwin = htobe32(window);
	return subnet_sa_request(&sa_port[from], &sa_in, sizeof(sa_in), (uint8_t *)&sa_out);
}

static void a_short_table_is_one_datagram(void **state)
{
	const struct ibv_path_record *paths = (struct ibv_path_record *)sa_out.data;
	uint8_t next[SUBNET_MAD_BYTES];

	(void)state;
	path_start(UMAD_SA_METHOD_GET_TABLE, SGID);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(sa_out.rmpp_hdr.rmpp_version, 1);
	assert_int_equal(sa_out.rmpp_hdr.rmpp_type, 1);
	assert_int_equal(sa_out.rmpp_hdr.rmpp_rtime_flags & 7, 7);
	assert_int_equal(be32toh(sa_out.rmpp_hdr.seg_num), 1);
	assert_int_equal(be32toh(sa_out.rmpp_hdr.paylen_newwin), 20 + PORTS * sizeof(*paths));
	assert_int_equal(be16toh(sa_out.attr_offset), sizeof(*paths) / 8);
	assert_int_equal(be16toh(paths[2].dlid), 12);
	assert_false(subnet_sa_next(&sa_port[0], next));
	assert_false(acknowledge(0, 2, 1, 65));
	assert_int_equal(sa_port[0].ignored, 0);
	path_start(UMAD_SA_METHOD_GET_TABLE, SGID | DLID)->dlid = 0;
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(be32toh(sa_out.rmpp_hdr.paylen_newwin), 20);
}

/* Nine paths: 576 bytes in three segments. */
static void a_long_table_is_sent_by_segments(void **state)
{
	uint8_t stream[600];
	const struct ibv_path_record *paths = (struct ibv_path_record *)stream;
	unsigned int i;

	(void)state;
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(sa_out.rmpp_hdr.rmpp_rtime_flags & 7, 3); /* active, first */
	assert_int_equal(be32toh(sa_out.rmpp_hdr.paylen_newwin), 3 * 20 + 576);
	memcpy(stream, sa_out.data, 200);
	assert_false(subnet_sa_next(&sa_port[0], (uint8_t *)&sa_out)); /* the window is 1 */
	assert_true(acknowledge(0, 2, 1, 65));
	assert_int_equal(be32toh(sa_out.rmpp_hdr.seg_num), 2);
	assert_int_equal(sa_out.rmpp_hdr.rmpp_rtime_flags & 7, 1);
	memcpy(stream + 200, sa_out.data, 200);
	assert_true(subnet_sa_next(&sa_port[0], (uint8_t *)&sa_out));
	assert_int_equal(be32toh(sa_out.rmpp_hdr.seg_num), 3);
	assert_int_equal(sa_out.rmpp_hdr.rmpp_rtime_flags & 7, 5); /* active, last */
	assert_int_equal(be32toh(sa_out.rmpp_hdr.paylen_newwin), 20 + 176);
	memcpy(stream + 400, sa_out.data, 200);
	assert_false(subnet_sa_next(&sa_port[0], (uint8_t *)&sa_out));
	for (i = 0; i < 9; i++) {
		assert_int_equal(be16toh(paths[i].slid), 10 + i / 3);
		assert_int_equal(be16toh(paths[i].dlid), 10 + i % 3);
	}
	assert_false(acknowledge(0, 2, 3, 65));
	assert_int_equal(sa_port[0].ignored, 0);
	assert_false(acknowledge(0, 2, 3, 65)); /* the transfer is over */
	assert_int_equal(sa_port[0].ignored, 1);
}

/* Windows and segments out of range, another port or transaction, stop, abort, reset. */
static void transfers_that_are_disturbed(void **state)
{
	unsigned int i;

	(void)state;
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(sa_ask(0), 0);
	assert_false(acknowledge(1, 2, 1, 65));
	assert_int_equal(sa_port[1].ignored, 1);
	assert_false(acknowledge(0, 2, 1, 1)); /* no further segment is wanted */
	assert_false(acknowledge(0, 2, 0, 0));
	assert_true(acknowledge(0, 2, 1, UINT32_MAX));
	assert_true(subnet_sa_next(&sa_port[0], (uint8_t *)&sa_out));
	assert_false(subnet_sa_next(&sa_port[0], (uint8_t *)&sa_out));
	assert_false(acknowledge(0, 2, UINT32_MAX, UINT32_MAX));
	assert_int_equal(sa_port[0].transfer.segments, 0);
	for (i = 3; i < 6; i++) { /* stop, abort, unknown */
		path_start(UMAD_SA_METHOD_GET_TABLE, 0);
		assert_int_equal(sa_ask(0), 0);
		assert_false(acknowledge(0, (uint8_t)i, 1, 65));
		assert_false(acknowledge(0, 2, 1, 65));
	}
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(sa_ask(0), 0);
	assert_true(acknowledge(0, 2, 1, 3));
	assert_true(acknowledge(0, 2, 2, 1)); /* a window never becomes smaller */
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	sa_in.mad_hdr.tid ^= 1; /* this is the transaction of the acknowledgements no more */
	assert_int_equal(sa_in.mad_hdr.tid == sa_out.mad_hdr.tid, 0);
	assert_true(subnet_sa_request(&sa_port[0], &sa_in, sizeof(sa_in), (uint8_t *)&sa_out));
	assert_false(acknowledge(0, 2, 1, 65));
	path_start(UMAD_SA_METHOD_GET_TABLE, 0);
	assert_int_equal(sa_ask(0), 0);
	subnet_port_reset(&sa_port[0]);
	assert_false(acknowledge(0, 2, 1, 65));
}

/* The port of the query goes between two segments. */
static void a_table_that_vanishes_ends(void **state)
{
	struct subnet_port guest = { .lid = 99, .guid = 99 };
	struct ibv_path_record *path;

	(void)state;
	assert_int_equal(subnet_port_add(&guest, &sa_port[2]), 0);
	path = path_start(UMAD_SA_METHOD_GET_TABLE, SLID);
	path->slid = htobe16(99);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(sa_port[0].transfer.segments, 2);
	subnet_port_remove(&guest);
	assert_false(acknowledge(0, 2, 1, 65));
	assert_int_equal(sa_port[0].transfer.segments, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, subnet_setup, subnet_teardown)
	const struct CMUnitTest tests[] = {
		TEST(wrong_lengths_get_no_answer),   TEST(what_is_no_request_gets_no_answer),
		TEST(versions_methods_attributes),   TEST(class_port_info),
		TEST(a_path_connects_two_ports),     TEST(paths_that_do_not_exist),
		TEST(a_short_table_is_one_datagram), TEST(a_long_table_is_sent_by_segments),
		TEST(transfers_that_are_disturbed),  TEST(a_table_that_vanishes_ends),
	};

	return cmocka_run_group_tests_name("subnet", tests, NULL, NULL);
}
