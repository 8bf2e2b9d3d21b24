// SPDX-License-Identifier: MIT
/* The tphbuf command on the fake machine: exit codes, messages, JSON. */
#include <limits.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/options.h"
#include "tests/mock/verbs.h"
#include "tests/unit/cli_run.h"

#define DEV "sys/bus/pci/devices/" FAKE_BDF

static void usage_errors_are_2(void **state)
{
	static const char *const lines[][2] = {
		{ "", "usage:" },
		{ "frobnicate", "no command 'frobnicate'" },
		{ "list extra", "unexpected argument 'extra'" },
		{ "list --bar 2", "--bar is not an option" },
		{ "list --nonsense", "--nonsense is not an option" },
		{ "list --nonsense=3", "--nonsense is not an option" },
		{ "list -xyz", "-x is not an option" },
		{ "list --all -x", "-x is not an option" },
		{ "list --ba 2", "--ba is not an option of this command" },
		{ "list --bar", "--bar is not an option of this command" },
		{ "list --all=2", "--all takes no value" },
		{ "list --jso", "--jso is not an option, --json is" },
		{ "list --jso=1", "--jso is not an option" },
		{ "list --roo /", "--roo is not an option, --root is" },
		{ "list --roo=/", "--roo is not an option, --root is" },
		{ "list --roo", "--roo is not an option, --root is" },
		{ "export 03:00.0 --bar 2 --exe true", "--exe is not an option" },
		{ "--json", "--json stands in the place of the command" },
		{ "list --sysfs=", "--sysfs '': must not be empty" },
		{ "list --root=", "--root '': must not be empty" },
		{ "register 03:00.0 --bar 2 --ibdev=", "must not be empty" },
		{ "selftest 03:00.0 mlx5_0 --bar 2 --port 0", "must be between 1 and 255" },
		{ "info", "no device" },
		{ "info nonsense", "not a PCI address" },
		{ "info 03:00.0 04:00.0", "unexpected argument '04:00.0'" },
		{ "export 03:00.0", "--bar is missing; give --bar N" },
		{ "export 03:00.0 --bar", "--bar needs a value" },
		{ "export 03:00.0 --bar 6", "must be between 0 and 5" },
		{ "export 03:00.0 --bar 22", "must be between 0 and 5" },
		{ "export 03:00.0 --bar x", "must be between 0 and 5" },
		{ "export 03:00.0 --bar 2 --range 4K", "OFFSET+LENGTH" },
		{ "export 03:00.0 --bar 2 --offset 4K", "without --length" },
		{ "export 03:00.0 --bar 2 --length 4Q", "byte count" },
		{ "export 03:00.0 --bar 2 --range 0+4K --length 4K", "either" },
		{ "export 03:00.0 --bar 2 --tag st=256", "8 bits" },
		{ "export 03:00.0 --bar 2 --tag ph=2", "not a tag" },
		{ "export 03:00.0 --bar 2 --tag st=1,ph=4", "0 to 3" },
		{ "export 03:00.0 --bar 2 --exec", "no command" },
		{ "export 03:00.0 --bar 2 --hold --exec true", "exclude" },
		{ "export 03:00.0 --bar 2 --ibdev mlx5_0", "--ibdev is not" },
		{ "tag 03:00.0 --bar 2", "no operation" },
		{ "tag 03:00.0 --bar 2 --set xst=0x10000", "16 bits" },
		{ "tag 03:00.0 --bar 2 --exec true", "is not an option" },
		{ "register 03:00.0 --bar 2", "--ibdev is missing" },
		{ "register 03:00.0 --bar 2 --ibdev mlx5_0 --require", "--require needs --tag" },
		{ "register 03:00.0 --bar 2 --ibdev mlx5_0 --iova x", "byte count" },
		/* Detected only with the device open, but still invalid input. */
		{ "export 03:00.0 --bar 3", "no BAR3" },
		{ "export 03:00.0 --bar 2 --range 1+4K", "start on a page" },
		{ "export 03:00.0 --bar 2 --range 64M+4K", "after the end" },
		{ "export 03:00.0 --bar 2 --vf-token x", "not a UUID" },
		{ "info 03:00.0 --backend", "--backend needs a value" },
		{ "info 03:00.0 --backend vfio", "auto, iommufd or group" },
		{ "list --backend group", "--backend is not an option" },
		{ "export 03:00.0 --bar 2 --tag slice3", "--tag 'slice3'" },
		{ "serve 03:00.0 --bar 2", "--socket is missing; give --socket PATH" },
		{ "register 03:00.0 --bar 2 --ibdev mlx5_0 --iova 1", "multiple of the page size" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(lines); i++)
		assert_run(lines[i][0], 2, "", lines[i][1]);
}

static void too_many_operations_are_refused(void **state)
{
	char line[1024] = "tag 03:00.0 --bar 2";
	int i;

	(void)state;
	for (i = 0; i < MAX_TAG_OPS; i++)
		strcat(line, " --get");
	assert_run(line, 0, "get", "");
	strcat(line, " --get");
	assert_run(line, 2, "", "use at most 32");
}

static void failures_are_1(void **state)
{
	(void)state;
	assert_run("info 99:00.0", 1, "", "no such PCI function");
	assert_run("export 99:00.0 --bar 2", 1, "", "no such PCI function");
	assert_run("register 03:00.0 --bar 2 --ibdev rxe0", 1, "", "no RDMA device rxe0");
	fake_verbs.open_errno = EACCES;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0", 1, "",
		   "mlx5_0 (Permission denied); check the permissions");
	fake_verbs.open_errno = EAGAIN;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0", 1, "", "raise hca_handle");
	fake_verbs.open_errno = 0;
	fake_verbs.pd_errno = ENOMEM;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0", 1, "",
		   "no protection domain (Cannot allocate memory); see dmesg");
	fake_verbs.pd_errno = EAGAIN;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0", 1, "", "raise hca_object");
	fake_verbs.pd_errno = 0;
	fake_verbs.reg_errno = EINVAL;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0", 1, "",
		   "register failed: " FAKE_BDF " BAR2 with mlx5_0");
	fake_verbs.reg_errno = 0;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0 --tag st=1 "
		   "--require",
		   1, "", "required but not applied");
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EBUSY);
	assert_run("info 03:00.0", 1, "", "bind failed");
	fake_fail_ioctl(0, 0, 0);
	fake_remove("sys/bus");
	assert_run("list", 1, "", "lookup failed");
}

static void lack_of_support_is_4(void **state)
{
	(void)state;
	assert_run("export 05:00.0 --bar 0", 4, "", "not bound to vfio-pci");
	fake.has_tph = false;
	assert_run("tag 03:00.0 --bar 2 --get", 4, "", "this kernel has no tags");
	assert_run("export 03:00.0 --bar 2 --tag st=1", 4, "", "tag failed");
	/* A missing tag is not an error here. */
	assert_run("export 03:00.0 --bar 2", 0, "none", "");
	assert_run("info 03:00.0", 0, "no: ", "");
	fake.has_tph = true;
	fake.supported = TPHBUF_TAG_ST;
	assert_run("tag 03:00.0 --bar 2 --set xst=1", 4, "", "Extended");
	fake.has_dmabuf = false;
	assert_run("export 03:00.0 --bar 2", 4, "", "no vfio dma-buf export");
	fake_verbs.no_devices = true;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0", 4, "", "ib_uverbs");
	fake_remove(DEV "/vfio-dev");
	assert_run("export 03:00.0 --bar 2", 4, "", "CONFIG_VFIO_DEVICE_CDEV");
}

static void list_shows_tph_and_driver(void **state)
{
	const cJSON *devices;
	cJSON *json;

	(void)state;
	fake_mkdir("sys/bus/pci/devices/0000:00:1f.0");
	assert_run("list", 0, FAKE_BDF, "CAP_SYS_ADMIN");
	assert_non_null(strstr(result.out, "mlx5_0"));
	assert_non_null(strstr(result.out, "2: 64 MiB"));
	json = run_json("list --json", 0);
	devices = cJSON_GetObjectItem(json, "devices");
	assert_int_equal(cJSON_GetArraySize(devices), 2);
	assert_string_equal(at(cJSON_GetArrayItem(devices, 0), "bdf", NULL), FAKE_BDF);
	assert_true(
		cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(devices, 1), "tph_completer")));
	cJSON_Delete(json);
}

static void list_reads_an_other_sysfs_root(void **state)
{
	char line[1024];

	(void)state;
	snprintf(line, sizeof(line), "list --all --sysfs %s", fake_path("sys"));
	assert_run(line, 0, FAKE_NIC_BDF, "");
	assert_run("list --sysfs /nonexistent", 1, "", "/nonexistent");
	assert_run("list --sysfs /etc/passwd", 1, "", "give the directory that stands for /sys");
}

static void info_without_opening(void **state)
{
	cJSON *json;

	(void)state;
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EBUSY);
	json = run_json("info 03:00.0 --no-open --json", 0);
	assert_string_equal(at(json, "driver", NULL), "vfio-pci");
	assert_null(cJSON_GetObjectItem(json, "tags"));
	cJSON_Delete(json);
	assert_run("info 03:00.0 --no-open", 0, "vfio-pci", "");
	assert_null(strstr(result.out, "known only for"));
	assert_run("info 05:00.0", 0, "known only for a device bound to vfio-pci", "");
	cJSON_Delete(run_json("info 05:00.0 --json", 0));
}

static void info_tells_whether_tags_can_be_set(void **state)
{
	cJSON *json;

	(void)state;
	assert_run("info 03:00.0", 0, "tags         can be set", "");
	assert_non_null(strstr(result.out, "exportable"));
	fake.supported = 0;
	json = run_json("info 03:00.0 --json", 0);
	assert_true(
		cJSON_IsFalse(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "tags"), "supported")));
	assert_non_null(strstr(at(json, "tags", "reason"), "completer"));
	cJSON_Delete(json);
}

static void errors_in_json_tell_the_stage(void **state)
{
	cJSON *json;

	(void)state;
	json = run_json("export 99:00.0 --bar 2 --json", 1);
	assert_string_equal(at(json, "command", NULL), "export");
	assert_string_equal(at(json, "error", "stage"), "lookup");
	assert_string_equal(at(json, "error", "errno"), "ENODEV");
	cJSON_Delete(json);
	json = run_json("export 03:00.0 --json --bar 9", 2);
	assert_string_equal(at(json, "error", "stage"), "argument");
	cJSON_Delete(json);
	fake.has_tph = false;
	json = run_json("tag 03:00.0 --bar 2 --get --json", 4);
	assert_string_equal(at(json, "error", "errno"), "ENOTTY");
	cJSON_Delete(json);
}

static void export_json_holds_ranges_and_tag(void **state)
{
	const cJSON *ranges;
	cJSON *json;

	(void)state;
	json = run_json("export 03:00.0 --bar 2 --range 64K+64K --range 0+4K "
			"--tag xst=0x1234,ph=1 --json",
			0);
	ranges = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "buffer"), "ranges");
	assert_int_equal(cJSON_GetArraySize(ranges), 2);
	assert_string_equal(at(json, "tag", "text"), "xst=0x1234,ph=1");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "tag"), "st")));
	cJSON_Delete(json);
}

static void exec_inherits_the_buffer(void **state)
{
	(void)state;
	assert_run("export 03:00.0 --bar 2 --offset 0 --length 8K --tag "
		   "st=0x5a,ph=2 --exec printenv TPHBUF_TAG TPHBUF_LENGTH "
		   "TPHBUF_BDF TPHBUF_BAR",
		   0, "st=0x5a,ph=2\n8192\n" FAKE_BDF "\n2\n", "");
	fake_text("child.sh", "test -e /proc/self/fd/$TPHBUF_FD || exit 40\n"
			      "exit 41\n");
	{
		char line[1024];

		snprintf(line, sizeof(line), "export 03:00.0 --bar 2 -- sh %s",
			 fake_path("child.sh"));
		assert_run(line, 41, "", "");
		fake_text("child.sh", "kill -TERM $$\n");
		assert_run(line, 128 + SIGTERM, "", "");
	}
}

/* Detected before any action or output. */
static void missing_program_fails_before_the_export(void **state)
{
	static const struct {
		const char *program;
		int code;
	} cases[] = {
		{ "/nonexistent", 127 },    { "no-such-program", 127 },
		{ "/proc/version/x", 127 }, { "/", 126 },
		{ "/proc/version", 126 },
	};
	char line[1024];
	cJSON *json;
	size_t i;

	(void)state;
	for (i = 0; i < NR(cases); i++) {
		snprintf(line, sizeof(line), "export 99:00.0 --bar 2 --exec %s", cases[i].program);
		assert_run(line, cases[i].code, "", "cannot run '");
		assert_string_equal(result.out, "");
		snprintf(line, sizeof(line), "attach /nonexistent --json --exec %s",
			 cases[i].program);
		json = run_json(line, cases[i].code);
		assert_string_equal(at(json, "error", "stage"), "exec");
		cJSON_Delete(json);
	}
	if (cli_on_valgrind())
		return;
	/* An error that only execve() detects. */
	fake_text("program", "#!/nonexistent/interpreter\n");
	assert_int_equal(chmod(fake_path("program"), 0755), 0);
	snprintf(line, sizeof(line), "export 03:00.0 --bar 2 --exec %s", fake_path("program"));
	assert_run(line, 127, "dma-buf fd", "interpreter");
}

static void hold_ends_with_a_signal(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	(void)state;
	for (i = 0; i < NR(signals); i++) {
		int out = temp_file(), err = temp_file(), waited;
		pid_t pid = start("export 03:00.0 --bar 2 --hold --json", 0, out, err);

		for (waited = 0; waited < 1000; waited++) {
			char text[256];
			ssize_t n = pread(err, text, sizeof(text) - 1, 0);

			if (n > 0) {
				text[n] = '\0';
				assert_non_null(strstr(text, "held by"));
				break;
			}
			usleep(10000);
		}
		kill(pid, signals[i]);
		waitpid(pid, &result.status, 0);
		read_back(out, result.out);
		read_back(err, result.err);
		/* The answer was out before the wait, once. */
		assert_non_null(strstr(result.out, "schema_version"));
		assert_true(WIFEXITED(result.status));
		assert_int_equal(WEXITSTATUS(result.status), 0);
	}
}

/* Without a buffer to hold the command would wait for a signal without end. */
static void a_failure_ends_without_waiting(void **state)
{
	unsigned int nth, failures = 0;

	(void)state;
	/* Fails each VFIO_DEVICE_FEATURE ioctl in turn. */
	for (nth = 1; nth < 32; nth++) {
		fake_fail_ioctl(VFIO_DEVICE_FEATURE, nth, EIO);
		if (!run("export 03:00.0 --bar 2 --tag st=1"))
			continue;
		failures++;
		run("export 03:00.0 --bar 2 --tag st=1 --hold");
		assert_true(WIFEXITED(result.status));
		assert_null(strstr(result.err, "held by"));
		assert_int_not_equal(run("export 03:00.0 --bar 2 --tag st=1 --exec true"), 0);
	}
	/* Export, tag, and the tag that is shown. */
	assert_true(failures >= 3);
	fake_fail_ioctl(0, 0, 0);
	fake_verbs.reg_errno = EINVAL;
	assert_run("register 03:00.0 --bar 2 --ibdev mlx5_0 --hold", 1, "", "register failed");
	assert_null(strstr(result.err, "held by"));
}

static void tag_shows_each_step(void **state)
{
	const cJSON *steps;
	cJSON *json;

	(void)state;
	assert_run("tag 03:00.0 --bar 2 --set st=1,ph=1 --clear", 0, "set    -> tag st=0x01,ph=1",
		   "");
	assert_non_null(strstr(result.out, "clear  -> tag none"));
	json = run_json("tag 03:00.0 --bar 2 --probe --set st=1,xst=2 --get "
			"--set none --json",
			0);
	steps = cJSON_GetObjectItem(json, "steps");
	assert_int_equal(cJSON_GetArraySize(steps), 4);
	assert_string_equal(at(cJSON_GetArrayItem(steps, 2), "tag", "text"),
			    "st=0x01,xst=0x0002,ph=0");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(steps, 3), "tag")));
	cJSON_Delete(json);
}

static void register_shows_everything(void **state)
{
	const cJSON *applied;
	cJSON *json;

	(void)state;
	fake_verbs.tph = fake_applied_st;
	assert_run("register 03:00.0 --bar 2 --range 0+1M --ibdev mlx5_0 --tag "
		   "st=0x5a,ph=2 --require",
		   0, "applied     yes, st=0x5a,ph=2", "");
	json = run_json("register 03:00.0 --bar 2 --range 0+1M --ibdev mlx5_0 "
			"--tag st=0x5a,ph=2 --iova 0x7000000000 --json",
			0);
	assert_string_equal(at(json, "mr", "lkey"), "0x1800");
	assert_string_equal(at(json, "mr", "iova"), "0x7000000000");
	assert_string_equal(at(json, "applied", "state"), "yes");
	applied = cJSON_GetObjectItem(json, "applied");
	assert_string_equal(at(applied, "tag", "text"), "st=0x5a,ph=2");
	cJSON_Delete(json);
	/* A failed deregistration is reported. */
	fake_verbs.dereg_errno = EBUSY;
	cli_leak_expected = true;
	assert_run("register 03:00.0 --bar 2 --range 0+1M --ibdev mlx5_0", 1, "lkey",
		   "memory window");
	cli_leak_expected = false;
}

static void back_ends_are_chosen_and_shown(void **state)
{
	cJSON *json;

	(void)state;
	assert_run("export 03:00.0 --bar 2 --backend group", 1, "", "open failed: /dev/vfio/12");
	fake_group_nodes();
	assert_run("export 03:00.0 --bar 2", 0, "open through iommufd", "");
	assert_run("export 03:00.0 --bar 2 --backend group", 0, "open through group", "");
	json = run_json("tag 03:00.0 --bar 2 --get --json --backend group", 0);
	assert_string_equal(at(json, "buffer", "backend"), "group");
	cJSON_Delete(json);
	/* A kernel without character devices. */
	fake_remove(DEV "/vfio-dev");
	assert_run("export 03:00.0 --bar 2", 0, "open through group", "");
	assert_run("info 03:00.0", 0, "can be set", "");
	assert_run("info 03:00.0 --backend iommufd", 4, "", "CONFIG_VFIO_DEVICE_CDEV");
	fake_text("sys/kernel/iommu_groups/12/name", "vfio-noiommu\n");
	fake_link("dev/vfio/noiommu-12", "12");
	assert_run("export 03:00.0 --bar 2", 4, "", "--noiommu");
	fake.models |= 1u << VFIO_NOIOMMU_IOMMU;
	assert_run("export 03:00.0 --bar 2 --noiommu", 0, "through group", "");
}

static void verbose_logs_each_step(void **state)
{
	(void)state;
	assert_run("info 03:00.0 --verbose", 0, "", "open through iommufd");
}

/* Whatever fails: an exit code, a message, and no sanitizer report. */
static void every_failing_call_ends_cleanly(void **state)
{
	static const char *const lines[] = {
		"list",
		"info 03:00.0",
		"export 03:00.0 --bar 2 --tag st=1 --exec true",
		"tag 03:00.0 --bar 2 --set st=1 --get",
		"register 03:00.0 --bar 2 --ibdev mlx5_0 --tag st=1 --require",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(lines); i++)
		sweep_command(lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(usage_errors_are_2),
		CLI_TEST(too_many_operations_are_refused),
		CLI_TEST(failures_are_1),
		CLI_TEST(lack_of_support_is_4),
		CLI_TEST(list_shows_tph_and_driver),
		CLI_TEST(list_reads_an_other_sysfs_root),
		CLI_TEST(info_without_opening),
		CLI_TEST(info_tells_whether_tags_can_be_set),
		CLI_TEST(errors_in_json_tell_the_stage),
		CLI_TEST(export_json_holds_ranges_and_tag),
		CLI_TEST(exec_inherits_the_buffer),
		CLI_TEST(missing_program_fails_before_the_export),
		CLI_TEST(hold_ends_with_a_signal),
		CLI_TEST(a_failure_ends_without_waiting),
		CLI_TEST(tag_shows_each_step),
		CLI_TEST(register_shows_everything),
		CLI_TEST(back_ends_are_chosen_and_shown),
		CLI_TEST(verbose_logs_each_step),
		CLI_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
