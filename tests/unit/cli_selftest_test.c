// SPDX-License-Identifier: MIT
/* tphbuf selftest on the fake machine: both link layers, and errors. */
#include <stdio.h>

#include <tphbuf/mr.h>

#include "tests/mock/queues.h"
#include "tests/mock/verbs.h"
#include "tests/unit/cli_run.h"

#define SELFTEST "selftest 03:00.0 mlx5_0 --bar 2"

static int setup(void **state)
{
	fake_port_setup();
	return cli_setup(state);
}

static void on_ethernet(int gid_index)
{
	fake_port.link_layer = IBV_LINK_LAYER_ETHERNET;
	fake_port.gid_index = gid_index;
}

static void infiniband_needs_no_gid(void **state)
{
	(void)state;
	assert_run(SELFTEST, 0, "65536 bytes by RDMA write", "");
	/* A requested GID must exist. */
	assert_run(SELFTEST " --gid-index 0", 1, "", "has no such GID");
	fake_port.gid_index = 0;
	assert_run(SELFTEST " --gid-index 0", 0, "65536 bytes", "");
}

static void ethernet_takes_the_first_gid(void **state)
{
	(void)state;
	on_ethernet(3);
	assert_run(SELFTEST, 0, "65536 bytes by RDMA write", "");
	assert_run(SELFTEST " --gid-index 3", 0, "65536 bytes", "");
	assert_run(SELFTEST " --gid-index 2", 1, "", "has no such GID");
	on_ethernet(0);
	assert_run(SELFTEST, 0, "65536 bytes by RDMA write", "");
	on_ethernet(-1);
	assert_run(SELFTEST, 1, "", "configure an address on its interface");
}

static void ports_must_be_active(void **state)
{
	(void)state;
	fake_port.state = IBV_PORT_DOWN;
	assert_run(SELFTEST, 1, "", "mlx5_0 has no active port");
	fake_port.state = IBV_PORT_ACTIVE;
	assert_run(SELFTEST " --port 2", 1, "", "no active port with that number");
	assert_run(SELFTEST " --port 1", 0, "65536 bytes", "");
}

static void differences_are_found(void **state)
{
	(void)state;
	fake_port.corrupts = true;
	assert_run(SELFTEST, 1, "", "1 of 65536 bytes differ");
	assert_non_null(strstr(result.err, "at offset 0x8000"));
}

static void failed_requests_are_explained(void **state)
{
	static const enum ibv_wc_status cases[] = {
		IBV_WC_REM_ACCESS_ERR, IBV_WC_REM_OP_ERR,  IBV_WC_RETRY_EXC_ERR,
		IBV_WC_LOC_PROT_ERR,   IBV_WC_GENERAL_ERR,
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(cases); i++) {
		fake_port.status = cases[i];
		assert_run(SELFTEST, 1, "", tphbuf_explain_wc((int)cases[i]));
		assert_run(SELFTEST, 1, "", "RDMA write through mlx5_0");
	}
}

/* In text and JSON; a tag that the wire may not carry is never reported as applied. */
static void the_applied_state_is_the_kernels(void **state)
{
	cJSON *json;

	(void)state;
	json = run_json(SELFTEST " --tag st=0x5a,ph=2 --json", 0);
	assert_false(cJSON_IsTrue(
		cJSON_GetObjectItem(cJSON_GetObjectItem(json, "selftest"), "tag_applied")));
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "selftest"), "tag")));
	assert_non_null(at(json, "selftest", "reason"));
	cJSON_Delete(json);
	assert_run(SELFTEST " --tag st=0x5a,ph=2", 0, "tag applied no: ", "");
	fake_verbs.tph.old_kernel = true;
	assert_run(SELFTEST " --tag st=0x5a,ph=2", 0, "tag applied unknown: ", "");
	fake_verbs.tph = fake_applied_st;
	json = run_json(SELFTEST " --tag st=0x5a,ph=2 --json", 0);
	assert_true(cJSON_IsTrue(
		cJSON_GetObjectItem(cJSON_GetObjectItem(json, "selftest"), "tag_applied")));
	assert_string_equal(at(cJSON_GetObjectItem(json, "selftest"), "tag", "text"),
			    "st=0x5a,ph=2");
	cJSON_Delete(json);
	assert_run(SELFTEST " --tag st=0x5a,ph=2", 0, "tag applied st=0x5a,ph=2\n", "");
}

static void regions_of_a_removed_range_are_put(void **state)
{
	static const char before[] = "what was there";
	char after[sizeof(before)] = "";
	FILE *node;

	(void)state;
	fake_bytes("dev/vfio/devices/vfio0", 2ull << 28, before, sizeof(before));
	assert_run(SELFTEST, 0, "65536 bytes", "");
	node = fopen(fake_path("dev/vfio/devices/vfio0"), "r");
	assert_non_null(node);
	assert_int_equal(fseek(node, 2l << 28, SEEK_SET), 0);
	assert_int_equal(fread(after, sizeof(after), 1, node), 1);
	fclose(node);
	assert_memory_equal(after, before, sizeof(before));
}

static void usage_errors_are_2(void **state)
{
	static const char *const lines[][2] = {
		{ "selftest 03:00.0", "no RDMA device" },
		{ "selftest 03:00.0 mlx5_0", "--bar is missing" },
		{ SELFTEST " --require", "--require needs --tag" },
		{ SELFTEST " --length 32M", "longer than 16 MiB" },
		{ SELFTEST " --gid-index 256", "between 0 and 255" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(lines); i++)
		assert_run(lines[i][0], 2, "", lines[i][1]);
}

static void every_failing_call_ends_cleanly(void **state)
{
	(void)state;
	on_ethernet(0);
	sweep_command(SELFTEST " --length 4K");
}

#define SELFTEST_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SELFTEST_TEST(usage_errors_are_2),
		SELFTEST_TEST(infiniband_needs_no_gid),
		SELFTEST_TEST(ethernet_takes_the_first_gid),
		SELFTEST_TEST(ports_must_be_active),
		SELFTEST_TEST(differences_are_found),
		SELFTEST_TEST(failed_requests_are_explained),
		SELFTEST_TEST(the_applied_state_is_the_kernels),
		SELFTEST_TEST(regions_of_a_removed_range_are_put),
		SELFTEST_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli_selftest", tests, NULL, NULL);
}
