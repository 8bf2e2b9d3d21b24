// SPDX-License-Identifier: MIT
/* tphbuf steer on the fake machine, and what info and doctor say about steering. */
#include <linux/vfio.h>
#include <stdio.h>

#include "cli/options.h"
#include "tests/unit/cli_run.h"

#define CAP	    0x100 /* TPH requester capability of the fake machine */
#define NS_IV	    3u
#define NS_IV_DS    7u
#define IN_CAP	    (1u << 9)
#define EXT	    (1u << 8)
#define ENTRIES(n)  (((n) - 1u) << 16)
#define STEER_SET   (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_TPH_ST)
#define STEER_GET   (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_TPH_ST)
#define NOT_ALLOWED (FAKE_CPUS - 1) /* CPU outside of the caller's affinity */

static int setup(void **state)
{
	int ret = cli_setup(state);

	fake.steer = STEER_CONFINED;
	fake.steer_entries = 4;
	fake_device_config(CAP + 4, NS_IV | EXT | IN_CAP | ENTRIES(4), 4);
	fake_device_config(CAP + 8, 0, 4);
	return ret;
}

#define STEER_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, fixture_close)

static void unsafe(void)
{
	fake.steer = STEER_UNSAFE;
	fake_device_config(CAP + 4, NS_IV_DS | EXT | IN_CAP | ENTRIES(4), 4);
}

static void usage_errors_are_2(void **state)
{
	static const char *const lines[][2] = {
		{ "steer", "no device" },
		{ "steer nonsense", "not a PCI address" },
		{ "steer 03:00.0 04:00.0", "unexpected argument" },
		{ "steer 03:00.0 --entry", "--entry needs a value" },
		{ "steer 03:00.0 --entry x --cpu 0", "between 0 and 2047" },
		{ "steer 03:00.0 --entry -1 --cpu 0", "between 0 and 2047" },
		{ "steer 03:00.0 --entry 2048 --cpu 0", "between 0 and 2047" },
		{ "steer 03:00.0 --entry 18446744073709551616 --cpu 0", "between 0 and 2047" },
		{ "steer 03:00.0 --entry 0", "--entry 0 has no CPU" },
		{ "steer 03:00.0 --entry 0 --entry 1 --cpu 0", "the entry before" },
		{ "steer 03:00.0 --cpu 0", "give the entry first" },
		{ "steer 03:00.0 --entry 0 --cpu 0 --cpu 1", "give the entry first" },
		{ "steer 03:00.0 --entry 0 --cpu", "--cpu needs a value" },
		{ "steer 03:00.0 --entry 0 --cpu all", "number of a CPU, or none" },
		{ "steer 03:00.0 --entry 0 --cpu -1", "number of a CPU, or none" },
		{ "steer 03:00.0 --entry 0 --cpu 2147483648", "number of a CPU, or none" },
		{ "steer 03:00.0 --entry 0 --cpu 4294967295", "number of a CPU, or none" },
		{ "steer 03:00.0 --enable", "--enable needs a value" },
		{ "steer 03:00.0 --enable IV", "ns, iv or ds" },
		{ "steer 03:00.0 --enable 1", "ns, iv or ds" },
		{ "steer 03:00.0 --width 8", "--width without a mode" },
		{ "steer 03:00.0 --enable iv --width 12", "8 or 16" },
		{ "steer 03:00.0 --enable iv --width 8.", "8 or 16" },
		{ "steer 03:00.0 --pm=1", "takes no value" },
		{ "steer 03:00.0 --bar 2", "--bar is not an option" },
		{ "steer 03:00.0 --exec true", "is not an option" },
		{ "info 03:00.0 --entry 0", "--entry is not an option" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(lines); i++)
		assert_run(lines[i][0], 2, "", lines[i][1]);
	assert_int_equal(fake_entry(0)->cpu, FAKE_NO_CPU);
	assert_int_not_equal(run("steer 03:00.0 --entry 0 --cpu 2147483647"), 2);
}

static void too_many_entries_are_refused(void **state)
{
	char line[2048] = "steer 03:00.0";
	int i;

	(void)state;
	for (i = 0; i <= MAX_STEER / 4; i++)
		strcat(line,
		       " --entry=0 --cpu=0 --entry=1 --cpu=0 --entry=2 --cpu=0 --entry=3 --cpu=0");
	assert_run(line, 2, "", "more than 64 entries");
}

static void failures_are_1(void **state)
{
	char line[128];

	(void)state;
	assert_run("steer 99:00.0", 1, "", "no such PCI function");
	snprintf(line, sizeof(line), "steer 03:00.0 --entry 0 --cpu %d", NOT_ALLOWED);
	assert_run(line, 1, "", "taskset");
	snprintf(line, sizeof(line), "steer 03:00.0 --entry 0 --cpu %d", FAKE_CPUS);
	assert_run(line, 1, "", "no such entry or CPU");
	assert_run("steer 03:00.0 --entry 4 --cpu 0", 1, "", "no such entry or CPU");
	assert_run("steer 03:00.0 --entry 0 --cpu 0 --tags", 1, "", "unsafe");
	fake_fail_feature(STEER_SET, ENODATA);
	assert_run("steer 03:00.0 --entry 0 --cpu 0", 1, "", "no steering tag");
	fake_fail_feature(0, 0);
	fake.steer_refuses = true;
	assert_run("steer 03:00.0 --enable iv", 1, "", "reads back as off");
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EBUSY);
	assert_run("steer 03:00.0", 1, "", "bind failed");
}

static void lack_of_support_is_4(void **state)
{
	(void)state;
	assert_run("steer 05:00.0", 4, "", "not bound to vfio-pci");
	assert_run("steer 03:00.0 --enable ds", 4, "", "cannot be enabled");
	fake_device_config(CAP + 4, NS_IV | IN_CAP | ENTRIES(4), 4);
	assert_run("steer 03:00.0 --enable iv --width 16", 4, "", "up to 8 bits");
	fake.steer = STEER_OFF;
	assert_run("steer 03:00.0", 4, "", "tph_st");
	assert_run("steer 03:00.0 --entry 0 --cpu 0", 4, "", "tph_st");
	fake.steer = STEER_NO_REQUESTER;
	assert_run("steer 03:00.0", 4, "", "requester");
	fake.steer = STEER_FOREIGN;
	assert_run("steer 03:00.0", 4, "", "something else");
}

static void shows_what_is_possible(void **state)
{
	const cJSON *modes;
	cJSON *json;

	(void)state;
	assert_run("steer 03:00.0", 0,
		   "steering     modes ns iv, up to 16-bit tags, table of 4 entries, CPUs can be set\n"
		   "enabled      no\n",
		   "");
	json = run_json("steer 03:00.0 --json", 0);
	modes = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "steering"), "modes");
	assert_int_equal(cJSON_GetArraySize(modes), 2);
	assert_string_equal(cJSON_GetArrayItem(modes, 1)->valuestring, "iv");
	cJSON_Delete(json);
	fake_device_config(CAP + 4, 1, 4);
	fake.steer_entries = 0;
	assert_run("steer 03:00.0", 0, "steering     modes ns, up to 8-bit tags, no table\n", "");
}

/* Neighbours in one call: all of them are set or none. */
static void neighbours_are_set_together(void **state)
{
	char line[128];

	(void)state;
	assert_run("steer 03:00.0 --entry 0 --cpu 1 --entry 1 --cpu 2 --entry 3 --cpu none", 0,
		   "entry 1      CPU 2\nentry 3      not set", "");
	snprintf(line, sizeof(line), "steer 03:00.0 --entry 0 --cpu 0 --entry 1 --cpu %d",
		 NOT_ALLOWED);
	fake_fail_feature(STEER_SET, 0);
	assert_run(line, 1, "", "taskset");
}

static void tags_are_shown_at_level_unsafe(void **state)
{
	const cJSON *entries;
	cJSON *json;

	(void)state;
	unsafe();
	assert_run("steer 03:00.0 --entry 2 --cpu 1 --tags", 0,
		   "entry 2      CPU 1, tag st=0x21,xst=0x0121", "");
	json = run_json("steer 03:00.0 --entry 0 --cpu 0 --entry 1 --cpu none --tags --json", 0);
	entries = cJSON_GetObjectItem(json, "entries");
	assert_int_equal(cJSON_GetArraySize(entries), 2);
	assert_string_equal(at(cJSON_GetArrayItem(entries, 0), "tag", "text"), "st=0x20,ph=0");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(entries, 1), "cpu")));
	cJSON_Delete(json);
	assert_run("steer 03:00.0 --entry 0 --cpu 1 --entry 3 --cpu 2 --tags", 0,
		   "entry 0      CPU 1, tag st=0x21,xst=0x0121,ph=0\n"
		   "entry 3      CPU 2, tag st=0x22,xst=0x0122,ph=0",
		   "");
	assert_run("steer 03:00.0 --entry 2 --cpu 1 --pm --tags", 0, "tag st=0x41,xst=0x0241", "");
	fake_fail_feature(STEER_GET, EIO);
	assert_run("steer 03:00.0 --entry 0 --cpu 0 --tags", 1, "", "D0");
}

static void enable_tells_what_is_on(void **state)
{
	const cJSON *steering;
	cJSON *json;

	(void)state;
	assert_run("steer 03:00.0 --enable iv", 0, "enabled      iv, 16-bit tags", "");
	json = run_json("steer 03:00.0 --enable ns --width 8 --json", 0);
	steering = cJSON_GetObjectItem(json, "steering");
	assert_string_equal(at(steering, "enabled", NULL), "ns");
	assert_int_equal(cJSON_GetObjectItem(steering, "enabled_width")->valueint, 8);
	cJSON_Delete(json);
}

static void info_and_doctor_mention_it(void **state)
{
	cJSON *json;

	(void)state;
	assert_run("info 03:00.0", 0, "steering     modes ns iv", "");
	/* An error, for vfio-pci is not loaded */
	assert_run("doctor 03:00.0", 1, FAKE_BDF " sends steering tags of CPUs, up to 16 bits\n",
		   "");
	fake.steer = STEER_UNSAFE;
	assert_run("doctor 03:00.0", 1, "up to 16 bits; level unsafe: its user can send any tag\n",
		   "");
	fake.steer = STEER_CONFINED;
	fake.steer_entries = 0;
	assert_run("doctor 03:00.0", 1, FAKE_BDF " sends TPH requests if asked to, without", "");
	fake.steer = STEER_OFF;
	assert_run("doctor 03:00.0", 1, "steering      not in use: ", "");
	json = run_json("info 03:00.0 --json", 0);
	assert_true(cJSON_IsFalse(
		cJSON_GetObjectItem(cJSON_GetObjectItem(json, "steering"), "supported")));
	assert_non_null(strstr(at(json, "steering", "reason"), "tph_st"));
	cJSON_Delete(json);
}

static void every_fault_is_reported(void **state)
{
	(void)state;
	unsafe();
	sweep_command("steer 03:00.0 --entry 0 --cpu 1 --enable iv --tags");
	sweep_command("steer 03:00.0 --entry 0 --cpu 1 --enable iv --tags --json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEER_TEST(usage_errors_are_2),
		STEER_TEST(too_many_entries_are_refused),
		STEER_TEST(failures_are_1),
		STEER_TEST(lack_of_support_is_4),
		STEER_TEST(shows_what_is_possible),
		STEER_TEST(neighbours_are_set_together),
		STEER_TEST(tags_are_shown_at_level_unsafe),
		STEER_TEST(enable_tells_what_is_on),
		STEER_TEST(info_and_doctor_mention_it),
		STEER_TEST(every_fault_is_reported),
	};

	return cmocka_run_group_tests_name("cli_steer", tests, NULL, NULL);
}
