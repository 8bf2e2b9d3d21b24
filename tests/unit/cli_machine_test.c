// SPDX-License-Identifier: MIT
/*
 * The command on machines of other shapes: list, topo and show on sysfs trees
 * with a switch, ACS, registers that cannot be read.
 */
#define _GNU_SOURCE /* ptsname and its kin */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/mock/verbs.h"
#include "tests/unit/cli_machine.h"

static void usage_errors_are_2(void **state)
{
	static const char *const lines[][2] = {
		{ "topo", "no pair of functions" },
		{ "topo 03:00.0", "no pair of functions" },
		{ "topo 03:00.0 04:00.0 05:00.0", "unexpected argument" },
		{ "topo x:y 04:00.0", "neither a PCI address nor" },
		{ "topo 03:00.0 ../../etc", "neither a PCI address nor" },
		{ "topo 03:00.0 04:00.0 --bar 2", "--bar is not an option" },
		{ "topo 03:00.0 04:00.0 --root", "--root needs a value" },
		{ "doctor 03:00.0 04:00.0 x", "unexpected argument" },
		{ "doctor 03:00:0", "neither a PCI address nor" },
		{ "doctor --ibdev mlx5_0", "--ibdev is not an option" },
		{ "doctor --exec true", "is not an option" },
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
	assert_run(rooted("topo 03:00.0 mlx5_7"), 1, "", "no RDMA device mlx5_7");
	assert_run(rooted("topo 09:00.0 mlx5_0"), 1, "", "no such PCI function");
	assert_run(rooted("doctor 09:00.0"), 1, "no such PCI function", "");
	assert_run(rooted("show 4711"), 1, "", "process 4711");
	assert_run(rooted("show 4711/3"), 1, "", "descriptor 3 of process 4711");
	assert_run("topo 03:00.0 mlx5_0 --root /nonexistent", 1, "", "no such PCI function");
}

static void help_shows_an_example(void **state)
{
	static const char *const names[] = {
		"topo",
		"doctor",
		"show",
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
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "devices")), 7);
	cJSON_Delete(json);
}

static void list_notes_unreadable_config_space(void **state)
{
	(void)state;
	build(good);
	run(rooted("list"));
	assert_string_equal(result.err, "");
	/* Of the completer alone, and of the requester alone. */
	machine_truncate_config(MEM, 64);
	run(rooted("list"));
	assert_non_null(strstr(result.err, "cannot be read"));
	build(good);
	machine_truncate_config(NIC, 290);
	run(rooted("list"));
	assert_non_null(strstr(result.err, "cannot be read"));
	/* Of a function that is not listed. */
	build(good);
	machine_truncate_config("0000:02:01.0", 64);
	run(rooted("list"));
	assert_string_equal(result.err, "");
}

/* The machine has BAR 2 alone. */
static void present_bars_are_shown(void **state)
{
	const cJSON *bars;
	cJSON *json;

	(void)state;
	build(good);
	assert_run(rooted("info 03:00.0 --no-open"), 0, "\nBAR2         64 MiB", "");
	assert_null(strstr(result.out, "BAR0"));
	assert_null(strstr(result.out, "BAR3"));
	json = run_json(rooted("info 03:00.0 --no-open --json"), 0);
	bars = cJSON_GetObjectItem(json, "bars");
	assert_int_equal(cJSON_GetArraySize(bars), 1);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(bars, 0), "bar")->valueint, 2);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(bars, 0), "size")->valueint,
			 64 << 20);
	cJSON_Delete(json);
	assert_run(rooted("list"), 0, "  2: 64 MiB\n", "");
	run(rooted("doctor 03:00.0 --no-open"));
	assert_non_null(strstr(result.out, "1 BARs of a page or more"));
}

static void topo_judges_the_route(void **state)
{
	const cJSON *ports;
	cJSON *json;

	(void)state;
	build(good);
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0,
		   "route       direct: they meet at 0000:01:00.0", "");
	assert_non_null(strstr(result.out, "16-bit tag  delivered"));
	assert_non_null(strstr(result.out, "8-bit tag   dropped"));
	assert_non_null(strstr(result.out, "gen4 x8 of gen5 x16"));
	json = run_json(rooted("topo 03:00.0 04:00.0 --json"), 0);
	assert_string_equal(at(json, "route", "state"), "direct");
	assert_string_equal(at(json, "route", "common"), "0000:01:00.0");
	assert_string_equal(at(cJSON_GetObjectItem(json, "tags"), "xst", "delivery"), "delivered");
	ports = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "requester"), "ports");
	assert_int_equal(cJSON_GetArraySize(ports), 4);
	assert_string_equal(at(cJSON_GetArrayItem(ports, 1), "type", NULL), "downstream");
	cJSON_Delete(json);
}

static void topo_shows_redirection(void **state)
{
	cJSON *json;

	(void)state;
	WITH(DSP0, acs, 0x1d);
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "SV RR CR UF", "");
	assert_non_null(strstr(result.out, "route       refused: ACS"));
	assert_non_null(strstr(result.out, "pci=disable_acs_redir=0000:02:00.0"));
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
	assert_run(rooted("topo 03:00.0 mlx5_0"), 0, "route       unknown", "");
	assert_non_null(strstr(result.out, "CAP_SYS_ADMIN"));
}

static void show_reads_fdinfo(void **state)
{
	cJSON *json;

	(void)state;
	build(good);
	fake_text("proc/4711/fdinfo/0", "pos:\t0\nflags:\t02\n");
	assert_run(rooted("show 4711"), 0, "holds no dma-buf", "");
	assert_run(rooted("show 4711/0"), 1, "", "is not a dma-buf");
	fake_text("proc/4711/fdinfo/11", "pos:\t0\nino:\t7\nsize:\t1048576\ncount:\t2\n"
					 "exp_name:\tvfio_pci_core\nname:\tslice\x1b[2J\n");
	fake_text("proc/4711/fdinfo/7", "size:\t4096\ncount:\t1\nexp_name:\tudmabuf\n");
	assert_run(rooted("show 4711"), 0, "vfio_pci_core", "");
	assert_true(strstr(result.out, "udmabuf") < strstr(result.out, "vfio_pci_core"));
	assert_null(strstr(result.out, "\033"));
	json = run_json(rooted("show 4711/11 --json"), 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "buffers")), 1);
	cJSON_Delete(json);
}

static void show_rejects_garbled_fdinfo(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"size",
		"size:",
		"size:\t4096\n",
		"size:\t\nexp_name:\tx\n",
		"size:\t-1\nexp_name:\tx\n",
		"size:\t99999999999999999999\nexp_name:\tx\n",
		"exp_name:\tx\ncount:\t1\n",
		"size:\t1\nexp_name:\n",
		":::\n",
	};
	size_t i;

	(void)state;
	build(good);
	for (i = 0; i < NR(texts); i++) {
		fake_text("proc/4711/fdinfo/3", texts[i]);
		assert_run(rooted("show 4711/3"), 1, "", "is not a dma-buf");
	}
	fake_remove("proc/4711/fdinfo/3");
	fake_mkdir("proc/4711/fdinfo/3");
	assert_run(rooted("show 4711/3"), 1, "", "directory");
	assert_run(rooted("show 4711"), 0, "no dma-buf", "");
}

/* A path is never cut to one that the kernel takes. */
static void show_cuts_no_path(void **state)
{
	static const char below[] = "/proc/4711/fdinfo/3";
	char line[PATH_MAX + 64];
	size_t len, used;

	(void)state;
	build(good);
	for (len = PATH_MAX - 1; len <= PATH_MAX + 1; len++) {
		used = (size_t)snprintf(line, sizeof(line), "show 4711/3 --root %s", fake_root());
		while (used < strlen("show 4711/3 --root ") + len - strlen(below))
			line[used++] = '/';
		line[used] = '\0';
		assert_run(line, 1, "", len < PATH_MAX ? "No such file" : "name too long");
	}
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

/* The command on a terminal, with this in the environment. */
static void run_on_terminal(const char *line, const char *name, const char *value)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, err = temp_file();
	char old[64];
	ssize_t n;

	snprintf(old, sizeof(old), "%s", getenv(name) ? getenv(name) : "");
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	setenv(name, value, 1);
	waitpid(start(rooted(line), 0, slave, err), &result.status, 0);
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
	run_on_terminal("list", "NO_COLOR", "");
	assert_non_null(strstr(result.out, "\033[32m"));
	assert_non_null(strstr(result.out, "\033[0m"));
	run_on_terminal("list", "NO_COLOR", "1");
	assert_null(strstr(result.out, "\033["));
	run_on_terminal("list", "TERM", "dumb");
	assert_null(strstr(result.out, "\033["));
	run(rooted("list"));
	assert_null(strstr(result.out, "\033["));
}

static void colours_tell_delivery(void **state)
{
	(void)state;
	build(good);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	run_on_terminal("topo 03:00.0 mlx5_0", "NO_COLOR", "");
	assert_non_null(strstr(result.out, "16-bit tag  \033[32mdelivered\033[0m"));
	assert_non_null(strstr(result.out, "8-bit tag   \033[31mdropped\033[0m"));
	machine_truncate_config("0000:02:00.0", 64);
	run_on_terminal("topo 03:00.0 mlx5_0", "NO_COLOR", "");
	assert_non_null(strstr(result.out, "16-bit tag  \033[33munknown\033[0m"));
}

static void every_failing_call_ends_cleanly(void **state)
{
	(void)state;
	build(good);
	sweep_command(rooted("topo 03:00.0 mlx5_0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(usage_errors_are_2),
		CLI_TEST(failures_are_1),
		CLI_TEST(help_shows_an_example),
		CLI_TEST(list_shows_the_machine),
		CLI_TEST(list_notes_unreadable_config_space),
		CLI_TEST(present_bars_are_shown),
		CLI_TEST(topo_judges_the_route),
		CLI_TEST(topo_shows_redirection),
		CLI_TEST(topo_of_unprivileged_users),
		CLI_TEST(show_reads_fdinfo),
		CLI_TEST(show_rejects_garbled_fdinfo),
		CLI_TEST(show_cuts_no_path),
		CLI_TEST(show_takes_an_inherited_descriptor),
		CLI_TEST(colours_are_for_terminals),
		CLI_TEST(colours_tell_delivery),
		CLI_TEST(every_failing_call_ends_cleanly),
	};

	return cmocka_run_group_tests_name("cli_machine", tests, NULL, NULL);
}
