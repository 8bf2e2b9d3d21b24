// SPDX-License-Identifier: MIT
/*
 * steer_ops TEST BDF [ARGUMENT]: VFIO_DEVICE_FEATURE_TPH_ST and the TPH requester capability of a DMA
 * engine bound to vfio-pci. What vfio says is compared with the engine's witness registers, and the
 * tags of TLPs are counted where they arrive, at host memory.
 */
#include <stdio.h>
#include <string.h>

#include "tests/guest/steer_ops.h"
#include "tests/harness/args.h"

/* What a test takes after the device; MODE may be left out. */
enum argument { NONE, LEVEL, MODE, NUMBER, RESET, TEXT };

static const struct test {
	const char *name;
	void (*run)(struct steer *rig, const char *arg);
	enum argument argument;
} tests[] = {
	{ "off", test_off, NONE },
	{ "notph", test_notph, NONE },
	{ "matrix", test_matrix, LEVEL },
	{ "no_capability", test_no_capability, NONE },
	{ "widths", test_widths, NONE },
	{ "writes", test_writes, NONE },
	{ "wire", test_wire, NONE },
	{ "secret", test_secret, NONE },
	{ "no_secret", test_no_secret, NONE },
	{ "affinity", test_affinity, NONE },
	{ "offline", test_offline, NONE },
	{ "firmware", test_firmware, TEXT },
	{ "reset", test_reset, RESET },
	{ "d3hot", test_d3hot, NONE },
	{ "error", test_error, TEXT },
	{ "no_answer", test_no_answer, NONE },
	{ "two_openers", test_two_openers, MODE },
	{ "leave", test_leave, NONE },
	{ "told", test_told, NONE },
	{ "msix", test_msix, NONE },
	{ "both_roles", test_both_roles, TEXT },
	{ "disobedient", test_disobedient, NONE },
	{ "bad", test_bad_inputs, LEVEL },
	{ "random", test_random_inputs, NUMBER },
	{ "hotplug", test_hotplug, NUMBER },
	{ "faults", test_faults, NONE },
	{ "stress", test_stress, NUMBER },
};

static void check_argument(const struct test *test, int argc, const char *text)
{
	static const char *const words[] = {
		[LEVEL] = "confined|unsafe", [MODE] = "iv|ns", [RESET] = "vfio|flr|sysfs|d3hot", [TEXT] = NULL
	};

	args_count(argc, test->argument == NONE || test->argument == MODE ? 2 : 3,
		   test->argument == NONE ? 2 : 3, "TEST BDF [ARGUMENT]");
	if (text && words[test->argument])
		args_word("ARGUMENT", text, words[test->argument]);
	if (test->argument == NUMBER)
		args_number("ARGUMENT", text, 1, 1000000000);
}

int main(int argc, char **argv)
{
	struct steer rig;

	args_count(argc, 2, 3, "TEST BDF [ARGUMENT]");
	args_setting("SEED", 0, 0, UINT64_MAX); /* before the device is opened */
	if (!strcmp(argv[1], "absent")) {
		args_count(argc, 2, 2, "absent BDF");
		test_absent(argv[2]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(argv[1], tests[i].name))
			continue;
		check_argument(&tests[i], argc, argv[3]);
		steer_open(&rig, argv[2]);
		tests[i].run(&rig, argv[3]);
		steer_close(&rig);
		printf("%s %s: ok\n", argv[2], argv[1]);
		return 0;
	}
	args_bad("TEST '%s' is not one of this program", argv[1]);
}
