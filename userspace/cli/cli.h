/* SPDX-License-Identifier: MIT */
/* State of one run of the command, exit codes, and how a failure is reported. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include <tphbuf/tphbuf.h>

#define JSON_SCHEMA_VERSION 1

/* Exit codes. */
#define CLI_OK		0
#define CLI_FAILURE	1
#define CLI_USAGE	2
#define CLI_UNSUPPORTED 4

struct command;

struct cli {
	const struct command *command; /* NULL until it is known */
	struct tphbuf_ctx *ctx;
	/* NULL: the real ones */
	const char *sysfs_root;
	const char *proc_root;
	const char *dev_root;
	char *roots; /* the three of --root, allocated */
	bool verbose;
	bool color;	    /* standard output takes colours */
	bool output_failed; /* and it has been said */
	cJSON *json;	    /* the answer; NULL without --json */
};

/* Report the error that the context recorded for @err. Return: the exit code. */
int cli_fail(struct cli *cli, int err);
/* Report that a system call of the command failed with @err at @stage; @what is its object. */
int cli_fail_errno(struct cli *cli, enum tphbuf_stage stage, int err, const char *what);
/* Report a failure of the command itself. Return: @code. */
int cli_fail_text(struct cli *cli, int code, const char *stage, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
