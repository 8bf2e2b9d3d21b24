// SPDX-License-Identifier: MIT
/*
 * Output of the command: complete or a failure, valid UTF-8 in JSON, and without control
 * sequences of terminals.
 */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/table.h"
#include "cli/text.h"
#include "tests/mock/machine.h"
#include "tests/mock/queues.h"
#include "tests/mock/verbs.h"
#include "tests/unit/cli_run.h"

#define DEV  "sys/bus/pci/devices/" FAKE_BDF
#define LOST "cannot write to standard output"

static int setup(void **state)
{
	fake_port_setup();
	return cli_setup(state);
}

/* Run it with standard output on @out, CLOSED_FD for none. */
static void run_to(const char *line, int out)
{
	int err = temp_file();
	pid_t pid = start(line, 0, out, err);

	waitpid(pid, &result.status, 0);
	result.code = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : -1;
	read_back(err, result.err);
}

static void assert_lost(const char *line, int out)
{
	const char *said;

	run_to(line, out);
	said = strstr(result.err, LOST);
	if (result.code != 1 || !said)
		fail_msg("tphbuf %s: %d, expected 1\n%s", line, result.code, result.err);
	/* Written once, before the command blocks or runs a program. */
	assert_null(strstr(said + 1, LOST));
	assert_null(strstr(result.err, "held by"));
	assert_null(strstr(result.err, "/ran/all"));
}

/* As text and as JSON, on a full disk and without standard output. */
static void lost_output_is_an_error_of_every_command(void **state)
{
	static const char *const lines[] = {
		"list",
		"list --all",
		"info 03:00.0",
		"info 05:00.0",
		"doctor",
		"doctor 03:00.0 mlx5_0",
		"export 03:00.0 --bar 2",
		"export 03:00.0 --bar 2 --hold",
		"tag 03:00.0 --bar 2 --get",
		"show self",
		"register 03:00.0 --bar 2 --ibdev mlx5_0",
		"register 03:00.0 --bar 2 --ibdev mlx5_0 --hold",
		"selftest 03:00.0 mlx5_0 --bar 2",
		"list --help",
	};
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char line[512];
	size_t i;
	int json;

	(void)state;
	for (i = 0; i < 2 * NR(lines); i++) {
		json = i % 2;
		snprintf(line, sizeof(line), "%s%s", lines[i / 2], json ? " --json" : "");
		assert_lost(line, full);
		assert_lost(line, CLOSED_FD);
	}
	for (json = 0; json < 2; json++) {
		const char *word = json ? "--json" : "";

		snprintf(line, sizeof(line), "serve 03:00.0 --bar 2 --socket %s %s", fake_path("s"),
			 word);
		assert_lost(line, full);
		assert_lost(line, CLOSED_FD);
		snprintf(line, sizeof(line),
			 "export 03:00.0 --bar 2 %s --exec ls /ran/all/the/same", word);
		assert_lost(line, full);
		assert_lost(line, CLOSED_FD);
	}
	assert_int_not_equal(access(fake_path("s"), F_OK), 0);
	assert_lost("--help", full);
	assert_lost("help", CLOSED_FD);
	assert_lost("--version", full);
	/* An error whose only report is that output. */
	assert_lost("attach /nonexistent/s --json", full);
	assert_lost("nosuch --json", CLOSED_FD);
	close(full);
}

/* Two functions below one port, the first with this driver. */
static void build_path(const char *driver)
{
	const struct machine_fn fns[] = {
		{ .path = "pci0000:00/0000:00:01.0",
		  .class_code = 0x060400,
		  .type = PCI_EXP_TYPE_ROOT_PORT,
		  .completer = 3 },
		{ .path = "pci0000:00/0000:00:01.0/" FAKE_BDF,
		  .type = PCI_EXP_TYPE_ENDPOINT,
		  .acs = MACHINE_NO_ACS,
		  .driver = driver },
		{ .path = "pci0000:00/0000:00:01.0/0000:03:00.1",
		  .type = PCI_EXP_TYPE_ENDPOINT,
		  .acs = MACHINE_NO_ACS },
		{ 0 },
	};

	machine_build(fns);
}

static void topo_does_not_either(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	build_path("vfio-pci");
	assert_run("topo 03:00.0 03:00.1", 0, "route", "");
	assert_lost("topo 03:00.0 03:00.1", full);
	assert_lost("topo 03:00.0 03:00.1 --json", full);
	assert_lost("topo 03:00.0 03:00.1", CLOSED_FD);
	assert_lost("topo 03:00.0 03:00.1 --json", CLOSED_FD);
	close(full);
	build_path("\033[31mred");
	assert_run("topo 03:00.0 03:00.1", 0, "driver ?[31mred", "");
	cJSON_Delete(run_json("topo 03:00.0 03:00.1 --json", 0));
	assert_non_null(strstr(result.out, "\\u001b[31mred"));
}

/* The last flush then has no data left and succeeds. */
static void an_early_failed_write_counts(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];
	char name[64];
	int i;

	(void)state;
	for (i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "sys/bus/pci/devices/0000:40:%02x.0", i / 2);
		name[strlen(name) - 1] = (char)('0' + i % 2);
		fake_mkdir(name);
	}
	assert_lost("list --all", full);
	assert_lost("list --all --json", full);
	assert_lost("list --all --json", CLOSED_FD);
	close(full);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_lost("list --all", ends[1]);
	assert_lost("list --all --json", ends[1]);
	signal(SIGPIPE, SIG_DFL);
	close(ends[1]);
}

/* --json takes effect at every position before "--". */
static void usage_errors_are_json_too(void **state)
{
	static const char *const lines[] = {
		"nosuch --json",
		"--json list",
		"--json",
		"--jso --json",
		"nosuch a b --json -- c",
		"list --bogus --json",
		"list --json --bogus",
		"tag 03:00.0 --exec --json",
		"info --json nonsense -- x",
		"serve --json",
	};
	cJSON *json;
	size_t i;

	(void)state;
	for (i = 0; i < NR(lines); i++) {
		json = run_json(lines[i], 2);
		assert_string_equal(at(json, "error", "stage"), "argument");
		assert_non_null(strstr(result.err, at(json, "error", "text")));
		cJSON_Delete(json);
	}
	json = run_json("nosuch --json", 2);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "command")));
	cJSON_Delete(json);
	assert_run("nosuch -- --json", 2, "", "no command 'nosuch'");
	assert_string_equal(result.out, "");
	assert_run("list extra -- --json", 2, "", "extra");
	assert_string_equal(result.out, "");
}

/* Checked by the C library. */
static void assert_utf8(const char *text)
{
	if (mbstowcs(NULL, text, 0) == (size_t)-1)
		fail_msg("no UTF-8: %s", text);
}

static void json_is_always_utf8(void **state)
{
	static const char *const bytes[] = {
		"\xff",
		"\xc3",
		"\xc3(",
		"\xc0\xaf",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xf0\x9f\x98",
		"\x9b",
	};
	char line[1024] = "info ";
	size_t i, at_byte;

	(void)state;
	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	for (i = 0; i < NR(bytes); i++) {
		snprintf(line, sizeof(line), "info a%sb --json", bytes[i]);
		cJSON_Delete(run_json(line, 2));
		assert_utf8(result.out);
		assert_utf8(result.err);
		snprintf(line, sizeof(line), "attach --json /nonexistent/%s", bytes[i]);
		cJSON_Delete(run_json(line, 1));
		assert_utf8(result.out);
		fake_remove(DEV "/driver");
		fake_link(DEV "/driver", bytes[i]);
		cJSON_Delete(run_json("info 03:00.0 --no-open --json", 0));
		assert_utf8(result.out);
	}
	/* At every offset of the truncation. */
	for (at_byte = 5; at_byte < 8; at_byte++) {
		memset(line, 0, sizeof(line));
		memset(line, 'x', at_byte);
		memcpy(line, "info ", 5);
		for (i = 0; i < 290; i++)
			strcat(line, "\u20ac");
		strcat(line, " --json");
		cJSON_Delete(run_json(line, 2));
		assert_utf8(result.out);
		assert_utf8(result.err);
		assert_null(strchr(result.err, '?'));
	}
	/* Valid text is unchanged. */
	assert_run("info \u00e9\u20ac\U0001f600 --json", 2, "\u00e9\u20ac\U0001f600",
		   "\u00e9\u20ac\U0001f600");
}

/* Bell, colour, the same as one character of Latin 1 and of Unicode. */
static void terminals_get_no_orders(void **state)
{
	static const char *const evil[] = {
		"a\ab",
		"\033[31mred",
		"\x9b"
		"31m",
		"\xc2\x9b"
		"31m",
		"a\rb",
		"del\x7f",
	};
	char line[512];
	size_t i, k;

	(void)state;
	for (i = 0; i < NR(evil); i++) {
		const char *const lines[] = {
			"%s",
			"list --%s",
			"info %s",
			"export 03:00.0 --bar %s",
			"attach /nonexistent/%s",
			"list --root=%s",
			"list --all",
			"info 03:00.0 --no-open",
			"export 03:00.0 --bar 2 --exec %s",
		};

		fake_remove(DEV "/driver");
		fake_link(DEV "/driver", evil[i]);
		for (k = 0; k < NR(lines); k++) {
			snprintf(line, sizeof(line), lines[k], evil[i]);
			run(line);
			if (strstr(result.out, evil[i]) || strstr(result.err, evil[i]))
				fail_msg("tphbuf %s: it passes\n%s%s", line, result.out, result.err);
			assert_true(result.out[0] || result.err[0]);
		}
	}
}

static void text_is_cleaned(void **state)
{
	static const char *const texts[][2] = {
		{ "plain", "plain" },
		{ "a\x1b[2J\xff", "a?[2J?" },
		{ "", "" },
		{ "\xc2\x9b"
		  "1m",
		  "??1m" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "cut \xe2\x82", "cut " },
		{ "bell\a", "bell?" },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < NR(texts); i++) {
		snprintf(text, sizeof(text), "%s", texts[i][0]);
		text_clean(text);
		assert_string_equal(text, texts[i][1]);
	}
}

static void assert_said(const char *fmt, const char *arg, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	say(out, fmt, arg);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

/* A line ends where the caller says so. A longer one than 4095 bytes is cut, and ends as well. */
static void lines_are_said(void **state)
{
	char longest[5000], cut[4097];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(cut, 'x', sizeof(cut));
	strcpy(cut + 4095, "\n");
	assert_said("%s", "", "");
	assert_said("%s\n", "", "\n");
	assert_said("%s", "a\n", "a?");
	assert_said("%s\n", "a\n", "a?\n");
	assert_said("%s\n", longest, cut);
}

/* Also more of them than any command has. */
static void tables_have_any_number_of_columns(void **state)
{
	static const char *const heads[40] = { [0] = "FIRST", [39] = "LAST" };
	const char *names[40];
	struct cli cli = { .color = false };
	int saved = dup(STDOUT_FILENO), out = temp_file();
	struct table *table;
	size_t i;

	(void)state;
	for (i = 0; i < NR(names); i++)
		names[i] = heads[i] ? heads[i] : "-";
	table = table_new(names, NR(names));
	for (i = 0; i < NR(names); i++)
		table_cell(table, COLOR_NONE, "%zu", i);
	for (i = 0; i < NR(names); i++)
		table_cell(table, COLOR_NONE, "%s", i ? "" : "x");
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(table_end(table, &cli), CLI_OK);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	read_back(out, result.out);
	assert_non_null(strstr(result.out, "\n0      1  "));
	assert_non_null(strstr(result.out, "  38  39\n"));
	assert_non_null(strstr(result.out, "\nx\n")); /* no blanks for cells that are empty */
}

#define OUTPUT_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTPUT_TEST(lost_output_is_an_error_of_every_command),
		OUTPUT_TEST(topo_does_not_either),
		OUTPUT_TEST(an_early_failed_write_counts),
		OUTPUT_TEST(usage_errors_are_json_too),
		OUTPUT_TEST(text_is_cleaned),
		OUTPUT_TEST(lines_are_said),
		OUTPUT_TEST(tables_have_any_number_of_columns),
		OUTPUT_TEST(json_is_always_utf8),
		OUTPUT_TEST(terminals_get_no_orders),
	};

	return cmocka_run_group_tests_name("cli_output", tests, NULL, NULL);
}
