// SPDX-License-Identifier: MIT
/* fabric-tally on the fake machine: its endpoint is the file that stands for the device's node. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fabric/endpoint/regs.h"
#include "tests/mock/fake.h"
#include "tests/mock/fault.h"
#include "tests/mock/region.h"

#define DEV	    "sys/bus/pci/devices/" FAKE_BDF
#define LEFT_OPEN   99 /* exit status */
#define NOT_HIT	    98
#define MANY_FAULTS 100

int tally_main(int argc, char **argv);

static char out[4096], err[4096];
static bool no_input; /* the program is started without standard input */

static int setup(void **state)
{
	static const struct {
		uint32_t off;
		uint64_t value;
	} registers[] = {
		{ EP_MAGIC, EP_MAGIC_VALUE }, { EP_ROWS, 2 },	  { EP_MWR_TLPS, 11 },
		{ EP_MWR_TAGGED, 7 },	      { EP_MRD_TLPS, 3 }, { EP_MRD_TAGGED, 1 },
		{ EP_ROW_KIND, EP_KIND_MWR }, { EP_ROW_TH, 1 },	  { EP_ROW_WIDTH, 16 },
		{ EP_ROW_ST, 0x5a },	      { EP_ROW_PH, 2 },	  { EP_ROW_TLPS, 1ull << 32 },
	};
	size_t i;

	(void)state;
	no_input = false;
	fake_setup();
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		fake_bytes(DEV_NODE, registers[i].off, &registers[i].value, 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_teardown();
	return 0;
}

static void set(uint32_t off, uint32_t value)
{
	fake_bytes(DEV_NODE, off, &value, sizeof(value));
}

static uint32_t get(uint64_t off)
{
	int fd = open(fake_path(DEV_NODE), O_RDONLY | O_CLOEXEC);
	uint32_t value = 0;

	assert_int_equal(pread(fd, &value, sizeof(value), (off_t)off), sizeof(value));
	close(fd);
	return value;
}

static int temp_file(void)
{
	char path[] = "/tmp/fabric-tally.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void read_back(int fd, char *text, size_t size)
{
	ssize_t n;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, text, size - 1); /* not wrapped */
	assert_true(n >= 0);
	text[n] = '\0';
}

/* The exit status of fabric-tally; option: NULL for none. Call number fault fails, 0 for none. */
static int run_to(int fd, const char *option, unsigned int fault)
{
	char *argv[] = { "fabric-tally", FAKE_BDF, (char *)option, NULL };
	int errors = temp_file(), status, code;
	unsigned int fds;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(fd, STDOUT_FILENO);
		dup2(errors, STDERR_FILENO);
		if (no_input)
			close(STDIN_FILENO);
		errno = EBADF; /* of a failure before */
		fds = fake_count_fds();
		if (fault)
			fault_arm(fault);
		code = tally_main(option ? 3 : 2, argv);
		if (fault && !fault_disarm())
			code = NOT_HIT;
		exit(fake_count_fds() == fds ? code : LEFT_OPEN);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	read_back(errors, err, sizeof(err));
	close(errors);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *option, unsigned int fault)
{
	int fd = temp_file(), code = run_to(fd, option, fault);

	read_back(fd, out, sizeof(out));
	close(fd);
	return code;
}

#define ROW \
	"{\"kind\": \"write\", \"width\": 16, \"st\": \"0x5a\", \"ph\": 2, \"count\": 4294967296}"
#define SUMS "{\"writes\": 11, \"writes_tagged\": 7, \"reads\": 3, \"reads_tagged\": 1, \"tags\": ["
#define ALL  SUMS ROW ", " ROW "]}\n"

static void prints_the_registers(void **state)
{
	(void)state;
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, ALL);
	assert_string_equal(err, "");
	assert_int_equal(get(EP_ROW), 1);
	assert_int_equal(get(EP_CLEAR), 0);
	assert_int_equal(get(REGION_OFFSET(REGION_CONFIG) + PCI_COMMAND) & 0xffff,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	/* A row of reads, and rows without hint. */
	set(EP_ROWS, 1);
	set(EP_ROW_KIND, EP_KIND_MRD);
	assert_int_equal(run(NULL, 0), 0);
	assert_non_null(strstr(out, "[{\"kind\": \"read\""));
	set(EP_ROW_TH, 0);
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, SUMS "]}\n");
}

static void clears(void **state)
{
	static const char *const options[] = { "--clear", "--take" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		set(EP_CLEAR, 0);
		assert_int_equal(run(options[i], 0), 0);
		assert_string_equal(out, ALL);
		assert_int_equal(get(EP_CLEAR), 1);
	}
}

/* A machine without iommufd, or without the device's node. */
static void opens_by_the_group(void **state)
{
	(void)state;
	fake_group_nodes();
	fake_remove("dev/iommu");
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, ALL);
	fake_text("dev/iommu", "");
	fake_remove(DEV "/vfio-dev/vfio0");
	fake_mkdir(DEV "/vfio-dev/other");
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, ALL);
	fake_remove(FAKE_GROUP);
	assert_int_equal(run(NULL, 0), 1);
	assert_non_null(strstr(err, "/dev/vfio/12: No such file or directory; bind"));
	fake_remove(FAKE_CONTAINER);
	assert_int_equal(run(NULL, 0), 1);
	assert_non_null(strstr(err, "/dev/vfio/vfio: No such file"));
	fake_remove(DEV "/iommu_group");
	assert_int_equal(run(NULL, 0), 1);
	assert_non_null(strstr(err, "iommu_group: No such file"));
}

/* iommufd or the container has descriptor 0. */
static void starts_without_standard_input(void **state)
{
	(void)state;
	no_input = true;
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, ALL);
	fake_group_nodes();
	fake_remove("dev/iommu");
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, ALL);
}

/* Where vfio makes no device nodes, iommufd is left alone. */
static void no_device_nodes(void **state)
{
	(void)state;
	fake_group_nodes();
	fake_remove(DEV "/vfio-dev");
	fake_fail_open("/dev/iommu", EACCES);
	assert_int_equal(run(NULL, 0), 0);
	assert_string_equal(out, ALL);
}

/* A node that cannot be opened for another reason than its absence is not passed over. */
static void tells_why_it_is_not_opened(void **state)
{
	(void)state;
	fake_group_nodes();
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EBUSY);
	assert_int_equal(run(NULL, 0), 1);
	assert_string_equal(out, "");
	assert_non_null(strstr(err, "VFIO_DEVICE_BIND_IOMMUFD: Device or resource busy"));
	fake_fail_open("/dev/iommu", EACCES);
	assert_int_equal(run(NULL, 0), 1);
	assert_non_null(strstr(err, "/dev/iommu: Permission denied\n"));
}

static void refuses_what_is_no_endpoint(void **state)
{
	(void)state;
	set(EP_MAGIC, EP_MAGIC_VALUE + 1);
	assert_int_equal(run("--clear", 0), 1);
	assert_non_null(strstr(err, "not an endpoint of tphbuf-fabric"));
	assert_string_equal(out, "");
	assert_int_equal(get(EP_CLEAR), 0);
	fake.bar_size[EP_REGS_BAR] = 0;
	assert_int_equal(run(NULL, 0), 1);
	assert_non_null(strstr(err, "No such device or address"));
	fake.bar_size[EP_REGS_BAR] = 4096;
	fake.config_size = 0;
	assert_int_equal(run(NULL, 0), 1);
	assert_non_null(strstr(err, "No such device or address"));
}

static void switches_the_memory_on_or_fails(void **state)
{
	static const char *const calls[] = { "pread", "pwrite" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fake_fail_call(calls[i], EPERM);
		assert_int_equal(run(NULL, 0), 1);
		assert_non_null(strstr(err, "Input/output error"));
	}
}

/* Of the registers, and of the config space */
static void a_region_without_answer(void **state)
{
	unsigned int nth;

	(void)state;
	for (nth = 1; nth <= 2; nth++) {
		fake_fail_ioctl(VFIO_DEVICE_GET_REGION_INFO, nth, EBUSY);
		assert_int_equal(run(NULL, 0), 1);
		assert_non_null(strstr(err, "Device or resource busy"));
	}
}

static void a_full_disk_is_an_error(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(run_to(fd, NULL, 0), 1);
	assert_non_null(strstr(err, "No space left on device"));
	close(fd);
}

/* Each call fails once: a reason, and nothing is left open; the other way in may do instead. */
static void every_failing_call_is_reported(void **state)
{
	unsigned int n, failures = 0;
	int code;

	(void)state;
	for (n = 1; (code = run(NULL, n)) != NOT_HIT; n++) {
		assert_true(n < MANY_FAULTS);
		if (code)
			assert_true(code == 1 && strstr(err, "fabric-tally: " FAKE_BDF ": "));
		else
			assert_string_equal(out, ALL);
		failures += code == 1;
	}
	assert_true(failures > 20);
	assert_int_equal(run(NULL, 0), 0);
	/* The last one is a register. */
	assert_int_equal(run(NULL, n - 1), 1);
	assert_non_null(strstr(err, "a register could not be accessed"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(prints_the_registers),
		TEST(clears),
		TEST(opens_by_the_group),
		TEST(starts_without_standard_input),
		TEST(no_device_nodes),
		TEST(tells_why_it_is_not_opened),
		TEST(refuses_what_is_no_endpoint),
		TEST(switches_the_memory_on_or_fails),
		TEST(a_region_without_answer),
		TEST(a_full_disk_is_an_error),
		TEST(every_failing_call_is_reported),
	};

	return cmocka_run_group_tests_name("fabric-tally", tests, NULL, NULL);
}
