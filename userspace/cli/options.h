/* SPDX-License-Identifier: MIT */
/* The parsed command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tphbuf/tphbuf.h>

#include "cli/cli.h"

#define MAX_TAG_OPS 32
#define MAX_ARGS    2

#define MAX_STEER   64

enum tag_op { TAG_OP_SET, TAG_OP_CLEAR, TAG_OP_GET, TAG_OP_PROBE };

struct options {
	const char *bdf;
	const char *args[MAX_ARGS]; /* operands after the PCI address */
	size_t nr_args;
	const char *vf_token;
	enum tphbuf_backend backend;
	bool noiommu;
	const char *ibdev;
	bool all;
	bool no_open;
	bool hold;
	bool require;
	bool has_tag;
	bool has_iova;
	uint64_t iova;
	const char *socket;
	const char *label;
	bool hand_device;
	int mode;      /* permission bits; -1: not given */
	int count;     /* of hand-overs; 0: no limit */
	int timeout;   /* seconds; 0: not given */
	int gid_index; /* -1: not given */
	int port;      /* of the RDMA device; 0: not given */
	struct tphbuf_tag tag;

	int bar;		     /* -1: not given */
	struct tphbuf_range *ranges; /* none: the whole BAR */
	size_t nr_ranges;

	struct {
		enum tag_op op;
		struct tphbuf_tag tag;
	} tag_ops[MAX_TAG_OPS];
	size_t nr_tag_ops;

	/* --entry N --cpu N, in the order given; the kernel gets runs of neighbours at once */
	struct {
		unsigned int entry;
		uint32_t cpu;
	} steer[MAX_STEER];
	size_t nr_steer;
	int entry;	 /* of the next --cpu; -1: not given */
	int mode_wanted; /* enum tphbuf_steer_mode; -1: not given */
	int width;	 /* 8, 16; 0: not given */
	bool pm;
	bool show_tags;

	char **exec; /* NULL-terminated tail of argv, or NULL */
};

/* Returned by options_parse() in place of an exit code. */
#define OPTIONS_RUN (-1)

/*
 * Parse the arguments of @cli->command. Return: OPTIONS_RUN, or the exit code
 * to end with (help asked for, usage error: both have printed). Frees
 * nothing; options_free() always follows.
 */
int options_parse(struct cli *cli, struct options *opts, int argc, char **argv);
void options_free(struct options *opts);
/*
 * Start the answer if --json is among the arguments: an error in an option
 * before it is reported in JSON, too.
 */
void options_find_json(struct cli *cli, int argc, char **argv);

#endif
