// SPDX-License-Identifier: MIT
/*
 * Machines of public field reports: sandboxes without config files, files that
 * a user may not read, nodes of the wrong kind, processes with many buffers.
 */
#include <errno.h>
#include <unistd.h>

#include "tests/unit/cli_machine.h"

#define CONFIG(bdf) SYS bdf "/config"

/* Path of a file of the tree, as the command opens it with --root. */
static const char *rooted_path(const char *file)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", fake_root(), file);
	return path;
}

/* Row of @bdf in the JSON of list; @json is freed by the caller. */
static const cJSON *device_row(const cJSON *json, const char *bdf)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "devices")) {
		if (!strcmp(at(row, "bdf", NULL), bdf))
			return row;
	}
	fail_msg("list has no row for %s", bdf);
	return NULL;
}

static bool is_null(const cJSON *object, const char *name)
{
	return cJSON_IsNull(cJSON_GetObjectItem(object, name));
}

static bool doctor_reports(const char *id, const char *severity, const char *part)
{
	char line[1024];
	const char *p;

	for (p = result.out; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		if (!strncmp(line, severity, strlen(severity)) && strstr(line, id) &&
		    strstr(line, part))
			return true;
	}
	return false;
}

/* gVisor: sysfs has the functions and no config file of them. */
static void functions_without_config_are_unknown(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	fake_remove(CONFIG(MEM));
	fake_remove(CONFIG(NIC));
	json = run_json(rooted("list --json"), 0);
	assert_true(is_null(device_row(json, MEM), "tph_completer"));
	assert_true(is_null(device_row(json, NIC), "tph_requester"));
	assert_string_equal(at(device_row(json, MEM), "driver", NULL), "vfio-pci");
	cJSON_Delete(json);
	assert_run(rooted("list"), 0, MEM, "config");
	assert_non_null(strstr(result.out, "unknown"));
	assert_run(rooted("info 03:00.0 --no-open"), 0, "completer    unknown", "");
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "route       unknown", "");
	json = run_json(rooted("topo 03:00.0 mlx5_0 --json"), 0);
	assert_string_equal(at(json, "route", "state"), "unknown");
	cJSON_Delete(json);
}

static void doctor_goes_on_without_config(void **state)
{
	(void)state;
	build(good);
	fake_remove(CONFIG(MEM));
	fake_remove(CONFIG(NIC));
	run(rooted("doctor 03:00.0 mlx5_0 --no-open"));
	assert_int_equal(result.code, 3);
	assert_true(doctor_reports("config", "warning", "cannot be read"));
	assert_false(doctor_reports("answers", "error", ""));
	assert_true(doctor_reports("driver", "ok", "vfio-pci"));
	assert_true(doctor_reports("node", "ok", "vfio7"));
	assert_true(doctor_reports("completer", "warning", ""));
	assert_true(doctor_reports("requester", "warning", ""));
	assert_true(doctor_reports("port", "ok", "1 of 1"));
	assert_true(doctor_reports("route", "warning", "unknown"));
}

/* One file of one function: the rest of the answer is as usual. */
static void an_unreadable_file_makes_one_function_unknown(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	fake_fail_open(rooted_path(CONFIG(MEM)), EACCES);
	json = run_json(rooted("list --json"), 0);
	assert_true(is_null(device_row(json, MEM), "tph_completer"));
	assert_false(is_null(device_row(json, NIC), "tph_requester"));
	cJSON_Delete(json);
	/* A file that says what the function is. */
	fake_fail_open(rooted_path(SYS MEM "/vendor"), EACCES);
	assert_run(rooted("list"), 0, NIC, MEM);
	assert_non_null(strstr(result.out, MEM));
	json = run_json(rooted("list --json"), 0);
	assert_true(is_null(device_row(json, MEM), "tph_completer"));
	assert_non_null(at(device_row(json, MEM), "error", NULL));
	cJSON_Delete(json);
	/* A bridge of a path. */
	fake_fail_open(rooted_path(CONFIG("0000:02:00.0")), EPERM);
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "route       unknown", "");
	/* A machine that has lost a function meanwhile says so. */
	fake_remove(SYS MEM);
	assert_run(rooted("info 03:00.0"), 1, "", "no such PCI function");
}

static void an_unreadable_descriptor_is_counted(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	fake_text("proc/4711/fdinfo/3", "size:\t4096\ncount:\t1\nexp_name:\tudmabuf\n");
	fake_text("proc/4711/fdinfo/4", "size:\t4096\ncount:\t1\nexp_name:\tudmabuf\n");
	fake_fail_open(rooted_path("proc/4711/fdinfo/3"), EACCES);
	assert_run(rooted("show 4711"), 0, "udmabuf", "1 descriptor of process 4711");
	json = run_json(rooted("show 4711 --json"), 0);
	assert_int_equal(cJSON_GetObjectItem(json, "unreadable")->valueint, 1);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "buffers")), 1);
	cJSON_Delete(json);
	fake_remove("proc/4711/fdinfo/4");
	assert_run(rooted("show 4711"), 0, "no dma-buf among those that can be read", "");
}

static void show_has_no_limit(void **state)
{
	const char *line;
	char path[64];
	int i, lines = 0;

	(void)state;
	build(good);
	for (i = 3; i < 1503; i++) {
		snprintf(path, sizeof(path), "proc/4711/fdinfo/%d", i);
		fake_text(path, "size:\t4194304\ncount:\t2\nexp_name:\tnvidia\n");
	}
	assert_run(rooted("show 4711"), 0, "\n1502 ", "");
	for (line = result.out; (line = strchr(line, '\n')); line++)
		lines++;
	assert_int_equal(lines, 1 + 1500);
}

/* A mount point for a node that was missing is a folder, or a plain file. */
static void nodes_of_the_wrong_kind_are_found(void **state)
{
	(void)state;
	build(good);
	fake_remove("dev/vfio/devices/vfio7");
	fake_mkdir("dev/vfio/devices/vfio7");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_int_equal(result.code, 1);
	assert_true(doctor_reports("node", "error", "is a directory"));
	build(good);
	fake_remove("dev/iommu");
	fake_mkdir("dev/iommu");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("node", "error", "dev/iommu is a directory"));
	build(good);
	fake_remove("dev/infiniband/uverbs0");
	fake_mkdir("dev/infiniband/uverbs0");
	run(rooted("doctor 03:00.0 mlx5_0 --no-open"));
	assert_true(doctor_reports("uverbs", "error", "is a directory"));
	/* Of this machine, not of a copy in a folder. */
	fake_group_nodes();
	fake_plain_nodes = true;
	run("doctor 03:00.0 --no-open");
	assert_true(doctor_reports("node", "error", "is a regular file"));
	fake_plain_nodes = false;
	run("doctor 03:00.0 --no-open");
	assert_true(doctor_reports("node", "ok", "can be opened"));
}

static void every_failing_call_ends_cleanly(void **state)
{
	(void)state;
	build(good);
	fake_text("proc/4711/fdinfo/3", "size:\t4096\ncount:\t1\nexp_name:\tudmabuf\n");
	sweep_command(rooted("list"));
	sweep_command(rooted("show 4711"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(functions_without_config_are_unknown),
		CLI_TEST(doctor_goes_on_without_config),
		CLI_TEST(an_unreadable_file_makes_one_function_unknown),
		CLI_TEST(an_unreadable_descriptor_is_counted),
		CLI_TEST(show_has_no_limit),
		CLI_TEST(nodes_of_the_wrong_kind_are_found),
		CLI_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli_field", tests, NULL, NULL);
}
