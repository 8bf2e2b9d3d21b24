// SPDX-License-Identifier: MIT
/*
 * tphbuf doctor on machines with one fault: no IOMMU, a VF, a function
 * in D3, nodes that may not be opened, other users, no TPH.
 */
#include <errno.h>
#include <linux/vfio.h>

#include "tests/unit/cli_machine.h"

/* The finding @id of "doctor ARGS" has this severity and mentions @part. */
static void assert_finding(const char *args, const char *id, const char *severity, const char *part,
			   int code)
{
	const cJSON *findings, *f;
	char line[128];
	bool found;
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

		if (strcmp(at(f, "id", NULL), id) || strcmp(at(f, "severity", NULL), severity))
			continue;
		if (!strstr(text, part) && !(remedy && strstr(remedy, part)))
			continue;
		/* Errors have a remedy. */
		if (!strcmp(severity, "error") && !remedy)
			fail_msg("doctor %s: %s has no remedy", args, id);
		break;
	}
	found = f;
	cJSON_Delete(json);
	if (!found || (code >= 0 && result.code != code))
		fail_msg("doctor %s: %s, %s, %s: exit %d\n%s", args, id, severity, part,
			 result.code, result.out);
}

static void doctor_finds_a_healthy_machine_healthy(void **state)
{
	(void)state;
	build(good);
	assert_run(rooted("doctor 03:00.0 mlx5_0 --no-open"), 0,
		   "0 errors, 0 unsupported, 0 warnings", "");
	assert_run(rooted("doctor"), 0, "0 errors", "");
	assert_run(rooted("doctor 03:00.0 --no-open"), 0, "0 errors", "");
}

static void doctor_examines_the_host(void **state)
{
	(void)state;
	build(good);
	fake_text("proc/cmdline", "pci=noaer,notph quiet\n");
	assert_finding("", "pci=notph", "error", "remove notph", 1);
	/* A word that merely contains the option does not match. */
	fake_text("proc/cmdline", "xnotphx\n");
	assert_finding("", "pci=notph", "ok", "does not disable TPH", 0);
	fake_text("proc/cmdline", "intel_iommu=off intremap=off\n");
	assert_finding("", "interrupts", "error", "intremap=off", 1);
	fake_remove("sys/kernel/iommu_groups");
	assert_finding("", "iommu", "error", "remove intel_iommu=off", 1);
	fake_text("proc/cmdline", "");
	assert_finding("", "iommu", "error", "firmware setup", 1);
	build(good);
	fake_remove("sys/bus/pci/drivers/vfio-pci");
	assert_finding("", "vfio-pci", "error", "modprobe vfio-pci", 1);
	build(good);
	fake_remove("dev/iommu");
	assert_finding("", "iommufd", "error", "modprobe iommufd", 1);
	build(good);
	fake_text("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	assert_finding("", "noiommu", "warning", "echo N", 3);
	build(good);
	fake_text("sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
	assert_finding("", "interrupts", "warning", "echo N > /sys/module/iommufd/", 3);
	build(good);
	fake_text("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
	assert_finding("", "interrupts", "warning", "echo N > /sys/module/vfio_iommu_type1/", 3);
	assert_null(strstr(result.out, "iommufd/parameters"));
	build(good);
	fake_text("sys/class/iommu/dmar0/intel-iommu/ecap", "f00f5e\n");
	assert_finding("", "interrupts", "ok", "remap interrupts", 0);
	fake_text("sys/class/iommu/dmar1/intel-iommu/ecap", "f00f56\n");
	assert_finding("", "interrupts", "error", "1 of 2", 1);
}

static void doctor_examines_the_limit_of_locked_memory(void **state)
{
	(void)state;
	build(good);
	fake_user(0, 0);
	assert_finding("", "memlock", "ok", "allows registration", 0);
	fake_user(1000, 64 << 20);
	assert_finding("", "memlock", "ok", "allows registration", 0);
	fake_user(1000, (64 << 20) - 1);
	assert_finding("", "memlock", "note", "may lock 65535 KiB", 0);
}

/* A path that fills the buffer, and one that would be cut to a name that is not there. */
static void doctor_cuts_no_path(void **state)
{
	static const char below[] = "/sys/bus/pci/drivers/vfio-pci";
	char line[600];
	size_t len, used;

	(void)state;
	build(good);
	for (len = 511; len <= 512; len++) {
		used = (size_t)snprintf(line, sizeof(line), "doctor --root %s", fake_root());
		while (used < strlen("doctor --root ") + len - strlen(below))
			line[used++] = '/';
		line[used] = '\0';
		run(line);
		assert_int_equal(!!strstr(result.out, "vfio-pci is loaded"), len == 511);
		assert_null(strstr(result.out, "not loaded"));
	}
}

static void doctor_examines_the_device(void **state)
{
	(void)state;
	WITH(MEM_FN, driver, "nvme");
	assert_finding(MEM, "driver", "error", "echo " MEM " > /sys/bus/pci/drivers/nvme/unbind", 1);
	/* A copied tree may hold arbitrary content. */
	WITH(MEM_FN, driver, "n\x1b[2Jvme");
	run(rooted("doctor " MEM " --no-open"));
	assert_null(strchr(result.out, '\x1b'));
	assert_non_null(strstr(result.out, "n?[2Jvme"));
	WITH(MEM_FN, driver, NULL);
	assert_finding(MEM, "driver", "error", "drivers_probe", 1);
	build(good);
	WITH(MEM_FN, no_memory, 1);
	assert_finding(MEM, "memory", "ok", "vfio enables it", 0);
	WITH(MEM_FN, completer, 0);
	assert_finding(MEM, "completer", "unsupported", "not a TPH completer", 4);
	build(good);
	fake_text(SYS MEM "/power_state", "D3hot\n");
	assert_finding(MEM, "power", "note", "control", 0);
	WITH(MEM_FN, driver, "nvme");
	fake_text(SYS MEM "/power_state", "D3cold\n");
	assert_finding(MEM, "power", "warning", "does not answer", 1);
	build(good);
	fake_text(SYS MEM "/resource", "0x0000000000000000 0x0000000003ffffff 0x000000000014220c\n");
	assert_finding(MEM, "bar", "error", "Above 4G", 1);
	fake_text(SYS MEM "/resource", "0x00000000f0000000 0x00000000f00000ff 0x0000000000040200\n");
	assert_finding(MEM, "bar", "unsupported", "no memory BAR", 4);
	build(good);
	machine_config(MEM, PCI_COMMAND, 0xffffffff, 4);
	assert_finding(MEM, "answers", "error", "reset the slot", 1);
	build(good);
	machine_truncate_config(MEM, 64);
	assert_finding(MEM, "completer", "warning", "CAP_SYS_ADMIN", 3);
}

/* A machine, or a container, without character devices. */
static void build_group_only(void)
{
	build(good);
	fake_remove(SYS MEM "/vfio-dev");
	fake_remove("dev/vfio/devices");
	fake_remove("dev/iommu");
	fake_text("dev/vfio/vfio", "");
	fake_text("dev/vfio/12", "");
}

static void doctor_reports_both_back_ends(void **state)
{
	(void)state;
	build_group_only();
	assert_finding(MEM, "node", "ok", "dev/vfio/12 can be opened", 0);
	assert_finding(MEM, "iommufd", "ok", "dev/vfio/vfio can be opened", 0);
	assert_finding(MEM " --backend group", "node", "ok", "dev/vfio/12", 0);
	assert_finding(MEM " --backend iommufd", "node", "unsupported", "CONFIG_VFIO_DEVICE_CDEV",
		       1);
	fake_text("proc/4711/comm", "qemu\n");
	fake_link("proc/4711/fd/7", "/dev/vfio/12");
	assert_finding(MEM, "busy", "error", "process 4711", 1);
	fake_remove("dev/vfio/12");
	assert_finding(MEM, "node", "error", "CONFIG_VFIO_GROUP", 1);
	/* A container without the nodes of the character device back end. */
	build_group_only();
	fake_mkdir(SYS MEM "/vfio-dev/vfio7");
	assert_finding(MEM, "node", "ok", "dev/vfio/12 can be opened", 0);
	fake_fail_access("dev/vfio/12", EPERM);
	assert_finding(MEM, "node", "error", "device cgroup", 1);
	fake_fail_access(NULL, 0);
	fake_remove("dev/vfio/12");
	assert_finding(MEM, "node", "error", "pass the node in", 1);
	/* Every node of a back end is checked. */
	build(good);
	fake_remove("dev/iommu");
	assert_finding(MEM, "node", "error", "modprobe iommufd", 1);
	assert_finding(MEM, "iommufd", "error", "modprobe iommufd", 1);
	assert_finding(MEM " --backend group", "iommufd", "error", "modprobe vfio", 1);
}

/* Neither back end has a node for the device. */
static void doctor_reports_a_device_without_node(void **state)
{
	static const char *const back_ends[] = { "", " --backend group", " --backend iommufd" };
	char args[64];
	size_t i;

	(void)state;
	WITH(MEM_FN, group, MACHINE_NO_GROUP);
	assert_finding(MEM, "node", "ok", "vfio7 can be opened", 1);
	assert_finding(MEM " --backend group", "node", "error", "offers no node for it", 1);
	fake_remove(SYS MEM "/vfio-dev");
	for (i = 0; i < NR(back_ends); i++) {
		snprintf(args, sizeof(args), MEM "%s", back_ends[i]);
		assert_finding(args, "node", "error", "offers no node for it", 1);
	}
}

static void doctor_tells_permissions_apart(void **state)
{
	(void)state;
	build(good);
	fake_fail_access("dev/iommu", EACCES);
	assert_finding(MEM, "iommufd", "error", "no permission to read and write", 1);
	assert_finding(MEM, "node", "error", "dev/iommu", 1);
	assert_finding(MEM, "node", "error", "chgrp GROUP", 1);
	assert_finding(MEM, "node", "error", "60-tphbuf.rules", 1);
	fake_fail_access("dev/vfio/devices/vfio7", EPERM);
	assert_finding(MEM, "node", "error", "DeviceAllow=", 1);
	fake_fail_access("dev/vfio/devices/vfio7", ELOOP);
	assert_finding(MEM, "node", "error", "ls -l", 1);
	/* The other back end is usable: a note. */
	fake_text("dev/vfio/vfio", "");
	fake_text("dev/vfio/12", "");
	fake_fail_access("dev/iommu", EACCES);
	assert_finding(MEM, "node", "note", "no permission to read and write", 0);
	assert_finding(MEM, "node", "ok", "dev/vfio/12 can be opened", 0);
	fake_fail_access("dev/infiniband/uverbs0", EACCES);
	assert_finding(MEM " mlx5_0", "uverbs", "error", "chgrp GROUP", 1);
}

/* A group made by vfio does not belong to an IOMMU. */
static void doctor_reports_a_machine_without_iommu(void **state)
{
	(void)state;
	WITH(MEM_FN, group, MACHINE_NO_GROUP);
	fake_remove("sys/kernel/iommu_groups");
	fake_link(SYS MEM "/iommu_group", "../../kernel/iommu_groups/0");
	fake_text("sys/kernel/iommu_groups/0/name", "vfio-noiommu\n");
	fake_remove(SYS MEM "/vfio-dev");
	fake_text("dev/vfio/noiommu-0", "");
	fake_text("dev/vfio/vfio", "");
	assert_finding(MEM, "iommu", "error", "intel_iommu=on", 1);
	assert_finding(MEM, "group", "error", "use --noiommu if", 1);
	assert_finding(MEM, "node", "ok", "dev/vfio/noiommu-0", 1);
	assert_finding(MEM " --noiommu", "iommu", "warning", "isolated", 3);
	assert_finding(MEM " --noiommu", "group", "warning", "all memory", 3);
	fake_link("proc/4711/fd/7", "/dev/vfio/noiommu-0");
	assert_finding(MEM " --noiommu", "busy", "error", "process 4711", 1);
	build(good);
	fake_remove(SYS MEM "/vfio-dev");
	fake_mkdir(SYS MEM "/vfio-dev/noiommu-vfio0");
	fake_text("dev/vfio/devices/noiommu-vfio0", "");
	assert_finding(MEM, "group", "error", "no IOMMU isolates", 1);
	assert_finding(MEM " --noiommu", "node", "ok", "noiommu-vfio0", 3);
}

static void doctor_reports_missing_devices(void **state)
{
	(void)state;
	build(good);
	assert_finding(MEM " mlx5_9", "nic", "error", "no RDMA device mlx5_9", 1);
	assert_finding(MEM " mlx5_9", "driver", "ok", "vfio-pci", 1);
	assert_finding("09:00.0 mlx5_0", "device", "error", "no such PCI", 1);
	assert_finding("09:00.0 mlx5_0", "importer", "ok", "revoked", 1);
	assert_run(rooted("doctor x:y"), 2, "", "neither a PCI address nor");
}

static void doctor_notices_swapped_ends(void **state)
{
	(void)state;
	build(good);
	assert_finding("mlx5_0 " MEM, "device", "error", "tphbuf doctor " MEM " " NIC, 1);
	assert_null(strstr(result.out, "unbind"));
	assert_finding("mlx5_0", "device", "error", "is a NIC", 1);
	assert_finding("mlx5_0 mlx5_0", "device", "error", "device whose memory is written first",
		       1);
}

static void doctor_reports_virtual_functions(void **state)
{
	(void)state;
	WITH(MEM_FN, physfn, NIC);
	assert_finding(MEM, "driver", "ok", "vfio-pci", 0);
	assert_finding(MEM, "memory", "ok", "is a VF", 0);
	assert_finding(MEM, "completer", "ok", "xst", 0);
	assert_finding(MEM " mlx5_0", "route", "ok", "direct", 0);
	assert_run(rooted("info 03:00.0 --no-open"), 0, "completer    st, xst", "");
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "128 of 512", "");
	/* The NIC is a VF too: its tag width is that of its PF. */
	{
		struct machine_fn fns[NR(good) + 1];

		memcpy(fns, good, sizeof(good));
		fns[NR(good) - 1] = good[NIC_FN];
		fns[NR(good) - 1].path = SWITCH "/0000:02:01.0/0000:04:00.1";
		fns[NR(good) - 1].rdma = NULL;
		fns[NR(good) - 1].mps = 2;
		fns[NR(good)].path = NULL;
		fns[NIC_FN].physfn = "0000:04:00.1";
		build(fns);
	}
	assert_finding(MEM " mlx5_0", "requester", "ok", "16-bit", 1);
	assert_finding(MEM " mlx5_0", "payload", "error", "payloads of up to 512 bytes", 1);
	WITH(NIC_FN, driver, "vfio-pci");
	fake_link(SYS MEM "/physfn", "../" NIC);
	assert_finding(MEM, "vf-token", "warning", "--vf-token UUID", 3);
	assert_finding(MEM " --vf-token 12345678-1234-1234-1234-123456789abc", "driver", "ok",
		       "vfio-pci", 0);
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
	assert_finding(MEM, "group", "error", "echo vfio-pci > /sys/bus/pci/devices/0000:03:00.1",
		       1);
	/* The driver decides, not the class. */
	neighbour.class_code = 0x060100;
	neighbour.driver = "lpc_ich";
	machine_add(&neighbour);
	assert_finding(MEM, "group", "error", "/devices/0000:03:00.1/driver/unbind", 1);
	neighbour.class_code = 0x020000;
	neighbour.driver = "pci-pf-stub";
	machine_add(&neighbour);
	assert_finding(MEM, "group", "error", "pci-pf-stub", 1);
	neighbour.class_code = 0x060400;
	neighbour.driver = "pcieport";
	machine_add(&neighbour);
	assert_finding(MEM, "group", "ok", "1 other functions", 0);
	fake_remove(SYS "0000:03:00.1/driver");
	assert_finding(MEM, "group", "ok", "1 other functions", 0);
	WITH(MEM_FN, group, MACHINE_NO_GROUP);
	assert_finding(MEM, "group", "error", "no IOMMU group", 1);
	build(good);
	fake_text("proc/4711/comm", "qemu-system-x86\n");
	fake_link("proc/4711/fd/9", "/dev/vfio/devices/vfio7");
	fake_link("proc/4711/fd/8", "/dev/vfio/devices/vfio7");
	assert_finding(MEM, "busy", "error", "process 4711 (qemu-system-x86)", 1);
	fake_remove("proc/4711/fd/9");
	fake_remove("proc/4711/fd/8");
	fake_link("proc/4711/fd/7", "/dev/vfio/12");
	assert_finding(MEM, "busy", "error", "stop process 4711 (qemu-system-x86)", 1);
	assert_finding(MEM, "busy", "error", "/dev/vfio/12 open", 1);
	fake_link("proc/4711/fd/7", "/dev/vfio/13");
	assert_finding(MEM, "busy", "ok", "no process that is visible", 0);
	/* Unrelated files have similar names. */
	fake_link("proc/4711/fd/7", "/dev/pts/12");
	fake_link("proc/4711/fd/8", "/run/vfio7");
	fake_link("proc/4711/fd/9", "/dev/vfio/noiommu-12");
	fake_link("proc/4711/fd/10", "socket:[12]");
	assert_finding(MEM, "busy", "ok", "no process that is visible", 0);
	/* The name of a process cannot leave its line. */
	fake_text("proc/4711/comm", "x\x1b[2J\n");
	fake_link("proc/4711/fd/7", "/dev/vfio/12");
	assert_finding(MEM, "busy", "error", "process 4711 (x?[2J)", 1);
}

/* In whatever order the folder lists them: the device itself is not the end, and not each of three can be the last. */
static void doctor_finds_all_members_of_the_group(void **state)
{
	static const char *const paths[] = {
		SWITCH "/0000:02:00.0/0000:03:00.1",
		SWITCH "/0000:02:00.0/0000:03:00.2",
		SWITCH "/0000:02:00.0/0000:03:00.3",
	};
	struct machine_fn member = good[MEM_FN];
	char text[64];
	size_t i, j;

	(void)state;
	build(good);
	member.driver = "nvme";
	for (i = 0; i < NR(paths); i++) {
		member.path = paths[i];
		machine_add(&member);
	}
	for (i = 0; i < NR(paths); i++) {
		snprintf(text, sizeof(text), "doctor 03:00.%zu --no-open", i + 1);
		run(rooted(text));
		for (j = 0; j < NR(paths); j++) {
			snprintf(text, sizeof(text), "0000:03:00.%zu is in the same", j + 1);
			assert_int_equal(!!strstr(result.out, text), j != i);
		}
	}
}

/* Other entries of /proc, other files of processes, and a process whose name cannot be read. */
static void doctor_looks_at_processes_only(void **state)
{
	static const char syspath[] = "/sys/devices/" SWITCH "/0000:02:00.0/" MEM "\n";
	char text[256];

	(void)state;
	build(good);
	fake_link("proc/self/fd/7", "/dev/vfio/12");
	fake_link("proc/1234567890123456/fd/7", "/dev/vfio/12");
	fake_link("proc/4711/fd/7", "anon_inode:[eventfd]");
	snprintf(text, sizeof(text), "vfio-device-syspath: %s", syspath);
	fake_text("proc/4711/fdinfo/7", text);
	fake_link("proc/4711/fd/8", "anon_inode:[vfio-device]");
	snprintf(text, sizeof(text), "path: %s", syspath);
	fake_text("proc/4711/fdinfo/8", text);
	assert_finding(MEM, "busy", "ok", "no process that is visible", 0);
	fake_link("proc/9/fd/7", "/dev/vfio/12");
	assert_finding(MEM, "busy", "error", "process 9 (?)", 1);
}

static void doctor_examines_the_nic(void **state)
{
	(void)state;
	WITH(NIC_FN, rdma, NULL);
	assert_finding(MEM " " NIC, "rdma", "error", "modprobe mlx5_ib", 1);
	WITH(NIC_FN, rdma, NULL);
	fake_link(SYS NIC "/driver", "../../../bus/pci/drivers/vfio-pci");
	assert_finding(MEM " " NIC, "rdma", "error",
		       "modprobe -a mlx5_core mlx5_ib; echo > /sys/bus/pci/devices/" NIC
		       "/driver_override; echo " NIC
		       " > /sys/bus/pci/drivers/vfio-pci/unbind; echo " NIC
		       " > /sys/bus/pci/drivers_probe",
		       1);
	fake_remove(SYS NIC "/driver");
	assert_finding(MEM " " NIC, "rdma", "error", "bound to no driver", 1);
	assert_null(strstr(result.out, "unbind"));
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
	assert_finding(MEM " mlx5_0", "uverbs", "error", "pass the node", 1);
	fake_remove(SYS NIC "/infiniband_verbs");
	assert_finding(MEM " mlx5_0", "uverbs", "error", "modprobe ib_uverbs", 1);
	/* The node of this device, not any node. */
	build(good);
	fake_text(SYS NIC "/infiniband_verbs/uverbs0/ibdev", "mlx5_1\n");
	fake_text(SYS NIC "/infiniband_verbs/uverbs3/ibdev", "mlx5_0\n");
	assert_finding(MEM " mlx5_0", "uverbs", "error", "uverbs3", 1);
	WITH(NIC_FN, requester, 0);
	assert_finding(MEM " mlx5_0", "requester", "unsupported", "cannot send tags", 1);
	assert_null(strstr(result.out, "steering tag table"));
	WITH(NIC_FN, enabled, 0);
	assert_finding(MEM " mlx5_0", "requester", "error", "has not enabled TPH", 1);
	fake_text("proc/cmdline", "pci=notph\n");
	assert_finding(MEM " mlx5_0", "requester", "error", "TPH is disabled", 1);
	{
		struct machine_fn fns[NR(good)];

		memcpy(fns, good, sizeof(fns));
		fns[NIC_FN].enabled = 0;
		fns[1].completer = 0;
		build(fns);
	}
	assert_finding(MEM " mlx5_0", "requester", "unsupported",
		       "root port 0000:00:01.0 is not a TPH completer", 1);
	build(good);
	machine_config(NIC, MACHINE_TPH_CAP + PCI_TPH_CAP, PCI_TPH_CAP_ST_DS | PCI_TPH_CAP_EXT_TPH,
		       4);
	assert_finding(MEM " mlx5_0", "st-table", "note", "mkey", 0);
}

static void doctor_examines_the_route(void **state)
{
	(void)state;
	WITH(DSP0, acs, 0x1d);
	assert_finding(MEM " mlx5_0", "route", "error", "disable_acs_redir", 1);
	assert_finding(MEM " mlx5_0", "delivery", "error", "refuses the route", 1);
	fake_text("proc/cpuinfo", "vendor_id\t: AuthenticAMD\ncpu family\t: 25\n");
	assert_finding(MEM " mlx5_0", "route", "warning", "selftest", 3);
	assert_finding(MEM " mlx5_0", "delivery", "warning", "no register", 3);
	WITH(NIC_FN, mps, 2);
	assert_finding(MEM " mlx5_0", "payload", "error", "pcie_bus_safe", 1);
	build(good);
	machine_truncate_config("0000:02:00.0", 64);
	assert_finding(MEM " mlx5_0", "route", "warning", "CAP_SYS_ADMIN", 3);
	build(good);
	fake_remove(SYS "0000:02:00.0");
	assert_finding(MEM " mlx5_0", "route", "warning", "path to it", 3);
}

/* Opens the device with each back end, and not only the nodes. */
static void doctor_uses_the_given_back_end(void **state)
{
	(void)state;
	fake_group_nodes();
	fake_mkdir("sys/bus/pci/drivers/vfio-pci");
	fake_remove(SYS FAKE_BDF "/vfio-dev");
	assert_run("doctor 03:00.0", 0, "tags          the kernel sets tags", "");
	assert_non_null(strstr(result.out, "vfio/12 can be opened"));
	assert_run("doctor 03:00.0 --backend iommufd", 4, "offers no vfio character device", "");
	/* A device without an IOMMU is opened only with --noiommu. */
	fake_text("sys/kernel/iommu_groups/12/name", "vfio-noiommu\n");
	fake_link("dev/vfio/noiommu-12", "12");
	fake.models |= 1u << VFIO_NOIOMMU_IOMMU;
	assert_run("doctor 03:00.0", 1, "open          " FAKE_BDF ": no IOMMU isolates the device",
		   "");
	assert_run("doctor 03:00.0 --noiommu", 3, "tags          the kernel sets tags", "");
	assert_run("doctor 03:00.0 --backend x", 2, "", "must be auto, iommufd");
}

static void every_failing_call_ends_cleanly(void **state)
{
	(void)state;
	build(good);
	sweep_command(rooted("doctor 03:00.0 mlx5_0 --no-open"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(doctor_finds_a_healthy_machine_healthy),
		CLI_TEST(doctor_examines_the_host),
		CLI_TEST(doctor_examines_the_limit_of_locked_memory),
		CLI_TEST(doctor_cuts_no_path),
		CLI_TEST(doctor_examines_the_device),
		CLI_TEST(doctor_reports_both_back_ends),
		CLI_TEST(doctor_reports_a_device_without_node),
		CLI_TEST(doctor_tells_permissions_apart),
		CLI_TEST(doctor_reports_a_machine_without_iommu),
		CLI_TEST(doctor_reports_missing_devices),
		CLI_TEST(doctor_notices_swapped_ends),
		CLI_TEST(doctor_reports_virtual_functions),
		CLI_TEST(doctor_finds_other_users),
		CLI_TEST(doctor_finds_all_members_of_the_group),
		CLI_TEST(doctor_looks_at_processes_only),
		CLI_TEST(doctor_examines_the_nic),
		CLI_TEST(doctor_examines_the_route),
		CLI_TEST(doctor_uses_the_given_back_end),
		CLI_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli_doctor", tests, NULL, NULL);
}
