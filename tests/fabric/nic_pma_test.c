// SPDX-License-Identifier: MIT
/* The agent that answers for the counters of a port: perfquery's requests, and malformed ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/ud_rig.h"

#define COUNTERS 0x12u
#define EXTENDED 0x1du
#define DATA	 64u /* of the class, in the datagram */

/* Fields by their offset in the data (include/rdma/ib_pma.h) */
enum { PORT_SELECT = 1, COUNTER_SELECT = 2, XMIT_DATA = 24, RCV_PACKETS = 36 };
enum { X_XMIT_DATA = 8, X_XMIT_PACKETS = 24, X_MULTICAST_RCV = 64 };

static uint8_t *request(struct ud_rig *f, uint8_t method, uint16_t attribute, uint8_t port)
{
	uint8_t *mad = ud_request(f, UMAD_CLASS_PERF_MGMT, 1, method, attribute);

	mad[DATA + PORT_SELECT] = port;
	return mad;
}

/* Sent to the port of a NIC; the status, or -1 without an answer. */
static int ask(struct ud_rig *f, unsigned int nic, const uint8_t **data)
{
	const struct ud_address to = { .lid = f->pair.rig.nic[nic]->opts.lid,
				       .qpn = 1,
				       .qkey = UD_GSI_QKEY };
	const struct umad_packet *answer;
	struct mlx5_cqe64 cqe;

	answer = ud_ask(f, &to, &cqe);
	if (!answer)
		return -1;
	assert_int_equal(be16toh(cqe.slid), to.lid);
	assert_int_equal(be32toh(cqe.flags_rqpn), 1);
	assert_int_equal(answer->mad_hdr.method & UMAD_METHOD_RESP_MASK, UMAD_METHOD_RESP_MASK);
	assert_int_equal(be64toh(answer->mad_hdr.tid), 77);
	*data = (const uint8_t *)answer + DATA;
	return be16toh(answer->mad_hdr.status);
}

static uint32_t field32(const uint8_t *data, unsigned int off)
{
	uint32_t value;

	memcpy(&value, data + off, sizeof(value));
	return be32toh(value);
}

static uint64_t field64(const uint8_t *data, unsigned int off)
{
	uint64_t value;

	memcpy(&value, data + off, sizeof(value));
	return be64toh(value);
}

static int setup(void **state)
{
	struct ud_rig *f;

	ud_setup(state);
	f = *state;
	ud_make_gsi(f);
	f->pair.rig.nic[1]->port = (struct nic_port_counters){
		.xmit = { .octets = 4000, .packets = 1ull << 33 },
		.multicast_xmit = { .octets = 400 },
		.rcv = { .packets = 7 },
		.multicast_rcv = { .packets = 5 },
		.qkey_violations = 3,
	};
	return 0;
}

static void requests_that_are_refused(void **state)
{
	struct ud_rig *f = *state;
	const uint8_t *data;

	request(f, UMAD_METHOD_GET, COUNTERS, 2);
	assert_int_equal(ask(f, 1, &data), UMAD_STATUS_INVALID_ATTR_VALUE);
	request(f, UMAD_METHOD_SET, EXTENDED, 0);
	assert_int_equal(ask(f, 1, &data), UMAD_STATUS_INVALID_ATTR_VALUE);
	request(f, UMAD_METHOD_GET, 0x10, 1); /* PortSamplesControl */
	assert_int_equal(ask(f, 1, &data), UMAD_STATUS_ATTR_NOT_SUPPORTED);
	request(f, UMAD_METHOD_SET, UMAD_ATTR_CLASS_PORT_INFO, 1);
	assert_int_equal(ask(f, 1, &data), UMAD_STATUS_ATTR_NOT_SUPPORTED);
	request(f, UMAD_METHOD_TRAP, COUNTERS, 1);
	assert_int_equal(ask(f, 1, &data), UMAD_STATUS_METHOD_NOT_SUPPORTED);
	request(f, UMAD_METHOD_GET, COUNTERS, 1)[2] = 9;
	assert_int_equal(ask(f, 1, &data), UMAD_STATUS_BAD_VERSION);
	assert_int_equal(f->pair.rig.nic[1]->port.xmit.octets, 4000 + 6 * (256 + 26));
}

/* Those of another class, of another length, and responses are for the driver: it has no QP1 at this port. */
static void datagrams_for_the_driver(void **state)
{
	struct ud_rig *f = *state;
	const struct ud_address other_qkey = { .lid = f->pair.rig.nic[1]->opts.lid,
					       .qpn = 1,
					       .qkey = 1 };
	const uint8_t *data;
	struct mlx5_cqe64 cqe;

	request(f, UMAD_METHOD_GET, COUNTERS, 1);
	assert_null(ud_ask(f, &other_qkey, &cqe));
	request(f, UMAD_METHOD_GET_RESP, COUNTERS, 1);
	assert_int_equal(ask(f, 1, &data), -1);
	request(f, UMAD_METHOD_GET, COUNTERS, 1)[1] = UMAD_CLASS_CM;
	assert_int_equal(ask(f, 1, &data), -1);
	request(f, UMAD_METHOD_GET, COUNTERS, 1);
	f->from.len--;
	assert_int_equal(ask(f, 1, &data), -1);
	f->from.len += 2;
	assert_int_equal(ask(f, 1, &data), -1);
	assert_int_equal(f->pair.rig.nic[0]->datagrams_lost[NIC_LOST_TARGET], 5);
}

static void counters_are_those_of_the_port(void **state)
{
	struct ud_rig *f = *state;
	const uint8_t *data;

	request(f, UMAD_METHOD_GET, UMAD_ATTR_CLASS_PORT_INFO, 0);
	assert_int_equal(ask(f, 1, &data), 0);
	assert_int_equal(((const struct umad_class_port_info *)data)->cap_mask, htobe16(0x200));
	f->pair.rig.nic[1]->port.xmit.octets = 4000;
	f->pair.rig.nic[1]->port.rcv.packets = 6; /* and the request itself */
	request(f, UMAD_METHOD_GET, COUNTERS, 1);
	assert_int_equal(ask(f, 1, &data), 0);
	assert_int_equal(field32(data, XMIT_DATA), 1100);
	assert_int_equal(field32(data, XMIT_DATA + 8),
			 UINT32_MAX); /* packets: at the end of the range */
	assert_int_equal(field32(data, RCV_PACKETS), 12);
	request(f, UMAD_METHOD_GET, EXTENDED, 0xff);
	assert_int_equal(ask(f, 1, &data), 0);
	assert_true(field64(data, X_XMIT_PACKETS) > 1ull << 33);
	assert_int_equal(field64(data, X_MULTICAST_RCV), 5);
}

static void set_clears_what_is_selected(void **state)
{
	struct ud_rig *f = *state;
	const struct nic_port_counters *port = &f->pair.rig.nic[1]->port;
	const uint8_t *data;
	uint8_t *mad;

	request(f, UMAD_METHOD_SET, COUNTERS, 1);
	assert_int_equal(ask(f, 1, &data), 0);
	assert_int_equal(port->multicast_xmit.octets, 400);
	mad = request(f, UMAD_METHOD_SET, COUNTERS, 1);
	mad[DATA + COUNTER_SELECT] = 0x10;
	assert_int_equal(ask(f, 1, &data), 0);
	assert_int_equal(field32(data, XMIT_DATA), 0);
	assert_int_equal(port->multicast_xmit.octets, 0);
	assert_true(port->xmit.packets > 1ull << 33);
	mad = request(f, UMAD_METHOD_SET, EXTENDED, 1);
	mad[DATA + COUNTER_SELECT + 1] = 0x80 | 0x10;
	assert_int_equal(ask(f, 1, &data), 0);
	assert_int_equal(port->multicast_rcv.packets, 0);
	assert_int_equal(port->xmit.packets, 1); /* the answer */
	assert_int_equal(port->rcv.packets, 10);
	assert_int_equal(port->qkey_violations, 3);
}

static void own_port_answers_too(void **state)
{
	struct ud_rig *f = *state;
	const uint8_t *data = NULL;

	request(f, UMAD_METHOD_GET, EXTENDED, 1);
	assert_int_equal(ask(f, 0, &data), 0);
	assert_int_equal(field64(data, X_XMIT_DATA), (256 + 26) / 4);
}

/* A request that the port answers is not given to QP1 besides, nor counted as lost. */
static void answered_request_goes_no_further(void **state)
{
	struct ud_rig *f = *state;
	const struct nic_sge spare = { .len = 2048,
				       .addr = RIG_VA + f->source + 4096,
				       .lkey = f->from.lkey };
	const uint8_t *data = NULL;
	unsigned int nic;

	for (nic = 0; nic < 2; nic++) {
		rig_post_recv(&f->pair.qp[0], &spare, 1);
		request(f, UMAD_METHOD_GET, EXTENDED, 1);
		assert_int_equal(ask(f, nic, &data), 0);
	}
	assert_int_equal(f->pair.rig.nic[0]->datagrams_lost[NIC_LOST_TARGET], 0);
	assert_int_equal(f->pair.qp[0].rq_pi - f->pair.qp[0].qp->rq_ci, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, ud_teardown)
	const struct CMUnitTest tests[] = {
		TEST(requests_that_are_refused),      TEST(datagrams_for_the_driver),
		TEST(counters_are_those_of_the_port), TEST(set_clears_what_is_selected),
		TEST(own_port_answers_too),	      TEST(answered_request_goes_no_further),
	};

	return cmocka_run_group_tests_name("nic_pma", tests, NULL, NULL);
}
