// SPDX-License-Identifier: MIT
/* The helpers of userspace/util. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "util/driver.h"
#include "util/fd.h"
#include "util/number.h"
#include "util/sized.h"
#include "util/uuid.h"

struct grown {
	size_t size;
	uint32_t a;
	uint32_t b;
};

static void sized_in_bad_sizes(void **state)
{
	struct {
		struct grown known;
		uint32_t later[2];
	} caller = { .known = { .size = sizeof(caller), .a = 1 } };
	struct grown g;

	(void)state;
	caller.known.size = 0;
	assert_int_equal(sized_in(&g, sizeof(g), &caller), -EINVAL);
	caller.known.size = sizeof(size_t) - 1;
	assert_int_equal(sized_in(&g, sizeof(g), &caller), -EINVAL);
	caller.known.size = sizeof(caller);
	caller.later[1] = 1;
	assert_int_equal(sized_in(&g, sizeof(g), &caller), -E2BIG);
}

static void sized_in_older_newer_and_null(void **state)
{
	struct {
		struct grown known;
		uint32_t later[2];
	} caller = { .known = { .size = sizeof(caller), .a = 1, .b = 2 } };
	struct grown g = { 9, 9, 9 };

	(void)state;
	assert_int_equal(sized_in(&g, sizeof(g), &caller), 0);
	assert_int_equal(g.a, 1);
	assert_int_equal(g.b, 2);
	caller.known.size = offsetof(struct grown, b);
	assert_int_equal(sized_in(&g, sizeof(g), &caller), 0);
	assert_int_equal(g.a, 1);
	assert_int_equal(g.b, 0);
	assert_int_equal(sized_in(&g, sizeof(g), NULL), 0);
	assert_int_equal(g.size, 0);
	assert_int_equal(g.a, 0);
}

static void sized_out_keeps_the_callers_size(void **state)
{
	const struct grown source = { sizeof(source), 1, 2 };
	struct {
		struct grown known;
		uint32_t later[2];
	} caller = { .later = { 7, 7 } };

	(void)state;
	assert_int_equal(sized_out(&caller, &source, sizeof(source)), -EINVAL);
	caller.known.size = offsetof(struct grown, b);
	caller.known.b = 5;
	assert_int_equal(sized_out(&caller, &source, sizeof(source)), 0);
	assert_int_equal(caller.known.size, offsetof(struct grown, b));
	assert_int_equal(caller.known.a, 1);
	assert_int_equal(caller.known.b, 5);
	caller.known.size = sizeof(caller);
	assert_int_equal(sized_out(&caller, &source, sizeof(source)), 0);
	assert_int_equal(caller.known.b, 2);
	assert_int_equal(caller.later[0], 0);
	assert_int_equal(caller.later[1], 0);
}

static void number_limits(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t value;
	} cases[] = {
		{ "", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "1a", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "0x10000000000000000", -ERANGE, 0 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "0XaB", 0, 0xab },
		{ "010", 0, 10 },
		{ "0", 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(cases); i++) {
		uint64_t value = 0;

		assert_int_equal(number_parse(cases[i].text, strlen(cases[i].text), &value),
				 cases[i].ret);
		assert_true(value == cases[i].value);
	}
	/* Only the given length is read. */
	{
		uint64_t value;

		assert_int_equal(number_parse("12+3", 2, &value), 0);
		assert_int_equal(value, 12);
	}
}

static void hexadecimal_digits_and_no_others(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	int c, value;

	(void)state;
	for (c = -128; c < 128; c++) {
		const char *at = c ? strchr(digits, c) : NULL;

		value = at ? (int)(at - digits) : -1;
		assert_int_equal(hex_digit((char)c), value > 15 ? value - 6 : value);
	}
}

static void files_are_read_from_their_start(void **state)
{
	char path[] = "/tmp/tphbuf-util.XXXXXX", text[8];
	unsigned int fds = fake_count_fds();
	int fd;

	(void)state;
	assert_int_equal(fd_read_file("/nonexistent/file", text, 1), -ENOENT);
	assert_int_equal(fd_read_file("/", text, 1), -EISDIR);
	fd = mkstemp(path);
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	assert_int_equal(fd_read_file(path, text, 2), 2);
	assert_int_equal(fd_read_file(path, text, sizeof(text)), 3);
	assert_memory_equal(text, "abc", 3);
	unlink(path);
	assert_int_equal(fake_count_fds(), fds);
}

static void uuid_only_in_its_form(void **state)
{
	static const char *const bad[] = {
		"",
		"bd8d9d2b",
		"bd8d9d2b-5a5f-4f5a-a211-f591514ba1f",
		"bd8d9d2b-5a5f-4f5a-a211-f591514ba1f33",
		"bd8d9d2b-5a5f-4f5a-a211-f591514ba1fg",
		"bd8d9d2b5a5f4f5aa211f591514ba1f3",
		"{bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3}",
		"bd8d9d2b-5a5f-4f5a-a211_f591514ba1f3",
	};
	unsigned char uuid[UUID_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < NR(bad); i++)
		assert_int_equal(uuid_text_parse(bad[i], uuid), -EINVAL);
	assert_int_equal(uuid_text_parse("bd8d9d2b-5a5f-4f5A-a211-f591514ba1f3", uuid), 0);
	assert_memory_equal(uuid,
			    "\xbd\x8d\x9d\x2b\x5a\x5f\x4f\x5a\xa2\x11"
			    "\xf5\x91\x51\x4b\xa1\xf3",
			    UUID_SIZE);
}

static void fd_above_std_moves_and_consumes(void **state)
{
	unsigned int fds = fake_count_fds();
	int saved = dup(STDIN_FILENO), fd;

	(void)state;
	close(STDIN_FILENO);
	fd = fd_above_std(open("/dev/null", O_RDONLY | O_CLOEXEC));
	assert_true(fd > STDERR_FILENO);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(fd_above_std(fd), fd);
	fd_close(fd);
	fd_close(-1);
	assert_int_equal(fake_count_fds(), fds);
}

static void fd_above_std_fails_closed(void **state)
{
	int saved = dup(STDIN_FILENO);
	unsigned int fds;

	(void)state;
	close(STDIN_FILENO);
	fds = fake_count_fds();
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	fake_fail_call("fcntl", EMFILE);
	assert_int_equal(fd_above_std(STDIN_FILENO), -EMFILE);
	assert_int_equal(fake_count_fds(), fds);
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void fd_calls_survive_interruption(void **state)
{
	char byte;
	int fd;

	(void)state;
	fake_fail_call("open", EINTR);
	fd = fd_open("/dev/zero", O_RDONLY);
	assert_true(fd >= 0);
	fake_fail_call("pread", EINTR);
	assert_int_equal(fd_pread(fd, &byte, 1, 0), 1);
	fake_fail_call("pread", EIO);
	assert_int_equal(fd_pread(fd, &byte, 1, 0), -EIO);
	fd_close(fd);
	assert_int_equal(fd_open("/nonexistent", O_RDONLY), -ENOENT);
}

/* Linux 7.3: pci-pf-stub does not set driver_managed_dma. */
static void drivers_that_block_a_group(void **state)
{
	static const char *const blocking[] = {
		"nvme",
		"pci-pf-stub",
		"lpc_ich",
		"mlx5_core",
	};
	static const char *const harmless[] = {
		"", "vfio-pci", "mlx5-vfio-pci", "hisi_acc_vfio_pci", "pci-stub", "pcieport",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(blocking); i++)
		assert_true(driver_blocks_group(blocking[i]));
	for (i = 0; i < NR(harmless); i++)
		assert_false(driver_blocks_group(harmless[i]));
	assert_true(driver_is_vfio("mlx5-vfio-pci"));
	assert_false(driver_is_vfio(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sized_in_bad_sizes),
		cmocka_unit_test(sized_in_older_newer_and_null),
		cmocka_unit_test(sized_out_keeps_the_callers_size),
		cmocka_unit_test(number_limits),
		cmocka_unit_test(hexadecimal_digits_and_no_others),
		cmocka_unit_test(uuid_only_in_its_form),
		cmocka_unit_test(files_are_read_from_their_start),
		cmocka_unit_test(fd_above_std_moves_and_consumes),
		cmocka_unit_test(fd_above_std_fails_closed),
		cmocka_unit_test(fd_calls_survive_interruption),
		cmocka_unit_test(drivers_that_block_a_group),
	};

	return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
