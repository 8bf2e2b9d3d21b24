/* SPDX-License-Identifier: MIT */
/*
 * Runs of the tphbuf command on the fake machine. Each is a child process, so
 * that signals, exec and leaks are real.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <sys/types.h>

#include <cjson/cJSON.h>

#include "tests/unit/test.h"

/* valgrind is killed by an execve(2) that fails. */
bool cli_on_valgrind(void);

#define OUTPUT_MAX 262144

extern struct cli_result {
	int status; /* as waitpid() has it */
	int code;   /* exit code, or -1 */
	char out[OUTPUT_MAX];
	char err[OUTPUT_MAX];
} result;

/* The region of a failed deregistration stays and cannot be freed. */
extern bool cli_leak_expected;

#define CLOSED_FD (-1)

/*
 * Start "tphbuf LINE", words separated by blanks, with call @fault failing.
 * Standard output is closed if @out is CLOSED_FD.
 */
pid_t start(const char *line, unsigned int fault, int out, int err);
int temp_file(void);
/* Read the whole file into @text of OUTPUT_MAX bytes, and close it. */
void read_back(int fd, char *text);

/* Return: the exit code, also in result. */
int run(const char *line);
int run_fault(const char *line, unsigned int fault);
/* Whatever call fails: an exit code, a message, and no sanitizer report. */
void sweep_command(const char *line);

void assert_run(const char *line, int code, const char *out, const char *err);
cJSON *run_json(const char *line, int code);
const char *at(const cJSON *json, const char *name, const char *member);

int cli_setup(void **state);

#define CLI_TEST(fn) cmocka_unit_test_setup_teardown(fn, cli_setup, fixture_close)

#endif
