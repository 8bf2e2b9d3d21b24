// SPDX-License-Identifier: MIT
/* Paths on machines whose sysfs or config space is broken. */
#include "tests/unit/topo_rig.h"

#define SYS_MEM "sys/bus/pci/devices/" MEM

static void break_loop(void)
{
	fake_link(SYS_MEM, MEM);
}
static void break_directory(void)
{
	fake_remove(SYS_MEM);
	fake_mkdir(SYS_MEM);
	fake_text(SYS_MEM "/vendor", "0x1234\n");
	fake_text(SYS_MEM "/device", "0x1234\n");
	fake_text(SYS_MEM "/class", "0x1234\n");
	fake_text(SYS_MEM "/resource", "");
	fake_text(SYS_MEM "/config", "");
}
static void break_dangling(void)
{
	fake_link(SYS_MEM, "../nowhere/" MEM);
}
static void break_elsewhere(void)
{
	fake_link(SYS_MEM, "../../../devices/" SWITCH "/0000:02:01.0/" NIC);
}
static void break_no_vendor(void)
{
	fake_remove(SYS_MEM "/vendor");
}
static void break_vendor_text(void)
{
	fake_text(SYS_MEM "/vendor", "unknown\n");
}
static void break_vendor_empty(void)
{
	fake_text(SYS_MEM "/vendor", "");
}
static void break_class_garbage(void)
{
	fake_text(SYS_MEM "/class", "0xZZ\xff\xfe\n");
}
static void break_no_class(void)
{
	fake_remove(SYS_MEM "/class");
}
static void break_no_config(void)
{
	fake_remove(SYS_MEM "/config");
}
static void break_config_directory(void)
{
	fake_remove(SYS_MEM "/config");
	fake_mkdir(SYS_MEM "/config");
}
static void break_no_resource(void)
{
	fake_remove(SYS_MEM "/resource");
}
static void break_group_text(void)
{
	fake_link(SYS_MEM "/iommu_group", "../groups/twelve");
}
static void break_group_negative(void)
{
	fake_link(SYS_MEM "/iommu_group", "../groups/-1");
}
static void break_group_huge(void)
{
	fake_link(SYS_MEM "/iommu_group", "../groups/99999999999");
}
static void break_vendor_long(void)
{
	char text[4096];

	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake_text(SYS_MEM "/vendor", text);
}
static void break_host_bus(void)
{
	fake_remove("sys/bus/pci/devices/0000:00:00.0/vendor");
}
static void break_bridge_config(void)
{
	fake_remove("sys/bus/pci/devices/0000:01:00.0/config");
}
static void break_bridge_gone(void)
{
	fake_remove("sys/bus/pci/devices/0000:02:00.0");
}
static void break_deep(void)
{
	char target[2048] = "../../../devices/pci0000:00";
	int i;

	for (i = 0; i < 40; i++)
		strcat(target, "/0000:01:00.0");
	strcat(target, "/" MEM);
	fake_link(SYS_MEM, target);
}
static void break_no_list(void)
{
	fake_remove("sys/bus/pci");
}

/* A sandbox's sysfs without config files: the route and the tags are unknown. */
static void hidden_config_is_unknown(void **state)
{
	static void (*const breaks[])(void) = { break_no_config, break_bridge_config };
	struct tphbuf_topo_result v = { .size = sizeof(v) };
	struct fixture *f = *state;
	struct tphbuf_topo *topo;
	size_t i;

	for (i = 0; i < NR(breaks); i++) {
		machine_build(under_switch);
		breaks[i]();
		assert_int_equal(tphbuf_topo_read(f->ctx, MEM, NIC, &topo), 0);
		tphbuf_topo_get_result(topo, &v);
		tphbuf_topo_free(topo);
		assert_int_equal(v.route, TPHBUF_ROUTE_UNKNOWN);
		assert_int_not_equal(v.st, TPHBUF_DELIVERY_OK);
		assert_int_not_equal(v.xst, TPHBUF_DELIVERY_OK);
		assert_non_null(strstr(v.remedy, "CAP_SYS_ADMIN"));
	}
}

/* Every broken tree is an error with a text, or an answer of unknown. */
static void broken_trees_fail_with_a_text(void **state)
{
	static void (*const breaks[])(void) = {
		break_loop,	      break_directory,
		break_dangling,	      break_elsewhere,
		break_no_vendor,      break_vendor_text,
		break_vendor_empty,   break_class_garbage,
		break_no_class,	      break_config_directory,
		break_no_resource,    break_group_text,
		break_group_negative, break_group_huge,
		break_vendor_long,    break_host_bus,
		break_bridge_gone,    break_deep,
		break_no_list,
	};
	struct fixture *f = *state;
	struct tphbuf_topo *topo = NULL;
	size_t i;
	int ret;

	for (i = 0; i < NR(breaks); i++) {
		machine_build(under_switch);
		breaks[i]();
		ret = tphbuf_topo_read(f->ctx, MEM, NIC, &topo);
		if (!ret)
			fail_msg("broken tree %zu was accepted", i);
		assert_true(ret < 0);
		assert_null(topo);
		assert_true(strlen(tphbuf_ctx_error(f->ctx)) > 20);
	}
}

static void break_zeros(void)
{
	static const char zeros[4096];

	fake_write(SYS_MEM "/config", zeros, sizeof(zeros));
}
static void break_ones(void)
{
	char ones[4096];

	memset(ones, 0xff, sizeof(ones));
	fake_write(SYS_MEM "/config", ones, sizeof(ones));
}
static void break_cut_0(void)
{
	machine_truncate_config(MEM, 0);
}
static void break_cut_10(void)
{
	machine_truncate_config(MEM, 10);
}
static void break_cut_64(void)
{
	machine_truncate_config(MEM, 64);
}
static void break_cut_256(void)
{
	machine_truncate_config(MEM, 256);
}
static void break_cut_258(void)
{
	machine_truncate_config(MEM, 258);
}
static void break_cap_loop(void)
{
	machine_config(MEM, MACHINE_PM_CAP + 1, MACHINE_PM_CAP, 1);
}
static void break_ext_loop(void)
{
	machine_config(MEM, MACHINE_ACS_CAP, 0x0001 | 1 << 16 | 0x100u << 20, 4);
}
static void break_ext_end(void)
{
	machine_config(MEM, MACHINE_ACS_CAP, 0x0001 | 1 << 16 | 0xffcu << 20, 4);
	machine_config(MEM, 0xffc, PCI_EXT_CAP_ID_ACS | 1 << 16, 4);
}
static void break_cap_end(void)
{
	machine_config(MEM, PCI_CAPABILITY_LIST, 0xfc, 1);
	machine_config(MEM, 0xfc, PCI_CAP_ID_EXP, 2);
}
static void break_pm_end(void)
{
	machine_config(MEM, PCI_CAPABILITY_LIST, 0xfc, 1);
	machine_config(MEM, 0xfc, PCI_CAP_ID_PM, 2);
}
static void break_type(void)
{
	machine_config(MEM, MACHINE_EXP_CAP + PCI_EXP_FLAGS, 2 | 0xf << 4, 2);
}

static void garbled_config_space_never_arrives(void **state)
{
	static const struct {
		void (*apply)(void);
		enum tphbuf_tag_delivery st;
	} breaks[] = {
		{ break_zeros, TPHBUF_DELIVERY_DROPPED },
		{ break_ones, TPHBUF_DELIVERY_UNKNOWN },
		{ break_cut_0, TPHBUF_DELIVERY_UNKNOWN },
		{ break_cut_10, TPHBUF_DELIVERY_UNKNOWN },
		{ break_cut_64, TPHBUF_DELIVERY_UNKNOWN },
		{ break_cut_258, TPHBUF_DELIVERY_UNKNOWN },
		{ break_cap_loop, TPHBUF_DELIVERY_DROPPED },
		{ break_cap_end, TPHBUF_DELIVERY_DROPPED },
		{ break_pm_end, TPHBUF_DELIVERY_DROPPED },
		/* These leave the completer readable. */
		{ break_cut_256, TPHBUF_DELIVERY_OK },
		{ break_ext_loop, TPHBUF_DELIVERY_OK },
		{ break_ext_end, TPHBUF_DELIVERY_OK },
		{ break_type, TPHBUF_DELIVERY_OK },
	};
	struct tphbuf_topo_result v;
	size_t i;

	for (i = 0; i < NR(breaks); i++) {
		machine_build(under_switch);
		machine_config(NIC, MACHINE_TPH_CAP + PCI_TPH_CTRL, 0x100, 2);
		breaks[i].apply();
		v = judge(*state);
		if (v.st != breaks[i].st)
			fail_msg("garbled %zu: %d, %s", i, v.st, v.st_reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOPO_TEST(broken_trees_fail_with_a_text),
		TOPO_TEST(hidden_config_is_unknown),
		TOPO_TEST(garbled_config_space_never_arrives),
	};

	return cmocka_run_group_tests_name("topo_broken", tests, NULL, NULL);
}
