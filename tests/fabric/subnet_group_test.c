// SPDX-License-Identifier: MIT
/* The subnet administrator: multicast groups and their members. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/subnet_rig.h"

#define MCM(component) UMAD_SA_MCM_COMP_MASK_##component
#define JOIN	       (MCM(MGID) | MCM(PORT_GID) | MCM(JOIN_STATE))
#define CREATE	       (JOIN | MCM(QKEY) | MCM(PKEY) | MCM(TCLASS) | MCM(SL) | MCM(FLOW_LABEL))
#define FULL	       UMAD_SA_MCM_JOIN_STATE_FULL_MEMBER
#define NON	       UMAD_SA_MCM_JOIN_STATE_NON_MEMBER
#define SEND_ONLY      UMAD_SA_MCM_JOIN_STATE_SEND_ONLY_NON_MEMBER
#define SEND_ONLY_FULL UMAD_SA_MCM_JOIN_STATE_SEND_ONLY_FULL_MEMBER

static const uint8_t broadcast[16] = { 0xff, 0x12, 0x40, 0x1b, 0xff, 0xff, 0,	 0,
				       0,    0,	   0,	 0,    0xff, 0xff, 0xff, 0xff };

static struct umad_sa_mcmember_record *member_start(uint8_t method, uint64_t mask,
						    unsigned int from, uint8_t group)
{
	struct umad_sa_mcmember_record *record = (struct umad_sa_mcmember_record *)sa_in.data;

	sa_start(method, UMAD_SA_ATTR_MCMEMBER_REC, mask);
	memcpy(record->mgid, broadcast, sizeof(broadcast));
	record->mgid[15] = group;
	subnet_port_gid(&sa_port[from], record->portgid);
	record->qkey = htobe32(0x0b1b);
	record->pkey = htobe16(0xffff);
	record->scope_state = FULL;
	return record;
}

static uint16_t join(unsigned int from, uint8_t group, uint8_t states)
{
	member_start(UMAD_METHOD_SET, CREATE, from, group)->scope_state = states;
	return sa_ask(from);
}

static uint16_t leave(unsigned int from, uint8_t group, uint8_t states)
{
	member_start(UMAD_SA_METHOD_DELETE, JOIN, from, group)->scope_state = states;
	return sa_ask(from);
}

static const struct umad_sa_mcmember_record *answered(void)
{
	return (const struct umad_sa_mcmember_record *)sa_out.data;
}

static uint16_t mlid(void)
{
	return be16toh(answered()->mlid);
}

static bool exists(uint8_t group)
{
	member_start(UMAD_METHOD_GET, MCM(MGID), 0, group);
	return sa_ask(0) == 0;
}

static void broadcast_group_is_there(void **state)
{
	(void)state;
	member_start(UMAD_METHOD_SET, JOIN | MCM(PKEY), 1, 0xff);
	assert_int_equal(sa_ask(1), 0);
	assert_int_equal(mlid(), SUBNET_MULTICAST_LID);
	assert_int_equal(be32toh(answered()->qkey), 0x0b1b);
	assert_int_equal(answered()->mtu, 2 << 6 | 5);
	assert_int_equal(answered()->scope_state, 2 << 4 | FULL);
	assert_true(subnet_forwards(&sa_port[1], SUBNET_MULTICAST_LID));
	assert_false(subnet_forwards(&sa_port[0], SUBNET_MULTICAST_LID));
	assert_int_equal(leave(1, 0xff, FULL), 0);
	assert_false(subnet_forwards(&sa_port[1], SUBNET_MULTICAST_LID));
	assert_true(exists(0xff)); /* the only group without members */
}

static void first_full_member_makes_the_group(void **state)
{
	uint16_t first;

	(void)state;
	member_start(UMAD_METHOD_SET, JOIN | MCM(PKEY), 0, 1);
	assert_int_equal(sa_ask(0), SA_STATUS(INSUF_COMPS));
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
	assert_false(subnet_forwards(&sa_port[2], mlid())); /* it sends only */
	assert_true(subnet_forwards(&sa_port[0], first));
	assert_true(subnet_forwards(&sa_port[1], first));
	assert_int_equal(leave(0, 1, FULL), 0);
	assert_false(exists(1)); /* a group without full member is gone, with its other members */
	assert_false(subnet_forwards(&sa_port[1], first));
	assert_int_equal(sa_port[1].memberships, 0);
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
	assert_true(subnet_forwards(&sa_port[0], lid));
	assert_int_equal(sa_port[0].memberships, 1);
	assert_int_equal(leave(0, 1, FULL | SEND_ONLY), 0);
	assert_int_equal(leave(0, 1, FULL), SA_STATUS(REQ_INVALID));
	assert_int_equal(sa_port[0].memberships, 0);
}

static void a_group_stays_with_its_last_full_member(void **state)
{
	uint16_t lid;

	(void)state;
	assert_int_equal(join(0, 1, FULL | SEND_ONLY), 0);
	lid = mlid();
	assert_int_equal(join(1, 1, FULL), 0);
	assert_int_equal(leave(0, 1, SEND_ONLY), 0);
	assert_true(subnet_forwards(&sa_port[0], lid)); /* a full member still */
	assert_int_equal(sa_port[0].memberships, 1);
	assert_int_equal(leave(0, 1, FULL), 0);
	assert_true(exists(1));
	assert_true(subnet_forwards(&sa_port[1], lid));
	assert_int_equal(leave(1, 1, FULL), 0);
	assert_false(exists(1));
}

/* Another Q_Key, MTU, rate, lifetime, class, partition, path than the group has. */
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
		{ MCM(LIFE_TIME_SEL) | MCM(LIFE_TIME), { .pkt_life = 0 << 6 | 3 }, true },
		{ MCM(LIFE_TIME), { .pkt_life = 2 << 6 | 3 }, true },
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
		if (sa_ask(0) != (rows[i].valid ? 0 : SA_STATUS(REQ_INVALID)))
			fail_msg("row %u: status 0x%x", i, be16toh(sa_out.mad_hdr.status));
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
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(answered()->mtu, 2 << 6 | 4);
	assert_int_equal(answered()->rate, 2 << 6 | 16);
	assert_int_equal(answered()->tclass, 9);
	assert_int_equal(be32toh(answered()->sl_flow_hop), 0x30012342);
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(MTU_SEL) | MCM(MTU), 0, 2);
	record->mtu = 2 << 6 | 6; /* more than the ports have */
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_INVALID));
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(RATE_SEL) | MCM(RATE), 0, 2);
	record->rate = 2 << 6 | 17;
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_INVALID));
	record = member_start(UMAD_METHOD_SET, CREATE | MCM(RATE_SEL) | MCM(RATE), 0, 2);
	record->rate = 2 << 6 | 0; /* no rate */
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_INVALID));
	member_start(UMAD_METHOD_SET, CREATE, 0, 2)->pkey = htobe16(0x8001);
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_INVALID));
	member_start(UMAD_METHOD_SET, CREATE, 0, 2)->mgid[0] = 0xfe; /* unicast */
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_INVALID));
	assert_int_equal(sa_port[0].memberships, 1);
}

static void members_are_ports_of_their_own(void **state)
{
	(void)state;
	member_start(UMAD_METHOD_SET, CREATE, 1, 1);
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_DENIED)); /* for another port */
	member_start(UMAD_METHOD_SET, CREATE, 0, 1)->portgid[15] ^= 0x80;
	assert_int_equal(sa_ask(0), SA_STATUS(INVALID_GID));
	assert_int_equal(join(0, 1, 0), SA_STATUS(REQ_INVALID)); /* no join state */
	assert_int_equal(join(1, 1, FULL), 0);
	member_start(UMAD_SA_METHOD_DELETE, JOIN, 1, 1);
	assert_int_equal(sa_ask(0), SA_STATUS(REQ_DENIED));
	assert_true(exists(1));
	member_start(UMAD_SA_METHOD_DELETE, JOIN & ~MCM(MGID), 1, 1);
	assert_int_equal(sa_ask(1), SA_STATUS(INSUF_COMPS));
	member_start(UMAD_METHOD_SET, CREATE & ~(uint64_t)MCM(PORT_GID), 1, 1);
	assert_int_equal(sa_ask(1), SA_STATUS(INSUF_COMPS));
}

static void administrator_chooses_an_address(void **state)
{
	static const uint8_t none[16];
	uint8_t first[16];

	(void)state;
	memset(member_start(UMAD_METHOD_SET, CREATE, 0, 0)->mgid, 0, 16);
	assert_int_equal(sa_ask(0), 0);
	memcpy(first, answered()->mgid, sizeof(first));
	assert_int_equal(first[0], 0xff);
	memcpy(member_start(UMAD_METHOD_SET, CREATE, 0, 0)->mgid, none, 16);
	assert_int_equal(sa_ask(0), 0);
	assert_memory_not_equal(first, answered()->mgid, 16);
	assert_int_equal(sa_port[0].memberships, 2);
}

static void queries_find_groups_and_members(void **state)
{
	uint8_t gid[16];

	(void)state;
	assert_int_equal(join(1, 1, FULL), 0);
	member_start(UMAD_METHOD_GET, MCM(MGID), 0, 1);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(answered()->scope_state & 0xf, 0);
	member_start(UMAD_METHOD_GET, MCM(MGID) | MCM(PORT_GID), 1, 1);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(answered()->scope_state & 0xf, FULL);
	subnet_port_gid(&sa_port[1], gid);
	assert_memory_equal(answered()->portgid, gid, 16);
	member_start(UMAD_METHOD_GET, MCM(MGID) | MCM(PORT_GID), 0, 1);
	assert_int_equal(sa_ask(0), SA_STATUS(NO_RECORDS));
	member_start(UMAD_METHOD_GET, MCM(PORT_GID), 0, 1)->portgid[0] = 0;
	assert_int_equal(sa_ask(0), SA_STATUS(INVALID_GID));
	member_start(UMAD_METHOD_GET, 0, 0, 1);
	assert_int_equal(sa_ask(0), SA_STATUS(TOO_MANY_RECORDS));
	member_start(UMAD_SA_METHOD_GET_TABLE, 0, 0, 1);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(be32toh(sa_out.rmpp_hdr.paylen_newwin), 20 + 2 * 56);
	assert_int_equal(be16toh(sa_out.attr_offset), 7);
	join(1, 2, FULL);
	join(1, 3, FULL);
	member_start(UMAD_SA_METHOD_GET_TABLE, 0, 0, 1);
	assert_int_equal(sa_ask(0), 0);
	assert_int_equal(sa_port[0].transfer.bytes, 4 * 56);
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
		assert_int_equal(sa_ask(0),
				 i < SUBNET_MAX_MEMBERSHIPS ? 0 : SA_STATUS(NO_RESOURCES));
	}
	assert_int_equal(sa_port[0].memberships, SUBNET_MAX_MEMBERSHIPS);
	assert_int_equal(join(0, 0xff, FULL), SA_STATUS(NO_RESOURCES));
	assert_int_equal(join(1, 0xff, FULL), 0);
	assert_int_equal(join(1, 2, FULL), 0);
	subnet_port_reset(&sa_port[0]);
	assert_int_equal(sa_port[0].memberships, 0);
	assert_int_equal(join(0, 0xff, FULL), 0);
}

static void a_port_that_goes_leaves_its_groups(void **state)
{
	struct subnet_port guest = { .lid = 99, .guid = 99 };
	uint8_t mad[SUBNET_MAD_BYTES];
	uint16_t lid;

	(void)state;
	assert_int_equal(subnet_port_add(&guest, &sa_port[2]), 0);
	member_start(UMAD_METHOD_SET, CREATE, 0, 1);
	subnet_port_gid(&guest, ((struct umad_sa_mcmember_record *)sa_in.data)->portgid);
	assert_true(subnet_sa_request(&guest, &sa_in, sizeof(sa_in), mad));
	assert_int_equal(guest.memberships, 1);
	assert_int_equal(join(0, 1, NON), 0);
	lid = mlid();
	subnet_port_remove(&guest);
	subnet_port_remove(&guest); /* again: nothing */
	assert_false(exists(1));
	assert_false(subnet_forwards(&sa_port[0], lid));
	assert_int_equal(sa_port[0].memberships, 0);
	path_start(UMAD_METHOD_GET, SGID | DLID)->dlid = htobe16(99);
	assert_int_equal(sa_ask(0), SA_STATUS(NO_RECORDS));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, subnet_setup, subnet_teardown)
	const struct CMUnitTest tests[] = {
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

	return cmocka_run_group_tests_name("subnet_group", tests, NULL, NULL);
}
