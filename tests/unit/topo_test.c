// SPDX-License-Identifier: MIT
/*
 * Paths and verdicts on realistic machines: a switch, two root ports, ACS, known and unknown host
 * bridges.
 */
#include <stdio.h>

#include "tests/unit/topo_rig.h"

/* Each under a root port of its own; [3] and [4] are the ends. */
static struct machine_fn two_roots[] = {
	HOST(UNKNOWN_HOST),
	BRIDGE("pci0000:00/0000:00:01.0", PCI_EXP_TYPE_ROOT_PORT, 0),
	BRIDGE("pci0000:00/0000:00:02.0", PCI_EXP_TYPE_ROOT_PORT, 0),
	MEMORY_FN("pci0000:00/0000:00:01.0/" MEM),
	NIC_FN("pci0000:00/0000:00:02.0/" NIC),
	{ 0 },
};

/* Two host bridges. */
static struct machine_fn two_hosts[] = {
	HOST(SKYLAKE_HOST),
	{ .path = "pci0000:80/0000:80:00.0",
	  .vendor = 0x8086,
	  .device = 0x2020,
	  .class_code = 0x060000,
	  .type = PCI_EXP_TYPE_RC_END,
	  .acs = MACHINE_NO_ACS },
	BRIDGE("pci0000:00/0000:00:01.0", PCI_EXP_TYPE_ROOT_PORT, 0),
	BRIDGE("pci0000:80/0000:80:02.0", PCI_EXP_TYPE_ROOT_PORT, 0),
	MEMORY_FN("pci0000:00/0000:00:01.0/" MEM),
	NIC_FN("pci0000:80/0000:80:02.0/" NIC),
	{ 0 },
};

/* A chain of 38 bridges, as of Thunderbolt docks and nested switches. */
static void deep_hierarchies_have_a_path(void **state)
{
	struct machine_fn nic = NIC_FN("pci0000:80/" NIC);
	struct machine_fn memory = MEMORY_FN("");
	struct fixture *f = *state;
	struct tphbuf_topo *topo;
	char path[1024] = "pci0000:00";
	unsigned int i;

	machine_clear();
	for (i = 0; i < 38; i++) {
		struct machine_fn bridge =
			BRIDGE(path, i ? PCI_EXP_TYPE_UPSTREAM : PCI_EXP_TYPE_ROOT_PORT,
			       MACHINE_NO_ACS);
		size_t len = strlen(path);

		snprintf(path + len, sizeof(path) - len, "/0000:%02x:07.0", 0x40 + i);
		machine_add(&bridge); /* whose path is the same array */
	}
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/" MEM);
	memory.path = path;
	machine_add(&memory);
	machine_add(&nic);
	if (tphbuf_topo_read(f->ctx, MEM, NIC, &topo))
		fail_msg("%s", tphbuf_ctx_error(f->ctx));
	assert_int_equal(tphbuf_topo_ports(topo, TPHBUF_END_MEMORY), 39);
	tphbuf_topo_free(topo);
}

/* A VLAN on a software device: the name has a dot. */
static void rdma_names_may_have_a_dot(void **state)
{
	struct fixture *f = *state;
	char bdf[TPHBUF_BDF_MAX];

	machine_build(under_switch);
	fake_link("sys/class/infiniband/rxe_eth0.100/device", "../../../bus/pci/devices/" NIC);
	assert_int_equal(tphbuf_pci_find(f->ctx, "rxe_eth0.100", bdf), 0);
	assert_string_equal(bdf, NIC);
	assert_int_equal(tphbuf_pci_find(f->ctx, "rxe_eth0.101", bdf), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "no RDMA device rxe_eth0.101");
}

/* Build a copy of a machine with one field changed. */
#define WITH(machine, index, field, value)               \
	do {                                             \
		struct machine_fn copy_[NR(machine)];    \
		memcpy(copy_, machine, sizeof(machine)); \
		copy_[index].field = (value);            \
		machine_build(copy_);                    \
	} while (0)

static void switch_routes_directly(void **state)
{
	struct tphbuf_topo_result v;

	machine_build(under_switch);
	v = judge(*state);
	assert_int_equal(v.route, TPHBUF_ROUTE_DIRECT);
	assert_int_equal(v.distance, 4);
	assert_string_equal(v.common, "0000:01:00.0");
	assert_string_equal(v.remedy, "");
	assert_non_null(strstr(v.note, "keeps the route of the first attach"));
	assert_int_equal(v.xst, TPHBUF_DELIVERY_OK);
	/* A NIC set up for Extended TPH uses the 16-bit tag only. */
	assert_int_equal(v.st, TPHBUF_DELIVERY_DROPPED);
	WITH(under_switch, 6, enabled, MACHINE_REQ_ST);
	v = judge(*state);
	assert_int_equal(v.st, TPHBUF_DELIVERY_OK);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_DROPPED);
}

/* Both ends are VFs: their IDs read as ones, payload size and link as zero. */
static void virtual_functions_are_described_by_their_pfs(void **state)
{
	struct tphbuf_port port = { .size = sizeof(port) };
	struct machine_fn fns[NR(under_switch) + 2];
	struct fixture *f = *state;
	struct tphbuf_topo_result v;
	struct tphbuf_topo *topo;

	memcpy(fns, under_switch, sizeof(under_switch));
	fns[7] = fns[5];
	fns[7].path = SWITCH "/0000:02:00.0/0000:03:00.1";
	fns[7].mps = 1;
	fns[8] = (struct machine_fn)NIC_FN(SWITCH "/0000:02:01.0/0000:04:00.1");
	fns[8].rdma = NULL;
	fns[8].mps = 2;
	fns[9].path = NULL;
	fns[5].physfn = "0000:03:00.1";
	fns[6].physfn = "0000:04:00.1";
	machine_build(fns);
	v = judge(f);
	assert_int_equal(v.route, TPHBUF_ROUTE_DIRECT);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_OK);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NIC, &topo), 0);
	assert_int_equal(tphbuf_topo_port(topo, TPHBUF_END_MEMORY, 0, &port), 0);
	assert_int_equal(port.type, TPHBUF_PORT_ENDPOINT);
	assert_int_equal(port.mps, 256);
	assert_int_equal(tphbuf_topo_port(topo, TPHBUF_END_REQUESTER, 0, &port), 0);
	assert_int_equal(port.mps, 512);
	assert_int_equal(port.link_gen, 4);
	assert_int_equal(port.link_width_max, 16);
	tphbuf_topo_free(topo);
	/* A container may not see the PF. */
	fake_remove("sys/bus/pci/devices/0000:04:00.1");
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NIC, &topo), 0);
	tphbuf_topo_port(topo, TPHBUF_END_REQUESTER, 0, &port);
	assert_int_equal(port.mps, 0);
	assert_int_equal(port.type, TPHBUF_PORT_ENDPOINT);
	tphbuf_topo_free(topo);
}

/* Codes 6 and 7 are reserved. */
static void payload_sizes(void **state)
{
	struct tphbuf_port port = { .size = sizeof(port) };
	struct machine_fn fns[NR(under_switch)];
	struct fixture *f = *state;
	struct tphbuf_topo *topo;
	unsigned int code;

	memcpy(fns, under_switch, sizeof(under_switch));
	for (code = 0; code < 8; code++) {
		fns[6].mps = code;
		machine_build(fns);
		assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NIC, &topo), 0);
		assert_int_equal(tphbuf_topo_port(topo, TPHBUF_END_REQUESTER, 0, &port), 0);
		assert_int_equal(port.mps, code < 6 ? 128 << code : 0);
		tphbuf_topo_free(topo);
	}
}

static void ports_are_described_from_the_end_up(void **state)
{
	struct tphbuf_port port = { .size = sizeof(port) };
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	struct tphbuf_topo *topo;

	machine_build(under_switch);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, "mlx5_0", &topo), 0);
	assert_int_equal(tphbuf_topo_ports(topo, TPHBUF_END_MEMORY), 4);
	assert_int_equal(tphbuf_topo_ports(topo, TPHBUF_END_REQUESTER), 4);
	assert_int_equal(tphbuf_topo_ports(topo, (enum tphbuf_end)2), 0);
	assert_int_equal(tphbuf_topo_port(topo, TPHBUF_END_REQUESTER, 1, &port), 0);
	assert_string_equal(port.bdf, "0000:02:01.0");
	assert_int_equal(port.type, TPHBUF_PORT_DOWNSTREAM);
	assert_int_equal(port.acs, 0);
	assert_int_equal(port.mps, 128);
	assert_int_equal(port.mps_max, 512);
	assert_int_equal(port.link_gen, 4);
	assert_int_equal(port.link_width, 8);
	assert_int_equal(port.link_gen_max, 5);
	assert_int_equal(port.link_width_max, 16);
	assert_int_equal(port.prefixes, 1);
	assert_int_equal(port.power, 0);
	assert_int_equal(tphbuf_topo_port(topo, TPHBUF_END_MEMORY, 3, &port), 0);
	assert_int_equal(port.type, TPHBUF_PORT_ROOT);
	assert_int_equal(port.acs, TPHBUF_ACS_NONE);
	assert_int_equal(tphbuf_topo_info(topo, TPHBUF_END_REQUESTER, &info), 0);
	assert_string_equal(info.bdf, NIC);
	assert_string_equal(tphbuf_topo_host(topo, TPHBUF_END_MEMORY), "pci0000:00");
	tphbuf_topo_free(topo);
}

/* A list has semicolons, which end a command in GRUB and in a shell. */
static void lists_for_the_command_line_are_quoted(void **state)
{
	struct machine_fn fns[NR(under_switch)];
	struct tphbuf_topo_result v;

	memcpy(fns, under_switch, sizeof(fns));
	fns[3].acs = ACS_ON;
	machine_build(fns);
	v = judge(*state);
	assert_non_null(strstr(v.remedy, "boot with pci=disable_acs_redir=0000:02:00.0 "));
	fns[4].acs = ACS_ON;
	machine_build(fns);
	v = judge(*state);
	assert_non_null(strstr(v.remedy, "\"pci=disable_acs_redir=0000:02:00.0;0000:02:01.0\""));
}

/* Twelve ports, of which five are in domains of five digits: the room would do but for the end of the text. */
static void a_list_that_is_too_long_ends_at_an_address(void **state)
{
	struct machine_fn nic = NIC_FN("pci0000:00/0000:40:07.0/" NIC), memory = MEMORY_FN("");
	struct tphbuf_topo_result v;
	char path[1024] = "pci0000:00";
	unsigned int i;

	machine_clear();
	for (i = 0; i < 12; i++) {
		struct machine_fn bridge =
			BRIDGE(path, i ? PCI_EXP_TYPE_UPSTREAM : PCI_EXP_TYPE_ROOT_PORT, ACS_ON);
		size_t len = strlen(path);

		snprintf(path + len, sizeof(path) - len, "/%s0000:%02x:07.0",
			 i && i <= 5 ? "1" : "", 0x40 + i);
		machine_add(&bridge); /* whose path is the same array */
	}
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/" MEM);
	memory.path = path;
	machine_add(&memory);
	machine_add(&nic);
	v = judge(*state);
	assert_non_null(strstr(v.remedy, "\"pci=disable_acs_redir=0000:4b:07.0;0000:4a:07.0;"));
	assert_non_null(strstr(v.remedy, ";10000:42:07.0;10000:41:07.0\" (in quotes"));
}

static void wrong_questions_are_einval(void **state)
{
	struct tphbuf_topo_result v = { .size = 0 };
	struct tphbuf_port port = { .size = 0 };
	struct fixture *f = *state;
	struct tphbuf_topo *topo;
	char bdf[TPHBUF_BDF_MAX];

	machine_build(under_switch);
	assert_int_equal(tphbuf_topo_read(NULL, MEM, NIC, &topo), -EINVAL);
	assert_int_equal(tphbuf_topo_read(f->ctx, NULL, NIC, &topo), -EINVAL);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NULL, &topo), -EINVAL);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NIC, NULL), -EINVAL);
	assert_int_equal(tphbuf_topo_read(f->ctx, "../x", NIC, &topo), -EINVAL);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, "mlx5_9", &topo), -ENODEV);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, "09:00.0", &topo), -ENODEV);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NIC, &topo), 0);
	assert_int_equal(tphbuf_topo_port(NULL, 0, 0, &port), -EINVAL);
	assert_int_equal(tphbuf_topo_port(topo, 0, 0, &port), -EINVAL);
	assert_int_equal(tphbuf_topo_port(topo, 0, 4, &port), -EINVAL);
	assert_int_equal(tphbuf_topo_port(topo, (enum tphbuf_end)7, 0, &port), -EINVAL);
	assert_int_equal(tphbuf_topo_info(NULL, 0, NULL), -EINVAL);
	assert_int_equal(tphbuf_topo_info(topo, 0, NULL), -EINVAL);
	assert_int_equal(tphbuf_topo_get_result(NULL, &v), -EINVAL);
	assert_int_equal(tphbuf_topo_get_result(topo, NULL), -EINVAL);
	assert_int_equal(tphbuf_topo_get_result(topo, &v), -EINVAL);
	assert_null(tphbuf_topo_host(topo, (enum tphbuf_end)7));
	assert_null(tphbuf_topo_host(NULL, 0));
	tphbuf_topo_free(topo);
	tphbuf_topo_free(NULL);
	assert_int_equal(tphbuf_pci_find(NULL, NIC, bdf), -EINVAL);
	assert_int_equal(tphbuf_pci_find(f->ctx, NULL, bdf), -EINVAL);
	assert_int_equal(tphbuf_pci_find(f->ctx, "", bdf), -EINVAL);
	assert_int_equal(tphbuf_pci_find(f->ctx, "mlx5_0", bdf), 0);
	assert_string_equal(bdf, NIC);
}

static void acs_redirect_leads_to_the_host_bridge(void **state)
{
	static const size_t ports[] = { 3, 4 };
	struct tphbuf_topo_result v;
	size_t i;

	for (i = 0; i < NR(ports); i++) {
		WITH(under_switch, ports[i], acs, ACS_ON);
		v = judge(*state);
		assert_int_equal(v.route, TPHBUF_ROUTE_REFUSED);
		assert_non_null(strstr(v.reason, "8086:29c0"));
		assert_non_null(strstr(v.reason, "not on the kernel's list"));
		assert_non_null(strstr(v.remedy, "disable_acs_redir=0000:02:0"));
		assert_int_equal(v.xst, TPHBUF_DELIVERY_DROPPED);
	}
	/* Source validation and upstream forwarding alone redirect nothing. */
	WITH(under_switch, 3, acs, 0x11);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_DIRECT);
	/* Egress control does. */
	WITH(under_switch, 3, acs, 0x20);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
	/* The common port redirects as well. */
	WITH(under_switch, 2, acs, 0x04);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
	/* A port above the common one does not. */
	WITH(under_switch, 1, acs, ACS_ON);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_DIRECT);
}

static void known_host_bridges_route(void **state)
{
	struct machine_fn known = HOST(SKYLAKE_HOST);
	struct machine_fn within = HOST(HASWELL_HOST);
	struct tphbuf_topo_result v;

	machine_build(two_roots);
	v = judge(*state);
	assert_int_equal(v.route, TPHBUF_ROUTE_REFUSED);
	assert_int_equal(v.distance, 4);
	assert_non_null(strstr(v.reason, "share no bridge"));
	assert_non_null(strstr(v.remedy, "one PCIe switch"));
	machine_add(&known);
	v = judge(*state);
	assert_int_equal(v.route, TPHBUF_ROUTE_HOST_BRIDGE);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_UNKNOWN);
	assert_non_null(strstr(v.xst_reason, "no register says"));
	machine_add(&within);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_HOST_BRIDGE);
	/* A root port that is not a TPH completer drops hints. */
	WITH(two_roots, 2, completer, 0);
	machine_add(&known);
	v = judge(*state);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_DROPPED);
	assert_non_null(strstr(v.xst_reason, "0000:00:02.0"));
}

static void two_host_bridges_must_both_be_listed(void **state)
{
	machine_build(two_hosts);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_HOST_BRIDGE);
	WITH(two_hosts, 1, device, 0x29c0);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
	/* Known to route within itself only. */
	WITH(two_hosts, 0, device, 0x2f00);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
}

/* A root port at the lowest address stands for its host bridge too. */
static void a_root_port_can_identify_the_host_bridge(void **state)
{
	struct machine_fn fns[NR(two_roots)];

	memcpy(fns, two_roots, sizeof(fns));
	fns[1].vendor = 0x8086;
	fns[1].device = 0x2030;
	machine_build(fns + 1);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_HOST_BRIDGE);
	fns[1].type = PCI_EXP_TYPE_RC_END;
	machine_build(fns + 1);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
}

static void amd_cpus_from_zen_on_route(void **state)
{
	static const struct {
		const char *cpuinfo;
		int route;
	} cpus[] = {
		{ "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n",
		  TPHBUF_ROUTE_HOST_BRIDGE },
		{ "vendor_id\t: AuthenticAMD\ncpu family\t: 23\n", TPHBUF_ROUTE_HOST_BRIDGE },
		{ "vendor_id\t: AuthenticAMD\ncpu family\t: 21\n", TPHBUF_ROUTE_REFUSED },
		{ "vendor_id\t: GenuineIntel\ncpu family\t: 25\n", TPHBUF_ROUTE_REFUSED },
		{ "vendor_id\t: AuthenticAMD\n", TPHBUF_ROUTE_REFUSED },
		{ "cpu family", TPHBUF_ROUTE_REFUSED },
		{ "", TPHBUF_ROUTE_REFUSED },
	};
	size_t i;

	for (i = 0; i < NR(cpus); i++) {
		machine_build(two_roots);
		fake_text("proc/cpuinfo", cpus[i].cpuinfo);
		assert_int_equal(judge(*state).route, cpus[i].route);
	}
}

static void the_ends_decide_about_tags(void **state)
{
	struct tphbuf_topo_result v;

	WITH(under_switch, 5, completer, 0);
	v = judge(*state);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_DROPPED);
	assert_non_null(strstr(v.xst_reason, MEM " is not a completer"));
	WITH(under_switch, 5, completer, 2); /* reserved: none */
	assert_int_equal(judge(*state).st, TPHBUF_DELIVERY_DROPPED);
	WITH(under_switch, 6, requester, 0);
	v = judge(*state);
	assert_non_null(strstr(v.st_reason, NIC " cannot send"));
	WITH(under_switch, 6, enabled, 0);
	v = judge(*state);
	assert_non_null(strstr(v.xst_reason, "not enabled"));
	{
		struct machine_fn fns[NR(under_switch)];

		memcpy(fns, under_switch, sizeof(fns));
		fns[6].enabled = 0;
		fns[1].completer = 0;
		machine_build(fns);
	}
	v = judge(*state);
	assert_non_null(strstr(v.xst_reason, "root port"));
	assert_non_null(strstr(v.xst_reason, "0000:00:01.0"));
}

static void prefixes_matter_to_16_bit_tags_only(void **state)
{
	struct tphbuf_topo_result v;
	size_t i;

	for (i = 2; i <= 4; i++) {
		WITH(under_switch, i, no_prefixes, 1);
		v = judge(*state);
		assert_int_equal(v.xst, TPHBUF_DELIVERY_UNKNOWN);
		assert_non_null(strstr(v.xst_reason, "End-End"));
	}
	/* The root port is above the common port and thus not on the route. */
	WITH(under_switch, 1, no_prefixes, 1);
	assert_int_equal(judge(*state).xst, TPHBUF_DELIVERY_OK);
	{
		struct machine_fn fns[NR(under_switch)];

		memcpy(fns, under_switch, sizeof(fns));
		fns[3].no_prefixes = 1;
		fns[6].enabled = MACHINE_REQ_ST;
		machine_build(fns);
	}
	assert_int_equal(judge(*state).st, TPHBUF_DELIVERY_OK);
}

static void without_root_nothing_is_claimed(void **state)
{
	struct machine_fn *fn;
	struct tphbuf_topo_result v;

	machine_build(under_switch);
	for (fn = under_switch; fn->path; fn++)
		machine_truncate_config(strrchr(fn->path, '/') + 1, 64);
	v = judge(*state);
	assert_int_equal(v.route, TPHBUF_ROUTE_UNKNOWN);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_UNKNOWN);
	assert_non_null(strstr(v.remedy, "root"));
}

/* The function that represents the host bridge may be the one in p2pdma's list. */
static void without_root_a_host_bridge_may_be_known(void **state)
{
	struct machine_fn fns[NR(two_roots)];
	struct tphbuf_topo_result v;
	size_t i;

	memcpy(fns, two_roots, sizeof(fns));
	fns[1].vendor = 0x8086;
	fns[1].device = 0x2030;
	machine_build(fns + 1);
	for (i = 1; fns[i].path; i++)
		machine_truncate_config(strrchr(fns[i].path, '/') + 1, 64);
	v = judge(*state);
	assert_int_equal(v.route, TPHBUF_ROUTE_UNKNOWN);
	assert_non_null(strstr(v.reason, "0000:00:01.0"));
	assert_non_null(strstr(v.remedy, "root"));
	assert_int_equal(v.st, TPHBUF_DELIVERY_UNKNOWN);
	assert_int_equal(v.xst, TPHBUF_DELIVERY_UNKNOWN);
	/* A function at 00.0 represents the host bridge, whatever its type. */
	machine_build(two_roots);
	for (i = 0; two_roots[i].path; i++)
		machine_truncate_config(strrchr(two_roots[i].path, '/') + 1, 64);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
	/* This one is in no list, whatever its type. */
	fns[1].device = 0x1234;
	machine_build(fns + 1);
	machine_truncate_config("0000:00:01.0", 64);
	assert_int_equal(judge(*state).route, TPHBUF_ROUTE_REFUSED);
}

static void a_function_and_its_sibling(void **state)
{
	struct machine_fn sibling = NIC_FN(SWITCH "/0000:02:00.0/0000:03:00.1");
	struct tphbuf_topo_result v = { .size = sizeof(v) };
	struct fixture *f = *state;
	struct tphbuf_topo *topo;

	machine_build(under_switch);
	machine_add(&sibling);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, "03:00.1", &topo), 0);
	tphbuf_topo_get_result(topo, &v);
	assert_int_equal(v.route, TPHBUF_ROUTE_DIRECT);
	assert_int_equal(v.distance, 2);
	tphbuf_topo_free(topo);
	assert_int_equal(tphbuf_topo_read(f->ctx, MEM, MEM, &topo), 0);
	tphbuf_topo_get_result(topo, &v);
	assert_int_equal(v.distance, 0);
	tphbuf_topo_free(topo);
}

/* A volume management device has a host bridge of its own. */
static void only_the_last_host_bridge_counts(void **state)
{
	static const struct machine_fn vmd[] = {
		BRIDGE("pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0", PCI_EXP_TYPE_ROOT_PORT,
		       MACHINE_NO_ACS),
		MEMORY_FN("pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0"),
		{ 0 },
	};
	struct fixture *f = *state;
	struct tphbuf_topo *topo;

	machine_build(vmd);
	assert_int_equal(tphbuf_topo_read(f->ctx, "10000:e1:00.0", "10000:e1:00.0", &topo), 0);
	assert_string_equal(tphbuf_topo_host(topo, TPHBUF_END_MEMORY), "pci10000:e0");
	assert_int_equal(tphbuf_topo_ports(topo, TPHBUF_END_MEMORY), 2);
	tphbuf_topo_free(topo);
}

static int op_topo(struct fixture *f)
{
	struct tphbuf_topo *topo;
	int ret = tphbuf_topo_read(f->ctx, MEM, "mlx5_0", &topo);

	if (!ret)
		tphbuf_topo_free(topo);
	return ret;
}

static void every_failing_call_is_clean(void **state)
{
	machine_build(under_switch);
	sweep_faults(*state, op_topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOPO_TEST(switch_routes_directly),
		TOPO_TEST(deep_hierarchies_have_a_path),
		TOPO_TEST(rdma_names_may_have_a_dot),
		TOPO_TEST(virtual_functions_are_described_by_their_pfs),
		TOPO_TEST(payload_sizes),
		TOPO_TEST(ports_are_described_from_the_end_up),
		TOPO_TEST(lists_for_the_command_line_are_quoted),
		TOPO_TEST(a_list_that_is_too_long_ends_at_an_address),
		TOPO_TEST(wrong_questions_are_einval),
		TOPO_TEST(acs_redirect_leads_to_the_host_bridge),
		TOPO_TEST(known_host_bridges_route),
		TOPO_TEST(two_host_bridges_must_both_be_listed),
		TOPO_TEST(a_root_port_can_identify_the_host_bridge),
		TOPO_TEST(amd_cpus_from_zen_on_route),
		TOPO_TEST(the_ends_decide_about_tags),
		TOPO_TEST(prefixes_matter_to_16_bit_tags_only),
		TOPO_TEST(without_root_nothing_is_claimed),
		TOPO_TEST(without_root_a_host_bridge_may_be_known),
		TOPO_TEST(a_function_and_its_sibling),
		TOPO_TEST(only_the_last_host_bridge_counts),
		TOPO_TEST(every_failing_call_is_clean),
	};

	return cmocka_run_group_tests_name("topo", tests, NULL, NULL);
}
