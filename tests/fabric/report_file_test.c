// SPDX-License-Identifier: MIT
/* The file of --report: the longest path that is possible, and what cannot be written. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fabric/server/server.h"
#include "tests/fabric/toy.h"

#define PART ".part" /* written first, then renamed */

struct rig {
	char dir[32];
	char report[PATH_MAX + 8];
	struct srv_opts opts;
	struct srv *srv;
};

static int setup(void **state)
{
	static struct rig rig;
	char *argv[] = { "server", "--dir", rig.dir, "--endpoint", "a,bar-mb=1", NULL };
	char error[256] = "";

	strcpy(rig.dir, "/tmp/fabric-test.XXXXXX");
	assert_non_null(mkdtemp(rig.dir));
	assert_int_equal(srv_options_parse(&rig.opts, 5, argv, error, sizeof(error)), 0);
	assert_int_equal(srv_new(&rig.opts, NULL, NULL, &rig.srv, error, sizeof(error)), 0);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	srv_free(rig->srv);
	return rmdir(rig->dir);
}

/* The path of a file r in the folder, len bytes long */
static void name_report(struct rig *rig, size_t len)
{
	size_t used = (size_t)snprintf(rig->report, sizeof(rig->report), "%s", rig->dir);

	while (used < len - 1)
		rig->report[used++] = '/';
	strcpy(rig->report + used, "r");
	rig->opts.report = rig->report;
}

static bool is_there(const struct rig *rig, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", rig->dir, name);
	return !access(path, F_OK);
}

static void without_a_path(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(srv_save_report(rig->srv), 0);
}

static void longest_path(void **state)
{
	struct rig *rig = *state;
	size_t more;

	for (more = 1; more < 3; more++) {
		name_report(rig, PATH_MAX - 1 - strlen(PART) + more);
		assert_int_equal(srv_save_report(rig->srv), -ENAMETOOLONG);
		assert_false(is_there(rig, "r"));
	}
	name_report(rig, PATH_MAX - 1 - strlen(PART));
	assert_int_equal(srv_save_report(rig->srv), 0);
	assert_true(is_there(rig, "r"));
	assert_false(is_there(rig, "r" PART));
	unlink(rig->report);
}

static void a_folder_that_is_missing(void **state)
{
	struct rig *rig = *state;

	rig->opts.report = "/absent/r";
	assert_int_equal(srv_save_report(rig->srv), -ENOENT);
}

/* The report stays in its part file if that cannot be renamed, and is lost if there is no room. */
static void what_cannot_be_written(void **state)
{
	struct rig *rig = *state;
	char path[64], part[64];

	name_report(rig, strlen(rig->dir) + 2);
	snprintf(path, sizeof(path), "%s/r", rig->dir);
	snprintf(part, sizeof(part), "%s/r" PART, rig->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(srv_save_report(rig->srv), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(unlink(part), 0);
	assert_int_equal(symlink("/dev/full", part), 0);
	assert_int_equal(srv_save_report(rig->srv), -ENOSPC);
	assert_false(is_there(rig, "r"));
	assert_int_equal(unlink(part), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_a_path),
		TEST(longest_path),
		TEST(a_folder_that_is_missing),
		TEST(what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("report file", tests, NULL, NULL);
}
