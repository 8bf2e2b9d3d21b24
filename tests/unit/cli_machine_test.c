// SPDX-License-Identifier: MIT
/*
 * The command on machines of other shapes: list, topo, doctor and show on
 * sysfs trees with a switch, two root ports, ACS, no IOMMU, a VF, a function
 * in D3, no TPH.
 */
#define _GNU_SOURCE	/* ptsname and its kin */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mock/machine.h"
#include "mock/verbs.h"
#include "unit/cli_run.h"

#define MEM	"0000:03:00.0"
#define NIC	"0000:04:00.0"
#define ROOT	"pci0000:00/0000:00:01.0"
#define SWITCH	ROOT "/0000:01:00.0"
#define SYS	"sys/bus/pci/devices/"

static const struct machine_fn good[] = {
	{ .path = "pci0000:00/0000:00:00.0", .vendor = 0x8086,
	  .device = 0x29c0, .class_code = 0x060000,
	  .type = PCI_EXP_TYPE_RC_END, .acs = MACHINE_NO_ACS },
	{ .path = ROOT, .vendor = 0x104c, .device = 0x8232,
	  .class_code = 0x060400, .type = PCI_EXP_TYPE_ROOT_PORT,
	  .completer = 3, .acs = 0, .driver = "pcieport" },
	{ .path = SWITCH, .vendor = 0x104c, .device = 0x8232,
	  .class_code = 0x060400, .type = PCI_EXP_TYPE_UPSTREAM,
	  .acs = MACHINE_NO_ACS, .driver = "pcieport" },
	{ .path = SWITCH "/0000:02:00.0", .vendor = 0x104c, .device = 0x8232,
	  .class_code = 0x060400, .type = PCI_EXP_TYPE_DOWNSTREAM, .acs = 0,
	  .driver = "pcieport" },
	{ .path = SWITCH "/0000:02:01.0", .vendor = 0x104c, .device = 0x8232,
	  .class_code = 0x060400, .type = PCI_EXP_TYPE_DOWNSTREAM, .acs = 0,
	  .driver = "pcieport" },
	{ .path = SWITCH "/0000:02:00.0/" MEM, .vendor = 0x1234,
	  .device = 0x5448, .class_code = 0x120000,
	  .type = PCI_EXP_TYPE_ENDPOINT, .completer = 3,
	  .acs = MACHINE_NO_ACS, .driver = "vfio-pci", .group = 12 },
	{ .path = SWITCH "/0000:02:01.0/" NIC, .vendor = 0x15b3,
	  .device = 0x1023, .class_code = 0x020700,
	  .type = PCI_EXP_TYPE_ENDPOINT, .acs = MACHINE_NO_ACS,
	  .driver = "mlx5_core", .rdma = "mlx5_0",
	  .requester = MACHINE_REQ_XST, .enabled = MACHINE_REQ_XST,
	  .group = 13 },
	{ 0 },
};

#define DSP0	3
#define MEM_FN	5
#define NIC_FN	6

/* Everything a healthy machine has beside its PCI functions. */
static void build(const struct machine_fn *fns)
{
	machine_build(fns);
	fake_text("proc/cmdline", "root=/dev/sda1 pci=noaer quiet\n");
	fake_text("proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
	fake_mkdir("sys/bus/pci/drivers/vfio-pci");
	fake_text("dev/vfio/devices/vfio7", "");
	fake_text("dev/iommu", "");
	fake_mkdir("dev/infiniband");
}

#define WITH(index, field, value) do { \
	struct machine_fn copy_[NR(good)]; \
	memcpy(copy_, good, sizeof(good)); \
	copy_[index].field = (value); \
	build(copy_); \
} while (0)

static const char *rooted(const char *line)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s --root %s", line, fake_root());
	return text;
}

static void usage_errors_are_2(void **state)
{
	static const char * const lines[][2] = {
		{ "topo", "no pair of functions" },
		{ "topo 03:00.0", "no pair of functions" },
		{ "topo 03:00.0 04:00.0 05:00.0", "unexpected argument" },
		{ "topo x:y 04:00.0", "neither a PCI address nor" },
		{ "topo 03:00.0 ../../etc", "neither a PCI address nor" },
		{ "topo 03:00.0 04:00.0 --bar 2", "--bar is no option" },
		{ "topo 03:00.0 04:00.0 --root", "--root needs a value" },
		{ "doctor 03:00.0 04:00.0 x", "unexpected argument" },
		{ "doctor 03:00:0", "neither a PCI address nor" },
		{ "doctor --ibdev mlx5_0", "--ibdev is no option" },
		{ "doctor --exec true", "is no option" },
		{ "show", "no process or descriptor" },
		{ "show x", "neither a process nor" },
		{ "show -- -1", "neither a process nor" },
		{ "show 1/", "neither a process nor" },
		{ "show /7", "neither a process nor" },
		{ "show 1/x", "neither a process nor" },
		{ "show 1/2/3", "neither a process nor" },
		{ "show 99999999999999999999", "neither a process nor" },
		{ "show 1 2", "unexpected argument '2'" },
	};
	size_t i;

	(void)state;
	build(good);
	for (i = 0; i < NR(lines); i++)
		assert_run(lines[i][0], 2, "", lines[i][1]);
}

static void failures_are_1(void **state)
{
	(void)state;
	build(good);
	assert_run(rooted("topo 03:00.0 mlx5_7"), 1, "",
		   "no RDMA device mlx5_7");
	assert_run(rooted("topo 09:00.0 mlx5_0"), 1, "",
		   "no such PCI function");
	assert_run(rooted("doctor 09:00.0"), 1, "", "no such PCI function");
	assert_run(rooted("show 4711"), 1, "", "process 4711");
	assert_run(rooted("show 4711/3"), 1, "",
		   "descriptor 3 of process 4711");
	assert_run("topo 03:00.0 mlx5_0 --root /nonexistent", 1, "",
		   "no such PCI function");
}

static void help_shows_an_example(void **state)
{
	static const char * const names[] = {
		"topo", "doctor", "show",
	};
	char line[64], example[64];
	size_t i;

	(void)state;
	for (i = 0; i < NR(names); i++) {
		snprintf(line, sizeof(line), "%s --help", names[i]);
		snprintf(example, sizeof(example), "example: tphbuf ");
		assert_run(line, 0, example, "");
		assert_non_null(strstr(result.out, "--json"));
	}
}

static void list_shows_the_machine(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	assert_run(rooted("list"), 0, "mlx5_0", "");
	assert_non_null(strstr(result.out, MEM));
	assert_null(strstr(result.out, "\033"));
	json = run_json(rooted("list --all --json"), 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json,
								"devices")),
			 7);
	cJSON_Delete(json);
}

static void topo_judges_the_route(void **state)
{
	const cJSON *ports;
	cJSON *json;

	(void)state;
	build(good);
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0,
		   "route       direct: they meet at 0000:01:00.0", "");
	assert_non_null(strstr(result.out, "16-bit tag  arrives"));
	assert_non_null(strstr(result.out, "8-bit tag   lost"));
	assert_non_null(strstr(result.out, "gen4 x8 of gen5 x16"));
	json = run_json(rooted("topo 03:00.0 04:00.0 --json"), 0);
	assert_string_equal(at(json, "route", "state"), "direct");
	assert_string_equal(at(json, "route", "common"), "0000:01:00.0");
	assert_string_equal(at(cJSON_GetObjectItem(json, "tags"), "xst",
			       "fate"), "arrives");
	ports = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "requester"),
				    "ports");
	assert_int_equal(cJSON_GetArraySize(ports), 4);
	assert_string_equal(at(cJSON_GetArrayItem(ports, 1), "type", NULL),
			    "downstream");
	cJSON_Delete(json);
}

static void topo_shows_redirection(void **state)
{
	cJSON *json;

	(void)state;
	WITH(DSP0, acs, 0x1d);
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "SV RR CR UF", "");
	assert_non_null(strstr(result.out, "route       refused: ACS"));
	assert_non_null(strstr(result.out,
			       "pci=disable_acs_redir=0000:02:00.0"));
	json = run_json(rooted("topo 03:00.0 mlx5_0 --json"), 0);
	assert_string_equal(at(json, "route", "state"), "refused");
	cJSON_Delete(json);
}

static void topo_of_unprivileged_users(void **state)
{
	const struct machine_fn *fn;

	(void)state;
	build(good);
	for (fn = good; fn->path; fn++)
		machine_truncate_config(strrchr(fn->path, '/') + 1, 64);
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "route       unknown",
		   "");
	assert_non_null(strstr(result.out, "run as root"));
}

/* The finding @id of "doctor ARGS" has this severity and mentions @part. */
static void assert_finding(const char *args, const char *id,
			   const char *severity, const char *part, int code)
{
	const cJSON *findings, *f;
	char line[128];
	cJSON *json;

	snprintf(line, sizeof(line), "doctor %s --no-open --json", args);
	run(rooted(line));
	json = cJSON_Parse(result.out);
	if (!json)
		fail_msg("doctor %s: %s%s", args, result.out, result.err);
	findings = cJSON_GetObjectItem(json, "findings");
	cJSON_ArrayForEach(f, findings) {
		const char *text = at(f, "text", NULL);
		const char *remedy = at(f, "remedy", NULL);

		if (strcmp(at(f, "id", NULL), id) ||
		    strcmp(at(f, "severity", NULL), severity))
			continue;
		if (!strstr(text, part) && !(remedy && strstr(remedy, part)))
			continue;
		/* What is in the way has a remedy. */
		if (!strcmp(severity, "error") && !remedy)
			fail_msg("doctor %s: %s has no remedy", args, id);
		break;
	}
	if (!f || (code >= 0 && result.code != code))
		fail_msg("doctor %s: %s, %s, %s: exit %d\n%s", args, id,
			 severity, part, result.code, result.out);
	cJSON_Delete(json);
}

static void doctor_finds_a_healthy_machine_healthy(void **state)
{
	(void)state;
	build(good);
	assert_run(rooted("doctor 03:00.0 mlx5_0 --no-open"), 0,
		   "0 in the way, 0 not possible here, 0 warnings", "");
	assert_run(rooted("doctor"), 0, "0 in the way", "");
	assert_run(rooted("doctor 03:00.0 --no-open"), 0, "0 in the way", "");
}

static void doctor_examines_the_host(void **state)
{
	(void)state;
	build(good);
	fake_text("proc/cmdline", "pci=noaer,notph quiet\n");
	assert_finding("", "pci=notph", "error", "remove notph", 1);
	/* Another word that contains it is another word. */
	fake_text("proc/cmdline", "xnotphx\n");
	assert_finding("", "pci=notph", "ok", "leaves TPH on", 0);
	fake_text("proc/cmdline", "intel_iommu=off intremap=off\n");
	assert_finding("", "interrupts", "error", "intremap=off", 1);
	fake_remove("sys/kernel/iommu_groups");
	assert_finding("", "iommu", "error", "remove intel_iommu=off", 1);
	fake_text("proc/cmdline", "");
	assert_finding("", "iommu", "error", "firmware set-up", 1);
	build(good);
	fake_remove("sys/bus/pci/drivers/vfio-pci");
	assert_finding("", "vfio-pci", "error", "modprobe vfio-pci", 1);
	build(good);
	fake_remove("dev/iommu");
	assert_finding("", "iommufd", "error", "modprobe iommufd", 1);
	build(good);
	fake_text("sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
		  "Y\n");
	assert_finding("", "noiommu", "warning", "echo N", 3);
	build(good);
	fake_text("sys/module/iommufd/parameters/allow_unsafe_interrupts",
		  "Y\n");
	assert_finding("", "interrupts", "warning", "echo N", 3);
	build(good);
	fake_text("sys/class/iommu/dmar0/intel-iommu/ecap", "f00f5e\n");
	assert_finding("", "interrupts", "ok", "remapped", 0);
	fake_text("sys/class/iommu/dmar1/intel-iommu/ecap", "f00f56\n");
	assert_finding("", "interrupts", "error", "1 of 2", 1);
}

static void doctor_examines_the_device(void **state)
{
	(void)state;
	WITH(MEM_FN, driver, "nvme");
	assert_finding(MEM, "driver", "error",
		       "echo " MEM " > /sys/bus/pci/drivers/nvme/unbind", 1);
	WITH(MEM_FN, driver, NULL);
	assert_finding(MEM, "driver", "error", "drivers_probe", 1);
	build(good);
	fake_remove(SYS MEM "/vfio-dev");
	assert_finding(MEM, "node", "unsupported", "CONFIG_VFIO_DEVICE_CDEV",
		       4);
	build(good);
	fake_remove("dev/vfio/devices/vfio7");
	assert_finding(MEM, "node", "error", "udev rule", 1);
	build(good);
	fake_remove(SYS MEM "/vfio-dev");
	fake_mkdir(SYS MEM "/vfio-dev/noiommu-vfio0");
	assert_finding(MEM, "node", "warning", "unsafe", 1);
	WITH(MEM_FN, no_memory, 1);
	assert_finding(MEM, "memory", "note", "born revoked", 0);
	WITH(MEM_FN, completer, 0);
	assert_finding(MEM, "completer", "unsupported", "no TPH completer", 4);
	build(good);
	fake_text(SYS MEM "/power_state", "D3hot\n");
	assert_finding(MEM, "power", "note", "control", 0);
	WITH(MEM_FN, driver, "nvme");
	fake_text(SYS MEM "/power_state", "D3cold\n");
	assert_finding(MEM, "power", "warning", "does not answer", 1);
	build(good);
	fake_text(SYS MEM "/resource",
		  "0x0000000000000000 0x0000000003ffffff 0x000000000014220c\n");
	assert_finding(MEM, "bar", "error", "Above 4G", 1);
	fake_text(SYS MEM "/resource",
		  "0x00000000f0000000 0x00000000f00000ff 0x0000000000040200\n");
	assert_finding(MEM, "bar", "unsupported", "no memory BAR", 4);
	build(good);
	machine_config(MEM, PCI_COMMAND, 0xffffffff, 4);
	assert_finding(MEM, "answers", "error", "reset the slot", 1);
	build(good);
	machine_truncate_config(MEM, 64);
	assert_finding(MEM, "completer", "warning", "run as root", 3);
}

static void doctor_knows_virtual_functions(void **state)
{
	(void)state;
	build(good);
	fake_link(SYS MEM "/physfn", "../" NIC);
	assert_finding(MEM, "driver", "ok", "vfio-pci", 0);
	WITH(NIC_FN, driver, "vfio-pci");
	fake_link(SYS MEM "/physfn", "../" NIC);
	assert_finding(MEM, "vf-token", "warning", "--vf-token UUID", 3);
	assert_finding(MEM " --vf-token 12345678-1234-1234-1234-123456789abc",
		       "driver", "ok", "vfio-pci", 0);
	build(good);
	fake_text(SYS MEM "/sriov_numvfs", "4\n");
	assert_finding(MEM, "vf-token", "warning", "has 4 VFs", 3);
	fake_text(SYS MEM "/sriov_numvfs", "0\n");
	assert_finding(MEM, "driver", "ok", "vfio-pci", 0);
}

static void doctor_finds_other_users(void **state)
{
	struct machine_fn neighbour = good[MEM_FN];

	(void)state;
	build(good);
	neighbour.path = SWITCH "/0000:02:00.0/0000:03:00.1";
	neighbour.driver = "snd_hda_intel";
	machine_add(&neighbour);
	assert_finding(MEM, "group", "error", "snd_hda_intel", 1);
	/* Bridges and functions without driver are no obstacle. */
	neighbour.class_code = 0x060400;
	machine_add(&neighbour);
	assert_finding(MEM, "group", "ok", "other functions in it: 1", 0);
	WITH(MEM_FN, group, MACHINE_NO_GROUP);
	assert_finding(MEM, "group", "error", "no IOMMU group", 1);
	build(good);
	fake_text("proc/4711/comm", "qemu-system-x86\n");
	fake_link("proc/4711/fd/9", "/dev/vfio/devices/vfio7");
	fake_link("proc/4711/fd/8", "/dev/vfio/devices/vfio7");
	assert_finding(MEM, "busy", "error", "process 4711 (qemu-system-x86)",
		       1);
	fake_remove("proc/4711/fd/9");
	fake_remove("proc/4711/fd/8");
	fake_link("proc/4711/fd/7", "/dev/vfio/12");
	assert_finding(MEM, "busy", "error", "kill 4711", 1);
	fake_link("proc/4711/fd/7", "/dev/vfio/13");
	assert_finding(MEM, "busy", "ok", "no other program", 0);
}

static void doctor_examines_the_nic(void **state)
{
	(void)state;
	WITH(NIC_FN, rdma, NULL);
	assert_finding(MEM " " NIC, "rdma", "error", "modprobe mlx5_ib", 1);
	WITH(NIC_FN, driver, "bnxt_en");
	assert_finding(MEM " " NIC, "importer", "unsupported", "irdma", 4);
	WITH(NIC_FN, driver, "ice");
	assert_finding(MEM " mlx5_0", "importer", "ok", "revoked", 0);
	WITH(NIC_FN, driver, "somenic");
	assert_finding(MEM " mlx5_0", "importer", "warning", "somenic", 3);
	build(good);
	fake_text(SYS NIC "/infiniband/mlx5_0/ports/1/state", "1: DOWN\n");
	assert_finding(MEM " mlx5_0", "port", "warning", "no active port", 3);
	build(good);
	fake_remove("dev/infiniband");
	assert_finding(MEM " mlx5_0", "uverbs", "error", "ib_uverbs", 1);
	WITH(NIC_FN, requester, 0);
	assert_finding(MEM " mlx5_0", "requester", "unsupported",
		       "cannot send tags", 1);
	WITH(NIC_FN, enabled, 0);
	assert_finding(MEM " mlx5_0", "requester", "error",
		       "has not enabled TPH", 1);
	fake_text("proc/cmdline", "pci=notph\n");
	assert_finding(MEM " mlx5_0", "requester", "error",
		       "TPH is switched off", 1);
	{
		struct machine_fn fns[NR(good)];

		memcpy(fns, good, sizeof(fns));
		fns[NIC_FN].enabled = 0;
		fns[1].completer = 0;
		build(fns);
	}
	assert_finding(MEM " mlx5_0", "requester", "unsupported",
		       "root port 0000:00:01.0 is no TPH completer", 1);
	build(good);
	machine_config(NIC, MACHINE_TPH_CAP + PCI_TPH_CAP,
		       PCI_TPH_CAP_ST_DS | PCI_TPH_CAP_EXT_TPH, 4);
	assert_finding(MEM " mlx5_0", "st-table", "note", "mkey", 0);
}

static void doctor_examines_the_route(void **state)
{
	(void)state;
	WITH(DSP0, acs, 0x1d);
	assert_finding(MEM " mlx5_0", "route", "error", "disable_acs_redir",
		       1);
	assert_finding(MEM " mlx5_0", "survival", "error", "no route", 1);
	fake_text("proc/cpuinfo",
		  "vendor_id\t: AuthenticAMD\ncpu family\t: 25\n");
	assert_finding(MEM " mlx5_0", "route", "warning", "selftest", 3);
	assert_finding(MEM " mlx5_0", "survival", "warning", "no register",
		       3);
	WITH(NIC_FN, mps, 2);
	assert_finding(MEM " mlx5_0", "payload", "error", "pcie_bus_safe", 1);
	build(good);
	machine_truncate_config("0000:02:00.0", 64);
	assert_finding(MEM " mlx5_0", "route", "warning", "run as root", 3);
	build(good);
	fake_remove(SYS "0000:02:00.0");
	assert_finding(MEM " mlx5_0", "route", "warning", "path to it", 3);
}

static void show_reads_fdinfo(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	fake_text("proc/4711/fdinfo/0", "pos:\t0\nflags:\t02\n");
	assert_run(rooted("show 4711"), 0, "holds no dma-buf", "");
	assert_run(rooted("show 4711/0"), 1, "", "is no dma-buf");
	fake_text("proc/4711/fdinfo/11",
		  "pos:\t0\nino:\t7\nsize:\t1048576\ncount:\t2\n"
		  "exp_name:\tvfio_pci_core\nname:\tslice\x1b[2J\n");
	fake_text("proc/4711/fdinfo/7",
		  "size:\t4096\ncount:\t1\nexp_name:\tudmabuf\n");
	assert_run(rooted("show 4711"), 0, "vfio_pci_core", "");
	assert_true(strstr(result.out, "udmabuf") <
		    strstr(result.out, "vfio_pci_core"));
	assert_null(strstr(result.out, "\033"));
	json = run_json(rooted("show 4711/11 --json"), 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json,
								"buffers")),
			 1);
	cJSON_Delete(json);
}

static void show_rejects_garbled_fdinfo(void **state)
{
	static const char * const texts[] = {
		"", "\n\n\n", "size", "size:", "size:\t4096\n",
		"size:\t\nexp_name:\tx\n", "size:\t-1\nexp_name:\tx\n",
		"size:\t99999999999999999999\nexp_name:\tx\n",
		"exp_name:\tx\ncount:\t1\n", "size:\t1\nexp_name:\n", ":::\n",
	};
	size_t i;

	(void)state;
	build(good);
	for (i = 0; i < NR(texts); i++) {
		fake_text("proc/4711/fdinfo/3", texts[i]);
		assert_run(rooted("show 4711/3"), 1, "", "is no dma-buf");
	}
	fake_remove("proc/4711/fdinfo/3");
	fake_mkdir("proc/4711/fdinfo/3");
	assert_run(rooted("show 4711/3"), 1, "", "directory");
	assert_run(rooted("show 4711"), 0, "no dma-buf", "");
}

/* A descriptor handed to the command wins over the process of that number. */
static void show_takes_an_inherited_descriptor(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	char line[64];

	(void)state;
	build(good);
	snprintf(line, sizeof(line), "proc/self/fdinfo/%d", fd);
	fake_text(line, "size:\t4096\ncount:\t1\nexp_name:\tudmabuf\n");
	snprintf(line, sizeof(line), "show %d", fd);
	assert_run(rooted(line), 0, "udmabuf", "");
	close(fd);
}

/* "list" on a terminal, with this in the environment. */
static void list_on_terminal(const char *name, const char *value)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, err = temp_file();
	char old[64];
	ssize_t n;

	snprintf(old, sizeof(old), "%s", getenv(name) ? getenv(name) : "");
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	setenv(name, value, 1);
	waitpid(start(rooted("list"), 0, slave, err), &result.status, 0);
	setenv(name, old, 1);
	n = read(master, result.out, sizeof(result.out) - 1);
	result.out[n < 0 ? 0 : n] = '\0';
	close(slave);
	close(master);
	read_back(err, result.err);
	assert_non_null(strstr(result.out, MEM));
}

static void colours_are_for_terminals(void **state)
{
	(void)state;
	build(good);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	list_on_terminal("NO_COLOR", "");
	assert_non_null(strstr(result.out, "\033[32m"));
	assert_non_null(strstr(result.out, "\033[0m"));
	list_on_terminal("NO_COLOR", "1");
	assert_null(strstr(result.out, "\033["));
	list_on_terminal("TERM", "dumb");
	assert_null(strstr(result.out, "\033["));
	run(rooted("list"));
	assert_null(strstr(result.out, "\033["));
}

static void every_failing_call_ends_cleanly(void **state)
{
	(void)state;
	build(good);
	sweep_command(rooted("topo 03:00.0 mlx5_0"));
	sweep_command(rooted("doctor 03:00.0 mlx5_0 --no-open"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(usage_errors_are_2),
		CLI_TEST(failures_are_1),
		CLI_TEST(help_shows_an_example),
		CLI_TEST(list_shows_the_machine),
		CLI_TEST(topo_judges_the_route),
		CLI_TEST(topo_shows_redirection),
		CLI_TEST(topo_of_unprivileged_users),
		CLI_TEST(doctor_finds_a_healthy_machine_healthy),
		CLI_TEST(doctor_examines_the_host),
		CLI_TEST(doctor_examines_the_device),
		CLI_TEST(doctor_knows_virtual_functions),
		CLI_TEST(doctor_finds_other_users),
		CLI_TEST(doctor_examines_the_nic),
		CLI_TEST(doctor_examines_the_route),
		CLI_TEST(show_reads_fdinfo),
		CLI_TEST(show_rejects_garbled_fdinfo),
		CLI_TEST(show_takes_an_inherited_descriptor),
		CLI_TEST(colours_are_for_terminals),
		CLI_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli_machine", tests, NULL, NULL);
}
