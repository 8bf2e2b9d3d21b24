// SPDX-License-Identifier: MIT
/*
 * Machines of public field reports: sandboxes without config files, files that
 * a user may not read, nodes of the wrong kind, processes with many buffers.
 */
#include <errno.h>
#include <linux/vfio.h>
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

/* gVisor: sysfs has the functions without their config files. */
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

static void doctor_continues_without_config_space(void **state)
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

/* One file of one function is missing: the rest of the answer is unchanged. */
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
	/* A file that identifies the function. */
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
	/* The loss of a function meanwhile is reported. */
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

/* The mount point of a missing node is a folder or a plain file. */
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
	/* Applies to this machine, not to a copy in a folder. */
	fake_group_nodes();
	fake_plain_nodes = true;
	run("doctor 03:00.0 --no-open");
	assert_true(doctor_reports("node", "error", "is a regular file"));
	fake_plain_nodes = false;
	run("doctor 03:00.0 --no-open");
	assert_true(doctor_reports("node", "ok", "can be opened"));
}

/* A user namespace shows 64 bytes, conventional machines have 256. */
static void config_space_of_256_bytes_is_whole(void **state)
{
	(void)state;
	build(good);
	machine_truncate_config(MEM, 256);
	machine_truncate_config(NIC, 256);
	assert_run(rooted("info 04:00.0"), 0, "requester    none", "");
	assert_run(rooted("list"), 0, MEM, "");
	assert_null(strstr(result.err, "CAP_SYS_ADMIN"));
	run(rooted("doctor 03:00.0 mlx5_0 --no-open"));
	assert_true(doctor_reports("requester", "unsupported", "cannot send tags"));
	assert_null(strstr(result.out, "CAP_SYS_ADMIN"));
	build(good);
	machine_truncate_config(MEM, 64);
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("completer", "warning", "cannot be read"));
	assert_non_null(strstr(result.out, "CAP_SYS_ADMIN in the initial user namespace"));
	assert_null(strstr(result.out, "run as root"));
}

static void sub_functions_have_rdma_devices(void **state)
{
	const char *sf = "sys/devices/" SWITCH "/0000:02:01.0/" NIC "/mlx5_core.sf.4";
	char path[256];
	cJSON *json;

	(void)state;
	build(good);
	snprintf(path, sizeof(path), "%s/infiniband/mlx5_5/ports/1/state", sf);
	fake_text(path, "1: DOWN\n");
	fake_link("sys/class/infiniband/mlx5_5/device",
		  "../../../devices/" SWITCH "/0000:02:01.0/" NIC "/mlx5_core.sf.4");
	assert_run(rooted("topo 03:00.0 mlx5_5"), 0, "route       direct", "");
	assert_non_null(strstr(result.out, ", mlx5_5,"));
	assert_run(rooted("list"), 0, "mlx5_0, mlx5_5", "");
	json = run_json(rooted("list --json"), 0);
	assert_int_equal(cJSON_GetArraySize(
				 cJSON_GetObjectItem(device_row(json, NIC), "rdma_devices")),
			 2);
	cJSON_Delete(json);
	/* The port and node of this device, not those of the function's other device. */
	run(rooted("doctor 03:00.0 mlx5_5 --no-open"));
	assert_true(doctor_reports("port", "warning", "mlx5_5 has no active port"));
	assert_true(doctor_reports("uverbs", "error", "mlx5_5"));
	run(rooted("doctor 03:00.0 mlx5_0 --no-open"));
	assert_true(doctor_reports("port", "ok", "mlx5_0"));
}

static void rdma_devices_of_software_are_named(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	fake_mkdir("sys/class/infiniband/rxe0");
	assert_run(rooted("topo 03:00.0 rxe0"), 1, "", "rxe0 has no PCI function");
	assert_run(rooted("topo 03:00.0 rxe1"), 1, "", "there is no RDMA device rxe1");
	run(rooted("doctor 03:00.0 rxe0 --no-open"));
	assert_true(doctor_reports("nic", "error", "rxe0 has no PCI function"));
	run(rooted("list --all"));
	assert_non_null(strstr(result.out, "rxe0"));
	run(rooted("list"));
	assert_null(strstr(result.out, "rxe0"));
	json = run_json(rooted("list --all --json"), 0);
	assert_string_equal(cJSON_GetStringValue(
				    cJSON_GetArrayItem(cJSON_GetObjectItem(json, "rdma_devices"), 0)),
			    "rxe0");
	cJSON_Delete(json);
}

static void users_without_a_descriptor_are_found(void **state)
{
	(void)state;
	build(good);
	fake_text("proc/4713/comm", "holder\n");
	fake_mkdir("proc/4713/fd");
	fake_text("proc/4713/maps",
		  "7eff00000000-7eff00400000 rw-s 00000000 00:06 99 /dev/vfio/devices/vfio70\n"
		  "7f0000000000-7f0000400000 rw-s 00000000 00:06 712 /dev/vfio/devices/vfio7\n");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("busy", "error",
				   "process 4713 (holder) has /dev/vfio/devices/vfio7 mapped"));
	fake_text("proc/4713/maps",
		  "7eff00000000-7eff00400000 rw-s 00000000 00:06 99 /dev/vfio/devices/vfio70\n"
		  "7eff00000000-7eff00400000 rw-s 00000000 00:06 99 anon_inode:[vfio-device]\n");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("busy", "ok", "no process"));
	fake_text("proc/4713/maps",
		  "7f00-7f10 rw-s 00000000 00:06 712 /dev/vfio/devices/vfio7 (deleted)\n");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("busy", "error", "process 4713"));
	/* The node of the holder has been removed. */
	build(good);
	fake_link("proc/4711/fd/9", "/dev/vfio/devices/vfio7 (deleted)");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("busy", "error", "process 4711"));
	/* Opened through the group, which has been closed since. */
	build(good);
	fake_link("proc/4711/fd/9", "anon_inode:[vfio-device]");
	fake_text("proc/4711/fdinfo/9",
		  "pos:\t0\nvfio-device-syspath: /sys/devices/" SWITCH "/0000:02:00.0/" MEM "\n");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("busy", "error", "process 4711"));
	fake_text("proc/4711/fdinfo/9",
		  "pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:00/0000:00:09.0\n");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("busy", "ok", "no process"));
}

/* "ok" and "in use" would contradict each other. */
static void an_unseen_user_is_a_warning(void **state)
{
	(void)state;
	fake_mkdir("sys/bus/pci/drivers/vfio-pci");
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EBUSY);
	run("doctor 03:00.0");
	assert_true(doctor_reports("open", "error", "in use"));
	assert_true(doctor_reports("busy", "warning", "reports it in use"));
	assert_false(doctor_reports("busy", "ok", ""));
	fake_fail_ioctl(0, 0, 0);
	run("doctor 03:00.0");
	assert_true(doctor_reports("busy", "ok", "no process"));
}

static void remedies_fit_the_nic(void **state)
{
	struct machine_fn fns[NR(good) + 1];

	(void)state;
	/* The second function of a RoCE LAG. */
	memcpy(fns, good, sizeof(good));
	fns[NR(good) - 1] = good[NIC_FN];
	fns[NR(good) - 1].path = SWITCH "/0000:02:01.0/0000:04:00.1";
	fns[NR(good) - 1].rdma = NULL;
	fns[NR(good)].path = NULL;
	build(fns);
	run(rooted("doctor 03:00.0 04:00.1 --no-open"));
	assert_true(doctor_reports("rdma", "error", "function " NIC " of the same NIC has mlx5_0"));
	assert_null(strstr(result.out, "modprobe"));
	/* The module is loaded. */
	WITH(NIC_FN, rdma, NULL);
	fake_mkdir("sys/module/mlx5_ib");
	run(rooted("doctor 03:00.0 04:00.0 --no-open"));
	assert_true(doctor_reports("rdma", "error", "though its RDMA driver is loaded"));
	assert_null(strstr(result.out, "modprobe"));
	/* No RDMA at all. */
	WITH(NIC_FN, rdma, NULL);
	fake_link(SYS NIC "/driver", "../../../bus/pci/drivers/igb");
	run(rooted("doctor 03:00.0 04:00.0 --no-open"));
	assert_true(doctor_reports("rdma", "unsupported", "driver igb"));
	assert_null(strstr(result.out, "load its RDMA driver"));
	/* A NIC of another vendor without its driver. */
	memcpy(fns, good, sizeof(good));
	fns[NIC_FN].vendor = 0x8086;
	fns[NIC_FN].driver = NULL;
	fns[NIC_FN].rdma = NULL;
	build(fns);
	run(rooted("doctor 03:00.0 04:00.0 --no-open"));
	assert_true(doctor_reports("rdma", "error", "bound to no driver"));
	assert_non_null(strstr(result.out, "modprobe its driver"));
	assert_null(strstr(result.out, "mlx5"));
	/* A NIC of another vendor, without a table and not enabled. */
	WITH(NIC_FN, enabled, 0);
	fake_link(SYS NIC "/driver", "../../../bus/pci/drivers/ice");
	machine_config(NIC, MACHINE_TPH_CAP + PCI_TPH_CAP, PCI_TPH_CAP_ST_DS | PCI_TPH_CAP_ST_NS, 4);
	run(rooted("doctor 03:00.0 mlx5_0 --no-open"));
	assert_true(doctor_reports("requester", "error", "has not enabled"));
	assert_true(doctor_reports("st-table", "note", "its driver"));
	assert_null(strstr(result.out, "mlx5_core"));
	assert_null(strstr(result.out, "mkey"));
}

static void low_power_is_named(void **state)
{
	(void)state;
	build(good);
	fake_text(SYS MEM "/power_state", "D3hot\n");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_true(doctor_reports("power", "note", "power state D3hot"));
	assert_non_null(strstr(result.out, "LOW_POWER_EXIT"));
	assert_non_null(strstr(result.out, "power/control"));
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
		CLI_TEST(doctor_continues_without_config_space),
		CLI_TEST(an_unreadable_file_makes_one_function_unknown),
		CLI_TEST(an_unreadable_descriptor_is_counted),
		CLI_TEST(show_has_no_limit),
		CLI_TEST(nodes_of_the_wrong_kind_are_found),
		CLI_TEST(config_space_of_256_bytes_is_whole),
		CLI_TEST(sub_functions_have_rdma_devices),
		CLI_TEST(rdma_devices_of_software_are_named),
		CLI_TEST(users_without_a_descriptor_are_found),
		CLI_TEST(an_unseen_user_is_a_warning),
		CLI_TEST(remedies_fit_the_nic),
		CLI_TEST(low_power_is_named),
		CLI_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli_field", tests, NULL, NULL);
}
