// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "tests/fabric/subnet_rig.h"

struct subnet_port sa_port[PORTS];
struct umad_sa_packet sa_in, sa_out;

int subnet_setup(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < PORTS; i++) {
		sa_port[i] = (struct subnet_port){ .lid = (uint16_t)(10 + i), .guid = 0xa0 + i };
		assert_int_equal(subnet_port_add(&sa_port[i], i ? &sa_port[0] : NULL), 0);
	}
	return 0;
}

int subnet_teardown(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < PORTS; i++)
		subnet_port_remove(&sa_port[i]);
	return 0;
}

void sa_start(uint8_t method, uint16_t attribute, uint64_t mask)
{
	memset(&sa_in, 0, sizeof(sa_in));
	sa_in.mad_hdr.base_version = UMAD_BASE_VERSION;
	sa_in.mad_hdr.mgmt_class = UMAD_CLASS_SUBN_ADM;
	sa_in.mad_hdr.class_version = UMAD_SA_CLASS_VERSION;
	sa_in.mad_hdr.method = method;
	sa_in.mad_hdr.tid = htobe64(0x1234567890abcdef);
	sa_in.mad_hdr.attr_id = htobe16(attribute);
	sa_in.comp_mask = htobe64(mask);
}

uint16_t sa_ask(unsigned int from)
{
	memset(&sa_out, 0x5a, sizeof(sa_out));
	assert_true(subnet_sa_request(&sa_port[from], &sa_in, sizeof(sa_in), (uint8_t *)&sa_out));
	assert_int_equal(sa_out.mad_hdr.method, sa_in.mad_hdr.method | UMAD_METHOD_RESP_MASK);
	assert_int_equal(sa_out.mad_hdr.tid, sa_in.mad_hdr.tid);
	assert_int_equal(sa_out.mad_hdr.attr_id, sa_in.mad_hdr.attr_id);
	assert_int_equal(sa_out.mad_hdr.mgmt_class, UMAD_CLASS_SUBN_ADM);
	return be16toh(sa_out.mad_hdr.status);
}

struct ibv_path_record *path_start(uint8_t method, uint64_t mask)
{
	struct ibv_path_record *path = (struct ibv_path_record *)sa_in.data;

	sa_start(method, UMAD_SA_ATTR_PATH_REC, mask);
	path->service_id = htobe64(0x106);
	subnet_port_gid(&sa_port[0], path->sgid.raw);
	subnet_port_gid(&sa_port[1], path->dgid.raw);
	path->slid = htobe16(sa_port[0].lid);
	path->dlid = htobe16(sa_port[1].lid);
	path->pkey = htobe16(0xffff);
	return path;
}
