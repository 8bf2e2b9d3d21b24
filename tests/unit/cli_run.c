// SPDX-License-Identifier: MIT
/* Runs of the tphbuf command, see cli_run.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_CLO_CHANGE(option)
#endif

#include "tests/mock/verbs.h"
#include "tests/unit/cli_run.h"

#define MAX_ARGS    256
#define REPORT_EXIT 99 /* check-valgrind.sh knows it */

int tphbuf_main(int argc, char **argv);

/* Distinguishes a sanitizer's report from the command's exit status 1. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=99";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "exitcode=99";
}

bool cli_leak_expected;
/* Not there in a build for valgrind. */
void __lsan_disable(void) __attribute__((weak));

bool cli_on_valgrind(void)
{
	return RUNNING_ON_VALGRIND;
}

static void allow_leaks(void)
{
	if (__lsan_disable)
		__lsan_disable();
	VALGRIND_CLO_CHANGE("--leak-check=no");
}

struct cli_result result;

void read_back(int fd, char *text)
{
	ssize_t n = pread(fd, text, OUTPUT_MAX - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	close(fd);
}

int temp_file(void)
{
	FILE *file = tmpfile();
	int fd = dup(fileno(file));

	fclose(file);
	return fd;
}

/* Start "tphbuf LINE", words separated by blanks, with call @fault failing. */
pid_t start(const char *line, unsigned int fault, int out, int err)
{
	char copy[8192], *argv[MAX_ARGS + 1] = { "tphbuf" };
	int argc = 1, code;
	unsigned int fds;
	char *word;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok(copy, " "); word && argc < MAX_ARGS; word = strtok(NULL, " "))
		argv[argc++] = word;
	if (out != CLOSED_FD)
		dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	alarm(20);
	if (cli_leak_expected)
		allow_leaks();
	fds = fake_count_fds();
	if (out == CLOSED_FD)
		close(STDOUT_FILENO);
	if (fault)
		fault_arm(fault);
	code = tphbuf_main(argc, argv);
	/* Reports whether the call to fail was reached. */
	if (fault && !fault_disarm())
		kill(getpid(), SIGUSR1);
	if (fake_count_fds() != fds && !cli_leak_expected) {
		fprintf(stderr, "descriptors are left open\n");
		code = REPORT_EXIT;
	}
	if (!cli_leak_expected &&
	    (fake_verbs.live_mrs || fake_verbs.live_pds || fake_verbs.live_contexts)) {
		fprintf(stderr, "objects of RDMA are left\n");
		code = REPORT_EXIT;
	}
	exit(code);
}

int run_fault(const char *line, unsigned int fault)
{
	int out = temp_file(), err = temp_file();
	pid_t pid = start(line, fault, out, err);

	waitpid(pid, &result.status, 0);
	result.code = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : -1;
	read_back(out, result.out);
	read_back(err, result.err);
	if (result.code == REPORT_EXIT)
		fail_msg("tphbuf %s: %s", line, result.err);
	return result.code;
}

int run(const char *line)
{
	return run_fault(line, 0);
}

void assert_run(const char *line, int code, const char *out, const char *err)
{
	run(line);
	if (result.code != code || !strstr(result.out, out) || !strstr(result.err, err))
		fail_msg("tphbuf %s: %d, expected %d\n%s%s", line, result.code, code, result.out,
			 result.err);
}

cJSON *run_json(const char *line, int code)
{
	cJSON *json;

	run(line);
	json = cJSON_ParseWithOpts(result.out, NULL, true); /* and nothing behind it */
	if (result.code != code || !json)
		fail_msg("tphbuf %s: %d, expected %d\n%s%s", line, result.code, code, result.out,
			 result.err);
	assert_int_equal(cJSON_GetObjectItem(json, "schema_version")->valueint, 1);
	assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")), !code);
	return json;
}

const char *at(const cJSON *json, const char *name, const char *member)
{
	const cJSON *item = cJSON_GetObjectItem(json, name);

	return cJSON_GetStringValue(member ? cJSON_GetObjectItem(item, member) : item);
}

int cli_setup(void **state)
{
	fake_verbs_setup();
	return fixture_ctx(state);
}

void sweep_command(const char *line)
{
	/* Each run is slow under valgrind: a sample. */
	unsigned int step = RUNNING_ON_VALGRIND ? 37 : 1;
	unsigned int n, failures = 0;

	for (n = 1; n < MAX_FAULTS; n += step) {
		run_fault(line, n);
		if (WIFSIGNALED(result.status) && WTERMSIG(result.status) == SIGUSR1)
			break;
		if (result.code < 0 || result.code > 4)
			fail_msg("tphbuf %s, failure %u: status %x\n%s", line, n, result.status,
				 result.err);
		failures += result.code != 0;
		if (result.code && !result.err[0] && !result.out[0])
			fail_msg("tphbuf %s, failure %u: no message", line, n);
	}
	assert_true(n < MAX_FAULTS);
	assert_true(failures > 3 || step > 1);
}
